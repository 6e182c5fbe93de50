// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest.c - refuse yourself something, and see whether it is seen.
 */
#include "selftest.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "catalogue.h"
#include "event.h"
#include "selftest_priv.h"

#define WAIT_MS 2000
#define AFTER_EXIT_MS                                                               \
	200 /* the record was there before the child's end: only reading it is left \
	     */
#define TRIES 5
#define MEMORY_LIMIT "8388608"
#define MEMORY_TOUCH (64 << 20)

struct provocation {
	const char *name;
	enum fc_hook hook;
	unsigned int resource;
	int (*child)(void);
};

/* ---- what the children do ---------------------------------------------- */

static int refuse_nofile(void)
{
	struct rlimit r;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return IMPOSSIBLE;
	r.rlim_cur = 3;
	for (fd = 3; fd < 64; fd++)
		close(fd);
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		return IMPOSSIBLE;
	return dup(0) < 0 && errno == EMFILE ? PROVOKED : IMPOSSIBLE;
}

bool selftest_write(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(text);

	return fd >= 0 && write(fd, text, n) == (ssize_t)n;
}

bool selftest_own_ipc(const char *path, const char *value)
{
	return unshare(CLONE_NEWIPC) == 0 && selftest_write(path, value);
}

static bool own_sem(const char *sem)
{
	return selftest_own_ipc("/proc/sys/kernel/sem", sem);
}

static int refuse_semmni(void)
{
	if (!own_sem("250 32000 32 1") || semget(IPC_PRIVATE, 1, 0600) < 0)
		return IMPOSSIBLE;
	return semget(IPC_PRIVATE, 1, 0600) < 0 && errno == ENOSPC ? PROVOKED : IMPOSSIBLE;
}

static int refuse_semmns(void)
{
	if (!own_sem("250 4 32 128"))
		return IMPOSSIBLE;
	return semget(IPC_PRIVATE, 5, 0600) < 0 && errno == ENOSPC ? PROVOKED : IMPOSSIBLE;
}

static int refuse_semmsl(void)
{
	if (!own_sem("4 32000 32 128"))
		return IMPOSSIBLE;
	return semget(IPC_PRIVATE, 5, 0600) < 0 && errno == EINVAL ? PROVOKED : IMPOSSIBLE;
}

/* A limit of a user namespace of one's own. */
static bool own_user_limit(const char *path, const char *limit)
{
	return unshare(CLONE_NEWUSER) == 0 && selftest_write(path, limit);
}

static int refuse_inotify(void)
{
	if (!own_user_limit("/proc/sys/user/max_inotify_instances", "0"))
		return IMPOSSIBLE;
	return inotify_init1(IN_CLOEXEC) < 0 && errno == EMFILE ? PROVOKED : IMPOSSIBLE;
}

static int refuse_namespace(void)
{
	if (!own_user_limit("/proc/sys/user/max_uts_namespaces", "0"))
		return IMPOSSIBLE;
	return unshare(CLONE_NEWUTS) < 0 && errno == ENOSPC ? PROVOKED : IMPOSSIBLE;
}

/* A tmpfs of 64 KiB over /tmp, in a mount namespace of one's own. */
static int refuse_disk(void)
{
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("failcnt", "/tmp", "tmpfs", 0, "size=64k") < 0)
		return IMPOSSIBLE;
	fd = open("/tmp/full", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && fallocate(fd, 0, 0, 1 << 20) < 0 && errno == ENOSPC ? PROVOKED
									      : IMPOSSIBLE;
}

/* Runs in a cgroup of 8 MiB, where the parent put it; ends by SIGKILL. */
static int exceed_memory(void)
{
	char *p;

	raise(SIGSTOP); /* until it is in its cgroup */
	p = mmap(NULL, MEMORY_TOUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		memset(p, 1, MEMORY_TOUCH);
	return IMPOSSIBLE;
}

/* Until it is killed by this process, which must be told as the sender. */
static int be_killed(void)
{
	for (;;)
		pause();
	return IMPOSSIBLE;
}

static const struct provocation provocations[] = {
	{"descriptors of a process", FC_HOOK_ALLOC_FD, FC_NOFILE, refuse_nofile},
	{"number of semaphore sets", FC_HOOK_NEWARY, FC_SEMMNI, refuse_semmni},
	{"number of semaphores", FC_HOOK_NEWARY, FC_SEMMNS, refuse_semmns},
	{"size of a semaphore set", FC_HOOK_SEMGET, FC_SEMMSL, refuse_semmsl},
	{"operations of a semop", FC_HOOK_SEMOP, FC_SEMOPM, refuse_semopm},
	{"value of a semaphore", FC_HOOK_SEMOP_VALUE, FC_SEMVMX, refuse_semvmx},
	{"number of shared segments", FC_HOOK_NEWSEG, FC_SHMMNI, refuse_shmmni},
	{"shared memory in all", FC_HOOK_NEWSEG, FC_SHMALL, refuse_shmall},
	{"size of a shared segment", FC_HOOK_NEWSEG, FC_SHMMAX, refuse_shmmax},
	{"number of message queues", FC_HOOK_NEWQUE, FC_MSGMNI, refuse_msgmni},
	{"bytes of message queues", FC_HOOK_MQUEUE, FC_MQ_BYTES, refuse_mq_bytes},
	{"timers of a user", FC_HOOK_TIMER_CREATE, FC_SIGPENDING, refuse_timer},
	{"queued signals of a user", FC_HOOK_SIGNAL, FC_SIGPENDING, refuse_signal},
	{"size of a file", FC_HOOK_SIGNAL, FC_FSIZE, refuse_fsize},
	{"inotify instances of a user", FC_HOOK_INC_UCOUNT, FC_INOTIFY_INSTANCES, refuse_inotify},
	{"namespaces of a user", FC_HOOK_INC_UCOUNT, FC_NAMESPACES, refuse_namespace},
	{"blocks of a tmpfs", FC_HOOK_SHMEM_FALLOCATE, FC_DISK, refuse_disk},
	{"address space of a process", FC_HOOK_MMAP, FC_AS, refuse_as},
	{"heap of a process", FC_HOOK_BRK, FC_DATA, refuse_data},
	{"processes of a user", FC_HOOK_COPY_PROCESS, FC_NPROC, refuse_nproc},
	{"locked memory", FC_HOOK_DO_MLOCK, FC_MEMLOCK, refuse_memlock},
	{"memory of a cgroup", FC_HOOK_OOM_VICTIM, FC_MEMORY, exceed_memory},
	{"a process, and who killed it", FC_HOOK_DEATH_DELIVER, FC_RESOURCE_NONE, be_killed},
};

/* ---- the cgroup of the memory test ------------------------------------- */

struct own_cgroup {
	char path[128]; /* "": none made */
};

static bool set_limit(const struct own_cgroup *g, const char *file)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	return selftest_write(path, MEMORY_LIMIT);
}

static bool make_cgroup(struct own_cgroup *g, bool v1)
{
	const char *base = v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";

	snprintf(g->path, sizeof(g->path), "%s/failcnt-selftest-%d", base, getpid());
	if (mkdir(g->path, 0755) < 0) {
		g->path[0] = '\0';
		return false;
	}
	if (!set_limit(g, v1 ? "memory.limit_in_bytes" : "memory.max"))
		return false;
	set_limit(g,
		  v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max"); /* where there is swap */
	return true;
}

static void remove_cgroup(struct own_cgroup *g)
{
	/* The dead child leaves it a moment later. */
	for (int i = 0; g->path[0] && i < 200 && rmdir(g->path) < 0 && errno == EBUSY; i++)
		usleep(5000);
}

static bool enter_cgroup(const struct own_cgroup *g, pid_t pid)
{
	char path[192], text[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", g->path);
	snprintf(text, sizeof(text), "%d", pid);
	return selftest_write(path, text);
}

/* ---- seeing ------------------------------------------------------------- */

struct sight {
	pid_t pid;
	unsigned int resource;
	bool seen;
	uint64_t latency_us;
};

/* The clock of the records. */
static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

static void on_record(void *arg, const void *data, size_t size)
{
	static struct event e;
	const struct event_context c = {.page_size = 4096};
	struct event_facts facts;
	struct sight *s = arg;

	if (event_decode(&e, &facts, data, size, &c) < 0 || facts.pid != (uint32_t)s->pid ||
	    facts.resource != s->resource)
		return;
	if (s->resource == FC_RESOURCE_NONE && event_num(&e, FIELD_BY_PID) != getpid())
		return;
	s->seen = true;
	s->latency_us = now_us() - facts.time / 1000;
}

/* Of a child; it stays there to be waited for. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static bool wait_until_seen(struct tracer *t, struct sight *s)
{
	struct tracer_events ev = {.record = on_record, .arg = s};
	uint64_t until = now_us() + WAIT_MS * 1000;
	bool ended = false;

	while (!s->seen && now_us() < until) {
		struct pollfd p = {.fd = tracer_fd(t), .events = POLLIN};

		poll(&p, 1, 20);
		tracer_consume(t, &ev);
		if (!ended && has_ended(s->pid)) {
			ended = true;
			until = now_us() + AFTER_EXIT_MS * 1000;
		}
	}
	return s->seen;
}

static pid_t start_child(const struct provocation *p)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(p->child());
	return pid;
}

/* The child stopped itself; it goes on in its cgroup. */
static bool release_into(const struct own_cgroup *g, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return false;
	return enter_cgroup(g, pid);
}

static void run_one(struct tracer *t, const struct provocation *p, bool v1, struct selftest *ret)
{
	struct sight s = {.resource = p->resource};
	struct own_cgroup g = {""};
	bool memory = p->child == exceed_memory, killed = p->child == be_killed;
	int status = 0;

	ret->result = SELFTEST_NOT_POSSIBLE;
	if (tracer_plan(t)->hook[p->hook].backend == FC_BACKEND_NONE) {
		snprintf(ret->why, sizeof(ret->why), "%s",
			 tracer_plan(t)->hook[p->hook].left_out ? tracer_plan(t)->hook[p->hook].why
								: "its hook is missing");
		return;
	}
	if (memory && !make_cgroup(&g, v1)) {
		snprintf(ret->why, sizeof(ret->why),
			 "no cgroup with a memory limit could be made: %s%s", strerror(errno),
			 errno == ENOENT && !v1 ? " (cgroup.subtree_control has no memory)" : "");
		remove_cgroup(&g);
		return;
	}
	s.pid = start_child(p);
	if (s.pid > 0 && memory) {
		if (!release_into(&g, s.pid))
			kill(s.pid, SIGKILL);
		kill(s.pid, SIGCONT);
	}
	if (s.pid > 0 && killed)
		kill(s.pid, SIGKILL);
	if (s.pid > 0 && wait_until_seen(t, &s)) {
		ret->result = SELFTEST_SEEN;
		ret->latency_us = s.latency_us;
	}
	if (s.pid > 0 && waitpid(s.pid, &status, ret->result == SELFTEST_SEEN ? 0 : WNOHANG) == 0) {
		kill(s.pid, SIGKILL);
		waitpid(s.pid, &status, 0);
		status = IMPOSSIBLE << 8;
	}
	remove_cgroup(&g);
	if (ret->result == SELFTEST_SEEN)
		return;
	if (memory || killed ? WIFSIGNALED(status)
			     : WIFEXITED(status) && WEXITSTATUS(status) == PROVOKED)
		ret->result = SELFTEST_NOT_SEEN;
	else
		snprintf(ret->why, sizeof(ret->why), "the failure could not be provoked here");
}

/* A program that is skipped while a preempted task is inside it: kernel-hooks.md, v. */
static bool may_miss(const struct tracer *t, const struct kernel_facts *k, enum fc_hook h)
{
	return k->may_preempt && tracer_plan(t)->hook[h].backend != FC_BACKEND_KPROBE;
}

unsigned int selftest_run(struct tracer *t, const struct kernel_facts *k,
			  struct selftest ret[SELFTEST_MAX])
{
	unsigned int n = 0;

	for (const struct provocation *p = provocations;
	     p < provocations + ARRAY_SIZE(provocations); p++) {
		unsigned int tries = may_miss(t, k, p->hook) ? TRIES : 1;
		struct selftest *row = &ret[n++];

		*row = (struct selftest){.name = p->name, .hook = p->hook, .resource = p->resource};
		do {
			row->tries++;
			run_one(t, p, k->memory_is_v1, row);
		} while (row->result == SELFTEST_NOT_SEEN && row->tries < tries);
	}
	return n;
}
