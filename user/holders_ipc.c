// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_ipc.c - System V semaphores, shared memory and message queues: whose
 * they are, who used them last, and whether anybody is left who could need them.
 *
 * They outlive every process. The kernel keeps no creator of a semaphore set
 * (those made during the watch: holders_maker.c), only who operated each last; that these are dead
 * does not prove that the set is garbage, for a server may live whose workers did the operating. So
 * a set is called abandoned only where, besides, no living process of its owner in this IPC
 * namespace is as old as the set's last use.
 */
#include <sys/stat.h>
#include <time.h>

#include "../bpf/holders.h"
#include "holders_priv.h"

#define IDS_MAX 64   /* named in the remedy */
#define PIDS_MAX 256 /* semaphores of one set that are asked */

struct ipc_kind {
	const char *file;    /* below /proc */
	const char *id;      /* headings of columns, as in ipc/sem.c, shm.c, msg.c */
	const char *pids[2]; /* columns with pids; NULL: semctl is to be asked */
	const char *times[3];
	const char *amount; /* column */
	const char *flag;   /* of ipcrm(1) */
	const char *what;   /* in sentences */
};

static const struct ipc_kind sem_kind = {
	"sysvipc/sem", "semid", {NULL, NULL}, {"otime", "ctime", NULL}, "nsems", "-s", "sets"};
static const struct ipc_kind shm_kind = {
	"sysvipc/shm", "shmid", {"cpid", "lpid"}, {"atime", "dtime", "ctime"},
	"size",        "-m",    "segments"};
static const struct ipc_kind msg_kind = {
	"sysvipc/msg", "msqid", {"lspid", "lrpid"}, {"stime", "rtime", "ctime"}, "cbytes",
	"-q",          "queues"};

/* A living process of the namespace. */
struct alive {
	int64_t uid, euid;
	uint64_t start; /* seconds since boot */
};

struct ipc {
	const struct ipc_kind *kind;
	struct gather *g;
	bool by_amount; /* held is the amount, count the objects */
	char headings[512];
	struct alive *alive;
	size_t n_alive, cap_alive;
	bool alive_known;
	uint64_t own_ns; /* inode; 0 unknown */
	int64_t boot;    /* seconds since 1970 */
	struct tally
		*owners; /* "UID PID": PID 0 unknown, "UID dead", or by maker; n objects, amount */
	struct maker_most most;
	uint64_t objects, dead, abandoned, unknown;
	char ids[IDS_MAX * 16];
	unsigned int n_ids;
	int64_t dead_uid;
};

/* The word of line that stands under a heading, as a number; -1: there is none. */
static int64_t column(const struct ipc *x, const char *line, const char *heading)
{
	struct parse_text h = {x->headings, strlen(x->headings)}, l = {line, strlen(line)}, hw, lw;
	uint64_t v;

	if (!heading)
		return -1;
	while (parse_next_word(&h, &hw) && parse_next_word(&l, &lw))
		if (parse_is(hw, heading))
			return parse_u64(lw.s, lw.n, &v) < 0 || v > INT64_MAX ? -1 : (int64_t)v;
	return -1;
}

struct users {
	int64_t last; /* a living one, else a dead one; 0: nobody yet, or unknown */
	bool any, living, unknown;
};

static void add_user(struct ipc *x, struct users *u, int64_t pid)
{
	if (pid <= 0) {
		u->unknown |= pid < 0;
		return;
	}
	u->any = true;
	if (proc_alive(x->g, pid)) {
		u->living = true;
		u->last = pid;
	} else if (!u->living) {
		u->last = pid;
	}
}

static void users_of(struct ipc *x, const char *line, int64_t id, int64_t amount, struct users *u)
{
	const struct holders_env *env = x->g->env;

	for (int i = 0; i < 2; i++)
		if (x->kind->pids[i])
			add_user(x, u, column(x, line, x->kind->pids[i]));
	/* Who has it attached now is not told, only how many. */
	if (column(x, line, "nattch") > 0 && !u->living) {
		u->any = u->living = true;
		u->last = 0;
	}
	if (x->kind->pids[0])
		return;
	if (!env->sem_pid || amount > PIDS_MAX)
		u->unknown = true;
	for (int64_t i = 0; env->sem_pid && i < amount && i < PIDS_MAX && !u->living; i++)
		add_user(x, u, env->sem_pid(env->arg, id, (unsigned int)i));
}

/* Nobody of the owner lives who was there when it was made or used last. */
static bool is_abandoned(const struct ipc *x, const char *line, int64_t uid, int64_t cuid)
{
	int64_t last = 0;

	if (!x->alive_known || column(x, line, "nattch") > 0)
		return false;
	for (int i = 0; i < 3; i++) {
		int64_t t = column(x, line, x->kind->times[i]);

		last = t > last ? t : last;
	}
	if (last == 0)
		return false;
	for (size_t i = 0; i < x->n_alive; i++) {
		const struct alive *a = &x->alive[i];

		/* a second for the rounding of either clock, one for a clock that was set a little
		 */
		if ((a->uid == uid || a->uid == cuid || a->euid == uid || a->euid == cuid) &&
		    x->boot + (int64_t)a->start <= last + 2)
			return false;
	}
	return true;
}

static void abandoned(struct ipc *x, int64_t id)
{
	x->abandoned++;
	if (x->n_ids == IDS_MAX)
		return;
	x->n_ids++;
	snprintf(x->ids + strlen(x->ids), sizeof(x->ids) - strlen(x->ids), " %s %lld",
		 x->kind->flag, (long long)id);
}

/* Whose line it is: of a maker, of the last user, of the dead of one owner. */
static void key_of(struct ipc *x, int64_t id, int64_t uid, struct users *u, char *key, size_t size)
{
	uint64_t ns = x->g->ask->ipc_ns ? x->g->ask->ipc_ns : x->own_ns;
	struct sem_maker m;
	int lives = x->kind == &sem_kind ? maker_of(x->g, ns, id, &m) : -ENOENT;

	u->any |= lives >= 0;
	u->living |= lives > 0;
	if (lives > 0 || (lives == 0 && !u->living && !u->unknown))
		maker_key(&m, lives, uid, key, size);
	else if (u->any && !u->living && !u->unknown)
		snprintf(key, size, "%lld dead", (long long)uid);
	else
		snprintf(key, size, "%lld %lld", (long long)uid,
			 (long long)(u->unknown || !u->any ? 0 : u->last));
}

static int on_object(struct gather *g, char *line, void *arg)
{
	struct ipc *x = arg;
	struct tally_entry *e;
	struct users u = {0};
	int64_t id, uid, amount;
	char key[96];

	if (!x->headings[0]) {
		util_strlcpy(x->headings, line, sizeof(x->headings));
		return 0;
	}
	id = column(x, line, x->kind->id);
	uid = column(x, line, "uid");
	amount = column(x, line, x->kind->amount);
	if (id < 0 || uid < 0 || amount < 0) {
		g->f->incomplete = true;
		return 0;
	}
	users_of(x, line, id, amount, &u);
	key_of(x, id, uid, &u, key, sizeof(key));
	x->objects++;
	if (u.unknown || !u.any) {
		x->unknown++;
		u.last = 0;
	} else if (!u.living) {
		x->dead++;
		x->dead_uid = uid;
		if (is_abandoned(x, line, uid, column(x, line, "cuid")))
			abandoned(x, id);
		u.last = -u.last;
	}
	if (util_streq(x->kind->amount, "size"))
		amount = (amount + (int64_t)g->env->page_size - 1) / (int64_t)g->env->page_size;
	e = tally_add(x->owners, key, 1, (uint64_t)amount);
	if (e)
		e->tag = e->n == 1 || e->tag == -u.last ? -u.last : 0;
	return gather_late(g);
}

static void on_owner(void *arg, const struct tally_entry *e)
{
	struct ipc *x = arg;
	struct holder h = {.have = HOLDER_UID | HOLDER_HELD | HOLDER_COUNT};
	char *rest;
	struct proc p = {.dir = -1};
	int64_t last;

	h.uid = strtoll(e->key, &rest, 10);
	h.held = (int64_t)(x->by_amount ? e->amount : e->n);
	h.count = (int64_t)(x->by_amount ? e->n : e->amount);
	if (maker_holder(&x->most, e, rest, x->by_amount, &h))
		return gather_offer(x->g, &h);
	h.dead = util_streq(rest, " dead");
	last = h.dead ? e->tag : strtoll(rest, NULL, 10);
	if (h.dead || last)
		h.have |= HOLDER_DEAD;
	if (last) {
		h.have |= HOLDER_LAST_PID;
		h.last_pid = last;
	}
	if (last && !h.dead && proc_open(x->g, last, &p) == 0) {
		util_strlcpy(h.comm, p.comm, sizeof(h.comm));
		proc_close(&p);
	}
	gather_offer(x->g, &h);
}

/* The inode of its IPC namespace. */
static int ipc_of(const struct proc *p, uint64_t *ret)
{
	struct stat st;

	if (p->task && !p->task->ipc_ns)
		return -ENOENT;
	if (!p->task && fstatat(p->dir, "ns/ipc", &st, 0) < 0)
		return -errno;
	*ret = p->task ? p->task->ipc_ns : st.st_ino;
	return 0;
}

static int on_living(struct gather *g, const struct proc *p, void *arg)
{
	struct ipc *x = arg;
	struct proc_status s;
	uint64_t start, ns = 0;

	if (g->ask->ipc_ns && ipc_of(p, &ns) == 0) {
		if (ns != g->ask->ipc_ns)
			return 0;
	} else if (g->ask->ipc_ns && p->pid == 1 && x->own_ns && x->own_ns != g->ask->ipc_ns) {
		return 0; /* some hosts hide init even from root; it is where everybody began */
	}                 /* any other whose namespace is not to be seen may well be in this one */
	if (proc_status(p, &s) < 0 || s.state == 'Z' || proc_start(p, &start) < 0)
		return 0;
	if (x->n_alive == x->cap_alive) {
		size_t cap = x->cap_alive ? x->cap_alive * 2 : 64;
		struct alive *a = reallocarray(x->alive, cap, sizeof(*a));

		if (!a)
			return -ENOMEM;
		x->alive = a;
		x->cap_alive = cap;
	}
	x->alive[x->n_alive++] = (struct alive){
		.uid = s.uid, .euid = s.euid, .start = start / (uint64_t)sysconf(_SC_CLK_TCK)};
	return 0;
}

static int on_btime(struct gather *g _unused_, char *line, void *arg)
{
	const char *rest = util_after(line, "btime ");

	if (rest)
		*(int64_t *)arg = strtoll(rest, NULL, 10);
	return rest ? 1 : 0;
}

/* Who lives, before the objects are read: who comes later is younger than all of them. */
static int read_living(struct gather *g, struct ipc *x)
{
	int r = read_lines(g, g->env->proc, "stat", on_btime, &x->boot);
	struct stat st;

	if (fstatat(g->env->proc, "self/ns/ipc", &st, 0) == 0)
		x->own_ns = st.st_ino;
	if (!r)
		r = proc_walk_status(g, &(struct walk_where){}, on_living, x);
	if (r < 0)
		return r;
	x->alive_known = x->boot > 0 && !g->f->incomplete;
	return 0;
}

static void fix_removal(struct gather *g, const struct ipc *x, const char *comment)
{
	char enter[64] = "";

	if (g->ask->ipc_ns && x->own_ns && x->own_ns != g->ask->ipc_ns)
		snprintf(enter, sizeof(enter), "nsenter -t %lld -i ", (long long)g->ask->pid);
	gather_fix(g, "%s%sipcrm%s", comment, enter, x->ids);
	if (x->abandoned > x->n_ids)
		gather_fix(g, "# and %llu more, when these are removed",
			   (unsigned long long)(x->abandoned - x->n_ids));
}

static void says_dead(struct gather *g, const struct ipc *x)
{
	unsigned long long all = x->objects, dead = x->dead, gone = x->abandoned;
	const char *what = x->kind->what;

	if (!all || dead * 2 < all || g->f->incomplete)
		return;
	if (gone == all)
		gather_says(
			g,
			"All %llu %s belong to processes that are gone: nobody who used them, nor "
			"any process of their owner as old as they are, is alive. Removing them "
			"helps at once, a higher limit only until as many are left behind again.",
			all, what);
	else if (gone)
		gather_says(g,
			    "%llu of the %llu %s belong to processes that are gone; removing them "
			    "helps "
			    "at once.",
			    gone, all, what);
	else
		gather_says(
			g,
			"The last users of %llu of the %llu %s are gone, but processes of their "
			"owner (uid %lld) live that may still need them: ipcs shows them, ipcrm %s "
			"ID removes one.",
			dead, all, what, (long long)x->dead_uid, x->kind->flag);
	if (gone)
		fix_removal(g, x, "");
}

static int read_objects(struct gather *g, struct ipc *x)
{
	const struct holders_env *env = g->env;
	int r = tally_new(&x->owners);

	if (!r)
		r = read_living(g, x);
	if (!r && env->enter_ipc)
		r = env->enter_ipc(env->arg, g->ask->pid);
	if (!r)
		r = read_lines(g, env->proc, x->kind->file, on_object, x);
	if (r < 0)
		return r;
	g->f->incomplete |= tally_other(x->owners) > 0;
	tally_each(x->owners, on_owner, x);
	says_dead(g, x);
	maker_says(g, &x->most, x->objects);
	return 0;
}

static int gather_ipc(struct gather *g, const struct ipc_kind *kind, bool by_amount,
		      const char *measure)
{
	struct ipc x = {.kind = kind, .g = g, .by_amount = by_amount};
	int r;

	util_strlcpy(g->f->measure, measure, sizeof(g->f->measure));
	r = read_objects(g, &x);
	tally_free(x.owners);
	free(x.alive);
	return r;
}

int gather_sem(struct gather *g)
{
	bool semaphores = util_streq(g->ask->resource, "semmns");

	return gather_ipc(g, &sem_kind, semaphores, semaphores ? "semaphores" : "sets");
}

int gather_shm(struct gather *g)
{
	bool pages = util_streq(g->ask->resource, "shmall");

	return gather_ipc(g, &shm_kind, pages, pages ? "pages" : "segments");
}

int gather_msg(struct gather *g)
{
	return gather_ipc(g, &msg_kind, false, "queues");
}
