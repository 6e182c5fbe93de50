// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_daemon.c - programs that kill before the kernel has to: what
 * systemd-oomd (src/oom/oomd-manager.c) and earlyoom (kill.c) write of it.
 */
#include "identity.h"
#include "import_priv.h"

static void begin(struct import *im, const struct import_msg *m, const char *comm)
{
	struct event *e = import_begin(im, EVENT_KILLED, m);

	event_static(e, FIELD_CAUSE, "signal");
	event_static(e, FIELD_RESOURCE, "memory");
	event_bool(e, FIELD_CERTAIN, true);
	event_static(e, FIELD_BY_COMM, comm);
	event_static(e, FIELD_REQUESTED_BY, "oomd");
	if (m->prefix.has_ident_pid && util_streq(m->prefix.ident, comm))
		event_int(e, FIELD_BY_PID, m->prefix.ident_pid);
}

/* "Killed /user.slice/x.scope due to memory pressure for /user.slice being 71.57% > 50.00% for >
 * 20s with reclaim activity", "... due to memory used (1) / total (2) and swap used (3) / total (4)
 * being more than 90.00%" */
static bool oomd(struct import *im, const struct import_msg *m)
{
	const char *path = util_after(m->text, "Killed "),
		   *why = strstr(m->text, " due to memory ");
	const char *of, *end = why;
	struct event *e = &im->event;

	if (!path) { /* since 259: "Marked /x for killing due to memory ..." */
		path = util_after(m->text, "Marked ");
		end = strstr(m->text, " for killing due to memory ");
	}
	if (!path || *path != '/' || !why || !end || end < path)
		return false;
	begin(im, m, "systemd-oomd");
	event_static(e, FIELD_SIGNAL, "SIGKILL");
	event_strn(e, FIELD_CGROUP, path, (size_t)(end - path));
	identity_event(e, -1, 0);
	of = util_after(why, " due to memory pressure for /");
	if (of)
		event_strn(e, FIELD_MEMCG, of - 1, strcspn(of, " ") + 1);
	event_fmt(e, FIELD_SAYS,
		  "systemd-oomd killed all processes of %s%s; it watches memory pressure and acts "
		  "before the kernel must.",
		  event_text(e, FIELD_CGROUP), why);
	event_static(e, FIELD_FIX,
		     "# oomctl shows what it watches; ManagedOOMPreference=avoid of a unit spares "
		     "it, ManagedOOMMemoryPressureLimit= moves the limit");
	im->stats.killed++;
	import_emit(im);
	return true;
}

/* "sending SIGTERM to process 2432 uid 1000 "chrome": oom_score 1280, VmRSS 1234 MiB" */
static bool earlyoom(struct import *im, const struct import_msg *m)
{
	const char *s = util_after(m->text, "sending "), *quote = strchr(m->text, '"'), *end;
	int64_t pid = s ? import_number(s, " to process ") : -1, uid, mib;
	bool kill = s && util_after(s, "SIGKILL ");
	struct event *e = &im->event;

	end = quote ? strchr(quote + 1, '"') : NULL;
	if (pid <= 0 || !end || (!kill && !util_after(s, "SIGTERM ")))
		return false;
	begin(im, m, "earlyoom");
	event_bool(e, FIELD_CERTAIN, kill); /* SIGTERM may be handled */
	event_static(e, FIELD_SIGNAL, kill ? "SIGKILL" : "SIGTERM");
	event_int(e, FIELD_PID, pid);
	uid = import_number(s, " uid ");
	if (uid >= 0)
		event_int(e, FIELD_UID, uid);
	event_strn(e, FIELD_COMM, quote + 1, (size_t)(end - quote - 1));
	mib = import_number(end, "VmRSS ");
	if (mib >= 0 && mib < INT32_MAX)
		event_int(e, FIELD_RSS, mib << 20);
	event_fmt(e, FIELD_SAYS,
		  "earlyoom sent %s to %s (pid %lld) because little memory and swap were left; the "
		  "kernel's own OOM killer had not acted.",
		  event_text(e, FIELD_SIGNAL), event_text(e, FIELD_COMM), (long long)pid);
	event_static(
		e, FIELD_FIX,
		"# add memory or swap, or limit who grew; --avoid of earlyoom spares a program");
	im->stats.killed++;
	import_emit(im);
	return true;
}

bool import_daemon_line(struct import *im, const struct import_msg *m)
{
	return oomd(im, m) || earlyoom(im, m);
}
