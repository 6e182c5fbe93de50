#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Ways to get below an empty fexit, in instructions added on 6.12 (or -k KERNEL). What each would
# be good for, and why it is or is not what failcnt does:
#
#   fewer hooks       one of alloc_fd and alloc_empty_file would halve open+close, but ENFILE and
#                     a cgroup's ENOMEM are decided in the second, EMFILE in the first.
#   failure-only      __percpu_counter_sum() runs only when the cheap count of files is at file-max:
#                     ENFILE for nothing. It does not see a cgroup's ENOMEM, for which
#                     alloc_empty_file is hooked as well. EMFILE has no such function: alloc_fd()
#                     compares two numbers of its own and returns.
#   at entry          fentry is cheaper than fexit, and next_fd >= end foretells EMFILE, but not all
#                     of it: after dup2() has filled the hole that next_fd points at, the search
#                     from there finds nothing and next_fd stays (fs/file.c, alloc_fd).
#   kretprobe.multi   dearer than fexit, cheaper than a kretprobe (from 5.18 on).
#   near the limit    to attach only while something is near its limit: the attach time below, and
#                     nobody tells when a process comes near RLIMIT_NOFILE but a hook on alloc_fd.
#
#   below.sh [-k KERNEL] BUILD_DIR
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=6.12
if [[ ${1-} == -k ]]; then
	kernel=${2-}
	shift 2
fi
(($# == 1)) || { echo "usage: below.sh [-k KERNEL] BUILD_DIR" >&2; exit 2; }
build=$(cd "$1" && pwd -P)
out=$build/below
mkdir -p "$out"

${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -static -o "$out/loops" "$here/loops.c"
${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$out/floor" "$here/floor.c" -lbpf
${CLANG:-clang} -g -O2 -Wall -target bpf -D__TARGET_ARCH_x86 -I"$here/../../vmlinux" -I"$here/../../bpf" \
	-c "$here/below.bpf.c" -o "$out/below.o"
"$here/../vm/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/../vm/kernels.sh" fetch "$kernel"
"$here/../vm/kernels.sh" busybox >/dev/null
cat >"$out/guest" <<'END'
export LOOPS="dup+close open+close"
exec /bin/sh /bench nothing try-fexit_alloc_fd try-fexit_alloc_fd,fexit_alloc_empty_file try-fentry_alloc_fd \
	try-fentry_next_fd try-fexit_alloc_fd,fexit_counter_sum try-kretprobe_multi_alloc_fd try-kretprobe_alloc_fd
END
"$here/../vm/run.sh" -k "$kernel" -i -b -m 512 -t 600 -a norandmaps -f "$out/floor:/floor" -f "$out/loops:/loops" \
	-f "$here/guest.sh:/bench" -f "$out/below.o:/below.o" -f "$out/guest:/guest" -- /bin/sh /guest >"$out/log" 2>"$out/err" ||
	{ cat "$out/err" >&2; exit 1; }
awk '
$1 == "L" && $2 == "nothing" { base[$3] = $4 }
$1 == "A" { us[$2] = $3 " / " $4 }
$1 == "L" && $2 != "nothing" { if (!seen[$2]++) row[++n] = $2; cost[$2, $3] = $4 - base[$3] }
END {
	print "| attached | dup+close | open+close | attach / detach, us |\n| --- | ---: | ---: | ---: |"
	for (i = 1; i <= n; i++)
		printf "| %s | +%d | +%d | %s |\n", substr(row[i], 5), cost[row[i], "dup+close"],
			cost[row[i], "open+close"], us[row[i]]
}' "$out/log"
