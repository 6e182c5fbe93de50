/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity.c - what a cgroup path tells about a process.
 *
 * Every manager of cgroups has its own way to name them. A path is walked once
 * from the top; each component may name a unit, a pod or a container, and the
 * first container ends the walk: what lies below is the container's own affair,
 * with units and ids that mean nothing to the host. Names are believed only in
 * their exact form, for a wrong id sends people to the wrong machine.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif

#include "identity.h"

#include <ctype.h>
#include <limits.h>

#define ID_HEX 64 /* digits of a container id: docker, containerd, cri-o, podman */
#define NAME_MAX_LEN 255

/* A component of the path: not NUL-terminated. */
struct part {
	const char *s;
	size_t n;
};

struct walk {
	struct identity *id;
	struct part grandparent, parent; /* n == 0: the root */
	struct part part;
	const char *next; /* what follows part */
	bool kubepods;    /* some component above belongs to kubernetes */
};

static bool part_is(struct part p, const char *word)
{
	return p.n == strlen(word) && memcmp(p.s, word, p.n) == 0;
}

/* Takes prefix and suffix off *p; leaves it when it does not have both with something between. */
static bool part_strip(struct part *p, const char *prefix, const char *suffix)
{
	size_t a = strlen(prefix), b = strlen(suffix);

	if (p->n <= a + b || memcmp(p->s, prefix, a) != 0 ||
	    memcmp(p->s + p->n - b, suffix, b) != 0)
		return false;
	p->s += a;
	p->n -= a + b;
	return true;
}

static bool part_starts(struct part p, const char *prefix)
{
	return part_strip(&p, prefix, "");
}

static bool part_all(struct part p, const char *chars)
{
	for (size_t i = 0; i < p.n; i++) {
		if (!p.s[i] || !strchr(chars, p.s[i]))
			return false;
	}
	return p.n > 0;
}

static bool part_hex(struct part p, size_t digits)
{
	return p.n == digits && part_all(p, "0123456789abcdef");
}

/* 8-4-4-4-12 hex digits with sep between. */
static bool part_uuid(struct part p, char sep)
{
	if (p.n != 36)
		return false;
	for (size_t i = 0; i < p.n; i++) {
		bool at_sep = i == 8 || i == 13 || i == 18 || i == 23;

		if (at_sep ? p.s[i] != sep : !isxdigit((unsigned char)p.s[i]))
			return false;
	}
	return true;
}

static struct part part_first(const char *path, const char **next)
{
	struct part p;

	path += strspn(path, "/");
	p = (struct part){path, strcspn(path, "/")};
	*next = path + p.n;
	return p;
}

/* Copies p when all of it fits and is printable ASCII. */
static bool part_copy(struct part p, char *dst, size_t size)
{
	if (p.n == 0 || p.n >= size)
		return false;
	for (size_t i = 0; i < p.n; i++) {
		if (p.s[i] <= ' ' || p.s[i] > '~')
			return false;
	}
	memcpy(dst, p.s, p.n);
	dst[p.n] = '\0';
	return true;
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* systemd writes a '-' inside an instance name as "\x2d". Undone in place; the result is
 * emptied when a name that nobody could have given comes out. */
static void unescape(char *s)
{
	char *to = s;
	bool bad = false;

	for (const char *at = s; *at; to++) {
		int hi = -1, lo = -1;

		if (at[0] == '\\' && at[1] == 'x') {
			hi = hex_value(at[2]);
			lo = hi < 0 ? -1 : hex_value(at[3]);
		}
		if (lo < 0) {
			*to = *at++;
			continue;
		}
		*to = (char)(hi * 16 + lo);
		bad = bad || *to <= ' ' || *to > '~' || *to == '/';
		at += 4;
	}
	*(bad ? s : to) = '\0';
}

/* This is a container, also where its name is one that cannot be shown. */
static bool found(struct walk *w, struct part id, const char *runtime)
{
	if (part_copy(id, w->id->container, sizeof(w->id->container)))
		w->id->runtime = runtime;
	return true;
}

static bool is_unit(struct part p)
{
	static const char *const suffixes[] = {".service", ".scope", ".mount", ".socket", ".swap"};

	if (p.n > NAME_MAX_LEN ||
	    !part_all(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789:_.\\@-"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		struct part rest = p;

		if (part_strip(&rest, "", suffixes[i]))
			return true;
	}
	return false;
}

static void see_unit(struct walk *w)
{
	struct part unit = w->part, uid = w->part;

	/* systemd puts a '_' before a name that the kernel could take for one of its own
	 * files, such as memory.service (cg_escape() in its cgroup-util.c). */
	if (unit.n > 1 && unit.s[0] == '_') {
		unit.s++;
		unit.n--;
	}
	if (!is_unit(unit) || !part_copy(unit, w->id->unit, sizeof(w->id->unit)))
		return;
	w->id->user_unit = w->id->unit_uid != UINT_MAX;
	if (part_strip(&uid, "user@", ".service") && uid.n < 10 && part_all(uid, "0123456789"))
		w->id->unit_uid = (unsigned int)strtoul(uid.s, NULL, 10);
}

static void pod_uid(struct walk *w, struct part uid)
{
	char *s = w->id->pod_uid;

	/* Static pods have the hash of their manifest: 32 digits without dashes. */
	if (!part_uuid(uid, '-') && !part_uuid(uid, '_') && !part_hex(uid, 32))
		return;
	if (!part_copy(uid, s, sizeof(w->id->pod_uid)))
		return;
	for (; *s; s++) {
		if (*s == '_')
			*s = '-';
	}
}

/* "kubepods", "kubepods-burstable.slice", "kubelet-kubepods-pod<uid>.slice", "pod<uid>" */
static void see_pod(struct walk *w, struct part p)
{
	const char *colon = memchr(p.s, ':', p.n), *kube;
	struct part uid = p;

	if (colon)
		p.n = (size_t)(colon - p.s);
	kube = memmem(p.s, p.n, "kubepods", 8);
	if (kube && (kube == p.s || kube[-1] == '-')) {
		const char *pod = memmem(kube, (size_t)(p.s + p.n - kube), "-pod", 4);

		w->kubepods = true;
		if (pod) {
			uid = (struct part){pod + 1, (size_t)(p.s + p.n - pod - 1)};
			if (part_strip(&uid, "pod", ".slice"))
				pod_uid(w, uid);
		}
	} else if (w->kubepods && part_strip(&uid, "pod", "")) {
		pod_uid(w, uid);
	}
}

/* Names with id and runtime: PREFIX-<id>.scope of systemd, PREFIX-<id> of cgroupfs drivers. */
static bool see_prefixed(struct walk *w, struct part p)
{
	static const struct {
		const char *prefix, *suffix, *runtime;
	} forms[] = {
		{"docker-", ".scope", "docker"},
		{"cri-containerd-", ".scope", "containerd"},
		{"nerdctl-", ".scope", "containerd"},
		{"crio-", ".scope", "cri-o"},
		{"crio-", "", "cri-o"},
		{"libpod-", ".scope", "podman"},
		{"libpod-payload-", "", "podman"},
		{"libpod-", "", "podman"},
		/* the slice, the prefix and the id, where runtime and kubelet disagree on the
		   driver */
		{":docker:", "", "docker"},
		{":cri-containerd:", "", "containerd"},
		{":nerdctl:", "", "containerd"},
		{":crio:", "", "cri-o"},
		{":libpod:", "", "podman"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct part id = p;

		if (forms[i].prefix[0] == ':' && id.n > ID_HEX) {
			const char *colon = memchr(p.s, ':', p.n);

			if (!colon)
				continue;
			id = (struct part){colon, (size_t)(p.s + p.n - colon)};
		}
		if (part_strip(&id, forms[i].prefix, forms[i].suffix) && part_hex(id, ID_HEX))
			return found(w, id, forms[i].runtime);
	}
	return false;
}

/* A bare id: the parent tells the runtime, or nobody does. */
static bool see_bare(struct walk *w, struct part p)
{
	const char *runtime = NULL;

	if (!part_hex(p, ID_HEX))
		return false;
	if (part_is(w->parent, "docker"))
		runtime = "docker";
	else if (part_is(w->parent, "k8s.io"))
		runtime = "containerd";
	else if (part_is(w->grandparent, "ecs"))
		runtime = "docker"; /* /ecs/<task>/<id>: made by docker, on the agent's word */
	return found(w, p, runtime);
}

static bool see_lxc(struct walk *w, struct part p)
{
	const char *next;
	bool old = part_is(p, "lxc") && w->parent.n == 0;

	/* lxc.monitor.NAME holds the supervisor, which is not in the container. */
	if (old || part_is(p, "lxc.payload"))
		return found(w, part_first(w->next, &next), "lxc");
	return part_strip(&p, "lxc.payload.", "") && found(w, p, "lxc");
}

static bool see_nspawn(struct walk *w, struct part p)
{
	struct part slice = w->parent;
	const char *next;
	char *name = w->id->container;

	if (part_strip(&p, "machine-", ".scope")) {
		/* libvirt registers what it runs here too, and most of that is no container. */
		if (part_starts(p, "qemu\\x2d") || part_starts(p, "lxc\\x2d"))
			return false;
		if (!part_is(slice, "machine.slice") && !part_strip(&slice, "machine-", ".slice"))
			return false;
	} else if (!part_strip(&p, "systemd-nspawn@", ".service")) {
		return false;
	}
	/* The supervisor runs outside, next to the payload. */
	if (part_is(part_first(w->next, &next), "supervisor"))
		return false;
	found(w, p, "nspawn");
	unescape(name);
	if (!name[0])
		w->id->runtime = NULL;
	return true;
}

/* vzkernel: the CTID, a number above 100 or a UUID, at the root, below machine.slice or ve. */
static bool see_openvz(struct walk *w, struct part p)
{
	bool number = part_all(p, "0123456789") && p.n >= 3 && p.n <= 10 && p.s[0] != '0';

	if (w->parent.n && !part_is(w->parent, "machine.slice") && !part_is(w->parent, "ve"))
		return false;
	return (number || part_uuid(p, '-')) && found(w, p, "openvz");
}

void identity_cgroup(const char *path, struct identity *ret)
{
	struct identity id = {.unit_uid = UINT_MAX};
	struct walk w = {.id = &id};
	bool inside = false;

	for (w.part = part_first(path, &w.next); w.part.n && !inside;
	     w.part = part_first(w.next, &w.next)) {
		see_pod(&w, w.part);
		inside = see_prefixed(&w, w.part) || see_bare(&w, w.part) || see_lxc(&w, w.part) ||
			 see_openvz(&w, w.part);
		if (!inside) {
			/* A container that is a service keeps its unit: the host sets its limits.
			 */
			inside = see_nspawn(&w, w.part);
			if (!inside || part_starts(w.part, "systemd-nspawn@"))
				see_unit(&w);
		}
		w.grandparent = w.parent;
		w.parent = w.part;
	}
	if (!id.user_unit)
		id.unit_uid = 0;
	*ret = id;
}
