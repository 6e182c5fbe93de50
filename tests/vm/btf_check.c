// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares the types that bpf/ was compiled with to those of a kernel, as CO-RE would, and more
 * strictly where a read copies as many bytes as the local type has.
 *
 *   btf_check LOCAL.o KERNEL_BTF [RELOCATED_ENUM...]
 *
 * Prints "TYPE FIELD what is wrong", a line for each, and on stderr how many fields it compared.
 * A suffix ___x of a local name is a flavour of the same kernel type. Values of enumerators must
 * agree too, except for those enums whose values are relocated.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct btf *local, *kernel;
static unsigned int compared;

static const struct btf_type *resolved(const struct btf *b, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(b, id);

	while (btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(b, t->type);
	return t;
}

static const char *kind_name(const struct btf_type *t)
{
	static const char *const names[] = {
		[BTF_KIND_UNKN] = "void",           [BTF_KIND_INT] = "int",
		[BTF_KIND_PTR] = "pointer",         [BTF_KIND_ARRAY] = "array",
		[BTF_KIND_STRUCT] = "struct",       [BTF_KIND_UNION] = "union",
		[BTF_KIND_ENUM] = "enum",           [BTF_KIND_FWD] = "struct",
		[BTF_KIND_ENUM64] = "enum",         [BTF_KIND_FLOAT] = "float",
		[BTF_KIND_FUNC_PROTO] = "function",
	};
	unsigned int kind = btf_kind(t);

	return kind < sizeof(names) / sizeof(*names) && names[kind] ? names[kind] : "other";
}

/* Without the flavour. */
static size_t name_len(const char *name)
{
	const char *flavour = strstr(name, "___");

	return flavour && flavour != name ? (size_t)(flavour - name) : strlen(name);
}

static bool same_name(const char *ours, const char *theirs)
{
	size_t len = name_len(ours);

	return !*ours || !*theirs || (!strncmp(ours, theirs, len) && !theirs[len]);
}

/* NULL: the same kind. */
static const char *difference(__u32 ours, __u32 theirs, char *buf, size_t size)
{
	const struct btf_type *o = resolved(local, ours), *t = resolved(kernel, theirs);
	const char *on, *tn;

	if (strcmp(kind_name(o), kind_name(t))) {
		snprintf(buf, size, "is %s here and %s there", kind_name(o), kind_name(t));
		return buf;
	}
	if (btf_is_array(o))
		return difference(btf_array(o)->type, btf_array(t)->type, buf, size);
	on = btf__name_by_offset(local, o->name_off);
	tn = btf__name_by_offset(kernel, t->name_off);
	if (btf_is_composite(o) && !same_name(on, tn)) {
		snprintf(buf, size, "is struct %s here and struct %s there", on, tn);
		return buf;
	}
	if (btf_is_int(o) && o->size != t->size) {
		snprintf(buf, size, "has %u bytes here and %u there", o->size, t->size);
		return buf;
	}
	return NULL;
}

/* Also in anonymous structs and unions. */
static const struct btf_member *find_member(const struct btf_type *t, const char *name, bool *bits)
{
	const struct btf_member *m = btf_members(t), *found;

	for (int i = 0; i < btf_vlen(t); i++, m++) {
		const char *n = btf__name_by_offset(kernel, m->name_off);

		if (!strcmp(n, name)) {
			*bits = btf_member_bitfield_size(t, i) != 0;
			return m;
		}
		if (*n || !btf_is_composite(resolved(kernel, m->type)))
			continue;
		found = find_member(resolved(kernel, m->type), name, bits);
		if (found)
			return found;
	}
	return NULL;
}

static void compare_struct(const char *name, const struct btf_type *ours)
{
	char plain[128], buf[256];
	const struct btf_type *theirs;
	const struct btf_member *m = btf_members(ours);
	int id;

	snprintf(plain, sizeof(plain), "%.*s", (int)name_len(name), name);
	id = btf__find_by_name_kind(kernel, plain, BTF_KIND_STRUCT);
	if (id < 0)
		id = btf__find_by_name_kind(kernel, plain, BTF_KIND_TYPEDEF);
	theirs = id < 0 ? NULL : resolved(kernel, id);
	if (theirs && !btf_is_composite(theirs))
		theirs = NULL;
	if (!theirs && !btf_vlen(ours))
		printf("%s - is missing\n", name);
	for (int i = 0; i < btf_vlen(ours); i++, m++) {
		const char *field = btf__name_by_offset(local, m->name_off), *what;
		const struct btf_member *t;
		bool bits = false;

		compared++;
		t = theirs ? find_member(theirs, field, &bits) : NULL;
		what = !t     ? "is missing"
		       : bits ? "is a bit field there"
			      : difference(m->type, t->type, buf, sizeof(buf));
		if (what)
			printf("%s %s %s\n", name, field, what);
	}
}

static bool find_value(const struct btf_type *t, const char *name, long long *ret)
{
	for (int i = 0; i < btf_vlen(t); i++) {
		bool is64 = btf_kind(t) == BTF_KIND_ENUM64;
		__u32 off = is64 ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;

		if (strcmp(btf__name_by_offset(kernel, off), name))
			continue;
		*ret = is64 ? (long long)btf_enum64_value(&btf_enum64(t)[i]) : btf_enum(t)[i].val;
		return true;
	}
	return false;
}

static bool is_enum(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_ENUM || btf_kind(t) == BTF_KIND_ENUM64;
}

static void compare_enum(const char *name, const struct btf_type *ours, bool relocated)
{
	for (int i = 0; i < btf_vlen(ours); i++) {
		const struct btf_enum *e = &btf_enum(ours)[i];
		const char *value = btf__name_by_offset(local, e->name_off);
		bool found = false;
		long long theirs = 0;

		compared++;
		/* Those without a name are many. */
		for (__u32 id = 1; !found && id < btf__type_cnt(kernel); id++) {
			const struct btf_type *t = btf__type_by_id(kernel, id);

			if (is_enum(t) && !strcmp(btf__name_by_offset(kernel, t->name_off), name))
				found = find_value(t, value, &theirs);
		}
		if (!found)
			printf("%s %s is missing\n", *name ? name : "enum", value);
		else if (!relocated && theirs != e->val)
			printf("%s %s is %d here and %lld there\n", *name ? name : "enum", value,
			       e->val, theirs);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: btf_check LOCAL.o KERNEL_BTF [RELOCATED_ENUM...]\n", stderr);
		return 2;
	}
	local = btf__parse(argv[1], NULL);
	kernel = local ? btf__parse(argv[2], NULL) : NULL;
	if (!kernel) {
		fprintf(stderr, "btf_check: %s: %s\n", argv[local ? 2 : 1], strerror(errno));
		return 2;
	}
	for (__u32 id = 1; id < btf__type_cnt(local); id++) {
		const struct btf_type *t = btf__type_by_id(local, id), *of = t;
		const char *name = btf__name_by_offset(local, t->name_off);
		bool relocated = false;

		if (btf_is_typedef(t)) {
			of = resolved(local, id);
			/* Of a struct with a name of its own, that one is compared. */
			if (!btf_is_composite(of) || of->name_off)
				continue;
		}
		for (int i = 3; i < argc; i++)
			relocated |= !strcmp(argv[i], name);
		if (btf_is_composite(of) && *name)
			compare_struct(name, of);
		else if (btf_kind(of) == BTF_KIND_ENUM)
			compare_enum(name, of, relocated);
	}
	fprintf(stderr, "%u\n", compared);
	btf__free(kernel);
	btf__free(local);
	return 0;
}
