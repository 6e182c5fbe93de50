// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of descriptors and files by the limits of the whole host: only in a virtual machine.
 */
#define _GNU_SOURCE
#include "provoke_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The table has room for 128 at first step; the limit is asked when it must grow beyond. */
static int nr_open(int argc, char **argv)
{
	const int limit = 128;

	(void)argc, (void)argv;
	need_vm();
	limit_files(4 * limit);
	write_until_exit("/proc/sys/fs/nr_open", "128");
	open_null();
	for (int fd = null_fd; fd < limit - 1;) {
		fd = dup(null_fd);
		if (fd < 0)
			fail("dup before the limit");
	}
	refused_file(dup(null_fd), EMFILE, limit,
		     ",\"syscall\":\"dup\",\"limit_name\":\"fs.nr_open\"");
	prove(one_file_more);
	return 0;
}

/* Opens files until refused, as nobody, keeps them, and tries again at the second gate. */
struct opener {
	gate refused, again, tried;
	bool once; /* no second attempt */
	long times;
	int err, err_again;
};
static struct opener *opener;

static _Noreturn void open_until_refused(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(1);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	opener->err = errno;
	/* Others close files meanwhile: then one more is opened, and that is no refusal. */
	for (long i = 1; i < opener->times && opener->err == ENFILE;) {
		if (open("/dev/null", O_RDONLY) >= 0)
			continue;
		opener->err = errno;
		i++;
	}
	gate_open(&opener->refused);
	gate_wait(&opener->again);
	if (opener->once)
		_exit(0);
	opener->err_again = open("/dev/null", O_RDONLY) < 0 ? errno : 0;
	gate_open(&opener->tried);
	_exit(0);
}

static bool opener_again(void)
{
	gate_open(&opener->again);
	gate_wait(&opener->tried);
	return opener->err_again == 0;
}

/* Root is exempt: it is the child that is refused. */
static pid_t refuse_files(char value[32], long n)
{
	long used = read_number("/proc/sys/fs/file-nr", NULL);
	pid_t pid;

	need_vm();
	snprintf(value, 32, "%ld", used + 512);
	limit_files(8192);
	write_until_exit("/proc/sys/fs/file-max", value);
	opener = shared(sizeof(*opener));
	opener->times = n;
	pid = spawn();
	if (!pid)
		open_until_refused();
	gate_wait(&opener->refused);
	if (opener->err != ENFILE) {
		errno = opener->err;
		fail("no ENFILE");
	}
	return pid;
}

static void end_opener(pid_t pid)
{
	opener->once = true;
	gate_open(&opener->again);
	reap(pid);
}

/* Others open files all the time, and are preempted in the middle: whoever keeps track of calls
 * that are under way must have room for more than one. */
static pid_t open_and_close(const volatile bool *end)
{
	pid_t pid = spawn();

	if (pid)
		return pid;
	while (!*end)
		close(open("/proc/self/status", O_RDONLY));
	_exit(0);
}

static int file_max_flood(int argc, char **argv)
{
	long n = number(argc, argv, 0, 100000);
	bool *end = shared(sizeof(*end));
	pid_t others[2], pid;
	char value[32];

	need_vm();
	for (int i = 0; i < 2; i++)
		others[i] = open_and_close(end);
	pid = refuse_files(value, n);
	*end = true;
	for (int i = 0; i < 2; i++)
		reap(others[i]);
	truth(pid, n,
	      "\"expect\":{\"resource\":\"file-max\",\"errno\":\"ENFILE\",\"limit\":%s,"
	      "\"uid\":65534,\"limit_name\":\"fs.file-max\"}",
	      value);
	end_opener(pid);
	return 0;
}

static int file_max(int argc, char **argv)
{
	char value[32];
	pid_t pid = refuse_files(value, 1);

	(void)argc, (void)argv;
	truth(pid, 1,
	      "\"errno\":\"ENFILE\",\"limit\":%s,\"uid\":65534,\"syscall\":\"openat\","
	      "\"object\":\"/dev/null\",\"limit_name\":\"fs.file-max\"",
	      value);
	prove(opener_again);
	end_opener(pid);
	return 0;
}

const struct provocation host_file_provocations[] = {
	{"nr-open", nr_open, "VM: dup at fs.nr_open", "nr-open"},
	{"file-max", file_max, "VM: open at fs.file-max", "file-max"},
	{"file-max-flood", file_max_flood, "VM: [N] N opens at fs.file-max", "file-max"},
	{0},
};
