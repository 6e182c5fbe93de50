// SPDX-License-Identifier: GPL-2.0-only
/*
 * oom_switches.c - vm.panic_on_oom, and cgroups (v1) whose OOM killer is switched off.
 *
 * check_panic_on_oom() of mm/oom_kill.c: 1 panics where the whole host is out of memory, 2 also
 * where it is a cgroup, a cpuset or a memory policy. With memory.oom_control's oom_kill_disable a
 * process that asks for more than the limit sleeps until somebody raises it or ends another
 * (mem_cgroup_oom() of mm/memcontrol.c); under_oom is 1 while one does.
 */
#include "oom_switches.h"

#include <limits.h>

#include "parse.h"

struct search {
	struct counters *c;
	void (*say)(void *arg, const char *sentence);
	void *arg;
	unsigned int n, hanging;
};

static void panic_on_oom(struct search *s)
{
	_cleanup_free_ char *text = NULL;
	uint64_t v;
	size_t n;

	if (counters_slurp(s->c, "proc/sys/vm/panic_on_oom", &text, &n) < 0 ||
	    parse_value((struct parse_text){text, n}, &v) < 0 || v == 0)
		return;
	s->n++;
	s->say(s->arg,
	       v == 1 ? "vm.panic_on_oom is 1: when the whole host runs out of memory the kernel "
			"panics, and nothing can be told of it here; sysctl -w vm.panic_on_oom=0 "
			"lets the OOM killer act, and pstore or netconsole keep a panic's last "
			"words"
		      : "vm.panic_on_oom is 2: when memory runs out, be it a control group's, the "
			"kernel panics, and nothing can be told of it here; sysctl -w "
			"vm.panic_on_oom=0 lets the OOM killer act, and pstore or netconsole keep "
			"a panic's last words");
}

static int one_cgroup(void *arg, const char *path)
{
	char file[PATH_MAX + 256], text[256], sentence[PATH_MAX + 512];
	_cleanup_fclose_ FILE *f = NULL;
	struct parse_text t = {text, 0};
	struct search *s = arg;
	uint64_t off = 0, hangs = 0;

	if (counters_cgroup_path(s->c, COUNTER_CGROUP1, "memory", path, "memory.oom_control", file,
				 sizeof(file)) < 0)
		return 0;
	f = fopen(file, "re");
	if (!f)
		return 0;
	t.n = fread(text, 1, sizeof(text), f);
	if (parse_keyed(t, "oom_kill_disable", &off) < 0 || !off)
		return 0;
	if (parse_keyed(t, "under_oom", &hangs) == 0 && hangs)
		s->hanging++;
	if (++s->n > OOM_SWITCHES_CGROUPS)
		return 0;
	snprintf(sentence, sizeof(sentence),
		 "the OOM killer is switched off for the control group %s%s: echo 0 > its "
		 "memory.oom_control switches it on",
		 path,
		 hangs ? ", and processes of it hang now for want of memory"
		       : ": at its limit its processes hang and none is killed");
	s->say(s->arg, sentence);
	return 0;
}

unsigned int oom_switches(struct counters *c, void (*say)(void *arg, const char *sentence),
			  void *arg)
{
	struct search s = {.c = c, .say = say, .arg = arg};
	char sentence[160];

	panic_on_oom(&s);
	counters_each_cgroup(c, COUNTER_CGROUP1, one_cgroup, &s);
	if (s.n > OOM_SWITCHES_CGROUPS) {
		snprintf(sentence, sizeof(sentence),
			 "%u more control groups have their OOM killer switched off; in %u of all "
			 "processes hang now",
			 s.n - OOM_SWITCHES_CGROUPS, s.hanging);
		say(arg, sentence);
	}
	return s.n;
}
