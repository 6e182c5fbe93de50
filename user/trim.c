// SPDX-License-Identifier: GPL-2.0-only
/*
 * trim.c - gives back memory that only the start needed.
 *
 * A page that is faulted in brings its neighbours (fault_around_bytes of mm/memory.c), so that
 * most of what is mapped of libraries after a start has not even run.
 */
#include "trim.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

void trim_unread(const void *at, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)at + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)at + size) & ~(page - 1);

	if (begin < end)
		madvise((void *)begin, end - begin, MADV_DONTNEED);
}

/* Code is never written to, unlike the tables of addresses beside it: without text relocations. */
static int trim_code(struct dl_phdr_info *info, size_t size _unused_, void *arg _unused_)
{
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC) {
			const ElfW(Dyn) *d =
				(const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);

			for (; d->d_tag != DT_NULL; d++)
				if (d->d_tag == DT_TEXTREL ||
				    (d->d_tag == DT_FLAGS && d->d_un.d_val & DF_TEXTREL))
					return 0;
		}
	if (strstr(info->dlpi_name, "vdso")) /* no file */
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && p->p_flags & PF_X && !(p->p_flags & PF_W))
			trim_unread((const void *)(info->dlpi_addr + p->p_vaddr), p->p_memsz);
	}
	return 0;
}

void trim_memory(void)
{
	malloc_trim(0);
	dl_iterate_phdr(trim_code, NULL);
}
