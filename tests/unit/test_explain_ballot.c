// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why the OOM killer took this one, in a sentence.
 */
#include "explain_fixture.h"

#define MIB INT64_C(1048576)

static const struct explain_facts page_4k = {.page_size = 4096};

static void taken(int64_t shmem)
{
	event_init(&e, EVENT_KILLED);
	event_str(&e, FIELD_CAUSE, "oom-memcg");
	event_str(&e, FIELD_COMM, "java");
	event_int(&e, FIELD_PID, 900);
	event_str(&e, FIELD_MEMCG, "/a");
	event_str(&e, FIELD_LIMIT_NAME, "memory.max");
	event_int(&e, FIELD_HELD, 100 * MIB);
	event_int(&e, FIELD_LIMIT, 100 * MIB);
	if (shmem)
		event_pair(&e, FIELD_MEMORY, "shmem", shmem);
}

static void vote(enum field f, int64_t pid, const char *comm, int64_t mib, int adj, int64_t by)
{
	struct event_candidate *c = event_candidate_add(&e, f);

	*c = (struct event_candidate){.pid = pid,
				      .comm = comm,
				      .held = mib * MIB,
				      .score_adj = adj,
				      .points = (mib + by) * 256};
}

static void raised(void **state)
{
	(void)state;
	taken(0);
	vote(FIELD_CANDIDATES, 900, "java", 12, 400, 40);
	vote(FIELD_CANDIDATES, 901, "big", 24, 0, 0);
	event_int(&e, FIELD_CANDIDATES_TOTAL, 7);
	vote(FIELD_EXEMPTED, 902, "sshd", 8, -1000, -100);
	event_int(&e, FIELD_EXEMPTED_TOTAL, 1);
	assert_has(says(&page_4k),
		   "; of 7 processes weighed it had the most points: 12 MiB of memory, swap and "
		   "page tables, raised by its oom_score_adj of 400 as if it had 40 MiB more; next "
		   "was big (pid 901) with 24 MiB; 1 process was exempt (oom_score_adj -1000): "
		   "sshd");
}

static void lowered(void **state)
{
	(void)state;
	taken(0);
	vote(FIELD_CANDIDATES, 900, "java", 60, -100, -10);
	vote(FIELD_CANDIDATES, 901, "big", 24, 100, 10);
	event_int(&e, FIELD_CANDIDATES_TOTAL, 2);
	assert_has(says(&page_4k),
		   "lowered by its oom_score_adj of -100 as if it had 10 MiB less; "
		   "next was big (pid 901) with 24 MiB and an oom_score_adj of 100");
	assert_lacks(says(&page_4k), "exempt");
}

static void adj_set(int64_t adj, int64_t ago_s, int64_t by, const char *comm, const char *parent)
{
	taken(0);
	vote(FIELD_CANDIDATES, 900, "java", 12, (int)adj, 40);
	vote(FIELD_CANDIDATES, 901, "big", 24, 0, 0);
	event_int(&e, FIELD_CANDIDATES_TOTAL, 2);
	event_int(&e, FIELD_TIME, 100000 * INT64_C(1000000000));
	event_int(&e, FIELD_OOM_SCORE_ADJ, adj);
	event_int(&e, FIELD_ADJ_SET_AT, (100000 - ago_s) * INT64_C(1000000000));
	event_int(&e, FIELD_ADJ_BY_PID, by);
	event_int(&e, FIELD_ADJ_BY_UID, 0);
	event_str(&e, FIELD_ADJ_BY_COMM, comm);
	event_str(&e, FIELD_ADJ_BY_PARENT_COMM, parent);
}

/* Who set it, where that is why it was chosen. */
static void adj_setter(void **state)
{
	(void)state;
	adj_set(900, 40, 1, "systemd", "swapper/0");
	event_int(&e, FIELD_ADJ_FROM, 0);
	assert_has(says(&page_4k), "; its oom_score_adj was set from 0 to 900 by systemd (pid 1, "
				   "uid 0) 40 seconds before");
	adj_set(900, 600, 77, "bash", "sshd");
	assert_has(says(&page_4k),
		   "; its oom_score_adj was set to 900 by bash (pid 77, uid 0) under sshd 10 "
		   "minutes before");
	adj_set(200, 0, 900, "(java)", "systemd");
	assert_has(says(&page_4k), "; its oom_score_adj was set to 200 by itself, then called "
				   "(java) under systemd less than a second before");
	adj_set(200, 1, 700, "sh", "sshd");
	event_int(&e, FIELD_ADJ_OF_PID, 700);
	event_str(&e, FIELD_ADJ_OF_COMM, "sh");
	assert_has(says(&page_4k), "; its oom_score_adj was inherited from sh (pid 700), whose was "
				   "set to 200 by itself under sshd 1 second before");
	/* What only protected it explains nothing, unless it had been more just before. */
	adj_set(-200, 40, 1, "systemd", "");
	assert_lacks(says(&page_4k), "was set");
	event_int(&e, FIELD_ADJ_FROM, -1000);
	assert_has(says(&page_4k), "was set from -1000 to -200 by systemd");
	adj_set(0, 4000, 1, "systemd", "");
	event_int(&e, FIELD_ADJ_FROM, -1000);
	assert_lacks(says(&page_4k), "was set");
}

static void alone(void **state)
{
	(void)state;
	taken(0);
	vote(FIELD_CANDIDATES, 900, "java", 60, 0, 0);
	event_int(&e, FIELD_CANDIDATES_TOTAL, 1);
	assert_has(says(&page_4k), "; it was the only process that could be chosen");
}

/* The one killed is not first, or not there: no reason is made up. */
static void not_first(void **state)
{
	(void)state;
	taken(0);
	vote(FIELD_CANDIDATES, 901, "big", 60, 0, 0);
	vote(FIELD_CANDIDATES, 900, "java", 50, 0, 0);
	event_int(&e, FIELD_CANDIDATES_TOTAL, 2);
	assert_lacks(says(&page_4k), "had the most points");
	taken(0);
	assert_lacks(says(&page_4k), "weighed");
	vote(FIELD_CANDIDATES, 901, "big", 60, 0, 0);
	event_int(&e, FIELD_CANDIDATES_TOTAL, 1);
	assert_lacks(says(&page_4k), "only process");
}

static void tmpfs(void **state)
{
	(void)state;
	taken(70 * MIB);
	assert_has(says(&page_4k), "; 70 MiB of the 100 MiB are files on tmpfs and shared memory, "
				   "which no kill gives back");
	assert_has(fix(&page_4k), "df -h -t tmpfs");
	taken(30 * MIB);
	assert_lacks(says(&page_4k), "tmpfs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raised), cmocka_unit_test(lowered),   cmocka_unit_test(adj_setter),
		cmocka_unit_test(alone),  cmocka_unit_test(not_first), cmocka_unit_test(tmpfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
