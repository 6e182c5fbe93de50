// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_record.c - logs whose lines are fields: JSON of the journal, of dmesg
 * and of docker, on one line or on many, and the journal's export format. The
 * message and its stamps are taken out, and the rest is passed over.
 */
#include <ctype.h>

#include "import_priv.h"

/* The value behind "key", where s has it as a key: at its first character. */
static const char *value_of(const char *s, const char *key)
{
	char quoted[48];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	for (at = strstr(s, quoted); at; at = strstr(at + 1, quoted)) {
		const char *v = at + strlen(quoted);

		v += strspn(v, " \t");
		if (*v == ':')
			return v + 1 + strspn(v + 1, " \t");
	}
	return NULL;
}

static size_t put_utf8(char *to, unsigned long c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return c != 0;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 0x3f));
	to[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* The string that v begins with, its escapes undone; false: none there. */
static bool take_string(const char *v, char *buf, size_t size)
{
	static const char escapes[] = "n\nt\tr\rb\bf\f";
	size_t n = 0;

	if (!v || *v++ != '"')
		return false;
	for (; *v && *v != '"' && n + 4 < size; v++) {
		const char *plain;

		if (*v != '\\') {
			buf[n++] = *v;
			continue;
		}
		v++;
		plain = *v ? strchr(escapes, *v) : NULL;
		if (*v == 'u' && strspn(v + 1, "0123456789abcdefABCDEF") >= 4) {
			char digits[5] = {v[1], v[2], v[3], v[4]};

			n += put_utf8(buf + n, strtoul(digits, NULL, 16));
			v += 4;
		} else if (plain && islower((unsigned char)*v)) {
			buf[n++] = plain[1];
		} else if (*v) {
			buf[n++] = *v;
		} else {
			break;
		}
	}
	buf[n] = '\0';
	return true;
}

/* A number, in quotes or not; dmesg's has a fraction. In millionths of what it counts. */
static bool take_number(const char *v, uint64_t scale, uint64_t *ret)
{
	unsigned long long whole, part = 0;
	unsigned long long unit = 100000;
	char *end;

	if (!v)
		return false;
	v += *v == '"';
	v += strspn(v, " ");
	if (!isdigit((unsigned char)*v))
		return false;
	errno = 0;
	whole = strtoull(v, &end, 10);
	if (errno || whole > INT64_MAX / 1000 / scale)
		return false;
	if (*end == '.')
		for (end++; isdigit((unsigned char)*end); end++, unit /= 10)
			part += (unsigned long long)(*end - '0') * unit;
	*ret = whole * scale + (scale > 1 ? part : 0);
	return true;
}

static void set_realtime(struct import_record *r, uint64_t us)
{
	r->at.has_time = true;
	r->at.time = (int64_t)us * 1000;
}

static void set_uptime(struct import_record *r, uint64_t us)
{
	r->at.has_uptime = true;
	r->at.uptime = us;
}

static void set_transport(struct import_record *r, const char *name)
{
	r->origin = util_streq(name, "kernel") ? ORIGIN_KERNEL : ORIGIN_PROGRAM;
}

/* What s says of the record, in JSON. False: nothing. */
static bool take_json(struct import *im, struct import_record *r, const char *s)
{
	static const char *const messages[] = {"MESSAGE", "msg", "log", "message"};
	const char *time = value_of(s, "time");
	bool any = false;
	char text[64];
	uint64_t v;
	int64_t ns;

	if (take_number(value_of(s, "__REALTIME_TIMESTAMP"), 1, &v))
		set_realtime(r, v), any = true;
	if (take_number(value_of(s, "_SOURCE_MONOTONIC_TIMESTAMP"), 1, &v))
		set_uptime(r, v), any = true;
	if (take_number(time, 1000000, &v) && time && *time != '"') {
		set_uptime(r, v);
		any = true;
	} else if (take_string(time, text, sizeof(text)) && import_date(text, im->now, &ns)) {
		r->at.has_time = true;
		r->at.time = ns;
		any = true;
	}
	if (take_string(value_of(s, "_TRANSPORT"), text, sizeof(text)))
		set_transport(r, text), any = true;
	any |= take_string(value_of(s, "_HOSTNAME"), r->host, sizeof(r->host));
	any |= take_string(value_of(s, "SYSLOG_IDENTIFIER"), r->ident, sizeof(r->ident));
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (take_string(value_of(s, messages[i]), r->text, sizeof(r->text)))
			r->is = any = true;
	return any;
}

/* "KEY=value" of journalctl -o export */
static bool take_export(struct import_record *r, const char *s)
{
	static const char key_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	size_t n = strspn(s, key_letters);
	const char *v = s + n + 1;
	uint64_t us;

	if (n < 3 || s[n] != '=')
		return false;
	if (util_after(s, "__REALTIME_TIMESTAMP=")) /* the first of a record */
		memset(r, 0, sizeof(*r));
	if (util_after(s, "MESSAGE=")) {
		util_strlcpy(r->text, v, sizeof(r->text));
		r->is = true;
	} else if (util_after(s, "__REALTIME_TIMESTAMP=") && take_number(v, 1, &us)) {
		set_realtime(r, us);
	} else if (util_after(s, "_SOURCE_MONOTONIC_TIMESTAMP=") && take_number(v, 1, &us)) {
		set_uptime(r, us);
	} else if (util_after(s, "_TRANSPORT=")) {
		set_transport(r, v);
	} else if (util_after(s, "_HOSTNAME=")) {
		util_strlcpy(r->host, v, sizeof(r->host));
	} else if (util_after(s, "SYSLOG_IDENTIFIER=")) {
		util_strlcpy(r->ident, v, sizeof(r->ident));
	}
	return true;
}

/* The record is whole: its message is read as a line, with its stamps where that has none. */
static void finish(struct import *im)
{
	struct import_record *r = &im->record;
	struct import_msg m = {.repeats = 1};
	struct import_prefix *p = &m.prefix;

	if (r->is) {
		r->text[strcspn(r->text, "\n")] = '\0';
		import_prefix(r->text, im->now, p);
		m.text = r->text + p->len;
		if (r->at.has_time)
			p->at.has_time = true, p->at.time = r->at.time;
		if (r->at.has_uptime)
			p->at.has_uptime = true, p->at.uptime = r->at.uptime;
		p->has_stamp = true;
		if (r->origin != ORIGIN_UNKNOWN)
			p->origin = r->origin;
		if (r->host[0])
			util_strlcpy(p->host, r->host, sizeof(p->host));
		if (r->origin == ORIGIN_PROGRAM)
			util_strlcpy(p->ident, r->ident, sizeof(p->ident));
		import_pending_flush(im);
		import_message(im, &m);
	}
	memset(r, 0, offsetof(struct import_record, text));
	r->text[0] = '\0';
}

bool import_record_line(struct import *im, const char *s)
{
	struct import_record *r = &im->record;
	size_t n;

	s += strspn(s, " \t,[");
	n = strlen(s);
	if (*s == '{' && n > 2) {
		struct import_record whole = {0};

		if (!take_json(im, &whole, s))
			return false;
		*r = whole;
		finish(im);
		return true;
	}
	if (*s == '"' && take_json(im, r, s))
		return true;
	if (take_export(r, s))
		return true;
	if (r->is && (n == 0 || *s == '}')) {
		finish(im);
		return true;
	}
	return false;
}
