#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside a virtual machine for matrix.sh and preempt.sh: one failcnt watches while every
# failure is provoked. It judges nothing: all that it sees goes to stdout, and the first letter of
# a line tells what it is.
#
#   I KEY VALUE            about the machine
#   D TEXT, A TEXT         doctor with the backend asked for; with --backend=auto (option -a)
#   B NAME UPTIME          a provocation begins
#   T NAME JSON            the truth, as provoke counted it
#   X NAME STATUS UPTIME   it has ended
#   P NAME TEXT            what provoke wrote to stderr
#   E JSON                 a line of failcnt's output
#   W TEXT                 what failcnt wrote to stderr
#   M UPTIME TICKS KIB     its processor time and memory so far, after each wait
#   K TEXT                 what the kernel's log says about a kill
#   Z NAME STATUS          exit status of doctor, auto, watch
#
#   guest.sh [-a] [-n] BACKEND NAME[=ARGUMENT,...]...
#
# -n leaves doctor out. A NAME that is "wait" waits for the next sweep of failcnt, and so does the end.
auto='' doctor=yes
while :; do
	case $1 in
	-a) auto=yes ;;
	-n) doctor='' ;;
	*) break ;;
	esac
	shift
done
backend=$1
shift

# Repeats are told once a second: with room for a slow machine.
uptime_now() { read -r up _ </proc/uptime; echo "$up"; }
sweep() {
	usleep 1500000
	# VmRSS of kernels before 6.2 lags behind: each task counts for itself, to 64 faults (mm/memory.c).
	kib=$(awk '/^Rss/ { print $2 }' /proc/$watch/smaps_rollup)
	echo "M $(uptime_now) $(awk '{ print $14 + $15 }' /proc/$watch/stat) $kib"
}

# A directory that has another in it cannot be removed: provoke tries again for 3 seconds. A cgroup
# that is gone within milliseconds leaves nothing whose counters could be read.
keep_cgroup() {
	n=0
	while [ $n -lt 2000 ]; do
		for dir in /sys/fs/cgroup/failcnt-provoke-* /sys/fs/cgroup/pids/failcnt-provoke-*; do
			if [ -d "$dir" ] && mkdir "$dir/keep" 2>/dev/null; then
				usleep 700000
				rmdir "$dir/keep"
				return
			fi
		done
		usleep 500
		n=$((n + 1))
	done
}

run_doctor() { # LETTER NAME BACKEND
	/failcnt doctor --backend="$3" >/tmp/doctor 2>&1
	status=$?
	sed "s/^/$1 /" /tmp/doctor
	echo "Z $2 $status"
}

provoke() { # NAME=ARGUMENT,...
	name=${1%%=*}
	arguments=
	case $1 in
	*=*) arguments=$(echo "${1#*=}" | tr , ' ') ;;
	esac
	keeper=
	if [ "$name" = pids-max ]; then
		keep_cgroup &
		keeper=$!
	fi
	echo "B $name $(uptime_now)"
	# shellcheck disable=SC2086  # several arguments
	/provoke "$name" $arguments >/tmp/truth 2>/tmp/error
	status=$?
	sed "s/^/T $name /" /tmp/truth
	sed "s/^/P $name /" /tmp/error
	echo "X $name $status $(uptime_now)"
	if [ -n "$keeper" ]; then wait "$keeper"; fi
}

if [ -e /sys/fs/cgroup/cgroup.subtree_control ]; then
	echo '+memory +pids +cpuset' >/sys/fs/cgroup/cgroup.subtree_control
fi
echo "I release $(uname -r)"
echo "I version $(uname -v)"
echo "I shell $$"
if [ -n "$doctor" ]; then run_doctor D doctor "$backend"; fi
if [ -n "$auto" ]; then run_doctor A auto auto; fi

/failcnt watch --json --backend="$backend" >/tmp/events 2>/tmp/said &
watch=$!
n=0
while [ $n -lt 1200 ] && ! grep -q '"event":"started"' /tmp/events; do
	usleep 50000
	n=$((n + 1))
done
export FAILCNT_EVENTS=/tmp/events # provoke waits there for who holds it
for one in "$@"; do
	if [ "$one" = wait ]; then sweep; else provoke "$one"; fi
done
sweep
kill -INT $watch
wait $watch
status=$?
echo "I uptime $(uptime_now)"
sed 's/^/W /' /tmp/said
sed 's/^/E /' /tmp/events
dmesg | sed -n 's/^\(<[0-9]*>\)\{0,1\}\[[ 0-9.]*\] \(.*Killed process .*\)/K \2/p
	s/^\(<[0-9]*>\)\{0,1\}\[[ 0-9.]*\] \(.* invoked oom-killer: .*\)/K \2/p
	s/^\(<[0-9]*>\)\{0,1\}\[[ 0-9.]*\] \(\[ *[0-9p]*id* *\] .*oom_score_adj name\)/K \2/p
	s/^\(<[0-9]*>\)\{0,1\}\[[ 0-9.]*\] \(\[ *[0-9]*\]  *[0-9][-0-9 ]* .*\)/K \2/p'
echo "Z watch $status"
