// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals of memory that are not for lack of it: address space, data, number of maps; and the
 * same errnos where no limit was reached. Stack and overcommit: provoke_commit.c.
 */
#define _GNU_SOURCE
#include "provoke.h"
#include "provoke_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing may be allocated at the limit but what is to be refused: the output has its buffer. */
static char output[8192], text[65536];

long in_file(const char *path, const char *key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;

	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

long size_of(const char *key)
{
	return in_file("/proc/self/status", key) * 1024;
}

void limit_to(int which, long soft)
{
	struct rlimit r = {soft, RLIM_INFINITY};

	setvbuf(stdout, output, _IOFBF, sizeof(output));
	if (setrlimit(which, &r))
		fail("setrlimit");
}

void must_be(bool refused, int err)
{
	if (!refused || errno != err)
		fail("not refused");
}

static void told(const char *resource, const char *name, const char *call, long held, long limit,
		 long asked, const char *more)
{
	truth(getpid(), 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"%s\",\"limit_name\":\"%s\","
	      "\"measure\":\"bytes\",\"errno\":\"ENOMEM\",\"syscall\":\"%s\",\"held\":%ld,"
	      "\"limit\":%ld,\"asked\":%ld}%s",
	      resource, name, call, held, limit, asked, more);
}

/* ---- what is refused ---------------------------------------------------- */

static char *map;

static bool maps_big(void)
{
	return mmap(NULL, BIG, RW, PRIVATE, -1, 0) != MAP_FAILED;
}

static bool grows_map(void)
{
	return mremap(map, MIB, BIG + MIB, MREMAP_MAYMOVE) != MAP_FAILED;
}

static bool grows_heap(void)
{
	long now = syscall(SYS_brk, 0);

	errno = ENOMEM; /* brk(2) leaves that to the C library */
	return syscall(SYS_brk, now + BIG) == now + BIG;
}

static bool writes_map(void)
{
	return mprotect(map, BIG, RW) == 0;
}

static int segment;

static bool attaches(void)
{
	return shmat(segment, NULL, 0) != (void *)-1;
}

/* ---- as, data ----------------------------------------------------------- */

static int at_limit(int which, const char *call, bool (*refused)(void), const char *more)
{
	bool as = which == RLIMIT_AS;
	long held = size_of(as ? "VmSize:" : "VmData:"), limit = held + MIB;

	limit_to(which, limit);
	must_be(!refused(), ENOMEM);
	told(as ? "as" : "data", as ? "RLIMIT_AS" : "RLIMIT_DATA", call, held, limit, BIG, more);
	prove(refused);
	return 0;
}

static int as_mmap(int argc, char **argv)
{
	(void)argc, (void)argv;
	return at_limit(RLIMIT_AS, "mmap", maps_big, "");
}

static int as_brk(int argc, char **argv)
{
	(void)argc, (void)argv;
	return at_limit(RLIMIT_AS, "brk", grows_heap, "");
}

static int as_mremap(int argc, char **argv)
{
	(void)argc, (void)argv;
	map = mmap(NULL, MIB, RW, PRIVATE, -1, 0);
	return at_limit(RLIMIT_AS, "mremap", grows_map, "");
}

static int as_shmat(int argc, char **argv)
{
	long held, limit;

	(void)argc, (void)argv;
	if (unshare(CLONE_NEWIPC))
		skip("unshare: %s", strerror(errno));
	segment = shmget(IPC_PRIVATE, BIG, 0600);
	if (segment < 0)
		fail("shmget");
	held = size_of("VmSize:");
	limit = held + MIB;
	limit_to(RLIMIT_AS, limit);
	must_be(!attaches(), ENOMEM);
	/* How large the segment is, the arguments do not tell. */
	truth(getpid(), 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"as\",\"syscall\":\"shmat\","
	      "\"held\":%ld,\"limit\":%ld,\"asked\":null,\"certain\":false}",
	      held, limit);
	return 0;
}

static int data_mmap(int argc, char **argv)
{
	(void)argc, (void)argv;
	return at_limit(RLIMIT_DATA, "mmap", maps_big, "");
}

/* brk() itself counts the heap and the data of the program, before anything else. */
static int data_brk(int argc, char **argv)
{
	long now = syscall(SYS_brk, 0);

	(void)argc, (void)argv;
	limit_to(RLIMIT_DATA, 8 * MIB);
	must_be(!grows_heap(), ENOMEM);
	truth(getpid(), 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"data\",\"limit_name\":\"RLIMIT_"
	      "DATA\","
	      "\"errno\":\"ENOMEM\",\"syscall\":\"brk\",\"held\":{\"min\":4096,\"max\":8388608},"
	      "\"limit\":8388608,\"asked\":%ld},\"heap\":%ld",
	      BIG, now);
	prove(grows_heap);
	return 0;
}

#ifdef __x86_64__
/* The table of 32-bit calls: 45 is brk. This program and its heap lie below 4 GiB. */
static unsigned int brk32(unsigned int to)
{
	unsigned int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(45), "b"(to)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static int data_brk32(int argc, char **argv)
{
	long now = syscall(SYS_brk, 0);

	(void)argc, (void)argv;
	if (now >> 31)
		skip("the heap is not where a 32-bit call can name it");
	limit_to(RLIMIT_DATA, 8 * MIB);
	errno = ENOMEM;
	must_be(brk32(now + BIG) == now, ENOMEM);
	truth(getpid(), 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"data\",\"errno\":\"ENOMEM\","
	      "\"syscall\":\"brk\",\"limit\":8388608,\"asked\":%ld}",
	      BIG);
	return 0;
}
#endif

static int data_mprotect(int argc, char **argv)
{
	(void)argc, (void)argv;
	map = mmap(NULL, BIG, PROT_READ, PRIVATE, -1, 0);
	return at_limit(RLIMIT_DATA, "mprotect", writes_map, ",\"tracepoint\":{\"certain\":false}");
}

/* ---- map-count ---------------------------------------------------------- */

/* Neighbours differ in their protection, so that none is merged. */
static bool one_map(void)
{
	static int n;

	return mmap(NULL, PAGE, n++ & 1 ? PROT_READ : PROT_NONE, PRIVATE, -1, 0) != MAP_FAILED;
}

/* As many maps as the limit allows, less `room`. Outside of a machine of our own there is but one
 * way to be at the limit: to have them all. */
static long fill_maps(long room)
{
	long max, maps = 0;
	FILE *f;

	need_vm();
	write_until_exit("/proc/sys/vm/max_map_count", "500");
	max = read_number("/proc/sys/vm/max_map_count", NULL);
	map = mmap(NULL, 4 * PAGE, PROT_READ, PRIVATE, -1, 0);
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	f = fopen("/proc/self/maps", "re");
	while (fgets(text, sizeof(text), f))
		maps += !strstr(text, "[vsyscall]"); /* which is no map of the process */
	fclose(f);
	for (; maps < max - room; maps++)
		if (!one_map())
			fail("mmap");
	return max;
}

static void told_maps(const char *call, long held, long max, const char *more)
{
	truth(getpid(), 1,
	      "\"errno\":\"ENOMEM\",\"expect\":{\"resource\":\"map-count\","
	      "\"limit_name\":\"vm.max_map_count\",\"measure\":\"maps\",\"errno\":\"ENOMEM\","
	      "\"syscall\":\"%s\",\"held\":{\"min\":%ld,\"max\":%ld},\"limit\":%ld,\"asked\":1}%s",
	      call, held - 2, held + 1, max, more);
}

static int maps_mmap(int argc, char **argv)
{
	const char *vm = getenv("FAILCNT_IN_VM");
	long max;

	(void)argc, (void)argv;
	if (vm && !strcmp(vm, "1"))
		write_until_exit("/proc/sys/vm/max_map_count", "500");
	max = read_number("/proc/sys/vm/max_map_count", NULL);
	if (max > 200000)
		skip("so many maps take too long");
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	while (one_map())
		;
	must_be(true, ENOMEM);
	told_maps("mmap", max + 1, max, "");
	prove(one_map);
	return 0;
}

static bool one_page_of_heap(void)
{
	long now = syscall(SYS_brk, 0);

	errno = ENOMEM;
	return syscall(SYS_brk, now + PAGE) == now + PAGE;
}

/* do_brk_flags() refuses above the limit: one map more than those that split. */
static int maps_brk(int argc, char **argv)
{
	long max = fill_maps(-1);

	(void)argc, (void)argv;
	must_be(!one_page_of_heap(), ENOMEM);
	told_maps("brk", max + 1, max, "");
	prove(one_page_of_heap);
	return 0;
}

static int maps_munmap(int argc, char **argv)
{
	long max = fill_maps(0);

	(void)argc, (void)argv;
	must_be(munmap(map + PAGE, PAGE) != 0, ENOMEM);
	told_maps("munmap", max, max, "");
	return 0;
}

static int maps_mprotect(int argc, char **argv)
{
	long max = fill_maps(0);

	(void)argc, (void)argv;
	must_be(mprotect(map + PAGE, PAGE, PROT_NONE) != 0, ENOMEM);
	told_maps("mprotect", max, max, ",\"tracepoint\":{\"certain\":false}");
	return 0;
}

static int maps_mremap(int argc, char **argv)
{
	long max = fill_maps(2);

	(void)argc, (void)argv;
	must_be(mremap(map, PAGE, 16 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED, ENOMEM);
	told_maps("mremap", max - 2, max, "");
	return 0;
}

/* ---- where no limit was reached ------------------------------------------ */

/* Limits are set and far, and ENOMEM comes nevertheless. */
static int enomem_other(int argc, char **argv)
{
	char *p = mmap(NULL, 8 * PAGE, RW, PRIVATE, -1, 0);

	(void)argc, (void)argv;
	limit_to(RLIMIT_AS, size_of("VmSize:") + BIG);
	limit_to(RLIMIT_DATA, size_of("VmData:") + BIG);
	munmap(p + 2 * PAGE, 2 * PAGE);
	must_be(mprotect(p, 8 * PAGE, PROT_READ) != 0, ENOMEM); /* a hole in the range */
	must_be(msync(p, 8 * PAGE, MS_ASYNC) != 0, ENOMEM);
	must_be(mremap(p + 4 * PAGE, PAGE, 2 * PAGE, 0) == MAP_FAILED, ENOMEM); /* no room behind */
	must_be(mmap(NULL, 1L << 57, RW, PRIVATE, -1, 0) == MAP_FAILED, ENOMEM); /* no such range */
	must_be(mmap((void *)(1L << 56), PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED,
		ENOMEM);
	must_be(mmap(p, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED, EEXIST);
	must_be(munmap(p + 1, PAGE) != 0, EINVAL);
	syscall(SYS_brk, syscall(SYS_brk, 0) + PAGE);
	syscall(SYS_brk, PAGE); /* below the heap: stays as it is, and no errno either */
	truth(getpid(), 1, "\"errno\":\"ENOMEM\",\"limit_reached\":false");
	return 0;
}

const struct provocation memory_provocations[] = {
	{"as-mmap", as_mmap, "mmap at RLIMIT_AS", "as"},
	{"as-brk", as_brk, "brk at RLIMIT_AS", "as"},
	{"as-mremap", as_mremap, "mremap at RLIMIT_AS", "as"},
	{"as-shmat", as_shmat, "shmat at RLIMIT_AS", "as"},
	{"data-mmap", data_mmap, "mmap at RLIMIT_DATA", "data"},
	{"data-brk", data_brk, "brk at RLIMIT_DATA", "data"},
#ifdef __x86_64__
	{"data-brk32", data_brk32, "brk at RLIMIT_DATA, from a 32-bit call", "data"},
#endif
	{"data-mprotect", data_mprotect, "mprotect at RLIMIT_DATA", "data"},
	{"maps-mmap", maps_mmap, "mmap at vm.max_map_count", "map-count"},
	{"maps-brk", maps_brk, "brk at vm.max_map_count", "map-count"},
	{"maps-munmap", maps_munmap, "munmap that splits a map at vm.max_map_count", "map-count"},
	{"maps-mprotect", maps_mprotect, "mprotect that splits a map there", "map-count"},
	{"maps-mremap", maps_mremap, "mremap near vm.max_map_count", "map-count"},
	{"enomem-other", enomem_other, "ENOMEM of mmap and its kin without a limit", NULL},
	{0},
};
