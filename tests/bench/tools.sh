#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What failcnt costs beside what users would take instead (tools.txt, from Debian's packages), as
# Markdown: instructions that each adds to calls that succeed, and to one that is refused, whether it
# tells of all of these, and what it takes to start and to wait. The numbers are of virtual machines
# where each instruction takes a nanosecond, as in run.sh: the same in every run.
#
#   tools.sh [-k KERNEL]... BUILD_DIR    default: 6.12 and newest; prints the tables, and leaves
#                                        them in BUILD_DIR/bench/tools.md
#   tools.sh -r README BUILD_DIR         puts that file between the markers in README
#   tools.sh -c README                   says where the rows of README are not those of tools.txt
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernels=() readme='' check=''
readonly refusals=10000
readonly operations='getppid read write futex madvise+fault dup+close open+close mmap+munmap fork+exit kill-ignored semget+rmid'
# Each machine has these one after the other; two machines run side by side. What is heavy is apart.
readonly machines=('fexit kprobe tracepoint opensnoop syscount strace'
	'bpftrace-exit bpftrace-kretprobe bpftrace-fexit perf audit-openat audit-all')
readonly begin='<!-- make bench: begin -->' end='<!-- make bench: end -->'

die() { echo "tools.sh: $*" >&2; exit 2; }
rows() { grep -v '^#' "$here/tools.txt"; }

run_machine() { # KERNEL NUMBER ROW...
	local kernel=$1 name=tools-$1-$2
	shift 2
	"$here/../vm/run.sh" -k "$kernel" -i -b -m 1536 -t 1800 -a norandmaps -r "$tools/tools.cpio" \
		-f "$out/failcnt:/failcnt" -f "$out/loops:/loops" -f "$out/refusals:/refusals" \
		-f "$out/operations:/operations" -f "$here/tools.txt:/tools.txt" \
		-f "$here/tools_guest.sh:/guest" -- /bin/sh /guest "$refusals" "$@" \
		>"$out/$name.log" 2>"$out/$name.err" || echo "E $name $?" >>"$out/$name.log"
}

tables() { # KERNEL
	awk -F '\t' -v refusals="$refusals" -v operations="$operations" '
	function added(row, op, base, more) {
		if (!((row, op) in ns)) return "-"
		base = ns["nothing", op]
		more = ns[row, op] - base
		if (more * more < (base / 1000) ^ 2) return "±0"
		if (base > 50000) return sprintf("%+.1f %%", 100 * more / base)
		return sprintf("%+d", more)
	}
	function scaled(row, key, by) { return (row, key) in value ? sprintf("%.1f", value[row, key] / by) : "-" }
	FILENAME ~ /tools.txt$/ { if (!/^#/) { name[++rows] = $1; title[$1] = "`" $2 "`" }; next }
	{ split($0, f, " ") }
	f[1] == "L" { if (!((f[2], f[3]) in ns)) ns[f[2], f[3]] = f[4] }
	f[1] == "V" { value[f[2], f[3]] = f[4] }
	f[1] == "X" { why[f[2]] = substr($0, length(f[2]) + 4) }
	END {
		n = split(operations, asked, " ")
		for (i = 1; i <= n; i++) if (("nothing", asked[i]) in ns) op[++ops] = asked[i]
		printf "| running |"
		for (j = 1; j <= ops; j++) printf " %s |", op[j]
		printf "\n| --- |"
		for (j = 1; j <= ops; j++) printf " ---: |"
		printf "\n| nothing |"
		for (j = 1; j <= ops; j++) printf " %d |", ns["nothing", op[j]]
		print ""
		for (i = 1; i <= rows; i++) {
			printf "| %s |", title[name[i]]
			for (j = 1; j <= ops; j++) printf " %s |", added(name[i], op[j])
			print ""
		}
		printf "\n| running | a refused open | in its own process | told | start | memory | idle |\n"
		print "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
		for (i = 1; i <= rows; i++) {
			row = name[i]
			if (!((row, "told") in value)) {
				printf "| %s | - | - | - | - | - | - |\n", title[row]
				continue
			}
			printf "| %s | %+d | %+d | %.1f %% | %s | %s | %s |\n", title[row],
				value[row, "refused"] - value["nothing", "refused"],
				value[row, "own"] / refusals, 100 * value[row, "told"] / refusals,
				scaled(row, "start", 1e6), scaled(row, "rss", 1024), scaled(row, "idle", 1e7)
		}
		for (i = 1; i <= rows; i++) if (name[i] in why)
			printf "\n%s does not run on this kernel: %s\n", title[name[i]], why[name[i]]
	}' "$here/tools.txt" "$out/tools-$1"-*.log
}

print_all() {
	local kernel
	cat <<END

Of Debian: $(awk '{ print $1, $2 }' "$tools/versions" | paste -sd ',' | sed 's/,/, /g').

First what each adds to one call that succeeds, in instructions (±0: less than 0.1 %). What a tool does
in its own process later is not in it. Then, for $refusals opens in a loop that are refused with EMFILE:
instructions added to each, and what the tool's own processes (of audit: auditd and kauditd) spend on
it; how many were told or counted; millions of instructions to start until it rests; resident memory,
MiB; millions of instructions a second while nothing happens.
END
	for kernel in "${kernels[@]}"; do
		printf '\nLinux %s:\n\n' "$(<"$("$here/../vm/kernels.sh" dir "$kernel")/release")"
		tables "$kernel"
	done
}

measure() {
	local kernel i
	[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
	mkdir -p "$out"
	rm -f "$out"/tools-*
	tools=$("$here/tools_fetch.sh")
	cp "$build/failcnt" "$out/failcnt"
	for i in loops refusals; do
		${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -static -o "$out/$i" "$here/$i.c"
	done
	echo "$operations" >"$out/operations"
	for kernel in "${kernels[@]}"; do
		"$here/../vm/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/../vm/kernels.sh" fetch "$kernel"
		for i in "${!machines[@]}"; do
			# shellcheck disable=SC2086  # several rows
			run_machine "$kernel" "$i" ${machines[i]} &
		done
		wait
	done
	print_all | tee "$out/tools.md"
	if grep -H '^E ' "$out"/tools-*.log >&2; then exit 1; fi
}

into_readme() {
	if ! grep -qxF -- "$begin" "$readme" || ! grep -qxF -- "$end" "$readme"; then
		die "$readme: no line '$begin', or none '$end'"
	fi
	awk -v begin="$begin" -v end="$end" -v file="$out/tools.md" '
		$0 == end { while ((getline line <file) > 0) print line; print ""; skip = 0 }
		!skip { print }
		$0 == begin { skip = 1 }' "$readme" >"$out/readme"
	cat "$out/readme" >"$readme"
}

# Each command once in each table, in the order of tools.txt.
check_readme() {
	local have want tables
	have=$(sed -n "/^$begin\$/,/^$end\$/s/^| \(\`[^\`]*\`\) |.*/\1/p" "$check")
	tables=$(sed -n "/^$begin\$/,/^$end\$/p" "$check" | grep -c '^| running |') || true
	want=$(while ((tables-- > 0)); do rows | awk -F '\t' '{ print "`" $2 "`" }'; done)
	[[ -n $have && $have == "$want" ]] ||
		echo "$check: the tables of make bench are not of tests/bench/tools.txt: run make bench-readme"
}

while getopts k:r:c: option; do
	case $option in
	k) kernels+=("$OPTARG") ;;
	r) readme=$OPTARG ;;
	c) check=$OPTARG ;;
	*) die "usage: tools.sh [-k KERNEL]... | -r README | -c README  BUILD_DIR" ;;
	esac
done
shift $((OPTIND - 1))
if [[ -n $check ]]; then check_readme; exit; fi
(($# == 1)) || die "usage: tools.sh [-k KERNEL]... | -r README | -c README  BUILD_DIR"
build=$(cd "$1" && pwd -P) || die "$1: no such directory"
out=$build/bench
if [[ -n $readme ]]; then into_readme; exit; fi
((${#kernels[@]})) || kernels=(6.12 newest)
measure
