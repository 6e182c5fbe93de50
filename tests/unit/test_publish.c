// SPDX-License-Identifier: GPL-2.0-only
/* needs: user/publish.c user/publish_file.c user/publish_read.c user/catalogue.c user/field.c
 * user/attach.c user/counter*.c user/parse*.c */
/*
 * test_publish.c - counts: written by a run, read by the table, exact, and
 * silent wherever they cannot know.
 */
#include "counter_fixture.h"

#include <dirent.h>
#include <sys/wait.h>

#include "../../user/catalogue.h"
#include "../../user/publish.h"

static struct attach_plan all_hooks(void)
{
	struct attach_plan plan = {0};

	for (int h = 0; h < FC_HOOKS; h++)
		plan.hook[h].backend = FC_BACKEND_TRACEPOINT;
	return plan;
}

/* A root whose /proc has what the reader looks for: this boot, and this process. */
static char *make_root(void)
{
	char *root = make_tree(), path[64], text[1024];
	FILE *f;
	size_t n;

	f = fopen("/proc/sys/kernel/random/boot_id", "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	put_bytes(root, "proc/sys/kernel/random/boot_id", text, n);
	f = fopen("/proc/self/stat", "r");
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	snprintf(path, sizeof(path), "proc/%d/stat", (int)getpid());
	put_bytes(root, path, text, n);
	put_text(root, "run/.keep", "");
	return root;
}

static struct publish *publish_at(const char *root)
{
	const struct options o = {.root = root};
	const struct attach_plan plan = all_hooks();
	struct publish *p = NULL;

	assert_int_equal(publish_open(&p, &o, &plan), 0);
	assert_non_null(p);
	return p;
}

static struct event *refusal(const char *resource, int64_t uid, const char *cgroup, int64_t pid,
			     int64_t count)
{
	static struct event e;

	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	if (uid >= 0)
		event_int(&e, FIELD_UID, uid);
	event_str(&e, FIELD_CGROUP, cgroup);
	if (pid)
		event_int(&e, FIELD_PID, pid);
	if (count)
		event_int(&e, FIELD_COUNT, count);
	return &e;
}

/* What the reader says; -1: not known. */
static int64_t told(const char *root, const char *owner, const char *resource)
{
	struct counters *c = open_root(root);
	struct published *p = NULL;
	int64_t since = 0, ret = -1;
	uint64_t n = 0;

	assert_int_equal(published_read(&p, c), 0);
	if (published_get(p, c, owner, catalogue_by_id(resource), &n, &since) == 0) {
		assert_true(since > 0);
		ret = (int64_t)n;
	}
	published_free(p);
	counters_close(c);
	return ret;
}

static void round_trip(void **state _unused_)
{
	char *root = make_root(), pid[32];
	struct publish *p = publish_at(root);

	/* Nothing happened: known at once to be nothing. */
	assert_int_equal(told(root, "host", "nofile"), 0);
	assert_int_equal(told(root, "uid:7", "nofile"), 0);
	assert_int_equal(told(root, "fs:/", "nofile"), -1);
	assert_int_equal(told(root, "ct:1", "nofile"), -1);

	publish_event(p, refusal("nofile", 7, "/a/b", getpid(), 0));
	publish_event(p, refusal("nofile", 7, "/a/b", getpid(), 1000000));
	publish_event(p, refusal("nofile", 0, "/a", 0, 3));
	publish_event(p, refusal("semmni", 0, "/a b\n\\c", 0, 0));
	publish_event(p, refusal("nofile", 0, "/", 0, 0));
	publish_flush(p, 1000);
	snprintf(pid, sizeof(pid), "pid:%d", (int)getpid());
	assert_int_equal(told(root, "host", "nofile"), 1000005);
	assert_int_equal(told(root, "host", "semmni"), 1);
	assert_int_equal(told(root, "host", "semmns"), 0);
	assert_int_equal(told(root, "uid:7", "nofile"), 1000001);
	assert_int_equal(told(root, "uid:0", "nofile"), 4);
	assert_int_equal(told(root, "uid:0", "semmni"), 1);
	assert_int_equal(told(root, "cgroup:/a/b", "nofile"), 1000001);
	assert_int_equal(told(root, "cgroup:/a", "nofile"), 1000004);
	assert_int_equal(told(root, "cgroup:/", "nofile"), 1000005);
	assert_int_equal(told(root, "cgroup:/a/b/c", "nofile"), 0);
	assert_int_equal(told(root, "cgroup:/a b\n\\c", "semmni"), 1);
	assert_int_equal(told(root, pid, "nofile"), 1000001);
	/* Of the three above without a pid, one may have been any process's. */
	assert_int_equal(told(root, pid, "semmns"), -1);

	/* At most once a second, and then it is all there. */
	publish_event(p, refusal("nofile", 7, "/a/b", getpid(), 0));
	publish_flush(p, 1999);
	assert_int_equal(told(root, "uid:7", "nofile"), 1000001);
	publish_flush(p, 2000);
	assert_int_equal(told(root, "uid:7", "nofile"), 1000002);
	publish_close(p);
	assert_int_equal(told(root, "host", "nofile"), -1);
	remove_tree(root);
}

/* A kill is nobody's who lives; losses make zeros unknown, not counts. */
static void kills_and_losses(void **state _unused_)
{
	char *root = make_root();
	struct publish *p = publish_at(root);
	struct event *e = refusal("memory", 5, "/a", 4711, 0);

	e->kind = EVENT_KILLED;
	publish_event(p, e);
	e->kind = EVENT_COUNTED;
	publish_event(p, e);
	e->kind = EVENT_FOLLOWUP;
	publish_event(p, e);
	publish_event(p, refusal("no-such", 5, "/a", 0, 0));
	publish_flush(p, 1000);
	assert_int_equal(told(root, "cgroup:/a", "memory"), 1);
	assert_int_equal(told(root, "host", "memory"), 1);
	publish_lost(p, 4);
	publish_flush(p, 2000);
	assert_int_equal(told(root, "host", "memory"), 1);
	assert_int_equal(told(root, "host", "nofile"), -1);
	publish_close(p);
	/* None of these does anything. */
	publish_event(NULL, e);
	publish_lost(NULL, 1);
	publish_flush(NULL, 1);
	publish_close(NULL);
	remove_tree(root);
}

/* A refusal without names is the host's; then no owner's zero can be known. */
static void nameless(void **state _unused_)
{
	char *root = make_root();
	struct publish *p = publish_at(root);

	publish_event(p, refusal("nofile", 5, "/a", getpid(), 0));
	publish_event(p, refusal("nofile", -1, NULL, 0, 9));
	publish_flush(p, 1000);
	assert_int_equal(told(root, "host", "nofile"), 10);
	assert_int_equal(told(root, "host", "semmni"), 0);
	assert_int_equal(told(root, "uid:5", "nofile"), 1);
	assert_int_equal(told(root, "uid:6", "nofile"), -1);
	publish_close(p);
	remove_tree(root);
}

static void bounded(void **state _unused_)
{
	char *root = make_root(), cgroup[32];
	struct publish *p = publish_at(root);

	/* A uid for each of the catalogue's first takes one place too. */
	for (int i = 0; i < PUBLISH_OWNERS + 10; i++) {
		snprintf(cgroup, sizeof(cgroup), "/c%d", i);
		publish_event(p, refusal("nofile", 1, cgroup, 0, 0));
	}
	publish_flush(p, 1000);
	assert_int_equal(told(root, "host", "nofile"), PUBLISH_OWNERS + 10);
	assert_int_equal(told(root, "uid:1", "nofile"), PUBLISH_OWNERS + 10);
	assert_int_equal(told(root, "cgroup:/c0", "nofile"), 1);
	snprintf(cgroup, sizeof(cgroup), "cgroup:/c%d", PUBLISH_OWNERS + 5);
	assert_int_equal(told(root, cgroup, "nofile"), -1);
	publish_close(p);
	remove_tree(root);
}

/* Nothing of what has gone: another boot, another process of that number, a cut file. */
static void stale(void **state _unused_)
{
	char *root = make_root(), text[512], boot[64], stat[1024], path[64];
	unsigned long long start = 0;
	struct counters *c = open_root(root);
	size_t n;
	char *s;
	FILE *f;
	int pid = (int)getpid();

	assert_int_equal(counters_slurp(c, "proc/sys/kernel/random/boot_id", &s, &n), 0);
	snprintf(boot, sizeof(boot), "%.*s", (int)strcspn(s, "\n"), s);
	free(s);
	f = fopen("/proc/self/stat", "r");
	n = fread(stat, 1, sizeof(stat) - 1, f);
	stat[n] = '\0';
	fclose(f);
	s = strrchr(stat, ')');
	for (int i = 0; i < 20; i++)
		s = strchr(s + 1, ' ');
	start = strtoull(s, NULL, 10);
	snprintf(path, sizeof(path), "run/failcnt/x");
	const struct {
		const char *boot;
		unsigned long long start;
		const char *end;
		int64_t want;
	} cases[] = {{boot, start, "end\n", 6},
		     {boot, start + 1, "end\n", -1},
		     {"other", start, "end\n", -1},
		     {boot, start, "", -1},
		     {boot, start, "end", -1},
		     {boot, start, "count host nofile\nend\n", -1},
		     {boot, start, "count host nofile 1x\nend\n", -1},
		     {boot, start, "later 5\nend\n", 6}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text),
			 "failcnt-counts 1\nboot_id %s\npid %d %llu\nsince 1\ncomplete 0\nlost 0\n"
			 "count host nofile 6\n%s",
			 cases[i].boot, pid, cases[i].start, cases[i].end);
		put_text(root, path, text);
		if (told(root, "host", "nofile") != cases[i].want)
			fail_msg("case %zu", i);
		/* Incomplete: what is not listed is not known. */
		assert_int_equal(told(root, "host", "semmni"), -1);
	}
	put_text(root, path, "failcnt-counts 2\n");
	assert_int_equal(told(root, "host", "nofile"), -1);
	put_bytes(root, path, "\0\0\xff", 3);
	assert_int_equal(told(root, "host", "nofile"), -1);
	counters_close(c);
	remove_tree(root);
}

static int files_in(const char *root)
{
	char path[PATH_MAX];
	struct dirent *e;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/run/failcnt", root);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.' || strstr(e->d_name, ".new");
	closedir(dir);
	return n;
}

/* The next run takes away what the dead have left; what lives stays. */
static void cleaned(void **state _unused_)
{
	char *root = make_root();
	struct publish *p;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) { /* leaves its file behind */
		publish_at(root);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	put_text(root, "run/failcnt/1-1", "failcnt-counts 1\nboot_id other\npid 1 1\n");
	assert_int_equal(files_in(root), 2);
	p = publish_at(root);
	assert_int_equal(files_in(root), 1);
	publish_close(p);
	assert_int_equal(files_in(root), 0);
	remove_tree(root);
}

/* A run that does not see everything, or nothing, says nothing to others. */
static void not_for_others(void **state _unused_)
{
	char *root = make_root();
	const struct options some[] = {
		{.root = root, .has_pid = true},  {.root = root, .has_uid = true},
		{.root = root, .kills = true},    {.root = root, .name = "x"},
		{.root = root, .cgroup = "/"},    {.root = root, .errno_name = "EMFILE"},
		{.root = root, .n_resources = 1}, {.root = "/nonexistent"},
	};
	const struct attach_plan plan = all_hooks(), none = {0};
	const struct options o = {.root = root};
	struct publish *p;
	char dir[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		p = (void *)1;
		assert_int_equal(publish_open(&p, &some[i], &plan), 0);
		assert_null(p);
	}
	assert_int_equal(publish_open(&p, &o, NULL), 0);
	assert_null(p);
	assert_int_equal(publish_open(&p, &o, &none), 0);
	assert_null(p);
	/* Whatever the umask, everybody may read it. */
	umask(077);
	p = publish_at(root);
	umask(022);
	snprintf(dir, sizeof(dir), "%s/run/failcnt", root);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	publish_close(p);
	remove_tree(root);
}

/* One hook too few, and zeros are not known. */
static void incomplete(void **state _unused_)
{
	char *root = make_root();
	const struct options o = {.root = root};
	struct attach_plan plan = all_hooks();
	struct publish *p;

	for (int h = 0; h < FC_HOOKS; h++)
		if (!attach_hooks[h].optional) {
			plan.hook[h].backend = FC_BACKEND_NONE;
			break;
		}
	assert_int_equal(publish_open(&p, &o, &plan), 0);
	publish_event(p, refusal("nofile", 1, "/a", 0, 0));
	publish_flush(p, 1000);
	assert_int_equal(told(root, "host", "nofile"), 1);
	assert_int_equal(told(root, "host", "semmni"), -1);
	publish_close(p);
	remove_tree(root);
}

/* What the attached hooks cannot see at all is not known to be 0; the rest is. */
static void unseen(void **state _unused_)
{
	char *root = make_root();
	const struct options o = {.root = root};
	struct attach_plan plan = all_hooks(); /* by tracepoints */
	struct publish *p;

	/* Opt-in: without it nothing but ext4 and tmpfs is seen. */
	plan.hook[FC_HOOK_OTHER_FS].backend = FC_BACKEND_NONE;
	assert_int_equal(publish_open(&p, &o, &plan), 0);
	assert_int_equal(told(root, "host", "ports"), -1);
	assert_int_equal(told(root, "host", "tcp-orphans"), -1);
	assert_int_equal(told(root, "host", "quota"), -1);
	assert_int_equal(told(root, "host", "nofile"), 0);
	publish_event(p, refusal("disk", 1, "/a", 0, 0));
	publish_flush(p, 1000);
	assert_int_equal(told(root, "host", "disk"), 1);
	publish_close(p);
	for (int h = 0; h < FC_HOOKS; h++)
		plan.hook[h].backend = FC_BACKEND_FEXIT;
	assert_int_equal(publish_open(&p, &o, &plan), 0);
	assert_int_equal(told(root, "host", "ports"), 0);
	assert_int_equal(told(root, "host", "quota"), 0);
	publish_close(p);
	remove_tree(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(kills_and_losses),
		cmocka_unit_test(nameless),   cmocka_unit_test(bounded),
		cmocka_unit_test(stale),      cmocka_unit_test(cleaned),
		cmocka_unit_test(incomplete), cmocka_unit_test(not_for_others),
		cmocka_unit_test(unseen),
	};

	return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
