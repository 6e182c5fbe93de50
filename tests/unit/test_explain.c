/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c ; libs: */
/*
 * test_explain.c - sentences name the symptom and the right limit; remedies are
 * never below what is set now, hold no name that a shell could run, and work
 * when they are pasted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../bpf/event.h"
#include "../../user/explain.h"

#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct event e;

static void refused(const char *resource, const char *measure, const char *name, int64_t pid)
{
	event_init(&e, EVENT_REFUSED);
	event_str(&e, FIELD_RESOURCE, resource);
	event_str(&e, FIELD_MEASURE, measure);
	event_str(&e, FIELD_COMM, name);
	if (pid)
		event_int(&e, FIELD_PID, pid);
}

static void amounts(int64_t held, int64_t limit, int64_t hard, int64_t asked)
{
	if (held >= 0)
		event_int(&e, FIELD_HELD, held);
	if (limit >= 0)
		event_int(&e, FIELD_LIMIT, limit);
	if (hard >= 0)
		event_int(&e, FIELD_LIMIT_HARD, hard);
	if (asked >= 0)
		event_int(&e, FIELD_ASKED, asked);
}

static const char *says(const struct explain_facts *f)
{
	explain_event(&e, f);
	return event_text(&e, FIELD_SAYS);
}

static const char *fix(void)
{
	return event_text(&e, FIELD_FIX);
}

#define assert_has(text, part)                                    \
	do {                                                      \
		if (!strstr(text, part))                          \
			fail_msg("no \"%s\" in: %s", part, text); \
	} while (0)
#define assert_lacks(text, part)                               \
	do {                                                   \
		if (strstr(text, part))                        \
			fail_msg("\"%s\" in: %s", part, text); \
	} while (0)

static void nofile(void **state _unused_)
{
	refused("nofile", "files", "nginx", 812);
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
	assert_string_equal(fix(),
			    "prlimit --pid 812 --nofile=524288:524288\n"
			    "mkdir -p /etc/systemd/system/nginx.service.d && printf '[Service]\\n"
			    "LimitNOFILE=524288:524288\\n' > "
			    "/etc/systemd/system/nginx.service.d/limit-nofile.conf "
			    "&& systemctl daemon-reload && systemctl restart nginx.service");
	/* the hard limit has no room: both go up, and fs.nr_open with them where it must */
	refused("nofile", "files", "a", 5);
	amounts(1048576, 1048576, 1048576, -1);
	says(&(struct explain_facts){.nr_open = 1048576});
	assert_has(fix(), "sysctl -w fs.nr_open=2097152\n");
	assert_has(fix(), "prlimit --pid 5 --nofile=2097152:2097152");
	/* a hard limit beyond use is left alone */
	refused("nofile", "files", "a", 5);
	amounts(1024, 1024, 1073741816, -1);
	says(NULL);
	assert_has(fix(), "--nofile=1048576:1073741816");
	/* of a process that has ended: the shell's limit, and never a hard limit that comes down */
	refused("nofile", "files", "a", 5);
	amounts(1024, 1024, 524288, -1);
	says(&(struct explain_facts){.again = true});
	assert_string_equal(fix(), "ulimit -Sn 524288  # then run it again from this shell");
	refused("nofile", "files", "a", 5);
	amounts(1024, 1024, 1024, -1);
	says(&(struct explain_facts){.again = true});
	assert_string_equal(
		fix(), "ulimit -Sn 2048 || ulimit -n 2048  # then run it again from this shell");
	event_str(&e, FIELD_CGROUP, "/system.slice/nginx.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "nginx.service");
	says(&(struct explain_facts){.again = true});
	assert_lacks(fix(), "ulimit");
	assert_has(fix(), "LimitNOFILE=2048:2048");
	/* its namespace is gone with it */
	refused("semmni", "sets", "a", 900);
	amounts(4, 4, -1, -1);
	event_str(&e, FIELD_NAMESPACE, "ipc:[7]");
	says(&(struct explain_facts){.again = true, .host_ns = {[FC_NS_IPC] = 8}});
	assert_lacks(fix(), "nsenter");
	assert_int_equal(fix()[0], '#');
	/* inferred, folded, nothing known */
	refused("nofile", "files", "", 0);
	event_bool(&e, FIELD_CERTAIN, false);
	event_int(&e, FIELD_COUNT, 1200);
	assert_string_equal(says(NULL), "A process could not get another file descriptor probably "
					"because it had too many files "
					"open (sockets and pipes are files too) for its limit "
					"(RLIMIT_NOFILE, \"ulimit -n\"); "
					"this happened 1200 times.");
	assert_has(fix(), "# ");
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
		refused("nofile", "files", "a", 5);
		amounts(10, 10, 10, -1);
		event_str(&e, FIELD_SYSCALL, cases[i].call);
		event_str(&e, FIELD_OBJECT, cases[i].object);
		assert_has(says(NULL), cases[i].part);
	}
	refused("nofile", "files", "a", 5);
	event_str(&e, FIELD_SYSCALL, "socket");
	event_str(&e, FIELD_OBJECT, "socket AF_UNIX SOCK_DGRAM");
	assert_lacks(says(NULL), "host not found");
	refused("nofile", "files", "a", 5);
	event_str(&e, FIELD_SYSCALL, "openat");
	event_str(&e, FIELD_OBJECT, "/var/lib/sophia");
	assert_lacks(says(NULL), "libraries");
}

static void host_files(void **state _unused_)
{
	refused("nr-open", "files", "db", 7);
	amounts(1048576, 1048576, -1, -1);
	assert_has(says(NULL), "whatever its own limit (fs.nr_open) is 1048576");
	assert_has(fix(), "sysctl -w fs.nr_open=2097152\n");
	refused("file-max", "files", "db", 7);
	amounts(9000, 8000, -1, -1);
	assert_has(says(NULL), "the whole machine had 9000 files open");
	assert_has(fix(), "sysctl -w fs.file-max=16000\n");
	refused("file-max", "files", "db", 7);
	says(NULL);
	assert_has(fix(), "sysctl -w fs.file-max=$((");
}

static void semaphores(void **state _unused_)
{
	struct explain_facts f = {.more = {32000, 1024000000, 500, 128},
				  .host_ns = {[FC_NS_IPC] = 4026531839}};

	refused("semmni", "sets", "apache2", 900);
	amounts(128, 128, -1, 4000);
	event_str(&e, FIELD_ERRNO, "ENOSPC");
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026531839]");
	assert_string_equal(
		says(&f),
		"apache2 (pid 900) could not make a set of 4000 System V semaphores because 128 "
		"sets "
		"exist and the limit is 128 (SEMMNI, the fourth number of kernel.sem); the program "
		"reports \"No space left on device\", but no disk is full.");
	assert_has(fix(), "sh -c 'set -- $(cat /proc/sys/kernel/sem) && "
			  "sysctl -w kernel.sem=\"$1 $2 $3 $(($4 > 256 ? $4 : 256))\"'\n");
	assert_lacks(fix(), "nsenter");
	/* in a container's namespace, with its present values unknown */
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026532201]");
	event_str(&e, FIELD_CONTAINER, H);
	event_static(&e, FIELD_CONTAINER_RUNTIME, "docker");
	memset(f.more, 0, sizeof(f.more));
	assert_has(says(&f), "in docker container 0123456789ab could not");
	assert_has(fix(), "nsenter -t 900 -i sh -c 'set -- $(cat /proc/sys/kernel/sem) && "
			  "sysctl -w kernel.sem=\"$1 $2 $3 $(($4 > 256 ? $4 : 256))\"'\n");
	refused("semmns", "semaphores", "a", 900);
	amounts(90, 100, -1, 250);
	f = (struct explain_facts){.more = {250, 100, 32, 128}};
	says(&f);
	assert_has(fix(), "kernel.sem=\"$1 $(($2 > 382 ? $2 : 382)) $3 $4\"");
	refused("semmsl", "semaphores", "a", 900);
	amounts(-1, 250, -1, 600);
	event_str(&e, FIELD_ERRNO, "EINVAL");
	assert_has(says(&f),
		   "a set of 600 System V semaphores because one set may not have so many");
	assert_has(fix(), "kernel.sem=\"$(($1 > 675 ? $1 : 675)) $(($2 > 675 ? $2 : 675)) $3 $4\"");
	/* nothing known at all, and a kernel that allows no more */
	refused("semmns", "semaphores", "", 0);
	assert_has(says(NULL),
		   "A process could not make a set of System V semaphores because too many");
	assert_has(fix(), "$1 $(($2 * 2)) $3 $4");
	refused("semmni", "sets", "a", 900);
	amounts(32768, 32768, -1, 1);
	says(NULL);
	assert_has(fix(), "ipcmni_extend");
	assert_lacks(fix(), "sysctl -w");
	refused("semmni", "sets", "a", 0);
	event_str(&e, FIELD_NAMESPACE, "ipc:[4026532201]");
	amounts(1, 1, -1, 1);
	says(NULL);
	assert_true(fix()[0] == '#');
}

static void killed(const char *cause, const char *comm, const char *memcg, int64_t limit)
{
	event_init(&e, EVENT_KILLED);
	event_static(&e, FIELD_RESOURCE, "memory");
	event_static(&e, FIELD_CAUSE, cause);
	event_str(&e, FIELD_COMM, comm);
	event_int(&e, FIELD_PID, 812);
	event_str(&e, FIELD_MEMCG, memcg);
	event_static(&e, FIELD_LIMIT_NAME, "memory.max");
	if (limit)
		event_int(&e, FIELD_LIMIT, limit);
}

static void oom_says(void **state _unused_)
{
	killed("oom-memcg", "postgres", "/system.slice/pg.service", 1 << 30);
	event_int(&e, FIELD_RSS_ANON, 900 << 20);
	event_int(&e, FIELD_RSS_FILE, 100 << 20);
	event_int(&e, FIELD_RSS_SHMEM, 0);
	event_int(&e, FIELD_SWAP, 3 << 19);
	event_int(&e, FIELD_TRIGGER_PID, 900);
	event_str(&e, FIELD_TRIGGER_COMM, "backup");
	event_int(&e, FIELD_TOTAL_PAGES, 262144);
	assert_string_equal(
		says(NULL),
		"The kernel killed postgres (pid 812), which had 1000 MiB of memory and 1.5 MiB of "
		"swap, "
		"because the control group /system.slice/pg.service reached its own limit of 1 GiB "
		"(memory.max); the host itself had not run out of memory; backup (pid 900) only "
		"happened "
		"to ask for memory at that moment; total_pages (1 GiB) is the size of what was "
		"full, not "
		"of the victim.");
	event_int(&e, FIELD_TRIGGER_PID, 812);
	assert_lacks(says(NULL), "only happened");
	killed("oom-global", "a", "", 0);
	assert_has(says(NULL), "the whole machine had run out of memory and swap.");
	assert_has(fix(), "add memory or swap, or limit who grew");
	killed("oom-sysrq", "a", "", 0);
	event_int(&e, FIELD_TRIGGER_PID, 3);
	event_int(&e, FIELD_TOTAL_PAGES, 3);
	assert_has(says(NULL), "somebody asked for it by SysRq-f, not because memory had run out.");
	assert_has(fix(), "# nothing to raise");
	killed("oom-group", "a", "/x", 1 << 30);
	assert_has(says(NULL), "died with its group");
	killed("oom-cpuset", "a", "", 0);
	assert_has(says(NULL), "its cpuset allows were full");
	killed("oom-mempolicy", "a", "", 0);
	assert_has(says(NULL), "NUMA policy");
	killed("oom-memcg", "", "", 0);
	event_clear(&e, FIELD_PID);
	event_clear(&e, FIELD_LIMIT_NAME);
	event_bool(&e, FIELD_CERTAIN, false);
	assert_has(says(NULL), "The kernel killed a process probably because the control group it "
			       "belongs to reached its own limit; ");
	assert_true(fix()[0] == '#');
}

static void oom_fix(void **state _unused_)
{
	static const struct {
		const char *memcg, *fix;
	} cases[] = {
		{"/system.slice/pg.service", "systemctl set-property pg.service MemoryMax=1536M"},
		{"/system.slice/system-pg.slice",
		 "systemctl set-property system-pg.slice MemoryMax=1536M"},
		{"/system.slice/a\\x2db.service",
		 "systemctl set-property 'a\\x2db.service' MemoryMax=1536M"},
		{"/system.slice/pg.service/child",
		 "echo 1536M > /sys/fs/cgroup/system.slice/pg.service/child/"
		 "memory.max"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope",
		 "echo 1536M > "
		 "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope/"
		 "memory.max"},
		{"/test", "echo 1536M > /sys/fs/cgroup/test/memory.max"},
		{"/it's $(reboot)", "echo 1536M > '/sys/fs/cgroup/it'\\''s $(reboot)'/memory.max"},
		{"/a\n/reboot", "# raise the memory limit of this control group to 1536 MiB"},
		{"/a/../b", "# raise the memory limit of this control group to 1536 MiB"},
		{"/system.slice/docker-" H ".scope",
		 "docker update --memory 1536M --memory-swap 3072M " H},
		{"/docker/" H, "docker update --memory 1536M --memory-swap 3072M " H},
		{"/docker/" H "/inner",
		 "echo 1536M > /sys/fs/cgroup/docker/" H "/inner/memory.max"},
		{"/machine.slice/libpod-" H ".scope",
		 "podman update --memory 1536M --memory-swap 3072M " H},
		{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" H,
		 "# raise resources.limits.memory of the container in the pod with the uid "
		 "0123456789abcdef0123456789abcdef to 1536Mi or more"},
		{"/machine.slice/101", "vzctl set 101 --ram 1536M --save"},
		{"/lxc.payload.web", "echo 1536M > /sys/fs/cgroup/lxc.payload.web/memory.max"},
	};
	struct explain_facts f = {.memsw = 3ULL << 29};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		killed("oom-memcg", "a", cases[i].memcg, 1 << 30);
		says(NULL);
		assert_string_equal(fix(), cases[i].fix);
	}
	killed("oom-memcg", "a", "/docker/" H, 1 << 30);
	says(&f);
	assert_string_equal(fix(), "docker update --memory 1536M --memory-swap 2048M " H);
	f.memsw = UINT64_MAX;
	says(&f);
	assert_string_equal(fix(), "docker update --memory 1536M --memory-swap -1 " H);
	/* what was cut is another group */
	killed("oom-memcg", "a", "/system.slice/pg.service", 1 << 30);
	event_cut(&e, FIELD_MEMCG);
	says(NULL);
	assert_true(fix()[0] == '#');
	killed("oom-memcg", "postgres", "/system.slice/pg.service", 1 << 30);
	event_str(&e, FIELD_CGROUP, "/system.slice/pg.service");
	event_str(&e, FIELD_SYSTEMD_UNIT, "pg.service");
	says(NULL);
	assert_has(fix(), "PG_OOM_ADJUST_VALUE=0");
	assert_has(fix(), "OOMScoreAdjust=-1000");
	assert_lacks(fix(), "overcommit");
	killed("oom-global", "postgres", "", 0);
	says(NULL);
	assert_has(fix(), "vm.overcommit_memory=2");
}

/* Runs the fix (or a part of it) as the person would. */
static int paste(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return pid;
}

static void pasted_prlimit(void **state _unused_)
{
	struct rlimit r = {64, 256};
	pid_t pid = child();

	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &r, NULL), 0);
	/* the hard limit is known, then not: it never comes down */
	for (int hard = 1; hard >= 0; hard--) {
		refused("nofile", "files", "x", pid);
		amounts(64, 64, hard ? 256 : -1, -1);
		says(NULL);
		if (paste(fix()) != 0)
			fail_msg("%s", fix());
		assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &r), 0);
		assert_int_equal(r.rlim_max, 256);
		assert_int_equal(r.rlim_cur, hard ? 256 : 128);
		r.rlim_cur = 64;
		assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &r, NULL), 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void read_sem(pid_t pid, unsigned long long sem[4])
{
	char command[96];
	FILE *f;

	snprintf(command, sizeof(command), "nsenter -t %d -i cat /proc/sys/kernel/sem", pid);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu %llu %llu %llu", &sem[0], &sem[1], &sem[2], &sem[3]), 4);
	pclose(f);
}

static void pasted_sem(void **state _unused_)
{
	unsigned long long before[4], after[4], host[4];
	char ns[64], path[64];
	int ready[2];
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int err = unshare(CLONE_NEWIPC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(ready[1], err ? "n" : "y", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], ns, 1), 1);
	if (ns[0] == 'n') {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		skip();
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", pid);
	memset(ns, 0, sizeof(ns));
	assert_true(readlink(path, ns, sizeof(ns) - 1) > 0);
	read_sem(getpid(), host);
	for (int round = 0; round < 2; round++) {
		struct explain_facts f = {0};

		read_sem(pid, before);
		if (round == 0)
			for (int i = 0; i < 4; i++)
				f.more[i] = before[i];
		refused("semmns", "semaphores", "x", pid);
		event_str(&e, FIELD_NAMESPACE, ns);
		amounts(10, (int64_t)before[1], -1, 1000000);
		says(&f);
		if (paste(fix()) != 0)
			fail_msg("%s", fix());
		read_sem(pid, after);
		/* doubled, as far as an int goes */
		assert_true(after[1] == 2 * before[1] || after[1] == INT32_MAX);
		assert_true(after[0] == before[0] && after[2] == before[2] &&
			    after[3] == before[3]);
		refused("semmsl", "semaphores", "x", pid);
		event_str(&e, FIELD_NAMESPACE, ns);
		amounts(-1, (int64_t)before[0], -1, (int64_t)before[0] + 1);
		if (round == 0)
			f.more[1] = after[1];
		says(&f);
		if (paste(fix()) != 0)
			fail_msg("%s", fix());
		read_sem(pid, after);
		assert_true(after[0] == 2 * before[0] && after[3] == before[3]);
	}
	read_sem(getpid(), after);
	assert_memory_equal(after, host, sizeof(host));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static unsigned long long read_number(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "r");
	unsigned long long v = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu", &v), 1);
	return v;
}

/* A cgroup whose name a shell would trip over; v1 where this machine has it. */
static void pasted_memcg(void **state _unused_)
{
	static const char v1_mount[] = "/sys/fs/cgroup/memory", v2_mount[] = "/sys/fs/cgroup";
	bool v1 = access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0;
	struct explain_facts f = {.memory_is_v1 = v1, .memory_mount = v1 ? v1_mount : v2_mount};
	char name[64], dir[128], file[192], memsw[192];
	FILE *out;

	snprintf(name, sizeof(name), "/failcnt it's $(%d)", getpid());
	snprintf(dir, sizeof(dir), "%s%s", f.memory_mount, name);
	snprintf(file, sizeof(file), "%s/%s", dir, v1 ? "memory.limit_in_bytes" : "memory.max");
	snprintf(memsw, sizeof(memsw), "%s/memory.memsw.limit_in_bytes", dir);
	if (geteuid() != 0 || mkdir(dir, 0755) < 0)
		skip();
	out = fopen(file, "w");
	if (!out || fputs("64M", out) < 0 || fclose(out) != 0) {
		rmdir(dir);
		skip();
	}
	/* memory cannot go above memsw: the order of the lines matters */
	out = access(memsw, W_OK) == 0 ? fopen(memsw, "w") : NULL;
	if (out) {
		fputs("64M", out);
		fclose(out);
	}
	killed("oom-memcg", "a", name, 64 << 20);
	if (v1)
		event_static(&e, FIELD_LIMIT_NAME, "memory.limit_in_bytes");
	says(&f);
	if (paste(fix()) != 0)
		fail_msg("%s", fix());
	assert_int_equal(read_number(file), 128 << 20);
	if (out)
		assert_int_equal(read_number(memsw), 128 << 20);
	rmdir(dir);
}

/* Every remedy of every case is at least sh. */
static void syntax(void **state _unused_)
{
	static const char *const resources[] = {
		"nofile",   "nr-open",   "file-max",   "semmni", "semmns", "semmsl",
		"semopm",   "semvmx",    "shmmni",     "shmall", "shmmax", "msgmni",
		"mq-bytes", "mq-queues", "sigpending", "cpu",    "fsize"};
	static const char *const causes[] = {"oom-memcg",     "oom-global", "oom-cpuset",
					     "oom-mempolicy", "oom-group",  "oom-sysrq"};
	static const char *const groups[] = {"", "/system.slice/a\\x2d'b.service", "/a;b&c|d`e`",
					     "/docker/" H,
					     "/user.slice/user-1.slice/session-1.scope"};
	static const char *const names[] = {"postgres", "mysqld", "redis-server", "'\"$(x)"};

	for (size_t i = 0; i < 2 * 18 * 5 * 4 * 2; i++) {
		const char *group = groups[i / 2 % 5], *name = names[i / 10 % 4];
		bool v1 = i / 720;
		char quoted[8192];
		FILE *f;

		if (i % 2)
			killed(causes[i / 40 % 6], name, group, 1 << 30);
		else
			refused(resources[i / 40 % ARRAY_SIZE(resources)], "files", name, 12);
		amounts(10, 10, -1, 1);
		event_str(&e, FIELD_CGROUP, group);
		event_str(&e, FIELD_SYSTEMD_UNIT,
			  strstr(group, "session") ? "session-1.scope" : "");
		event_int(&e, FIELD_UID, 1);
		says(&(struct explain_facts){.memory_is_v1 = v1});
		assert_true(event_text(&e, FIELD_SAYS)[0] != '\0');
		assert_true(fix()[0] != '\0');
		f = popen("sh -n", "w");
		assert_true((size_t)snprintf(quoted, sizeof(quoted), "%s\n", fix()) <
			    sizeof(quoted));
		assert_true(fputs(quoted, f) >= 0);
		if (pclose(f) != 0)
			fail_msg("not sh: %s", fix());
	}
}

static void others(void **state _unused_)
{
	event_init(&e, EVENT_STARTED);
	explain_event(&e, NULL);
	assert_false(event_has(&e, FIELD_SAYS) || event_has(&e, FIELD_FIX));
	refused("swap", "bytes", "x", 4);
	event_str(&e, FIELD_LIMIT_NAME, "memory.swap.max");
	amounts(5, 5, -1, -1);
	assert_string_equal(says(NULL), "x (pid 4) was refused something because the limit "
					"memory.swap.max is reached: 5 of 5 bytes.");
	assert_false(event_has(&e, FIELD_FIX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nofile),         cmocka_unit_test(symptoms),
		cmocka_unit_test(host_files),     cmocka_unit_test(semaphores),
		cmocka_unit_test(oom_says),       cmocka_unit_test(oom_fix),
		cmocka_unit_test(pasted_prlimit), cmocka_unit_test(pasted_sem),
		cmocka_unit_test(pasted_memcg),   cmocka_unit_test(syntax),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
