// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gets itself refused and killed, in every way that failcnt reports, and prints the truth about
 * it: one line of JSON that tests compare with what failcnt saw.
 *
 * One small function provokes one failure. Each works with limits, namespaces and cgroups of its
 * own, and hurts nobody else; those that need a limit of the whole host run only in a virtual
 * machine. Exit status: 0 provoked; 1 it did not happen; 2 usage; 77 it cannot happen here.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct provocation *const tables[] = {
	file_provocations,      ipc_provocations,    mq_provocations,     oom_provocations,
	task_provocations,      pid_provocations,    user_provocations,   object_provocations,
	memory_provocations,    signal_provocations, space_provocations,  net_provocations,
	commit_provocations,    locked_provocations, huge_provocations,   charge_provocations,
	namespace_provocations, key_provocations,    socket_provocations, host_file_provocations,
	kill_provocations,      quota_provocations,  ballot_provocations, death_provocations,
	ends_provocations,      live_provocations,   fault_provocations,  led_provocations,
	oomd_provocations,      bus_provocations,    hang_provocations,   writeback_provocations,
	stall_provocations,     holder_provocations, edge_provocations,   variant_provocations,
	trace_provocations,
};

static const char *what = "provoke";

void truth(pid_t pid, long n, const char *format, ...)
{
	va_list args;

	printf("{\"what\":\"%s\",\"pid\":%d,\"n\":%ld,", what, pid, n);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	puts("}");
	fflush(stdout);
}

void prove(bool (*again)(void))
{
	const char *dir = getenv("FAILCNT_PROVE");
	char path[256];

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/waits", dir);
	mkdir(path, 0755); /* which takes no descriptor */
	snprintf(path, sizeof(path), "%s/go", dir);
	for (int i = 0; i < 600; i++) {
		struct stat st;

		if (stat(path, &st) == 0) {
			printf("{\"what\":\"%s\",\"proved\":%s}\n", what,
			       again() ? "true" : "false");
			fflush(stdout);
			return;
		}
		usleep(50000);
	}
	printf("{\"what\":\"%s\",\"proved\":null}\n", what);
}

struct attempt {
	gate refused, again, tried;
	int err, err_again;
	pid_t pid;
};
static struct attempt *proved;

struct attempt *attempt_make(void)
{
	return shared(sizeof(struct attempt));
}

_Noreturn void attempt_refused(struct attempt *a, int err, int (*again)(void))
{
	a->err = err;
	if (!getenv("FAILCNT_PROVE"))
		_exit(0);
	gate_open(&a->refused);
	gate_wait(&a->again);
	a->err_again = again();
	gate_open(&a->tried);
	for (;;)
		pause();
}

int attempt_wait(struct attempt *a, pid_t pid, int *ret_err)
{
	int status = 0;

	if (getenv("FAILCNT_PROVE")) {
		while (!__atomic_load_n(&a->refused, __ATOMIC_ACQUIRE)) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				break;
			usleep(1000);
		}
		a->pid = status ? 0 : pid;
	} else {
		status = reap(pid);
	}
	*ret_err = a->err;
	return status;
}

static bool child_again(void)
{
	gate_open(&proved->again);
	for (int i = 0; i < 10000 && !proved->tried; i++) {
		usleep(1000);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	return proved->tried && proved->err_again == 0;
}

void prove_child(struct attempt *a)
{
	if (!a->pid)
		return;
	proved = a;
	prove(child_again);
	kill(a->pid, SIGKILL);
	reap(a->pid);
}

_Noreturn void skip(const char *format, ...)
{
	va_list args;

	printf("{\"what\":\"%s\",\"skip\":\"", what);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	puts("\"}");
	exit(77);
}

_Noreturn void fail(const char *of)
{
	fprintf(stderr, "provoke %s: %s: %s\n", what, of, strerror(errno));
	exit(1);
}

void need_vm(void)
{
	const char *vm = getenv("FAILCNT_IN_VM");

	if (!vm || strcmp(vm, "1"))
		skip("touches the whole host: only with FAILCNT_IN_VM=1");
}

long number(int argc, char **argv, int i, long otherwise)
{
	char *end;
	long n;

	if (i >= argc)
		return otherwise;
	n = strtol(argv[i], &end, 10);
	if (end == argv[i] || *end || n < 1) {
		fprintf(stderr, "provoke %s: %s: not a positive number\n", what, argv[i]);
		exit(2);
	}
	return n;
}

/* What to undo: write `value`, or remove the directory where there is none. */
static struct undo {
	char path[512], value[128];
} undos[16];
static int n_undos;
static pid_t owner;

static struct undo *new_undo(const char *path)
{
	if (n_undos == ARRAY_SIZE(undos)) {
		errno = ENOSPC;
		fail(path);
	}
	snprintf(undos[n_undos].path, sizeof(undos[0].path), "%s", path);
	undos[n_undos].value[0] = '\0';
	return &undos[n_undos++];
}

/* A cgroup of ours has nobody in it but our children, whom a skip or a failure leaves behind. */
static void kill_members(const char *cgroup)
{
	char path[sizeof(undos[0].path) + 16];
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(f);
}

static void undo_all(void)
{
	if (getpid() != owner)
		return;
	/* The table may be full, and undoing takes a descriptor. */
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	signal(SIGTERM, SIG_IGN);
	while (n_undos) {
		const struct undo *u = &undos[--n_undos];

		if (u->value[0]) {
			write_file(u->path, "%s", u->value);
			continue;
		}
		/* The kernel lets go of a dead process a moment after it is reaped; and one may
		 * join only now. */
		for (int i = 0; rmdir(u->path) && errno == EBUSY && i < 300; i++) {
			kill_members(u->path);
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			usleep(10000);
		}
	}
}

int write_file(const char *path, const char *format, ...)
{
	char text[128];
	va_list args;
	int fd, len, err = 0;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		err = -errno;
	close(fd);
	return err;
}

void write_until_exit(const char *path, const char *value)
{
	char before[sizeof(undos[0].value)];
	int err;

	read_line(path, before, sizeof(before));
	snprintf(new_undo(path)->value, sizeof(before), "%s", before);
	err = write_file(path, "%s", value);
	if (err)
		skip("%s: %s", path, strerror(-err));
}

void mkdir_until_exit(const char *path)
{
	if (mkdir(path, 0755))
		skip("%s: %s", path, strerror(errno));
	new_undo(path);
}

void read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");

	line[0] = '\0';
	if (f && fgets(line, size, f))
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
}

long read_number(const char *path, const char *key)
{
	char line[256];
	long n = -1;
	FILE *f = fopen(path, "re");
	size_t len = key ? strlen(key) : 0;

	while (f && n < 0 && fgets(line, sizeof(line), f)) {
		const char *at = key ? strstr(line, key) : line;

		if (at && (!key || at[len] == ' ' || at[len] == ':'))
			sscanf(at + len, key ? "%*[ :]%ld" : "%ld", &n);
	}
	if (f)
		fclose(f);
	return n;
}

pid_t spawn(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
	}
	return pid;
}

int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return status;
}

void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

gate *gate_make(void)
{
	return shared(sizeof(gate));
}

void gate_wait(gate *g)
{
	while (!__atomic_load_n(g, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, g, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void gate_open(gate *g)
{
	__atomic_store_n(g, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, g, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* exit is not for signal handlers; here nothing else runs that it could disturb for long. */
static void on_signal(int sig)
{
	exit(128 + sig);
}

static int list(void)
{
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct provocation *p = tables[t]; p->name; p++)
			printf("%-20s %s\n", p->name, p->help);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: provoke LIST | NAME [ARGUMENT...]\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "LIST"))
		return list();
	what = argv[1];
	owner = getpid();
	atexit(undo_all);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct provocation *p = tables[t]; p->name; p++)
			if (!strcmp(p->name, what))
				return p->run(argc - 2, argv + 2);
	fprintf(stderr, "provoke: %s: no such failure (provoke LIST names them)\n", what);
	return 2;
}
