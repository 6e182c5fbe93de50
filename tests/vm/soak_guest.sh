#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside a virtual machine for soak.sh: stress-ng does everything to the kernel that it can
# think of, failcnt watches, and the kernel's own event tracing writes down every system call that
# ended with an errno which a limit can mean. It judges nothing; the first letter of a line tells what
# it is: E a line of failcnt, W what it said, T "TID SYSCALL ERRNO COUNT" of the witness, S a stressor
# and its status, X a sum.
#
#   soak_guest.sh BACKEND SECONDS STRESSOR...
backend=$1 seconds=$2
shift 2
trace=/sys/kernel/tracing
mkdir -p /dev/shm /dev/mqueue
mountpoint -q $trace || mount -t tracefs tracefs $trace
mountpoint -q /dev/mqueue || mount -t mqueue mqueue /dev/mqueue
mountpoint -q /dev/shm || mount -t tmpfs tmpfs /dev/shm

echo 16384 >$trace/buffer_size_kb
# E2BIG EAGAIN ENOMEM EINVAL ENFILE EMFILE EFBIG ENOSPC ERANGE EADDRNOTAVAIL ENOBUFS EDQUOT; the two
# that ordinary life is full of only from calls where a limit says so (fork, vfork, clone, clone3,
# mmap, mremap, mlock, timer_create, rt_sigqueueinfo, io_setup, execve; semget, shmget).
often='id == 56 || id == 57 || id == 58 || id == 435 || id == 9 || id == 25 || id == 149 || id == 222 || id == 129 || id == 206 || id == 59'
sizes='id == 64 || id == 29'
echo "ret == -7 || ret == -12 || ret == -23 || ret == -24 || ret == -27 || ret == -28 || ret == -34 || ret == -99 || ret == -105 || ret == -122 || (ret == -11 && ($often)) || (ret == -22 && ($sizes))" \
	>$trace/events/raw_syscalls/sys_exit/filter || exit 1

/failcnt watch --json --backend="$backend" >/tmp/events 2>/tmp/said &
watch=$!
n=0
while [ $n -lt 300 ] && ! grep -q '"event":"started"' /tmp/events; do
	usleep 50000
	n=$((n + 1))
done
echo 1 >$trace/events/raw_syscalls/sys_exit/enable
cat $trace/trace_pipe >/tmp/trace &
pipe=$!
for stressor in "$@"; do
	stress-ng --quiet --"$stressor" 1 --temp-path /tmp --timeout "$seconds" >/tmp/stress 2>&1
	echo "S $stressor $?"
done
echo 0 >$trace/events/raw_syscalls/sys_exit/enable
usleep 2500000
kill $pipe
kill -INT $watch
wait $watch
echo "X status $?"
echo "X overrun $(cat $trace/per_cpu/cpu*/stats | awk '/^overrun:/ { n += $2 } END { print n + 0 }')"
# "  name-TID   [000] d..1.  12.345: sys_exit: NR 33 = -24"
awk '/sys_exit: NR/ {
	match($0, /-[0-9]+ +\[/); tid = substr($0, RSTART + 1, RLENGTH - 1) + 0
	match($0, /NR -?[0-9]+ = -?[0-9]+/); split(substr($0, RSTART, RLENGTH), w, " ")
	n[tid " " w[2] " " (0 - w[4])]++
} END { for (k in n) print "T " k " " n[k] }' /tmp/trace
sed 's/^/W /' /tmp/said
sed 's/^/E /' /tmp/events
