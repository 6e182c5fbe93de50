#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside a virtual machine for prove.sh: for each failure the `fix` that failcnt printed is
# given to sh as it is, and the same thing is tried again. It judges nothing; the first word of a line
# tells what it is.
#
#   prove_guest.sh BACKEND NAME=RESOURCE...
#
#   begin NAME        a failure begins
#   truth JSON        what provoke says, and later {"proved":true|false}
#   fix TEXT          a line of the remedy
#   ran STATUS        how sh ended, and what it wrote: `out TEXT`
#   none WHY          there is nothing to try
backend=$1
shift
if [ -e /sys/fs/cgroup/cgroup.subtree_control ]; then
	echo '+memory +pids +cpuset +hugetlb' >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null ||
		echo '+memory +pids +cpuset' >/sys/fs/cgroup/cgroup.subtree_control
fi
mkdir -p /etc/sysctl.d /etc/security/limits.d
mkfifo /tmp/said_by_it
/failcnt watch --json --backend="$backend" >/tmp/events 2>/tmp/said &
watch=$!
n=0
while [ $n -lt 2400 ] && ! grep -q '"event":"started"' /tmp/events; do
	usleep 50000
	n=$((n + 1))
done

# The text of key "fix" in a line of JSON, unescaped.
fix_of() {
	awk '{
		at = index($0, "\"fix\":\"")
		if (!at) exit
		s = substr($0, at + 7)
		for (i = 1; i <= length(s); i++) {
			c = substr(s, i, 1)
			if (c == "\"") exit
			if (c == "\\") {
				i++
				c = substr(s, i, 1)
				if (c == "n") c = "\n"
				else if (c == "t") c = "\t"
				else if (c == "u") {
					if (substr(s, i + 1, 4) != "000a") { print "false # escape of " substr(s, i, 5); exit }
					c = "\n"
					i += 4
				}
			}
			printf "%s", c
		}
	} END { print "" }'
}

events() {
	tail -n +$((before + 1)) /tmp/events
}

prove() { # NAME RESOURCE
	before=$(wc -l </tmp/events)
	rm -rf /tmp/prove /tmp/truth /tmp/error
	mkdir -m 0777 /tmp/prove
	FAILCNT_PROVE=/tmp/prove /provoke "$1" >/tmp/said_by_it 2>/tmp/error &
	provoke=$!
	# Nothing is started until it is done: at a limit of the host nobody could be.
	exec 3</tmp/said_by_it
	read -r line <&3
	echo "$line" >/tmp/truth
	grep -q '"pid":' /tmp/truth || { echo "none $(cat /tmp/truth /tmp/error)"; wait $provoke; return; }
	# Refused or killed. By process, or where a child or nobody was refused, by resource.
	pid=$(sed -n 's/.*"pid":\([0-9]*\),.*/\1/p' /tmp/truth | head -n 1)
	refused="\"event\":\"[rk][a-z]*ed\".*\"resource\":\"$2\""
	whose="\"pid\":$pid,"
	! grep -q '"nobody":true' /tmp/truth || whose=
	n=0
	while [ $n -lt 60 ] && ! events | grep -q "$refused.*$whose.*\"fix\":"; do
		usleep 25000
		n=$((n + 1))
	done
	# The first has all numbers; of repeats only the limit is known.
	events | grep "$refused.*$whose.*\"fix\":" | head -n 1 >/tmp/event
	[ -s /tmp/event ] || events | grep "$refused.*\"fix\":" | head -n 1 >/tmp/event
	fix_of </tmp/event >/tmp/fix
	sed 's/^/event /' /tmp/event
	sed '/^$/d; s/^/fix /' /tmp/fix
	n=0
	while [ $n -lt 400 ] && [ ! -e /tmp/prove/waits ] && kill -0 $provoke 2>/dev/null; do
		usleep 25000
		n=$((n + 1))
	done
	if [ ! -e /tmp/prove/waits ]; then
		sed 's/^/truth /' /tmp/truth
		echo "none it does not wait for a remedy"
		wait $provoke
		return
	fi
	if [ -z "$NOTHING" ]; then
		sh -e /tmp/fix </dev/null >/tmp/out 2>&1
		echo "ran $?"
		sed 's/^/out /' /tmp/out
	fi
	: >/tmp/prove/go
	while read -r line <&3; do echo "$line" >>/tmp/truth; done
	wait $provoke
	sed 's/^/truth /' /tmp/truth
}

for name in "$@"; do
	echo "begin ${name%=*}"
	prove "${name%=*}" "${name#*=}"
done
kill -INT $watch
wait $watch
