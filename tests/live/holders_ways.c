/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds what, found in both ways: by BPF iterators and by walking /proc. They must say the
 * same of what does not move: processes of this program's own with descriptors of every kind.
 * Prints how long each took, the shortest of some rounds. Linked with the objects of failcnt.
 *
 * usage: holders_ways [PROCESSES DESCRIPTORS]     exit status 77: no iterators here, and why
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "../../user/holders.h"
#include "../../user/holders_iter.h"
#include "../../user/holders_ns.h"

#define ROUNDS 5

static struct holders_env env;
static int64_t one; /* the child that is asked about */
static int children, failed;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void need(int fd)
{
	if (fd < 0)
		die("descriptors of every kind");
}

/* One of each kind that is told apart; then the rest of them pipes. */
static void all_kinds(int n, int number)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);
	int pair[2], s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), u, i;
	char path[] = "/tmp/failcnt-ways.XXXXXX";

	if (s < 0 || bind(s, (void *)&a, size) || listen(s, 8) ||
	    getsockname(s, (void *)&a, &size) || connect(c, (void *)&a, size))
		die("a connection");
	need(accept(s, NULL, NULL));
	need(socket(AF_INET, SOCK_STREAM, 0)); /* in no table */
	u = socket(AF_INET6, SOCK_DGRAM, 0);
	need(u);
	need(socket(AF_INET, SOCK_DGRAM, 0));
	if (bind(u, (void *)&(struct sockaddr_in6){.sin6_family = AF_INET6},
		 sizeof(struct sockaddr_in6)))
		die("bind");
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	u = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	need(u);
	need(bind(u, (void *)&(struct sockaddr_nl){.nl_family = AF_NETLINK},
		  sizeof(struct sockaddr_nl)));
	need(eventfd(0, 0));
	need(epoll_create1(0));
	if (number < 20) { /* a user may have 128 */
		i = inotify_init();
		need(i);
		need(inotify_add_watch(i, "/tmp", IN_CREATE));
		need(inotify_add_watch(i, "/proc", IN_CREATE));
	}
	need(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	i = mkstemp(path);
	need(i);
	need(unlink(path));
	if (write(i, path, sizeof(path)) != sizeof(path))
		die("write");
	need(open("/proc/self/status", O_RDONLY));
	while ((i = open("/dev/null", O_RDONLY)) >= 0 && i < n / 2)
		;
	while (i >= 0 && i < n - 1 && pipe(pair) == 0)
		i = pair[1];
}

static pid_t child(int n, int number, const int up[2])
{
	pid_t pid;

	fflush(stdout);
	pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "ways-child");
	close(up[0]);
	all_kinds(n, number);
	if (write(up[1], "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t gather(const struct holders_ask *ask, struct holders_iter *it,
		       struct holders_found *f)
{
	uint64_t best = UINT64_MAX;

	env.iter = it;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t from = now_us(), took;

		if (holders_gather(&env, ask, f) < 0)
			f->n = 0;
		took = now_us() - from;
		best = took < best ? took : best;
	}
	return best;
}

/* The same holder by pid, kind, object and name (of a connection's two ports either); what the
 * system does beside us may differ. */
static const struct holder *find(const struct holders_found *f, const struct holder *h)
{
	for (unsigned int i = 0; i < f->n; i++) {
		const struct holder *o = &f->holder[i];

		if (o->have == h->have && o->pid == h->pid && o->held == h->held &&
		    o->uid == h->uid && o->count == h->count && !strcmp(o->kind, h->kind) &&
		    (strstr(h->kind, "TCP") || !strcmp(o->object, h->object)) &&
		    !strcmp(o->comm, h->comm))
			return o;
	}
	return NULL;
}

static void print(const char *way, const struct holder *h)
{
	printf("  %s: pid %lld comm \"%s\" kind \"%s\" object \"%s\" uid %lld held %lld count "
	       "%lld\n",
	       way, (long long)h->pid, h->comm, h->kind, h->object, (long long)h->uid,
	       (long long)h->held, (long long)h->count);
}

/* Of the children everything must be the same; of others there is no telling, nor of those that are
 * as large as the smallest that found room. */
static int compare(const char *way, const struct holders_found *a, const struct holders_found *b)
{
	int bad = 0;

	for (unsigned int i = 0; i < a->n; i++)
		if (!strcmp(a->holder[i].comm, "ways-child") && !find(b, &a->holder[i]) &&
		    (b->n < EVENT_HOLDER_MAX || a->holder[i].held > b->holder[b->n - 1].held)) {
			print(way, &a->holder[i]);
			bad++;
		}
	return bad;
}

static void both(const char *resource, const char *measure, struct holders_iter *it)
{
	struct holders_ask ask = {.pid = one, .uid = 0, .limit_uid = 0, .held = -1, .limit = -1};
	static struct holders_found by_proc, by_iter;
	uint64_t proc, iter;
	int bad;

	util_strlcpy(ask.resource, resource, sizeof(ask.resource));
	util_strlcpy(ask.measure, measure, sizeof(ask.measure));
	util_strlcpy(ask.device, "", sizeof(ask.device));
	if (!strcmp(resource, "disk"))
		util_strlcpy(ask.mount, "/tmp", sizeof(ask.mount));
	proc = gather(&ask, NULL, &by_proc);
	iter = gather(&ask, it, &by_iter);
	bad = compare("only /proc", &by_proc, &by_iter) +
	      compare("only iterator", &by_iter, &by_proc);
	if (by_proc.n == 0 || by_iter.n == 0)
		bad++;
	printf("%s %-18s /proc %7llu us, iterator %7llu us, %u holders\n", bad ? "FAIL" : "ok",
	       resource, (unsigned long long)proc, (unsigned long long)iter, by_iter.n);
	failed += bad > 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *resource, *measure;
	} all[] = {{"nofile", "files"},
		   {"file-max", "files"},
		   {"inotify-instances", "instances"},
		   {"inotify-watches", "watches"},
		   {"epoll-watches", "watches"},
		   {"pty", "ptys"},
		   {"disk", "bytes"},
		   {"nproc", "tasks"},
		   {"threads-max", "tasks"},
		   {"memory", "bytes"},
		   {"commit", "pages"}};
	int n = argc > 2 ? atoi(argv[1]) : 20, fds = argc > 2 ? atoi(argv[2]) : 100, up[2];
	char why[HOLDERS_ITER_WHY], c;
	struct holders_iter *it;
	uint64_t from = now_us();

	if (holders_iter_open(&it, why) < 0) {
		printf("no iterators: %s\n", why);
		return 77;
	}
	printf("loaded and tried in %llu us; one process alone: %s\n",
	       (unsigned long long)(now_us() - from), holders_iter_one(it) ? "yes" : "no");
	env = (struct holders_env){.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				   .page_size = 4096,
				   .user_levels = ns_user_levels,
				   .in_pid_ns = ns_in_pid_ns};
	if (pipe(up))
		die("pipe");
	for (int i = 0; i < n; i++) {
		pid_t pid = child(fds - (i > 0), i, up);

		if (i == 0)
			one = pid;
		children++;
	}
	close(up[1]);
	for (int i = 0; i < n; i++)
		if (read(up[0], &c, 1) != 1)
			die("read");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		both(all[i].resource, all[i].measure, it);
	holders_iter_close(it);
	return failed ? 1 : 0;
}
