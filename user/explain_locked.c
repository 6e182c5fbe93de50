// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_locked.c - memlock, hugepages: memory that may not be swapped out.
 */
#include "explain_priv.h"

#define KIB 1024ULL

/* ---- memlock ---- */

static void says_locking(struct explain *x)
{
	says_who(x);
	if (call_is(x, "mmap mmap2"))
		explain_add(&x->says, " could not map memory that is to stay in RAM");
	else if (call_is(x, "mremap"))
		explain_add(&x->says, " could not enlarge memory that is locked in RAM");
	else if (call_is(x, "shmctl shmget"))
		explain_add(&x->says, " could not lock shared memory in RAM");
	else if (call_is(x, "io_uring_register io_uring_setup"))
		explain_add(&x->says, " could not register buffers with io_uring");
	else
		explain_add(&x->says, " could not lock memory in RAM");
	explain_add(&x->says, " %s ", because(x));
}

void explain_memlock(struct explain *x)
{
	const struct event *e = x->e;
	uint64_t want = more_than(e), hard = UINT64_MAX;

	/* It comes with each limit: what no number tells is unlimited. */
	if (event_has(e, FIELD_LIMIT_HARD))
		hard = (uint64_t)event_num(e, FIELD_LIMIT_HARD);
	says_locking(x);
	if (event_has(e, FIELD_LIMIT_UID))
		explain_add(&x->says, "user %lld", (long long)event_num(e, FIELD_LIMIT_UID));
	else
		explain_add(&x->says, "it");
	if (event_has(e, FIELD_HELD)) {
		explain_add(&x->says, " has ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_HELD));
		explain_add(&x->says, " locked");
	} else {
		explain_add(&x->says, " has too much locked");
	}
	if (event_has(e, FIELD_ASKED)) {
		explain_add(&x->says, ", asked for ");
		says_bytes(x, (uint64_t)event_num(e, FIELD_ASKED));
		explain_add(&x->says, " more");
	}
	explain_add(&x->says, ", and the limit is ");
	says_bytes(x, (uint64_t)event_num(e, FIELD_LIMIT));
	explain_add(&x->says, " (RLIMIT_MEMLOCK, \"ulimit -l\"); memory itself is not short");
	says_end(x);
	if (want == 0) {
		fix_line(x, "# raise the limit of locked memory: prlimit --pid PID "
			    "--memlock=SOFT:HARD");
		return;
	}
	/* whole KiB, as limits.conf(5) takes it */
	want = (want + KIB - 1) / KIB * KIB;
	fix_rlimit(x, "memlock", "LimitMEMLOCK", want, hard < want ? want : hard);
}

/* ---- hugepages ---- */

/* As the kernel writes sizes into names of files: mem_fmt() in mm/hugetlb_cgroup.c. */
static void size_name(char buf[24], uint64_t bytes)
{
	if (bytes >= KIB * KIB * KIB)
		snprintf(buf, 24, "%lluGB", (unsigned long long)(bytes / KIB / KIB / KIB));
	else if (bytes >= KIB * KIB)
		snprintf(buf, 24, "%lluMB", (unsigned long long)(bytes / KIB / KIB));
	else
		snprintf(buf, 24, "%lluKB", (unsigned long long)(bytes / KIB));
}

/* Of a cgroup; amounts in bytes. */
static void hugetlb_cgroup(struct explain *x, uint64_t page)
{
	const struct event *e = x->e;
	const char *cgroup = event_text(e, FIELD_LIMIT_CGROUP);
	bool v1 = x->facts->has_more && x->facts->more[3];
	bool rsvd = strstr(event_text(e, FIELD_LIMIT_NAME), ".rsvd.") != NULL;
	struct cgroup_limit limit = {.controller = "hugetlb", .v1 = v1};
	char size[24], file[64], value[24];

	size_name(size, page);
	snprintf(file, sizeof(file), "hugetlb.%s.%s%s", page ? size : "SIZE", rsvd ? "rsvd." : "",
		 v1 ? "limit_in_bytes" : "max");
	limit.file = file;
	explain_add(&x->says, "the control group ");
	says_name(x, cgroup[0] ? cgroup : "that it belongs to");
	explain_add(&x->says, " has ");
	if (event_has(e, FIELD_HELD))
		says_bytes(x, (uint64_t)event_num(e, FIELD_HELD));
	else
		explain_add(&x->says, "too much");
	explain_add(&x->says, " of huge pages%s and may have ", rsvd ? " promised" : "");
	says_bytes(x, (uint64_t)event_num(e, FIELD_LIMIT));
	explain_add(&x->says, " (%s)", file);
	snprintf(value, sizeof(value), "%llu", (unsigned long long)more_than(e));
	fix_cgroup(x, &limit, value);
}

/* Of the host, for one size: as many more as were missing. */
static void fix_pool(struct explain *x, uint64_t page)
{
	const struct event *e = x->e;
	uint64_t held = (uint64_t)event_num(e, FIELD_HELD);
	uint64_t asked = (uint64_t)event_num(e, FIELD_ASKED);
	uint64_t limit = (uint64_t)event_num(e, FIELD_LIMIT);
	uint64_t want = x->facts->more[1] + (held + asked > limit ? held + asked - limit : 1);
	unsigned long long n = want, kib = page / KIB;

	if (page == 0 || !event_has(e, FIELD_LIMIT)) {
		fix_line(x, "# add as many huge pages as are missing: "
			    "/sys/kernel/mm/hugepages/hugepages-*kB/nr_hugepages");
		return;
	}
	/* The sysctl is for the default size; 2 MiB is x86's, where nobody told. */
	if (page == (x->facts->huge_page ? x->facts->huge_page : 2 * KIB * KIB))
		fix_sysctl(x, "vm.nr_hugepages", want);
	else
		fix_line(x, "echo %llu > /sys/kernel/mm/hugepages/hugepages-%llukB/nr_hugepages", n,
			 kib);
	fix_line(x,
		 "# is it fewer then, memory in one piece is missing: cat "
		 "/sys/kernel/mm/hugepages/hugepages-%llukB/nr_hugepages; free some, or reserve "
		 "them at boot: hugepagesz=%lluK hugepages=%llu",
		 kib, kib, n);
}

static void hugetlb_pool(struct explain *x, uint64_t page)
{
	const struct event *e = x->e;

	explain_add(&x->says, "of the ");
	if (event_has(e, FIELD_LIMIT))
		explain_add(&x->says, "%lld ", (long long)event_num(e, FIELD_LIMIT));
	explain_add(&x->says, "huge pages ");
	if (page) {
		explain_add(&x->says, "of ");
		says_bytes(x, page);
	}
	explain_add(&x->says, " that this machine may have (vm.nr_hugepages and "
			      "nr_overcommit_hugepages)");
	if (event_has(e, FIELD_HELD))
		explain_add(&x->says, " %lld are in use or promised",
			    (long long)event_num(e, FIELD_HELD));
	explain_add(&x->says, " and it needed %lld more", (long long)event_num(e, FIELD_ASKED));
	fix_pool(x, page);
}

/* hugetlbfs takes no new size: hugetlbfs_fs_context_ops of fs/hugetlbfs/inode.c has no reconfigure,
 * and a remount that changes nothing says that it succeeded. */
static void fix_mount(struct explain *x, uint64_t page)
{
	unsigned long long kib = more_than(x->e) * page / KIB;
	char prefix[64], mount[QUOTED_MAX];

	if (other_namespace(x) || !fix_mount_options(x, "size", prefix, sizeof(prefix), mount)) {
		fix_line(x,
			 "# a remount does not change it: start what uses this mount anew, with a "
			 "mount of size=%lluK or more in its place",
			 kib);
		return;
	}
	fix_line(x, "# stop what has files on it first: else umount says \"target is busy\"");
	fix_line(x, "umount %s && mount -t hugetlbfs -o \"$o,size=%lluK\" none %s", mount, kib,
		 mount);
	fix_line(x, "# lasting: option size=%lluK of %s in /etc/fstab or its mount unit", kib,
		 mount);
}

void explain_hugepages(struct explain *x)
{
	const struct event *e = x->e;
	bool fault =
		util_streq(event_text(e, FIELD_ERRNO), "ENOSPC") && !event_has(e, FIELD_SYSCALL);
	uint64_t page = x->facts->has_more ? x->facts->more[0] : 0;

	says_who(x);
	explain_add(&x->says, fault ? " touched memory for which there was no huge page"
				    : " could not get huge pages");
	explain_add(&x->says, " %s ", because(x));
	if (util_after(event_text(e, FIELD_LIMIT_NAME), "hugetlb.")) {
		hugetlb_cgroup(x, page);
	} else if (util_after(event_text(e, FIELD_LIMIT_NAME), "size=")) {
		explain_add(&x->says,
			    "the hugetlbfs mount is full: %lld of %lld pages, %lld more asked for",
			    (long long)event_num(e, FIELD_HELD),
			    (long long)event_num(e, FIELD_LIMIT),
			    (long long)event_num(e, FIELD_ASKED));
		fix_mount(x, page);
	} else {
		hugetlb_pool(x, page);
	}
	explain_add(&x->says, fault ? "; the signal for that is SIGBUS, \"Bus error\""
				    : "; ordinary memory may be plenty");
	says_end(x);
}
