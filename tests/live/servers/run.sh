#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real servers, run out of something on purpose: does failcnt say what their own logs leave out? For each test script here
# it starts `failcnt watch --json`, lets the script provoke its failure, and compares failcnt's event with the truth that
# the script prints: the right process, resource and numbers, once, and nobody else blamed. The server's line and failcnt's
# sentence, side by side, are then compared with tests/golden/servers.txt, with the parts that vary replaced by names.
#
# usage: run.sh [--update] FAILCNT_BINARY      --update rewrites the golden file
# FAILCNT_TEST_SECONDS   the most that one test may take (default 20; an emulated machine needs more)
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154 # lib.bash sets what is not set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

update=
if [[ ${1:-} == --update ]]; then update=1; shift; fi
(($# == 1)) || { echo "usage: $(basename "$0") [--update] FAILCNT_BINARY" >&2; exit 2; }
[[ -x $1 ]] || die "$1 is not a program"
failcnt=$(realpath "$1")
golden=$here/../../golden/servers.txt
tests=(httpd-semmni nginx-emfile resolver-emfile postgres-oom)
passed=0 failed=0

on_exit
"$here/fetch.sh" >/dev/null || die "could not get the servers"
workdir

# job COMMAND ...: like `start`, for programs that are not of the cache
job() {
	set -m
	"$@" &
	pid=$!
	set +m
	started+=("$pid")
}

watching() { grep -qs '"event":"started"' "$work/$1.json"; }

ended() { ! kill -0 "$1" 2>/dev/null; }

# What failcnt wrote about the truth. A line that is not JSON fails in `check`; here it may be half written.
# shellcheck disable=SC2016
about_pid='map(select((.event == "refused" or .event == "killed") and .pid == $truth.pid))'
reported() {
	jq -Rne --argjson truth "$truth" "[inputs | fromjson?] | $about_pid | length > 0" "$work/$1.json" >/dev/null
}

# check NAME: all that is wrong with the events of a test, a line each. `wanted` picks the events that explain the log
# line: for the resolver the one about resolv.conf, as it is also refused other files; otherwise all about the pid.
check() {
	jq -nr --argjson truth "$truth" '
		def same(key): if $truth[key] == null or .[key] == $truth[key] then empty
			else "\(key) is \(.[key] // "absent" | tojson), and not \($truth[key] | tojson)" end;
		[inputs] as $all
		| ($all | '"$about_pid"') as $mine
		| ($mine | map(select($truth.object == null or .object == $truth.object))) as $wanted
		| (if $truth.cause then "killed" else "refused" end) as $event
		| (
			if $mine == [] then "no event about pid \($truth.pid)"
			elif $wanted == [] then "no event about \($truth.object): only \($mine | map(.object))"
			elif ($wanted | length) > 1 then "\($wanted | length) events where one was expected"
			else $wanted[0]
				| same("comm"), same("errno"), same("syscall"), same("held"), same("limit"), same("signal"),
				  same("cause"), same("memcg"),
				  if .held | type != "number" then "held is absent" else empty end,
				  if .limit_name | type != "string" then "limit_name is absent" else empty end,
				  if (.says // "") == "" then "says is absent" else empty end,
				  if (.fix // "") == "" then "fix is absent" else empty end,
				  if .count // 1 != 1 then "it was counted \(.count) times" else empty end,
				  if $truth.object == "/etc/resolv.conf" and (.says // "" | contains("host not found") | not)
				  then "says does not contain \"host not found\"" else empty end
			end,
			($mine[] | if .event == $event and .resource == $truth.resource then empty
				else "pid \(.pid): \(.event) \(.resource), and not \($event) \($truth.resource)" end),
			($all[] | select((.event == "refused" or .event == "killed") and .resource == $truth.resource
					and .comm == $truth.comm and .pid != $truth.pid and (.pid | IN($truth.tried[]?) | not))
				| "\(.event) also blames pid \(.pid)"),
			($all[] | select(.event == "lost") | "lost \(.lost) events (\(.stage))")
		)' "$work/$1.json"
}

# The parts that vary from run to run and from machine to machine
normalise() {
	local pid memcg
	pid=$(jq -r .pid <<<"$truth")
	memcg=$(jq -r '.memcg // "-no-memcg-"' <<<"$truth")
	sed -E \
		-e "s|$memcg|CGROUP|g" -e 's/failcnt-servers\.[A-Za-z0-9]+/NAME/g' \
		-e 's/\[[A-Z][a-z]{2} [A-Z][a-z]{2} +[0-9]+ [0-9:.]+ [0-9]{4}\]/[TIME]/g' \
		-e 's|[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[ T][0-9:.]+( UTC\|Z)?|TIME|g' \
		-e "s/\b$pid\b/PID/g" -e 's/\[[0-9]+\]/[PID]/g' \
		-e 's/[0-9]+(\.[0-9]+)? ?([KMG]i?B|kB|bytes)\b/SIZE/g' -e 's/\(memory\.(limit_in_bytes|memory\.memsw\.limit_in_bytes|max)\)/(LIMIT)/' -e 's/\b[0-9]{4,}\b/N/g' -e 's/\(pid [0-9]+\)/(pid N)/g' -e 's/of [0-9]+ processes weighed/of N processes weighed/' \
		-e 's/[[:space:]]+$//'
}

# pair NAME: the golden file's section
pair() {
	local says
	says=$(jq -nr --argjson truth "$truth" "[inputs] | $about_pid"' |
		map(select($truth.object == null or .object == $truth.object))[0].says // ""' "$work/$1.json")
	echo "$1"
	sed -n 's/^LOG: /  the server: /p' "$work/$1.out" | normalise
	echo "  failcnt:    $says" | normalise
	echo
}

golden_pair() { [[ -e $golden ]] && sed -n "/^$1\$/,/^\$/p" "$golden"; }

fail() {
	echo "FAIL $1: $2"
	failed=$((failed + 1))
}

run_test() {
	local name=$1 watcher script status=0 wrong
	job "$failcnt" watch --json >"$work/$name.json" 2>"$work/$name.err"
	watcher=$pid
	until_started() { watching "$name" || ended "$watcher"; }
	within 20 until_started || true
	if ! watching "$name"; then
		fail "$name" "failcnt does not start: $(head -n 1 "$work/$name.err")"
		return
	fi

	# in the background, so that a signal to this driver is handled at once
	job timeout --kill-after=5 "${FAILCNT_TEST_SECONDS:-20}" "$here/$name.sh" >"$work/$name.out" 2>"$work/$name.log"
	script=$pid
	wait "$script" || status=$?
	forget
	truth=$(sed -n 's/^TRUTH: //p' "$work/$name.out")
	if ((status == 0)) && [[ $truth ]]; then
		within 3 reported "$name" || true
		sleep 0.3 # for an event too many
	fi

	kill -INT "$watcher" 2>/dev/null || true
	if ! within 5 ended "$watcher"; then
		fail "$name" "failcnt does not stop on SIGINT"
		return
	fi
	wait "$watcher" || { fail "$name" "failcnt ended with status $?: $(tail -n 1 "$work/$name.err")"; forget; return; }
	forget

	if ((status != 0)) || [[ ! $truth ]]; then
		fail "$name" "the failure was not provoked (status $status): $(tail -n 1 "$work/$name.log")"
		return
	fi
	wrong=$(check "$name" 2>&1) || wrong+=" (not JSON)"
	if [[ $wrong ]]; then
		fail "$name" "${wrong//$'\n'/; }"
		return
	fi
	pair "$name" >"$work/$name.pair"
	golden_pair "$name" >"$work/$name.golden" || true
	if [[ ! $update ]] && ! diff "$work/$name.golden" "$work/$name.pair" >"$work/$name.diff" 2>&1; then
		fail "$name" "the pair is not that of tests/golden/servers.txt:"
		sed 's/^/    /' "$work/$name.diff"
		return
	fi
	echo "ok $name"
	passed=$((passed + 1))
}

for name in "${tests[@]}"; do
	run_test "$name"
done
if [[ $update ]]; then
	# a test that failed keeps the pair it had
	for name in "${tests[@]}"; do
		cat "$work/$name.pair" 2>/dev/null || golden_pair "$name" || true
	done >"$work/golden"
	if [[ -s $work/golden ]]; then
		mkdir -p "$(dirname "$golden")"
		cp "$work/golden" "$golden"
	fi
fi
echo "servers: $passed passed, $failed failed"
((failed == 0))
