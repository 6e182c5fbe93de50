// SPDX-License-Identifier: GPL-2.0-only
/*
 * import_fault.c - deaths of a process's own making: what the kernel prints of
 * a fault that no handler takes (arch/x86/mm/fault.c, arch/x86/kernel/traps.c,
 * arch/arm64/kernel/traps.c, arch/powerpc/kernel/process.c) and what the
 * auditor (kernel/auditsc.c) and systemd-coredump say of the same.
 */
#include <ctype.h>
#include <signal.h>

#include "import_priv.h"

#define TWICE_LINES 200

static const struct {
	const char *words, *signal;
} traps[] = {
	/* DO_ERROR of arch/x86/kernel/traps.c */
	{"segfault", "SIGSEGV"},
	{"general protection", "SIGSEGV"},
	{"divide error", "SIGFPE"},
	{"invalid opcode", "SIGILL"},
	{"int3", "SIGTRAP"},
	{"overflow", "SIGSEGV"},
	{"bounds", "SIGSEGV"},
	{"stack segment", "SIGBUS"},
	{"segment not present", "SIGBUS"},
	{"alignment check", "SIGBUS"},
	{"coprocessor", "SIGFPE"},
};

static const char *signal_name(int64_t n)
{
	static const struct {
		int n;
		const char *name;
	} names[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
		     {SIGFPE, "SIGFPE"},   {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"},
		     {SIGSYS, "SIGSYS"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].n == n)
			return names[i].name;
	return NULL;
}

/* The auditor repeats what the kernel said of the same process. */
static bool told_before(const struct import *im, int64_t pid)
{
	return im->last_fault_pid == pid && im->stats.lines - im->last_fault_line < TWICE_LINES;
}

static void emit_fault(struct import *im, struct event *e)
{
	const char *comm = event_text(e, FIELD_COMM), *signal = event_text(e, FIELD_SIGNAL);
	char where[600] = "";

	if (event_has(e, FIELD_MAP_OBJECT))
		snprintf(where, sizeof(where), " in %s%s%s", event_text(e, FIELD_MAP_OBJECT),
			 event_has(e, FIELD_MAP_OFFSET) ? " at offset " : "",
			 event_text(e, FIELD_MAP_OFFSET));
	event_fmt(e, FIELD_SAYS, "%s (pid %lld) died of a fault of its own%s%s%s%s%s%s%s.",
		  comm[0] ? comm : "A process", (long long)event_num(e, FIELD_PID),
		  signal[0] ? " (" : "", signal, signal[0] ? ")" : "", where,
		  event_has(e, FIELD_FAULT_ADDR) ? ", using the address " : "",
		  event_text(e, FIELD_FAULT_ADDR), "; no limit is named for it");
	im->last_fault_pid = event_num(e, FIELD_PID);
	im->last_fault_line = im->stats.lines;
	im->stats.killed++;
	import_emit(im);
}

static struct event *begin_fault(struct import *im, const struct import_msg *m, const char *cause)
{
	struct event *e = import_begin(im, EVENT_KILLED, m);

	event_static(e, FIELD_CAUSE, cause);
	event_bool(e, FIELD_CERTAIN, true);
	return e;
}

/* "name[812]" that ends before close; text before a name that is too long is somebody's prefix. */
static bool who(struct event *e, const char *s, const char *close)
{
	const char *open = close, *start = s;
	long long pid;

	while (open > s && open[-1] != '[')
		open--;
	if (open == s || !isdigit((unsigned char)*open))
		return false;
	pid = strtoll(open, NULL, 10);
	open--;
	if (open - start > FC_COMM - 1) {
		start = open;
		while (start > s && start[-1] != ' ')
			start--;
	}
	if (pid <= 0 || pid > INT32_MAX || open == start)
		return false;
	event_int(e, FIELD_PID, pid);
	event_strn(e, FIELD_COMM, start, (size_t)(open - start));
	return true;
}

static bool hexadecimal(const char *s, const char *key, unsigned long long *ret)
{
	const char *at = strstr(s, key);
	char *end;

	if (!at)
		return false;
	at += strlen(key);
	at += strncmp(at, "0x", 2) == 0 ? 2 : 0;
	if (!isxdigit((unsigned char)*at))
		return false;
	errno = 0;
	*ret = strtoull(at, &end, 16);
	return errno == 0;
}

/* " in libc.so.6[7f0c2a3b4000+1c0000]"; since 6.4 "[1a2b0,7f0c2a3b4000+1c0000]", the offset in the
 * file first */
static void map(struct event *e, const char *s, bool has_ip, unsigned long long ip)
{
	const char *in = NULL, *open, *at = s;
	unsigned long long base, offset = 0;
	char *end;

	while ((at = strstr(at, " in ")) != NULL)
		in = at = at + 4;
	open = in ? strrchr(in, '[') : NULL;
	if (!open || open == in)
		return;
	errno = 0;
	base = strtoull(open + 1, &end, 16);
	if (errno || end == open + 1 || (*end != '+' && *end != ','))
		return;
	event_strn(e, FIELD_MAP_OBJECT, in, (size_t)(open - in));
	if (*end == ',')
		offset = base;
	else if (has_ip && ip >= base)
		offset = ip - base;
	else
		return;
	event_fmt(e, FIELD_MAP_OFFSET, "0x%llx", offset);
}

/* "traps: x[1] general protection fault ip:1 sp:2 error:0 in x[400000+1000]",
 * "x[1]: segfault at 0 ip 1 sp 2 error 4 in x[400000+1000]" */
static bool x86(struct import *im, const struct import_msg *m)
{
	const char *s = util_after(m->text, "traps: "), *close, *words;
	unsigned long long ip = 0, addr = 0;
	struct event *e;
	bool has_ip;

	s = s ? s : m->text;
	for (size_t i = 0; i < ARRAY_SIZE(traps); i++) {
		words = strstr(s, traps[i].words);
		close = words;
		while (close && close > s && *close != ']')
			close--;
		if (!close || close == s || words - close > 8)
			continue;
		e = begin_fault(im, m, "fault");
		event_static(e, FIELD_SIGNAL, traps[i].signal);
		if (!who(e, s, close))
			return false;
		has_ip = hexadecimal(words, " ip ", &ip) || hexadecimal(words, " ip:", &ip) ||
			 hexadecimal(words, " rip ", &ip) || hexadecimal(words, " rip:", &ip) ||
			 hexadecimal(words, " eip ", &ip) || hexadecimal(words, " nip ", &ip);
		if (i == 0 && hexadecimal(words, " at ", &addr))
			event_fmt(e, FIELD_FAULT_ADDR, "0x%llx", addr);
		map(e, words, has_ip, ip);
		emit_fault(im, e);
		return true;
	}
	return false;
}

/* "x[812]: unhandled level 2 translation fault (11) at 0x00000000, esr 0x92000006, in x[1+2]" */
static bool arm64(struct import *im, const struct import_msg *m)
{
	const char *words = strstr(m->text, "]: unhandled "), *open;
	unsigned long long addr;
	const char *name;
	struct event *e;

	open = words ? strstr(words, " (") : NULL;
	name = open ? signal_name(import_number(open, " (")) : NULL;
	if (!name)
		return false;
	e = begin_fault(im, m, "fault");
	event_static(e, FIELD_SIGNAL, name);
	if (!who(e, m->text, words))
		return false;
	if (hexadecimal(open, " at 0x", &addr))
		event_fmt(e, FIELD_FAULT_ADDR, "0x%llx", addr);
	map(e, open, false, 0);
	emit_fault(im, e);
	return true;
}

/* comm="x", or in hexadecimal where it holds blanks or quotes */
static void audit_comm(struct event *e, const char *s)
{
	const char *at = strstr(s, " comm=");
	char name[FC_COMM] = "";
	size_t n = 0;

	if (!at)
		return;
	at += strlen(" comm=");
	if (*at == '"') {
		event_strn(e, FIELD_COMM, at + 1, strcspn(at + 1, "\""));
		return;
	}
	for (; isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1]) && n < FC_COMM - 1;
	     at += 2) {
		char digits[3] = {at[0], at[1]};

		name[n++] = (char)strtoul(digits, NULL, 16);
	}
	event_strn(e, FIELD_COMM, name, n);
}

/* type 1326 (SECCOMP) and 1701 (ANOM_ABEND) of include/uapi/linux/audit.h */
static bool audit(struct import *im, const struct import_msg *m)
{
	const char *s = m->text, *body = strstr(s, "audit(");
	bool seccomp = strstr(s, "type=1326 ") || strstr(s, "type=SECCOMP ");
	bool abend = strstr(s, "type=1701 ") || strstr(s, "type=ANOM_ABEND ");
	int64_t pid, sig, uid;
	struct event *e;

	if (!body || (!seccomp && !abend))
		return false;
	pid = import_number(body, " pid=");
	sig = import_number(body, " sig=");
	uid = import_number(body, " uid=");
	if (pid <= 0 || sig <= 0 || !signal_name(sig) || (abend && told_before(im, pid)))
		return true; /* logged, or answered with an error: nobody died */
	e = begin_fault(im, m, seccomp ? "seccomp" : "fault");
	event_static(e, FIELD_SIGNAL, signal_name(sig));
	event_int(e, FIELD_PID, pid);
	if (uid >= 0)
		event_int(e, FIELD_UID, uid);
	audit_comm(e, body);
	if (abend) {
		emit_fault(im, e);
		return true;
	}
	event_fmt(e, FIELD_SAYS,
		  "%s (pid %lld) was killed because its seccomp filter does not allow the system "
		  "call with the number %lld.",
		  event_has(e, FIELD_COMM) ? event_text(e, FIELD_COMM) : "A process",
		  (long long)pid, (long long)import_number(body, " syscall="));
	event_static(e, FIELD_FIX,
		     "# allow that call: SystemCallFilter= of the unit, or the seccomp profile of "
		     "the container");
	im->last_fault_pid = pid;
	im->last_fault_line = im->stats.lines;
	im->stats.killed++;
	import_emit(im);
	return true;
}

/* systemd-coredump: "Process 812 (x) of user 1000 dumped core." */
static bool core(struct import *im, const struct import_msg *m)
{
	const char *s = util_after(m->text, "Process "), *open, *close;
	struct event *e;
	int64_t pid;

	open = s ? strstr(s, " (") : NULL;
	close = open ? strstr(open, ") of user ") : NULL;
	pid = s ? import_number(s, "") : -1;
	if (!close || pid <= 0 || !strstr(close, " dumped core"))
		return false;
	if (told_before(im, pid))
		return true;
	e = begin_fault(im, m, "fault");
	event_int(e, FIELD_PID, pid);
	event_strn(e, FIELD_COMM, open + 2, (size_t)(close - open - 2));
	if (import_number(close, " user ") >= 0)
		event_int(e, FIELD_UID, import_number(close, " user "));
	emit_fault(im, e);
	return true;
}

bool import_fault_line(struct import *im, const struct import_msg *m)
{
	return audit(im, m) || core(im, m) || x86(im, m) || arm64(im, m);
}
