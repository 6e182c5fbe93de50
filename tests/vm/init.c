// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of a test machine: mount what a Linux host has mounted, run one program, say how it
 * ended, switch off.
 *
 * The program and its arguments are the NUL-terminated strings of /etc/failcnt-run, its extra
 * environment those of /etc/failcnt-env, and the modules to load first are the lines of
 * /etc/modules/order, with their parameters. On the kernel command line, `failcnt.cgroup=v1` gives
 * the layout of an old host: memory, pids and cpuset in version 1, where the kernel still has them,
 * and version 2 without controllers beside them. The default is version 2 alone. With
 * `failcnt.pid1` the program becomes process 1 itself: it then says VM-EXIT, and switches off.
 *
 * The first serial port carries the program's stdout, the second its stderr and what is said
 * here; the last line on the second is `VM-EXIT status=N`, N as a shell has it in $?. Without
 * that line the machine crashed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_ARGS 1024
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct mount_point {
	const char *type, *where, *options;
	bool may_lack;
};

static const struct mount_point devices[] = {
	{.type = "devtmpfs", .where = "/dev"},
};

static const struct mount_point basic[] = {
	{.type = "proc", .where = "/proc"},
	{.type = "sysfs", .where = "/sys"},
	{.type = "devpts", .where = "/dev/pts", .may_lack = true},
	{.type = "tmpfs", .where = "/dev/shm", .options = "mode=1777"},
	{.type = "mqueue", .where = "/dev/mqueue", .may_lack = true},
	{.type = "tmpfs", .where = "/tmp", .options = "mode=1777"},
	{.type = "tmpfs", .where = "/run", .options = "mode=755"},
	{.type = "tracefs", .where = "/sys/kernel/tracing"},
	{.type = "debugfs", .where = "/sys/kernel/debug", .may_lack = true},
	{.type = "securityfs", .where = "/sys/kernel/security", .may_lack = true},
	{.type = "bpf", .where = "/sys/fs/bpf"},
};

static const struct mount_point cgroup2[] = {
	{.type = "cgroup2", .where = "/sys/fs/cgroup"},
};

static const struct mount_point cgroup1[] = {
	{.type = "tmpfs", .where = "/sys/fs/cgroup", .options = "mode=755"},
	{"cgroup", "/sys/fs/cgroup/memory", "memory", true},
	{"cgroup", "/sys/fs/cgroup/pids", "pids", true},
	{"cgroup", "/sys/fs/cgroup/cpuset", "cpuset", true},
	{.type = "cgroup2", .where = "/sys/fs/cgroup/unified"},
};

static void warn_of(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
}

static void mount_all(const struct mount_point *points, size_t n)
{
	for (const struct mount_point *m = points; m < points + n; m++) {
		mkdir(m->where, 0755);
		if (!mount(m->type, m->where, m->type, MS_NOSUID, m->options))
			continue;
		if (m->may_lack)
			rmdir(m->where);
		else
			warn_of(m->where);
	}
}

/* Raw, so that bytes arrive as they were written: no carriage returns. */
static int open_port(const char *path, unsigned int minor)
{
	struct termios t;
	int fd;

	/* devtmpfs may be missing: that too has to be said somewhere. */
	if (access(path, F_OK))
		mknod(path, S_IFCHR | 0600, makedev(4, minor));
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && !tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		cfsetspeed(&t, B115200);
		t.c_cflag |= CLOCAL;
		tcsetattr(fd, TCSANOW, &t);
	}
	return fd;
}

static void open_stdio(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = open_port("/dev/ttyS0", 64), err = open_port("/dev/ttyS1", 65);

	dup2(null, STDIN_FILENO);
	dup2(out >= 0 ? out : null, STDOUT_FILENO);
	dup2(err >= 0 ? err : STDOUT_FILENO, STDERR_FILENO);
	/* Without /dev/console the ports got these very numbers, and dup2 left CLOEXEC on them. */
	for (int fd = 0; fd < 3; fd++)
		fcntl(fd, F_SETFD, 0);
}

static void loopback_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		warn_of("lo");
	close(fd);
}

static void load_modules(void)
{
	char line[128], path[192];
	FILE *order = fopen("/etc/modules/order", "re");

	while (order && fgets(line, sizeof(line), order)) {
		const char *with;
		int fd;

		line[strcspn(line, "\n")] = '\0';
		with = strchr(line, ' ') ? strchr(line, ' ') + 1 : "";
		line[strcspn(line, " ")] = '\0';
		snprintf(path, sizeof(path), "/etc/modules/%s", line);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, with, 0))
			warn_of(path);
		close(fd);
	}
	if (order)
		fclose(order);
}

/* Reads NUL-terminated strings; the vector ends with NULL. */
static int read_strings(const char *path, char **vector, int max)
{
	static char text[2][65536];
	static int used;
	char *at = text[used], *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC), n = 0;
	ssize_t len = fd < 0 ? -1 : read(fd, at, sizeof(text[0]) - 1);

	close(fd);
	used = 1;
	for (end = at + (len > 0 ? len : 0); at < end && n < max - 1; at += strlen(at) + 1)
		vector[n++] = at;
	/* What did not fit would be tests that nobody misses. */
	if (at < end || len == sizeof(text[0]) - 1) {
		fprintf(stderr, "init: %s: more than %d words\n", path, max - 1);
		return 0;
	}
	vector[n] = NULL;
	return n;
}

static bool command_line_has(const char *word)
{
	char text[4096] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[len > 0 ? len : 0] = '\0';
	for (char *w = strtok(text, " \n"); w; w = strtok(NULL, " \n"))
		if (!strcmp(w, word))
			return true;
	return false;
}

static int run_program(void)
{
	static char *argv[MAX_ARGS], *env[MAX_ARGS];
	int status;
	pid_t pid, got;

	if (!read_strings("/etc/failcnt-run", argv, MAX_ARGS)) {
		fputs("init: /etc/failcnt-run names no program\n", stderr);
		return 127;
	}
	read_strings("/etc/failcnt-env", env, MAX_ARGS);
	for (char **e = env; *e; e++)
		putenv(*e);
	pid = command_line_has("failcnt.pid1") ? 0 : fork();
	if (!pid) {
		if (getpid() != 1)
			setsid();
		execvp(argv[0], argv);
		warn_of(argv[0]);
		_exit(127);
	}
	/* Process 1 inherits every orphan: reap them all until ours is among them. */
	do
		got = wait(&status);
	while (got != pid && (got > 0 || errno == EINTR));
	if (got != pid)
		return 126;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(void)
{
	struct rlimit files = {1024, 524288};
	int status;

	mount_all(devices, ARRAY_SIZE(devices));
	open_stdio();
	mount_all(basic, ARRAY_SIZE(basic));
	if (command_line_has("failcnt.cgroup=v1"))
		mount_all(cgroup1, ARRAY_SIZE(cgroup1));
	else
		mount_all(cgroup2, ARRAY_SIZE(cgroup2));
	loopback_up();
	load_modules();
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/tmp", 1);
	setenv("FAILCNT_IN_VM", "1", 1);
	setrlimit(RLIMIT_NOFILE, &files);

	status = run_program();

	/* Let the ports drain: switching off loses what the kernel still buffers for them. */
	fflush(NULL);
	dprintf(STDERR_FILENO, "VM-EXIT status=%d\n", status);
	tcdrain(STDOUT_FILENO);
	tcdrain(STDERR_FILENO);
	sync();
	/* With acpi=off a machine cannot be switched off, but -no-reboot ends it as well. */
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
