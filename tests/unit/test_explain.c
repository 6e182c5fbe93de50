/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain.c - sentences name the symptom and the right limit; remedies are never below what
 * is set now. Whether they work when they are pasted: test_explain_pasted.c.
 */
#include "explain_fixture.h"

static void nofile(void **state _unused_)
{
	refused_by("nofile", "files", "nginx", 812);
	amounts(1024, 1024, 524288, -1);
	event_str(&e, FIELD_SYSCALL, "accept4");
	event_str(&e, FIELD_OBJECT, "0.0.0.0:80");
	event_str(&e, FIELD_CGROUP, "/system.slice/nginx.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "nginx.service");
	event_bool(&e, FIELD_CERTAIN, true);
	assert_string_equal(
		says(NULL),
		"nginx (pid 812) of nginx.service could not accept a connection on 0.0.0.0:80 "
		"because "
		"it had 1024 files open (sockets and pipes are files too) and its limit "
		"(RLIMIT_NOFILE, \"ulimit -n\") is 1024; clients wait in the listen backlog until "
		"they "
		"time out or are reset.");
	assert_string_equal(fixed(),
			    "prlimit --pid 812 --nofile=524288:524288\n"
			    "mkdir -p /etc/systemd/system/nginx.service.d && printf '[Service]\\n"
			    "LimitNOFILE=524288:524288\\n' > "
			    "/etc/systemd/system/nginx.service.d/limit-nofile.conf "
			    "&& systemctl daemon-reload && systemctl restart nginx.service");
	/* the hard limit has no room: both go up, and fs.nr_open with them where it must */
	refused_by("nofile", "files", "a", 5);
	amounts(1048576, 1048576, 1048576, -1);
	says(&(struct explain_facts){.nr_open = 1048576});
	assert_has(fixed(), "sysctl -w fs.nr_open=2097152\n");
	assert_has(fixed(), "prlimit --pid 5 --nofile=2097152:2097152");
	/* a hard limit beyond use is left alone */
	refused_by("nofile", "files", "a", 5);
	amounts(1024, 1024, 1073741816, -1);
	says(NULL);
	assert_has(fixed(), "--nofile=1048576:1073741816");
	/* of a process that has ended: the shell's limit, and never a hard limit that comes down */
	refused_by("nofile", "files", "a", 5);
	amounts(1024, 1024, 524288, -1);
	says(&(struct explain_facts){.again = true});
	assert_string_equal(fixed(), "ulimit -Sn 524288  # then run it again from this shell");
	refused_by("nofile", "files", "a", 5);
	amounts(1024, 1024, 1024, -1);
	says(&(struct explain_facts){.again = true});
	assert_string_equal(
		fixed(), "ulimit -Sn 2048 || ulimit -n 2048  # then run it again from this shell");
	event_str(&e, FIELD_CGROUP, "/system.slice/nginx.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "nginx.service");
	says(&(struct explain_facts){.again = true});
	assert_lacks(fixed(), "ulimit");
	assert_has(fixed(), "LimitNOFILE=2048:2048");
	/* its namespace is gone with it */
	refused_by("semmni", "sets", "a", 900);
	amounts(4, 4, -1, -1);
	event_str(&e, FIELD_NAMESPACE, "ipc:[7]");
	says(&(struct explain_facts){.again = true, .host_ns = {[FC_NS_IPC] = 8}});
	assert_lacks(fixed(), "nsenter");
	assert_int_equal(fixed()[0], '#');
	/* inferred, folded, nothing known */
	refused_by("nofile", "files", "", 0);
	event_bool(&e, FIELD_CERTAIN, false);
	event_int(&e, FIELD_COUNT, 1200);
	assert_string_equal(says(NULL), "A process could not get another file descriptor probably "
					"because it had too many files "
					"open (sockets and pipes are files too) for its limit "
					"(RLIMIT_NOFILE, \"ulimit -n\"); "
					"this happened 1200 times.");
	assert_has(fixed(), "# ");
}

static void symptoms(void **state _unused_)
{
	static const struct {
		const char *call, *object, *part;
	} cases[] = {
		{"openat", "/etc/resolv.conf", "host not found"},
		{"openat", "/etc/hosts", "host not found"},
		{"open", "/etc/host.conf", "host not found"},
		{"openat", "/lib/x86_64-linux-gnu/libnss_dns.so.2", "host not found"},
		{"socket", "socket AF_INET SOCK_DGRAM", "host not found"},
		{"socket", "socket AF_INET6 SOCK_DGRAM", "host not found"},
		{"openat", "/lib/libssl.so.3", "error while loading shared libraries"},
		{"accept", "", "clients wait"},
		{"recvmsg", "", "was dropped"},
		{"pipe2", "", "could not make a pipe"},
		{"openat", "\n\x1b[2J", "\\x0a\\x1b[2J"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		refused_by("nofile", "files", "a", 5);
		amounts(10, 10, 10, -1);
		event_str(&e, FIELD_SYSCALL, cases[i].call);
		event_str(&e, FIELD_OBJECT, cases[i].object);
		assert_has(says(NULL), cases[i].part);
	}
	refused_by("nofile", "files", "a", 5);
	event_str(&e, FIELD_SYSCALL, "socket");
	event_str(&e, FIELD_OBJECT, "socket AF_UNIX SOCK_DGRAM");
	assert_lacks(says(NULL), "host not found");
	refused_by("nofile", "files", "a", 5);
	event_str(&e, FIELD_SYSCALL, "openat");
	event_str(&e, FIELD_OBJECT, "/var/lib/sophia");
	assert_lacks(says(NULL), "libraries");
}

static void host_files(void **state _unused_)
{
	refused_by("nr-open", "files", "db", 7);
	amounts(1048576, 1048576, -1, -1);
	assert_has(says(NULL), "whatever its own limit (fs.nr_open) is 1048576");
	assert_has(fixed(), "sysctl -w fs.nr_open=2097152\n");
	refused_by("file-max", "files", "db", 7);
	amounts(9000, 8000, -1, -1);
	assert_has(says(NULL), "the whole machine had 9000 files open");
	assert_has(fixed(), "sysctl -w fs.file-max=16000\n");
	refused_by("file-max", "files", "db", 7);
	says(NULL);
	assert_has(fixed(), "sysctl -w fs.file-max=$((");
	/* of unix sockets there may be twice as many */
	refused_by("file-max", "unix sockets", "db", 7);
	event_str(&e, FIELD_SYSCALL, "connect");
	amounts(16000, 16000, -1, -1);
	assert_has(says(NULL), "could not connect because 16000 unix sockets exist on the whole "
			       "machine and the most there may be, root's too (twice fs.file-max) "
			       "is 16000");
	assert_has(fixed(), "sysctl -w fs.file-max=16000\n");
	refused_by("file-max", "unix sockets", "db", 7);
	assert_has(says(NULL), "because too many unix sockets exist");
	assert_has(fixed(), "sysctl -w fs.file-max=$((");
}

static void semaphores(void **state _unused_)
{
	struct explain_facts f = {.more = {32000, 1024000000, 500, 128},
				  .host_ns = {[FC_NS_IPC] = 4026531839}};

	refused_by("semmni", "sets", "apache2", 900);
	amounts(128, 128, -1, 4000);
	event_str(&e, FIELD_ERRNO, "ENOSPC");
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026531839]");
	assert_string_equal(
		says(&f),
		"apache2 (pid 900) could not make a set of 4000 System V semaphores because 128 "
		"sets "
		"exist and the limit is 128 (SEMMNI, the fourth number of kernel.sem); the program "
		"reports \"No space left on device\", but no disk is full.");
	assert_has(fixed(), "sh -c 'set -- $(cat /proc/sys/kernel/sem) && "
			    "sysctl -w kernel.sem=\"$1 $2 $3 $(($4 > 256 ? $4 : 256))\"'\n");
	assert_lacks(fixed(), "nsenter");
	/* in a container's namespace, with its present values unknown */
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026532201]");
	event_str(&e, FIELD_CONTAINER, ID64);
	event_static(&e, FIELD_CONTAINER_RUNTIME, "docker");
	memset(f.more, 0, sizeof(f.more));
	assert_has(says(&f), "in docker container 0123456789ab could not");
	assert_has(fixed(), "nsenter -t 900 -i sh -c 'set -- $(cat /proc/sys/kernel/sem) && "
			    "sysctl -w kernel.sem=\"$1 $2 $3 $(($4 > 256 ? $4 : 256))\"'\n");
	refused_by("semmns", "semaphores", "a", 900);
	amounts(90, 100, -1, 250);
	f = (struct explain_facts){.more = {250, 100, 32, 128}};
	says(&f);
	assert_has(fixed(), "kernel.sem=\"$1 $(($2 > 382 ? $2 : 382)) $3 $4\"");
	refused_by("semmsl", "semaphores", "a", 900);
	amounts(-1, 250, -1, 600);
	event_str(&e, FIELD_ERRNO, "EINVAL");
	assert_has(says(&f),
		   "a set of 600 System V semaphores because one set may not have so many");
	assert_has(fixed(),
		   "kernel.sem=\"$(($1 > 675 ? $1 : 675)) $(($2 > 675 ? $2 : 675)) $3 $4\"");
	/* nothing known at all, and a kernel that allows no more */
	refused_by("semmns", "semaphores", "", 0);
	assert_has(says(NULL),
		   "A process could not make a set of System V semaphores because too many");
	assert_has(fixed(), "$1 $(($2 * 2)) $3 $4");
	refused_by("semmni", "sets", "a", 900);
	amounts(32768, 32768, -1, 1);
	says(NULL);
	assert_has(fixed(), "ipcmni_extend");
	assert_lacks(fixed(), "sysctl -w");
	refused_by("semmni", "sets", "a", 0);
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026532201]");
	amounts(1, 1, -1, 1);
	says(NULL);
	assert_true(fixed()[0] == '#');
}

static void others(void **state _unused_)
{
	event_init(&e, EVENT_STARTED);
	explain_event(&e, NULL);
	assert_false(event_has(&e, FIELD_SAYS) || event_has(&e, FIELD_FIX));
	refused_by("swap", "bytes", "x", 4);
	event_str(&e, FIELD_LIMIT_NAME, "memory.swap.max");
	amounts(5, 5, -1, -1);
	assert_string_equal(says(NULL), "x (pid 4) was refused something because the limit "
					"memory.swap.max is reached: 5 of 5 bytes.");
	assert_false(event_has(&e, FIELD_FIX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nofile),     cmocka_unit_test(symptoms),
		cmocka_unit_test(host_files), cmocka_unit_test(semaphores),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
