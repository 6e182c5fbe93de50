// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_tasks.c - the table of tasks in a report of the OOM killer
 * (dump_tasks() of mm/oom_kill.c), and who had the most points in it.
 *
 * Which columns there are changes from kernel to kernel; the heading says it.
 * The points are counted anew as oom_badness() does; they are not printed.
 */
#include <ctype.h>

#include "import_priv.h"

#define ADJ_MIN (-1000)
#define OLD_ADJ_MIN (-17) /* oom_adj, before 2.6.36 */

enum import_column {
	COLUMN_OTHER,
	COLUMN_UID,
	COLUMN_RSS,
	COLUMN_PTES, /* pages of page tables, any level */
	COLUMN_PGTABLES,
	COLUMN_SWAP,
	COLUMN_OLD_ADJ,
	COLUMN_ADJ,
};

static enum import_column column(const char *word, size_t n)
{
	static const struct {
		const char *word;
		enum import_column column;
	} words[] = {
		{"uid", COLUMN_UID},           {"rss", COLUMN_RSS},
		{"nr_ptes", COLUMN_PTES},      {"nr_pmds", COLUMN_PTES},
		{"nr_puds", COLUMN_PTES},      {"pgtables_bytes", COLUMN_PGTABLES},
		{"swapents", COLUMN_SWAP},     {"oom_adj", COLUMN_OLD_ADJ},
		{"oom_score_adj", COLUMN_ADJ},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) == n && strncmp(words[i].word, word, n) == 0)
			return words[i].column;
	return COLUMN_OTHER;
}

/* "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name" */
bool import_tasks_heading(struct import_tasks *t, const char *s)
{
	struct import_tasks got = {.row = t->row, .room = t->room};

	if (*s != '[')
		return false;
	s += 1 + strspn(s + 1, " ");
	s = util_after(s, "pid");
	if (!s)
		return false;
	s += strspn(s, " ");
	if (*s++ != ']')
		return false;
	while (*(s += strspn(s, " "))) {
		size_t n = strcspn(s, " ");

		if (strncmp(s, "name", n) == 0 && n == 4) {
			*t = got;
			return true;
		}
		if (got.columns == ARRAY_SIZE(got.column))
			return false;
		got.column[got.columns++] = (unsigned char)column(s, n);
		s += n;
	}
	return false;
}

unsigned int import_tasks_columns(const char *s)
{
	struct import_tasks t = {0};
	unsigned int n = 0;

	if (!import_tasks_heading(&t, s))
		return 0;
	for (unsigned int i = 0; i < t.columns; i++)
		n += t.column[i] != COLUMN_OTHER;
	return n;
}

static bool has_column(const struct import_tasks *t, enum import_column c)
{
	return memchr(t->column, (int)c, t->columns) != NULL;
}

static bool exempt(const struct import_tasks *t, const struct import_task *task)
{
	if (has_column(t, COLUMN_ADJ))
		return task->adj == ADJ_MIN;
	return task->has_adj && task->adj == OLD_ADJ_MIN;
}

static void keep(struct import_tasks *t, const struct import_task *task)
{
	if (exempt(t, task))
		t->exempt++;
	else
		t->total++;
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 256;
		struct import_task *row;

		if (room > IMPORT_TASKS_MAX)
			return;
		row = realloc(t->row, room * sizeof(*row));
		if (!row)
			return;
		t->row = row;
		t->room = room;
	}
	t->row[t->n++] = *task;
}

static void set(struct import_task *task, enum import_column c, int64_t v)
{
	switch (c) {
	case COLUMN_UID:
		task->uid = (uint32_t)v;
		break;
	case COLUMN_RSS:
		task->rss = v;
		break;
	case COLUMN_PTES:
		task->pgtables += v > INT64_MAX / 8192 ? 0 : v * 4096;
		break;
	case COLUMN_PGTABLES:
		task->pgtables = v;
		break;
	case COLUMN_SWAP:
		task->swap = v;
		break;
	case COLUMN_OLD_ADJ:
	case COLUMN_ADJ:
		task->adj = v;
		task->has_adj = true;
		break;
	case COLUMN_OTHER:
		break;
	}
}

static bool parse_row(const struct import_tasks *t, const char *s, struct import_task *ret)
{
	struct import_task task = {0};
	char *end;

	if (t->columns == 0 || *s != '[')
		return false;
	task.pid = strtoll(s + 1, &end, 10);
	if (*end != ']' || task.pid <= 0 || task.pid > INT32_MAX)
		return false;
	s = end + 1;
	for (unsigned int i = 0; i < t->columns; i++) {
		int64_t v = strtoll(s, &end, 10);

		if (end == s || (*end != ' ' && *end != '\t') || v < ADJ_MIN ||
		    v > INT64_MAX / 65536)
			return false;
		set(&task, (enum import_column)t->column[i], v);
		s = end;
	}
	s += strspn(s, " \t");
	if (!*s)
		return false;
	util_strlcpy(task.comm, s, sizeof(task.comm));
	*ret = task;
	return true;
}

/* "[ 1046]  1066  1046   228537    95491   3       0             0 apache2" */
bool import_tasks_row(struct import_tasks *t, const char *s)
{
	struct import_task task;

	if (!parse_row(t, s, &task))
		return false;
	keep(t, &task);
	return true;
}

bool import_tasks_is_row(const struct import_tasks *t, const char *s)
{
	struct import_task task;

	return parse_row(t, s, &task);
}

bool import_tasks_have_swap(const struct import_tasks *t)
{
	return has_column(t, COLUMN_SWAP);
}

bool import_tasks_have_adj(const struct import_tasks *t)
{
	return has_column(t, COLUMN_ADJ);
}

const struct import_task *import_tasks_find(const struct import_tasks *t, int64_t pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->row[i].pid == pid)
			return &t->row[i];
	return NULL;
}

void import_tasks_free(struct import_tasks *t)
{
	free(t->row);
	*t = (struct import_tasks){0};
}

/* oom_badness() since 2.6.36; false: it needs what is not known. */
static bool points(const struct import_tasks *t, const struct import_task *task, int64_t total,
		   int64_t page, int64_t *ret)
{
	int64_t v = task->rss + task->swap + task->pgtables / page;

	if (!has_column(t, COLUMN_ADJ) || (task->adj && total <= 0))
		return false;
	*ret = v + task->adj * (total / 1000);
	return true;
}

struct ranked {
	const struct import_task *task;
	bool has_points;
	int64_t points;
};

static bool above(const struct ranked *a, const struct ranked *b)
{
	if (a->has_points && b->has_points && a->points != b->points)
		return a->points > b->points;
	return a->task->rss + a->task->swap > b->task->rss + b->task->swap;
}

static void add(struct event *e, enum field f, const struct ranked *r, int64_t page)
{
	struct event_candidate *c = event_candidate_add(e, f);

	if (!c)
		return;
	c->pid = r->task->pid;
	c->comm = event_keep(e, r->task->comm);
	c->points = r->has_points ? r->points : INT64_MIN; /* then no output shows it */
	c->score_adj = r->task->adj;
	c->held = (r->task->rss + r->task->swap) * page + r->task->pgtables;
}

void import_tasks_rank(const struct import_tasks *t, struct event *e, int64_t total, int64_t page)
{
	struct ranked top[EVENT_CANDIDATE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct ranked r = {.task = &t->row[i]};
		size_t at;

		if (exempt(t, r.task)) {
			if (e->exempted.n < EVENT_CANDIDATE_MAX)
				add(e, FIELD_EXEMPTED, &r, page);
			continue;
		}
		r.has_points = points(t, r.task, total, page, &r.points);
		for (at = n; at > 0 && above(&r, &top[at - 1]); at--)
			if (at < EVENT_CANDIDATE_MAX)
				top[at] = top[at - 1];
		if (at < EVENT_CANDIDATE_MAX)
			top[at] = r;
		n += n < EVENT_CANDIDATE_MAX;
	}
	for (size_t i = 0; i < n; i++)
		add(e, FIELD_CANDIDATES, &top[i], page);
	if (n > 0) {
		event_int(e, FIELD_CANDIDATES_TOTAL, (int64_t)t->total);
		event_static(e, FIELD_CANDIDATES_FROM, "kernel-log");
	}
	if (t->exempt > 0)
		event_int(e, FIELD_EXEMPTED_TOTAL, (int64_t)t->exempt);
}
