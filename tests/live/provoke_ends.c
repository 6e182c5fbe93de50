// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deaths with what a process belongs to: its control group, its pid namespace, its parent, its
 * terminal, its manager. provoke_death.c tells what "dies" is.
 */
#define _GNU_SOURCE
#include "provoke.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "provoke_death.h"

static int cgroup_kill(int argc, char **argv)
{
	struct hierarchy h;
	struct group g;
	char path[600];
	pid_t pid, killer;
	gate *ready = gate_make();

	(void)argc, (void)argv;
	find_hierarchy(&h, "pids");
	if (h.version == 1)
		skip("cgroup v1 has no cgroup.kill");
	make_group(&g, &h, NULL, NULL);
	snprintf(path, sizeof(path), "%s/cgroup.kill", g.dir);
	if (access(path, W_OK))
		skip("this kernel has no cgroup.kill");
	pid = spawn();
	if (!pid) {
		group_join(&g);
		wait_for_it(ready);
	}
	gate_wait(ready);
	killer = spawn();
	if (!killer)
		_exit(write_file(path, "1") ? 1 : 0);
	if (reap(killer))
		fail("cgroup.kill");
	must_die(reap(pid), SIGKILL);
	truth(pid, 1,
	      "\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGKILL\",\"by_pid\":%d,\"by_uid\":0,"
	      "\"requested_by\":\"other\",\"cgroup\":\"%s\",\"says\":{\"re\":\"cgroup.kill\"}}",
	      killer, g.path);
	return 0;
}

/* In a pid namespace one process kills another; then the first one ends, and with it all. */
static int in_namespace(bool init_ends)
{
	struct {
		pid_t victim, init;
		gate ready;
	} *s = shared(sizeof(*s));
	pid_t outer = spawn();
	int status;

	if (!outer) {
		pid_t init;

		if (unshare(CLONE_NEWPID))
			_exit(77);
		init = fork();
		if (!init) {
			pid_t pid = fork();

			if (!pid) {
				/* its number in the namespace that /proc was mounted for */
				char self[16] = "";

				if (readlink("/proc/self", self, sizeof(self) - 1) < 0)
					_exit(1);
				s->victim = atoi(self);
				wait_for_it(&s->ready);
			}
			gate_wait(&s->ready);
			if (init_ends)
				_exit(0);
			_exit(pid != 2 || kill(pid, SIGKILL) || waitpid(pid, &status, 0) != pid ||
			      !WIFSIGNALED(status));
		}
		s->init = init;
		_exit(WEXITSTATUS(reap(init)));
	}
	status = reap(outer);
	if (WEXITSTATUS(status) == 77)
		skip("no pid namespace may be made");
	if (status)
		fail("in the pid namespace");
	truth(s->victim, 1,
	      "\"dies\":{\"ppid\":%d,\"vpid\":2,\"cause\":\"signal\","
	      "\"signal\":\"SIGKILL\",\"by_pid\":%d,\"by_comm\":\"provoke\","
	      "\"requested_by\":\"parent\"}",
	      s->init, s->init);
	return 0;
}

static int namespace_kill(int argc, char **argv)
{
	(void)argc, (void)argv;
	return in_namespace(false);
}

static int namespace_end(int argc, char **argv)
{
	(void)argc, (void)argv;
	return in_namespace(true);
}

/* The parent ends; its child had asked to end with it. */
static int parent_ends(int argc, char **argv)
{
	pid_t *pid = shared(sizeof(*pid)), middle;
	gate *ready = gate_make();

	(void)argc, (void)argv;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	middle = spawn();
	if (!middle) {
		pid_t child = spawn();

		if (!child)
			wait_for_it(ready);
		gate_wait(ready);
		*pid = child;
		_exit(0);
	}
	reap(middle);
	must_die(reap(*pid), SIGKILL);
	truth(*pid, 1,
	      "\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGKILL\",\"by_pid\":%d,"
	      "\"requested_by\":\"parent\",\"says\":{\"re\":\"PR_SET_PDEATHSIG\"}}",
	      middle);
	return 0;
}

/* A child with a terminal of its own. */
static int on_terminal(bool hangup)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	gate *ready = gate_make();
	pid_t pid;

	if (master < 0 || grantpt(master) || unlockpt(master))
		skip("no terminal: %s", strerror(errno));
	pid = spawn();
	if (!pid) {
		char *name = ptsname(master);

		if (!name || setsid() < 0 || open(name, O_RDWR) < 0)
			_exit(1);
		close(master);
		signal(SIGHUP, SIG_DFL);
		wait_for_it(ready);
	}
	gate_wait(ready);
	if (hangup)
		close(master);
	else if (write(master, "\003", 1) != 1)
		fail("write");
	must_die(reap(pid), hangup ? SIGHUP : SIGINT);
	truth(pid, 1,
	      "\"dies\":{\"cause\":\"signal\",\"signal\":\"%s\",\"requested_by\":\"tty\","
	      "\"by_pid\":null}",
	      hangup ? "SIGHUP" : "SIGINT");
	return 0;
}

/* Job control: the shell of a terminal ends a job of its own, which has a process group. */
static int by_shell(int argc, char **argv)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	volatile pid_t *job = shared(sizeof(*job));
	pid_t shell;

	(void)argc, (void)argv;
	if (master < 0 || grantpt(master) || unlockpt(master))
		skip("no terminal: %s", strerror(errno));
	shell = spawn();
	if (!shell) {
		char *name = ptsname(master);
		gate *ready = gate_make();
		pid_t pid;

		if (!name || setsid() < 0 || open(name, O_RDWR) < 0)
			_exit(1);
		close(master);
		pid = spawn();
		if (!pid) {
			setpgid(0, 0);
			wait_for_it(ready);
		}
		*job = pid;
		gate_wait(ready);
		if (kill(-pid, SIGTERM))
			_exit(1);
		must_die(reap(pid), SIGTERM);
		_exit(0);
	}
	if (reap(shell))
		fail("the shell");
	close(master);
	truth(*job, 1,
	      "\"dies\":{\"cause\":\"signal\",\"signal\":\"SIGTERM\",\"requested_by\":\"tty\","
	      "\"by_pid\":%d,\"says\":{\"re\":\"shell of its terminal\"}}",
	      shell);
	return 0;
}

static int manager(int argc, char **argv)
{
	(void)argc, (void)argv;
	return by_other("systemd", "service-manager", "");
}

static int key(int argc, char **argv)
{
	(void)argc, (void)argv;
	return on_terminal(false);
}

static int hangup(int argc, char **argv)
{
	(void)argc, (void)argv;
	return on_terminal(true);
}

const struct provocation ends_provocations[] = {
	{"die-cgroup", cgroup_kill, "cgroup.kill", NULL},
	{"die-pidns", namespace_kill, "kill -9 inside a pid namespace", NULL},
	{"die-pidns-end", namespace_end, "the first process of a pid namespace ends", NULL},
	{"die-parent", parent_ends, "PR_SET_PDEATHSIG", NULL},
	{"die-key", key, "Ctrl-C in a terminal", NULL},
	{"die-hangup", hangup, "a terminal that is closed", NULL},
	{"die-job", by_shell, "a job that the shell of its terminal ends", NULL},
	{"die-manager", manager, "by a process called systemd, as that of a user", NULL},
	{0},
};
