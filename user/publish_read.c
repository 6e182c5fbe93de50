// SPDX-License-Identifier: GPL-2.0-only
/*
 * publish_read.c - what running programs have published, for whoever asks.
 *
 * Every file counts the same events since its own beginning: counts are not
 * added up, the largest is the one that looked longest. A cgroup's count takes
 * in those below it, as its own counters do.
 */
#include <dirent.h>
#include <fcntl.h>

#include "catalogue.h"
#include "parse.h"
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(e) ((e)->unhashed = true)
#include <uthash.h>

#include "publish.h"

#define DIRECTORY "run/failcnt"
#define FILES_MAX 64 /* programs at a time */

struct sum {
	uint64_t n, start; /* start: of a process, ticks; 0: other owners */
	bool unhashed;
	UT_hash_handle hh;
	char key[]; /* "RESOURCE OWNER" */
};

struct run {
	int64_t since;
	uint64_t lost, unattributed, unattributed_pids, pid, start;
	bool complete, ended, unseen[FC_RESOURCES];
	struct sum *sums;
};

struct published {
	struct run runs[FILES_MAX];
	size_t n;
};

static int add(struct run *run, const char *resource, const char *owner, uint64_t n, uint64_t start)
{
	size_t size = strlen(resource) + strlen(owner) + 2;
	_cleanup_free_ struct sum *new = calloc(1, sizeof(*new) + size);
	struct sum *old;

	if (!new)
		return -ENOMEM;
	snprintf(new->key, size, "%s %s", resource, owner);
	HASH_FIND_STR(run->sums, new->key, old);
	if (old) {
		old->n += n;
		return 0;
	}
	new->n = n;
	new->start = start;
	HASH_ADD_STR(run->sums, key, new);
	if (new->unhashed)
		return -ENOMEM;
	TAKE_PTR(new);
	return 0;
}

/* "cgroup:/a/b" counts for /a/b, /a and the root. */
static int add_cgroup(struct run *run, const char *resource, char *owner, uint64_t n)
{
	char *path = owner + strlen("cgroup:"), *slash;
	int r = add(run, resource, owner, n, 0);

	while (!r && path[0] == '/' && path[1]) {
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
		r = add(run, resource, owner, n, 0);
	}
	return r;
}

static int word_copy(struct parse_text *line, char *buf, size_t size)
{
	struct parse_text word;

	return parse_next_word(line, &word) ? parse_unescape(word, buf, size) : -EBADMSG;
}

static int word_number(struct parse_text *line, uint64_t *ret)
{
	struct parse_text word;

	return parse_next_word(line, &word) ? parse_u64(word.s, word.n, ret) : -EBADMSG;
}

static int count_line(struct run *run, struct parse_text line)
{
	char owner[4352], resource[32];
	uint64_t n, start = 0;

	if (word_copy(&line, owner, sizeof(owner)) < 0 ||
	    word_copy(&line, resource, sizeof(resource)) < 0 || word_number(&line, &n) < 0)
		return -EBADMSG;
	if (util_after(owner, "cgroup:"))
		return add_cgroup(run, resource, owner, n);
	if (util_after(owner, "pid:") && word_number(&line, &start) < 0)
		return -EBADMSG;
	return add(run, resource, owner, n, start);
}

static int unseen_line(struct run *run, struct parse_text line)
{
	char resource[32];

	if (word_copy(&line, resource, sizeof(resource)) < 0)
		return -EBADMSG;
	run->unseen[catalogue_by_id(resource)] = true; /* one that is not known: no resource's */
	return 0;
}

static int one_line(struct run *run, struct parse_text line, const char *boot)
{
	uint64_t complete, since;
	struct parse_text word;
	const struct {
		const char *name;
		uint64_t *at;
	} numbers[] = {{"lost", &run->lost},
		       {"unattributed", &run->unattributed},
		       {"unattributed_pids", &run->unattributed_pids},
		       {"complete", &complete},
		       {"since", &since}};
	int r;

	if (!parse_next_word(&line, &word))
		return -EBADMSG;
	if (parse_is(word, "count"))
		return count_line(run, line);
	if (parse_is(word, "unseen"))
		return unseen_line(run, line);
	if (parse_is(word, "end"))
		run->ended = true;
	if (parse_is(word, "boot_id"))
		return parse_next_word(&line, &word) && parse_is(word, boot) ? 0 : -ESTALE;
	if (parse_is(word, "pid"))
		return word_number(&line, &run->pid) < 0 || word_number(&line, &run->start) < 0
			       ? -EBADMSG
			       : 0;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!parse_is(word, numbers[i].name))
			continue;
		r = word_number(&line, numbers[i].at);
		if (r < 0)
			return -EBADMSG;
		if (numbers[i].at == &complete)
			run->complete = complete == 1;
		if (numbers[i].at == &since && since <= INT64_MAX)
			run->since = (int64_t)since;
	}
	return 0; /* a word that a later version has */
}

static int parse_run(struct run *run, struct parse_text text, const char *boot)
{
	struct parse_text line;
	bool whole;
	int r = 0;

	if (!parse_next_line(&text, &line, &whole) || !parse_is(line, "failcnt-counts 1"))
		return -EBADMSG;
	while (!r && parse_next_line(&text, &line, &whole))
		r = whole ? one_line(run, line, boot) : -EBADMSG;
	return r < 0 ? r : run->ended && run->pid && run->since ? 0 : -EBADMSG;
}

static int start_of(struct counters *c, uint64_t pid, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	char path[48];
	size_t n;
	int r;

	snprintf(path, sizeof(path), "proc/%llu/stat", (unsigned long long)pid);
	r = counters_slurp(c, path, &text, &n);
	return r < 0 ? r : parse_stat_start((struct parse_text){text, n}, ret);
}

static void run_done(struct run *run)
{
	struct sum *s, *next;

	HASH_ITER (hh, run->sums, s, next) {
		HASH_DEL(run->sums, s);
		free(s);
	}
}

/* Of this boot, and its process is here: the same number and start. */
static int read_run(struct published *p, struct counters *c, const char *name, const char *boot)
{
	_cleanup_free_ char *text = NULL;
	struct run *run = &p->runs[p->n];
	char path[300];
	uint64_t start;
	size_t n;
	int r;

	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	r = counters_slurp(c, path, &text, &n);
	if (r < 0)
		return r;
	*run = (struct run){0};
	r = parse_run(run, (struct parse_text){text, n}, boot);
	if (!r && (start_of(c, run->pid, &start) < 0 || start != run->start))
		r = -ESTALE;
	if (r < 0)
		run_done(run);
	else
		p->n++;
	return r;
}

static int boot_id(struct counters *c, char *buf, size_t size)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	int r = counters_slurp(c, "proc/sys/kernel/random/boot_id", &text, &n);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	return util_strlcpy(buf, text, size) ? 0 : -EBADMSG;
}

int published_read(struct published **ret, struct counters *c)
{
	_cleanup_(published_freep) struct published *p = NULL;
	int fd = counters_open_dir(c, DIRECTORY), r = 0;
	const struct dirent *e;
	char boot[64];
	DIR *dir;

	*ret = NULL;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		util_closep(&fd);
		return 0;
	}
	p = calloc(1, sizeof(*p));
	if (!p || boot_id(c, boot, sizeof(boot)) < 0) {
		closedir(dir);
		return p ? 0 : -ENOMEM;
	}
	while (r != -ENOMEM && p->n < FILES_MAX && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			r = read_run(p, c, e->d_name, boot);
	closedir(dir);
	if (r == -ENOMEM)
		return r;
	if (p->n)
		*ret = TAKE_PTR(p);
	return 0;
}

void published_free(struct published *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		run_done(&p->runs[i]);
	free(p);
}

/* What one run says; -ENODATA where it cannot know. */
static int ask(const struct run *run, struct counters *c, const char *owner, const char *resource,
	       uint64_t *ret)
{
	const char *pid = util_after(owner, "pid:");
	uint64_t n, start, missing = run->lost;
	char key[4400];
	struct sum *s;

	snprintf(key, sizeof(key), "%s %s", resource, owner);
	HASH_FIND_STR(run->sums, key, s);
	if (s && (!pid || (parse_u64(pid, strlen(pid), &n) == 0 && start_of(c, n, &start) == 0 &&
			   start == s->start))) {
		*ret = s->n;
		return 0;
	}
	if (!util_streq(owner, "host"))
		missing += run->unattributed;
	if (pid)
		missing += run->unattributed_pids;
	if (!run->complete || missing || run->unseen[catalogue_by_id(resource)])
		return -ENODATA;
	*ret = 0;
	return 0;
}

int published_get(const struct published *p, struct counters *c, const char *owner,
		  unsigned int resource, uint64_t *ret_n, int64_t *ret_since)
{
	const struct resource *res = catalogue_get(resource);
	const struct run *best = NULL;
	uint64_t most = 0, n;

	if (!p || !res ||
	    !(util_streq(owner, "host") || util_after(owner, "uid:") || util_after(owner, "pid:") ||
	      util_after(owner, "cgroup:")))
		return -ENODATA;
	for (size_t i = 0; i < p->n; i++) {
		const struct run *run = &p->runs[i];

		if (ask(run, c, owner, res->id, &n) < 0)
			continue;
		if (!best || n > most || (n == most && run->since < best->since)) {
			best = run;
			most = n;
		}
	}
	if (!best)
		return -ENODATA;
	*ret_n = most;
	*ret_since = best->since;
	return 0;
}

int64_t published_since(const struct published *p)
{
	int64_t since = p->runs[0].since;

	for (size_t i = 1; i < p->n; i++)
		if (p->runs[i].since < since)
			since = p->runs[i].since;
	return since;
}

uint64_t published_lost(const struct published *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->runs[i].lost;
	return n;
}
