#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Floods and death storms on other kernels, by every backend: each refusal of a program in a retry
# loop, of thousands of processes at once, and each of thousands of deaths, is told exactly once or
# told as lost. In a second machine the fold table has 16 keys: the sum of thousands of processes that
# are refused once each is as exact, under the program's name.
#
#   storm.sh [-k KERNELS] [-b BACKENDS] [-n N] BUILD_DIR
#
#   -k KERNELS    as kernels.sh names them (default: "5.10 6.12 newest")
#   -b BACKENDS   default: "fexit kprobe tracepoint"
#   -n N          processes that are refused or die (default 10000, at most that)
#
# Raw output stays in BUILD_DIR/storm. Prints a table as Markdown; the last line is
# "storms: N passed, N failed". Exit status: 0 when all of it holds.
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernels='5.10 6.12 newest' backends='fexit kprobe tracepoint' n=10000
options 'k=kernels b=backends n=n' "$@"
output storm
make_provoke
# shellcheck disable=SC2086 # a list of words
need_kernels $kernels
rows="nofile-flood=100000 sem-mni-flood=20000 sig-queue-flood=20000 inotify-flood=20000 pids-max=3,5000"
rows+=" file-max-flood=20000 nofile-many=$n wait die-often=$n die-many=$n"

# One line for each provocation: what happened, what was told of it, and how it was lost.
# Told twice is told too often, however the sum comes out; a name is missing where comm is.
read -r -d '' judge <<'END' || true
[inputs] as $lines
| [$lines[] | select(startswith("T ")) | .[(index("{")):] | fromjson] as $truths
| [$lines[] | select(startswith("E ")) | .[2:] | fromjson] as $events
| [$lines[] | select(startswith("X ")) | split(" ") | select(.[2] != "0") | "\(.[1]) ended with status \(.[2])"] as $ends
| ($events | [.[] | select(.event == "lost") | .lost] | add // 0) as $lost
# Numbers of processes are given again: deaths of earlier ones are not these.
| [$lines[] | select(startswith("B ")) | split(" ") | {key: .[1], value: (.[2] | tonumber * 1e6)}] | from_entries as $begins
| [$truths[] | select(.skip | not) | . as $t
   | (($t.pids // [$t.pid]) | map({key: tostring, value: true}) | from_entries) as $pids
   | [$events[] | select($pids[.pid // empty | tostring] and .event == (if $t.dies then "killed" else "refused" end)
			and .uptime_us >= $begins[$t.what] - 1e5)] as $mine
   | {what, n, told: ($mine | map(.count // 1) | add // 0),
      nameless: ([$mine[] | select(.comm == null or ($t.dies and .by_comm == null))] | length),
      placeless: ([$mine[] | select(.cgroup == null)] | length),
      limitless: (if $t.dies then 0 else [$mine[] | select(.count and .limit == null)] | length end),
      twice: (if $t.dies then $mine | length - (unique_by([.pid, .started_at]) | length) else 0 end)}] as $rows
| ($rows | map(.n - .told) | add) as $missing
| ([$events[] | select(.event == "lost" and .stage == "hook")] | length) as $skipped
| [if $exit != 0 then "the machine's exit status is \($exit)" else empty end, $ends[],
   if ($rows | length) < $wanted then "\($rows | length) provocations of \($wanted)" else empty end,
   # A program that a preemptible kernel skipped counts the call as lost, refused or not.
   if $missing > $lost or ($missing < $lost and $skipped == 0) then "\($missing) are missing and \($lost) told as lost" else empty end,
   ($rows[] | select(.told > .n) | "\(.what): \(.told) told of \(.n)"),
   ($rows[] | select(.twice > 0) | "\(.what): \(.twice) told twice"),
   ($rows[] | select(.nameless > 0) | "\(.what): \(.nameless) without names"),
   ($rows[] | select(.placeless > 0) | "\(.what): \(.placeless) without their cgroup"),
   ($rows[] | select(.limitless > 0) | "\(.what): \(.limitless) folded lines without their limit")] as $mistakes
| "| \($kernel) | \($backend) | \($rows | map("\(.what) \(.told) of \(.n)") | join(", ")) | \($lost) | \(if $mistakes == [] then "ok" else "FAIL" end) |",
  ($mistakes[] | "    FAIL \($kernel) \($backend): \(.)")
END

# The same with 16 keys: who finds no room is counted by program, without a number.
read -r -d '' judge_keys <<'END' || true
[inputs] as $lines
| ([$lines[] | select(startswith("T ")) | .[(index("{")):] | fromjson] | first // {n: 0, pids: []}) as $truth
| [$lines[] | select(startswith("E ")) | .[2:] | fromjson] as $events
| [$events[] | select(.event == "refused" and .resource == "nofile")] as $all
| ($all | map(.count // 1) | add // 0) as $told
| ([$events[] | select(.event == "lost") | .lost] | add // 0) as $lost
| ([$events[] | select(.event == "lost" and .stage == "hook")] | length) as $skipped
| [if $exit != 0 then "the machine's exit status is \($exit)" else empty end,
   if $truth.n != $wanted then "\($truth.n) provoked of \($wanted)" else empty end,
   if $told > $truth.n then "\($told) told" else empty end,
   if $told + $lost < $truth.n or ($skipped == 0 and $told + $lost > $truth.n) then
	"\($truth.n - $told) are missing and \($lost) told as lost" else empty end,
   ([$all[] | select(.comm != "provoke")] | length | select(. > 0) | "\(.) lines without the program"),
   ([$all[] | select(.pid)] | unique_by(.pid) | length | select(. < 16) | "\(.) processes told one by one"),
   ([$all[] | select(.pid == null)] | length | select(. == 0) | "the table was not too small")] as $mistakes
| "| \($kernel) | \($backend), 16 keys | nofile-many \($told) of \($truth.n) | \($lost) | \(if $mistakes == [] then "ok" else "FAIL" end) |",
  ($mistakes[] | "    FAIL \($kernel) \($backend), 16 keys: \(.)")
END

run_keys() { # KERNEL BACKEND
	local name=$1-$2-16 status=0
	"$here/run.sh" -k "$1" -m 2048 -b -t 900 -e FAILCNT_FOLD_KEYS=16 -f "$out/failcnt:/failcnt" -f "$out/provoke:/provoke" \
		-f "$here/guest.sh:/guest" -- /bin/sh /guest -n "$2" "nofile-many=$n" wait >"$out/$name.log" 2>"$out/$name.err" || status=$?
	jq -nRr --arg kernel "$1" --arg backend "$2" --argjson exit "$status" --argjson wanted "$n" \
		"$judge_keys" <"$out/$name.log" || echo "    FAIL $1 $2, 16 keys: its output cannot be read"
}

run_machine() { # KERNEL BACKEND
	local name=$1-$2 status=0 wanted=9 rows=$rows
	# reasons.txt: 5.10 makes no fexit of these functions.
	if [[ $1-$2 == 5.10-fexit ]]; then
		rows=${rows/inotify-flood=20000 /} wanted=8
	fi
	# shellcheck disable=SC2086  # several rows
	"$here/run.sh" -k "$1" -m 2048 -b -t 900 -f "$out/failcnt:/failcnt" -f "$out/provoke:/provoke" -f "$here/guest.sh:/guest" \
		-- /bin/sh /guest -n "$2" $rows >"$out/$name.log" 2>"$out/$name.err" || status=$?
	jq -nRr --arg kernel "$1" --arg backend "$2" --argjson exit "$status" --argjson wanted $wanted \
		"$judge" <"$out/$name.log" || echo "    FAIL $1 $2: its output cannot be read"
}

{
	echo "| kernel | backend | told | lost | |"
	echo "| --- | --- | --- | ---: | --- |"
	for kernel in $kernels; do
		for backend in $backends; do
			run_machine "$kernel" "$backend"
			run_keys "$kernel" "$backend"
		done
	done
} | tee "$out/result"
bad=$(grep -c 'FAIL |$\|cannot be read' "$out/result" || true)
echo "storms: $(grep -c 'ok |$' "$out/result" || true) passed, $bad failed"
[[ $bad == 0 ]]
