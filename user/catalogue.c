/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * catalogue.c - bpf/resources.def expanded into words, and the names of errnos
 * and system calls.
 *
 * A system call is named when it can return an errno that a resource of the
 * catalogue is refused with. Native numbers come from <asm/unistd.h>; the
 * 32-bit ones are written out, because the headers of one ABI hide those of
 * the other. A number without a name stays without: never a wrong name.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strerrorname_np */
#endif

#include "catalogue.h"

#include <sys/syscall.h>

static const struct resource resources[FC_RESOURCES] = {
#define RESOURCE(name, id, limit_name, measure, own, related) \
	[FC_##name] = {id, limit_name, measure, own, related},
#include "../bpf/resources.def"
};

static const struct {
	unsigned int resource;
	const char *limit_name, *measure;
} variants[FC_VARIANTS] = {
#define RESOURCE(...)
#define VARIANT(resource, name, limit_name, measure) \
	[FC_VARIANT_##name] = {FC_##resource, limit_name, measure},
#include "../bpf/resources.def"
};

/* The kernel's MAX_ERRNO: no errno is above it. */
#define ERRNO_MAX 4095

#define CALL(name) [__NR_##name] = #name,

/* tables laid by hand: */
/* clang-format off */
static const char *const native_calls[] = {
	/* descriptors */
	CALL(openat) CALL(dup) CALL(dup3) CALL(fcntl) CALL(pipe2) CALL(ioctl)
	CALL(epoll_create1) CALL(epoll_ctl) CALL(eventfd2) CALL(signalfd4) CALL(timerfd_create)
	CALL(memfd_create) CALL(userfaultfd) CALL(perf_event_open) CALL(bpf) CALL(seccomp)
	CALL(open_by_handle_at) CALL(name_to_handle_at) CALL(kcmp)
	/* sockets */
	CALL(socket) CALL(socketpair) CALL(accept) CALL(accept4) CALL(connect) CALL(sendto)
	CALL(sendmsg) CALL(sendmmsg) CALL(recvfrom) CALL(recvmsg) CALL(recvmmsg)
	/* reading and writing */
	CALL(read) CALL(write) CALL(readv) CALL(writev) CALL(pread64) CALL(pwrite64)
	CALL(pwritev) CALL(pwritev2) CALL(sendfile) CALL(splice) CALL(tee) CALL(vmsplice)
	CALL(fallocate) CALL(fsync) CALL(fdatasync) CALL(truncate) CALL(ftruncate) CALL(io_setup) CALL(io_submit)
	/* directories and file systems */
	CALL(mkdirat) CALL(mknodat) CALL(linkat) CALL(symlinkat) CALL(mount) CALL(quotactl)
	CALL(acct) CALL(swapon) CALL(inotify_init1) CALL(inotify_add_watch) CALL(fanotify_init)
	CALL(fanotify_mark)
	/* tasks */
	CALL(clone) CALL(unshare) CALL(setns) CALL(execve) CALL(execveat) CALL(prctl)
	CALL(timer_create) CALL(rt_sigqueueinfo) CALL(rt_tgsigqueueinfo)
	/* keys and modules */
	CALL(add_key) CALL(request_key) CALL(keyctl) CALL(kexec_load) CALL(init_module)
	CALL(finit_module)
	/* IPC */
	CALL(semget) CALL(semop) CALL(semtimedop) CALL(semctl) CALL(shmget) CALL(shmat)
	CALL(shmctl) CALL(msgget) CALL(msgsnd) CALL(msgctl) CALL(mq_open)
	/* memory */
	CALL(mmap) CALL(mremap) CALL(mprotect) CALL(munmap) CALL(brk) CALL(mlock) CALL(mlock2)
	CALL(mlockall)
#ifdef __NR_open /* the calls that came before the "at" ones: x86 has them, arm64 does not */
	CALL(open) CALL(creat) CALL(dup2) CALL(pipe) CALL(epoll_create) CALL(eventfd)
	CALL(signalfd) CALL(inotify_init) CALL(fork) CALL(vfork) CALL(mkdir) CALL(mknod)
	CALL(link) CALL(symlink) CALL(rename) CALL(uselib)
#endif
#ifdef __NR_renameat
	CALL(renameat)
#endif
#ifdef __NR_renameat2
	CALL(renameat2)
#endif
#ifdef __NR_copy_file_range
	CALL(copy_file_range)
#endif
#ifdef __NR_io_uring_setup
	CALL(io_uring_setup) CALL(io_uring_enter) CALL(io_uring_register)
#endif
#ifdef __NR_fsopen
	CALL(open_tree) CALL(move_mount) CALL(fsopen) CALL(fsconfig) CALL(fsmount) CALL(fspick)
#endif
#ifdef __NR_pidfd_send_signal
	CALL(pidfd_send_signal)
#endif
#ifdef __NR_pidfd_open
	CALL(pidfd_open)
#endif
#ifdef __NR_clone3
	CALL(clone3)
#endif
#ifdef __NR_openat2
	CALL(openat2) CALL(pidfd_getfd)
#endif
#ifdef __NR_landlock_create_ruleset
	CALL(landlock_create_ruleset)
#endif
#ifdef __NR_memfd_secret
	CALL(memfd_secret)
#endif
};

/*
 * {name, i386, 32-bit Arm EABI}, from arch/x86/entry/syscalls/syscall_32.tbl and
 * arch/arm/tools/syscall.tbl; 0: it has no such call. From 403 on all agree.
 * i386 reaches sockets by socketcall and IPC by ipc as well.
 */
static const struct {
	const char *name;
	short i386, arm;
} compat_calls[] = {
	{"fork", 2, 2},
	{"read", 3, 3},
	{"write", 4, 4},
	{"open", 5, 5},
	{"creat", 8, 8},
	{"link", 9, 9},
	{"execve", 11, 11},
	{"mount", 21, 21},
	{"mknod", 14, 14},
	{"rename", 38, 38},
	{"mkdir", 39, 39},
	{"dup", 41, 41},
	{"pipe", 42, 42},
	{"brk", 45, 45},
	{"acct", 51, 51},
	{"ioctl", 54, 54},
	{"fcntl", 55, 55},
	{"dup2", 63, 63},
	{"symlink", 83, 83},
	{"uselib", 86, 86},
	{"swapon", 87, 87},
	{"mmap", 90, 0},
	{"munmap", 91, 91},
	{"ftruncate", 93, 93},
	{"socketcall", 102, 0},
	{"ipc", 117, 0},
	{"fsync", 118, 118},
	{"clone", 120, 120},
	{"mprotect", 125, 125},
	{"readv", 145, 145},
	{"writev", 146, 146},
	{"fdatasync", 148, 148},
	{"mlock", 150, 150},
	{"mlockall", 152, 152},
	{"mremap", 163, 163},
	{"rt_sigqueueinfo", 178, 178},
	{"pwrite64", 181, 181},
	{"sendfile", 187, 187},
	{"vfork", 190, 190},
	{"mmap2", 192, 192},
	{"ftruncate64", 194, 194},
	{"fcntl64", 221, 221},
	{"sendfile64", 239, 239},
	{"io_setup", 245, 243},
	{"epoll_create", 254, 250},
	{"epoll_ctl", 255, 251},
	{"timer_create", 259, 257},
	{"mq_open", 277, 274},
	{"add_key", 286, 309},
	{"request_key", 287, 310},
	{"keyctl", 288, 311},
	{"inotify_init", 291, 316},
	{"inotify_add_watch", 292, 317},
	{"openat", 295, 322},
	{"mkdirat", 296, 323},
	{"mknodat", 297, 324},
	{"renameat", 302, 329},
	{"linkat", 303, 330},
	{"symlinkat", 304, 331},
	{"unshare", 310, 337},
	{"splice", 313, 340},
	{"signalfd", 321, 349},
	{"timerfd_create", 322, 350},
	{"eventfd", 323, 351},
	{"fallocate", 324, 352},
	{"signalfd4", 327, 355},
	{"eventfd2", 328, 356},
	{"epoll_create1", 329, 357},
	{"dup3", 330, 358},
	{"pipe2", 331, 359},
	{"inotify_init1", 332, 360},
	{"rt_tgsigqueueinfo", 335, 363},
	{"pwritev", 334, 362},
	{"perf_event_open", 336, 364},
	{"recvmmsg", 337, 365},
	{"fanotify_init", 338, 367},
	{"fanotify_mark", 339, 368},
	{"open_by_handle_at", 342, 371},
	{"sendmmsg", 345, 374},
	{"setns", 346, 375},
	{"renameat2", 353, 382},
	{"seccomp", 354, 383},
	{"memfd_create", 356, 385},
	{"bpf", 357, 386},
	{"execveat", 358, 387},
	{"socket", 359, 281},
	{"socketpair", 360, 288},
	{"accept", 0, 285},
	{"connect", 362, 283},
	{"accept4", 364, 366},
	{"sendmsg", 370, 296},
	{"recvmsg", 372, 297},
	{"userfaultfd", 374, 388},
	{"copy_file_range", 377, 391},
	{"pwritev2", 379, 393},
	{"mlock2", 376, 390},
	{"semop", 0, 298},
	{"semtimedop", 0, 312},
	{"semget", 393, 299},
	{"semctl", 394, 300},
	{"shmget", 395, 307},
	{"shmctl", 396, 308},
	{"shmat", 397, 305},
	{"msgget", 399, 303},
	{"msgctl", 402, 304},
	{"recvmmsg_time64", 417, 417},
	{"semtimedop_time64", 420, 420},
	{"pidfd_send_signal", 424, 424},
	{"io_uring_setup", 425, 425},
	{"io_uring_enter", 426, 426},
	{"io_uring_register", 427, 427},
	{"open_tree", 428, 428},
	{"move_mount", 429, 429},
	{"fsopen", 430, 430},
	{"fsmount", 432, 432},
	{"fspick", 433, 433},
	{"pidfd_open", 434, 434},
	{"clone3", 435, 435},
	{"openat2", 437, 437},
	{"pidfd_getfd", 438, 438},
	{"landlock_create_ruleset", 444, 444},
	{"memfd_secret", 447, 0},
};
/* clang-format on */

#ifdef __aarch64__
#define COMPAT_NR(row) ((row).arm)
#else
#define COMPAT_NR(row) ((row).i386)
#endif

const struct resource *catalogue_get(unsigned int resource)
{
	if (resource == FC_RESOURCE_NONE || resource >= FC_RESOURCES)
		return NULL;
	return &resources[resource];
}

bool catalogue_variant(unsigned int resource, unsigned int variant, const char **ret_limit_name,
		       const char **ret_measure)
{
	if (variant >= FC_VARIANTS || (variant && variants[variant].resource != resource) ||
	    !catalogue_get(resource))
		return false;
	*ret_limit_name = variant ? variants[variant].limit_name : resources[resource].limit_name;
	*ret_measure = variant ? variants[variant].measure : resources[resource].measure;
	return true;
}

unsigned int catalogue_by_id(const char *id)
{
	for (unsigned int r = FC_RESOURCE_NONE + 1; r < FC_RESOURCES; r++) {
		if (util_streq(resources[r].id, id))
			return r;
	}
	return FC_RESOURCE_NONE;
}

enum relation catalogue_relation(unsigned int resource, const char *row)
{
	const struct resource *r = catalogue_get(resource);

	if (r && util_listed(r->own, row))
		return RELATION_OWN;
	if (r && util_listed(r->related, row))
		return RELATION_RELATED;
	return RELATION_COINCIDENT;
}

const char *catalogue_errno(int err)
{
	return err > 0 ? strerrorname_np(err) : NULL;
}

int catalogue_errno_by_name(const char *name)
{
	/* Second names of one number, which strerrorname_np() does not give. */
	if (util_streq(name, "EWOULDBLOCK"))
		return EWOULDBLOCK;
	if (util_streq(name, "EDEADLOCK"))
		return EDEADLOCK;
	if (util_streq(name, "ENOTSUP"))
		return ENOTSUP;
	for (int err = 1; err <= ERRNO_MAX; err++) {
		const char *known = strerrorname_np(err);

		if (known && util_streq(known, name))
			return err;
	}
	return 0;
}

const char *catalogue_syscall(int nr, bool compat)
{
	if (nr < 0)
		return NULL;
	if (!compat)
		return (size_t)nr < ARRAY_SIZE(native_calls) ? native_calls[nr] : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(compat_calls); i++) {
		/* 0 stands for "none" here: restart_syscall is never the answer. */
		if (nr != 0 && COMPAT_NR(compat_calls[i]) == nr)
			return compat_calls[i].name;
	}
	return NULL;
}
