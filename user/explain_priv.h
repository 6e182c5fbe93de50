/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_priv.h - what the explainers share: a bounded text, names in
 * sentences, names in commands, amounts, new limits.
 */
#ifndef FAILCNT_EXPLAIN_PRIV_H
#define FAILCNT_EXPLAIN_PRIV_H

#include "explain.h"
#include "identity.h"

struct explain_text {
	char s[2560];
	size_t n;
	bool cut;
};

/* One explanation in the making. */
struct explain {
	const struct event *e;
	const struct explain_facts *facts;
	struct identity id; /* of CGROUP */
	struct explain_text says, fix;
};

void explain_add(struct explain_text *t, const char *fmt, ...) _printf_(2, 3);
/* A line of fix: lines are separated, not ended, by '\n'. */
void fix_line(struct explain *x, const char *fmt, ...) _printf_(2, 3);

/* "A process", "nginx (pid 812) of nginx.service", "ab in docker container 0123456789ab" */
void says_who(struct explain *x);
/* A name for a sentence: what is not printable is escaped. */
void says_name(struct explain *x, const char *name);
/* "512 MiB" */
void says_bytes(struct explain *x, uint64_t bytes);
/* "1 queue", "2 queues" */
void says_number(struct explain *x, long long n, const char *one, const char *many);
/* "probably because" where the event is not certain */
const char *because(const struct explain *x);
/* How often, where repeats were folded; and the full stop. */
void says_end(struct explain *x);

/* "128 queues exist and the limit is 128"; what: "queue" */
void says_exist(struct explain *x, const char *what);
/* Of all IPC: the limit's name, whose namespace, what the program reports; and the full stop. */
void says_ipc_end(struct explain *x, const char *limit);

/* Room for a name in quotes: 512 bytes of path, each at worst "'\''". */
#define QUOTED_MAX 2560

/* name as one word for sh. False: it is not plain text, or could be taken for an option. */
bool shell_quote(char buf[QUOTED_MAX], const char *name);

/* What the limit ought to be: never below twice the present one, nor below what was wanted
 * and an eighth on top. 0: neither limit, held nor asked is known. */
uint64_t more_than(const struct event *e);

/* ---- explain_fix.c ---- */

/* Does the limit belong to another namespace than the host's? Where nobody knows, a container has
 * its own. */
bool other_namespace(const struct explain *x);
/* "nsenter -t PID -i " where other_namespace(), else ""; false: no process to enter it by. */
bool fix_prefix(const struct explain *x, char *buf, size_t size);
/* A line with command in that namespace; false: nobody can enter it, and no line is there. */
bool fix_inside(struct explain *x, const char *command);
/* A line that sets $o to the options that the full mount has, without one: a remount forgets what
 * it is not told. *mount: its mount point, quoted. false: it cannot be reached, and no line is
 * there. */
bool fix_mount_options(struct explain *x, const char *without, char *prefix, size_t size,
		       char mount[QUOTED_MAX]);
/* "sysctl -w KEY=VALUE" and the lasting form of it, in the namespace that the limit belongs to. */
void fix_sysctl(struct explain *x, const char *key, uint64_t value);
/* "prlimit --pid PID --OPTION=SOFT:HARD", and DIRECTIVE= of the unit (LimitNPROC), or what a
 * container or a login needs. Both in the unit that prlimit takes; UINT64_MAX: unlimited. */
void fix_rlimit(struct explain *x, const char *option, const char *directive, uint64_t soft,
		uint64_t hard);
/* Of the shell that starts it anew: explain_facts.again. */
void fix_shell(struct explain *x, const char *option, uint64_t soft);
/* The lasting form alone; item: as limits.conf(5) calls it. */
void fix_rlimit_lasting(struct explain *x, const char *item, const char *directive, uint64_t soft,
			uint64_t hard);
/* Is the system call one of these, separated by blanks? */
bool call_is(const struct explain *x, const char *calls);

/* Is unit a .service of the system manager that systemctl on the host can change? */
bool own_service(const struct explain *x);

/* ---- explain_cgroup.c ---- */

/* A limit of a control group, and what raises it. */
struct cgroup_limit {
	const char *property; /* of a unit: "TasksMax"; NULL: systemd knows none */
	const char *option;   /* of docker update and podman update; NULL: they know none */
	const char *pod;      /* what to raise for a pod; NULL: as for any group */
	const char *controller, *file;
	bool v1;
};
/* For LIMIT_CGROUP: in the unit or container that it is, or else in its file. value: as all of
 * them take it */
void fix_cgroup(struct explain *x, const struct cgroup_limit *l, const char *value);
/* The last component, where the path names a unit of the system manager: slices all the way,
 * then a unit. What lies below a service is the service's own. */
bool cgroup_unit(const char *path, char *buf, size_t size);
/* Is the last component of path the container itself? Its limit is the runtime's to set. */
bool cgroup_is_container(const char *path, const struct identity *id);

void explain_nofile(struct explain *x);
void explain_nr_open(struct explain *x);
void explain_file_max(struct explain *x);
void explain_semmni(struct explain *x);
void explain_semmns(struct explain *x);
void explain_semmsl(struct explain *x);
void explain_semopm(struct explain *x);
void explain_semvmx(struct explain *x);
void explain_shmmni(struct explain *x);
void explain_shmall(struct explain *x);
void explain_shmmax(struct explain *x);
void explain_msgmni(struct explain *x);
void explain_mq_bytes(struct explain *x);
void explain_mq_queues(struct explain *x);
void explain_sigpending(struct explain *x);
void explain_cpu(struct explain *x);
void explain_fsize(struct explain *x);
void explain_as(struct explain *x);
void explain_data(struct explain *x);
void explain_stack(struct explain *x);
void explain_map_count(struct explain *x);
void explain_commit(struct explain *x);
void explain_nproc(struct explain *x);
void explain_threads_max(struct explain *x);
void explain_pid_max(struct explain *x);
void explain_pids(struct explain *x);
void explain_memlock(struct explain *x);
void explain_hugepages(struct explain *x);
void explain_oom(struct explain *x);
void explain_charge(struct explain *x);
void explain_hang(struct explain *x); /* explain_hang.c */
/* explain_death.c, explain_fault.c */
void explain_death(struct explain *x);
void explain_fault(struct explain *x);
void says_postgres(struct explain *x);
/* explain_net.c */
void explain_socket_memory(struct explain *x);
void explain_orphans(struct explain *x);
void explain_neighbours(struct explain *x);
void explain_conntrack(struct explain *x);
void explain_ports(struct explain *x);
void explain_backlog(struct explain *x);
void explain_ucount(struct explain *x);
void explain_epoll_watches(struct explain *x);
void explain_mounts(struct explain *x);
void explain_aio(struct explain *x);
void explain_pty(struct explain *x);
void explain_keys(struct explain *x);
void explain_disk(struct explain *x);
void explain_inodes(struct explain *x);
void explain_quota(struct explain *x);

/* explain_ballot.c */
void says_ballot(struct explain *x);
void says_shmem(struct explain *x);

void fix_memcg(struct explain *x);
void fix_global(struct explain *x);
void fix_manual(struct explain *x);

#endif
