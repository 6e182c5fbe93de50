#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How fast `failcnt import` reads, and in how much memory: a log of SIZE MiB made of a system's
# usual lines with the reports of tests/fixtures/kmsg among them, at the first and at the last.
#   import.sh BUILD_DIR [MIB]
set -eu
build=$(realpath "${1:?usage: import.sh BUILD_DIR [MIB]}")
mib=${2:-256}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# usual NAME: lines of no interest
usual() {
	local i
	for i in {1..2000}; do
		echo "Nov 22 03:14:$((i % 50 + 10)) host systemd[1]: Started Session $i of user root."
		echo "Nov 22 03:14:$((i % 50 + 10)) host kernel: [$((i + 1000)).123456] usb 1-1: new high-speed USB device number $i using xhci_hcd"
		echo "Nov 22 03:14:$((i % 50 + 10)) host sshd[$((i + 900))]: Accepted publickey for git from 10.0.0.7 port $((i + 30000)) ssh2"
		echo "Nov 22 03:14:$((i % 50 + 10)) host CRON[$((i + 700))]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)"
	done
}

# measure NAME FILE BYTES: in seconds of processor time, which others on the machine do not lengthen
measure() {
	local used TIMEFORMAT='%U %S'
	used=$({ time "$build/failcnt" import --json "$2" >"$work/out" 2>/dev/null; } 2>&1)
	echo "$used" | awk -v name="$1" -v mib=$(($3 / 1048576)) -v events="$(wc -l <"$work/out")" \
		'{ t = $1 + $2; printf "%s: %d MiB in %.2f s: %d MiB/s, %d events\n", name, mib, t, mib / (t + 0.001), events }'
}

usual >"$work/usual"
reports=("$here"/../fixtures/kmsg/*.txt)
while [ "$(stat -c %s "$work/log" 2>/dev/null || echo 0)" -lt $((mib * 1048576 / 16)) ]; do cat "$work/usual" >>"$work/log"; done
for _ in {1..16}; do cat "$work/log"; done >"$work/most"
cat "${reports[@]}" "$work/most" "${reports[@]}" >"$work/all"
rm "$work/most"
measure "usual lines" "$work/all" "$(stat -c %s "$work/all")"
for _ in {1..400}; do cat "${reports[@]}"; done >"$work/reports"
measure "reports of the OOM killer alone" "$work/reports" "$(stat -c %s "$work/reports")"
gzip -1 <"$work/all" >"$work/all.gz"
measure "the first, gzip" "$work/all.gz" "$(stat -c %s "$work/all")"
"$build/failcnt" import "$work/all" >/dev/null 2>&1 &
pid=$!
most=0
while [ -r /proc/$pid/status ]; do
	now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null || true)
	if [ "${now:-0}" -gt "$most" ]; then most=$now; fi
	[ "${now:-0}" -gt 0 ] || break
	sleep 0.02
done
wait $pid || true
echo "memory at most: $most KiB"
