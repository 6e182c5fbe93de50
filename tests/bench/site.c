// SPDX-License-Identifier: GPL-2.0-only
/*
 * site.c - where a function of the running kernel sets an error: the places in its machine code
 * (x86) that load -ERRNO into a register, as FUNCTION+0xOFFSET, one a line, from /proc/kcore.
 * below.sh tries what a probe there costs.
 *
 *   site FUNCTION ERRNO
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST 4096 /* of functions, in bytes */

/* The function's address and, from the next symbol, its end. */
static int find(const char *function, unsigned long *begin, unsigned long *end)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512], name[256];
	unsigned long at;

	*begin = *end = 0;
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "%lx %*c %255s", &at, name) == 2) {
		if (*begin && at > *begin) {
			*end = at;
			break;
		}
		if (!*begin && strcmp(name, function) == 0)
			*begin = at;
	}
	if (f)
		fclose(f);
	return *begin && *end ? 0 : -1;
}

static ssize_t read_text(unsigned long at, unsigned char *text, size_t size)
{
	int fd = open("/proc/kcore", O_RDONLY);
	ssize_t n = -1;
	Elf64_Ehdr header;
	Elf64_Phdr part;

	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return -1;
	for (int i = 0; i < header.e_phnum; i++) {
		if (pread(fd, &part, sizeof(part), header.e_phoff + i * sizeof(part)) !=
		    sizeof(part))
			break;
		if (part.p_type == PT_LOAD && at >= part.p_vaddr &&
		    at - part.p_vaddr < part.p_memsz)
			n = pread(fd, text, size, part.p_offset + (at - part.p_vaddr));
	}
	close(fd);
	return n;
}

int main(int argc, char **argv)
{
	unsigned char text[LONGEST];
	unsigned long begin, end;
	int error;
	ssize_t n;

	if (argc != 3)
		return 2;
	error = -atoi(argv[2]);
	if (find(argv[1], &begin, &end) < 0)
		return 1;
	n = read_text(begin, text, end - begin < LONGEST ? end - begin : LONGEST);
	/* mov $imm32, register: b8 + register, of the upper ones after 41 */
	for (ssize_t i = 1; i + 5 <= n; i++) {
		if ((text[i] & 0xf8) == 0xb8 && memcmp(text + i + 1, &error, 4) == 0)
			printf("%s+0x%zx\n", argv[1], text[i - 1] == 0x41 ? i - 1 : i);
	}
	return n > 0 ? 0 : 1;
}
