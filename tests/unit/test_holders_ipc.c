/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_holders_ipc.c - whose semaphore sets and segments they are, and that a
 * set is called abandoned only where nobody is left who could need it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "holders_fixture.h"

/* Columns as in sysvipc_sem_proc_show() and sysvipc_shm_proc_show() of ipc/. */
#define SEM_HEAD                                                               \
	"       key      semid perms      nsems   uid   gid  cuid  cgid      " \
	"otime      ctime\n"
#define SHM_HEAD                                                                          \
	"       key      shmid perms                  size  cpid  lpid nattch   uid   "   \
	"gid  cuid  cgid      atime      dtime      ctime                   rss         " \
	"         swap\n"

#define BOOT 1000000 /* btime */

static int64_t last[8][4]; /* by set: pids of its semaphores */

static int64_t sem_pid(void *arg _unused_, int64_t id, unsigned int number)
{
	return id < 8 && number < 4 ? last[id][number] : -EINVAL;
}

/* A set of two semaphores, made at BOOT + ctime and operated at BOOT + otime. */
static void sem(char *text, int id, int uid, int otime, int ctime)
{
	sprintf(text + strlen(text), "%10d %10d  %4o %10u %5u %5u %5u %5u %10d %10d\n", -5, id,
		0600, 2, uid, uid, uid, uid, otime ? BOOT + otime : 0, BOOT + ctime);
}

static struct sem_maker makers[8]; /* by set; pid 0: nobody saw it */

static bool sem_maker(void *arg _unused_, uint64_t ipc_ns, int64_t id, struct sem_maker *ret)
{
	if (ipc_ns != 4026532201 || id >= 8 || !makers[id].pid)
		return false;
	*ret = makers[id];
	return true;
}

/* start: seconds since boot */
static void made(int id, int pid, const char *comm, uint64_t start)
{
	makers[id] = (struct sem_maker){.pid = pid, .start = start * 1000000000};
	strcpy(makers[id].comm, comm);
}

static void begin(void)
{
	put("cpu  1 2 3\nbtime 1000000\nprocesses 5\n", "proc/stat");
	memset(last, 0, sizeof(last));
	memset(makers, 0, sizeof(makers));
	env.sem_pid = sem_pid;
	env.sem_maker = NULL;
	ask.ipc_ns = 0;
}

static void put_alive(int pid, const char *comm, int uid, int start)
{
	put_proc(pid, comm, uid, 1, 'S', 1, (unsigned long)start * sysconf(_SC_CLK_TCK));
}

/* Four sets of uid 26, operated by 501 to 504 at BOOT + 100. */
static void four_sets(void)
{
	char text[2048] = SEM_HEAD;

	for (int i = 0; i < 4; i++) {
		sem(text, i, 26, 100, 90);
		last[i][0] = last[i][1] = 501 + i;
	}
	put(text, "proc/sysvipc/sem");
}

static void all_dead(void **state _unused_)
{
	begin();
	four_sets();
	put_alive(1, "init", 0, 0);
	put_alive(900, "postgres", 26, 200); /* started later: cannot have been there */
	assert_int_equal(gather("semmni", 900), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.holder[0].uid, 26);
	assert_int_equal(found.holder[0].held, 4);
	assert_int_equal(found.holder[0].count, 8);
	assert_true(found.holder[0].dead);
	assert_int_equal(found.holder[0].have & HOLDER_LAST_PID, 0); /* they are four */
	assert_has(found.says, "All 4 sets belong to processes that are gone");
	assert_string_equal(found.fix, "ipcrm -s 0 -s 1 -s 2 -s 3");
	assert_int_equal(gather("semmns", 900), 0);
	assert_int_equal(found.holder[0].held, 8);
	assert_int_equal(found.holder[0].count, 4);
}

/* The server itself lives, only its workers, which did the operating, are gone. */
static void server_lives(void **state _unused_)
{
	begin();
	four_sets();
	put_alive(500, "postgres", 26, 80);
	assert_int_equal(gather("semmni", 500), 0);
	assert_true(found.holder[0].dead);
	assert_has(found.says, "processes of their owner (uid 26) live that may still need them");
	assert_string_equal(found.fix, "");
}

/* It looked the sets up and used them since. */
static void used_by_a_later_one(void **state _unused_)
{
	begin();
	four_sets();
	put_alive(500, "postgres", 26, 99); /* before the last use, after they were made */
	assert_int_equal(gather("semmni", 500), 0);
	assert_string_equal(found.fix, "");
}

static void some_live(void **state _unused_)
{
	char text[2048] = SEM_HEAD;

	begin();
	sem(text, 0, 26, 100, 90);
	sem(text, 1, 26, 0, 90); /* never operated: nobody knows whose it is */
	sem(text, 2, 27, 100, 90);
	put(text, "proc/sysvipc/sem");
	last[0][0] = 501;
	last[0][1] = 777;
	last[2][0] = 600;
	put_alive(777, "apache2", 26, 80);
	assert_int_equal(gather("semmni", 777), 0);
	assert_int_equal(found.total, 3);
	for (unsigned int i = 0; i < found.n; i++) {
		const struct holder *h = &found.holder[i];

		if (h->uid == 27) {
			assert_true(h->dead);
			assert_int_equal(h->last_pid, 600);
		} else if (h->have & HOLDER_LAST_PID) {
			assert_int_equal(h->last_pid, 777);
			assert_string_equal(h->comm, "apache2");
			assert_true(h->have & HOLDER_DEAD);
			assert_false(h->dead);
		} else {
			assert_int_equal(h->have & HOLDER_DEAD, 0);
		}
	}
	assert_string_equal(found.says, ""); /* one of three */
}

static void begin_makers(void)
{
	begin();
	four_sets();
	env.sem_maker = sem_maker;
	ask.ipc_ns = 4026532201;
	put_alive(900, "postgres", 26, 200);
}

/* It lives, though whoever operated them is gone: no garbage. */
static void maker_runs(void **state _unused_)
{
	begin_makers();
	for (int i = 0; i < 3; i++)
		made(i, 812, "a (b) 7 made", 80);
	put_alive(812, "renamed", 26, 80);
	assert_int_equal(gather("semmni", 900), 0);
	assert_int_equal(found.total, 2);
	assert_int_equal(found.holder[0].pid, 812);
	assert_int_equal(found.holder[0].held, 3);
	assert_int_equal(found.holder[0].have,
			 HOLDER_PID | HOLDER_UID | HOLDER_HELD | HOLDER_COUNT | HOLDER_DEAD);
	assert_false(found.holder[0].dead);
	assert_string_equal(found.holder[0].comm, "a (b) 7 made");
	assert_string_equal(found.holder[0].kind, "sets it made");
	assert_true(found.holder[1].dead);
	assert_string_equal(found.holder[1].kind, "");
	assert_has(found.says, "3 of the 4 sets were made by a (b) 7 made (pid 812), which still");
	assert_string_equal(found.fix, "");
}

/* Never operated, so that without a maker nobody would know anything of it. */
static void maker_ended(void **state _unused_)
{
	char text[2048] = SEM_HEAD;

	begin_makers();
	for (int i = 0; i < 4; i++)
		sem(text, i, 26, 0, 90);
	put(text, "proc/sysvipc/sem");
	memset(last, 0, sizeof(last));
	for (int i = 0; i < 4; i++)
		made(i, 812 + i, "worker", 80);
	assert_int_equal(gather("semmns", 900), 0);
	assert_int_equal(found.total, 1);
	assert_true(found.holder[0].dead);
	assert_int_equal(found.holder[0].have & HOLDER_PID, 0);
	assert_int_equal(found.holder[0].held, 8);
	assert_string_equal(found.holder[0].comm, "worker");
	assert_string_equal(found.holder[0].kind, "semaphores in sets it made before it ended");
	assert_has(found.says,
		   "4 of the 4 sets were made by worker, which has ended without removing "
		   "them. All 4 sets belong");
	assert_string_equal(found.fix, "ipcrm -s 0 -s 1 -s 2 -s 3");
}

/* Another process has its pid; a zombie has ended too. */
static void maker_pid_reused(void **state _unused_)
{
	begin_makers();
	for (int i = 0; i < 4; i++)
		made(i, i < 2 ? 900 : 901, "worker", 80);
	put_proc(901, "worker", 26, 1, 'Z', 1, 80UL * (unsigned long)sysconf(_SC_CLK_TCK));
	assert_int_equal(gather("semmni", 900), 0);
	assert_int_equal(found.total, 1);
	assert_true(found.holder[0].dead);
	assert_int_equal(found.holder[0].have & HOLDER_PID, 0);
	assert_has(found.says, "made by worker, which has ended");
}

/* The maker has ended, somebody operates them: they are that one's. */
static void maker_ended_user_lives(void **state _unused_)
{
	begin_makers();
	for (int i = 0; i < 4; i++) {
		made(i, 812, "worker", 80);
		last[i][1] = 777;
	}
	put_alive(777, "apache2", 26, 85);
	assert_int_equal(gather("semmni", 900), 0);
	assert_int_equal(found.total, 1);
	assert_int_equal(found.holder[0].last_pid, 777);
	assert_string_equal(found.says, "");
}

static void maker_of_another_namespace(void **state _unused_)
{
	begin_makers();
	made(0, 900, "postgres", 200);
	ask.ipc_ns = 4026532202;
	assert_int_equal(gather("semmni", 900), 0);
	assert_int_equal(found.total, 1);
	assert_int_equal(found.holder[0].have & HOLDER_PID, 0);
}

/* Without semctl nothing is known of who used them, and nobody is called dead. */
static void not_asked(void **state _unused_)
{
	begin();
	four_sets();
	env.sem_pid = NULL;
	put_alive(1, "init", 0, 0);
	assert_int_equal(gather("semmni", 1), 0);
	assert_int_equal(found.holder[0].have, HOLDER_UID | HOLDER_HELD | HOLDER_COUNT);
	assert_string_equal(found.says, "");
}

static void storm(void **state _unused_)
{
	begin();
	four_sets();
	put_alive(900, "postgres", 26, 200);
	ask.self_only = true;
	assert_int_equal(gather("semmni", 900), 0);
	assert_int_equal(found.holder[0].held, 4);
	assert_true(found.incomplete);
	assert_string_equal(found.says, "");
	assert_string_equal(found.fix, "");
}

static int64_t entered;
static int enter(void *arg _unused_, int64_t pid)
{
	entered = pid;
	return pid == 900 ? 0 : -ESRCH;
}

static void namespace_of(void **state _unused_)
{
	begin();
	four_sets();
	env.enter_ipc = enter;
	put_alive(900, "postgres", 26, 200);
	assert_int_equal(gather("semmni", 900), 0);
	assert_int_equal(entered, 900);
	assert_int_equal(gather("semmni", 901), -ESRCH);
	assert_int_equal(found.n, 0);
}

static void segments(void **state _unused_)
{
	char text[4096] = SHM_HEAD;
	/* id, size, cpid, lpid, nattch */
	static const int rows[][5] = {
		{0, 4096, 501, 502, 0}, {1, 5000, 501, 502, 1}, {2, 100, 777, 502, 0}};

	begin();
	for (int i = 0; i < 3; i++)
		sprintf(text + strlen(text),
			"%10d %10d  %4o %21d %5u %5u  %5d %5u %5u %5u %5u %10d %10d %10d %21d "
			"%21d\n",
			0, rows[i][0], 0600, rows[i][1], rows[i][2], rows[i][3], rows[i][4], 26, 26,
			26, 26, BOOT + 100, 0, BOOT + 90, 0, 0);
	put(text, "proc/sysvipc/shm");
	put_alive(777, "app", 26, 80);
	assert_int_equal(gather("shmall", 777), 0);
	assert_int_equal(found.total, 3);
	assert_int_equal(found.holder[0].held, 2);               /* 5000 bytes are two pages */
	assert_int_equal(found.holder[0].have & HOLDER_DEAD, 0); /* attached: somebody has it */
	assert_int_equal(gather("shmmni", 777), 0);
	for (unsigned int i = 0; i < found.n; i++)
		if (found.holder[i].dead)
			assert_int_equal(found.holder[i].held, 1);
	assert_string_equal(found.fix, "");
}

static void many_ids(void **state _unused_)
{
	char *text = calloc(1, 200 * 100);

	begin();
	strcpy(text, SHM_HEAD);
	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text),
			"%10d %10d  %4o %21d %5u %5u  %5d %5u %5u %5u %5u %10d %10d %10d %21d "
			"%21d\n",
			0, i + 32768000, 0600, 4096, 501, 502, 0, 26, 26, 26, 26, BOOT + 100, 0,
			BOOT + 90, 0, 0);
	put(text, "proc/sysvipc/shm");
	free(text);
	put_alive(1, "init", 0, 0);
	assert_int_equal(gather("shmmni", 1), 0);
	assert_has(found.says, "All 100 segments belong");
	assert_has(found.fix, "ipcrm -m 32768000 -m 32768001 ");
	assert_has(found.fix, " -m 32768063\n# and 36 more");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_dead),
		TEST(server_lives),
		TEST(used_by_a_later_one),
		TEST(some_live),
		TEST(not_asked),
		TEST(storm),
		TEST(namespace_of),
		TEST(segments),
		TEST(many_ids),
		TEST(maker_runs),
		TEST(maker_ended),
		TEST(maker_pid_reused),
		TEST(maker_ended_user_lives),
		TEST(maker_of_another_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
