// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_hang.c - a control group (v1) that is full and whose OOM killer is switched off.
 */
#include "explain_priv.h"

void explain_hang(struct explain *x)
{
	const struct event *e = x->e;
	const char *path = event_text(e, FIELD_LIMIT_CGROUP);
	const char *mount = x->facts->memory_mount;
	char file[1024], word[QUOTED_MAX];

	if (event_has(e, FIELD_PID)) {
		says_who(x);
		explain_add(&x->says, " hangs, as does every other process that asks for memory in "
				      "the control group ");
	} else {
		explain_add(&x->says, "Processes hang that ask for memory in the control group ");
	}
	says_name(x, path);
	if (event_has(e, FIELD_LIMIT)) {
		explain_add(&x->says, ": it has reached its own limit of ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_LIMIT));
	} else {
		explain_add(&x->says, ": it has reached its own limit");
	}
	explain_add(&x->says,
		    " (%s), and its OOM killer is switched off (memory.oom_control), so that "
		    "nobody is killed and they wait until the limit is raised or memory is freed",
		    event_text(e, FIELD_LIMIT_NAME));
	says_end(x);
	fix_memcg(x);
	snprintf(file, sizeof(file), "%s%s/memory.oom_control",
		 mount ? mount : "/sys/fs/cgroup/memory", util_streq(path, "/") ? "" : path);
	if (!strstr(file, "/../") && shell_quote(word, file))
		fix_line(x, "# or have one of them killed, now and from now on: echo 0 > %s", word);
}
