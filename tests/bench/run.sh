#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What failcnt costs, as Markdown for README.md: instructions that each way to attach adds to what
# succeeds and to what is refused; and the time to start, to tell and to end, and memory. Ends with
# how many of the bounds in targets.txt it keeps to, and fails where it does not to one (judge.sh).
#
#   run.sh [-k KERNEL] [-l] BUILD_DIR        default: 6.12; -l: instructions alone, no times
#   run.sh [-k KERNEL] -r README BUILD_DIR   puts the table of the last run for that kernel between
#                                            its markers in README
#
# Instructions are counted in a virtual machine where each takes a nanosecond (tests/vm/run.sh -i),
# with mitigations=off: the numbers are the same in every run and on every machine. The rest is
# measured on this machine, and in the virtual one only as a ratio.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=6.12 readme='' times=1
readonly operations='getppid read write futex madvise+fault dup+close open+close mmap+munmap brk+brk semget+rmid kill-ignored kill-handled fork+exit fork+kill'
readonly backends='fexit kprobe tracepoint events'
readonly floors='floor-fexit floor-kprobe floor-tracepoint floor-classic'

die() { echo "run.sh: $*" >&2; exit 2; }

readonly usage='usage: run.sh [-k KERNEL] [-l] [-r README] BUILD_DIR'
while getopts k:lr: option; do
	case $option in
	k) kernel=$OPTARG ;;
	l) times='' ;;
	r) readme=$OPTARG ;;
	*) die "$usage" ;;
	esac
done
shift $((OPTIND - 1))
(($# == 1)) || die "$usage"
build=$(cd "$1" && pwd -P) || die "$1: no such directory"
[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
out=$build/bench
readonly table=$out/table-$kernel.md logs=("$out"/{failcnt,floor}-"$kernel".log)

compile() {
	local way
	for way in loops times; do
		${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -static -o "$out/$way" "$here/$way.c"
	done
	${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -D_GNU_SOURCE -I"$build" -o "$out/floor" "$here/floor.c" \
		"$here"/../../user/{tracer_probe,log}.c -lbpf
	# Empty programs, one for each of failcnt's own.
	llvm-objdump -t "$build/failcnt.linked.o" |
		awk '$2 == "g" && $3 == "F" && $4 ~ /\// { printf "EMPTY(\"%s\", %s)\n", $4, $NF }' >"$out/floor.list"
	${CLANG:-clang} -g -O2 -Wall -target bpf -DFLOOR="\"$out/floor.list\"" -c "$here/floor.bpf.c" \
		-o "$out/floor.o"
}

# Addresses are not random: how many page tables a fork copies depends on them.
run_machine() { # NAME ROW...
	local name=$1-$kernel
	shift
	"$here/../vm/run.sh" -k "$kernel" -i -b -m 512 -t 2400 -a norandmaps \
		-f "$out/failcnt:/failcnt" -f "$out/floor:/floor" -f "$out/loops:/loops" \
		-f "$out/times:/times" -f "$here/guest.sh:/guest" -f "$out/floor.o:/floor.o" \
		-- /bin/sh /guest "$@" >"$out/$name.log" 2>"$out/$name.err" ||
		echo "X $name $?" >>"$out/$name.log"
}

# As it stands in README: what failcnt itself runs meanwhile, such as to tell of a death, is not in it.
loop_table() { # COLUMN...
	awk -v columns="$*" '
	function title(row) {
		if (row == "nothing") return "nothing"
		if (row == "floor-classic") return "empty programs, classic tracepoint"
		if (row ~ /^floor-/) return "empty programs in its place"
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
	# Of what was counted more than once; of an even number the lower one. As judge.sh does.
	function middle(text, v, n, i, j, one) {
		n = split(text, v, " ")
		for (i = 2; i <= n; i++) {
			one = v[i]
			for (j = i - 1; j >= 1 && v[j] + 0 > one + 0; j--) v[j + 1] = v[j]
			v[j + 1] = one
		}
		return v[int((n + 1) / 2)]
	}
	$1 != "L" { next }
	$2 == "nothing" { counts[FILENAME, $3] = counts[FILENAME, $3] " " $4 }
	!($2 in machine) { machine[$2] = FILENAME }
	machine[$2] == FILENAME { all[$2, $3] = all[$2, $3] " " $7 $5 ($8 == "moved" ? "†" : "") }
	END {
		for (key in counts) nothing[key] = middle(counts[key]) + 0
		for (key in all) {
			one = middle(all[key])
			ns[key] = one + 0
			sure[key] = one ~ /=/ ? "=" : "~"
			mark[key] = one ~ /†/ ? "†" : ""
		}
		rows = split("nothing fexit floor-fexit kprobe floor-kprobe tracepoint floor-tracepoint floor-classic events", row, " ")
		n = split(columns, op, " ")
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
	}' "${logs[@]}"
}

into_readme() {
	local begin="<!-- run.sh -k $kernel: begin -->" end="<!-- run.sh -k $kernel: end -->"
	[[ -s $table ]] || die "$table: run it without -r first"
	if ! grep -qxF -- "$begin" "$readme" || ! grep -qxF -- "$end" "$readme"; then
		die "$readme: no line '$begin', or none '$end'"
	fi
	awk -v begin="$begin" -v end="$end" -v file="$table" '
		$0 == end { print ""; while ((getline line <file) > 0) print line; print ""; skip = 0 }
		!skip { print }
		$0 == begin { skip = 1 }' "$readme" >"$out/readme"
	cat "$out/readme" >"$readme"
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
	}' "${logs[@]}"
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

if [[ -n $readme ]]; then
	into_readme
	exit
fi
mkdir -p "$out"
rm -f "${logs[@]}" "$table"
compile
cp "$build/failcnt" "$out/failcnt" # what is measured stays what it is
"$here/../vm/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/../vm/kernels.sh" fetch "$kernel"
"$here/../vm/kernels.sh" busybox >/dev/null
# First, while no virtual machine takes its time away.
if [[ $times ]]; then host_table >"$out/host.md"; fi
# shellcheck disable=SC2086  # several rows
run_machine failcnt nothing $backends ${times:+times-tracepoint times-fexit times-kprobe} &
# shellcheck disable=SC2086
run_machine floor nothing $floors &
wait
release=$(<"$("$here/../vm/kernels.sh" dir "$kernel")/release")
# shellcheck disable=SC2086
loop_table $operations >"$table"

cat <<END
Instructions per operation on Linux $release, mitigations=off, and how many each row adds (±0: less
than 0.1 %; †: after a first missed call; fork+exit differs by as much as 0.5 % from run to run).
\`make bench\` counts them again:

$(<"$table")

Failures: a dup refused with EMFILE, in a loop, so that it is counted in the kernel and told once a
second; and three that are none of ours, lseek from nowhere, read of an empty pipe and isatty of a
file.

$(loop_table dup-refused EINVAL EAGAIN ENOTTY)

END
if [[ $times ]]; then
	cat <<END
Times in that machine, each as a multiple of the tracepoint backend's:

$(ratio_table)

On this machine, Linux $(uname -r), $(nproc) processors, --backend=auto, medians of 5:

$(<"$out/host.md")

END
fi
cat "$out"/{failcnt,floor}-"$kernel".err >&2
"$here/judge.sh" "${logs[@]}"
