// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_join.c - a line of text becomes a message: its prefix comes off, and
 * where a mail or a ticket has wrapped it, the parts come together again.
 *
 * A message is kept until the next line is there. If that has no stamp of its
 * own, and more can be understood of both together than of the first alone, it
 * is the rest. What is understood is counted by its keys.
 */
#include <ctype.h>

#include "import_priv.h"

#define UNDERSTOOD 10 /* one key that kmsg_parse() found */
#define GUESSES 3     /* lines that are taken for the rest though no key of them is known */

/* More of the text than this is not understood better by more of it. */
static unsigned int quality(const struct import *im, const char *s)
{
	/* of messages that kmsg_parse() does not know: each with something behind it */
	static const char *const keys[] = {" killed as a result of limit of /",
					   "usage ",
					   "limit ",
					   "failcnt ",
					   " ip ",
					   " sp ",
					   " error ",
					   " in ",
					   "bytes: ",
					   "comm: ",
					   "allocation",
					   "packet",
					   "seconds",
					   "reclaim activity",
					   "VmRSS ",
					   "cookies",
					   "memory pressure for /",
					   " sig=",
					   " pid=",
					   " comm=",
					   " syscall="};
	struct kmsg_line l;
	unsigned int n = 0;

	if (kmsg_parse(s, strlen(s), &l) == KMSG_OTHER)
		kmsg_parse_old(s, strlen(s), &l);
	if (l.kind != KMSG_OTHER)
		n = UNDERSTOOD + UNDERSTOOD * (unsigned int)__builtin_popcount(l.have) +
		    (l.comm[0] != '\0') + (l.oom_memcg[0] != '\0') + (l.task_memcg[0] != '\0') +
		    (strstr(s, "oom_score_adj") != NULL);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		n += strstr(s, keys[i]) != NULL;
	return n + import_tasks_is_row(&im->oom.tasks, s) + import_tasks_columns(s);
}

static void learn_boot(struct import *im, const struct import_msg *m)
{
	const char *at = strstr(m->text, "setting system clock to ");
	const struct import_stamp *stamp = &m->prefix.at;
	int64_t seconds;

	if (util_after(m->text, "Linux version ")) {
		im->has_boot = im->o.has_boot;
		im->boot = im->o.boot_ns;
		return;
	}
	if (im->has_boot || !stamp->has_uptime)
		return;
	/* drivers/rtc/class.c: "rtc_cmos rtc_cmos: setting system clock to <date> UTC (<seconds>)";
	 * kernel/audit.c: "audit(<seconds>.<ms>:<number>)" */
	at = at ? strchr(at, '(') : strstr(m->text, " audit(");
	seconds = at ? import_number(at, "(") : -1;
	if (seconds <= 0 || seconds > UINT32_MAX)
		return;
	im->boot = seconds * 1000000000 - (int64_t)stamp->uptime * 1000;
	im->has_boot = true;
}

void import_message(struct import *im, const struct import_msg *m)
{
	learn_boot(im, m);
	if (m->prefix.origin == ORIGIN_PROGRAM) {
		if (!import_daemon_line(im, m))
			import_fault_line(im, m); /* auditd, systemd-coredump */
		return;
	}
	if (import_oom_line(im, m) || import_lines_line(im, m) || import_fault_line(im, m))
		return;
	import_daemon_line(im, m);
}

void import_pending_flush(struct import *im)
{
	if (!im->pending.is)
		return;
	im->pending.is = false;
	im->pending.msg.text = im->pending.text;
	import_message(im, &im->pending.msg);
}

static void try_join(struct import *im, const char *rest, const char *between, char best[],
		     unsigned int *best_quality)
{
	char both[IMPORT_TEXT_MAX];
	unsigned int q;

	if ((size_t)snprintf(both, sizeof(both), "%s%s%s", im->pending.text, between, rest) >=
	    sizeof(both))
		return;
	q = quality(im, both);
	if (q <= *best_quality)
		return;
	memcpy(best, both, strlen(both) + 1);
	*best_quality = q;
}

/* "kB", "1000": the last letters of a line that was cut at a column */
static bool is_tail(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 8 && strspn(s, "0123456789kBs).") == n;
}

/* Is s the beginning of something of which more must come? */
static bool is_begun(const char *s)
{
	struct kmsg_line l;
	size_t n = strlen(s);

	if (strstr(s, "oom-kill:"))
		return kmsg_parse(s, n, &l) == KMSG_OTHER;
	if (!strstr(s, "Killed process "))
		return false;
	if (kmsg_parse(s, n, &l) == KMSG_OTHER)
		kmsg_parse_old(s, n, &l);
	return !(l.have & KMSG_HAS_SCORE_ADJ) && n > 40;
}

/* Is s (its prefix is p) the rest of the message that waits? */
static bool joined(struct import *im, const char *s, const struct import_prefix *p, size_t at)
{
	struct import_pending *w = &im->pending;
	unsigned int best_quality;
	char best[IMPORT_TEXT_MAX] = "";
	size_t n;

	if (!w->is || p->has_stamp || p->host[0] || at == p->len || !*s ||
	    quality(im, s) >= UNDERSTOOD)
		return false;
	best_quality = quality(im, w->text);
	try_join(im, s, "", best, &best_quality);
	try_join(im, s, " ", best, &best_quality);
	n = strlen(w->text);
	if (n > 0 && w->text[n - 1] == '=' && n + strlen(s) < sizeof(w->text)) { /* of a mail */
		util_strlcpy(w->text + n - 1, s, sizeof(w->text) - n + 1);
		return true;
	}
	if (!best[0] && w->msg.prefix.has_stamp && at == SIZE_MAX && w->guessed < GUESSES &&
	    (is_tail(s) || is_begun(w->text)) && n + strlen(s) < sizeof(w->text)) {
		w->guessed++;
		util_strlcpy(w->text + n, s, sizeof(w->text) - n);
		return true;
	}
	if (!best[0])
		return false;
	memcpy(w->text, best, strlen(best) + 1);
	return true;
}

/* "message repeated 3 times: [ [12.3] text]", as rsyslog folds them */
static const char *repeated(char *s, struct import_msg *m, int64_t now)
{
	const char *at = util_after(s, "message repeated ");
	int64_t n = at ? import_number(s, "repeated ") : -1;
	struct import_prefix inner;
	size_t len = strlen(s);

	at = at ? strstr(at, " times: [") : NULL;
	if (!at || n <= 0 || n > INT32_MAX || s[len - 1] != ']')
		return s;
	s[len - 1] = '\0';
	at += strlen(" times: [");
	import_prefix(at, now, &inner);
	m->repeats = (unsigned int)n;
	if (inner.at.has_uptime && !m->prefix.at.has_uptime) {
		m->prefix.at.has_uptime = true;
		m->prefix.at.uptime = inner.at.uptime;
	}
	return at + inner.len;
}

void import_text(struct import *im, const char *s, size_t at)
{
	struct import_msg m = {.repeats = 1};
	char text[IMPORT_TEXT_MAX];
	struct import_prefix *p = &m.prefix;
	size_t n;

	import_prefix(s, im->now, p);
	/* a phrase that reaches into what looked like "host program:" shows that it was none */
	if (p->origin == ORIGIN_PROGRAM && p->program && at < p->len && at >= p->program) {
		p->len = p->program;
		p->origin = ORIGIN_UNKNOWN;
		p->ident[0] = '\0';
	}
	util_strlcpy(text, s + p->len, sizeof(text));
	if (!*text && p->has_stamp) {
		im->lone = *p;
		im->lone_line = im->stats.lines;
		return;
	}
	if (!p->has_stamp && im->lone_line && im->lone_line + 1 == im->stats.lines) {
		size_t len = p->len;

		*p = im->lone;
		p->len = len;
	}
	n = strlen(text);
	if (n > 0 && text[n - 1] == '`' && memchr(s, '`', p->len))
		text[n - 1] = '\0';
	m.text = repeated(text, &m, im->now);
	if (joined(im, m.text, p, at))
		return;
	import_pending_flush(im);
	if (at == SIZE_MAX && !import_oom_reading(im))
		return; /* it only stood behind one that was of interest */
	if (at == SIZE_MAX && p->has_stamp && import_tasks_is_row(&im->oom.tasks, m.text)) {
		import_message(im, &m); /* most lines of a report are such, and are whole */
		return;
	}
	im->pending.msg = m;
	util_strlcpy(im->pending.text, m.text, sizeof(im->pending.text));
	im->pending.guessed = 0;
	im->pending.is = true;
}
