/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksyms.h - where the kernel's variables are that programs read: bpf/ksyms.def.
 */
#ifndef FAILCNT_KSYMS_H
#define FAILCNT_KSYMS_H

#include "util.h"

struct ksyms {
#define KSYM(name) uint64_t name;
#include "../bpf/ksyms.def"
#undef KSYM
};

/*
 * What the kernel does not tell stays 0. Some 2 ms where the kernel can be asked for a name
 * (bpf_kallsyms_lookup_name(), quick since 6.2), else all of /proc/kallsyms is read: some 70 ms.
 */
void ksyms_find(struct ksyms *ret);

#endif
