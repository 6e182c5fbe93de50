// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_fault.c - a process that died of what it did itself: where, and whether a limit is behind
 * it. Most faults are of the program, and then no limit helps; but a stack that may not grow, a
 * huge page that is not there and a full file system under a mapping end in the same signals.
 */
#include <signal.h>

#include "catalogue.h"
#include "explain_priv.h"

/* include/uapi/asm-generic/siginfo.h: si_code of SIGSEGV, SIGBUS, SIGFPE */
enum { MAPERR = 1, ACCERR = 2, PKUERR = 4, ADRALN = 1, ADRERR = 2, MCEERR_AR = 4, MCEERR_AO = 5 };
enum { INTDIV = 1, INTOVF = 2, FLTDIV = 3 };
#define NULL_PAGE 65536 /* vm.mmap_min_addr, as Debian sets it */

static void says_place(struct explain *x)
{
	const char *object = event_text(x->e, FIELD_MAP_OBJECT);

	if (!object[0])
		return;
	explain_add(&x->says, " in ");
	says_name(x, object);
	explain_add(&x->says, "+%s", event_text(x->e, FIELD_MAP_OFFSET));
}

static void says_segv(struct explain *x, const struct death_facts *d)
{
	const char *addr = event_text(x->e, FIELD_FAULT_ADDR);

	if (!addr[0])
		explain_add(&x->says, ": it used an address that no program can have");
	else if (d->addr < NULL_PAGE)
		explain_add(&x->says, ": it used a null pointer (address %s)", addr);
	else if (d->si_code == ACCERR)
		explain_add(&x->says, ": it may not use the memory at %s in that way", addr);
	else
		explain_add(&x->says, ": there is no memory at address %s", addr);
}

static void says_bus(struct explain *x, const struct death_facts *d)
{
	uint64_t page = x->facts->page_size ? x->facts->page_size : 4096;
	bool file = d->data_flags & FC_MAP_FILE;

	if (d->si_code == MCEERR_AR || d->si_code == MCEERR_AO) {
		explain_add(&x->says, ": the memory itself is broken there (the hardware said so)");
	} else if (d->data_flags & FC_MAP_HUGE) {
		explain_add(&x->says, ": there was no huge page left for it");
	} else if (file && d->data_offset >= (d->data_size + page - 1) / page * page) {
		explain_add(&x->says, ": the file ");
		says_name(x, d->data_name);
		explain_add(&x->says, " that it had mapped is shorter (");
		says_bytes(x, d->data_size);
		explain_add(&x->says, ") than what it used of it: somebody has truncated it");
	} else if (file && (d->near == FC_DISK || d->near == FC_QUOTA || d->near == FC_INODES ||
			    d->data_flags & FC_MAP_TMPFS)) {
		explain_add(&x->says, ": the file system of ");
		says_name(x, d->data_name);
		explain_add(&x->says, ", which it had mapped, is full");
	} else if (file) {
		explain_add(&x->says, ": the file system of ");
		says_name(x, d->data_name);
		explain_add(&x->says,
			    ", which it had mapped, could not give the page: it is full, or "
			    "a disk has failed");
	} else if (d->si_code == ADRALN) {
		explain_add(&x->says, ": an address that is not aligned");
	}
}

static void says_what(struct explain *x, const struct death_facts *d)
{
	if (d->how == FC_HOW_SELF && d->sig == SIGABRT)
		explain_add(&x->says, ": it gave up by itself (abort), after an assertion or an "
				      "error that it prints where it logs");
	else if (d->how == FC_HOW_SELF)
		explain_add(&x->says, ": it sent itself that signal, as a program does after it "
				      "has caught and logged a crash");
	else if (d->sig == SIGSEGV)
		says_segv(x, d);
	else if (d->sig == SIGBUS)
		says_bus(x, d);
	else if (d->sig == SIGFPE)
		explain_add(&x->says, d->si_code == INTDIV || d->si_code == FLTDIV
					      ? ": it divided by zero"
				      : d->si_code == INTOVF ? ": a division overflowed"
							     : ": wrong arithmetic");
	else if (d->sig == SIGILL)
		explain_add(&x->says, ": an instruction that this processor does not have, or that "
				      "a compiler puts where a program must not get to");
	else if (d->sig == SIGTRAP)
		explain_add(&x->says, ": it ran into a trap, as programs have for what must never "
				      "happen");
}

static bool is_limit(const struct death_facts *d)
{
	return d->near != FC_RESOURCE_NONE || (d->sig == SIGBUS && d->data_flags & FC_MAP_HUGE);
}

static void fix_program(struct explain *x)
{
	const char *object = event_text(x->e, FIELD_MAP_OBJECT);
	char word[QUOTED_MAX];

	fix_line(x,
		 "# no limit helps: it is the program's own fault; coredumpctl info %lld shows it, "
		 "where cores are kept",
		 (long long)event_num(x->e, FIELD_PID));
	if (object[0] && shell_quote(word, object))
		fix_line(x, "# what to tell its makers: %s+%s, and the version of the package",
			 word, event_text(x->e, FIELD_MAP_OFFSET));
}

void explain_fault(struct explain *x)
{
	const struct death_facts *d = x->facts->death;

	says_who(x);
	explain_add(&x->says, " crashed with %s", event_text(x->e, FIELD_SIGNAL));
	says_place(x);
	if (d->sig == SIGSEGV && d->near != FC_RESOURCE_NONE)
		explain_add(
			&x->says,
			": its stack had to grow and could not, because a limit was reached (%s)",
			catalogue_get(d->near)->limit_name);
	else
		says_what(x, d);
	says_postgres(x);
	if (d->near != FC_RESOURCE_NONE)
		fix_line(x, "# what helps is told with the refusal right before: %s",
			 catalogue_get(d->near)->id);
	else if (is_limit(d))
		fix_line(x, "# more huge pages: sysctl vm.nr_hugepages, or less of them for it");
	else if (d->sig == SIGBUS && d->data_flags & (FC_MAP_FILE | FC_MAP_TMPFS))
		fix_line(x, "# look at the file and at df of where it is");
	else
		fix_program(x);
}
