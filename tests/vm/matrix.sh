#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every failure, on every kernel, by every backend: provoked, and seen exactly once with the right
# numbers, or there is a listed reason why it cannot be.
#
#   matrix.sh [-k KERNELS] [-b BACKENDS] [-n ROWS] [-j N] [-r FILE] BUILD_DIR
#
#   -k, --kernels KERNELS   as kernels.sh names them (default: "5.10 6.1 6.12 6.18 newest"); with 6.1
#                           comes a machine that has cgroup v1 too
#   -b BACKENDS             default: "fexit kprobe tracepoint"
#   -n ROWS                 only these provocations ("provoke LIST" names them); cells.txt is not looked at
#   -j N                    machines at a time (default: processors + 1)
#   -r FILE                 reasons (default: reasons.txt beside this)
#
# One machine for each kernel and backend runs guest.sh, which judges nothing; judge.jq compares its
# output with the truth here. Up to four rows of a machine that failed are tried once more, and told as "again" when they
# work then; more than five of all machines fail. BUILD_DIR/failcnt is tested. Raw output, results and the printed matrix
# stay in BUILD_DIR/matrix. Exit status: 0 when no cell failed, and no machine has fewer working
# cells than cells.txt says: a cell that stopped working cannot hide behind a new reason.
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernels='5.10 6.1 6.12 6.18 newest'
backends='fexit kprobe tracepoint'
at_once=$(($(nproc) + 1)) # a machine sleeps a quarter of its time
rows=
reasons=$here/reasons.txt
cells=$here/cells.txt
options 'k=kernels -kernels=kernels b=backends n=rows j=at_once r=reasons' "$@"
output matrix

# Enough repeats to be folded; more only take longer.
arguments_of() {
	case $1 in
	*-flood) echo "$1=20000" ;;
	*) echo "$1" ;;
	esac
}

# Machines: "KERNEL CGROUP BACKEND", those that take longest first.
machines=()
for kernel in $(tr ' ' '\n' <<<"$kernels" | tac); do
	for backend in $backends; do machines+=("$kernel v2 $backend"); done
	if [[ $kernel == 6.1 ]]; then
		for backend in $backends; do machines+=("$kernel v1 $backend"); done
	fi
done
# shellcheck disable=SC2086 # a list of words
need_kernels $kernels
make_provoke
# What the file systems of provoke_space.c are copied from: 4 MiB, of which a tenth is reserved.
PATH=$PATH:/usr/sbin:/sbin command -v mke2fs >/dev/null || die "needs mke2fs: apt-get install e2fsprogs"
rm -f "$out/ext4.img"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -b 1024 -N 32 -m 10 -O quota,project \
	-E quotatype=usrquota:grpquota:prjquota "$out/ext4.img" 4M 2>"$out/mke2fs.log" ||
	die "no ext4 image: $(<"$out/mke2fs.log")"
names=()
while read -r name _; do
	if [[ -z $rows || " $rows " == *" $name "* ]]; then names+=("$(arguments_of "$name")"); fi
done < <("$out/provoke" LIST)
((${#names[@]})) || die "none of these is a provocation: $rows"

in_machine() { # OUTPUT KERNEL CGROUP BACKEND NAME...: guest.sh there, and its judgement
	local file=$out/$1 kernel=$2 cgroup=$3 backend=$4 more=(-a log_buf_len=4M) first='' status=0
	shift 4
	if [[ $cgroup == v1 ]]; then more+=(-a failcnt.cgroup=v1); fi
	if [[ $backend == fexit ]]; then first=-a; fi
	# shellcheck disable=SC2086  # nothing where $first is empty
	"$here/run.sh" -k "$kernel" -m 512 -N -b -t 240 "${more[@]}" -f "$out/failcnt:/failcnt" \
		-f "$out/provoke:/provoke" -f "$here/guest.sh:/guest" \
		-f "$out/ext4.img:/ext4.img" \
		-- /bin/sh /guest $first "$backend" "$@" >"$file.log" 2>"$file.err" || status=$?
	jq -nRc --arg kernel "$kernel" --arg backend "$backend" --arg cgroup "$cgroup" --rawfile reasons "$reasons" \
		--argjson exit "$status" --argjson names "$(printf '%s\n' "$@" | jq -R . | jq -sc .)" \
		-f "$here/judge.jq" <"$file.log" >"$file.json" ||
		jq -nc --arg kernel "$kernel" --arg backend "$backend" --arg cgroup "$cgroup" '{row: "machine", $kernel,
			$backend, $cgroup, result: "FAIL", why: ["untested: judge.jq ended with an error"]}' \
			>"$file.json"
}

# The few rows that failed, once more in a machine of their own: what works then is told as "again", with what was seen
# first. An emulated machine on a busy host can be late; what is broken fails twice.
try_again() { # OUTPUT KERNEL CGROUP BACKEND
	local failed one again=()
	failed=$(jq -r 'select(.result == "FAIL").row' "$out/$1.json")
	if [[ -z $failed ]] || (($(wc -l <<<"$failed") > 4)); then return; fi
	for one in "${names[@]}"; do
		if grep -qxF -- "${one%%=*}" <<<"$failed"; then again+=("$one"); fi
	done
	((${#again[@]})) || again=(nofile-dup)
	echo "matrix.sh: $2 cgroup $3 $4: again $(paste -sd ' ' <<<"$failed")" >&2
	mkdir -p "$out/again"
	in_machine "again/$1" "$2" "$3" "$4" "${again[@]}"
	jq -c --slurpfile second "$out/again/$1.json" '. as $r
		| if .result == "FAIL" and any($second[]; .row == $r.row and .result == "ok") then .result = "again" else . end' \
		"$out/$1.json" >"$out/$1.merged"
	mv "$out/$1.merged" "$out/$1.json"
}

run_machine() { # KERNEL CGROUP BACKEND
	local name=$1-$2-$3 begin=$SECONDS
	echo "matrix.sh: $1 cgroup $2 $3 ..." >&2
	in_machine "$name" "$1" "$2" "$3" "${names[@]}"
	try_again "$name" "$1" "$2" "$3"
	echo "matrix.sh: $1 cgroup $2 $3: $((SECONDS - begin)) s, $(grep -c '"result":"FAIL"' "$out/$name.json" || true) failed" >&2
}

rm -rf "$out"/*.log "$out"/*.err "$out"/*.json "$out/again" "$out/matrix.txt"
running=0
for machine in "${machines[@]}"; do
	if ((running == at_once)); then
		wait -n
		running=$((running - 1))
	fi
	# shellcheck disable=SC2086  # three words
	run_machine $machine &
	running=$((running + 1))
done
wait

columns=$(for kernel in $kernels; do for cgroup in v2 v1; do for backend in $backends; do
	echo "$kernel $cgroup $backend"
done; done; done | while read -r kernel cgroup backend; do
	if [[ -e $out/$kernel-$cgroup-$backend.json ]]; then echo "$kernel $cgroup $backend"; fi
done)
((SECONDS > 0)) || SECONDS=1
status=0
jq -rn --arg columns "$columns" --argjson part "$([[ $rows ]] && echo true || echo false)" --rawfile cells "$cells" --argjson seconds "$SECONDS" -f "$here/matrix.jq" \
	"$out"/*.json >"$out/matrix.txt" || status=$?
cat "$out/matrix.txt"
((status == 0)) || exit 1
tail -n 1 "$out/matrix.txt" | grep -q ', 0 failed, '
