// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one OOM decision takes among many processes: N of them that share one address space (so that
 * they fit into a small machine; each is weighed all the same), a victim that is named by its
 * oom_score_adj, and SysRq-f. From the writing of f to the end of the victim, in microseconds.
 * For a virtual machine only: it empties nothing, but it kills.
 *
 *   ballot N ROUNDS
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int sleeper(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		_exit(1);
	}
	close(fd);
}

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000, rounds = argc > 2 ? atol(argv[2]) : 3;
	pid_t *pids = calloc((size_t)n, sizeof(*pids));

	if (!getenv("FAILCNT_IN_VM") || !pids)
		return 77;
	put("/proc/sys/vm/oom_dump_tasks", "0");
	put("/proc/sys/kernel/pid_max", "100000");
	put("/proc/sys/kernel/threads-max", "100000");
	put("/proc/sys/vm/max_map_count", "200000");
	for (long i = 0; i < n; i++) {
		char *stack = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);

		pids[i] = stack == MAP_FAILED
				  ? -1
				  : clone(sleeper, stack + 4096, CLONE_VM | SIGCHLD, NULL);
		if (pids[i] < 0) {
			perror("clone");
			n = i;
		}
	}
	for (long i = 0; i < rounds; i++) {
		pid_t victim = fork();
		long began;

		if (!victim) {
			put("/proc/self/oom_score_adj", "1000");
			for (;;)
				pause();
		}
		usleep(200000);
		began = now_us();
		put("/proc/sysrq-trigger", "f");
		waitpid(victim, NULL, 0);
		printf("%ld tasks: %ld us\n", n, now_us() - began);
		fflush(stdout);
	}
	for (long i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	return 0;
}
