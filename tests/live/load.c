// SPDX-License-Identifier: GPL-2.0-only
/*
 * load.c - refusals that can be counted one by one: each of a new process, which
 * is out of descriptors. Prints, after it happened, a line a refusal: its pid,
 * and CLOCK_REALTIME nanoseconds. Until SIGTERM.
 *   load PER_SECOND
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void refused(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_NOFILE, &none);
	_exit(open("/dev/null", O_RDONLY) < 0 && errno == EMFILE ? 0 : 1);
}

int main(int argc, char **argv)
{
	long rate = argc == 2 ? atol(argv[1]) : 0;
	struct timespec pause = {.tv_nsec = rate > 0 ? 1000000000 / rate - 1 : 0}, now;
	int status;
	pid_t pid;

	if (rate <= 0) {
		fprintf(stderr, "usage: load PER_SECOND\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		pid = fork();
		if (pid == 0)
			refused();
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			return 1;
		clock_gettime(CLOCK_REALTIME, &now);
		printf("%d %lld%09ld\n", pid, (long long)now.tv_sec, now.tv_nsec);
		nanosleep(&pause, NULL);
	}
}
