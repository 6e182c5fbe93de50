/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders_priv.h - what the holders_*.c files share: one gathering, tallies,
 * the walk over processes. Nobody else includes it.
 */
#ifndef FAILCNT_HOLDERS_PRIV_H
#define FAILCNT_HOLDERS_PRIV_H

#include <dirent.h>

#include "holders.h"
#include "parse.h"

struct tally;

/* One gathering. */
struct gather {
	const struct holders_env *env;
	const struct holders_ask *ask;
	struct holders_found *f;
};

/* The time is up: what was found so far is all. Marks it as incomplete. */
bool gather_late(struct gather *g);

/* Offers a holder; the largest stay. It is counted in total. */
void gather_offer(struct gather *g, const struct holder *h);
void gather_says(struct gather *g, const char *fmt, ...) _printf_(2, 3);
/* One more line of the remedy; where it does not fit there is none at all. */
void gather_fix(struct gather *g, const char *fmt, ...) _printf_(2, 3);
/* A name that others chose, fit for a sentence: control characters escaped, short. */
#define GATHER_NAME 256
const char *gather_name(const char *name, char buf[GATHER_NAME]);

/* Counts by text. n: how many; amount: of what. */
struct tally_entry {
	uint64_t n, amount;
	int64_t tag; /* the caller's: that of the first */
	const char *key;
};
#define TALLY_MAX 4096 /* different keys; what comes later is counted in other */
int tally_new(struct tally **ret);
void tally_free(struct tally *t);
static inline void tally_freep(struct tally **t)
{
	tally_free(*t);
}
/* Where there is no room, n is added to other, and entry NULL. */
struct tally_entry *tally_add(struct tally *t, const char *key, uint64_t n, uint64_t amount);
uint64_t tally_other(const struct tally *t);
size_t tally_size(const struct tally *t);
/* The largest by n (by_amount: by amount); NULL: it is empty. */
const struct tally_entry *tally_top(const struct tally *t, bool by_amount);
/* Calls cb for each. */
void tally_each(const struct tally *t, void (*cb)(void *arg, const struct tally_entry *e),
		void *arg);

struct fc_iter_fd;
struct fc_iter_task;
struct fc_iter_want;

/* holders_owner.c: by the real uid; by the effective uid, as inotify is; by the real uid whatever
 * the user namespace. */
enum owner_by { OWNER_NOBODY, OWNER_REAL, OWNER_EFFECTIVE, OWNER_ANY_NS };

/* Descriptors that are worth a look: an iterator found them. */
struct proc_only {
	const struct fc_iter_fd *fd;
	size_t n;
	bool counted; /* they count for whom is asked about */
};

/* A process as procfs shows it; or as an iterator does: then there is no directory. */
struct proc {
	int dir; /* /proc/PID; -1: task and known say what is known */
	int64_t pid;
	char comm[64];
	const struct fc_iter_task *task;
	const struct proc_status *known;
	const struct proc_only *only; /* NULL: all of its descriptors */
	bool counted;                 /* the kernel says that it counts for whom is asked about */
};
/* Opens /proc/PID. -ESRCH: there is none. To be closed with proc_close(). */
int proc_open(struct gather *g, int64_t pid, struct proc *ret);
/* The process that was refused, and not another one with its pid. */
int proc_open_asked(struct gather *g, struct proc *ret);
static inline void proc_close(const struct proc *p)
{
	util_closep(&p->dir);
}
bool proc_alive(struct gather *g, int64_t pid);
/* When it started, in clock ticks since boot. */
int proc_start(const struct proc *p, uint64_t *ret);

/* /proc/PID/status, what of it is asked for. */
struct proc_status {
	char comm[64];
	char state;
	int64_t ppid, uid, euid, threads; /* uid: the real one */
	uint64_t rss, data, huge;         /* bytes; 0 where it does not say */
	uint64_t sigq;                    /* signals of its user; only from /proc */
	bool pending;                     /* signals wait for it; only from /proc */
	bool has_huge;
};
int proc_status(const struct proc *p, struct proc_status *ret);

/* Whether what the process has counts for limit_uid, in the user namespace whose limit it is. */
bool owner_counts(struct gather *g, const struct proc *p, const struct proc_status *s,
		  enum owner_by by);
/* Whether it is in the pid namespace whose limit it is. */
bool owner_in_pid_ns(struct gather *g, const struct proc *p);
void owner_want(const struct gather *g, enum owner_by by, struct fc_iter_want *want);

typedef int proc_fn(struct gather *g, const struct proc *p, void *arg);

/* Calls cb for every process until it returns other than 0 or the time is up. In a storm: for
 * the process that was refused alone. */
int proc_walk(struct gather *g, proc_fn *cb, void *arg);
/* The same for the processes of a cgroup and those below it. */
int proc_walk_cgroup(struct gather *g, const char *controller, const char *path, proc_fn *cb,
		     void *arg);
/* One process; only: of its descriptors these. One that has gone is none. */
int proc_visit(struct gather *g, int64_t pid, const struct proc_only *only, proc_fn *cb, void *arg);

typedef int fd_fn(struct gather *g, const struct proc *p, int fds, const char *name,
		  const char *link, void *arg);
/* Calls cb for each descriptor, with where it leads. */
int proc_fds(struct gather *g, const struct proc *p, fd_fn *cb, void *arg);

/* holders_walk.c: the same by iterators where there are any. controller NULL: all processes. */
struct walk_where {
	const char *controller, *path;
	enum owner_by by; /* OWNER_REAL: iterators leave out whoever does not count */
	bool pid_ns;      /* iterators leave out whoever is not in ask->pid_ns */
};
/* Every thread of limit_uid that has signals waiting, to cb; -ENOTSUP: there is no iterator. */
int walk_pending(struct gather *g,
		 int (*cb)(struct gather *g, const struct fc_iter_task *t, void *arg), void *arg);
/* For a cb that asks no more than proc_status() and proc_start(): p may have no directory. */
int proc_walk_status(struct gather *g, const struct walk_where *where, proc_fn *cb, void *arg);
/* For a cb that offers those that have some of it: only the largest are looked at, as they all
 * have one holder each; the rest is added to total. */
enum walk_by { WALK_RSS, WALK_DATA, WALK_HUGE };
int proc_walk_top(struct gather *g, const struct walk_where *where, enum walk_by by, proc_fn *cb,
		  void *arg);
/* For a cb that looks at descriptors of some kinds (1 << enum fc_iter_kind of bpf/holders.h) only,
 * and of anonymous inodes at those that keep likes: processes without any may be left out. */
struct walk_fds {
	uint32_t kinds;
	bool (*keep)(const char *link);
	enum owner_by by; /* OWNER_EFFECTIVE: iterators leave out what others made */
};
int proc_walk_fds(struct gather *g, const struct walk_fds *what, proc_fn *cb, void *arg);
/* Of one process: known takes what an iterator tells of a descriptor, or says -ENOTSUP; then, and
 * without iterators, cb gets where it leads. */
int proc_fds_known(struct gather *g, const struct proc *p,
		   int (*known)(struct gather *g, const struct fc_iter_fd *f, void *arg), fd_fn *cb,
		   void *arg);

/* The lines of a file, without their ends; only whole ones. cb: other than 0 ends it. */
int read_lines(struct gather *g, int dir, const char *path,
	       int (*cb)(struct gather *g, char *line, void *arg), void *arg);
/* A short file whole, ended by NUL. */
ssize_t read_small(int dir, const char *path, char *buf, size_t size);
int read_u64(int dir, const char *path, uint64_t *ret);

/* The directory of a cgroup: of the controller's v1 hierarchy where that is mounted, else of v2. */
int cgroup_open(struct gather *g, const char *controller, const char *path, int *ret, bool *ret_v1);

/* Cgroups below path with what each has without its children, as file says; none where it has no
 * children.  */
int cgroups_offer(struct gather *g, const char *controller, const char *path, const char *file);

/* What sockets these inodes are: adds kinds, as "TCP sockets in CLOSE_WAIT". inodes gets sorted. */
struct socket_kinds {
	struct tally *kinds;
	struct tally *ports; /* key: the kind, a tab, "local port 80" */
	bool rare;           /* TCP, UDP and unix sockets are not among them */
};
/* The same of one that an iterator tells; false: the tables have to be asked. */
bool sockets_known(const struct fc_iter_fd *f, struct socket_kinds *k);
int sockets_resolve(struct gather *g, const struct proc *p, uint64_t *inodes, size_t n,
		    struct socket_kinds *k);

/* A process's part of a resource: a holder of it. */
void holder_of(struct holder *h, const struct proc *p, uint64_t held);

/* holders_maker.c. The map of the watch, by its number; -errno: it is none, or cannot be had. */
int makers_open(uint32_t map_id);
/* False: nobody saw who made it. */
bool makers_find(int fd, uint32_t ipc_ns, int64_t id, struct sem_maker *ret);
/* 1: that very process runs; 0: it has ended; -ENOENT, -errno: unknown, whose it is or whether. */
int maker_of(struct gather *g, uint64_t ipc_ns, int64_t id, struct sem_maker *ret);
/* Who made most of the sets; pid 0: has ended. */
struct maker_most {
	uint64_t n;
	int64_t pid;
	char comm[16];
};
/* The key of its sets in a tally, "UID made PID COMM" or "UID left 0 COMM"; and back, from what is
 * behind UID: false where it is none. */
void maker_key(const struct sem_maker *m, bool living, int64_t uid, char *key, size_t size);
bool maker_holder(struct maker_most *most, const struct tally_entry *e, const char *rest,
		  bool semaphores, struct holder *h);
/* Before what is said already, where that is half of the sets at least. */
void maker_says(struct gather *g, const struct maker_most *m, uint64_t objects);

typedef int gather_fn(struct gather *g);
gather_fn gather_own_files, gather_file_max, gather_inotify_instances, gather_inotify_watches;
gather_fn gather_epoll, gather_pty, gather_aio, gather_disk, gather_mounts, gather_keys;
gather_fn gather_user_tasks, gather_all_tasks, gather_cgroup_tasks;
gather_fn gather_sem, gather_shm, gather_msg;
gather_fn gather_memory, gather_hugepages, gather_commit;
gather_fn gather_conntrack, gather_neighbours, gather_socket_memory, gather_sigpending;
gather_fn gather_map_count, gather_map_bytes, gather_map_locked;

#endif
