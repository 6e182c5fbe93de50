/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity.h - who a process is for a person: unit, container, pod, program.
 *
 * identity_cgroup() is pure: everything it says follows from the cgroup path.
 */
#ifndef FAILCNT_IDENTITY_H
#define FAILCNT_IDENTITY_H

#include "field.h"
#include "util.h"

struct identity {
	/* "nginx.service", "session-4.scope", as systemctl takes it (with its \x2d); "" none.
	 * The deepest unit of the host: not a container's own scope, nothing inside a container. */
	char unit[256];
	bool user_unit;        /* unit belongs to a user's manager, below user@UID.service */
	unsigned int unit_uid; /* with user_unit: that UID */
	char container[128]; /* id as its runtime shows it (64 hex digits whole), machine name, CTID
			      */
	/* static: "docker", "containerd", "cri-o", "podman", "lxc", "nspawn", "openvz"; NULL none,
	 * or not known */
	const char *runtime;
	char pod_uid[64]; /* kubernetes, with '-' */
};

/* Fills *ret from a cgroup path ("/system.slice/docker-<64 hex>.scope"). Of containers in
 * containers the outermost is named: the one that the host's own runtime knows. */
void identity_cgroup(const char *path, struct identity *ret);

/* Sets SYSTEMD_UNIT, CONTAINER, CONTAINER_RUNTIME, POD_UID from CGROUP, and EXE from proc_fd
 * (a descriptor of /proc; -1: not) where the process PID that started at start_boot_ns
 * (CLOCK_BOOTTIME ns; 0: unknown, then no EXE) is still there. */
void identity_event(struct event *e, int proc_fd, uint64_t start_boot_ns);

#endif
