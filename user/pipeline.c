// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipeline.c - what happens to a decoded event before it is written.
 */
#include "pipeline.h"

#include <fcntl.h>

#include "explain.h"
#include "identity.h"

struct pipeline {
	const struct event_context *context;
	int proc;
};

int pipeline_new(struct pipeline **ret, const struct event_context *context)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->context = context;
	p->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret = p;
	return 0;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	util_closep(&p->proc);
	free(p);
}

void pipeline_run(struct pipeline *p, struct event *e, const struct event_facts *facts)
{
	struct explain_facts now = {
		.ipc_ns = p->context->host_ipc_ns,
		.page_size = p->context->page_size,
		.memory_is_v1 = p->context->memory_is_v1,
	};

	memcpy(now.sem, facts->sem, sizeof(now.sem));
	identity_event(e, p->proc, facts->start);
	explain_event(e, &now);
}
