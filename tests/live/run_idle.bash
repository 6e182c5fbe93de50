# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of what a watch costs that sees nothing: the start, its memory, how often it wakes up. Processor time and
# context switches, for other processes on a busy machine do not count there.
# shellcheck shell=bash disable=SC2034,SC2154

# spent PID: its processor time in ms
spent() { awk '{ printf "%d\n", $1 / 1e6 }' "/proc/$1/schedstat"; }
slept() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/status"; }

# Of nobody but this shell, so that what others are refused meanwhile wakes nobody.
idle_start() {
	local ms kib
	watch idle --pid $$ || return
	ms=$(spent "$pid")
	within 5 idle_small "$pid" || no "VmRSS is $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status") KiB"
	kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
	echo "# started with $ms ms of processor time; VmRSS $kib KiB"
	# half of it on a machine that does nothing else; emulated ones take longer
	((ms <= 1500)) || no "$ms ms of processor time to start"
}
idle_small() { (($(awk '/^VmRSS/ { print $2 }' "/proc/$1/status") <= 8192)); }

# As often as the most frequent of what doctor says (the others ride along), and no more: the best of some windows, for
# cgroups that others make are told too.
idle_quiet() {
	local allowed best=99999 before i n window=4
	allowed=$("$failcnt" doctor 2>/dev/null | awk -v s="$window" '
		/^Wake-ups/ { on = 1; next } !NF { on = 0 }
		on && $1 == "each" && s * 1000 / $2 > n { n = s * 1000 / $2 } END { print int(n + 3) }')
	watch quiet --pid $$ || return
	sleep 8 # whatever came at the start is told by then
	for i in 1 2 3; do
		before=$(slept "$pid")
		sleep "$window"
		n=$(($(slept "$pid") - before))
		((n >= best)) || best=$n
		((best > allowed)) || break
	done
	echo "# woke up $best times in $window s; doctor knows of $((allowed - 3))"
	((best <= allowed)) || no "$best times in $window s, and doctor knows of $((allowed - 3))"
}

# Repeats come as a count without any other event to wake for them.
idle_repeats() {
	watch repeats -r nofile || return
	sleep 8 # quiet by now
	provoked nofile-flood 3000 || return
	seen repeats "(.count // 0) > 0 and .pid == $(of .pid)" 5 || no "no count of the repeats"
}
