#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the test suites, shows their progress, and ends with the sum of all:
#   run.sh quick|all BUILD_DIR
# quick: no root, under a minute. all: everything, as root; KERNELS names the virtual machines, or
# "none". ("only BUILD_DIR SUITE" is how it runs one beside others.) Every suite prints as its last line "NAME: N passed, N failed[, N skipped]".
set -u

what=${1:?usage: run.sh quick|all BUILD_DIR}
build=$(realpath "${2:?usage: run.sh quick|all BUILD_DIR}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cd "$here/.." || exit 1
kernels=${KERNELS:-5.10 6.1 6.12 6.18 newest}
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Adds a suite's closing line to the sum; a suite without one has failed.
add() {
	local name=$1 status=$2 line n
	line=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
	if [ -z "$line" ]; then
		echo "$name: no closing line (status $status)"
		failed=$((failed + 1))
		return
	fi
	n=$(sed -E 's/.*[^0-9]([0-9]+) failed.*/\1/' <<<"$line")
	passed=$((passed + $(sed -E 's/(.*[^0-9])?([0-9]+) passed.*/\2/' <<<"$line")))
	failed=$((failed + n))
	if [[ $line =~ ([0-9]+)\ skipped ]]; then skipped=$((skipped + BASH_REMATCH[1])); fi
	if [ "$status" != 0 ] && [ "$n" = 0 ]; then
		echo "$name: ended with status $status"
		failed=$((failed + 1))
	fi
}

suite() {
	local name=$1 start=$SECONDS status
	shift
	echo "== $name"
	"$@" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	add "$name" "$status"
	echo "== $name took $((SECONDS - start)) s"
}

# Suites that run one after the other beside those that follow, each shown by `joined`.
declare -A aside_pid=()
aside() { # NAME...
	local name
	for name; do rm -f "$build/$name.ended"; done
	(
		for name; do
			start=$SECONDS status=0
			"$here/run.sh" only "$build" "$name" >"$build/$name.aside" 2>&1 || status=$?
			echo "$status $((SECONDS - start))" >"$build/$name.ended"
		done
	) &
	for name; do aside_pid[$name]=$!; done
}

joined() { # NAME...
	local name status took
	for name; do
		echo "== $name, which ran beside the others"
		wait "${aside_pid[$name]}" || true
		read -r status took <"$build/$name.ended" || { status=1 took='?'; }
		tee "$log" <"$build/$name.aside"
		add "$name" "$status"
		echo "== $name took $took s"
	done
}

unit() {
	local test out n ok=0 bad=0
	for test in "$build"/unit/test_*; do
		[ -f "$test" ] || continue
		if out=$(FAILCNT_FIXTURES=$here/fixtures timeout 120 "$test" 2>&1); then
			n=$(sed -nE 's/.*\[  PASSED  \] ([0-9]+) test.*/\1/p' <<<"$out")
			echo "ok $(basename "$test"): ${n:-0} tests"
			ok=$((ok + ${n:-0}))
			[ -n "$n" ] || bad=$((bad + 1))
		else
			echo "$out" | tail -60
			echo "FAIL $(basename "$test")"
			bad=$((bad + 1))
		fi
	done
	echo "unit: $ok passed, $bad failed"
	[ "$bad" = 0 ]
}

cli() {
	local out status ok bad skip
	out=$(FAILCNT=$build/failcnt bats --tap tests/cli/*.bats 2>&1)
	status=$?
	echo "$out"
	skip=$(grep -cE '^ok .*# skip' <<<"$out")
	ok=$(($(grep -c '^ok ' <<<"$out") - skip))
	bad=$(grep -c '^not ok ' <<<"$out")
	echo "cli: $ok passed, $bad failed, $skip skipped"
	return $status
}

fuzz_one() { # PROGRAM: for 8 seconds
	local name
	local -a seeds=() # where new ones go, and where to begin
	name=$(basename "$1")
	if [ "$name" = fuzz_import ]; then seeds=("$(mktemp -d)" "$here/fixtures/kmsg"); fi
	if (cd "$(mktemp -d)" && "$1" "${seeds[@]}" -max_total_time=8 -max_len=8192 -print_final_stats=1) >"$build/$name.log" 2>&1; then
		echo "ok $name: $(sed -n 's/stat::number_of_executed_units: *//p' "$build/$name.log") inputs"
	else
		tail -40 "$build/$name.log"
		echo "FAIL $name"
	fi
}

fuzz() {
	local f out="$build/fuzz.log" bad running=0
	rm -f "$build"/fuzz_*.result
	for f in "$build"/fuzz/fuzz_*; do
		[ -f "$f" ] || continue
		if [ "$running" = "$(nproc)" ]; then
			wait -n
			running=$((running - 1))
		fi
		fuzz_one "$f" >"$build/$(basename "$f").result" &
		running=$((running + 1))
	done
	wait
	cat "$build"/fuzz_*.result | tee "$out"
	bad=$(grep -c '^FAIL' "$out")
	echo "fuzz: $(grep -c '^ok' "$out") passed, $bad failed"
	[ "$bad" = 0 ]
}

fetch_kernels() {
	# shellcheck disable=SC2086 # a list of words
	if tests/vm/kernels.sh fetch $kernels; then
		echo "kernels: 1 passed, 0 failed"
	else
		echo "kernels: 0 passed, 1 failed"
		return 1
	fi
}

# Small: that it works, and is not slow. README has the large one.
store() {
	if tests/bench/store.sh "$build" 50000; then
		echo "store: 1 passed, 0 failed"
	else
		echo "store: 0 passed, 1 failed"
		return 1
	fi
}

# Short: README has the long ones. Some 45 s together.
flood() { tests/bench/flood.sh -s 2 -k nofile -r 2 "$build"; }
storm() { tests/live/storm.sh "$build" 2000; }

# One test a kernel, and that the check itself can fail.
btf() {
	local n bad=0
	n=$(wc -w <<<"$kernels")
	tests/vm/btf_check.sh --self-test || bad=$((bad + 1))
	tests/vm/btf_check.sh --kernels "$kernels" "$build" || bad=$((bad + 1))
	echo "btf: $((n + 2 - bad)) passed, $bad failed"
	[ "$bad" = 0 ]
}

# Of the kernels that preempt (preempt.sh tells which) those that are asked for.
preempt() {
	local some out="$build/preempt.txt" status
	some=$(tr ' ' '\n' <<<"$kernels" | grep -xE '6\.1|newest' | paste -sd ' ')
	if [ -z "$some" ]; then
		echo "preempt: 0 passed, 0 failed, 1 skipped (neither 6.1 nor newest is among KERNELS)"
		return 0
	fi
	tests/vm/preempt.sh -k "$some" "$build" | tee "$out"
	status=${PIPESTATUS[0]}
	echo "preempt: $(grep -c '^ok' "$out") passed, $(grep -c '^FAIL' "$out") failed"
	return "$status"
}

# One kernel on which nothing needs to be asked for: 6.12.
idle() {
	if ! tr ' ' '\n' <<<"$kernels" | grep -qx '6\.12'; then
		echo "idle: 0 passed, 0 failed, 1 skipped (6.12 is not among KERNELS)"
		return 0
	fi
	tests/vm/idle.sh -k 6.12 "$build"
}

# Cells that cannot work are listed with their reasons, which matrix.sh checks: they count as skipped.
matrix() {
	local out="$build/matrix.txt" status
	tests/vm/matrix.sh --kernels "$kernels" "$build" 2>&1 | tee "$out"
	status=${PIPESTATUS[0]}
	sed -nE 's/^matrix: ([0-9]+) working cells, ([0-9]+) cannot, ([0-9]+) failed.*/matrix: \1 passed, \3 failed, \2 skipped/p' "$out"
	return "$status"
}

# What need not be run on each kernel: 6.12, or the last of those that are asked for.
one_kernel() { tr ' ' '\n' <<<"$kernels" | grep -xE '6\.12' || tr ' ' '\n' <<<"$kernels" | tail -1; }
prove() { tests/vm/prove.sh -k "$(one_kernel)" "$build"; }     # what the remedies change is the same on all
systemd() { tests/vm/systemd.sh -k "$(one_kernel)" "$build"; } # by the backend that auto takes
soak() { tests/vm/soak.sh -k "$(one_kernel)" "$build"; }
events() { tests/vm/events.sh -k "$(one_kernel)" "$build"; } # without hooks on system calls, and without any

# Low in priority: what it runs beside may look at the clock.
lint() { nice -n 19 tests/lint.sh "$build"; }

need_root() {
	[ "$(id -u)" = 0 ] && return
	echo "these tests load BPF programs and make cgroups: run 'sudo make test' ('make check' needs no root)" >&2
	exit 3
}

case $what in
only)
	"${@:3}"
	exit
	;;
quick)
	aside lint
	suite unit unit
	suite cli cli
	joined lint
	;;
all)
	need_root
	aside unit
	suite cli cli
	joined unit
	suite fuzz fuzz
	suite report tests/report/run.sh "$build"
	aside lint # analyzes for two minutes, and the live tests mostly wait
	suite live tests/live/run.sh "$build"
	joined lint
	suite store store
	suite flood flood
	suite storm storm
	suite servers tests/live/servers/run.sh "$build/failcnt"
	if [ "$kernels" != none ]; then
		suite kernels fetch_kernels
		suite btf btf
		suite preempt preempt
		suite events events
		suite matrix matrix
		aside prove systemd idle # as the soak, one machine at a time
		suite soak soak
		joined prove systemd idle
	else
		echo "== virtual machines left out: KERNELS=none"
	fi
	;;
*) echo "usage: run.sh quick|all BUILD_DIR" >&2; exit 2 ;;
esac
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
