// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink_text_part.c - the parts of a line that a person reads: names, times,
 * amounts. Names pass utf8_visible(), so that none of them drives the terminal.
 */
#include <stdarg.h>
#include <time.h>

#include "sink_priv.h"
#include "utf8.h"

void text_n(struct text *t, const char *s, size_t n)
{
	t->len += utf8_visible(s, n, t->buf + t->len, t->size - t->len, NULL);
}

void text_add(struct text *t, const char *s)
{
	text_n(t, s, strlen(s));
}

void text_f(struct text *t, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_add(t, text);
}

void text_raw(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (n > t->size - t->len)
		return;
	memcpy(t->buf + t->len, s, n);
	t->len += n;
}

void text_field(struct text *t, const char *before, enum field f)
{
	if (!event_has(t->e, f))
		return;
	text_add(t, before);
	text_add(t, t->e->str[f]);
}

void text_clock(struct text *t, int64_t ns)
{
	int64_t s = ns / 1000000000, rest = ns % 1000000000;
	struct tm tm;
	time_t when;

	if (rest < 0) {
		rest += 1000000000;
		s--;
	}
	when = (time_t)s;
	if (!(t->o->utc ? gmtime_r(&when, &tm) : localtime_r(&when, &tm)))
		return;
	if (t->o->date)
		text_f(t, "%04d-%02d-%02d ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	text_f(t, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(rest / 1000000));
}

void text_count(struct text *t, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			text_add(t, ",");
		text_n(t, &digits[i], 1);
	}
}

void text_bytes(struct text *t, int64_t n)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
	double v = (double)n / 1024;
	size_t i = 0;

	if (n < 1024) {
		text_f(t, "%lld B", (long long)n);
		return;
	}
	for (; v >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1024;
	text_f(t, "%.1f %s", v, units[i]);
}

void text_who(struct text *t, const char *before, enum field comm, enum field pid)
{
	if (!event_has(t->e, comm) && !event_has(t->e, pid))
		return;
	text_add(t, before);
	text_add(t, event_has(t->e, comm) ? t->e->str[comm] : "pid ");
	if (event_has(t->e, pid))
		text_f(t, event_has(t->e, comm) ? "[%lld]" : "%lld", (long long)t->e->num[pid]);
}

static void add_amount(struct text *t, int64_t n, bool bytes)
{
	if (bytes)
		text_bytes(t, n);
	else
		text_f(t, "%lld", (long long)n);
}

void text_usage(struct text *t, const char *before)
{
	const struct event *e = t->e;
	const char *measure = event_text(e, FIELD_MEASURE);
	bool held = event_has(e, FIELD_HELD), limit = event_has(e, FIELD_LIMIT);
	bool unlimited = event_num(e, FIELD_LIMIT_UNLIMITED);
	bool bytes = util_streq(measure, "bytes");

	if (held || limit || unlimited)
		text_add(t, before);
	if (held)
		add_amount(t, e->num[FIELD_HELD], bytes);
	if (limit) {
		text_add(t, held ? " of " : "limit ");
		add_amount(t, e->num[FIELD_LIMIT], bytes);
	}
	if ((held || limit) && *measure && !bytes)
		text_f(t, " %s", measure);
	if (unlimited)
		text_add(t, held ? ", unlimited" : "unlimited");
	if (event_has(e, FIELD_LIMIT_NAME)) {
		text_field(t, " (", FIELD_LIMIT_NAME);
		text_add(t, ")");
	}
	if (event_num(e, FIELD_ASKED) > 1) {
		text_add(t, ", asked for ");
		add_amount(t, e->num[FIELD_ASKED], bytes);
	}
}

/* "nginx[812]", "uid 1000 postgres", a cgroup; not again where it is the one before. */
static bool add_holder_who(struct text *t, const struct event_holder *h,
			   const struct event_holder *before)
{
	size_t start = t->len;

	if (before && h->have & before->have & HOLDER_PID && h->pid == before->pid)
		return false;
	if (h->have & HOLDER_UID && !(h->have & HOLDER_PID))
		text_f(t, "uid %lld", (long long)h->uid);
	if (h->comm && *h->comm) {
		text_add(t, t->len > start ? " " : "");
		text_add(t, h->comm);
	}
	if (h->have & HOLDER_PID)
		text_f(t, h->comm && *h->comm ? "[%lld]" : "pid %lld", (long long)h->pid);
	if (h->cgroup && *h->cgroup) {
		text_add(t, t->len > start ? " in " : "");
		text_add(t, h->cgroup);
	}
	return t->len > start;
}

static void add_holder(struct text *t, const struct event_holder *h,
		       const struct event_holder *before)
{
	const char *measure = event_text(t->e, FIELD_MEASURE);
	bool kind = h->kind && *h->kind, who = add_holder_who(t, h, before);

	text_add(t, who ? " " : "");
	if (h->have & HOLDER_HELD) {
		if (!kind && util_streq(measure, "bytes")) {
			text_bytes(t, h->held);
		} else {
			text_count(t, h->held);
			text_f(t, " %.96s", kind ? h->kind : measure);
		}
	}
	if (h->object && *h->object) {
		text_add(t, " (");
		text_add(t, h->object);
		text_add(t, ")");
	}
	if (h->have & HOLDER_LAST_PID)
		text_f(t, ", last used by pid %lld", (long long)h->last_pid);
	if (h->have & HOLDER_DEAD && h->dead)
		text_add(t, ", last users gone");
}

void text_holders(struct text *t, const char *before)
{
	const struct event *e = t->e;

	for (unsigned int i = 0; i < e->n_holders; i++) {
		text_add(t, i == 0 ? before : "; ");
		add_holder(t, &e->holders[i], i ? &e->holders[i - 1] : NULL);
	}
	if (event_num(e, FIELD_HOLDERS_TOTAL) > e->n_holders)
		text_f(t, " and %lld more",
		       (long long)event_num(e, FIELD_HOLDERS_TOTAL) - e->n_holders);
	if (event_num(e, FIELD_HOLDERS_INCOMPLETE))
		text_add(t, " (incomplete)");
}
