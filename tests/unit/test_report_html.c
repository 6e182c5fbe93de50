/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_report_html.c - the page: no name becomes a tag, leaves its attribute or
 * turns its neighbours; numbers and times as people read them; the policy knows
 * the style.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../user/report_html.h"

#define NS 1000000000LL
#define START (1795348800 * NS) /* 2026-11-22 12:00 UTC */

static char *text;
static size_t size;
static struct report_look look = {.utc = true, .now = START};
static struct page p = {.look = &look};

static int setup(void **state _unused_)
{
	p.f = open_memstream(&text, &size);
	return p.f ? 0 : -1;
}

static int teardown(void **state _unused_)
{
	if (p.f)
		fclose(p.f);
	p.f = NULL;
	free(text);
	text = NULL;
	return 0;
}

/* What was written since the last call. */
static void said(const char *want)
{
	fflush(p.f);
	assert_string_equal(text, want);
	fclose(p.f);
	free(text);
	text = NULL;
	p.f = open_memstream(&text, &size);
	assert_non_null(p.f);
}

static void test_escape(void **state _unused_)
{
	html_text(&p, "<script>\"a'&b");
	said("&lt;script&gt;&quot;a&#39;&amp;b");
	html_text(&p, "\033[2J\x01\xff");
	said("\\x1b[2J\\x01\\xff");
	html_text(&p, "\xe2\x80\xae"
		      "abc"); /* right-to-left override */
	said("\\xe2\\x80\\xaeabc");
	html_text(&p, "a\nb");
	said("a\\x0ab");
	html_lines(&p, "a<\n\tb");
	said("a&lt;\n\\x09b");
	html_name(&p, "/a/<b>/");
	said("<bdi>/<wbr>a/<wbr>&lt;b&gt;/</bdi>");
	html_name(&p, "");
	said("<bdi></bdi>");
}

/* Pieces of a long name are cut between characters, and nothing of it is missing. */
static void test_escape_long(void **state _unused_)
{
	char name[3001];

	for (int i = 0; i < 3000; i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	name[3000] = '\0';
	html_text(&p, name);
	said(name);
}

static void test_numbers(void **state _unused_)
{
	html_count(&p, 0);
	said("0");
	html_count(&p, 1000);
	said("1,000");
	html_count(&p, UINT64_MAX);
	said("18,446,744,073,709,551,615");
	html_bytes(&p, 1023);
	said("1023\u00a0B");
	html_bytes(&p, 24117248);
	said("23\u00a0MiB");
	html_bytes(&p, 5100273664);
	said("4.8\u00a0GiB");
	html_bytes(&p, UINT64_MAX);
	said("16\u00a0EiB");
	html_amount(&p, 3, "files");
	said("3\u00a0files");
	html_times(&p, 1, "gap", "gaps");
	said("1 gap");
}

static void test_times(void **state _unused_)
{
	html_span(&p, 90 * 60 * NS);
	said("1\u00a0h 30\u00a0min");
	html_span(&p, NS);
	said("1\u00a0s");
	html_span(&p, 1500000000);
	said("1.5\u00a0s");
	html_span(&p, 26 * 3600 * NS);
	said("1\u00a0d 2\u00a0h");
	html_from_to(&p, START, START + 900 * NS);
	said("22 Nov 12:00 to 12:15");
	html_from_to(&p, START, START + 86400 * NS);
	said("22 Nov 12:00 to 23 Nov 12:00");
	html_from_to(&p, START + 1, START + 2);
	said("22 Nov 12:00:00");
	html_time(&p, START + 481000000);
	said("<time datetime=\"2026-11-22T12:00:00Z\">22 Nov 12:00:00.481</time>");
	html_time(&p, 0);
	said("an unknown time");
}

static void test_bars(void **state _unused_)
{
	report_bar(&p, 1, 4, "ref");
	fflush(p.f);
	assert_non_null(strstr(text, "width=\"25.0%\""));
	report_bar(&p, 1, 1000000, "ref"); /* little is not nothing */
	fflush(p.f);
	assert_non_null(strstr(text, "width=\"0.5%\""));
	report_bar(&p, 9, 0, "ref");
	report_bar(&p, 9, 4, "ref");
	fflush(p.f);
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "225"));
}

static void page(struct report *r)
{
	assert_int_equal(report_finish(r), 0);
	assert_int_equal(report_html(p.f, r, &look), 0);
	report_free(r);
}

static void test_quiet_page(void **state _unused_)
{
	struct report *r;

	assert_int_equal(report_new(&r, START, START + 3600 * NS, 0), 0);
	page(r);
	assert_non_null(strstr(text, "<h1>Nothing was refused and nobody was killed</h1>"));
	assert_non_null(strstr(text, "Recorded all the time, without a loss."));
	assert_null(strstr(text, "<ol class=\"lanes\">"));
}

/* A quiet hour of which half is not known is not called so. */
static void test_gap_is_said(void **state _unused_)
{
	struct report *r;

	assert_int_equal(report_new(&r, START, START + 3600 * NS, 0), 0);
	report_add_gap(r, START, START + 1800 * NS, "the recorder was killed");
	page(r);
	assert_non_null(strstr(text, "nobody watched for 30\u00a0min (50&nbsp;%)"));
	assert_non_null(strstr(text, "class=\"gap\""));
	assert_non_null(strstr(text, "the recorder was killed"));
}

static void test_unknown_watch_is_said(void **state _unused_)
{
	struct report *r;

	assert_int_equal(report_new(&r, START, START + 3600 * NS, 0), 0);
	r->watch_unknown = true;
	page(r);
	assert_null(strstr(text, "Recorded all the time"));
	assert_null(strstr(text, "Nothing is missing"));
}

static void test_sentence(void **state _unused_)
{
	struct report *r;

	assert_int_equal(report_new(&r, START, START + 3600 * NS, 0), 0);
	assert_int_equal(report_add_count(r, "memory", START + NS, 0, 1, 0), 0);
	assert_int_equal(report_add_count(r, "nofile", START + NS, 1204, 0, 2), 0);
	page(r);
	assert_non_null(
		strstr(text, "<h1>1 process was killed, and 1,204 requests were refused</h1>"));
	assert_non_null(strstr(text, "Refused most: 1,204 × <bdi>nofile</bdi>."));
	assert_non_null(strstr(text, "2 times a failure counter of the kernel moved"));
}

static void test_full_disk(void **state _unused_)
{
	FILE *full = fopen("/dev/full", "w");
	struct report *r;

	assert_non_null(full);
	assert_int_equal(report_new(&r, START, START + 3600 * NS, 0), 0);
	assert_int_equal(report_finish(r), 0);
	assert_int_equal(report_html(full, r, &look), -ENOSPC);
	report_free(r);
	fclose(full);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_escape),      T(test_escape_long),
		T(test_numbers),     T(test_times),
		T(test_bars),        T(test_quiet_page),
		T(test_gap_is_said), T(test_unknown_watch_is_said),
		T(test_sentence),    T(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
