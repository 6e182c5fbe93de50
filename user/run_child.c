// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_child.c - the command that `failcnt run` runs.
 *
 * It stays in our process group, so that the terminal treats both as one job:
 * the keys' signals reach it from the terminal itself, and only what somebody
 * sent to us alone has to be passed on. It is forked before anything is opened
 * or set, so that it has nothing of ours; that it may begin it reads from a
 * socket, which exec(2) closes.
 */
#include "run_child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "log.h"

/* As env(1) and sh have it. */
#define STATUS_NOT_FOUND 127
#define STATUS_NOT_RUN 126

static uint64_t now_boot(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Our pid as this procfs has it: it may be of another pid namespace. */
static pid_t read_self(int proc)
{
	char text[16] = "";

	return readlinkat(proc, "self", text, sizeof(text) - 1) > 0 ? atoi(text) : getpid();
}

static void become(const struct run_child *c, int gate, char **argv)
{
	char go;
	int err;

	sigaction(SIGCHLD, &c->chld, NULL);
	sigprocmask(SIG_SETMASK, &c->mask, NULL);
	do {
		err = read(gate, &go, 1);
	} while (err < 0 && errno == EINTR);
	if (err != 1)
		_exit(STATUS_NOT_RUN); /* it is not to be run, or nobody watches */
	execvp(argv[0], argv);
	err = errno;
	if (write(gate, &err, sizeof(err)) != sizeof(err))
		_exit(STATUS_NOT_RUN);
	_exit(err == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

static void block_signals(struct run_child *c)
{
	/* SIG_IGN, which we may have been given, would have our children reap themselves. */
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t all;

	sigfillset(&all);
	sigaction(SIGCHLD, &dfl, &c->chld);
	sigprocmask(SIG_SETMASK, &all, &c->mask);
}

int run_child_start(struct run_child *c, char **argv)
{
	_cleanup_close_ int theirs = -1;
	sigset_t all;
	int pair[2];

	*c = (struct run_child){
		.gate = -1, .signals = -1, .tree.proc = -1, .tree.since = now_boot()};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	c->gate = pair[0];
	theirs = pair[1];
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) /* not inherited */
		return -errno;
	block_signals(c);
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (c->pid == 0) {
		close(c->gate);
		become(c, theirs, argv);
	}
	c->leads_session = getsid(0) == getpid();
	c->tree.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	c->tree.root = read_self(c->tree.proc);
	sigfillset(&all);
	c->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return c->signals < 0 ? -errno : 0;
}

void run_child_release(struct run_child *c)
{
	c->released = true;
	if (send(c->gate, "", 1, MSG_NOSIGNAL) != 1)
		log_debug("the command has ended before it was run: %s", strerror(errno));
}

/*
 * Did it get this signal already, or is it not for it? What the terminal sends goes to the whole
 * process group, with SI_KERNEL (kill_pgrp(..., priv) in drivers/tty); but a hangup goes to the
 * leader of the session alone (tty_signal_session_leader). What comes from below was meant for
 * whoever started it, or for the whole group.
 */
static bool is_for_child(const struct run_child *c, const struct signalfd_siginfo *i)
{
	if (i->ssi_signo == SIGCHLD || (pid_t)i->ssi_pid == getpid())
		return false;
	if (i->ssi_code == SI_KERNEL)
		return c->leads_session && (i->ssi_signo == SIGHUP || i->ssi_signo == SIGCONT);
	return !run_tree_has(&c->tree, (pid_t)i->ssi_pid);
}

/* Whoever continues a job sends SIGCONT to all of it. */
static bool was_continued(const struct run_child *c)
{
	siginfo_t i = {};

	return waitid(P_PID, (id_t)c->pid, &i, WCONTINUED | WNOHANG) == 0 && i.si_pid == c->pid;
}

static void pass_on(const struct run_child *c, const struct signalfd_siginfo *i)
{
	union sigval value = {.sival_ptr = (void *)(uintptr_t)i->ssi_ptr};
	int r;

	if (i->ssi_signo == SIGCONT && was_continued(c))
		return;
	/* Not reaped yet, so the pid is its own. */
	if (i->ssi_code == SI_QUEUE)
		r = sigqueue(c->pid, (int)i->ssi_signo, value);
	else
		r = kill(c->pid, (int)i->ssi_signo);
	if (r < 0)
		log_warn("signal %u could not be passed on to the command: %s", i->ssi_signo,
			 strerror(errno));
}

/* Whoever waits for us, a shell as a rule, sees that the job has stopped, and by what. */
static void stop_as_well(int sig)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL}, before = dfl;
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, sig);
	sigaction(sig, &dfl, &before);
	kill(getpid(), sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL); /* here we stop, until SIGCONT */
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigaction(sig, &before, NULL);
}

/* Also what we inherited from it: daemons that ended. */
static void reap(struct run_child *c)
{
	siginfo_t i = {};

	while (waitid(P_ALL, 0, &i, WEXITED | WSTOPPED | WNOHANG) == 0 && i.si_pid != 0) {
		if (i.si_pid == c->pid && i.si_code == CLD_STOPPED) {
			stop_as_well(i.si_status);
		} else if (i.si_pid == c->pid && i.si_code != CLD_TRAPPED) {
			c->ended = true;
			c->killed = i.si_code != CLD_EXITED;
			c->status = i.si_code == CLD_EXITED ? i.si_status : 128 + i.si_status;
		}
		i.si_pid = 0;
	}
}

void run_child_signals(struct run_child *c)
{
	struct signalfd_siginfo i;

	while (read(c->signals, &i, sizeof(i)) == sizeof(i)) {
		if (i.ssi_signo == SIGCHLD)
			reap(c);
		else if (!c->ended && is_for_child(c, &i))
			pass_on(c, &i);
	}
}

int run_child_exec_error(struct run_child *c)
{
	int err;

	return recv(c->gate, &err, sizeof(err), MSG_DONTWAIT) == sizeof(err) ? err : 0;
}

void run_child_close(struct run_child *c)
{
	if (c->pid > 0 && !c->released) { /* it has run nothing yet */
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	util_closep(&c->gate);
	util_closep(&c->signals);
	util_closep(&c->tree.proc);
	c->gate = c->signals = c->tree.proc = -1;
}
