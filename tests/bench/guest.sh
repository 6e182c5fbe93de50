#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside the virtual machine of run.sh: attaches one thing after the other, and has the
# operations timed under each. It computes nothing; the first letter of a line tells what it is.
#
#   L ROW OPERATION NS =|~ ROUNDS OWN    a line of loops, while ROW was attached; "moved" at its end
#                                        when something missed a call and is attached elsewhere now
#   F ROW N                              how many empty programs ROW is
#   T BACKEND KEY US                 a line of times
#   A ROW US US                      how long programs of below.sh took to attach and to detach
#   X ROW STATUS                     ROW could not be attached, or ended badly
#
#   guest.sh ROW...      nothing; fexit, kprobe, tracepoint: failcnt with that backend; floor-BACKEND:
#                        the programs that it loads, with nothing in them (/floor.o), and
#                        floor-classic, with the other tracepoint of sys_exit; times-BACKEND
loops() {
	row=$1
	shift
	once "$@"
	[ -z "$LOOPS" ] || return 0
	# What they take depends on where in its caches the kernel finds room: the middle of three counts,
	# or of seven, is taken. The least would be that of a dip which only one of two had.
	export LOOPS='brk+brk semget+rmid mmap+munmap'
	once "$@"
	once "$@"
	export LOOPS='brk+brk mmap+munmap'
	for _ in 1 2 3 4; do once "$@"; done
	unset LOOPS
}

once() {
	/loops "$@" | while read -r line; do
		if grep -qs 'moved to' /tmp/said; then line="$line moved"; fi
		echo "L $row $line"
	done
}

# What is in the background has said this.
wait_for() { # TEXT
	n=0
	until grep -qs "$1" /tmp/events; do
		n=$((n + 1))
		if [ $n -gt 1200 ]; then
			cat /tmp/said >&2
			exit 1
		fi
		usleep 50000
	done
}

# failcnt BACKEND: waits until it has started.
start_failcnt() {
	rm -f /tmp/events
	/failcnt watch --json --backend="$1" >/tmp/events 2>/tmp/said &
	watch=$!
	wait_for '"event":"started"'
}

end_failcnt() {
	kill -INT $watch
	wait $watch || { echo "X $1 $?"; cat /tmp/said >&2; }
}

under_failcnt() {
	start_failcnt "$1"
	# It may have fallen back: then this is not the row that it is called.
	way=$1
	if [ "$way" = events ]; then way=tracepoint; fi
	grep -q "\"backends\":{.*\"$way\":[1-9]" /tmp/events || echo "X $1 fell-back"
	loops "$1" $watch
	end_failcnt "$1"
}

# try-NAME,NAME: programs of /below.o (below.sh).
under_try() {
	echo "${1#try-}" | tr , '\n' >/tmp/names
	rm -f /tmp/events
	/floor /below.o </tmp/names >/tmp/events 2>/tmp/said &
	floor=$!
	until grep -qs ready /tmp/events || ! kill -0 $floor 2>/dev/null; do usleep 50000; done
	if ! grep -q ready /tmp/events; then
		wait $floor
		echo "X $1 $(sed -n 's/.*: //p' /tmp/said | head -n 1)"
		return
	fi
	loops "$1"
	kill $floor
	wait $floor
	awk -v row="$1" '/tached in/ { us[$1] = $3 } END { print "A", row, us["attached"], us["detached"] }' /tmp/events
}

under_floor() {
	case $1 in
	floor-classic) backend=tracepoint ;;
	*) backend=${1#floor-} ;;
	esac
	start_failcnt "$backend"
	/floor -l >/tmp/names
	end_failcnt "$1"
	[ "$1" != floor-classic ] || sed -i 's/^rawtp_sys_exit$/tp_sys_exit/;s/^tpbtf_sys_exit$/tp_sys_exit/' /tmp/names
	rm -f /tmp/events
	/floor /floor.o </tmp/names >/tmp/events 2>/tmp/said &
	floor=$!
	wait_for ready
	sed -n "s/^ready/F $1/p" /tmp/events
	loops "$1"
	kill $floor
	wait $floor 2>/dev/null
	return 0
}

for row in "$@"; do
	case $row in
	nothing) loops nothing ;;
	floor-*) under_floor "$row" ;;
	try-*) under_try "$row" ;;
	times-*) /times /failcnt "${row#times-}" | sed "s/^/T ${row#times-} /" ;;
	*) under_failcnt "$row" ;;
	esac
done
