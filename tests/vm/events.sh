#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is seen without any hook on system calls, and without any hook at all: the same failures as in
# the matrix, under --backend=events, and by a failcnt that may not load BPF programs (counters and
# the kernel log alone). What must be told, by what, is in the table below; what is not in it must not be
# told, and no kill may be missing or told twice.
#
#   events.sh [-k KERNEL] BUILD_DIR     default: 6.12
#
# Raw output stays in BUILD_DIR/events. Exit status: 0 when all of it holds.
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernel=6.12
options 'k=kernel' "$@"
setpriv=$(command -v setpriv) || die "needs setpriv: apt-get install util-linux"
output events
make_provoke
need_kernels "$kernel"

# NAME, how --backend=events tells of it, how it is told without BPF: the event's backend and its resource,
# or what a death has instead; "-": not at all. A fault is what the kernel logs of programs; a signal it does not log.
# conntrack after the others of the network: the kernel writes ten such lines in five seconds.
read -r -d '' table <<'END' || true
nofile-dup    -                    -
sem-mni       -                    -
pids-max      kmsg:pids            kmsg:pids
tcp-orphans   kmsg:tcp-orphans     kmsg:tcp-orphans
neighbours    tracepoint:neighbours kmsg:neighbours
conntrack     kmsg:conntrack       kmsg:conntrack
file-max      kmsg:file-max        kmsg:file-max
udp-mem       tracepoint:udp-mem   -
sig-queue     tracepoint:sigpending -
fsize-write   tracepoint:fsize     -
cpu-soft      tracepoint:cpu       -
commit-one    kmsg:commit          kmsg:commit
oom-memcg     tracepoint:oom-memcg kmsg:oom-memcg
oom-global    tracepoint:oom-global kmsg:oom-global
die-kill      tracepoint:signal    -
die-null      tracepoint:fault     kmsg:fault
END

# Without these two there is no bpf(2) for root; the kernel log stays readable.
cat >"$out/without_bpf" <<'END'
#!/bin/sh
exec /usr/bin/setpriv --bounding-set=-bpf,-perfmon,-sys_admin --inh-caps=-bpf,-perfmon,-sys_admin /failcnt.real "$@"
END
chmod +x "$out/without_bpf"

run_machine() { # NAME BACKEND FILES...
	local name=$1 backend=$2 status=0
	shift 2
	# shellcheck disable=SC2046  # names
	"$here/run.sh" -k "$kernel" -m 512 -N -b -t 120 "$@" -f "$out/provoke:/provoke" -f "$here/guest.sh:/guest" \
		-- /bin/sh /guest -n "$backend" $(awk '{print $1}' <<<"$table") wait >"$out/$name.log" 2>"$out/$name.err" || status=$?
	jq -nRr --arg name "$name" --arg table "$table" --argjson column "$([[ $name == events ]] && echo 1 || echo 2)" \
		--argjson exit "$status" "$judge" <"$out/$name.log" || echo "FAIL $name: its output cannot be read"
}

read -r -d '' judge <<'END' || true
[$table | split("\n")[] | select(. != "") | [splits(" +")] | {name: .[0], how: .[$column]}] as $want
| [inputs] as $lines
| [$lines[] | select(startswith("B ")) | split(" ") | {key: .[1], value: (.[2] | tonumber * 1e6)}] | from_entries as $begins
| [$lines[] | select(startswith("X ")) | split(" ") | {key: .[1], value: (.[3] | tonumber * 1e6)}] | from_entries as $ends
| [$lines[] | select(startswith("T ")) | {key: split(" ")[1], value: (.[(index("{")):] | fromjson)}] | from_entries as $truth
| [$lines[] | select(startswith("E ")) | .[2:] | fromjson] as $events
| [$events[] | select(.event == "refused" or .event == "killed")
   + {how: "\(.backend):\(if .event == "killed" then .cause else .resource end)"}] as $told
| (if $exit != 0 then "FAIL \($name): exit status \($exit)" else empty end),
  (if $events[0].event != "started" or $events[-1].event != "stopped" then "FAIL \($name): the stream is not whole" else empty end),
  ($want[] | . as $w
   | ($truth[$w.name].pids // [$truth[$w.name].pid]) as $pids
   | [$told[] | select(.event == "refused" or .by_comm != "provoke" or (.pid | IN($pids[])))
	      | select(.uptime_us >= $begins[$w.name] - 1e5 and .uptime_us <= $ends[$w.name] + 1e6)] as $seen
   | [$seen[] | select(.how == $w.how)] as $right
   | if $truth[$w.name].skip then "FAIL \($name) \($w.name): \($truth[$w.name].skip)"
     elif $w.how == "-" and $seen != [] and any($seen[]; .pid | IN($pids[])) then "FAIL \($name) \($w.name): \($seen | map(.how))"
     elif $w.how == "-" then "ok   \($name) \($w.name): not seen, as it must be"
     elif $right == [] then "FAIL \($name) \($w.name): \($w.how) is not told; told: \($seen | map(.how))"
     elif ($w.how | test("oom|signal|fault")) and ($right | length) != 1 then "FAIL \($name) \($w.name): told \($right | length) times"
     elif ($w.how | test("oom|signal|fault")) and ($right[0].pid | IN($pids[]) | not) then "FAIL \($name) \($w.name): pid \($right[0].pid) of \($pids)"
     elif any($right[]; (.says // "") == "") then "FAIL \($name) \($w.name): it says nothing"
     else "ok   \($name) \($w.name): \($w.how)" end)
END

run_machine events events -f "$out/failcnt:/failcnt" >"$out/events.result" &
run_machine without-bpf auto -f "$out/failcnt:/failcnt.real" -f "$out/without_bpf:/failcnt" \
	-f "$setpriv:/usr/bin/setpriv" >"$out/without-bpf.result" &
wait
cat "$out/events.result" "$out/without-bpf.result"
ok=$(cat "$out"/*.result | grep -c '^ok' || true)
failed=$(cat "$out"/*.result | grep -c '^FAIL' || true)
echo "events: $ok passed, $failed failed"
((failed == 0 && ok == 2 * $(wc -l <<<"$table")))
