#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside a virtual machine for soak.sh: stress-ng does everything to the kernel that it can
# think of, failcnt watches, and the kernel's own event tracing writes down every system call that
# ended with an errno which a limit can mean. It judges nothing; the first letter of a line tells what
# it is: E a line of failcnt, W what it and stress-ng said, T "TID SYSCALL ERRNO COUNT" of the witness, S the
# stressors that ran together and their status, L "LIMIT_NAME VALUE" as the machine has it, X a sum.
#
#   soak_guest.sh BACKEND SECONDS STRESSOR,STRESSOR=HOW_MANY,... ...
#
# Root may pass many limits, so the stressors run as a user, with rlimits and sysctls that they reach.
# A group that begins with "root:" is root's, without rlimits; that of "full:" works in a small tmpfs.
backend=$1 seconds=$2
shift 2
trace=/sys/kernel/tracing
chmod 1777 /tmp /dev/shm 2>/dev/null
mkdir -p /tmp/full
mount -t tmpfs -o size=1m,nr_inodes=64,mode=1777 tmpfs /tmp/full

echo 16384 >$trace/buffer_size_kb
# E2BIG EAGAIN ENOMEM EINVAL ENFILE EMFILE EFBIG ENOSPC ERANGE EADDRNOTAVAIL ENOBUFS EDQUOT; those
# that ordinary life is full of only from calls where a limit says so: EAGAIN of fork, vfork, clone,
# clone3, mmap, mremap, fork of a 32-bit program, timer_create, rt_sigqueueinfo and its kin, io_setup, execve, execveat; EPERM of
# mmap, mlock, mlock2, mlockall, shmget; EINVAL of semget, shmget.
often='id == 2 || id == 56 || id == 57 || id == 58 || id == 435 || id == 9 || id == 25 || id == 222 || id == 129 || id == 297 || id == 424 || id == 206 || id == 59 || id == 322'
locks='id == 9 || id == 29 || id == 149 || id == 325 || id == 151'
sizes='id == 64 || id == 29'
echo "ret == -7 || ret == -12 || ret == -23 || ret == -24 || ret == -27 || ret == -28 || ret == -34 || ret == -99 || ret == -105 || ret == -122 || (ret == -11 && ($often)) || (ret == -1 && ($locks)) || (ret == -22 && ($sizes)) || id == 12" \
	>$trace/events/raw_syscalls/sys_exit/filter || exit 1
# brk() has no errno: it ends at less than was asked for.
echo 'id == 12' >$trace/events/raw_syscalls/sys_enter/filter || exit 1

echo '200 400 8 1' >/proc/sys/kernel/sem || exit 1
printf '%s\n' 'L 200 kernel.sem[0] SEMMSL' 'L 400 kernel.sem[1] SEMMNS' 'L 8 kernel.sem[2] SEMOPM' 'L 1 kernel.sem[3] SEMMNI'
while read -r name value; do
	echo "$value" >"/proc/sys/$(echo "$name" | tr . /)" || exit 1
	echo "L $value $name"
done <<-END
	kernel.shmmni 1
	kernel.msgmni 16
	kernel.shmmax 16777216
	kernel.pty.max 4
	kernel.keys.maxkeys 20
	fs.inotify.max_user_instances 4
	fs.inotify.max_user_watches 20
	fs.epoll.max_user_watches 50
	fs.aio-max-nr 8
	fs.mqueue.queues_max 2
	vm.max_map_count 1000
	user.max_net_namespaces 1
	user.max_user_namespaces 2
END

/failcnt watch --json --backend="$backend" >/tmp/events 2>/tmp/said &
watch=$!
n=0
until grep -q '"event":"started"' /tmp/events; do
	n=$((n + 1))
	if [ $n -gt 1200 ]; then
		echo "failcnt did not start in 60 s" >&2
		exit 1
	fi
	usleep 50000
done
cat $trace/trace_pipe >/tmp/trace &
pipe=$!
echo 1 >$trace/events/raw_syscalls/sys_enter/enable
echo 1 >$trace/events/raw_syscalls/sys_exit/enable
for group in "$@"; do
	set --
	for s in $(echo "${group#*:}" | tr , ' '); do set -- "$@" "--${s%=*}" "$(echo "$s=1" | cut -d= -f2)"; done
	dir=/tmp
	case $group in full:*) dir=/tmp/full ;; esac
	set -- stress-ng --quiet "$@" --temp-path $dir --timeout "$seconds" --clone-max 100 --no-rand-seed
	case $group in
	root:*) "$@" ;;
	*) (
		# shellcheck disable=SC3045 # busybox has them
		ulimit -n 256 && ulimit -u 60 && ulimit -i 2 && ulimit -l 64 && ulimit -q 40000 || exit 99
		exec /usr/bin/setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
	) ;;
	esac >/tmp/stress 2>&1
	echo "S $group $?"
	head -5 /tmp/stress | sed 's/^/W /'
done
echo 0 >$trace/events/raw_syscalls/sys_exit/enable
echo 0 >$trace/events/raw_syscalls/sys_enter/enable
usleep 1500000
kill $pipe
kill -INT $watch
wait $watch
echo "X status $?"
echo "X overrun $(cat $trace/per_cpu/cpu*/stats | awk '/^overrun:/ { n += $2 } END { print n + 0 }')"
# "  name-TID   [000] d..1.  12.345: sys_exit: NR 33 = -24", "... sys_enter: NR 12 (55e0, 7f, ...)"
awk 'function hex(s, n, i) {
	for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return n
}
/sys_(exit|enter): NR/ {
	match($0, /-[0-9]+ +\[/); tid = substr($0, RSTART + 1, RLENGTH - 1) + 0
	if (/sys_enter: NR/) {
		match($0, /NR 12 \([0-9a-f]+/); asked[tid] = hex(substr($0, RSTART + 7, RLENGTH - 7))
		next
	}
	match($0, /NR -?[0-9]+ = -?[0-9]+/); split(substr($0, RSTART, RLENGTH), w, " ")
	if (w[2] == 12) {
		if (w[4] + 0 < asked[tid]) n[tid " 12 12"]++
		next
	}
	n[tid " " w[2] " " (0 - w[4])]++
} END { for (k in n) print "T " k " " n[k] }' /tmp/trace
sed 's/^/W /' /tmp/said
sed 's/^/E /' /tmp/events
