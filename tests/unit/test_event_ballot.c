// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decode of whom the OOM killer weighed, and of the memory at that moment.
 */
#include "event_fixture.h"

#define MIB (1 << 20)

static void candidate(struct fc_candidate *c, uint32_t pid, int64_t points, uint64_t rss, int adj)
{
	*c = (struct fc_candidate){.pid = pid, .points = points, .rss = rss, .score_adj = adj};
	snprintf(c->comm, sizeof(c->comm), "p%u", pid);
}

static void make_ballot(struct fc_oom *o)
{
	make_oom(o);
	o->ballot = (struct fc_ballot){.source = FC_BALLOT_DECISION,
				       .total = 40,
				       .exempt_total = 6,
				       .n = 3,
				       .n_exempt = 1,
				       .total_pages = 8192};
	candidate(&o->ballot.candidate[0], 7, -20, 30, -100);
	candidate(&o->ballot.candidate[1], 9, 900, 900, 0);
	candidate(&o->ballot.candidate[2], 4711, 900, 100, 100);
	candidate(&o->ballot.exempt[0], 1000, -7000, 1192, -1000);
}

/* Highest first; of two with the same points the victim, which is the one that the kernel took. */
static void in_order(void **state)
{
	struct fc_oom o;

	(void)state;
	make_ballot(&o);
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_int_equal(e.candidates.n, 3);
	assert_int_equal(e.candidates.c[0].pid, 4711);
	assert_int_equal(e.candidates.c[1].pid, 9);
	assert_int_equal(e.candidates.c[2].pid, 7);
	assert_int_equal(e.candidates.c[2].points, -20);
	assert_int_equal(e.candidates.c[2].held, 30 * PAGE);
	assert_string_equal(e.candidates.c[2].comm, "p7");
	must_be(FIELD_CANDIDATES_TOTAL, 40);
	must_say(FIELD_CANDIDATES_FROM, "decision");
	assert_int_equal(e.exempted.n, 1);
	assert_int_equal(e.exempted.c[0].pid, 1000);
	must_be(FIELD_EXEMPTED_TOTAL, 6);
}

static void none(void **state)
{
	struct fc_oom o;

	(void)state;
	make_ballot(&o);
	o.ballot.source = FC_BALLOT_NONE;
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_CANDIDATES));
	assert_false(event_has(&e, FIELD_CANDIDATES_TOTAL));
	assert_false(event_has(&e, FIELD_EXEMPTED));
}

static void malformed(void **state)
{
	struct fc_oom o;

	(void)state;
	make_ballot(&o);
	o.ballot.n = FC_CANDIDATES + 1;
	assert_int_equal(DECODE(&o, &v2), -EBADMSG);
	make_ballot(&o);
	o.ballot.n_exempt = FC_EXEMPT + 1;
	assert_int_equal(DECODE(&o, &v2), -EBADMSG);
	make_ballot(&o);
	o.ballot.source = 3;
	assert_int_equal(DECODE(&o, &v2), -EBADMSG);
	make_ballot(&o);
	o.ballot.total = 2;
	assert_int_equal(DECODE(&o, &v2), -EBADMSG);
	make_ballot(&o);
	o.ballot.candidate[0].rss = UINT64_MAX / 2; /* no host has them: absent in JSON */
	assert_int_equal(DECODE(&o, &v2), 0);
}

static void must_pair(const char *key, int64_t v)
{
	int64_t n = -1;

	if (!event_pair_num(&e, FIELD_MEMORY, key, &n) || n != v)
		fail_msg("%s is %lld and not %lld", key, (long long)n, (long long)v);
}

static void split(void **state)
{
	struct fc_oom o;
	int64_t n;

	(void)state;
	make_oom(&o); /* usage 8190 pages */
	o.split = (struct fc_split){.has = FC_SPLIT_ANON | FC_SPLIT_FILE | FC_SPLIT_SHMEM |
					   FC_SPLIT_KERNEL | FC_SPLIT_SOCK,
				    .anon = 10 * MIB,
				    .file = 20 * MIB,
				    .shmem = 19 * MIB,
				    .kernel = MIB};
	assert_int_equal(DECODE(&o, &v2), 0);
	must_pair("anon", 10 * MIB);
	must_pair("file", 20 * MIB);
	must_pair("shmem", 19 * MIB);
	must_pair("kernel", MIB);
	must_pair("sock", 0);
	must_pair("swap", 4 * PAGE);
	must_pair("swap_limit", 100 * PAGE);
	/* Sums of another moment are no sums of this one. */
	o.split.anon = 0;
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_pair_num(&e, FIELD_MEMORY, "file", &n));
	must_pair("swap", 4 * PAGE);
	/* One part unknown: nobody can tell whether the rest adds up. */
	o.split.anon = 10 * MIB;
	o.split.has &= ~(uint32_t)FC_SPLIT_KERNEL;
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_pair_num(&e, FIELD_MEMORY, "anon", &n));
}

static void request(void **state)
{
	struct fc_oom o;

	(void)state;
	make_oom(&o);
	o.gfp = 0x100cca;
	assert_int_equal(DECODE(&o, &v2), 0);
	must_be(FIELD_ORDER, 0);
	must_say(FIELD_GFP_FLAGS, "GFP_HIGHUSER_MOVABLE");
	o.order = -1; /* nobody asked for pages: SysRq */
	assert_int_equal(DECODE(&o, &v2), 0);
	assert_false(event_has(&e, FIELD_ORDER));
	assert_false(event_has(&e, FIELD_GFP_FLAGS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order), cmocka_unit_test(none),    cmocka_unit_test(malformed),
		cmocka_unit_test(split),    cmocka_unit_test(request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
