// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmsg_old.c - what older kernels, RHEL's and OpenVZ's print of an OOM kill.
 * Pure. No running kernel that BPF works on prints these: they come from logs.
 *
 *   2.6.9-18  "Out of Memory: Killed process 12345 (postgres)."
 *   2.6.24    "Out of memory: kill process 2 (x) score 93 or a child", "Killed process 3 (y)"
 *   2.6.32    "Killed process 3 (y) vsz:1kB, anon-rss:1kB, file-rss:0kB"
 *   RHEL 6    "Killed process 3, UID 48, (y) total-vm:1kB, anon-rss:1kB, file-rss:0kB"
 *   RHEL 7    "Killed process 3 (y), UID 48, total-vm:1kB, anon-rss:1kB, ..., shmem-rss:0kB"
 *   OpenVZ    "Out of memory in UB 101: OOM killed process 3 (y) score 0 vm:1kB, rss:1kB, swap:0kB"
 */
#include "kmsg.h"

#include <ctype.h>

static bool number(const char **at, int64_t most, int64_t *ret)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	v = strtoll(*at, &end, 10);
	if (errno || v > most)
		return false;
	*at = end;
	*ret = v;
	return true;
}

static void kib(struct kmsg_line *l, const char *s, const char *key, unsigned int bit,
		uint64_t *ret)
{
	const char *at = strstr(s, key);
	int64_t v;

	if (!at)
		return;
	at += strlen(key);
	if (!number(&at, INT64_MAX / 1024, &v) || !util_after(at, "kB"))
		return;
	*ret = (uint64_t)v * 1024;
	l->have |= bit;
}

/* ", UID 48," */
static const char *uid(const char *at, struct kmsg_line *l)
{
	const char *rest = util_after(at, ", UID ");
	int64_t v;

	if (!rest || !number(&rest, UINT32_MAX, &v) || *rest != ',')
		return at;
	l->uid = (uint32_t)v;
	l->have |= KMSG_HAS_UID;
	return rest + 1;
}

/* "(COMM)": a comm may hold a bracket, but no more than 15 bytes. NULL: none there. */
static const char *comm(const char *at, struct kmsg_line *l)
{
	const char *close = NULL;

	at += strspn(at, " ");
	if (*at != '(')
		return NULL;
	for (int i = 1; i <= FC_COMM && at[i]; i++)
		if (at[i] == ')')
			close = at + i;
	if (!close)
		return NULL;
	memcpy(l->comm, at + 1, (size_t)(close - at - 1));
	return close + 1;
}

/* "Out of memory: ", "Memory cgroup out of memory: ", ...; says whose memory. */
static void whose(const char *s, const char *end, struct kmsg_line *l)
{
	static const struct {
		const char *words;
		enum fc_constraint constraint;
	} starts[] = {
		{"Memory cgroup out of memory", FC_CONSTRAINT_MEMCG},
		{"No available memory (MPOL_BIND)", FC_CONSTRAINT_MEMORY_POLICY},
		{"No available memory in cpuset", FC_CONSTRAINT_CPUSET},
	};
	const char *ub = util_after(s, "Out of memory in UB ");
	int64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		if (!util_after(s, starts[i].words) || s >= end)
			continue;
		l->constraint = starts[i].constraint;
		l->have |= KMSG_HAS_CONSTRAINT;
		l->memcg = l->constraint == FC_CONSTRAINT_MEMCG;
	}
	if (ub && number(&ub, UINT32_MAX, &v) && *ub == ':') {
		l->ub = (uint32_t)v;
		l->have |= KMSG_HAS_UB | KMSG_HAS_CONSTRAINT;
		l->constraint = FC_CONSTRAINT_MEMCG;
		l->memcg = true;
	}
}

static bool is_start(const char *s, const char *words)
{
	static const char *const starts[] = {"Out of memory", "Out of Memory", "Memory cgroup out",
					     "No available memory"};

	if (s == words)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (util_after(s, starts[i]))
			return true;
	return false;
}

static bool parse_killed(const char *s, struct kmsg_line *l)
{
	const char *at = strstr(s, "Killed process ");
	size_t n = strlen("Killed process ");
	int64_t v;

	if (!at) {
		at = strstr(s, "OOM killed process ");
		n = strlen("OOM killed process ");
	}
	if (!at || !is_start(s, at))
		return false;
	whose(s, at, l);
	at += n;
	if (!number(&at, INT32_MAX, &v) || v == 0)
		return false;
	l->pid = (int)v;
	at = comm(uid(at, l), l);
	if (!at)
		return false;
	at = uid(at, l);
	kib(l, at, "total-vm:", KMSG_HAS_TOTAL_VM, &l->total_vm);
	kib(l, at, " vsz:", KMSG_HAS_TOTAL_VM, &l->total_vm);
	kib(l, at, " vm:", KMSG_HAS_TOTAL_VM, &l->total_vm);
	kib(l, at, "anon-rss:", KMSG_HAS_ANON, &l->rss_anon);
	kib(l, at, "file-rss:", KMSG_HAS_FILE, &l->rss_file);
	kib(l, at, "shmem-rss:", KMSG_HAS_SHMEM, &l->rss_shmem);
	kib(l, at, " swap:", KMSG_HAS_SWAP, &l->swap);
	return true;
}

static bool parse_chosen(const char *s, struct kmsg_line *l)
{
	const char *at = strstr(s, ": Kill process ");
	int64_t v;

	if (!at)
		at = strstr(s, ": kill process ");
	if (!at || !is_start(s, at))
		return false;
	whose(s, at, l);
	at += strlen(": Kill process ");
	if (!number(&at, INT32_MAX, &v) || v == 0)
		return false;
	l->pid = (int)v;
	at = comm(at, l);
	if (!at)
		return false;
	at = util_after(at, " score ");
	if (at && number(&at, INT32_MAX, &v)) {
		l->score = (int)v;
		l->have |= KMSG_HAS_SCORE;
	}
	return true;
}

/* 2.6.9: "oom-killer: gfp_mask=0xd0", nobody named */
static bool parse_invoked(const char *s, struct kmsg_line *l)
{
	const char *at = util_after(s, "oom-killer: gfp_mask=");

	if (!at)
		return false;
	l->gfp = (uint32_t)strtoul(at, NULL, 0);
	l->have |= KMSG_HAS_GFP;
	return true;
}

enum kmsg_kind kmsg_parse_old(const char *text, size_t n, struct kmsg_line *ret)
{
	char s[KMSG_TEXT];

	memset(ret, 0, sizeof(*ret));
	if (n >= sizeof(s))
		return KMSG_OTHER;
	memcpy(s, text, n);
	s[n] = '\0';
	if (parse_killed(s, ret))
		ret->kind = KMSG_KILLED;
	else if (parse_chosen(s, ret))
		ret->kind = KMSG_CHOSEN;
	else if (parse_invoked(s, ret))
		ret->kind = KMSG_INVOKED;
	if (ret->kind == KMSG_OTHER)
		memset(ret, 0, sizeof(*ret));
	return ret->kind;
}
