// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_maker.c - who made a semaphore set, where failcnt saw the semget (bpf/maker.h).
 *
 * A maker is a process, not a pid: one that started at another time only has its number. What is
 * not known, because the set is older than the watch, or its note was overwritten, is left unsaid.
 */
#include <bpf/bpf.h>

#include "../bpf/maker.h"
#include "holders_priv.h"

int makers_open(uint32_t map_id)
{
	_cleanup_close_ int fd = map_id ? bpf_map_get_fd_by_id(map_id) : -1;
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (fd < 0)
		return map_id ? -errno : -ENOENT;
	/* Numbers are given again: to a map of another size, which would be read over our end. */
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	if (!util_streq(info.name, "makers") || info.value_size != sizeof(struct fc_maker) ||
	    info.max_entries != FC_MAKERS)
		return -ESTALE;
	return util_take_fd(&fd);
}

bool makers_find(int fd, uint32_t ipc_ns, int64_t id, struct sem_maker *ret)
{
	uint32_t slot = fc_maker_slot(ipc_ns, (int32_t)id);
	struct fc_maker m;

	if (fd < 0 || bpf_map_lookup_elem(fd, &slot, &m) < 0)
		return false;
	if (!m.pid || m.ns != ipc_ns || m.id != id)
		return false;
	*ret = (struct sem_maker){.pid = m.pid, .start = m.start};
	util_strlcpy(ret->comm, m.comm, sizeof(ret->comm));
	return true;
}

static int lives(struct gather *g, const struct sem_maker *m)
{
	uint64_t tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK), start;
	struct proc p = {.dir = -1};
	struct proc_status s;
	int r = proc_open(g, m->pid, &p);

	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return r;
	if (proc_status(&p, &s) < 0 || proc_start(&p, &start) < 0)
		r = -ENODATA;
	else
		r = start == m->start / tick && s.state != 'Z';
	proc_close(&p);
	return r;
}

int maker_of(struct gather *g, uint64_t ipc_ns, int64_t id, struct sem_maker *ret)
{
	const struct holders_env *env = g->env;

	if (!env->sem_maker || !env->sem_maker(env->arg, ipc_ns, id, ret))
		return -ENOENT;
	return lives(g, ret);
}

void maker_key(const struct sem_maker *m, bool living, int64_t uid, char *key, size_t size)
{
	/* The dead of one program are one line. */
	snprintf(key, size, "%lld %s %lld %s", (long long)uid, living ? "made" : "left",
		 living ? (long long)m->pid : 0, m->comm);
}

bool maker_holder(struct maker_most *most, const struct tally_entry *e, const char *rest,
		  bool semaphores, struct holder *h)
{
	bool living = util_after(rest, " made ");
	char *comm;

	if (!living && !util_after(rest, " left "))
		return false;
	h->pid = strtoll(rest + strlen(" made "), &comm, 10);
	h->dead = !living;
	h->have |= HOLDER_DEAD | (living ? HOLDER_PID : 0);
	util_strlcpy(h->comm, *comm ? comm + 1 : comm, sizeof(h->comm));
	snprintf(h->kind, sizeof(h->kind), "%s%s", semaphores ? "semaphores in sets" : "sets",
		 living ? " it made" : " it made before it ended");
	if (e->n > most->n) {
		*most = (struct maker_most){.n = e->n, .pid = h->pid};
		util_strlcpy(most->comm, h->comm, sizeof(most->comm));
	}
	return true;
}

void maker_says(struct gather *g, const struct maker_most *m, uint64_t objects)
{
	char before[sizeof(g->f->says)], comm[64], sets[64];

	if (!objects || m->n * 2 < objects || g->f->incomplete)
		return;
	util_strlcpy(before, g->f->says, sizeof(before));
	util_strlcpy(comm, m->comm, sizeof(comm));
	if (objects == 1)
		util_strlcpy(sets, "The one set was", sizeof(sets));
	else
		snprintf(sets, sizeof(sets), "%llu of the %llu sets %s", (unsigned long long)m->n,
			 (unsigned long long)objects, m->n == 1 ? "was" : "were");
	if (m->pid)
		gather_says(g,
			    "%s made by %s (pid %lld), which still runs: "
			    "where it makes a new one each time, that is the leak.%s%s",
			    sets, comm, (long long)m->pid, before[0] ? " " : "", before);
	else
		gather_says(g,
			    "%s made by %s, which has ended without "
			    "removing %s.%s%s",
			    sets, comm, m->n == 1 ? "it" : "them", before[0] ? " " : "", before);
}
