// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracer_types.c - opens our programs, with a file of the kernel's types for libbpf.
 *
 * Where a field is in this kernel libbpf finds by going through all types of the kernel, 130,000,
 * once for each of the hundred that our programs name: a quarter of a start. So those are picked
 * out at one go (types.c), and libbpf is given a file with them alone (btf_custom_path). Without it
 * libbpf goes through all, as ever.
 */
#include <sys/mman.h>

#include "tracer_priv.h"
#include "types.h"

static int write_to(int fd, const struct btf *btf)
{
	uint32_t size, done = 0;
	const char *data = btf__raw_data(btf, &size);
	ssize_t n;

	for (; data && done < size; done += n) {
		n = write(fd, data + done, size - done);
		if (n <= 0)
			return -EIO;
	}
	return data ? 0 : -ENOMEM;
}

/* Types that only a module has are those of its hooks. */
static int fill(int fd, const struct btf *ours)
{
	struct btf *from[1 + FC_HOOKS] = {btf__load_vmlinux_btf()}, *picked = NULL;
	size_t n = 1;
	int err;

	for (int h = 0; h < FC_HOOKS && from[0]; h++) {
		if (attach_hooks[h].module)
			from[n] = btf__load_module_btf(attach_module(h), from[0]);
		n += from[n] != NULL;
	}
	err = from[0] ? types_pick(&picked, ours, from, n) : -ENOENT;
	if (err == 0)
		err = write_to(fd, picked);
	btf__free(picked);
	while (n > 0)
		btf__free(from[--n]);
	return err;
}

struct failcnt_bpf *tracer_object(void)
{
	return failcnt_bpf__open();
}

struct failcnt_bpf *tracer_object_typed(int *types)
{
	_cleanup_close_ int fd = memfd_create("failcnt-types", MFD_CLOEXEC);
	struct failcnt_bpf *s = NULL;
	char path[32];
	LIBBPF_OPTS(bpf_object_open_opts, o, .btf_custom_path = path);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0)
		s = failcnt_bpf__open_opts(&o);
	if (s && access(path, R_OK) == 0 && fill(fd, bpf_object__btf(s->obj)) == 0) {
		*types = fd;
		fd = -1;
		return s;
	}
	failcnt_bpf__destroy(s);
	return tracer_object();
}
