#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a refusal costs the program that is refused in a loop: instructions added to the call by
# failcnt, each backend, beside bpftrace that counts the same thing at the same place. As Markdown
# for README.md; each number is of a virtual machine where an instruction takes a nanosecond.
#
#   refused.sh [-k KERNEL] [-b] [-n KINDS] BUILD_DIR     default: 6.12; -b: without bpftrace
#
# KINDS: those of refused_guest.sh, in quotes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=6.12 others=bpftrace kinds=''
readonly count=100000

die() { echo "refused.sh: $*" >&2; exit 2; }

while getopts k:bn: option; do
	case $option in
	k) kernel=$OPTARG ;;
	b) others='' ;;
	n) kinds=$OPTARG ;;
	*) die "usage: refused.sh [-k KERNEL] [-b] [-n KINDS] BUILD_DIR" ;;
	esac
done
shift $((OPTIND - 1))
(($# == 1)) || die "usage: refused.sh [-k KERNEL] [-b] [-n KINDS] BUILD_DIR"
build=$(cd "$1" && pwd -P) || die "$1: no such directory"
[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
out=$build/bench
mkdir -p "$out"
rm -f "$out"/refused-*
cp "$build/failcnt" "$out/refused-failcnt"
${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -static -o "$out/refusals" "$here/refusals.c"
rm -f "$out/refused.img"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -b 1024 "$out/refused.img" 4M 2>"$out/mke2fs.log" ||
	die "no ext4 image: $(<"$out/mke2fs.log")"
"$here/../vm/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/../vm/kernels.sh" fetch "$kernel"
"$here/../vm/kernels.sh" busybox >/dev/null

run_machine() { # NAME MIB MORE... -- ROW...
	local name=$1 memory=$2 more=()
	shift 2
	while [[ $1 != -- ]]; do more+=("$1"); shift; done
	shift
	"$here/../vm/run.sh" -k "$kernel" -i -b -m "$memory" -t 900 -a norandmaps "${more[@]}" \
		-f "$out/refused-failcnt:/failcnt" -f "$out/refused.img:/ext4.img" -e KINDS="$kinds" -f "$out/refusals:/refusals" \
		-f "$here/refused_guest.sh:/guest" -- /bin/sh /guest "$count" "$@" \
		>"$out/refused-$name.log" 2>"$out/refused-$name.err" || echo "X $name - $?" >>"$out/refused-$name.log"
}

run_machine failcnt 768 -- nothing fexit kprobe tracepoint &
if [[ $others ]]; then
	tools=$("$here/tools_fetch.sh")
	run_machine bpftrace 1536 -r "$tools/tools.cpio" -- bpftrace-fexit bpftrace-kprobe bpftrace-tracepoint &
fi
wait

# R ROW KIND NS TOLD
awk -v count="$count" '
$1 == "R" { ns[$2, $3] = $4; told[$2, $3] = $5; if (!($3 in seen)) { seen[$3]; kind[++kinds] = $3 } }
function added(row, k) {
	if (!((row, k) in ns)) return "-"
	return sprintf("%+d%s", ns[row, k] - ns["nothing", k],
		       told[row, k] == "-" || told[row, k] == count ? "" : " (told " told[row, k] ")")
}
END {
	print "| refused in a loop | nothing | fexit | bpftrace | kprobe | bpftrace | tracepoint | bpftrace |"
	print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
	for (i = 1; i <= kinds; i++) {
		k = kind[i]
		printf "| %s | %d |", k, ns["nothing", k]
		n = split("fexit kprobe tracepoint", way, " ")
		for (j = 1; j <= n; j++) printf " %s | %s |", added(way[j], k), added("bpftrace-" way[j], k)
		print ""
	}
}' "$out"/refused-*.log
cat "$out"/refused-*.err >&2
if grep -h '^X ' "$out"/refused-*.log; then exit 1; fi
