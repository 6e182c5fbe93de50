// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders_iter.c - loads bpf/holders.bpf.c, reads its iterators, and trusts
 * them only where they say of this process what /proc says.
 */
#include "holders_iter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "holders.skel.h"

#define FIRST_PID_NS 0xEFFFFFFCU /* PROC_PID_INIT_INO: include/linux/proc_ns.h */
#define ALL_KINDS ((1U << FC_FD_KINDS) - 1)

struct holders_iter {
	struct holders_bpf *skel;
	bool one;
};

static bool is_late(uint64_t deadline_ms)
{
	struct timespec ts;

	if (!deadline_ms)
		return false;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000ULL + (uint64_t)ts.tv_nsec / 1000000 >= deadline_ms;
}

typedef int record_fn(void *arg, const void *record);

/* The kernel gives 32 KiB at most for each read(); -EAGAIN: it looked at a million in vain. */
static int read_records(const struct bpf_link *link, size_t size, uint64_t deadline_ms,
			record_fn *cb, void *arg)
{
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(link));
	char buf[32768] __attribute__((aligned(8)));
	size_t n = 0;
	ssize_t r;

	if (fd < 0)
		return -errno;
	while ((r = read(fd, buf + n, sizeof(buf) - n)) > 0 || (r < 0 && errno == EAGAIN)) {
		size_t at = 0;

		n += r > 0 ? (size_t)r : 0;
		for (; n - at >= size; at += size) {
			int stop = cb(arg, buf + at);

			if (stop)
				return stop < 0 ? stop : 0;
		}
		n -= at;
		memmove(buf, buf + at, n);
		if (is_late(deadline_ms))
			return -ETIME;
	}
	return r < 0 ? -errno : n ? -EBADMSG : 0;
}

static int attach(const struct bpf_program *program, uint32_t pid, struct bpf_link **ret)
{
	union bpf_iter_link_info info = {.task = {.pid = pid}};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = pid ? &info : NULL,
		    .link_info_len = pid ? sizeof(info) : 0);
	struct bpf_link *link = bpf_program__attach_iter(program, &opts);

	if (!link)
		return -errno;
	*ret = link;
	return 0;
}

static int run(struct holders_iter *it, const struct bpf_program *program,
	       const struct fc_iter_want *want, uint32_t pid, size_t size, uint64_t deadline_ms,
	       record_fn *cb, void *arg)
{
	struct bpf_link *link = NULL;
	uint32_t zero = 0;
	int r;

	if (bpf_map_update_elem(bpf_map__fd(it->skel->maps.wanted), &zero, want, BPF_ANY) < 0)
		return -errno;
	r = attach(program, pid, &link);
	if (r < 0)
		return r;
	r = read_records(link, size, deadline_ms, cb, arg);
	bpf_link__destroy(link);
	return r;
}

struct typed {
	int (*task)(void *arg, const struct fc_iter_task *t);
	int (*fd)(void *arg, const struct fc_iter_fd *f);
	void *arg;
};

static int on_task(void *arg, const void *record)
{
	const struct typed *t = arg;

	return t->task(t->arg, record);
}

static int on_fd(void *arg, const void *record)
{
	const struct typed *t = arg;

	return t->fd(t->arg, record);
}

int holders_iter_tasks(struct holders_iter *it, const struct fc_iter_want *want,
		       uint64_t deadline_ms, int (*cb)(void *arg, const struct fc_iter_task *t),
		       void *arg)
{
	struct typed t = {.task = cb, .arg = arg};

	return run(it, it->skel->progs.each_task, want, 0, sizeof(struct fc_iter_task), deadline_ms,
		   on_task, &t);
}

int holders_iter_fds(struct holders_iter *it, const struct fc_iter_want *want, int64_t pid,
		     uint64_t deadline_ms, int (*cb)(void *arg, const struct fc_iter_fd *f),
		     void *arg)
{
	struct typed t = {.fd = cb, .arg = arg};
	struct fc_iter_want w = *want;

	if (pid && !it->one)
		return -ENOTSUP;
	w.pid = (uint32_t)pid;
	return run(it, it->skel->progs.each_file, &w, (uint32_t)pid, sizeof(struct fc_iter_fd),
		   deadline_ms, on_fd, &t);
}

bool holders_iter_one(const struct holders_iter *it)
{
	return it && it->one;
}

/* ---- the trial: what it says of this process ---- */

struct own {
	uint32_t pid, kinds[FC_FD_KINDS], fds;
	struct fc_iter_task task;
	bool found;
};

static int on_own_task(void *arg, const struct fc_iter_task *t)
{
	struct own *o = arg;

	if (t->pid == o->pid) {
		o->task = *t;
		o->found = true;
	}
	return 0;
}

static int on_own_fd(void *arg, const struct fc_iter_fd *f)
{
	struct own *o = arg;

	if (f->pid == o->pid && f->kind < FC_FD_KINDS) {
		o->kinds[f->kind]++;
		o->fds++;
	}
	return 0;
}

static unsigned int kind_of_link(const char *link)
{
	size_t n = strlen(link), end = strlen(" (deleted)");

	if (util_after(link, "socket:["))
		return FC_FD_SOCKET;
	if (util_after(link, "pipe:["))
		return FC_FD_PIPE;
	if (util_after(link, "anon_inode:"))
		return FC_FD_ANON;
	if (util_streq(link, "/dev/ptmx") || util_streq(link, "/dev/pts/ptmx"))
		return FC_FD_PTMX;
	return n > end && util_streq(link + n - end, " (deleted)") ? FC_FD_DELETED : FC_FD_FILE;
}

/* Descriptors of this process by kind; the directory that is read is one of them, and stays open.
 */
static int own_links(DIR *d, struct own *o)
{
	const struct dirent *e;
	char link[4096];

	while ((e = readdir(d))) {
		ssize_t n;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
		if (n < 0)
			return -errno;
		link[n] = '\0';
		o->kinds[kind_of_link(link)]++;
		o->fds++;
	}
	return 0;
}

static int differs(char why[HOLDERS_ITER_WHY], const char *what, unsigned long long by_iterator,
		   unsigned long long by_proc)
{
	snprintf(why, HOLDERS_ITER_WHY, "of this process it says %llu %s, and /proc %llu",
		 by_iterator, what, by_proc);
	return -EPROTO;
}

static int compare(const struct own *it, const struct own *proc, char why[HOLDERS_ITER_WHY])
{
	char comm[16] = "";

	prctl(PR_GET_NAME, comm);
	if (!it->found) {
		snprintf(why, HOLDERS_ITER_WHY, "it does not show this process");
		return -EPROTO;
	}
	if (it->task.uid != getuid() || it->task.euid != geteuid())
		return differs(why, "as its user", it->task.uid, getuid());
	if (it->task.ppid != (uint32_t)getppid())
		return differs(why, "as its parent", it->task.ppid, (uint32_t)getppid());
	if (!util_streq(it->task.comm, comm)) {
		snprintf(why, HOLDERS_ITER_WHY, "it calls this process \"%.15s\"", it->task.comm);
		return -EPROTO;
	}
	/* The link and the iterator that is read are two more, both anonymous inodes. */
	if (it->task.has & FC_ITER_FDS && it->task.fds != proc->fds + 2)
		return differs(why, "open files", it->task.fds, proc->fds + 2);
	for (int k = 0; k < FC_FD_KINDS; k++) {
		unsigned int of_proc = proc->kinds[k] + (k == FC_FD_ANON ? 2 : 0);

		if (it->kinds[k] != of_proc)
			return differs(why, "descriptors of one kind", it->kinds[k], of_proc);
	}
	return 0;
}

static int try_own(struct holders_iter *it, char why[HOLDERS_ITER_WHY])
{
	const struct fc_iter_want want = {.kinds = ALL_KINDS};
	struct own by_iterator = {.pid = (uint32_t)getpid()}, by_proc = by_iterator;
	DIR *d = opendir("/proc/self/fd");
	int r;

	r = d ? own_links(d, &by_proc) : -errno;
	if (!d) {
		snprintf(why, HOLDERS_ITER_WHY, "/proc/self/fd: %s", strerror(-r));
		return r;
	}
	if (!r)
		r = holders_iter_tasks(it, &want, 0, on_own_task, &by_iterator);
	it->one = true;
	if (!r)
		r = holders_iter_fds(it, &want, getpid(), 0, on_own_fd, &by_iterator);
	if (r == -E2BIG || r == -EINVAL) { /* kernels that know no parameter for it */
		it->one = false;
		r = holders_iter_fds(it, &want, 0, 0, on_own_fd, &by_iterator);
	}
	closedir(d);
	if (r < 0)
		snprintf(why, HOLDERS_ITER_WHY, "refused when it is created or read: %s",
			 strerror(-r));
	return r < 0 ? r : compare(&by_iterator, &by_proc, why);
}

static bool first_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PID_NS;
}

int holders_iter_open(struct holders_iter **ret, char why[HOLDERS_ITER_WHY])
{
	_cleanup_(holders_iter_closep) struct holders_iter *it = calloc(1, sizeof(*it));
	libbpf_print_fn_t print;
	int r;

	why[0] = '\0';
	if (!it) {
		snprintf(why, HOLDERS_ITER_WHY, "no memory");
		return -ENOMEM;
	}
	if (!first_pid_namespace()) {
		snprintf(why, HOLDERS_ITER_WHY,
			 "not in the first pid namespace: their process numbers are others");
		return -ENOTSUP;
	}
	print = libbpf_set_print(NULL); /* what is refused here is no error */
	it->skel = holders_bpf__open_and_load();
	r = it->skel ? 0 : -errno;
	if (r < 0)
		snprintf(why, HOLDERS_ITER_WHY, "refused at load: %s", strerror(-r));
	else
		r = try_own(it, why);
	libbpf_set_print(print);
	if (r < 0)
		return r;
	*ret = it;
	it = NULL;
	return 0;
}

void holders_iter_close(struct holders_iter *it)
{
	if (!it)
		return;
	holders_bpf__destroy(it->skel);
	free(it);
}
