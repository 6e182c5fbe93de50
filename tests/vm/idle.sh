#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A watch that sees nothing does nothing: no wake-up in ten seconds, on a kernel where all that it watches can wake it
# (cgroup v2, no preemption inside its programs), and little memory. And what is counted in silence is told all the same.
#
#   idle.sh [-k KERNEL] BUILD_DIR        default: 6.12
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernel=6.12
options 'k=kernel' "$@"
output idle
make_provoke
need_kernels "$kernel"

cat >"$out/guest.sh" <<'END'
mount -t debugfs none /sys/kernel/debug 2>/dev/null
slept() { awk '/^voluntary/ { print $2 }' /proc/$1/status; }
begun() { i=0; until grep -q '"started"' $1; do sleep 0.2; i=$((i + 1)); [ $i -lt 300 ] || break; done; }
: >/watch; : >/record
/failcnt watch --json >/watch 2>/watch.err & w=$!
/failcnt record --store /tmp/failcnt.db --output json:/record 2>/record.err & r=$!
begun /watch; begun /record
sleep 9 # what came at the start is told
a=$(slept $w) b=$(slept $r)
sleep 10
echo "WAKEUPS $(($(slept $w) - a)) $(($(slept $r) - b))"
echo "RSS $(awk '/^VmRSS/ { print $2 }' /proc/$w/status) $(awk '/^VmRSS/ { print $2 }' /proc/$r/status)"
/provoke nofile-flood 3000 >/dev/null 2>&1
sleep 3
kill -INT $w
wait $w
kill -INT $r
wait $r
echo "TOLD $(sed -n 's/^failcnt: \([0-9]*\) refused.* \([0-9]*\) lost$/\1 \2/p' /watch.err) before-the-end $(sed -n '/"count":/p' /watch | wc -l)"
/failcnt doctor 2>/dev/null | sed -n '/^Wake-ups/,/^$/s/^/DOCTOR /p;/^BPF maps/s/^/DOCTOR /p'
END
"$here/run.sh" -k "$kernel" -m 768 -N -b -t 300 -f "$out/failcnt:/failcnt" -f "$out/provoke:/provoke" \
	-f "$out/guest.sh:/script" -- /bin/sh /script >"$out/log" 2>"$out/err" ||
	{ tail -n 5 "$out/err" >&2; die "the virtual machine failed"; }
sed -n 's/^DOCTOR //p' "$out/log"
# The recorder samples counters each 10 s, so that it wakes once or twice.
awk '
	function is(name, fine, what) { print (fine ? "ok " : "FAIL ") name ": " what; fine ? ok++ : bad++ }
	$1 == "WAKEUPS" { is("watch-sleeps", $2 == 0, $2 " wake-ups in 10 s"); is("record-sleeps", $3 <= 4, $3 " wake-ups in 10 s") }
	$1 == "RSS" { is("watch-rss", $2 <= 8192, $2 " KiB"); is("record-rss", $3 <= 8192, $3 " KiB") }
	$1 == "TOLD" { is("repeats-told", $2 == 3000 && $3 == 0 && $5 > 0, $2 " of 3000 told, " $3 " lost, " $5 " counts before the end") }
	END { printf "idle: %d passed, %d failed\n", ok, bad + (ok + bad != 5); exit bad || ok != 5 }' "$out/log"
