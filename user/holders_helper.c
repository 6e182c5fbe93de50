// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_helper.c - the process that looks for holders: takes one question at
 * a time, answers it, and goes when the other end of its socket does.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "holders_iter.h"
#include "holders_ns.h"
#include "holders_priv.h"
#include "holders_watch.h"

struct helper {
	int proc, own_ipc, own_net, makers;
	bool live;                 /* of this machine, not of a directory */
	bool tried;                /* whether the kernel's iterators can be had */
	bool entered, entered_net; /* it is in another namespace: IPC, network */
	struct holders_ask ask;
	struct holders_found found;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + (uint64_t)ts.tv_nsec / 1000000;
}

/* A namespace of a process, where it is the one that is asked for (inode; 0: any); -1. */
static int open_ns(const struct helper *h, const char *pid, const char *kind, uint32_t inode)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "%.20s/ns/%s", pid, kind);
	fd = openat(h->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || (inode && st.st_ino != inode))
		return -1;
	return util_take_fd(&fd);
}

/* The process may have gone; another one in its namespace serves as well. */
static int find_ns(const struct helper *h, int64_t pid, const char *kind, uint32_t inode)
{
	char name[24];
	const struct dirent *e;
	DIR *d = NULL;
	int fd, found;

	snprintf(name, sizeof(name), "%lld", (long long)pid);
	found = open_ns(h, name, kind, inode);
	if (found >= 0 || !inode)
		return found;
	fd = openat(h->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		d = fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	while (d && found < 0 && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			found = open_ns(h, e->d_name, kind, inode);
	if (d)
		closedir(d);
	return found;
}

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_ino == sb.st_ino &&
	       sa.st_dev == sb.st_dev;
}

static int enter_ns(const struct helper *h, int64_t pid, const char *kind, uint32_t inode, int own,
		    int type, bool *entered)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (fstat(own, &st) == 0 && inode && st.st_ino == inode)
		return 0;
	fd = find_ns(h, pid, kind, inode);
	if (fd < 0)
		return -ESRCH;
	if (same_file(fd, own)) /* nobody needs a privilege to stay */
		return 0;
	if (setns(fd, type) < 0)
		return -errno;
	*entered = true;
	return 0;
}

static int enter_ipc(void *arg, int64_t pid)
{
	struct helper *h = arg;

	return enter_ns(h, pid, "ipc", h->ask.ipc_ns, h->own_ipc, CLONE_NEWIPC, &h->entered);
}

static int enter_net(void *arg, int64_t pid)
{
	struct helper *h = arg;

	if (!h->ask.net_ns && pid <= 0) /* nobody's: of the first one then */
		return 0;
	return enter_ns(h, pid, "net", h->ask.net_ns, h->own_net, CLONE_NEWNET, &h->entered_net);
}

static bool is_late(uint64_t deadline_ms)
{
	return deadline_ms && now_ms() >= deadline_ms;
}

/* The answers in one buffer; 1: that was the last. */
static int take_answers(char *buf, size_t n, int (*cb)(void *arg, const struct nlmsghdr *m),
			void *cb_arg)
{
	for (const struct nlmsghdr *m = (void *)buf; NLMSG_OK(m, n); m = NLMSG_NEXT(m, n)) {
		int r;

		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (m->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(m))->error ?: -EIO;
		r = cb(cb_arg, m);
		if (r)
			return r < 0 ? r : 1;
	}
	return 0;
}

static int dump(void *arg _unused_, int protocol, struct nlmsghdr *request, uint64_t deadline_ms,
		int (*cb)(void *arg, const struct nlmsghdr *m), void *cb_arg)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	char buf[65536] __attribute__((aligned(8)));
	struct timeval wait = {.tv_sec = 1};
	int r = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	while (!r) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n < 0)
			return errno == EAGAIN ? -ETIME : -errno;
		r = take_answers(buf, (size_t)n, cb, cb_arg);
		if (!r && is_late(deadline_ms))
			return -ETIME;
	}
	return r < 0 ? r : 0;
}

static int64_t sem_pid(void *arg _unused_, int64_t id, unsigned int number)
{
	int pid = semctl((int)id, (int)number, GETPID);

	return pid < 0 ? -errno : pid;
}

static bool sem_maker(void *arg, uint64_t ipc_ns, int64_t id, struct sem_maker *ret)
{
	const struct helper *h = arg;

	return makers_find(h->makers, (uint32_t)ipc_ns, id, ret);
}

/* Back to its own namespace; one that cannot go back would answer for the wrong one. */
static void leave(struct helper *h)
{
	if ((h->entered && setns(h->own_ipc, CLONE_NEWIPC) < 0) ||
	    (h->entered_net && setns(h->own_net, CLONE_NEWNET) < 0))
		_exit(1);
	h->entered = h->entered_net = false;
}

/*
 * Their programs take the kernel some 50 ms to load, and memory as long as they are: not before a
 * question that is about more than one process. For one alone /proc is as good.
 */
static void want_iterators(struct helper *h, struct holders_env *env)
{
	char key[HOLDERS_KEY], program[HOLDERS_KEY], why[HOLDERS_ITER_WHY];

	if (!h->live || h->tried || h->ask.self_only)
		return;
	holders_owner(&h->ask, key, program);
	if (program[0])
		return;
	h->tried = true;
	holders_iter_open(&env->iter, why); /* else /proc is walked */
}

static void serve(int fd, const char *root, uint64_t page_size)
{
	static struct helper h;
	const struct counter_options co = {.root = root};
	struct holders_env env = {.page_size = page_size, .arg = &h};
	bool live = !root || util_streq(root, "/");
	char proc[4096];

	h.live = live;
	snprintf(proc, sizeof(proc), "%s/proc", live ? "" : root);
	h.proc = env.proc = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	h.own_ipc = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	h.own_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (live && h.own_ipc >= 0) {
		env.enter_ipc = enter_ipc;
		env.sem_pid = sem_pid;
		env.sem_maker = sem_maker;
	}
	if (live) {
		env.user_levels = ns_user_levels;
		env.in_pid_ns = ns_in_pid_ns;
	}
	if (live && h.own_net >= 0) {
		env.enter_net = enter_net;
		env.dump = dump;
	}
	counters_open(&env.counters,
		      &co); /* without them the directories of cgroups are not read */
	while (recv(fd, &h.ask, sizeof(h.ask), 0) == sizeof(h.ask)) {
		int r;

		want_iterators(&h, &env);
		env.deadline_ms = now_ms() + HOLDERS_DEADLINE_MS;
		h.makers = makers_open(h.ask.makers);
		r = holders_gather(&env, &h.ask, &h.found);
		if (h.makers >= 0)
			close(h.makers);
		leave(&h);
		h.found.status = r;
		/* What could not be found out is not half told. */
		if (r < 0) {
			h.found.n = 0;
			h.found.total = 0;
			h.found.incomplete = false;
			h.found.says[0] = h.found.fix[0] = '\0';
		}
		if (send(fd, &h.found, sizeof(h.found), 0) != sizeof(h.found))
			break;
	}
}

/* Nothing of the parent's but the socket: its programs, maps and outputs end with it. */
static int keep_only(int fd)
{
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; i < 3; i++)
		if (null < 0 || dup2(null, i) < 0)
			return -errno;
	if (dup2(fd, 3) < 0)
		return -errno;
	if (syscall(SYS_close_range, 4U, ~0U, 0U) < 0)
		for (int i = 4; i < 4096; i++)
			close(i);
	return 3;
}

static void no_oom(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "-1000", 5) != 5)
		return; /* not allowed: then it dies like others, and is started anew */
}

static void end_now(int sig _unused_)
{
	_exit(0);
}

/*
 * It ends by itself when it is told to, for a death by a signal is a kill, which another failcnt
 * would tell of. The caller may have blocked the signal.
 */
static void end_quietly(void)
{
	struct sigaction end = {.sa_handler = end_now};
	sigset_t set;

	sigaction(SIGTERM, &end, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

int holders_helper_start(const char *root, uint64_t page_size, int *ret_fd, pid_t *ret_pid)
{
	int pair[2], size = 1 << 20;
	pid_t parent = getpid(), pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pid = fork();
	if (pid < 0) {
		int err = errno;

		close(pair[0]);
		close(pair[1]);
		return -err;
	}
	if (pid == 0) {
		int fd;

		end_quietly();
		prctl(PR_SET_NAME, "failcnt-holders");
		fd = getppid() == parent ? keep_only(pair[1]) : -1;
		if (fd >= 0) {
			no_oom();
			setpriority(PRIO_PROCESS, 0, 5);
			serve(fd, root, page_size);
		}
		_exit(0);
	}
	close(pair[1]);
	*ret_fd = pair[0];
	*ret_pid = pid;
	return 0;
}
