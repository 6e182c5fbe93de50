// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_probe.c - return probes with room for many calls at a time.
 *
 * A kretprobe remembers each call of its function that is under way, and misses the one that finds
 * no room. perf_event_open(2) takes the kernel's own number (register_kretprobe() of
 * kernel/kprobes.c): where it does not preempt, Linux 5.10 to 6.2 have one for each processor. Who
 * sleeps in the function, for an allocation is enough, then hides the calls of all others: of a
 * flood of ENFILE beside two shells 42 % were missed on 5.10, which tells nobody. Later kernels
 * have ten, or two for each processor, and a dozen forks at a time are more than that.
 *
 * tracefs takes a number with the probe ("r256:failcnt/NAME FUNCTION"). It is attached to like any
 * tracepoint. Where tracefs cannot be written (a container, a read-only /sys), it is done as
 * before.
 *
 * A probe that is made there outlives its maker: tracer_probes_remove() at the end, and the next
 * start takes away what one left behind that was killed.
 */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "log.h"
#include "tracer_priv.h"

#define GROUP "failcnt"
#define SECTION "kretprobe/"
#define AT_A_TIME 256
#define TRY_MS 5000 /* that another process has closed its descriptor */

static const char *const mounts[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

/* One command to the kernel; -errno. */
static int command(const char *tracefs, const char *text)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "%s/kprobe_events", tracefs);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static const char *find_tracefs(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/kprobe_events", mounts[i]);
		if (access(path, W_OK) == 0)
			return mounts[i];
	}
	return NULL;
}

/* Probes of pid, or, where that is 0, of all who are gone. False: some are still in use. */
static bool remove_probes(const char *tracefs, pid_t pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[64], line[512], text[128];
	bool all = true;

	snprintf(path, sizeof(path), "%s/kprobe_events", tracefs);
	f = fopen(path, "re");
	/* "r256:failcnt/p4711_12_alloc_fd alloc_fd" */
	while (f && fgets(line, sizeof(line), f)) {
		char *name = strstr(line, ":" GROUP "/");
		pid_t maker = name ? (pid_t)strtol(name + strlen(":" GROUP "/p"), NULL, 10) : 0;

		if (maker <= 0 || (pid ? maker != pid : kill(maker, 0) == 0 || errno != ESRCH))
			continue;
		name[strcspn(name, " \n")] = '\0';
		snprintf(text, sizeof(text), "-%s", name);
		all &= command(tracefs, text) != -EBUSY;
	}
	return all;
}

static int open_event(const char *tracefs, const char *name)
{
	struct perf_event_attr attr = {.size = sizeof(attr), .type = PERF_TYPE_TRACEPOINT};
	_cleanup_fclose_ FILE *f = NULL;
	unsigned int id;
	char path[192];
	int fd;

	snprintf(path, sizeof(path), "%s/events/" GROUP "/%s/id", tracefs, name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%u", &id) != 1)
		return -EIO;
	attr.config = id;
	/* Its program runs on every processor. */
	fd = (int)syscall(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_many(struct tracer *t, const struct bpf_program *p, const char *function,
		       struct bpf_link **ret)
{
	int cpus = libbpf_num_possible_cpus();
	char name[64] /* MAX_EVENT_NAME_LEN */, text[256];
	int fd, err;

	snprintf(name, sizeof(name), "p%d_%u_%.40s", getpid(), t->probes, function);
	snprintf(text, sizeof(text), "r%d:" GROUP "/%s %s",
		 2 * cpus > AT_A_TIME ? 2 * cpus : AT_A_TIME, name, function);
	err = command(t->tracefs, text);
	if (err < 0)
		return err;
	t->probes++;
	fd = open_event(t->tracefs, name);
	if (fd < 0)
		return fd;
	*ret = bpf_program__attach_perf_event(p, fd);
	if (*ret)
		return 0;
	err = -errno;
	close(fd);
	return err;
}

struct bpf_link *tracer_attach(struct tracer *t, const struct bpf_program *p)
{
	const char *section = bpf_program__section_name(p);
	struct bpf_link *link = NULL;
	int err;

	if (strncmp(section, SECTION, strlen(SECTION)) != 0)
		return bpf_program__attach(p);
	if (!t->tracefs_sought) {
		t->tracefs_sought = true;
		t->tracefs = find_tracefs();
		if (t->tracefs)
			remove_probes(t->tracefs, 0);
	}
	err = t->tracefs ? attach_many(t, p, section + strlen(SECTION), &link) : -ENOENT;
	if (err == 0)
		return link;
	log_debug("%s: no room for many calls at a time: %s", section, strerror(-err));
	return bpf_program__attach(p);
}

void tracer_probes_remove(struct tracer *t, pid_t maker)
{
	const struct timespec pause = {.tv_nsec = 20000000};

	for (int ms = 0; t->tracefs && t->probes && ms < TRY_MS; ms += 20) {
		if (remove_probes(t->tracefs, maker))
			return;
		nanosleep(&pause, NULL);
	}
}
