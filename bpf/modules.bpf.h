/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modules.bpf.h - tells the collector that a module was loaded: a function that is hooked may be
 * in it (user/tracer_modules.c). load_module() of kernel/module/ fires the tracepoint when the
 * symbols of the module are there, before its own code runs.
 */
#ifndef FAILCNT_MODULES_BPF_H
#define FAILCNT_MODULES_BPF_H

#include "emit.bpf.h"

/* (mod) */
SEC("raw_tp/module_load")
int rawtp_module_load(struct bpf_raw_tracepoint_args *ctx)
{
	struct module *mod = (void *)ctx->args[0];
	struct fc_module *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r)
		return 0; /* the next one makes it look for all of them again */
	r->h.type = FC_TYPE_MODULE;
	r->h.size = sizeof(*r);
	r->h.time = bpf_ktime_get_boot_ns();
	BPF_CORE_READ_STR_INTO(&r->name, mod, name);
	bpf_ringbuf_submit(r, 0);
	return 0;
}

#endif
