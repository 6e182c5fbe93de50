#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Kills the recorder at random instants while many processes are refused (load.c), and looks each time whether its
# store is whole and holds every refusal that was older than a second; and at the end, whether all are still there.
#
# usage: crash.sh BUILD_DIR [KILLS]      as root; 20 kills unless told otherwise: some two seconds each
set -uo pipefail
build=$(realpath "${1:?usage: crash.sh BUILD_DIR [KILLS]}") kills=${2:-20} rate=${CRASH_RATE:-300}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
failcnt=$build/failcnt
command -v sqlite3 >/dev/null || { echo "crash: sqlite3 is needed: apt-get install sqlite3" >&2; exit 2; }
work=$(mktemp -d) || exit 1
store=$work/store/failcnt.db recorder='' load=''

cleanup() {
	[ -z "$load" ] || kill -KILL "$load" 2>/dev/null
	[ -z "$recorder" ] || kill -KILL "$recorder" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

now_ns() { echo "${EPOCHREALTIME/[.,]/}000"; }

ready() {
	local i
	for ((i = 0; i < 500; i++)); do
		grep -q 'recording into' "$work/err" 2>/dev/null && return
		sleep 0.02
	done
	cat "$work/err" >&2
	return 1
}

# expected FROM TO: pids that were refused then
expected() { awk -v from="$1" -v to="$2" 'NF == 2 && $2 > from && $2 < to { print $1 }' "$work/load" | sort -u; }
stored() { sqlite3 "$store" "SELECT DISTINCT pid FROM event WHERE event = 'refused' AND resource = 'nofile'" | sort -u; }

${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$build/load" "$here/load.c" || exit 1
"$build/load" "$rate" >"$work/load" &
load=$!
total=0 bad=0
: >"$work/all"
for ((round = 1; round <= kills; round++)); do
	: >"$work/err"
	"$failcnt" record --store "$store" --interval 1s 2>"$work/err" &
	recorder=$!
	ready || { echo "FAIL crash $round: it does not start"; exit 1; }
	from=$(now_ns)
	sleep "$((RANDOM % 2 + 1)).$(printf %03d $((RANDOM % 1000)))"
	to=$(($(now_ns) - 1000000000))
	kill -KILL "$recorder"
	wait "$recorder" 2>/dev/null
	recorder=''
	expected "$from" "$to" >"$work/want"
	cat "$work/want" >>"$work/all"
	total=$((total + $(wc -l <"$work/want")))
	check=$(sqlite3 "$store" 'PRAGMA integrity_check' 2>&1)
	missing=$(comm -23 "$work/want" <(stored) | wc -l)
	if [ "$check" != ok ] || [ "$missing" != 0 ] || ! "$failcnt" list --store "$store" >/dev/null; then
		echo "crash $round: integrity_check: $check; $missing of $(wc -l <"$work/want") refusals missing"
		bad=$((bad + 1))
	fi
done
gone=$(comm -23 <(sort -u "$work/all") <(stored) | wc -l)
[ "$gone" = 0 ] || bad=$((bad + 1))
[ "$total" -gt 0 ] || { echo "FAIL crash: nothing was refused"; exit 1; }
echo "# $kills kills, $total refusals older than a second, $gone missing at the end, $(stat -c %s "$store") bytes"
if [ "$bad" = 0 ]; then echo "ok crash-$kills"; else echo "FAIL crash-$kills: $bad times"; fi
[ "$bad" = 0 ]
