#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Ways to get below an empty fexit, in instructions added on 6.12 (or -k KERNEL), as Markdown. What
# each would be good for, and why it is or is not what failcnt does, says README.md:
#
#   fewer hooks       alloc_fd or alloc_empty_file alone
#   at entry          an empty fentry; and one that foretells EMFILE by next_fd
#   failure-only      a program on __percpu_counter_sum(), which runs only when the cheap count of files
#                     is at file-max; a kprobe in the middle of alloc_fd(), where it has decided to
#                     fail: site.c finds the place
#   near the limit    to attach only while something is near its limit: the times to attach and to
#                     detach, in instructions as well; "look" is how many descriptors one process has
#
#   below.sh [-k KERNEL] BUILD_DIR
set -euo pipefail

# shellcheck source=../vm/lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.bash"
bench=$here/../bench
kernel=6.12
options 'k=kernel' "$@"
output below
need_kernels "$kernel"

for program in loops site; do
	${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -static -o "$out/$program" "$bench/$program.c"
done
${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -D_GNU_SOURCE -I"$build" -o "$out/floor" "$bench/floor.c" \
	"$here"/../../user/{tracer_probe,log}.c -lbpf
${CLANG:-clang} -g -O2 -Wall -target bpf -D__TARGET_ARCH_x86 -I"$here/../../vmlinux" -I"$here/../../bpf" \
	-c "$bench/below.bpf.c" -o "$out/below.o"
cat >"$out/guest" <<'END'
export LOOPS="getppid dup+close open+close look dup-refused"
SITE=$(/site alloc_fd 24 | head -n 1)
export SITE
echo "S $SITE"
exec /bin/sh /bench nothing try-fexit_alloc_fd try-fexit_alloc_fd,fexit_alloc_empty_file try-fentry_alloc_fd \
	try-fentry_next_fd try-fexit_counter_sum try-kprobe_counter_sum try-kprobe_site try-kretprobe_multi_alloc_fd try-kretprobe_alloc_fd
END
"$here/run.sh" -k "$kernel" -i -b -m 512 -t 600 -a norandmaps -f "$out/floor:/floor" -f "$out/loops:/loops" \
	-f "$out/site:/site" -f "$bench/guest.sh:/bench" -f "$out/below.o:/below.o" -f "$out/guest:/guest" \
	-- /bin/sh /guest >"$out/log" 2>"$out/err" || { cat "$out/err" >&2; exit 1; }
awk '
function us(n) { return n >= 10000 ? sprintf("%.0f ms", n / 1000) : sprintf("%.1f ms", n / 1000) }
function added(row, op) {
	if (!((row, op) in ns)) return "-"
	return ns[row, op] == ns["nothing", op] ? "±0" : sprintf("%+d", ns[row, op] - ns["nothing", op])
}
$1 == "S" { site = $2 }
$1 == "X" { row[++n] = $2; times[$2] = substr($0, length($2) + 4) " | -" }
$1 == "A" { times[$2] = us($3) " | " us($4) }
$1 == "L" { if (!seen[$2]++ && $2 != "nothing") row[++n] = $2; ns[$2, $3] = $4 }
END {
	print "| attached, doing nothing | getppid | dup+close | open+close | a refused dup | attach | detach |"
	print "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
	for (i = 1; i <= n; i++) {
		name = substr(row[i], 5)
		sub("kprobe_site", "kprobe at " site, name)
		printf "| %s | %s | %s | %s | %s | %s |\n", name, added(row[i], "getppid"), added(row[i], "dup+close"),
			added(row[i], "open+close"), added(row[i], "dup-refused"), times[row[i]]
	}
	printf "\nLooking how many descriptors one process has: %d instructions.\n", ns["nothing", "look"]
}' "$out/log"
