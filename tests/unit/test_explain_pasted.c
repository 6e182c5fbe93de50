/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/explain*.c user/identity.c user/field.c user/catalogue.c ; libs: */
/*
 * test_explain_pasted.c - remedies hold no name that a shell could run, and work when they are
 * pasted.
 */
#include "explain_fixture.h"

#include "../../user/catalogue.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
		refused_by("nofile", "files", "x", pid);
		amounts(64, 64, hard ? 256 : -1, -1);
		says(NULL);
		if (paste(fixed()) != 0)
			fail_msg("%s", fixed());
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
		refused_by("semmns", "semaphores", "x", pid);
		event_str(&e, FIELD_NAMESPACE, ns);
		amounts(10, (int64_t)before[1], -1, 1000000);
		says(&f);
		if (paste(fixed()) != 0)
			fail_msg("%s", fixed());
		read_sem(pid, after);
		/* doubled, as far as an int goes */
		assert_true(after[1] == 2 * before[1] || after[1] == INT32_MAX);
		assert_true(after[0] == before[0] && after[2] == before[2] &&
			    after[3] == before[3]);
		refused_by("semmsl", "semaphores", "x", pid);
		event_str(&e, FIELD_NAMESPACE, ns);
		amounts(-1, (int64_t)before[0], -1, (int64_t)before[0] + 1);
		if (round == 0)
			f.more[1] = after[1];
		says(&f);
		if (paste(fixed()) != 0)
			fail_msg("%s", fixed());
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
	if (paste(fixed()) != 0)
		fail_msg("%s", fixed());
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
		"mq-bytes", "mq-queues", "sigpending", "cpu",    "fsize",  "memory"};
	static const char *const causes[] = {"oom-memcg",     "oom-global", "oom-cpuset",
					     "oom-mempolicy", "oom-group",  "oom-sysrq"};
	static const char *const groups[] = {"", "/system.slice/a\\x2d'b.service", "/a;b&c|d`e`",
					     "/docker/" ID64,
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
			refused_by(resources[i / 40 % ARRAY_SIZE(resources)], "files", name, 12);
		amounts(10, 10, -1, 1);
		event_str(&e, FIELD_CGROUP, group);
		event_str(&e, FIELD_SYSTEMD_UNIT,
			  strstr(group, "session") ? "session-1.scope" : "");
		event_int(&e, FIELD_UID, 1);
		says(&(struct explain_facts){.memory_is_v1 = v1});
		assert_true(event_text(&e, FIELD_SAYS)[0] != '\0');
		assert_true(fixed()[0] != '\0');
		f = popen("sh -n", "w");
		assert_true((size_t)snprintf(quoted, sizeof(quoted), "%s\n", fixed()) <
			    sizeof(quoted));
		assert_true(fputs(quoted, f) >= 0);
		if (pclose(f) != 0)
			fail_msg("not sh: %s", fixed());
	}
}

/* The shell that starts it anew: its soft limit goes up, its hard one never comes down. */
static void pasted_again(void **state _unused_)
{
	const struct explain_facts again = {.again = true};
	char command[512], line[64] = "";
	FILE *f;

	refused_by("memlock", "bytes", "x", 12);
	amounts(65536, 65536, 65536, 4096);
	says(&again);
	snprintf(command, sizeof(command),
		 "prlimit --pid $$ --memlock=65536:262144\n%s\n"
		 "prlimit --pid $$ --memlock --noheadings --raw --output=SOFT,HARD",
		 fixed());
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	assert_string_equal(line, "131072 262144\n");
	/* Of a namespace that is gone nothing is entered. */
	refused_by("ports", "ports", "x", 12);
	event_static(&e, FIELD_NAMESPACE, "net:[4026532999]");
	amounts(8, 8, -1, 1);
	says(&(struct explain_facts){.again = true,
				     .has_more = true,
				     .more = {50000, 50007},
				     .host_ns = {[FC_NS_NET] = 8}});
	assert_lacks(fixed(), "nsenter");
	assert_has(fixed(), "# in the network namespace that refused: sysctl -w ");
}

static void explain_row(unsigned int resource, unsigned int way)
{
	const struct explain_facts facts = {
		.more = {2 << 20, 2, 3, 4}, .has_more = way & 1, .again = way & 2};

	refused_by(catalogue_get(resource)->id, catalogue_get(resource)->measure, "'\"$(x)",
		   way & 4 ? 12 : 0);
	amounts(10, 10, -1, 1);
	event_str(&e, FIELD_LIMIT_NAME, way & 8 ? "size= of it" : "hugetlb.*.max");
	event_static(&e, FIELD_NAMESPACE, "net:[4026532999]");
	event_str(&e, FIELD_DEVICE, "0:45");
	event_str(&e, FIELD_MOUNT, "/a b'c$(x)");
	event_str(&e, FIELD_FILESYSTEM, way & 8 ? "tmpfs" : "ext4");
	event_str(&e, FIELD_LIMIT_CGROUP, "/a;b&c|d`e`");
	says(&facts);
}

/* And of every row of the catalogue, with whatever is known of it. */
static void syntax_of_rows(void **state _unused_)
{
	for (unsigned int r = 1; r < FC_RESOURCES; r++) {
		FILE *f = popen("sh -n", "w");

		assert_non_null(f);
		for (unsigned int way = 0; way < 16; way++) {
			explain_row(r, way);
			assert_true(fprintf(f, "%s\n", fixed()) > 0);
			assert_lacks(fixed(), "(null)");
		}
		if (pclose(f) != 0)
			fail_msg("not sh: %s", fixed());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pasted_prlimit), cmocka_unit_test(pasted_sem),
		cmocka_unit_test(pasted_memcg),   cmocka_unit_test(pasted_again),
		cmocka_unit_test(syntax),         cmocka_unit_test(syntax_of_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
