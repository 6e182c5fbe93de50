#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Thousands of processes killed one after the other, and thousands killed at once, on this machine:
# each is told exactly once, with its name, who killed it, and its cgroup; or is told as lost. The
# same when only some of them are asked for.
#
#   storm.sh BUILD_DIR [N]     default: 10000 processes; `make test` takes 2000
#
# Exit status: 0 when all of it holds. The last line is "storm: N passed, N failed, N skipped".
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tests/live/run_lib.bash
. "$here/run_lib.bash"
(($# == 1 || $# == 2)) || { sed -n '/^#   storm.sh/s/^#   //p' "$0" >&2; exit 2; }
setup "$1"
readonly n=${2:-10000}

# storm NAME COMMAND ...: its truth in $work/NAME.truth. One with so many pids is too long for a command line.
storm() {
	local name=$1 result=0
	shift
	timeout 600 "$@" >"$work/$name.truth" 2>"$work/provoke.err" || result=$?
	((result == 0)) || no "$name: $(head -n 1 "$work/provoke.err")"
}

# What is wrong with the deaths in TAG.json, of those that happened in NAME ...; FILTER: what each must fulfil.
# shellcheck disable=SC2016
readonly mistakes='
	($truth | map(.pids[]) | map({key: tostring, value: true}) | from_entries) as $pids
	| [inputs] as $all
	| [$all[] | select(.event == "killed")] as $killed
	| [$killed[] | select($pids[.pid | tostring])] as $mine
	| ([$all[] | select(.event == "lost") | .lost] | add // 0) as $lost
	| ($mine | group_by([.pid, .started_at]) | map(select(length > 1))) as $twice
	| (if $mode == "only" then ($killed | length - ($mine | length)) else 0 end) as $others
	| (if ($twice | length) > 0 then "\($twice | length) told more than once" else empty end),
	  # What is lost is of nobody in particular: of those that were not asked for, perhaps.
	  (if ($mine | length) > ($pids | length) or ($mine | length) + $lost < ($pids | length)
		or ($mode == "all" and ($mine | length) + $lost != ($pids | length)) then "told \($mine | length) + lost \($lost) of \($pids | length)" else empty end),
	  (if $others > 0 then "\($others) that nobody asked for" else empty end),
	  ([$mine[] | select(.comm != $comm or .by_comm == null or .by_pid == null or .ppid == null)] | length
		| select(. > 0) | "\(.) without their names"),
	  ([$mine[] | select(.cgroup == null)] | length | select(. > 0) | "\(.) without their cgroup")'

judge() { # TAG MODE COMM NAME ...
	local tag=$1 mode=$2 comm=$3 name wrong files=()
	shift 3
	for name in "$@"; do files+=("$work/$name.truth"); done
	wrong=$(jq -nr --slurpfile truth <(cat "${files[@]}") --arg mode "$mode" --arg comm "$comm" "$mistakes" "$work/$tag.json") || wrong="not JSON"
	[[ -z $wrong ]] || { no "${wrong//$'\n'/; }"; return; }
}

all_of() { # PROVOCATION
	local watcher from took
	watch "$1" || return
	watcher=$pid from=$(now_ms)
	storm "$1" "$provoke" "$1" "$n" || return
	took=$(($(now_ms) - from))
	finish "$watcher" || return # at once: what is left is told at the end
	judge "$1" all provoke "$1" || return
	echo "# $1: $n in $took ms, $(count "$1" '.event == "killed" and .backend') told, $(count "$1" '.event == "lost"') lines of losses"
}

# Two storms at the same time, and one is asked for.
one_of_two() { # TAG COMM OPTION... -- COMMAND...
	local tag=$1 comm=$2 watcher other options=()
	shift 2
	while [[ $1 != -- ]]; do options+=("$1"); shift; done
	shift
	watch "$tag" "${options[@]}" || return
	watcher=$pid
	timeout 600 "$provoke" die-many "$n" >/dev/null 2>&1 &
	other=$!
	started+=("$other")
	storm "$tag" "$@" die-many "$n" || return
	wait "$other" || { no "no second storm: status $?"; return; }
	finish "$watcher" || return
	judge "$tag" only "$comm" "$tag"
}

by_user() { one_of_two user provoke -u 65534 -- setpriv --reuid=65534 --regid=65534 --clear-groups -- "$provoke"; }
by_name() { one_of_two name fc-named -n fc-named -- "$work/fc-named"; }
by_cgroup() {
	local dir
	make_group dir memory "failcnt-storm-$$" || return
	# shellcheck disable=SC2016
	one_of_two cgroup provoke -c "/failcnt-storm-$$" -- sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$dir" "$provoke"
}

by_pid() {
	local victim watcher wrong other
	sleep 1000 &
	victim=$!
	started+=("$victim")
	disown "$victim" # whose end is no news for this shell
	watch pid -p "$victim" || return
	watcher=$pid
	timeout 600 "$provoke" die-often "$n" >/dev/null 2>&1 &
	other=$!
	started+=("$other")
	kill -KILL "$victim"
	wait "$other" || { no "no storm: status $?"; return; }
	finish "$watcher" || return
	wrong=$(jq -nr --argjson pid "$victim" '[inputs | select(.event == "killed") | .pid] | select(. != [$pid]) | "told: \(.[:5])"' "$work/pid.json")
	[[ -z $wrong ]] || no "$wrong"
}

count_ends() {
	local watcher told
	watch counted --count 100 -n provoke || return
	watcher=$pid
	storm counted "$provoke" die-many "$n" || return
	finished "$watcher" || return
	((status == 0)) || { no "status $status"; return; }
	told=$(count counted '.event == "killed"')
	((told == 100)) || no "$told told with --count 100"
}

run often all_of die-often
run many all_of die-many
run pid by_pid
run user by_user
run name by_name
run cgroup by_cgroup
run count count_ends
echo "storm: $passed passed, $failed failed, $skipped skipped"
((failed == 0))
