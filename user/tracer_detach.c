// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_detach.c - the end of the hooks, for which the kernel takes its time.
 *
 * A copy of this process keeps the links a moment longer: then our own end is not the one that
 * waits for the kernel. It holds nothing else, so that no pipe stays open for it.
 */
#include <signal.h>
#include <sys/syscall.h>

#include "tracer_priv.h"

void tracer_detach(struct tracer *t)
{
	int keep[3 * FC_HOOKS + 1], n = 0, top = -1;
	pid_t maker = getpid();

	for (int h = 0; h < FC_HOOKS; h++) {
		const struct bpf_link *links[] = {t->link[h], t->spare_link[h], t->entry_link[h]};

		for (size_t i = 0; i < ARRAY_SIZE(links); i++)
			if (links[i])
				keep[n++] = bpf_link__fd(links[i]);
	}
	if (t->slow_fd > 0)
		keep[n++] = t->slow_fd;
	if (n == 0)
		return;
	switch (fork()) {
	case -1:
		return;
	case 0:
		break;
	default:
		t->closing = true;
		return;
	}
	setsid();
	signal(SIGINT, SIG_IGN);
	for (int i = 0; i < n; i++)
		top = keep[i] > top ? keep[i] : top;
	for (int fd = 0; fd <= top; fd++) {
		bool kept = false;

		for (int i = 0; i < n; i++)
			kept |= keep[i] == fd;
		if (!kept)
			close(fd);
	}
	syscall(__NR_close_range, top + 1, ~0U, 0);
	for (int i = 0; t->probes && i < n; i++)
		close(keep[i]);
	tracer_probes_remove(t, maker);
	_exit(0);
}
