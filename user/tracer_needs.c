// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_needs.c - what the programs need while they run: memory in the kernel, and what has to be
 * asked for from time to time because nobody tells it.
 */
#include "tracer_priv.h"

#include <fcntl.h>
#include <linux/bpf.h>

#include "hints.h"

#define REFRESH_MS 1000
#define MISSES_MS 10000

uint64_t tracer_refresh_ms(const struct tracer *t)
{
	const struct ksyms *k = &t->facts.ksyms;
	bool told = k->sysctl_max_map_count && k->sysctl_overcommit_memory && k->_totalram_pages &&
		    k->total_swap_pages;

	return told ? 0 : REFRESH_MS;
}

/* On a kernel that does not preempt only an interrupt inside a program can have missed it: what was
 * missed so is told with what comes next. */
uint64_t tracer_misses_ms(const struct tracer *t)
{
	return t->facts.may_preempt ? MISSES_MS : 0;
}

/* bpf_map_show_fdinfo() of kernel/bpf/syscall.c */
static uint64_t memory_of(const struct bpf_map *m)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long bytes = 0;
	char path[48], line[128];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(m));
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	return bytes;
}

uint64_t tracer_memory(const struct tracer *t,
		       void (*cb)(void *arg, const char *name, uint32_t entries, uint64_t bytes),
		       void *arg)
{
	struct bpf_map *m;
	uint64_t sum = 0;

	bpf_object__for_each_map (m, t->skel->obj) {
		uint64_t bytes = memory_of(m);

		sum += bytes;
		if (cb)
			cb(arg, bpf_map__name(m), bpf_map__max_entries(m), bytes);
	}
	return sum;
}

/* libbpf keeps the instructions of every program until the end; of these nobody wants them. */
/* Does it hand a function of its own to the kernel? */
static bool has_callback(const struct bpf_program *p)
{
	const struct bpf_insn *insn = bpf_program__insns(p);

	for (size_t i = 0; i < bpf_program__insn_cnt(p); i++)
		if (insn[i].code == (BPF_JMP | BPF_CALL) && insn[i].src_reg == 0 &&
		    insn[i].imm == BPF_FUNC_loop)
			return true;
	return false;
}

void tracer_leave_out(struct bpf_program *p)
{
	const struct bpf_insn exit = {.code = BPF_JMP | BPF_EXIT};

	bpf_program__set_autoload(p, false);
	/* libbpf marks the places of its functions in each program, also where it is not to be
	 * loaded (bpf_object__relocate(), RELO_SUBPROG_ADDR): they have to be there. */
	if (!has_callback(p))
		bpf_program__set_insns(p, (struct bpf_insn *)&exit, 1);
}

void tracer_close_later(struct tracer *t, int fd)
{
	t->slow_fd = fd;
}

const struct kernel_facts *tracer_facts(const struct tracer *t)
{
	return &t->facts;
}

void tracer_set_hints(struct tracer *t, uint64_t nr_open, uint64_t file_max)
{
	t->skel->bss->hint_nr_open = nr_open;
	t->skel->bss->hint_file_max = file_max;
}

void tracer_memory_hints(struct tracer *t)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0)
		hints_memory(root, sysconf(_SC_PAGESIZE), &t->skel->bss->hint_memory);
}

void tracer_set_task_hints(struct tracer *t, uint64_t threads_max, uint64_t pid_max)
{
	t->skel->bss->hint_threads_max = threads_max;
	t->skel->bss->hint_pid_max = pid_max;
}

void tracer_set_hint(struct tracer *t, enum fc_hint hint, uint64_t value)
{
	t->skel->bss->hints[hint] = value;
}
