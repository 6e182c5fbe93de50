// SPDX-License-Identifier: GPL-2.0-only
/*
 * floor.c - attaches empty programs where failcnt has its own, and keeps them until it is ended:
 * what failcnt's cost is compared with.
 *
 *   floor -l             the names of all programs that are attached now, whole, one a line
 *   floor OBJECT <NAMES  attaches the programs of these names; "ready N" when all N are
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* bpf_prog_info has but 15 letters of it: its BTF has the function. */
static void print_name(int fd)
{
	struct bpf_func_info func = {0};
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	const struct btf_type *type;
	struct btf *btf;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || !info.nr_func_info)
		return;
	info = (struct bpf_prog_info){.nr_func_info = 1,
				      .func_info_rec_size = sizeof(func),
				      .func_info = (unsigned long)&func,
				      .btf_id = info.btf_id};
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return;
	btf = btf__load_from_kernel_by_id(info.btf_id);
	type = btf ? btf__type_by_id(btf, func.type_id) : NULL;
	if (type)
		puts(btf__name_by_offset(btf, type->name_off));
	btf__free(btf);
}

/* Loaded is not attached: there are spare ones. */
static int list(void)
{
	__u32 id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		int link = bpf_link_get_fd_by_id(id), fd = -1;
		struct bpf_link_info info = {0};
		__u32 size = sizeof(info);

		if (link >= 0 && bpf_obj_get_info_by_fd(link, &info, &size) == 0)
			fd = bpf_prog_get_fd_by_id(info.prog_id);
		if (fd >= 0) {
			print_name(fd);
			close(fd);
		}
		if (link >= 0)
			close(link);
	}
	return 0;
}

static int attach(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;
	char name[128];
	int n = 0;

	if (!object)
		return 1;
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, false);
	while (fgets(name, sizeof(name), stdin)) {
		name[strcspn(name, "\n")] = '\0';
		program = bpf_object__find_program_by_name(object, name);
		if (program)
			bpf_program__set_autoload(program, true);
	}
	if (bpf_object__load(object) < 0)
		return 1;
	bpf_object__for_each_program (program, object) {
		if (!bpf_program__autoload(program))
			continue;
		if (!bpf_program__attach(program))
			return 1;
		n++;
	}
	printf("ready %d\n", n);
	fflush(stdout);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return strcmp(argv[1], "-l") == 0 ? list() : attach(argv[1]);
}
