/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmsg_parse.c - one line of the kernel log. Pure.
 *
 * The kernel prints names between its keys and quotes neither: a comm or a
 * cgroup may hold ",pid=1" or ", order=0". So keys are looked for from the end
 * that no name stands at, numbers must be numbers up to the next key, and where
 * a name still could be a key the line says so (doubtful).
 *
 * The "oom-kill:" line is printed in pieces; pieces that another processor's
 * message fell between are separate records, and such a line is passed over.
 */
#include "kmsg.h"

#include <ctype.h>

#define KIB 1024

static bool take_number(const char **at, int64_t *ret)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)**at) && !(**at == '-' && isdigit((unsigned char)(*at)[1])))
		return false;
	errno = 0;
	v = strtoll(*at, &end, 10);
	if (errno)
		return false;
	*at = end;
	*ret = v;
	return true;
}

/* The last place in s where key stands, or NULL. */
static const char *find_last(const char *s, const char *key)
{
	const char *found = NULL;

	for (const char *at = strstr(s, key); at; at = strstr(at + 1, key))
		found = at;
	return found;
}

static bool stands_twice(const char *s, const char *key)
{
	const char *at = strstr(s, key);

	return at && strstr(at + 1, key);
}

/* Copies n bytes of s, which may not be longer than dst; else dst is "". */
static void copy(char *dst, size_t size, const char *s, size_t n)
{
	if (n >= size)
		n = 0;
	memcpy(dst, s, n);
	dst[n] = '\0';
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* /dev/kmsg shows what is not printable, and the backslash, as \xNN. Undone; a NUL stays so. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; to++) {
		bool coded = s[0] == '\\' && s[1] == 'x' && hex(s[2]) >= 0 && hex(s[3]) >= 0 &&
			     hex(s[2]) + hex(s[3]) > 0;

		*to = coded ? (char)(hex(s[2]) * 16 + hex(s[3])) : *s;
		s += coded ? 4 : 1;
	}
	*to = '\0';
}

static void copy_name(char *dst, size_t size, const char *s, size_t n)
{
	char name[4 * KMSG_TEXT];

	copy(name, sizeof(name), s, n);
	unescape(name);
	copy(dst, size, name, strlen(name));
}

/* "COMM invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0" */
static bool parse_invoked(const char *s, struct kmsg_line *l)
{
	static const char words[] = " invoked oom-killer: gfp_mask=";
	const char *at = find_last(s, words);
	int64_t v;

	if (!at)
		return false;
	copy_name(l->comm, sizeof(l->comm), s, (size_t)(at - s));
	at += strlen(words);
	l->gfp = (uint32_t)strtoul(at, NULL, 0);
	l->have |= KMSG_HAS_GFP;
	at = strstr(at, "order=");
	if (at && (at += 6, take_number(&at, &v)) && v >= -1 && v < 64) {
		l->order = (int)v;
		l->have |= KMSG_HAS_ORDER;
	}
	return true;
}

static bool parse_constraint(const char **at, struct kmsg_line *l)
{
	static const char *const names[] = {
		[FC_CONSTRAINT_NONE] = "CONSTRAINT_NONE,",
		[FC_CONSTRAINT_CPUSET] = "CONSTRAINT_CPUSET,",
		[FC_CONSTRAINT_MEMORY_POLICY] = "CONSTRAINT_MEMORY_POLICY,",
		[FC_CONSTRAINT_MEMCG] = "CONSTRAINT_MEMCG,",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		const char *rest = util_after(*at, names[i]);

		if (!rest)
			continue;
		l->constraint = (enum fc_constraint)i;
		l->have |= KMSG_HAS_CONSTRAINT;
		*at = rest - 1;
		return true;
	}
	return false;
}

/* s is "...,oom_memcg=/a,task_memcg=/a/b" or "...,global_oom,task_memcg=/a/b" */
static void parse_paths(const char *s, struct kmsg_line *l)
{
	const char *oom = strstr(s, ",oom_memcg=/"), *task = NULL;

	if (stands_twice(s, ",oom_memcg=") || stands_twice(s, ",task_memcg=") ||
	    stands_twice(s, ",mems_allowed=") || stands_twice(s, ",cpuset="))
		l->doubtful = true;
	if (!oom) {
		task = strstr(s, ",task_memcg=/");
	} else {
		/* The victim is in the cgroup whose limit fired or below it: that tells which of
		 * several places is the right one. */
		oom += strlen(",oom_memcg=");
		for (task = strstr(oom, ",task_memcg=/"); task;
		     task = strstr(task + 1, ",task_memcg=/")) {
			size_t n = (size_t)(task - oom);
			const char *path = task + strlen(",task_memcg=");

			if (n == 1 || (strncmp(path, oom, n) == 0 && (!path[n] || path[n] == '/')))
				break;
		}
		if (!task) {
			l->doubtful = true;
			return;
		}
		copy(l->oom_memcg, sizeof(l->oom_memcg), oom, (size_t)(task - oom));
	}
	if (task) {
		task += strlen(",task_memcg=");
		copy(l->task_memcg, sizeof(l->task_memcg), task, strlen(task));
	}
}

/* A list of numbers ends where the next key begins. */
static void parse_nodes(const char *s, struct kmsg_line *l)
{
	const char *key = l->constraint == FC_CONSTRAINT_CPUSET          ? ",mems_allowed="
			  : l->constraint == FC_CONSTRAINT_MEMORY_POLICY ? ",nodemask="
									 : NULL;
	const char *at = key ? strstr(s, key) : NULL;
	size_t n;

	if (!at || l->doubtful)
		return;
	at += strlen(key);
	n = strspn(at, "0123456789-,");
	if (at[n] && n && at[n - 1] == ',')
		copy(l->nodes, sizeof(l->nodes), at, n - 1);
}

/* "oom-kill:constraint=C,nodemask=N,cpuset=X,mems_allowed=N,...,task=COMM,pid=N,uid=N" */
static bool parse_oom(char *s, struct kmsg_line *l)
{
	const char *rest = util_after(s, "oom-kill:constraint="), *at;
	char *uid, *pid, *task, *better;
	int64_t v;

	if (!rest || !parse_constraint(&rest, l))
		return false;
	uid = (char *)find_last(s, ",uid=");
	at = uid ? uid + 5 : NULL;
	if (!at || !take_number(&at, &v) || *at || v < 0 || v > UINT32_MAX)
		return false;
	l->uid = (uint32_t)v;
	l->have |= KMSG_HAS_UID;
	*uid = '\0';
	pid = (char *)find_last(s, ",pid=");
	at = pid ? pid + 5 : NULL;
	if (!at || !take_number(&at, &v) || *at || v <= 0 || v > INT32_MAX)
		return false;
	l->pid = (int)v;
	*pid = '\0';
	/* The first ",task=" behind which a comm has room: a comm may hold another, a path too. */
	task = (char *)find_last(s, ",task=");
	if (!task)
		return false;
	for (better = strstr(s, ",task="); better < task; better = strstr(better + 1, ",task=")) {
		char name[FC_COMM];

		copy_name(name, sizeof(name), better + 6, strlen(better + 6));
		if (name[0]) {
			l->doubtful = true;
			task = better;
			break;
		}
	}
	copy_name(l->comm, sizeof(l->comm), task + 6, strlen(task + 6));
	*task = '\0';
	better = s + (rest - s);
	unescape(better);
	parse_paths(better, l);
	parse_nodes(better, l);
	return true;
}

static void take_kib(struct kmsg_line *l, const char *s, const char *key, unsigned int bit,
		     uint64_t *ret)
{
	const char *at = strstr(s, key);
	int64_t v = 0;

	if (at)
		at += strlen(key);
	if (!at || !take_number(&at, &v) || !util_after(at, "kB") || v < 0 || v > INT64_MAX / KIB)
		return;
	*ret = (uint64_t)v * KIB;
	l->have |= bit;
}

/* "...: Killed process N (COMM) total-vm:NkB, anon-rss:NkB, file-rss:NkB, shmem-rss:NkB, UID:N
 * pgtables:NkB oom_score_adj:N", in old kernels without what follows shmem-rss */
static bool parse_killed(const char *s, struct kmsg_line *l)
{
	static const char words[] = "Killed process ";
	const unsigned int all = KMSG_HAS_TOTAL_VM | KMSG_HAS_ANON | KMSG_HAS_FILE | KMSG_HAS_SHMEM;
	const char *at, *tail;
	int64_t v;

	at = util_after(s, words);
	if (!at) {
		at = util_after(s, "Memory cgroup out of memory: ");
		l->memcg = at != NULL;
		if (!at)
			at = util_after(s, "Out of memory: ");
		if (!at)
			at = util_after(s, "Out of memory (oom_kill_allocating_task): ");
		at = at ? util_after(at, words) : NULL;
	}
	tail = at ? find_last(at, ") total-vm:") : NULL;
	if (!tail || !take_number(&at, &v) || v <= 0 || v > INT32_MAX)
		return false;
	l->pid = (int)v;
	at = strstr(at, "(");
	if (!at || at >= tail)
		return false;
	copy_name(l->comm, sizeof(l->comm), at + 1, (size_t)(tail - at - 1));
	take_kib(l, tail, "total-vm:", KMSG_HAS_TOTAL_VM, &l->total_vm);
	take_kib(l, tail, "anon-rss:", KMSG_HAS_ANON, &l->rss_anon);
	take_kib(l, tail, "file-rss:", KMSG_HAS_FILE, &l->rss_file);
	take_kib(l, tail, "shmem-rss:", KMSG_HAS_SHMEM, &l->rss_shmem);
	take_kib(l, tail, "pgtables:", KMSG_HAS_PGTABLES, &l->pgtables);
	if ((l->have & all) == all)
		l->have |= KMSG_HAS_SIZES;
	at = strstr(tail, "UID:");
	if (at && (at += 4, take_number(&at, &v)) && v >= 0 && v <= UINT32_MAX) {
		l->uid = (uint32_t)v;
		l->have |= KMSG_HAS_UID;
	}
	at = strstr(tail, "oom_score_adj:");
	if (at && (at += 14, take_number(&at, &v)) && v >= -1000 && v <= 1000) {
		l->score_adj = (int)v;
		l->have |= KMSG_HAS_SCORE_ADJ;
	}
	return true;
}

static bool parse_group(char *s, struct kmsg_line *l)
{
	const char *path = util_after(s, "Tasks in ");
	const char *end =
		path ? find_last(path, " are going to be killed due to memory.oom.group set")
		     : NULL;

	if (!end)
		return false;
	s[end - s] = '\0';
	unescape(s);
	copy(l->task_memcg, sizeof(l->task_memcg), path, strlen(path));
	return true;
}

static bool parse_file_max(const char *s, struct kmsg_line *l)
{
	const char *at = util_after(s, "VFS: file-max limit ");
	int64_t v;

	if (!at || !take_number(&at, &v) || v < 0 || !util_after(at, " reached"))
		return false;
	l->limit = (uint64_t)v;
	return true;
}

enum kmsg_kind kmsg_parse(const char *text, size_t n, struct kmsg_line *ret)
{
	char s[4 * KMSG_TEXT]; /* /dev/kmsg writes four characters for some */

	memset(ret, 0, sizeof(*ret));
	if (n >= sizeof(s))
		return KMSG_OTHER;
	memcpy(s, text, n);
	s[n] = '\0';
	if (parse_killed(s, ret))
		ret->kind = KMSG_KILLED;
	else if (parse_oom(s, ret))
		ret->kind = KMSG_OOM;
	else if (parse_invoked(s, ret))
		ret->kind = KMSG_INVOKED;
	else if (parse_group(s, ret))
		ret->kind = KMSG_GROUP;
	else if (parse_file_max(s, ret))
		ret->kind = KMSG_FILE_MAX;
	if (ret->kind == KMSG_OTHER)
		memset(ret, 0, sizeof(*ret));
	return ret->kind;
}

int kmsg_parse_head(const char *record, size_t n, struct kmsg_head *ret)
{
	const char *text = memchr(record, ';', n), *end;
	char head[128], *at = head, *next;
	uint64_t v[3];

	if (!text || (size_t)(text - record) >= sizeof(head))
		return -EBADMSG;
	memcpy(head, record, (size_t)(text - record));
	head[text - record] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(v); i++) {
		if (!isdigit((unsigned char)*at))
			return -EBADMSG;
		v[i] = strtoull(at, &next, 10);
		if (*next != ',')
			return -EBADMSG;
		at = next + 1;
	}
	text++;
	end = memchr(text, '\n', n - (size_t)(text - record));
	*ret = (struct kmsg_head){
		.facility = (unsigned int)(v[0] >> 3),
		.seq = v[1],
		.usec = v[2],
		.text = text,
		.len = end ? (size_t)(end - text) : n - (size_t)(text - record),
	};
	return 0;
}
