// SPDX-License-Identifier: GPL-2.0-only
/*
 * floor.c - attaches all programs of an object file and keeps them until it is
 * ended: what failcnt's own cost is compared with.
 *
 *   floor FILE      prints "ready" when all are attached
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 2 ? bpf_object__open(argv[1]) : NULL;
	struct bpf_program *program;

	if (!object || bpf_object__load(object) < 0)
		return 1;
	bpf_object__for_each_program (program, object)
		if (!bpf_program__attach(program))
			return 1;
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
