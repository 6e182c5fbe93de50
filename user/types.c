// SPDX-License-Identifier: GPL-2.0-only
/*
 * types.c - of the kernel's types those that our programs name, with what they are made of.
 *
 * What a pointer points to is no part: libbpf does not look there when it finds out where a field
 * is (bpf_core_fields_are_compat() of its relo_core.c).
 */
#include "types.h"

#include "util.h"

struct picked {
	struct btf *names; /* its strings are what we look for: libbpf has a table of them */
	uint8_t *seen;     /* of each of its strings, by offset */
	const struct btf *from;
	struct btf *to;
	uint32_t *id; /* in `to`, of each type of `from` that was picked */
	int err;
};

/* Kinds that a program can name, of which there is more than a size. */
static bool has_parts(const struct btf_type *t)
{
	return t->name_off && (btf_is_composite(t) || btf_is_any_enum(t) || btf_is_typedef(t));
}

/* A name up to its "___": what follows tells forms of one type apart. */
static int add_name(struct btf *names, const char *name)
{
	_cleanup_free_ char *copy = strdup(name);
	char *flavour = copy ? strstr(copy, "___") : NULL;

	if (flavour)
		*flavour = '\0';
	return copy ? btf__add_str(names, copy) : -ENOMEM;
}

static int find_names(struct picked *p, const struct btf *ours)
{
	int last = 0;

	for (uint32_t id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *t = btf__type_by_id(ours, id);
		int at;

		if (!has_parts(t))
			continue;
		at = add_name(p->names, btf__name_by_offset(ours, t->name_off));
		if (at < 0)
			return at;
		last = at > last ? at : last;
	}
	p->seen = calloc(last + 1, 1);
	return p->seen ? 0 : -ENOMEM;
}

static uint32_t pick(struct picked *p, uint32_t id);

/* What it is made of comes first, so that its number is known. */
static void pick_parts(struct picked *p, const struct btf_type *t)
{
	if (btf_is_composite(t))
		for (int i = 0; i < btf_vlen(t); i++)
			pick(p, btf_members(t)[i].type);
	else if (btf_is_array(t)) {
		pick(p, btf_array(t)->type);
		pick(p, btf_array(t)->index_type);
	} else if (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)) {
		pick(p, t->type);
	}
}

static void renumber(struct picked *p, struct btf_type *t)
{
	if (btf_is_composite(t)) {
		for (int i = 0; i < btf_vlen(t); i++)
			btf_members(t)[i].type = p->id[btf_members(t)[i].type];
	} else if (btf_is_array(t)) {
		btf_array(t)->type = p->id[btf_array(t)->type];
		btf_array(t)->index_type = p->id[btf_array(t)->index_type];
	} else if (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)) {
		t->type = p->id[t->type];
	} else if (btf_is_ptr(t)) {
		t->type = 0; /* void */
	}
}

static uint32_t pick(struct picked *p, uint32_t id)
{
	const struct btf_type *t = id ? btf__type_by_id(p->from, id) : NULL;
	int n;

	if (!t || p->err < 0 || p->id[id] || btf_is_func_proto(t))
		return 0;
	pick_parts(p, t);
	if (p->err < 0)
		return 0;
	n = btf__add_type(p->to, p->from, t);
	if (n < 0) {
		p->err = n;
		return 0;
	}
	p->id[id] = n;
	renumber(p, (struct btf_type *)btf__type_by_id(p->to, n));
	return n;
}

/*
 * Types from that number on. Of a module those alone that the kernel itself does not have: of two
 * that are called alike libbpf could not tell which one is meant.
 */
static int pick_all(struct picked *p, const struct btf *from, uint32_t first)
{
	uint32_t n = btf__type_cnt(from);
	uint32_t *ids = realloc(p->id, n * sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	memset(ids + first, 0, (n - first) * sizeof(*ids));
	ids[0] = 0; /* void */
	p->id = ids;
	p->from = from;
	for (uint32_t id = first; id < n && p->err == 0; id++) {
		const struct btf_type *t = btf__type_by_id(from, id);
		int at = -ENOENT;

		if (has_parts(t))
			at = btf__find_str(p->names, btf__name_by_offset(from, t->name_off));
		if (at <= 0 || (first > 1 && p->seen[at]))
			continue;
		p->seen[at] |= first == 1;
		pick(p, id);
	}
	return p->err;
}

int types_pick(struct btf **ret, const struct btf *ours, struct btf *const *from, size_t n)
{
	struct picked p = {.names = btf__new_empty(), .to = btf__new_empty()};
	int err = p.names && p.to ? find_names(&p, ours) : -ENOMEM;

	for (size_t i = 0; i < n && err == 0; i++)
		err = pick_all(&p, from[i], i ? btf__type_cnt(from[0]) : 1);
	free(p.id);
	free(p.seen);
	btf__free(p.names);
	if (err < 0)
		btf__free(p.to);
	else
		*ret = p.to;
	return err;
}
