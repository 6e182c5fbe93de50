// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much work each program is for the kernel's verifier: the instructions that it walked through,
 * which is what a start waits for. Loads every program of an object alone, as for
 * --backend=tracepoint: with all that the program at the end of system calls can serve.
 *   verify OBJECT.bpf.o [PROGRAM ...]
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char text[1 << 20];

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static double ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* The array exit_serves of hook.bpf.h: what it does not serve, the verifier does not walk. */
static void serve_all(struct bpf_object *o)
{
	const struct btf *btf = bpf_object__btf(o);
	struct bpf_map *m = bpf_object__find_map_by_name(o, ".rodata");
	int id = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_var_secinfo *v = t ? btf_var_secinfos(t) : NULL;
	size_t size;
	char *data = m ? (char *)bpf_map__initial_value(m, &size) : NULL;

	for (int i = 0; data && v && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, v[i].type)->name_off),
			    "exit_serves") &&
		    v[i].offset + v[i].size <= size)
			memset(data + v[i].offset, 1, v[i].size);
}

static void verify(const char *path, const char *name)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_program *p;
	const char *at, *took;
	double begin;
	int err;

	if (!o)
		return;
	bpf_object__for_each_program (p, o)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), name));
	serve_all(o);
	p = bpf_object__find_program_by_name(o, name);
	text[0] = '\0';
	bpf_program__set_log_buf(p, text, sizeof(text));
	bpf_program__set_log_level(p, 4);
	begin = ms();
	err = bpf_object__load(o);
	at = strstr(text, "processed ");
	took = strstr(text, "verification time ");
	printf("%-34s %7ld walked %8.1f ms, to load %8.1f ms  %s\n", name,
	       at ? strtol(at + 10, NULL, 10) : -1L, took ? strtol(took + 18, NULL, 10) / 1e3 : 0.0,
	       ms() - begin, err ? strerror(-err) : "");
	if (err) {
		size_t n = strlen(text);

		printf("%s\n", text + (n > 1500 ? n - 1500 : 0));
	}
	bpf_object__close(o);
}

int main(int argc, char **argv)
{
	struct bpf_object *o;
	struct bpf_program *p;

	if (argc < 2) {
		fputs("usage: verify OBJECT.bpf.o [PROGRAM ...]\n", stderr);
		return 2;
	}
	libbpf_set_print(quiet);
	o = bpf_object__open_file(argv[1], NULL);
	if (!o) {
		fprintf(stderr, "verify: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (int i = 2; i < argc; i++)
		verify(argv[1], argv[i]);
	if (argc == 2)
		bpf_object__for_each_program (p, o)
			verify(argv[1], bpf_program__name(p));
	bpf_object__close(o);
	return 0;
}
