/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_ipc.c - semmni, semmns, semmsl, semopm, semvmx: System V semaphores.
 *
 * The four limits stand in one sysctl, kernel.sem, so that to raise one is to
 * write all of them: the others keep their present value. Each IPC namespace
 * has its own, and the one to change is that of the process which was refused.
 */
#include "explain_priv.h"

/* IPCMNI of the kernel (ipc/util.h), without ipcmni_extend */
#define SEMMNI_MAX 32768
#define SEM_MAX INT32_MAX /* the others are ints */
#define SEMVMX 32767      /* include/uapi/linux/sem.h */

enum sem { SEMMSL, SEMMNS, SEMOPM, SEMMNI, SEMS };

/*
 * The command. The namespace itself is asked for the present numbers when it runs ($1 to $4), and
 * the larger one is taken: of two remedies pasted one after the other neither undoes the other.
 */
static void fix_sem_now(struct explain *x, enum sem which, const uint64_t new[SEMS],
			const char *prefix)
{
	const uint64_t *now = x->facts->more;
	struct explain_text t = {0};

	for (unsigned int i = 0; i < SEMS; i++) {
		unsigned long long v = new[i];
		const char *blank = i ? " " : "";

		if (i == which && v == 0)
			explain_add(&t, "%s$(($%u * 2))", blank, i + 1);
		else if (i == which || v > now[i])
			explain_add(&t, "%s$(($%u > %llu ? $%u : %llu))", blank, i + 1, v, i + 1,
				    v);
		else
			explain_add(&t, "%s$%u", blank, i + 1);
	}
	fix_line(x,
		 "%ssh -c 'set -- $(cat /proc/sys/kernel/sem) && "
		 "sysctl -w kernel.sem=\"%s\"'",
		 prefix, t.s);
}

static void fix_sem_lasting(struct explain *x, const uint64_t new[SEMS], bool other)
{
	const char *runtime = event_text(x->e, FIELD_CONTAINER_RUNTIME);

	if (!other)
		fix_line(x, "echo \"kernel.sem = $(cat /proc/sys/kernel/sem)\" > "
			    "/etc/sysctl.d/90-kernel.sem.conf");
	else if (event_has(x->e, FIELD_POD_UID))
		fix_line(x, "# lasting: kernel.sem in securityContext.sysctls of the pod");
	else if (new[SEMMSL] && new[SEMMNS] && new[SEMOPM] && new[SEMMNI] &&
		 (util_streq(runtime, "docker") || util_streq(runtime, "podman")))
		fix_line(x, "# lasting: %s run --sysctl kernel.sem=\"%llu %llu %llu %llu\"",
			 runtime, (unsigned long long)new[0], (unsigned long long)new[1],
			 (unsigned long long)new[2], (unsigned long long)new[3]);
	else if (event_has(x->e, FIELD_CONTAINER))
		fix_line(x, "# lasting: kernel.sem in the configuration of the container");
}

static void fix_sem(struct explain *x, enum sem which)
{
	const uint64_t *now = x->facts->more;
	uint64_t new[SEMS], max = which == SEMMNI ? SEMMNI_MAX : SEM_MAX;
	uint64_t asked = (uint64_t)event_num(x->e, FIELD_ASKED), raised = more_than(x->e);
	bool other = other_namespace(x);
	char prefix[64] = "";

	memcpy(new, now, sizeof(new));
	if (raised == 0)
		raised = 2 * now[which]; /* the event has no numbers: the usual step */
	new[which] = raised < max ? raised : max;
	if (new[which] < now[which])
		new[which] = now[which];
	/* One set larger than all sets together may be would be refused next. */
	if (which == SEMMSL && now[SEMMNS] && now[SEMMNS] < asked)
		new[SEMMNS] = new[SEMMSL];
	if (other && !event_has(x->e, FIELD_PID)) {
		fix_line(x, "# raise kernel.sem inside the process's own IPC namespace: "
			    "nsenter -t PID -i sysctl -w kernel.sem=...");
		return;
	}
	if (other && x->facts->again) {
		fix_line(x,
			 "# its own IPC namespace has ended with it: have it raise kernel.sem in "
			 "there before it makes sets");
		return;
	}
	if (other)
		snprintf(prefix, sizeof(prefix), "nsenter -t %lld -i ",
			 (long long)event_num(x->e, FIELD_PID));
	fix_sem_now(x, which, new, prefix);
	fix_sem_lasting(x, new, other);
	if (which == SEMMNI || which == SEMMNS)
		fix_line(x, "# sets that no program uses any more: %sipcs -s -p ; %sipcrm -s ID",
			 prefix, prefix);
}

void says_ipc_end(struct explain *x, const char *limit)
{
	static const struct {
		const char *name, *reports;
	} errnos[] = {
		{"ENOSPC", "\"No space left on device\", but no disk is full"},
		{"EINVAL", "\"Invalid argument\""},
		{"E2BIG", "\"Argument list too long\""},
		{"ERANGE", "\"Numerical result out of range\""},
		{"EMFILE", "\"Too many open files\", but it is not about files"},
	};
	const char *own = other_namespace(x) ? ", in its own IPC namespace" : "";

	explain_add(&x->says, " (%s%s)", limit, own);
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++)
		if (util_streq(event_text(x->e, FIELD_ERRNO), errnos[i].name))
			explain_add(&x->says, "; the program reports %s", errnos[i].reports);
	says_end(x);
}

/* What exists: "set", "semaphore"; NULL: one set itself is too large. */
static void says_sem(struct explain *x, const char *what, const char *limit)
{
	long long asked = (long long)event_num(x->e, FIELD_ASKED);

	says_who(x);
	explain_add(&x->says, " could not make a set of ");
	if (asked > 1)
		explain_add(&x->says, "%lld ", asked);
	explain_add(&x->says, "System V semaphores %s ", because(x));
	if (what)
		says_exist(x, what);
	else
		explain_add(&x->says, "one set may not have so many");
	if (!what && event_has(x->e, FIELD_LIMIT))
		explain_add(&x->says, " and the limit is %lld",
			    (long long)event_num(x->e, FIELD_LIMIT));
	says_ipc_end(x, limit);
}

void explain_semmni(struct explain *x)
{
	says_sem(x, "set", "SEMMNI, the fourth number of kernel.sem");
	if ((uint64_t)event_num(x->e, FIELD_LIMIT) >= SEMMNI_MAX) {
		fix_line(x,
			 "# %u sets are the most, unless the kernel is booted with "
			 "ipcmni_extend",
			 SEMMNI_MAX);
		fix_line(x, "# sets that no program uses any more: ipcs -s -p ; ipcrm -s ID");
		return;
	}
	fix_sem(x, SEMMNI);
}

void explain_semmns(struct explain *x)
{
	says_sem(x, "semaphore", "SEMMNS, the second number of kernel.sem");
	fix_sem(x, SEMMNS);
}

void explain_semmsl(struct explain *x)
{
	says_sem(x, NULL, "SEMMSL, the first number of kernel.sem");
	fix_sem(x, SEMMSL);
}

void explain_semopm(struct explain *x)
{
	says_who(x);
	explain_add(&x->says, " could not do ");
	if (event_has(x->e, FIELD_ASKED))
		explain_add(&x->says, "%lld", (long long)event_num(x->e, FIELD_ASKED));
	else
		explain_add(&x->says, "so many");
	explain_add(&x->says,
		    " operations on System V semaphores at once %s one semop() may not have more "
		    "than ",
		    because(x));
	if (event_has(x->e, FIELD_LIMIT))
		explain_add(&x->says, "%lld", (long long)event_num(x->e, FIELD_LIMIT));
	else
		explain_add(&x->says, "the limit");
	says_ipc_end(x, "SEMOPM, the third number of kernel.sem");
	fix_sem(x, SEMOPM);
}

void explain_semvmx(struct explain *x)
{
	says_who(x);
	explain_add(&x->says, " could not raise a System V semaphore");
	if (event_has(x->e, FIELD_ASKED))
		explain_add(&x->says, " to %lld", (long long)event_num(x->e, FIELD_ASKED));
	explain_add(&x->says, " %s neither its value nor what SEM_UNDO would undo may be above %d",
		    because(x), SEMVMX);
	says_ipc_end(x, "SEMVMX");
	fix_line(x, "# the kernel allows no more: it is a semaphore that is raised more often than "
		    "it is taken (ipcs -s -i ID shows the values)");
}
