// SPDX-License-Identifier: GPL-2.0-only
/*
 * floor.c - attaches empty programs where failcnt has its own, and keeps them until it is ended:
 * what failcnt's cost is compared with.
 *
 *   floor -l             the names of all programs that are attached now, whole, one a line
 *   floor OBJECT <NAMES  attaches the programs of these names; "attached in US us", "ready N" when
 *                        all N are, and "detached in US us" at SIGTERM. A program whose section is
 *                        "kprobe" alone goes where SITE=FUNCTION+0xOFFSET says
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../user/tracer_priv.h" /* the way to attach is failcnt's own */

#define MAX_LINKS 512

static volatile sig_atomic_t ended;

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

static void on_term(int sig)
{
	ended = sig;
}

static long us_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - begin->tv_sec) * 1000000 + (now.tv_nsec - begin->tv_nsec) / 1000;
}

static struct bpf_link *attach_one(struct tracer *t, const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_kprobe_opts, options);
	const char *site = getenv("SITE");
	char function[128];

	if (strcmp(bpf_program__section_name(program), "kprobe") != 0)
		return tracer_attach(t, program);
	if (!site || sscanf(site, "%127[^+]+%zx", function, &options.offset) != 2)
		return NULL;
	return bpf_program__attach_kprobe_opts(program, function, &options);
}

static int attach(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;
	static struct bpf_link *link[MAX_LINKS];
	static struct tracer tracer; /* where return probes are made */
	struct timespec begin;
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
	clock_gettime(CLOCK_MONOTONIC, &begin);
	bpf_object__for_each_program (program, object) {
		if (!bpf_program__autoload(program))
			continue;
		link[n] = attach_one(&tracer, program);
		if (!link[n++] || n == MAX_LINKS)
			return 1;
	}
	printf("attached in %ld us\nready %d\n", us_since(&begin), n);
	fflush(stdout);
	signal(SIGTERM, on_term);
	while (!ended)
		pause();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (n-- > 0)
		bpf_link__destroy(link[n]);
	tracer_probes_remove(&tracer, getpid());
	printf("detached in %ld us\n", us_since(&begin));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return strcmp(argv[1], "-l") == 0 ? list() : attach(argv[1]);
}
