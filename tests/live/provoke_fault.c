// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deaths by what a process does itself: faults, resource limits, seccomp, its own timers. The
 * witness is the wait status. Ends that are no death of this kind are in provoke_live.c.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provoke_death.h"

static volatile unsigned long wrong; /* 0, which the compiler cannot know */
static unsigned long *where;         /* shared: where in its file the child will fault */

/* Offset in its file of what is mapped at addr. */
static unsigned long offset_of(unsigned long addr)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long from, to, offset;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %*s %lx", &from, &to, &offset) == 3 && addr >= from &&
		    addr < to)
			return addr - from + offset;
	}
	return 0;
}

static int run_child(void (*child)(void), int sig, const char *dies)
{
	struct rlimit none = {0, 0};
	pid_t pid;

	where = shared(sizeof(*where));
	pid = spawn();
	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		child();
		_exit(0);
	}
	must_die(reap(pid), sig);
	if (*where)
		truth(pid, 1,
		      "\"dies\":{%s,\"by_pid\":null,\"map_object\":{\"re\":\"provoke\"},"
		      "\"map_offset\":\"0x%lx\"}",
		      dies, *where);
	else
		truth(pid, 1, "\"dies\":{%s,\"by_pid\":null}", dies);
	return 0;
}

#define DEATH(name, child, sig, dies)               \
	static int name(int argc, char **argv)      \
	{                                           \
		(void)argc, (void)argv;             \
		return run_child(child, sig, dies); \
	}

#ifdef __x86_64__
static void null_pointer(void)
{
	unsigned long at;

	__asm__ volatile("lea 2f(%%rip), %0" : "=r"(at));
	*where = offset_of(at);
	__asm__ volatile("xor %%eax, %%eax\n2: movl $1, 16(%%rax)" : : : "rax", "memory");
}

static void general_protection(void)
{
	__asm__ volatile("movabs $0x1234567812345678, %%rax\n movl $1, (%%rax)"
			 :
			 :
			 : "rax", "memory");
}

static void divide(void)
{
	__asm__ volatile("xor %%ecx, %%ecx\n xor %%edx, %%edx\n mov $1, %%eax\n div %%ecx"
			 :
			 :
			 : "rax", "rcx", "rdx");
}

static void illegal(void)
{
	__asm__ volatile("ud2");
}

static void trap(void)
{
	__asm__ volatile("int3");
}
#else
static void null_pointer(void)
{
	*(volatile int *)16 = 1;
}
static void illegal(void)
{
	__builtin_trap();
}
#endif

static void read_only(void)
{
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)p = 1;
}

void *waits(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void *faults(void *unused)
{
	(void)unused;
	*(volatile int *)(wrong + 32) = 1;
	return NULL;
}

static void thread_faults(void)
{
	pthread_t id;

	for (int i = 0; i < 20; i++)
		pthread_create(&id, NULL, waits, NULL);
	pthread_create(&id, NULL, faults, NULL);
	for (;;)
		pause();
}

static int recurse(int n)
{
	volatile char room[4096];

	room[0] = n;
	return n < 0 ? 0 : recurse(n + 1) + room[0];
}

static void stack(void)
{
	struct rlimit small = {256 << 10, 256 << 10};

	setrlimit(RLIMIT_STACK, &small);
	recurse(0);
}

static char *map_file(const char *path, size_t size, int *ret_fd)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char *p;

	if (fd < 0 || ftruncate(fd, size))
		_exit(1);
	unlink(path);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		_exit(1);
	*ret_fd = fd;
	return p;
}

static void truncated(void)
{
	char path[64];
	char *p;
	int fd;

	snprintf(path, sizeof(path), "/tmp/failcnt-provoke-%d", getpid());
	p = map_file(path, 8192, &fd);
	if (ftruncate(fd, 100))
		_exit(1);
	*(volatile char *)(p + 4096) = 1;
}

/* A file of 1 MiB on a file system of 64 KiB. */
static void full(void)
{
	char *p;
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("failcnt", "/tmp", "tmpfs", 0, "size=64k"))
		_exit(77);
	p = map_file("/tmp/full", MIB, &fd);
	for (size_t at = 0; at < MIB; at += 4096)
		*(volatile char *)(p + at) = 1;
}

static void own_abort(void)
{
	abort();
}

static void raised(void)
{
	raise(SIGSEGV);
}

static void broken_pipe(void)
{
	int fds[2];

	if (pipe(fds))
		_exit(1);
	close(fds[0]);
	signal(SIGPIPE, SIG_DFL);
	if (write(fds[1], "x", 1) == 1)
		_exit(1);
}

static void wait_for_alarm(void)
{
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};

	setitimer(ITIMER_REAL, &soon, NULL);
	for (;;)
		pause();
}

static void wait_for_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	struct itimerspec soon = {.it_value = {.tv_nsec = 20000000}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &soon, NULL))
		_exit(1);
	for (;;)
		pause();
}

static void burn(void)
{
	struct rlimit cpu = {1, 5};

	setrlimit(RLIMIT_CPU, &cpu);
	for (;;)
		;
}

static void too_large(void)
{
	struct rlimit size = {4096, 4096};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/failcnt-provoke-%d", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	unlink(path);
	setrlimit(RLIMIT_FSIZE, &size);
	signal(SIGXFSZ, SIG_DFL);
	if (lseek(fd, 4096, SEEK_SET) < 0 || write(fd, "x", 1) == 1)
		_exit(1);
}

static void forbid_getppid(unsigned int action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the number of the call */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}

static void seccomp_process(void)
{
	forbid_getppid(SECCOMP_RET_KILL_PROCESS);
	syscall(SYS_getppid);
}

static void seccomp_thread(void)
{
	forbid_getppid(SECCOMP_RET_KILL_THREAD);
	syscall(SYS_getppid);
}

static void seccomp_strict(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		_exit(1);
	syscall(SYS_getppid);
}

#define FAULT(signal, code) "\"cause\":\"fault\",\"signal\":\"" signal "\",\"si_code\":" code

DEATH(die_null, null_pointer, SIGSEGV,
      FAULT("SIGSEGV", "1") ",\"fault_addr\":\"0x10\",\"says\":{\"re\":\"null pointer\"}")
DEATH(die_access, read_only, SIGSEGV,
      FAULT("SIGSEGV", "2") ",\"says\":{\"re\":\"may not use the memory\"}")
DEATH(die_thread, thread_faults, SIGSEGV, FAULT("SIGSEGV", "1") ",\"fault_addr\":\"0x20\"")
DEATH(die_stack, stack, SIGSEGV,
      FAULT("SIGSEGV", "1") ",\"says\":{\"re\":\"stack had to grow.*RLIMIT_STACK\"}")
DEATH(die_truncated, truncated, SIGBUS,
      FAULT("SIGBUS", "2") ",\"says\":{\"re\":\"shorter .100 bytes. .*truncated\"}")
DEATH(die_abort, own_abort, SIGABRT,
      "\"cause\":\"fault\",\"signal\":\"SIGABRT\",\"says\":{\"re\":\"abort\"}")
DEATH(die_raised, raised, SIGSEGV, "\"cause\":\"fault\",\"signal\":\"SIGSEGV\",\"fault_addr\":null")
DEATH(die_illegal, illegal, SIGILL, FAULT("SIGILL", "2"))
DEATH(die_pipe, broken_pipe, SIGPIPE,
      "\"cause\":\"signal\",\"signal\":\"SIGPIPE\",\"requested_by\":null")
DEATH(die_alarm, wait_for_alarm, SIGALRM,
      "\"cause\":\"signal\",\"signal\":\"SIGALRM\",\"requested_by\":null")
DEATH(die_timer, wait_for_timer, SIGUSR2,
      "\"cause\":\"signal\",\"signal\":\"SIGUSR2\",\"requested_by\":null,"
      "\"says\":{\"re\":\"timer\"}")
DEATH(die_cpu, burn, SIGXCPU,
      "\"cause\":\"rlimit\",\"signal\":\"SIGXCPU\",\"resource\":\"cpu\",\"limit\":1,"
      "\"limit_name\":\"RLIMIT_CPU\",\"requested_by\":null")
DEATH(die_fsize, too_large, SIGXFSZ,
      "\"cause\":\"rlimit\",\"signal\":\"SIGXFSZ\",\"resource\":\"fsize\",\"limit\":4096,"
      "\"limit_name\":\"RLIMIT_FSIZE\"")
DEATH(die_seccomp, seccomp_process, SIGSYS,
      "\"cause\":\"seccomp\",\"signal\":\"SIGSYS\",\"requested_by\":null")
DEATH(die_seccomp_thread, seccomp_thread, SIGSYS, "\"cause\":\"seccomp\",\"signal\":\"SIGSYS\"")
DEATH(die_seccomp_strict, seccomp_strict, SIGKILL, "\"cause\":\"seccomp\",\"signal\":\"SIGKILL\"")
#ifdef __x86_64__
DEATH(die_gp, general_protection, SIGSEGV,
      FAULT("SIGSEGV", "128") ",\"fault_addr\":null,\"map_object\":{\"re\":\"provoke\"}")
DEATH(die_divide, divide, SIGFPE, FAULT("SIGFPE", "1") ",\"says\":{\"re\":\"divided by zero\"}")
DEATH(die_trap, trap, SIGTRAP, "\"cause\":\"fault\",\"signal\":\"SIGTRAP\"")
#endif

static int die_full(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (geteuid())
		skip("mounting a tmpfs needs root");
	return run_child(
		full, SIGBUS,
		FAULT("SIGBUS", "2") ",\"says\":{\"re\":\"file system of full.* is full\"}");
}

const struct provocation fault_provocations[] = {
	{"die-null", die_null, "SIGSEGV: a null pointer", NULL},
	{"die-access", die_access, "SIGSEGV: a write to what is read-only", NULL},
	{"die-thread", die_thread, "SIGSEGV in one of many threads", NULL},
	{"die-stack", die_stack, "SIGSEGV: the stack limit", NULL},
	{"die-truncated", die_truncated, "SIGBUS: a file shorter than its mapping", NULL},
	{"die-full", die_full, "SIGBUS: a full tmpfs below a mapping", NULL},
	{"die-abort", die_abort, "abort", NULL},
	{"die-raised", die_raised, "raise(SIGSEGV)", NULL},
	{"die-illegal", die_illegal, "SIGILL", NULL},
	{"die-pipe", die_pipe, "SIGPIPE", NULL},
	{"die-alarm", die_alarm, "SIGALRM of its own timer", NULL},
	{"die-timer", die_timer, "a signal of timer_create", NULL},
	{"die-cpu", die_cpu, "SIGXCPU without a handler", NULL},
	{"die-fsize", die_fsize, "SIGXFSZ without a handler", NULL},
	{"die-seccomp", die_seccomp, "SECCOMP_RET_KILL_PROCESS", NULL},
	{"die-seccomp-thread", die_seccomp_thread, "SECCOMP_RET_KILL_THREAD", NULL},
	{"die-seccomp-strict", die_seccomp_strict, "seccomp's strict mode", NULL},
#ifdef __x86_64__
	{"die-gp", die_gp, "SIGSEGV: an impossible address", NULL},
	{"die-divide", die_divide, "SIGFPE", NULL},
	{"die-trap", die_trap, "SIGTRAP", NULL},
#endif
	{0},
};
