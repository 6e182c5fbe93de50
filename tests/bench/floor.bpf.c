// SPDX-License-Identifier: GPL-2.0-only
/*
 * floor.bpf.c - programs that do nothing, on the hooks of descriptors, files,
 * mappings and forks: what no watcher that attaches this way can be cheaper than.
 *
 * Compiled once for each way, with -DFEXIT, -DKPROBE, -DTRACEPOINT or -DCLASSIC.
 */
#define SEC(name) __attribute__((section(name), used))

#if defined(FEXIT)
SEC("fexit/alloc_fd")
int floor_fd(void *ctx)
{
	return 0;
}

SEC("fexit/alloc_empty_file")
int floor_file(void *ctx)
{
	return 0;
}

SEC("fexit/vm_mmap_pgoff")
int floor_mmap(void *ctx)
{
	return 0;
}

SEC("fexit/__vm_munmap")
int floor_munmap(void *ctx)
{
	return 0;
}

SEC("fexit/kernel_clone")
int floor_clone(void *ctx)
{
	return 0;
}

SEC("fexit/copy_process")
int floor_copy(void *ctx)
{
	return 0;
}

SEC("fexit/alloc_pid")
int floor_pid(void *ctx)
{
	return 0;
}

SEC("fexit/pids_can_fork")
int floor_can_fork(void *ctx)
{
	return 0;
}
#elif defined(KPROBE)
SEC("kretprobe/alloc_fd")
int floor_fd(void *ctx)
{
	return 0;
}

SEC("kretprobe/alloc_empty_file")
int floor_file(void *ctx)
{
	return 0;
}

SEC("kretprobe/vm_mmap_pgoff")
int floor_mmap(void *ctx)
{
	return 0;
}

SEC("kretprobe/__vm_munmap")
int floor_munmap(void *ctx)
{
	return 0;
}

SEC("kretprobe/kernel_clone")
int floor_clone(void *ctx)
{
	return 0;
}

SEC("kretprobe/copy_process")
int floor_copy(void *ctx)
{
	return 0;
}

SEC("kretprobe/alloc_pid")
int floor_pid(void *ctx)
{
	return 0;
}

SEC("kretprobe/pids_can_fork")
int floor_can_fork(void *ctx)
{
	return 0;
}
#elif defined(TRACEPOINT)
SEC("raw_tp/sys_exit")
int floor_exit(void *ctx)
{
	return 0;
}
#elif defined(CLASSIC)
SEC("tracepoint/raw_syscalls/sys_exit")
int floor_exit(void *ctx)
{
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL"; /* GPL-2.0-only, in the spelling that the kernel knows */
