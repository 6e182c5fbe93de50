#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What failcnt costs, as Markdown for README.md: instructions that each way to attach adds to what
# succeeds and to what is refused; and the time to start, to tell and to end, and memory.
#
#   run.sh [-k KERNEL] BUILD_DIR     default: 6.12
#
# Instructions are counted in a virtual machine where each takes a nanosecond (tests/vm/run.sh -i),
# with mitigations=off: the numbers are the same in every run and on every machine. The rest is
# measured on this machine, and in the virtual one only as a ratio.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=6.12
readonly operations='getppid read write madvise+fault dup+close open+close mmap+munmap brk+brk futex semget+rmid kill-ignored kill-handled fork+exit fork+kill'
readonly backends='fexit kprobe tracepoint events'
readonly floors='floor-fexit floor-kprobe floor-tracepoint floor-classic'

die() { echo "run.sh: $*" >&2; exit 2; }

if [[ ${1-} == -k ]]; then
	kernel=${2-}
	shift 2
fi
(($# == 1)) || die "usage: run.sh [-k KERNEL] BUILD_DIR"
build=$(cd "$1" && pwd -P) || die "$1: no such directory"
[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
out=$build/bench
mkdir -p "$out"
rm -f "$out"/*

compile() {
	local way
	for way in loops times; do
		${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -static -o "$out/$way" "$here/$way.c"
	done
	${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$out/floor" "$here/floor.c" -lbpf
	# Empty programs, one for each of failcnt's own.
	llvm-objdump -t "$build/failcnt.linked.o" |
		awk '$2 == "g" && $3 == "F" && $4 ~ /\// { printf "EMPTY(\"%s\", %s)\n", $4, $NF }' >"$out/floor.list"
	${CLANG:-clang} -g -O2 -Wall -target bpf -DFLOOR="\"$out/floor.list\"" -c "$here/floor.bpf.c" \
		-o "$out/floor.o"
}

# Addresses are not random: how many page tables a fork copies depends on them.
run_machine() { # NAME ROW...
	local name=$1
	shift
	"$here/../vm/run.sh" -k "$kernel" -i -b -m 512 -t 900 -a norandmaps \
		-f "$out/failcnt:/failcnt" -f "$out/floor:/floor" -f "$out/loops:/loops" \
		-f "$out/times:/times" -f "$here/guest.sh:/guest" -f "$out/floor.o:/floor.o" \
		-- /bin/sh /guest "$@" >"$out/$name.log" 2>"$out/$name.err" ||
		echo "X $name $?" >>"$out/$name.log"
}

loop_tables() {
	awk -v operations="$operations" '
	function title(row) {
		if (row == "nothing") return "nothing"
		if (row == "floor-classic") return "empty programs in its place, tracepoint:raw_syscalls:sys_exit"
		if (row ~ /^floor-/) return "empty programs in its place (" programs[row] ")"
		if (row ~ /-own$/) return "the same, without what the collector itself runs"
		return "**failcnt --backend=" row "**"
	}
	function added(row, op, base, more) {
		if (!((row, op) in ns)) return "-"
		if (row == "nothing") return ns[row, op]
		base = nothing[machine[row], op]
		more = ns[row, op] - base
		if (more * more < (base / 1000) ^ 2) return "±0"
		if (base > 50000) return sprintf("%+.1f %%", 100 * more / base) mark[row, op]
		return sprintf("%s%+d%s", sure[row, op] == "=" ? "" : "~", more, mark[row, op])
	}
	$1 == "L" && $2 == "nothing" { nothing[FILENAME, $3] = $4 }
	$1 == "L" && !($2 in machine) { machine[$2] = FILENAME }
	$1 == "L" && machine[$2] == FILENAME { ns[$2, $3] = $4; sure[$2, $3] = $5 }
	$1 == "L" && $7 { ns[$2 "-own", $3] = $7; sure[$2 "-own", $3] = $5; machine[$2 "-own"] = FILENAME }
	$1 == "L" && $8 == "moved" { mark[$2, $3] = mark[$2 "-own", $3] = "†"; moved = 1 }
	$1 == "F" { programs[$2] = $3 }
	END {
		rows = split("nothing fexit fexit-own floor-fexit kprobe kprobe-own floor-kprobe tracepoint tracepoint-own floor-tracepoint floor-classic events events-own", row, " ")
		n = split(operations, op, " ")
		printf "| attached |"
		for (j = 1; j <= n; j++) printf " %s |", op[j] == "read" ? "read 1 byte" : op[j]
		printf "\n| --- |"
		for (j = 1; j <= n; j++) printf " ---: |"
		print ""
		for (i = 1; i <= rows; i++) {
			printf "| %s |", title(row[i])
			for (j = 1; j <= n; j++) printf " %s |", added(row[i], op[j])
			print ""
		}
		print "\nFailures: a dup refused with EMFILE, in a loop, so that it is counted in the kernel and told"
		print "once a second; and three that are none of ours, readlink of a directory, read of an empty pipe"
		print "and isatty of a file.\n"
		print "| attached | EMFILE | EINVAL | EAGAIN | ENOTTY |\n| --- | ---: | ---: | ---: | ---: |"
		for (i = 1; i <= rows; i++)
			printf "| %s | %s | %s | %s | %s |\n", title(row[i]), added(row[i], "dup-refused"),
				added(row[i], "EINVAL"), added(row[i], "EAGAIN"), added(row[i], "ENOTTY")
		if (moved) print "\n†: measured after a program had missed a call and another, that misses none, had its place."
	}' "$out"/*.log
}

# Times of an emulated machine mean nothing but against each other.
ratio_table() {
	awk '
	$1 == "T" { us[$2, $3] = $4 }
	END {
		print "| --backend= | exec to `started` | refusal to its line | SIGINT to exit |"
		print "| --- | ---: | ---: | ---: |"
		n = split("tracepoint fexit kprobe", row, " ")
		k = split("started told exit", key, " ")
		for (i = 1; i <= n; i++) {
			printf "| %s |", row[i]
			for (j = 1; j <= k; j++)
				printf us["tracepoint", key[j]] && us[row[i], key[j]] ? " %.1f |" : " - |", \
					us[row[i], key[j]] / (us["tracepoint", key[j]] ? us["tracepoint", key[j]] : 1)
			print ""
		}
	}' "$out"/*.log
}

host_table() {
	local maps
	if ! "$out/times" "$out/failcnt" auto >"$out/host.times" 2>"$out/host.err"; then
		echo "This machine does not allow it: $(head -n 1 "$out/host.err")"
		return
	fi
	maps=$("$out/failcnt" doctor 2>/dev/null | sed -nE 's/^BPF maps: ([0-9]+ KiB).*/\1/p') || true
	awk -v maps="${maps:--}" '
	{ n[$1] = $2 }
	END {
		print "| what | how much |\n| --- | ---: |"
		printf "| exec to the line `started` | %.0f ms |\n", n["started"] / 1000
		printf "| exec to the line of a first refusal | %.0f ms |\n", n["first"] / 1000
		printf "| processor time of that start | %.0f ms |\n", n["cpu"] / 1000
		printf "| refusal to its line | %.1f ms |\n", n["told"] / 1000
		printf "| SIGINT to exit | %.1f ms |\n", n["exit"] / 1000
		printf "| resident memory, idle | %.1f MiB |\n", n["rss"] / 1024
		printf "| processor time, idle | %.2f %% of one |\n", n["idle"] / 10000
		printf "| wake-ups in 10 s, idle | %d |\n", n["wakes"]
		printf "| BPF maps | %s |\n", maps
	}' "$out/host.times"
}

compile
cp "$build/failcnt" "$out/failcnt" # what is measured stays what it is
"$here/../vm/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/../vm/kernels.sh" fetch "$kernel"
"$here/../vm/kernels.sh" busybox >/dev/null
# First, while no virtual machine takes its time away.
host_table >"$out/host.md"
# shellcheck disable=SC2086  # several rows
run_machine failcnt nothing $backends times-tracepoint times-fexit times-kprobe &
# shellcheck disable=SC2086
run_machine floor nothing $floors &
wait
release=$(<"$("$here/../vm/kernels.sh" dir "$kernel")/release")

cat <<END
Instructions per operation on Linux $release, mitigations=off, and how many each row adds (±0: less
than 0.1 %; fork+exit differs by as much as 0.5 % from run to run). \`make bench\` counts them again:

$(loop_tables)

Times in that machine, each as a multiple of the tracepoint backend's:

$(ratio_table)

On this machine, Linux $(uname -r), $(nproc) processors, --backend=auto, medians of 5:

$(<"$out/host.md")
END
cat "$out"/*.err >&2
if grep -h '^X ' "$out"/*.log; then exit 1; fi
