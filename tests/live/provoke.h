/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of provoke share: the tables of provocations, the line of truth, and the undoing
 * of whatever a provocation changed.
 */
#ifndef PROVOKE_H
#define PROVOKE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIB (1024L * 1024)

/* `run` gets the arguments after the name; it returns the exit status. */
struct provocation {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
	const char *resource; /* id in the catalogue; NULL: nothing that failcnt reports as refused
				 or killed */
};

/* Each ends with an entry without a name. */
extern const struct provocation file_provocations[], ipc_provocations[], oom_provocations[],
	task_provocations[], pid_provocations[], user_provocations[], object_provocations[],
	memory_provocations[], signal_provocations[], space_provocations[], net_provocations[],
	mq_provocations[], commit_provocations[], locked_provocations[], huge_provocations[],
	charge_provocations[], namespace_provocations[], key_provocations[], socket_provocations[],
	host_file_provocations[], kill_provocations[], quota_provocations[], ballot_provocations[],
	death_provocations[], ends_provocations[], live_provocations[], fault_provocations[],
	led_provocations[], oomd_provocations[], bus_provocations[], hang_provocations[],
	writeback_provocations[], stall_provocations[], holder_provocations[], edge_provocations[],
	variant_provocations[], trace_provocations[];

/*
 * Prints {"what":NAME,"pid":PID,"n":N, then what `format` gives: `"key":value` with commas.
 * "expect":{...} names fields of the event that must be seen, with their values (or
 * {"min":,"max":},
 * {"re":}, {"in":[]}, {"any":true}, null for absent: judge.jq); "tracepoint":{...}, "kprobe":{...},
 * "v1":{...} what is otherwise there. "limit_reached":false: nothing may be reported.
 * "counted":{"owner","resource","says"}: a counter tells it; "never": what nobody may be told as.
 * "holders":[{...}]: of each such holder one must be told, by a followup; "holders_total": so many
 * there are.
 * "dies":{...} names fields of the `killed` event of pid, or one of each of "pids":[...].
 */
void truth(pid_t pid, long n, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Cannot run here: prints why, undoes, exits with status 77. */
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* It did not go as it must: says so with errno on stderr, undoes, exits with status 1. */
_Noreturn void fail(const char *what);

/*
 * Last, after truth(): when FAILCNT_PROVE names a directory, makes DIR/waits, and waits until
 * DIR/go is there - by then the event's `fix` has been applied - and tries again, which prints
 * {"proved":true} or false. The process, its namespaces and cgroup must still be what was refused.
 */
void prove(bool (*again)(void));

/*
 * After truth() with "holders":[...]: waits, for 10 seconds at most, until the file that
 * FAILCNT_EVENTS names has a line with holders of that resource. Without it: does nothing.
 */
void hold(const char *resource);

/*
 * The same where a child was refused. In the child, after the refusal: it ends, unless it is to be
 * proved; then it waits and tries again (0 or errno). In the parent, instead of reap(): the wait
 * status, 0 where the child waits. And last, after truth(): prove_child().
 */
struct attempt;
struct attempt *attempt_make(void);
_Noreturn void attempt_refused(struct attempt *a, int err, int (*again)(void));
int attempt_wait(struct attempt *a, pid_t pid, int *ret_err);
void prove_child(struct attempt *a);

/* Skips unless FAILCNT_IN_VM=1 tells that the whole machine is ours. */
void need_vm(void);
/* argv[i] as a positive number, or the default where there is no such argument. */
long number(int argc, char **argv, int i, long otherwise);

/* All of it is undone at exit, also by fail, skip and signals, last change first. */
int write_file(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
void write_until_exit(const char *path, const char *value);
void mkdir_until_exit(const char *path);

/* The number in a file that holds one, or the one after `key`; -1 where there is none. */
long read_number(const char *path, const char *key);
void read_line(const char *path, char *line, size_t size);

/* A child that dies with its parent. It must end with _exit. */
pid_t spawn(void);
/* Waits, and gives the wait status. */
int reap(pid_t pid);
/* Zeroed memory that children share. */
void *shared(size_t size);

/* Children that wait at a gate go on together when it opens. */
typedef int gate;
gate *gate_make(void);
void gate_wait(gate *g);
void gate_open(gate *g);

/* provoke_cgroup.c */
struct hierarchy {
	const char *controller;
	int version;
	char mount[256];
};
struct group {
	const struct hierarchy *of;
	char path[128]; /* below the mount point, as /proc/PID/cgroup has it */
	char dir[512];
};
/* Skips where the controller is nowhere. */
void find_hierarchy(struct hierarchy *h, const char *controller);
/* Makes HIERARCHY/failcnt-provoke-PID, or a group below `parent`, until exit. */
void make_group(struct group *g, const struct hierarchy *h, const struct group *parent,
		const char *name);
void group_set(const struct group *g, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
long group_get(const struct group *g, const char *file, const char *key);
void group_join(const struct group *g);

#endif
