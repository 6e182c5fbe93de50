// SPDX-License-Identifier: GPL-2.0-only
/*
 * hints.c - a few numbers of /proc, as the kernel's own variables have them.
 */
#include "hints.h"

#include <fcntl.h>

#include "parse.h"

struct file_text {
	char s[8192];
	struct parse_text text;
};

static void read_file(struct file_text *f, int root, const char *path)
{
	_cleanup_close_ int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, f->s, sizeof(f->s)) : -1;

	f->text = (struct parse_text){f->s, n > 0 ? (size_t)n : 0};
}

static uint64_t number(int root, const char *path)
{
	struct file_text f;
	uint64_t n = 0;

	read_file(&f, root, path);
	return parse_nth(f.text, 0, &n) == 0 ? n : 0;
}

static uint64_t pages(const struct file_text *f, const char *key, uint64_t page_size)
{
	uint64_t n = 0;

	return parse_colon(f->text, key, &n) == 0 ? n / page_size : 0;
}

void hints_memory(int root, uint64_t page_size, struct fc_memory_hints *ret)
{
	struct file_text f;

	ret->max_map_count = number(root, "proc/sys/vm/max_map_count");
	ret->overcommit = number(root, "proc/sys/vm/overcommit_memory");
	ret->ratio = number(root, "proc/sys/vm/overcommit_ratio");
	ret->kbytes = number(root, "proc/sys/vm/overcommit_kbytes");
	read_file(&f, root, "proc/meminfo");
	ret->ram = pages(&f, "MemTotal:", page_size);
	ret->swap = pages(&f, "SwapTotal:", page_size);
	ret->commit_limit = pages(&f, "CommitLimit:", page_size);
	/* "Y" or "N" */
	read_file(&f, root, "sys/module/kernel/parameters/ignore_rlimit_data");
	ret->ignore_data = f.text.n && f.s[0] == 'Y';
}
