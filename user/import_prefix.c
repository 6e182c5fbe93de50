// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_prefix.c - takes off what stands before the kernel's words, piece by
 * piece, for as long as a piece is known: quotation marks, priorities, dates,
 * time since boot, host and program, streams of container logs.
 *
 * Nothing is known of the order: people paste one log into another.
 */
#include <ctype.h>

#include "import_prefix.h"
#include "kmsg.h"

#define NAME_MAX_HERE 64

struct at {
	const char *s, *begin;
	struct import_prefix *p;
	int64_t now;
	bool dated; /* a date as syslog writes it: host and program may follow */
};

static void copy(char *dst, size_t size, const char *s, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(dst, s, n);
	dst[n] = '\0';
}

static void set_time(struct at *a, int64_t ns)
{
	/* the first is the log's own, the next one that of what was pasted into it: the nearest to
	 * the words is theirs */
	a->p->at.has_time = true;
	a->p->at.time = ns;
	a->p->has_stamp = true;
}

/* "<6>", and "1 " of RFC 5424 behind it */
static bool priority(struct at *a)
{
	char *end;
	unsigned long v;

	if (a->s[0] != '<' || !isdigit((unsigned char)a->s[1]))
		return false;
	v = strtoul(a->s + 1, &end, 10);
	if (*end != '>' || end - a->s > 4 || v > 191)
		return false;
	a->p->origin = v >> 3 ? ORIGIN_UNKNOWN : ORIGIN_KERNEL;
	a->s = end + 1;
	if (a->s[0] == '1' && a->s[1] == ' ')
		a->s += 2;
	return true;
}

/* "6,1234,5678,-;" */
static bool kmsg_record(struct at *a)
{
	struct kmsg_head head;

	if (!isdigit((unsigned char)*a->s) ||
	    kmsg_parse_head(a->s, strnlen(a->s, 256), &head) < 0 || head.facility > 23)
		return false;
	a->p->at.has_uptime = a->p->has_stamp = true;
	a->p->at.uptime = head.usec;
	a->p->origin = head.facility ? ORIGIN_PROGRAM : ORIGIN_KERNEL;
	a->s = head.text;
	return true;
}

static bool date(struct at *a)
{
	int64_t ns;
	size_t n = import_date(a->s, a->now, &ns);

	if (n == 0 || (a->s[n] && !strchr(" \t]:,", a->s[n])))
		return false;
	set_time(a, ns);
	a->dated = true;
	a->s += n;
	if (*a->s == ':' || *a->s == ',')
		a->s++;
	return true;
}

/* "1700000000.123456", as journalctl -o short-unix */
static bool unix_time(struct at *a)
{
	char *end;
	unsigned long long v;

	if (strspn(a->s, "0123456789") != 10 || a->s[10] != '.' ||
	    !isdigit((unsigned char)a->s[11]))
		return false;
	v = strtoull(a->s, NULL, 10);
	set_time(a, (int64_t)v * 1000000000);
	for (long long unit = 100000000, i = 11; isdigit((unsigned char)a->s[i]); i++, unit /= 10)
		a->p->at.time += (a->s[i] - '0') * unit;
	end = (char *)a->s + 11 + strspn(a->s + 11, "0123456789");
	a->s = end;
	a->dated = true;
	return true;
}

/* "[  123.456789]"; "[T12]", "[C3]"; "[ +0.000012]"; "[<a date>]"; "[pod/x/y]". Not "[ 1234]": that
 * is a row of the table of tasks. */
static bool bracket(struct at *a)
{
	const char *in, *end = *a->s == '[' ? strchr(a->s, ']') : NULL;
	unsigned long long whole, part;
	char *dot, *stop;
	int64_t ns;
	size_t n;

	if (!end || end - a->s > 100)
		return false;
	in = a->s + 1 + strspn(a->s + 1, " ");
	n = import_date(in, a->now, &ns);
	if (n && in + n == end) {
		set_time(a, ns);
	} else if (isdigit((unsigned char)*in)) {
		whole = strtoull(in, &dot, 10);
		if (*dot != '.' || !isdigit((unsigned char)dot[1]))
			return false;
		part = strtoull(dot + 1, &stop, 10);
		if (stop != end || stop - dot > 7 || whole > UINT32_MAX * 4ULL)
			return false;
		for (ptrdiff_t d = stop - dot; d < 7; d++)
			part *= 10;
		a->p->at.has_uptime = a->p->has_stamp = true;
		a->p->at.uptime = whole * 1000000 + part;
	} else if ((*in == 'T' || *in == 'C') && in[1 + strspn(in + 1, "0123456789")] == ']') {
		a->p->caller = (uint64_t)*in << 32 | strtoul(in + 1, NULL, 10);
	} else if (*in == '+' && in[1 + strspn(in + 1, "0123456789.,")] == ']') {
		a->p->has_stamp = true;
	} else if (strncmp(in, "pod/", 4) != 0) {
		return false;
	}
	a->s = end + 1;
	return true;
}

/* "kern  :info  : ", as dmesg -x */
static bool facility(struct at *a)
{
	static const char words[] = "kern user mail daemon auth syslog lpr news uucp cron authpriv";
	static const char levels[] = "emerg alert crit err warn notice info debug";
	const char *s = a->s;
	char word[16];
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");

	if (n == 0 || n >= sizeof(word))
		return false;
	copy(word, sizeof(word), s, n);
	s += n + strspn(s + n, " ");
	if (*s != ':' || !util_listed(words, word))
		return false;
	a->p->origin = util_streq(word, "kern") ? ORIGIN_KERNEL : ORIGIN_UNKNOWN;
	s++;
	n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
	if (n == 0 || n >= sizeof(word))
		return false;
	copy(word, sizeof(word), s, n);
	s += n + strspn(s + n, " ");
	if (*s != ':' || !util_listed(levels, word))
		return false;
	a->s = s + 1;
	return true;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.-/@:+\\", c));
}

/* "kernel: ", "systemd-oomd[512]: " at s; how long it is, 0: none. */
static size_t ident(const char *s, struct import_prefix *p)
{
	static const char kernels[] = "kernel klogd vmunix kmsg dmesg";
	/* with which messages of the kernel itself begin */
	static const char parts[] = "VFS TCP traps mmap cgroup INFO audit printk neighbour "
				    "oom_reaper nf_conntrack ip_conntrack ipv4 net_ratelimit "
				    "__ratelimit __vm_enough_memory request_sock_TCP "
				    "request_sock_TCPv6 show_signal_msg show_signal Mem-Info";
	const char *end = s;
	char name[NAME_MAX_HERE], *close;
	bool has_pid = false;
	unsigned long pid = 0;

	while (is_name(*end) && *end != ':')
		end++;
	if (end == s || end - s >= NAME_MAX_HERE)
		return 0;
	copy(name, sizeof(name), s, (size_t)(end - s));
	if (*end == '[') {
		pid = strtoul(end + 1, &close, 10);
		if (close == end + 1 || *close != ']' || pid > INT32_MAX)
			return 0;
		has_pid = true;
		end = close + 1;
	}
	if (end[0] != ':' || (end[1] != ' ' && end[1] != '\0' && end[1] != '['))
		return 0;
	if (!has_pid && util_listed(parts, name))
		return 0;
	if (util_listed(kernels, name)) {
		p->origin = ORIGIN_KERNEL;
	} else {
		p->origin = ORIGIN_PROGRAM;
		util_strlcpy(p->ident, name, sizeof(p->ident));
		p->has_ident_pid = has_pid;
		p->ident_pid = (int64_t)pid;
	}
	return (size_t)(end + 1 - s);
}

/* Behind a date: "host kernel: ", "host - - - " of RFC 5424; or "kernel: " anywhere. */
static bool host_and_ident(struct at *a)
{
	const char *s = a->s;
	size_t n = 0, len;

	if (util_after(s, "kernel:") || util_after(s, "kernel[")) {
		len = ident(s, a->p);
		a->s += len;
		return len > 0;
	}
	if (!a->dated || a->p->host[0])
		return false;
	while (is_name(s[n]))
		n++;
	if (n == 0 || n >= NAME_MAX_HERE || (s[n] != ' ' && s[n] != '\t'))
		return false;
	len = ident(s + n + 1 + strspn(s + n + 1, " "), a->p);
	if (len > 0) {
		len += strspn(s + n + 1, " ");
	} else if (util_after(s + n, " kernel - - - ") || util_after(s + n, " kernel - - ")) {
		a->p->origin = ORIGIN_KERNEL; /* RFC 5424: program, pid, id, data */
		len = strlen("kernel - -");
		len += strncmp(s + n + 1 + len, " -", 2) == 0 ? 2 : 0;
	} else {
		return false;
	}
	copy(a->p->host, sizeof(a->p->host), s, n);
	a->p->program = (size_t)(s + n + 1 - a->begin);
	a->s = s + n + 1 + len;
	return true;
}

/* "stdout F ", "app_1  | " */
static bool container_stream(struct at *a)
{
	size_t n = 0, blanks;

	if (util_after(a->s, "stdout F ") || util_after(a->s, "stderr F ")) {
		a->s += 9;
		return true;
	}
	while (is_name(a->s[n]))
		n++;
	blanks = strspn(a->s + n, " ");
	if (n == 0 || n > 48 || blanks == 0 || a->s[n + blanks] != '|' ||
	    a->s[n + blanks + 1] != ' ')
		return false;
	a->s += n + blanks + 2;
	return true;
}

/* "> ", "| ", "123: ", "123\t": of mails, tickets, editors */
static bool mark(struct at *a, bool first)
{
	size_t n = strspn(a->s, "0123456789");

	if (*a->s == '>' || *a->s == '`' || (*a->s && strchr("|*+-", *a->s) && a->s[1] == ' ')) {
		a->s++;
		return true;
	}
	if (!first || n == 0 || n > 7)
		return false;
	if (!(a->s[n] && strchr(":)-\t", a->s[n])) && strncmp(a->s + n, "  ", 2) != 0)
		return false;
	if (strspn(a->s + n + 1, "0123456789") == 2 && a->s[n] == ':')
		return false; /* "12:00:01" is a time, of which nobody knows the day */
	a->s += n + 1;
	return true;
}

/* "messages-20261122:Nov 22 ...": what grep writes before each line */
static bool file_name(struct at *a, bool first)
{
	const char *colon = a->s;
	int64_t ns;

	if (!first || !is_name(*a->s))
		return false;
	for (int i = 0; i < 4; i++, colon++) {
		colon += strcspn(colon, ": ");
		if (*colon != ':')
			return false;
		if (import_date(colon + 1, a->now, &ns) || colon[1] == '[') {
			a->s = colon + 1;
			return true;
		}
	}
	return false;
}

void import_prefix(const char *s, int64_t now, struct import_prefix *ret)
{
	struct at a = {.s = s, .begin = s, .p = ret, .now = now};
	bool first = true;

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < 12; i++, first = false) {
		const char *before = a.s;

		a.s += strspn(a.s, " \t");
		if (!priority(&a) && !kmsg_record(&a) && !date(&a) && !bracket(&a) &&
		    !unix_time(&a) && !facility(&a) && !host_and_ident(&a) &&
		    !container_stream(&a) && !mark(&a, first) && !file_name(&a, first)) {
			if (first && before != a.s)
				continue; /* only blanks so far */
			break;
		}
	}
	ret->len = (size_t)(a.s - s);
}
