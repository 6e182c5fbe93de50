// SPDX-License-Identifier: GPL-2.0-only
/*
 * requested.c - on whose behalf a process was killed.
 *
 * Most deaths by a signal are somebody's wish: systemd stops a unit, a container runtime its
 * container, a person presses Ctrl-C. Who they are follows from the name of the sender, as ps
 * shows it, at most 15 bytes of it; a name proves nothing, but the sender is named beside it.
 */
#include "requested.h"

#include <signal.h>

/* Each with blanks around it. */
static const char oomds[] = "systemd-oomd earlyoom nohang oomd bustd lmkd";
static const char managers[] = "systemd systemd-shutdow runsv runit s6-supervise s6-svscan "
			       "supervisord monit dinit openrc-init start-stop-daem";
static const char runtimes[] = "containerd-shim containerd runc crun youki conmon dockerd docker "
			       "podman buildah crio kubelet lxc-start lxc-stop lxd incusd "
			       "systemd-nspawn vzctl";
static const char shells[] = "bash sh dash zsh ksh mksh fish tcsh csh ash busybox";

bool requested_is_oomd(const char *comm)
{
	return *comm && util_listed(oomds, comm);
}

bool requested_is_shell(const char *comm)
{
	return *comm && util_listed(shells, comm);
}

static const char *of_sender(const struct event *e, const struct death_facts *d)
{
	const char *comm = event_text(e, FIELD_BY_COMM);
	int64_t pid = event_num(e, FIELD_BY_PID);

	if (!event_has(e, FIELD_BY_PID))
		return NULL;
	/* They send SIGTERM and then SIGKILL, systemd-oomd SIGKILL alone. */
	if (requested_is_oomd(comm) &&
	    (d->sig == SIGKILL || (d->sig == SIGTERM && !util_streq(comm, "systemd-oomd"))))
		return "oomd";
	if (pid == 1 || util_listed(managers, comm))
		return "service-manager";
	if (util_listed(runtimes, comm))
		return "container-runtime";
	if (d->has & FC_DEATH_BY_SESSION)
		return "tty"; /* the shell of its terminal: job control */
	if (pid == event_num(e, FIELD_PPID))
		return "parent";
	return "other";
}

const char *requested_by(const struct event *e, const struct death_facts *d)
{
	switch (d->how) {
	case FC_HOW_TTY:
		return "tty";
	case FC_HOW_PARENT:
	case FC_HOW_NAMESPACE:
		return "parent";
	case FC_HOW_PROCESS:
	case FC_HOW_TRACER:
	case FC_HOW_INJECTED:
		return of_sender(e, d);
	default:
		return NULL;
	}
}

bool requested_plainly(const struct event *e)
{
	static const char wishes[] = "service-manager container-runtime tty";
	const char *by = event_text(e, FIELD_REQUESTED_BY);

	if (e->kind != EVENT_KILLED)
		return false;
	if (*by)
		return util_listed(wishes, by);
	/* In a pipeline of a shell that is how whoever writes to `head` is told to stop. */
	return util_streq(event_text(e, FIELD_SIGNAL), "SIGPIPE") &&
	       requested_is_shell(event_text(e, FIELD_PARENT_COMM));
}
