// SPDX-License-Identifier: GPL-2.0-only
/*
 * load.c - the witness of the soak test: a process is refused this, the next one that, another one
 * dies, at random instants that a seed decides, and for each it is said what really happened.
 *   load run SEED ROUNDS PERIOD_MS all|calls
 *   load acct-on|acct-off|acct FILE
 *   load connect PORT|/SOCKET HOW_MANY HOLD_MS SECONDS
 *
 * What it prints:
 *   "H NAME"  there is this kind, or death: some of it must come
 *   "O KIND"  this machine cannot have that kind
 *   "C PID KIND RESOURCE ERRNO COUNT"  so many calls ended with this errno, as the process counted
 *        itself; RESOURCE "-": calls that have that errno without a limit
 *   "K PID NAME SIGNAL CAUSE"  it died so, by its wait status; CAUSE "-": no kill
 *   "G PID FILE KEY N"  what its cgroup's file counted
 * The same seed makes the same rounds, so that the sums of two runs can be compared.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 64 /* kinds */
#define MANY 400

char dir[64];
int user;
struct round *round_now;

static const struct kind *kinds[MOST];
static int n_kinds, n_deaths;

void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	_exit(99);
}

bool set(const char *path, const char *format, ...)
{
	FILE *f = fopen(path, "w");
	va_list args;
	bool ok;

	va_start(args, format);
	ok = f && vfprintf(f, format, args) > 0;
	va_end(args);
	if (f && fclose(f))
		ok = false;
	if (!ok)
		fprintf(stderr, "load: %s: %s\n", path, strerror(errno));
	return ok;
}

uint64_t pick(struct round *r, uint64_t n)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random % n;
}

long tally(struct round *r, const char *resource, long ret)
{
	int err = errno, i;

	if (ret != -1)
		return ret;
	if (err == ENFILE) /* whatever was asked for: it is the host's limit */
		resource = "file-max";
	for (i = 0; i < TALLIES; i++) {
		struct tally *t = &r->tallies[i];

		if (!t->count) {
			t->err = err;
			strcpy(t->resource, resource);
		}
		if (t->err == err && !strcmp(t->resource, resource)) {
			t->count++;
			break;
		}
	}
	if (i == TALLIES)
		fail("too many errnos");
	if (strcmp(resource, DECOY))
		r->left--;
	return ret;
}

void limit(int what, unsigned long soft)
{
	struct rlimit l;

	if (getrlimit(what, &l))
		fail("getrlimit");
	l.rlim_cur = soft;
	if (setrlimit(what, &l))
		fail("setrlimit");
}

static void print_tallies(pid_t pid, const char *name)
{
	const struct tally *t;

	for (t = round_now->tallies; t < round_now->tallies + TALLIES && t->count; t++)
		printf("C %d %s %s %s %d\n", pid, name, t->resource, strerrorname_np(t->err),
		       t->count);
}

/* ---- a cgroup for one round ----------------------------------------------- */

struct cgroup_kind {
	const char *controller, *limit, *value, *counter;
};

/* Under cgroup v1, where each controller has a hierarchy of its own, and under v2. */
static const struct cgroup_kind of_pids = {"pids", "pids.max", "3", "pids.events"},
				of_memory[] = {
					{"memory", "memory.limit_in_bytes", "16777216",
					 "memory.oom_control"},
					{"memory", "memory.max", "16777216", "memory.events"}};

bool cgroup_v2(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

static const struct cgroup_kind *group_of(const char *name)
{
	if (!strcmp(name, "pids"))
		return &of_pids;
	return strcmp(name, "oom") ? NULL : &of_memory[cgroup_v2()];
}

static void group_path(char *path, size_t size, const struct cgroup_kind *g, pid_t load,
		       const char *file)
{
	snprintf(path, size, "/sys/fs/cgroup/%s/soak-%d/%s", cgroup_v2() ? "" : g->controller, load,
		 file);
}

static void group_make(const struct cgroup_kind *g)
{
	char path[128];

	group_path(path, sizeof(path), g, getpid(), "");
	if (mkdir(path, 0755))
		fail(path);
	group_path(path, sizeof(path), g, getpid(), g->limit);
	if (!set(path, "%s", g->value))
		fail(path);
}

static void group_join(const struct cgroup_kind *g, pid_t load)
{
	char path[128];

	group_path(path, sizeof(path), g, load, "cgroup.procs");
	if (!set(path, "0"))
		fail(path);
}

static void group_end(const struct cgroup_kind *g, pid_t pid)
{
	char path[128], key[32];
	FILE *f;
	long n;

	group_path(path, sizeof(path), g, getpid(), g->counter);
	f = fopen(path, "r");
	if (!f)
		fail(path);
	while (fscanf(f, "%31s %ld", key, &n) == 2)
		printf("G %d %s %s %ld\n", pid, g->counter, key, n);
	fclose(f);
	group_path(path, sizeof(path), g, getpid(), "");
	while (rmdir(path)) {
		if (errno != EBUSY)
			fail(path);
		usleep(1000);
	}
}

/* ---- rounds ---------------------------------------------------------------- */

static void become(int id)
{
	if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
		fail("setresuid");
}

static void round_kind(int i)
{
	const struct kind *k = kinds[i];
	const struct cgroup_kind *g = group_of(k->name);
	pid_t load = getpid(), pid;
	int status;

	/* Every tenth is a flood: more than the first ones, which are told whole. */
	round_now->left =
		1 + (pick(round_now, 10) ? pick(round_now, 20) : MANY + pick(round_now, MANY));
	if (g)
		group_make(g);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (g)
			group_join(g, load);
		if (k->as)
			become(user + i);
		decoys(round_now, 2);
		k->run(round_now);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("fork");
	print_tallies(pid, k->name);
	if (status)
		printf("K %d %s %d -\n", pid, k->name, status);
	if (g)
		group_end(g, pid);
}

static void round_death(const struct death *d)
{
	const struct cgroup_kind *g = group_of(d->name);
	pid_t load = getpid(), pid;
	int status;

	round_now->left = 1;
	if (g)
		group_make(g);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (g)
			group_join(g, load);
		d->die(round_now);
		_exit(98);
	}
	if (pid < 0)
		fail("fork");
	if (d->kill && d->kill(pid))
		fail("kill");
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	if (!strcmp(d->name, "xfsz")) /* nobody was there any more to count it */
		tally(round_now, "fsize", (errno = EFBIG, -1));
	print_tallies(pid, d->name);
	if (!strcmp(d->name, "xcpu")) /* it has no errno */
		printf("C %d xcpu cpu null 1\n", pid);
	printf("K %d %s %d %s\n", pid, d->name, status & 0x7f, d->cause ? d->cause : "-");
	if (g)
		group_end(g, pid);
}

static void add_kinds(const struct kind *k)
{
	for (; k->name; k++) {
		printf("H %s\n", k->name);
		if (k->prepare && !k->prepare())
			printf("O %s %s\n", k->name, strerror(errno));
		else if (n_kinds < MOST)
			kinds[n_kinds++] = k;
	}
}

static void mount_below(const char *name, const char *options)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (mkdir(path, 0755) || mount("none", path, "tmpfs", 0, options))
		fail(path);
}

static void prepare(uint64_t seed)
{
	const struct death *d;

	round_now = mmap(NULL, sizeof(*round_now), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (round_now == MAP_FAILED || unshare(CLONE_NEWIPC | CLONE_NEWNS))
		fail("unshare");
	snprintf(dir, sizeof(dir), "/tmp/load-%d", getpid());
	if (mkdir(dir, 0755))
		fail(dir);
	user = 10000 + 100 * (int)(seed % 100);
	round_now->random = seed * 0x9e3779b97f4a7c15 + 1;
	mount_below("room", "size=8m,mode=1777");
	mount_below("disk", "size=64k,mode=1777");
	mount_below("full", "size=64k,nr_inodes=16,mode=1777");
	memset(round_now->tallies, 0, sizeof(round_now->tallies));
	add_kinds(ipc_kinds);
	add_kinds(object_kinds);
	add_kinds(task_kinds);
	add_kinds(space_kinds);
	print_tallies(getpid(), "load");
	for (d = deaths; d->name; d++, n_deaths++)
		printf("H %s\n", d->name);
}

static void wait_until(double when)
{
	struct timespec now;
	double left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = when - now.tv_sec - now.tv_nsec / 1e9;
	if (left > 0)
		usleep(left * 1e6);
}

/* All there is, in another order each time. */
static void shuffle(struct round *r, int *order, int n)
{
	int i, j, other;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i > 0; i--) {
		j = (int)pick(r, i + 1);
		other = order[i];
		order[i] = order[j];
		order[j] = other;
	}
}

/* A round takes what it is from other random numbers than those of its child, which may draw any.
 */
static int run(uint64_t seed, long rounds, double period, bool only_calls)
{
	struct round own;
	struct timespec start;
	int order[2 * MOST], n, what;
	long i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare(seed);
	own.random = round_now->random;
	n = n_kinds + (only_calls ? 0 : n_deaths);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < rounds; i++) {
		double jitter = pick(&own, 1000) / 1000.0;

		if (i % n == 0)
			shuffle(&own, order, n);
		what = order[i % n];
		memset(round_now, 0, sizeof(*round_now));
		round_now->random = own.random;
		wait_until(start.tv_sec + start.tv_nsec / 1e9 + (i + jitter) * period / 1000);
		if (what < n_kinds && only_calls && !strcmp(kinds[what]->name, "file-max"))
			continue; /* strace stops it, and others would run in its moment */
		if (what < n_kinds)
			round_kind(what);
		else
			round_death(&deaths[what - n_kinds]);
	}
	printf("X rounds %ld\n", rounds);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "acct"))
		return read_acct(argv[2]);
	if (argc == 3 && !strncmp(argv[1], "acct-o", 6))
		return switch_acct(strcmp(argv[1], "acct-on") ? NULL : argv[2]);
	if (argc == 6 && !strcmp(argv[1], "connect"))
		return connect_often(argc - 2, argv + 2);
	if (argc == 6 && !strcmp(argv[1], "run"))
		return run(strtoull(argv[2], NULL, 10), atol(argv[3]), atof(argv[4]),
			   !strcmp(argv[5], "calls"));
	fprintf(stderr, "usage: load run SEED ROUNDS PERIOD_MS all|calls\n"
			"       load acct-on|acct-off|acct FILE\n"
			"       load connect PORT|/SOCKET HOW_MANY HOLD_MS SECONDS\n");
	return 2;
}
