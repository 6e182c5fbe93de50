#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Who made semaphore sets, which the kernel does not keep: told where the maker runs, where it has
# ended, and not where another process has its pid by now. On kprobe and fexit; the tracepoint
# backend does not see it, and says nothing.
#
#   makers.sh [-k KERNELS] BUILD_DIR     default: 6.12
#
# One machine a kernel, some 60 s each. Raw output stays in BUILD_DIR/makers. Exit status: 0 when all
# of it holds.
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernels=6.12
options 'k=kernels' "$@"
output makers
${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -static -o "$out/makers" "$here/makers.c"
# shellcheck disable=SC2086 # a list of words
need_kernels $kernels

# M BACKEND SCENE PID: the maker; E BACKEND SCENE EVENT: what was told
cat >"$out/guest" <<'END'
wait_for() { # TEXT FILE
	n=0
	until grep -qs "$1" "$2"; do
		n=$((n + 1))
		[ $n -lt 300 ] || return 1
		usleep 100000
	done
}
for backend in fexit kprobe tracepoint; do
	/failcnt watch --json --backend=$backend >/tmp/events 2>/tmp/said &
	watch=$!
	wait_for '"event":"started"' /tmp/events || cat /tmp/said >&2
	for scene in lives ended reused; do
		/makers $scene >/tmp/scene 2>&1 &
		scenery=$!
		wait_for refused /tmp/scene || cat /tmp/scene >&2
		wait_for "\"ppid\":$scenery,\|\"pid\":$scenery," /tmp/events
		seq=$(sed -n "/\"event\":\"refused\".*\"pid\":$scenery,/s/.*\"seq\":\([0-9]*\).*/\1/p" /tmp/events | head -n 1)
		wait_for "\"of_seq\":$seq,.*\"holders\"" /tmp/events
		sed -n "s/^maker /M $backend $scene /p" /tmp/scene
		grep "\"of_seq\":$seq,.*\"holders\"" /tmp/events | sed "s/^/E $backend $scene /"
		kill $scenery
		wait $scenery 2>/dev/null
		sleep 11 # the number of the namespace comes again, and who holds a limit is asked once in 10 s
	done
	kill -INT $watch
	wait $watch
done
END

# shellcheck disable=SC2016  # jq
judge='
def rows: [inputs | split(" ")];
rows as $rows
| ($rows | map(select(.[0] == "M") | {key: (.[1] + " " + .[2]), value: (.[3] | tonumber)}) | from_entries) as $maker
| ($rows | map(select(.[0] == "E") | {key: (.[1] + " " + .[2]), value: (.[3:] | join(" ") | fromjson)}) | from_entries) as $told
| [("fexit", "kprobe", "tracepoint") as $b | ("lives", "ended", "reused") as $s
   | ($b + " " + $s) as $k | $told[$k] as $e | ($e.holders // [])[0] as $h
   | (if $e == null or $maker[$k] == null then "nothing was told"
      elif $b == "tracepoint" or $knows == "no" then
        if $h.comm == "set-maker" or ($e.says // "" | contains("made by")) then "it cannot know that" else empty end
      elif $s == "lives" then
        if $h.pid == $maker[$k] and $h.comm == "set-maker" and $h.held == 4 and $h.kind == "sets it made"
           and ($e.says | contains("4 of the 4 sets were made by set-maker (pid \($maker[$k])), which still runs"))
        then empty else "not its maker: \($h) \($e.says)" end
      elif $h.pid == null and $h.comm == "set-maker" and $h.held == 4 and $h.dead
           and ($e.says | contains("4 of the 4 sets were made by set-maker, which has ended"))
           and ($e.says | contains("impostor") | not)
        then empty else "not that it has ended: \($h) \($e.says)" end) as $why
   | "FAIL \($kernel) \($k): \($why)"] as $bad
| ($bad[], if $bad == [] then "ok   \($kernel): makers of semaphore sets on three backends" else empty end),
  ($bad | length | if . > 0 then halt_error(1) else empty end)'

failed=0
for kernel in $kernels; do
	"$here/run.sh" -k "$kernel" -m 512 -N -b -t 300 -f "$out/failcnt:/failcnt" -f "$out/makers:/makers" \
		-f "$out/guest:/guest" -- /bin/sh /guest >"$out/$kernel.log" 2>"$out/$kernel.err" || true
	# bpf_get_current_task_btf(), which the notes are made with, came with 5.11.
	knows=yes
	[[ $kernel != 5.10* ]] || knows=no
	jq -nRr --arg kernel "$kernel" --arg knows "$knows" "$judge" <"$out/$kernel.log" || failed=1
done
exit $failed
