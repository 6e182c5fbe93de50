// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksyms.c - asks the kernel for the addresses of its variables.
 *
 * A program of type SYSCALL takes a name and leaves its address. Kernels before 6.2 go over all
 * symbols for each name that is asked for (kallsyms_lookup_name()): how long one takes is tried
 * with a name that nobody has.
 */
#include "ksyms.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <time.h>

#define NAME 64
#define SLOW_NS 1000000

struct request {
	char name[NAME];
	uint64_t address;
};

static const struct {
	const char *name;
	size_t at; /* in struct ksyms */
} names[] = {
#define KSYM(name) {#name, offsetof(struct ksyms, name)},
#include "../bpf/ksyms.def"
#undef KSYM
};

static void set(struct ksyms *k, size_t i, uint64_t address)
{
	memcpy((char *)k + names[i].at, &address, sizeof(address));
}

static struct bpf_insn insn(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	return (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm};
}

/* The helper takes the name from the stack alone, and leaves the address there. */
static int load_lookup(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_SLEEPABLE);
	enum { R0, R1, R2, R3, R4, R6 = 6, FP = 10, ADDRESS = -8, STACK = ADDRESS - NAME };
	struct bpf_insn p[48];
	uint32_t n = 0;

	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, R6, R1, 0, 0);
	for (int16_t at = 0; at < NAME; at = (int16_t)(at + 8)) {
		p[n++] = insn(BPF_LDX | BPF_MEM | BPF_DW, R1, R6, at, 0);
		p[n++] = insn(BPF_STX | BPF_MEM | BPF_DW, FP, R1, (int16_t)(STACK + at), 0);
	}
	p[n++] = insn(BPF_ST | BPF_MEM | BPF_DW, FP, 0, ADDRESS, 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, R1, FP, 0, 0);
	p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, R1, 0, 0, STACK);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, R2, 0, 0, NAME);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, R3, 0, 0, 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, R4, FP, 0, 0);
	p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, R4, 0, 0, ADDRESS);
	p[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_kallsyms_lookup_name);
	p[n++] = insn(BPF_LDX | BPF_MEM | BPF_DW, R1, FP, ADDRESS, 0);
	p[n++] = insn(BPF_STX | BPF_MEM | BPF_DW, R6, R1, offsetof(struct request, address), 0);
	p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, 0);
	p[n++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "failcnt_ksym", "GPL", p, n, &opts);
}

static int lookup(int fd, const char *name, uint64_t *ret)
{
	struct request r = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &r, .ctx_size_in = sizeof(r));

	util_strlcpy(r.name, name, sizeof(r.name));
	if (bpf_prog_test_run_opts(fd, &opts) < 0)
		return -errno;
	*ret = r.address;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* The better of three: somebody else may have had the processor. */
static bool is_quick(int fd)
{
	for (int i = 0; i < 3; i++) {
		uint64_t begin = now_ns(), address;

		if (lookup(fd, "failcnt_nobody_has_this_name", &address) < 0)
			return false;
		if (now_ns() - begin < SLOW_NS)
			return true;
	}
	return false;
}

static int ask(struct ksyms *k)
{
	_cleanup_close_ int fd = load_lookup();
	int err = fd < 0 ? fd : is_quick(fd) ? 0 : -ETIME;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !err; i++) {
		uint64_t address = 0;

		err = lookup(fd, names[i].name, &address);
		set(k, i, address);
	}
	return err;
}

/* Lines are "ffffffff81000000 D name [module]"; addresses are 0 for who may not know them. */
static void read_all(struct ksyms *k)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		char *name = strlen(line) > 19 ? line + 19 : NULL;
		size_t n = name ? strcspn(name, "\t\n") : 0;

		for (size_t i = 0; n && i < ARRAY_SIZE(names); i++)
			if (names[i].name[0] == name[0] && strlen(names[i].name) == n &&
			    memcmp(names[i].name, name, n) == 0)
				set(k, i, strtoull(line, NULL, 16));
	}
}

void ksyms_find(struct ksyms *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ask(ret) == 0)
		return;
	memset(ret, 0, sizeof(*ret));
	read_all(ret);
}
