// SPDX-License-Identifier: GPL-2.0-only
/*
 * below.bpf.c - what was tried to get below an empty fexit, each as cheap as it can be; below.sh
 * says what came of it.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct files_struct___below {
	unsigned int next_fd;
};
struct task_struct___below {
	struct files_struct___below *files;
};
#pragma clang attribute pop

#define EMPTY(section, name)        \
	SEC(section) int name(void) \
	{                           \
		return 0;           \
	}

EMPTY("fexit/alloc_fd", fexit_alloc_fd)
EMPTY("fexit/alloc_empty_file", fexit_alloc_empty_file)
EMPTY("fentry/alloc_fd", fentry_alloc_fd)
EMPTY("kretprobe/alloc_fd", kretprobe_alloc_fd)
EMPTY("kretprobe.multi/alloc_fd", kretprobe_multi_alloc_fd)
/* In the middle of alloc_fd(), where it has decided to fail: below.sh finds the place. */
EMPTY("kprobe", kprobe_site)
/* Only called when the cheap count of open files is at file-max. */
EMPTY("fexit/__percpu_counter_sum", fexit_counter_sum)
EMPTY("kprobe/__percpu_counter_sum", kprobe_counter_sum)

__u64 seen;

/* (start, end, flags): is the lowest that may be free at the limit already? Before it fails. */
SEC("fentry/alloc_fd")
int fentry_next_fd(unsigned long long *ctx)
{
	struct task_struct___below *task = (void *)bpf_get_current_task_btf();

	if (task->files->next_fd >= (__u32)ctx[1])
		seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL"; /* GPL-2.0-only, in the spelling that the kernel knows */
