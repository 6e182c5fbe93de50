#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Modules that are loaded while failcnt runs: a hook in one is attached when it comes, sees what it is for, and is
# attached anew when the module goes and comes again.
#
#   modules.sh [-k KERNELS] [-b BACKENDS] BUILD_DIR     default: "6.12", "auto kprobe"
#
# Raw output stays in BUILD_DIR/modules. Exit status: 0 when all of it holds.
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernels='6.12' backends='auto kprobe'
options 'k=kernels b=backends' "$@"
output modules
make_provoke
# shellcheck disable=SC2086 # a list of words
need_kernels $kernels
cat >"$out/guest" <<'END'
rmmod nf_conntrack || exit 1
/failcnt watch --json -r conntrack --backend="$BACKEND" >>/tmp/events 2>/tmp/said &
watch=$!
n=0
while [ $n -lt 1200 ] && ! grep -q '"event":"started"' /tmp/events; do usleep 50000; n=$((n + 1)); done
for times in 1 2; do
	insmod /etc/modules/nf_conntrack.ko enable_hooks=1 || exit 1
	n=0
	while [ $n -lt 1200 ] && [ "$(grep -c 'nf_conntrack was loaded' /tmp/said)" -lt $times ]; do usleep 50000; n=$((n + 1)); done
	/provoke conntrack | sed 's/^/T /'
	n=0
	while [ $n -lt 200 ] && ! grep -q '"conntrack"' /tmp/events; do usleep 50000; n=$((n + 1)); done
	usleep 1500000
	sed 's/^/E /' /tmp/events
	echo "R $times"
	: >/tmp/events
	rmmod nf_conntrack || echo "S kept" # a fexit program keeps it
	[ "$(lsmod | grep -c nf_conntrack)" = 0 ] || break
done
kill -INT $watch
wait $watch
sed 's/^/S /' /tmp/said
END
result=0
for kernel in $kernels; do
	for backend in $backends; do
		file=$out/$kernel-$backend
		"$here/run.sh" -k "$kernel" -m 512 -b -t 240 -e "BACKEND=$backend" -f "$out/failcnt:/failcnt" -f "$out/provoke:/provoke" \
			-f "$out/guest:/guest" -- /bin/sh /guest >"$file.log" 2>"$file.err" || true
		# Each round: the packets that the kernel counted as dropped, and what was told of them.
		wrong=$(jq -nRr '[inputs] as $l | [$l | to_entries[] | select(.value | startswith("R ")) | .key] as $ends
			| if $ends == [] then "no round ended" else empty end,
			  (range($ends | length) as $i | $l[(if $i == 0 then 0 else $ends[$i - 1] end):$ends[$i]]
			   | ([.[] | select(startswith("T ")) | .[2:] | fromjson.n] | add) as $n
			   | ([.[] | select(startswith("E ")) | .[2:] | fromjson | select(.event == "refused") | .count // 1] | add // 0) as $told
			   | if $told >= $n and $n > 0 then empty else "round \($i + 1): \($told) told of \($n)" end)' "$file.log")
		if [[ $wrong ]]; then
			echo "FAIL $kernel $backend: ${wrong//$'\n'/; }"
			result=1
		else
			echo "ok   $kernel $backend: $(grep -c '^R ' "$file.log") rounds"
		fi
	done
done
exit $result
