#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Counts on kernels that preempt: there fexit programs are skipped while a preempted task is inside
# them, on newer kernels raw tracepoint programs too, and four processes in a retry loop on one
# processor make that happen all the time. With probes alone nothing is lost, and what may move away
# from a program that loses does so, and loses nothing from then on: --backend=auto, and
# --backend=tracepoint to the classic tracepoint. There what is told is the truth, to the last one.
# A program that was skipped knows not whether the call succeeded, so that what it lost is told as "at
# most": the truth is never less than what was told, and never more than that and what was lost.
#
#   preempt.sh [-i] [-k KERNELS] [-b BACKENDS] [-n N] BUILD_DIR
#
#   -i           run.sh's stopwatch: an instruction takes a nanosecond; much slower. -n 1500000 is ten
#                seconds
#   -k KERNELS   default: "6.1 newest", with preempt=full
#   -b BACKENDS  default: "auto fexit tracepoint kprobe"; two machines run side by side
#   -n N         how often each of the four is refused, twice (default 50000, a second; 6000000 is
#                a minute and more)
#
# In a flood of half a minute and more the watcher's memory must not grow. What it takes of a processor
# is printed; with -i, where that does not depend on what else this machine does, it must be 2 % at
# most of what auto settles on: of a processor with an instruction a nanosecond, slower than any real one.
#
# Raw output stays in BUILD_DIR/preempt. Exit status: 0 when all of it holds.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernels='6.1 newest' backends='auto fexit tracepoint kprobe'
# What a skipped call may count for that succeeded: 0.2 % were measured, most of it calls of failcnt itself.
readonly accuracy=0.01
readonly most_cpu=2 # per cent
each=50000 stopwatch=()

die() { echo "preempt.sh: $*" >&2; exit 2; }

while getopts ik:b:n: option; do
	case $option in
	i) stopwatch=(-i) ;;
	k) kernels=$OPTARG ;;
	b) backends=$OPTARG ;;
	n) each=$OPTARG ;;
	*) die "usage: preempt.sh [-i] [-k KERNELS] [-b BACKENDS] [-n N] BUILD_DIR" ;;
	esac
done
shift $((OPTIND - 1))
[[ $# == 1 && $each =~ ^[0-9]+$ ]] || die "usage: preempt.sh [-i] [-k KERNELS] [-b BACKENDS] [-n N] BUILD_DIR"
flood=nofile-flood=$each,4
build=$(cd "$1" && pwd -P) || die "$1: no such directory"
[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
out=$build/preempt
mkdir -p "$out"
rm -f "$out"/*.log "$out"/*.err
cp "$build/failcnt" "$out/failcnt"
${CC:-cc} -std=gnu11 -O2 -static -o "$out/provoke" "$here"/../live/provoke*.c
for kernel in $kernels; do
	"$here/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/kernels.sh" fetch "$kernel"
done
"$here/kernels.sh" busybox >/dev/null

run_machine() { # KERNEL BACKEND
	local name=$1-$2 status=0 limit
	limit=$((120 + each * (1 + 2 * ${#stopwatch[@]}) / 1000))
	"$here/run.sh" -k "$1" -s 1 "${stopwatch[@]}" -m 512 -a preempt=full -b -t $limit -f "$out/failcnt:/failcnt" \
		-f "$out/provoke:/provoke" -f "$here/guest.sh:/guest" \
		-- /bin/sh /guest -n "$2" "$flood" wait wait "$flood" wait >"$out/$name.log" 2>"$out/$name.err" || status=$?
	jq -nRr --arg kernel "$1" --arg backend "$2" --argjson accuracy $accuracy --argjson most_cpu $most_cpu \
		--argjson stopwatch ${#stopwatch[@]} --argjson exit "$status" "$judge" <"$out/$name.log" || echo "FAIL $1 $2: its output cannot be read"
}

# Each flood's truth, what was told of it, and what was told as lost until the next one.
read -r -d '' judge <<'END' || true
def folded: [.[] | .count // 1] | add // 0;
[inputs] as $lines
| [$lines[] | select(startswith("B ")) | split(" ")[2] | tonumber * 1e6] as $begins
| [$lines[] | select(startswith("T ")) | .[(index("{")):] | fromjson] as $truths
| [$lines[] | select(startswith("E ")) | .[2:] | fromjson] as $events
| [$lines[] | select(startswith("W ")) | .[2:]] as $said
| [range($truths | length) as $i | $truths[$i] as $t
   | {truth: $t.n,
      told: ([$events[] | select(.event == "refused" and (.pid | IN($t.pids[])))] | folded),
      lost: ([$events[] | select(.event == "lost" and .stage == "hook" and .uptime_us >= $begins[$i]
				 and .uptime_us < ($begins[$i + 1] // infinite)) | .lost] | add // 0)}] as $floods
| ($said | any(test("moved to"))) as $moved
# Before the second flood and after it: uptime, ticks of 10 ms, KiB.
| [$lines[] | select(startswith("M ")) | split(" ")[1:] | map(tonumber)] as $used
| ($used | if length < 3 then null else .[2] as $b | .[1] as $a
	| {s: ($b[0] - $a[0]), cpu: (($b[1] - $a[1]) / ($b[0] - $a[0])), grew: ($b[2] - $a[2])} end) as $cost
| def exact: .told == .truth and .lost == 0;
  # Losses are told within a second; a slow machine may need longer than to the next flood.
  def sum: {truth: (map(.truth) | add), told: (map(.told) | add), lost: (map(.lost) | add)};
  [if $exit != 0 then "the machine's exit status is \($exit)" else empty end,
   if ($floods | length) != 2 then "\($floods | length) floods of 2" else empty end,
   ($events[] | select(.event == "lost" and .stage != "hook") | "lost elsewhere: \(.stage)"),
   ($events[] | select(.event == "lost" and .at_most != true) | "\(.lost) lost is not said to be at most"),
   ($floods[] | select(.told > .truth) | "more told than there were"),
   ($floods | sum | select(.told + .lost < .truth) | "\(.truth - .told - .lost) neither told nor lost"),
   ($floods | sum | select(.told + .lost > .truth * (1 + $accuracy)) | "\(.told + .lost - .truth) lost that were none"),
   # A probe's program runs with preemption off.
   if $backend == "kprobe" then ($floods[] | select(exact | not) | "not exact") else empty end,
   # Before 6.13 the kernel does not preempt inside a tracepoint: nothing is missed there.
   if $backend == "fexit" or $backend == "auto" or ($backend == "tracepoint" and $kernel == "newest") then
	($floods[0] | select(.lost == 0) | "nothing was lost: the kernel did not preempt, and nothing was tried")
   else empty end,
   if $backend == "auto" or $backend == "tracepoint" then
	($floods[1] | select(exact | not) | "not exact in the second flood") else empty end,
   if $cost == null then "its processor time is not known"
   elif $cost.s >= 30 and $cost.grew > 1024 then "its memory grew by \($cost.grew) KiB" else empty end,
   if $stopwatch == 0 or $backend != "auto" then empty
   elif $cost.s < 5 then "\($cost.s) s are too short to tell what it takes"
   elif $cost.cpu > $most_cpu then "it took \($cost.cpu) % of a processor" else empty end,
   if ($backend == "auto" or $backend == "tracepoint") and $floods[0].lost > 0 then
	(if $moved then empty else "it did not move" end)
   elif $moved then "it moved" else empty end] as $mistakes
| "\(if $mistakes == [] then "ok  " else "FAIL" end) \($kernel) \($backend): "
  + ([$floods[] | "\(.told) told + \(.lost) lost of \(.truth)"] | join(", then "))
  + (if $cost and ($cost.s >= 30 or $stopwatch > 0) then "; \($cost.s | floor) s, \($cost.cpu * 100 | round / 100) % of a processor, +\($cost.grew) KiB" else "" end)
  + ([$said[] | capture("(?<h>[a-z_]+) missed calls.*(?<m>moved to [a-z ]*[a-z])") | "; \(.h) \(.m)"] | join("")),
  ($mistakes[] | "    \(.)")
END

for kernel in $kernels; do
	for backend in $backends; do
		# Two at a time.
		if (($(jobs -pr | wc -l) >= 2)); then wait -n || true; fi
		run_machine "$kernel" "$backend" >"$out/$kernel-$backend.result" &
	done
	wait
	for backend in $backends; do cat "$out/$kernel-$backend.result"; done
done | tee "$out/result"
! grep -q '^FAIL' "$out/result"
