#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside the virtual machine of tools.sh: starts one tool after the other as a user would,
# and has the operations timed and refusals made under each. It computes nothing.
#
#   L ROW OPERATION NS =|~ ROUNDS    a line of loops, while ROW ran; ROW is nothing for none
#   V ROW KEY VALUE                  start: processor time in ns from its exec until it rests;
#                                    rss: KiB then; idle: its processor time of 10 s;
#                                    refused: of the program in one refused open, ns;
#                                    own: of the tool, kernel threads included, for all of them;
#                                    told: how many of them it saw
#   X ROW WHY                        ROW cannot be had on this kernel
#
#   tools_guest.sh COUNT ROW...      COUNT refusals; the rows are those of /tools.txt
count=$1
shift

for dir in proc sys dev; do mount -o rbind /$dir /tools/$dir; done
# bpftrace asks a shell for clang, and crashes where there is none; auditd wants to know that its disk
# has room.
cp /bin/busybox /tools/bin/sh
mount -t tmpfs -o size=128m log /tools/var/log/audit
mkfifo /tmp/go /tmp/back
exec 3<>/tmp/go 4<>/tmp/back

# What is watched: it runs what it is told, so that a tool which follows one process can be here first.
sh -c 'while read -r line; do eval "$line"; echo done; done </tmp/go >/tmp/back' &
target=$!

# in_target COMMAND: prints what it prints
in_target() {
	echo "$1 >/tmp/result" >/tmp/go
	read -r _ </tmp/back
	cat /tmp/result
}

measured() { in_target "LOOPS='$operations' /loops" | sed "s/^/L $1 /"; }

# Processor time in ns of the tool's threads; for audit, of the kernel's that writes the records too,
# since the row began.
used() {
	cat /proc/"$tool"/task/*/schedstat "$kauditd" 2>/dev/null |
		awk -v base="$base" '{ sum += $1 } END { printf "%.0f\n", sum - base }'
}

find_kauditd() {
	for dir in /proc/[0-9]*; do
		if [ "$(cat "$dir/comm")" = kauditd ]; then kauditd=$dir/schedstat; fi
	done
	read -r base _ <"$kauditd"
}

# It has started when it does next to nothing for two seconds.
rests() {
	n=0 last=0
	while [ $n -lt 30 ]; do
		sleep 2
		[ -d /proc/"$tool" ] || return 1
		now=$(used)
		[ $((now - last)) -gt 10000000 ] || return 0
		last=$now n=$((n + 1))
	done
}

# numbers WORD: of the lines with this word, the numbers at their ends, added up
numbers() { awk -v word="$1" 'index($0, word) { sum += $NF } END { print sum + 0 }' /tmp/said; }

told() {
	case $1 in
	fexit | kprobe | tracepoint)
		grep '"event":"refused".*"errno":"EMFILE".*"comm":"refusals"' /tmp/said |
			sed 's/.*"count":\([0-9]*\).*/\1/; s/^{.*/1/' |
			awk '{ sum += $1 } END { print sum + 0 }'
		;;
	syscount) awk '$1 == "openat" { print $2 }' /tmp/said ;;
	bpftrace-exit) numbers '@[refusals, -24]' ;;
	bpftrace-*) numbers '@[refusals]' ;;
	opensnoop) grep -c '24 /refused$' /tmp/said ;;
	perf) grep -c 'refusals.*EMFILE' /tmp/said ;;
	strace) grep -c '"/refused".*EMFILE' /tmp/said ;;
	audit-*) cat /tools/var/log/audit/audit.log* | grep -c 'type=SYSCALL.*exit=-24 .*comm="refusals"' ;;
	esac
}

start() { # ROW COMMAND
	kauditd=/dev/null base=0
	case $1 in
	audit-*)
		rm -f /tools/var/log/audit/*
		find_kauditd
		;;
	esac
	# shellcheck disable=SC2086  # words
	case $1 in
	fexit | kprobe | tracepoint) /failcnt ${2#* } --json >/tmp/said 2>&1 & ;;
	audit-*) chroot /tools auditd -n >/tmp/said 2>&1 & ;;
	*) (eval "exec chroot /tools $(echo "$2" | sed "s/PID/$target/")" >/tmp/said 2>&1) & ;;
	esac
	tool=$!
	case $1 in
	audit-*)
		sleep 2
		# shellcheck disable=SC2086  # words
		chroot /tools $2 >>/tmp/said 2>&1 || return 1
		;;
	esac
	rests
}

stop() { # ROW
	case $1 in
	audit-*)
		chroot /tools auditctl -D >/dev/null 2>&1
		chroot /tools auditctl -s | grep '^lost' >&2
		kill $tool
		;;
	strace) kill $tool ;; # SIGINT, ignored in the background, it would ignore
	*) kill -INT $tool ;;
	esac
	wait $tool
}

under() { # ROW
	command=$(sed -n "s/^$1	//p" /tools.txt)
	if ! start "$1" "$command"; then
		# The first line that looks like a reason.
		why=$(grep -iE 'error|fail|cannot|can.t|not ' /tmp/said | head -n 1)
		echo "X $1 ${why:-$(head -n 1 /tmp/said)}"
		kill -KILL $tool 2>/dev/null
		cat /tmp/said >&2
		return
	fi
	echo "V $1 start $(used)"
	echo "V $1 rss $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$tool/status)"
	before=$(used)
	sleep 10
	echo "V $1 idle $(($(used) - before))"
	measured "$1"
	rests
	before=$(used)
	echo "V $1 refused $(in_target "/refusals $count")"
	rests
	echo "V $1 own $(($(used) - before))"
	stop "$1"
	echo "V $1 told $(told "$1")"
	echo "--- $1" >&2
	tail -n 5 /tmp/said >&2
}

sleep 3
operations=$(cat /operations)
echo "V nothing refused $(in_target "/refusals $count")"
measured nothing
for row in "$@"; do under "$row"; done
