/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain_ipc.c - sentences and remedies of System V and POSIX IPC: numbers computed from what
 * was held and asked, in the namespace of the process, and of two remedies none undoes the other.
 */
#include "explain_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct explain_facts f;

static void no_facts(void)
{
	f = (struct explain_facts){.host_ns = {[FC_NS_IPC] = 4026531839}};
}

static void semopm(void **state _unused_)
{
	no_facts();
	memcpy(f.more, (uint64_t[]){250, 32000, 32, 128}, sizeof(f.more));
	refused_db("semopm", "E2BIG", -1, 32, 600);
	event_str(&e, FIELD_NAMESPACE, OTHER_IPC);
	assert_string_equal(
		says(&f),
		"db (pid 900) could not do 600 operations on System V semaphores at once because "
		"one "
		"semop() may not have more than 32 (SEMOPM, the third number of kernel.sem, in its "
		"own IPC namespace); the program reports \"Argument list too long\".");
	assert_string_equal(fix(&f),
			    "nsenter -t 900 -i sh -c 'set -- $(cat /proc/sys/kernel/sem) && "
			    "sysctl -w kernel.sem=\"$1 $2 $(($3 > 675 ? $3 : 675)) $4\"'");
	refused_db("semopm", "E2BIG", -1, -1, -1);
	assert_has(says(NULL), "could not do so many operations");
	assert_has(fix(NULL), "$1 $2 $(($3 * 2)) $4");
}

static void semvmx(void **state _unused_)
{
	refused_db("semvmx", "ERANGE", -1, 32767, 40000);
	assert_string_equal(
		says(NULL),
		"db (pid 900) could not raise a System V semaphore to 40000 because neither its "
		"value "
		"nor what SEM_UNDO would undo may be above 32767 (SEMVMX); the program reports "
		"\"Numerical result out of range\".");
	assert_true(fix(NULL)[0] == '#');
	assert_lacks(fix(NULL), "\n");
}

static void segments(void **state _unused_)
{
	no_facts();
	refused_db("shmmni", "ENOSPC", 4096, 4096, 1);
	event_str(&e, FIELD_NAMESPACE, HOST_IPC);
	assert_string_equal(says(&f), "db (pid 900) could not make a System V shared memory "
				      "segment because 4096 segments "
				      "exist and the limit is 4096 (kernel.shmmni); the program "
				      "reports \"No space left on "
				      "device\", but no disk is full.");
	assert_has(fix(&f), "sysctl -w kernel.shmmni=8192\n");
	assert_has(fix(&f), "/etc/sysctl.d/90-kernel.shmmni.conf");
	assert_has(fix(&f), ": ipcs -m -p ; ipcrm -m ID");
	/* never above what the kernel takes */
	refused_db("shmmni", "ENOSPC", 20000, 20000, 1);
	assert_has(fix(&f), "kernel.shmmni=32768\n");
	refused_db("shmmni", "ENOSPC", 32768, 32768, 1);
	assert_has(fix(&f), "ipcmni_extend");
	assert_lacks(fix(&f), "sysctl -w");
	/* pages, of this machine's size */
	no_facts();
	memcpy(f.more, (uint64_t[]){1 << 30, 4, 3, 65536}, sizeof(f.more));
	refused_db("shmall", "ENOSPC", 3, 4, 20);
	event_str(&e, FIELD_NAMESPACE, OTHER_IPC);
	assert_has(says(&f),
		   "segment of 1.2 MiB because all segments together have 192 KiB and the "
		   "limit is 256 KiB (kernel.shmall, which counts pages, in its own");
	assert_has(fix(&f), "nsenter -t 900 -i sysctl -w kernel.shmall=25\n");
	refused_db("shmall", "ENOSPC", -1, -1, -1);
	assert_has(says(NULL), "all segments together have too much (kernel.shmall");
	assert_has(fix(NULL),
		   "sh -c 'sysctl -w kernel.shmall=$(($(cat /proc/sys/kernel/shmall) * 2))'");
}

static void segment_size(void **state _unused_)
{
	no_facts();
	memcpy(f.more, (uint64_t[]){32 << 20, 2097152, 10, 4096}, sizeof(f.more));
	f.has_more = true;
	refused_db("shmmax", "EINVAL", -1, 32 << 20, 1 << 30);
	assert_string_equal(
		says(&f),
		"db (pid 900) could not make a System V shared memory segment of 1 GiB because one "
		"segment may not be so large: the limit is 32 MiB (kernel.shmmax); the program "
		"reports \"Invalid argument\".");
	assert_has(fix(&f), "sysctl -w kernel.shmmax=1207959552\n");
	assert_lacks(fix(&f), "shmall");
	/* shmall would refuse it next */
	f.more[1] = 200000;
	assert_has(fix(&f), "sysctl -w kernel.shmall=400000\n");
	f.more[1] = 10;
	assert_has(fix(&f), "sysctl -w kernel.shmall=262155\n");
	/* more than a number of JSON can tell */
	refused_db("shmmax", "EINVAL", -1, 32 << 20, -1);
	assert_true(fix(&f)[0] == '#');
	event_bool(&e, FIELD_CERTAIN, false);
	assert_has(says(&f), "segment probably because");
}

static void queues(void **state _unused_)
{
	no_facts();
	refused_db("msgmni", "ENOSPC", 1, 1, 1);
	assert_has(says(&f), "a System V message queue because 1 queue exists and the limit is 1 "
			     "(kernel.msgmni); the program reports \"No space left on device\"");
	assert_has(fix(&f), "sysctl -w kernel.msgmni=2\n");
	assert_has(fix(&f), "ipcrm -q ID");
	refused_db("mq-queues", "ENOSPC", 256, 256, 1);
	event_str(&e, FIELD_NAMESPACE, OTHER_IPC);
	event_str(&e, FIELD_CONTAINER, "abc");
	event_static(&e, FIELD_CONTAINER_RUNTIME, "docker");
	assert_has(says(&f), "a POSIX message queue because 256 queues exist and the limit is 256");
	assert_has(fix(&f), "nsenter -t 900 -i sysctl -w fs.mqueue.queues_max=512\n"
			    "# lasting: docker run --sysctl fs.mqueue.queues_max=512\n");
}

static void queue_bytes(void **state _unused_)
{
	refused_db("mq-bytes", "EMFILE", 819200, 819200, 81920);
	event_int(&e, FIELD_LIMIT_HARD, 819200);
	event_int(&e, FIELD_LIMIT_UID, 1000);
	assert_string_equal(
		says(NULL),
		"db (pid 900) could not make a POSIX message queue of 80 KiB because the queues of "
		"its user (uid 1000) have 800 KiB and the limit is 800 KiB (RLIMIT_MSGQUEUE, "
		"\"ulimit -q\": messages and what it takes to keep them); the program reports "
		"\"Too "
		"many open files\", but it is not about files.");
	assert_string_equal(fix(NULL), "prlimit --pid 900 --msgqueue=1638400:1638400");
	/* the hard limit never comes down: without a number it is unlimited */
	event_clear(&e, FIELD_LIMIT_HARD);
	assert_string_equal(fix(NULL), "prlimit --pid 900 --msgqueue=1638400:unlimited");
	event_int(&e, FIELD_LIMIT_HARD, 1 << 30);
	event_str(&e, FIELD_CGROUP, "/system.slice/db.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "db.service");
	assert_has(fix(NULL), "LimitMSGQUEUE=1638400:1073741824");
	/* there was room in its own: a user namespace around it */
	refused_db("mq-bytes", "EMFILE", -1, -1, 81920);
	assert_true(fix(NULL)[0] == '#');
}

static void read_sem(pid_t pid, unsigned long long sem[4])
{
	char command[96];
	FILE *p;

	snprintf(command, sizeof(command), "nsenter -t %d -i cat /proc/sys/kernel/sem", pid);
	p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%llu %llu %llu %llu", &sem[0], &sem[1], &sem[2], &sem[3]), 4);
	pclose(p);
}

/* Both were computed from the same settings; pasted one after the other, both hold. */
static void two_pasted(void **state _unused_)
{
	static const struct {
		const char *resource;
		int64_t limit, asked;
	} events[] = {{"semmns", 32000, 40000}, {"semopm", 32, 100}, {"semmns", 32000, 33000}};
	unsigned long long sem[4];
	int ready[2];
	char ns[64], path[64];
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		FILE *out = unshare(CLONE_NEWIPC) ? NULL : fopen("/proc/sys/kernel/sem", "w");
		bool done = out && fputs("250 32000 32 128", out) >= 0 && fclose(out) == 0;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(ready[1], done ? "y" : "n", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], ns, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", pid);
	if (ns[0] == 'y') {
		no_facts();
		memcpy(f.more, (uint64_t[]){250, 32000, 32, 128}, sizeof(f.more));
		memset(ns, 0, sizeof(ns));
		assert_true(readlink(path, ns, sizeof(ns) - 1) > 0);
		for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
			refused_db(events[i].resource, "", 0, events[i].limit, events[i].asked);
			event_int(&e, FIELD_PID, pid);
			event_str(&e, FIELD_NAMESPACE, ns);
			assert_int_equal(system(fix(&f)), 0);
		}
		read_sem(pid, sem);
		assert_int_equal(sem[0], 250);
		assert_int_equal(sem[1], 64000);
		assert_int_equal(sem[2], 112);
		assert_int_equal(sem[3], 128);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(semopm),     cmocka_unit_test(semvmx),
		cmocka_unit_test(segments),   cmocka_unit_test(segment_size),
		cmocka_unit_test(queues),     cmocka_unit_test(queue_bytes),
		cmocka_unit_test(two_pasted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
