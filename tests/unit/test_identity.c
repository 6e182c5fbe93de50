/* SPDX-License-Identifier: GPL-2.0-only */
/* needs: user/identity.c user/identity_event.c user/field.c ; libs: */
/*
 * test_identity.c - cgroup paths as the managers of this world really write
 * them, paths that only look like them, and paths that want to do harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../../user/identity.h"

#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define U "a1b2c3d4-0000-1111-2222-333344445555"
#define V "a1b2c3d4_0000_1111_2222_333344445555"

static const struct {
	const char *path, *unit, *container, *runtime, *pod;
} cases[] = {
	/* systemd */
	{"/system.slice/nginx.service", "nginx.service", "", NULL, ""},
	{"/system.slice/system-postgresql.slice/postgresql@15-main.service",
	 "postgresql@15-main.service", "", NULL, ""},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope", "x.scope", "", NULL,
	 ""},
	{"/user.slice/user-1000.slice/session-4.scope", "session-4.scope", "", NULL, ""},
	{"/init.scope", "init.scope", "", NULL, ""},
	{"/system.slice/nginx.service/workers/1", "nginx.service", "", NULL, ""},
	{"/system.slice/var-lib-my\\x2ddata.mount", "var-lib-my\\x2ddata.mount", "", NULL, ""},
	{"/system.slice/_memory.service", "memory.service", "", NULL, ""},
	{"/system.slice/.service", "", "", NULL, ""},
	{"/system.slice/a b.service", "", "", NULL, ""},
	{"/system.slice/a;reboot.service", "", "", NULL, ""},
	{"/system.slice/\xc3\xa9.service", "", "", NULL, ""},
	{"/user.slice", "", "", NULL, ""},
	{"/", "", "", NULL, ""},
	{"", "", "", NULL, ""},
	/* docker */
	{"/docker/" H, "", H, "docker", ""},
	{"/system.slice/docker-" H ".scope", "", H, "docker", ""},
	{"/system.slice/docker-" H ".scope/system.slice/nginx.service", "", H, "docker", ""},
	{"/docker/" H "/docker/f" H, "", H, "docker", ""},
	{"/docker/buildkit/abcdefghij0123456789abcde", "", "", NULL, ""},
	{"/system.slice/docker.service", "docker.service", "", NULL, ""},
	{"/system.slice/docker-abc.scope", "docker-abc.scope", "", NULL, ""},
	{"/my/" H, "", H, NULL, ""},
	{"/my/" H "0", "", "", NULL, ""},
	{"/ecs/0123456789abcdef0123456789abcdef/" H, "", H, "docker", ""},
	/* kubernetes, containerd, cri-o */
	{"/kubepods/burstable/pod" U "/" H, "", H, NULL, U},
	{"/kubepods/pod" U "/" H, "", H, NULL, U},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" V
	 ".slice/cri-containerd-" H ".scope",
	 "", H, "containerd", U},
	{"/kubepods.slice/kubepods-pod" V ".slice/crio-" H ".scope/container", "", H, "cri-o", U},
	{"/kubepods.slice/kubepods-pod" V ".slice/crio-conmon-" H ".scope",
	 "crio-conmon-" H ".scope", "", NULL, U},
	{"/kubepods/burstable/pod" U "/crio-" H, "", H, "cri-o", U},
	{"/kubepods/burstable/pod" U "/crio-conmon-" H, "", "", NULL, U},
	{"/system.slice/containerd.service/kubepods-besteffort-pod" V ".slice:cri-containerd:" H,
	 "containerd.service", H, "containerd", U},
	{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" V ".slice/cri-containerd-" H
	 ".scope",
	 "", H, "containerd", U},
	{"/kubepods/besteffort/pod0123456789abcdef0123456789abcdef/" H, "", H, NULL,
	 "0123456789abcdef0123456789abcdef"},
	{"/docker/" H "/kubelet/kubepods/pod" U "/" H, "", H, "docker", ""},
	{"/pod" U "/x", "", "", NULL, ""},
	{"/k8s.io/" H, "", H, "containerd", ""},
	{"/default/" H, "", H, NULL, ""},
	{"/system.slice/nerdctl-" H ".scope", "", H, "containerd", ""},
	{"/system.slice:docker:" H, "", H, "docker", ""},
	/* podman */
	{"/machine.slice/libpod-" H ".scope/container", "", H, "podman", ""},
	{"/machine.slice/libpod-conmon-" H ".scope", "libpod-conmon-" H ".scope", "", NULL, ""},
	{"/libpod_parent/libpod-" H, "", H, "podman", ""},
	{"/system.slice/web.service/libpod-payload-" H, "web.service", H, "podman", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" H ".scope",
	 "user@1000.service", H, "podman", ""},
	/* lxc */
	{"/lxc/web1", "", "web1", "lxc", ""},
	{"/lxc/101/ns/system.slice/ssh.service", "", "101", "lxc", ""},
	{"/lxc.payload.web1/system.slice/nginx.service", "", "web1", "lxc", ""},
	{"/lxc.payload/web1", "", "web1", "lxc", ""},
	{"/lxc.monitor.web1", "", "", NULL, ""},
	{"/lxc.monitor/web1", "", "", NULL, ""},
	{"/lxc.payload.\x01x/system.slice/nginx.service", "", "", NULL, ""},
	{"/lxc", "", "", NULL, ""},
	{"/a/lxc/b", "", "", NULL, ""},
	/* nspawn, and what is not */
	{"/machine.slice/machine-deb\\x2dbuild.scope/payload/system.slice/cron.service", "",
	 "deb-build", "nspawn", ""},
	{"/machine.slice/machine-deb.scope/supervisor", "machine-deb.scope", "", NULL, ""},
	{"/machine.slice/systemd-nspawn@deb\\x2d1.service/payload",
	 "systemd-nspawn@deb\\x2d1.service", "deb-1", "nspawn", ""},
	{"/machine.slice/systemd-nspawn@deb.service/supervisor", "systemd-nspawn@deb.service", "",
	 NULL, ""},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
	 "machine-qemu\\x2d1\\x2dvm.scope", "", NULL, ""},
	{"/user.slice/machine-x.scope", "machine-x.scope", "", NULL, ""},
	{"/machine.slice/machine-a\\x0ab.scope", "", "", NULL, ""},
	{"/machine.slice/machine-a\\x2.scope", "", "a\\x2", "nspawn", ""},
	/* OpenVZ */
	{"/machine.slice/43287", "", "43287", "openvz", ""},
	{"/43287", "", "43287", "openvz", ""},
	{"/ve/101/init.scope", "", "101", "openvz", ""},
	{"/machine.slice/" U "/system.slice/httpd.service", "", U, "openvz", ""},
	{"/99", "", "", NULL, ""},
	{"/0123", "", "", NULL, ""},
	{"/box/43287", "", "", NULL, ""},
	/* odd shapes */
	{"///system.slice////nginx.service//", "nginx.service", "", NULL, ""},
	{"system.slice/nginx.service", "nginx.service", "", NULL, ""},
	{"/\n/\x1b[2J.service", "", "", NULL, ""},
	{"/../../x.service", "x.service", "", NULL, ""},
};

static void paths(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct identity id;

		identity_cgroup(cases[i].path, &id);
		if (!util_streq(id.unit, cases[i].unit) ||
		    !util_streq(id.container, cases[i].container) ||
		    !util_streq(id.pod_uid, cases[i].pod) ||
		    !util_streq(id.runtime ? id.runtime : "",
				cases[i].runtime ? cases[i].runtime : ""))
			fail_msg("%s: unit '%s' container '%s' runtime '%s' pod '%s'",
				 cases[i].path, id.unit, id.container, id.runtime ? id.runtime : "",
				 id.pod_uid);
	}
}

static void user_units(void **state _unused_)
{
	struct identity id;

	identity_cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope", &id);
	assert_true(id.user_unit);
	assert_int_equal(id.unit_uid, 1000);
	identity_cgroup("/user.slice/user-1000.slice/user@1000.service", &id);
	assert_false(id.user_unit);
	assert_int_equal(id.unit_uid, 0);
	identity_cgroup("/system.slice/nginx.service", &id);
	assert_false(id.user_unit);
}

static void hostile(void **state _unused_)
{
	char path[8192];
	struct identity id;
	unsigned int seed = 1;

	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	identity_cgroup(path, &id);
	memcpy(path + sizeof(path) - 9, ".service", 8);
	identity_cgroup(path, &id);
	assert_string_equal(id.unit, "");
	path[0] = '/';
	memcpy(path, "/lxc/", 5);
	identity_cgroup(path, &id);
	assert_string_equal(id.container, "");
	assert_null(id.runtime);
	memset(path, '/', sizeof(path) - 1);
	identity_cgroup(path, &id);
	/* cut and changed anywhere, nothing is read or written outside (the sanitizers tell) */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].path);

		for (size_t cut = 0; cut <= n; cut++) {
			char *copy = strndup(cases[i].path, cut);

			identity_cgroup(copy, &id);
			if (cut) {
				seed = seed * 1103515245 + 12345;
				copy[seed / 65536 % cut] = (char)(seed >> 8 | 1);
				identity_cgroup(copy, &id);
			}
			free(copy);
		}
	}
}

static uint64_t own_start_ns(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/stat", "r");
	char text[1024];
	unsigned long long ticks = 0;

	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_int_equal(sscanf(strrchr(text, ')') + 2,
				"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				"%*d %*d %*d %llu",
				&ticks),
			 1);
	return ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void program(void **state _unused_)
{
	static struct event e;
	char self[4096] = "";
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t start = own_start_ns();

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	event_init(&e, EVENT_REFUSED);
	event_int(&e, FIELD_PID, getpid());
	event_str(&e, FIELD_CGROUP, "/kubepods/pod" U "/crio-" H);
	identity_event(&e, proc, start + 5000000);
	assert_string_equal(event_text(&e, FIELD_EXE), self);
	assert_string_equal(event_text(&e, FIELD_CONTAINER), H);
	assert_string_equal(event_text(&e, FIELD_CONTAINER_RUNTIME), "cri-o");
	assert_string_equal(event_text(&e, FIELD_POD_UID), U);
	assert_false(event_has(&e, FIELD_SYSTEMD_UNIT));
	/* another process that got this pid; none at all; not known when it started */
	for (int i = 0; i < 3; i++) {
		event_init(&e, EVENT_REFUSED);
		event_int(&e, FIELD_PID, i == 1 ? 99999999 : getpid());
		identity_event(&e, proc, i == 0 ? start + 1000000000 : i == 1 ? start : 0);
		assert_false(event_has(&e, FIELD_EXE));
	}
	event_init(&e, EVENT_REFUSED);
	identity_event(&e, -1, start);
	assert_false(event_has(&e, FIELD_EXE));
}

static void deleted_program(void **state _unused_)
{
	static struct event e;
	char dir[] = "/tmp/failcnt.XXXXXX", path[64], proc_path[96];

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/4711", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(proc_path, sizeof(proc_path), "%s/exe", path);
	assert_int_equal(symlink("/usr/sbin/nginx (deleted)", proc_path), 0);
	snprintf(proc_path, sizeof(proc_path), "%s/stat", path);
	FILE *f = fopen(proc_path, "w");
	fprintf(f, "4711 (a) b (c) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0\n");
	fclose(f);
	_cleanup_close_ int proc = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	event_init(&e, EVENT_KILLED);
	event_int(&e, FIELD_PID, 4711);
	event_str(&e, FIELD_CGROUP, "/43287");
	identity_event(&e, proc, 5000000000ULL);
	assert_string_equal(event_text(&e, FIELD_EXE), "/usr/sbin/nginx (deleted)");
	/* no /proc/vz here, so a cgroup named 43287 is no container */
	assert_false(event_has(&e, FIELD_CONTAINER));
	snprintf(proc_path, sizeof(proc_path), "%s/vz", dir);
	assert_int_equal(mkdir(proc_path, 0700), 0);
	event_init(&e, EVENT_KILLED);
	event_str(&e, FIELD_CGROUP, "/43287");
	identity_event(&e, proc, 0);
	assert_string_equal(event_text(&e, FIELD_CONTAINER), "43287");
	rmdir(proc_path);
	snprintf(proc_path, sizeof(proc_path), "%s/stat", path);
	unlink(proc_path);
	snprintf(proc_path, sizeof(proc_path), "%s/exe", path);
	unlink(proc_path);
	rmdir(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),           cmocka_unit_test(user_units),
		cmocka_unit_test(hostile),         cmocka_unit_test(program),
		cmocka_unit_test(deleted_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
