#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The service under a real systemd, in a virtual machine: the unit as it is installed, with all of its
# hardening in force, records by each backend what is refused and killed; readiness, reload, watchdog
# and stop do what systemd is told. The systemd is this machine's own (Debian's package).
#
#   systemd.sh [-k "KERNEL..."] [-b BACKENDS] BUILD_DIR
#
#   -k KERNELS    as kernels.sh names them (default 6.12)
#   -b BACKENDS   "fexit kprobe tracepoint": by each of them, before what auto takes (default: that alone)
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernels=6.12 backends=''
worst=3.0 # of systemd-analyze security
options 'k=kernels b=backends' "$@"
unit=$here/../../user/share/failcnt.service
systemd=/usr/lib/systemd/systemd units=/usr/lib/systemd/system
[[ -x $systemd && -d $units ]] || { echo "systemd: 0 passed, 0 failed, 1 skipped (no systemd: apt-get install systemd)"; exit 0; }
work=$(mktemp -d "${TMPDIR:-/tmp}/failcnt-systemd.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

ok() { echo "ok $*"; passed=$((passed + 1)); }
no() { echo "FAIL $*"; failed=$((failed + 1)); }

exposure=$(systemd-analyze security --offline=yes "$unit" 2>/dev/null | sed -nE 's/.*exposure level for .*: ([0-9.]+) .*/\1/p')
if awk -v e="$exposure" -v w="$worst" 'BEGIN { exit !(e != "" && e + 0 <= w + 0) }'; then
	ok "systemd-analyze security: $exposure"
else
	no "systemd-analyze security: ${exposure:-nothing}, at most $worst is wanted"
fi

out=$work make_provoke
mkdir -p "$work/units" "$work/etc"
for name in sysinit basic shutdown local-fs multi-user slices sockets paths timers umount; do
	cp "$units/$name.target" "$work/units/"
done
cp "$unit" "$work/units/"
cp "$here/systemd_guest.service" "$work/units/guest.service"
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\nWants=guest.service\n' >"$work/units/default.target"
echo 'root:x:0:0:root:/tmp:/bin/sh' >"$work/etc/passwd"
echo 'root:x:0:' >"$work/etc/group"
echo 'ID=test' >"$work/etc/os-release"
: >"$work/etc/machine-id"
files=(-f "$systemd:/usr/lib/systemd/systemd" -f "$(command -v systemctl):/bin/systemctl"
	-f "$build/failcnt:/usr/local/sbin/failcnt" -f "$work/provoke:/bin/provoke" -f "$here/systemd_guest.sh:/guest"
	-f "$work/units:/usr/lib/systemd/system" -f "$work/etc/passwd:/etc/passwd" -f "$work/etc/group:/etc/group"
	-f "$work/etc/os-release:/etc/os-release" -f "$work/etc/machine-id:/etc/machine-id")
# Newer versions load it when they need it.
seccomp=$(ldconfig -p | sed -nE 's/.*libseccomp\.so\.2 .*=> (.*)/\1/p' | head -n 1)
[[ -z $seccomp ]] || files+=(-f "$seccomp:$seccomp")

for kernel in $kernels; do
	status=0
	"$here/run.sh" -k "$kernel" -m 768 -b -t 400 "${files[@]}" -e "BACKENDS=$backends" \
		-a "failcnt.pid1 systemd.log_target=console systemd.log_level=notice systemd.show_status=0" \
		-- /usr/lib/systemd/systemd >"$work/out" 2>"$work/err" || status=$?
	sed -n "s/^\(ok\|FAIL\|#\) /&$kernel /p" "$work/out"
	passed=$((passed + $(grep -c '^ok ' "$work/out" || true)))
	failed=$((failed + $(grep -c '^FAIL ' "$work/out" || true)))
	if ((status)) || ! grep -q '^done' "$work/out"; then
		no "$kernel: the machine ended with status $status"
		tail -n 30 "$work/out" "$work/err"
	fi
done
echo "systemd: $passed passed, $failed failed"
((failed == 0))
