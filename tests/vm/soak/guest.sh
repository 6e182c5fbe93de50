#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside a virtual machine for soak.sh: stress-ng does everything to the kernel that it can think
# of, real servers get too little, load.c is refused and killed and counts that itself; failcnt watches, and so
# do the kernel's event tracing, its accounting, the cgroups' own files, the servers' logs and strace. It judges
# nothing. The first letter of a line tells what it is:
#   E a line of failcnt                    W what it, stress-ng and load said
#   S the stressors that ran together, and their status
#   T "TID SYSCALL ERRNO COUNT"            system calls that ended with an errno which a limit can mean
#   Q "BY TO SIGNAL"                       signals that a process sent itself, by their tracepoint
#   A "PID SIGNAL COMM"                    deaths, by acct(2)
#   F "TID SIGNAL"                         signals whose default was done to a thread, by their tracepoint
#   C K G H O                              as load.c prints them
#   Z "PID ERRNO COUNT"                    what strace saw of the second load
#   V "WHO PID RESOURCE ERRNO COUNT"       what a server's log says it was refused
#   M "WHO FILE KEY N TOLD"                a cgroup's counter, and what it counts: the cause or the resource
#   L "LIMIT_NAME VALUE"                   as the machine has it
#   X a sum
#
#   guest.sh BACKEND SECONDS GROUP_SECONDS ROUNDS TRACED SEED SERVERS STRESSOR,STRESSOR=HOW_MANY,... ...
#
# Root may pass many limits, so the stressors run as a user, with rlimits and sysctls that they reach.
# A group that begins with "root:" is root's, without rlimits; that of "full:" works in a small tmpfs; brk is
# run only once: it has no errno, and its witness is a line of tracing for each call.
backend=$1 seconds=$2 group_seconds=$3 rounds=$4 traced=$5 seed=$6 servers=$7
shift 7
trace=/sys/kernel/tracing
calls=$trace/events/raw_syscalls signals=$trace/events/signal/signal_generate delivered=$trace/events/signal/signal_deliver
chmod 1777 /tmp /dev/shm 2>/dev/null
mkdir -p /tmp/full /tmp/acct
mount -t tmpfs -o size=1m,nr_inodes=64,mode=1777 tmpfs /tmp/full
mount -t tmpfs -o size=128m tmpfs /tmp/acct # acct(2) stops where less than 2 % of a file system is free
echo 4194304 >/proc/sys/kernel/pid_max || exit 1 # no pid comes twice
groups_of_pids=/sys/fs/cgroup groups_of_memory=/sys/fs/cgroup memory_limit=memory.max memory_counter=memory.events
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	echo +pids +memory >/sys/fs/cgroup/cgroup.subtree_control || exit 1
else # v1
	# shellcheck disable=SC2034 # serve.sh needs them
	groups_of_pids=/sys/fs/cgroup/pids groups_of_memory=/sys/fs/cgroup/memory
	# shellcheck disable=SC2034
	memory_limit=memory.limit_in_bytes memory_counter=memory.oom_control
fi
printf '%s\n' root:x:0:0::/:/bin/sh nobody:x:65534:65534::/: nginx:x:65531:65534::/: apache:x:65533:65534::/: postgres:x:65532:65534::/: >/etc/passwd
printf '%s\n' root:x:0: nogroup:x:65534: nginx:x:65531: >/etc/group

echo 16384 >$trace/buffer_size_kb
# E2BIG EAGAIN ENOMEM EINVAL ENFILE EMFILE EFBIG ENOSPC ERANGE EADDRNOTAVAIL ENOBUFS EDQUOT; those
# that ordinary life is full of only from calls where a limit says so: EAGAIN of fork, vfork, clone,
# clone3, mmap, mremap, fork of a 32-bit program, timer_create, rt_sigqueueinfo and its kin, io_setup, execve, execveat; EPERM of
# mmap, mlock, mlock2, mlockall, shmget; EINVAL of semget, shmget.
often='id == 2 || id == 56 || id == 57 || id == 58 || id == 435 || id == 9 || id == 25 || id == 222 || id == 129 || id == 297 || id == 424 || id == 206 || id == 59 || id == 322'
locks='id == 9 || id == 29 || id == 149 || id == 325 || id == 151'
sizes='id == 64 || id == 29'
refused="ret == -7 || ret == -12 || ret == -23 || ret == -24 || ret == -27 || ret == -28 || ret == -34 || ret == -99 || ret == -105 || ret == -122 || (ret == -11 && ($often)) || (ret == -1 && ($locks)) || (ret == -22 && ($sizes))"
# brk() has no errno: it ends at less than was asked for.
echo 'id == 12' >$calls/sys_exit/filter && echo 'id == 12' >$calls/sys_enter/filter || exit 1

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
	fs.fanotify.max_user_groups 3
	fs.epoll.max_user_watches 50
	fs.aio-max-nr 8
	fs.mqueue.queues_max 2
	fs.mount-max 60
	vm.max_map_count 1000
	user.max_net_namespaces 1
	user.max_user_namespaces 2
	user.max_uts_namespaces 0
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
/load acct-on /tmp/acct/log || exit 1
cat $trace/trace_pipe >/tmp/trace &
pipe=$!
echo "hist:keys=common_pid,id,ret:size=131072 if $refused" >$calls/sys_exit/trigger || exit 1
# SI_USER, SI_QUEUE, SI_TKILL: what kill(), sigqueue() and tgkill() send, and not the kernel in the name of a limit
echo "hist:keys=common_pid,pid,sig:size=131072 if code == 0 || code == -1 || code == -6" >$signals/trigger || exit 1
echo 'hist:keys=common_pid,sig:size=65536 if sa_handler == 0 && sig < 32' >$delivered/trigger || exit 1
echo 1 >$calls/sys_enter/enable
echo 1 >$calls/sys_exit/enable

start=$(cut -d. -f1 /proc/uptime)
since() { echo $(($(cut -d. -f1 /proc/uptime) - start)); }
if [ "$servers" != none ]; then
	# shellcheck disable=SC1091 # soak.sh puts it there
	. /serve.sh
	for server in $servers; do "${server}_start"; done
fi
# Each has so long for each round that all of them end with the stressors.
/load run "$seed" "$rounds" $((seconds * 1000 / rounds)) all >/tmp/load 2>/tmp/load.said &
load=$!
/bin/strace -f -qq -e signal=none -e status=failed -o /tmp/strace \
	/load run $((seed + 1)) "$traced" $((seconds * 1000 / traced)) calls >/tmp/load2 2>/tmp/load2.said &
sampled=$!

stress() { # GROUP
	group=$1
	set --
	for s in $(echo "${group#*:}" | tr , ' '); do
		if [ "$s" = brk ] && [ $passes != 0 ]; then continue; fi
		set -- "$@" "--${s%=*}" "$(echo "$s=1" | cut -d= -f2)"
	done
	dir=/tmp
	case $group in full:*) dir=/tmp/full ;; esac
	set -- nice -n 15 stress-ng --quiet "$@" --temp-path $dir --timeout "$group_seconds" --clone-max 100 --no-rand-seed
	case $group in
	root:*) "$@" ;;
	*) (
		# shellcheck disable=SC3045  # busybox knows them
		ulimit -n 256 && ulimit -u 60 && ulimit -i 2 && ulimit -l 64 && ulimit -q 40000 || exit 99
		exec /usr/bin/setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
	) ;;
	esac >/tmp/stress 2>&1
	echo "S $group $?"
	head -5 /tmp/stress | sed 's/^/W /'
}
passes=0
while [ $passes = 0 ] || [ "$(since)" -lt "$seconds" ]; do
	for group in "$@"; do
		stress "$group"
		echo "$backend: $(since) of $seconds s, $(grep -c . /tmp/events) lines told" >&2
		if [ "$(since)" -ge "$seconds" ] && [ $passes != 0 ]; then break; fi
	done
	passes=$((passes + 1))
done
echo "$backend: $(since) s, the stressors ended" >&2
wait $load
echo "X load $?"
echo "$backend: $(since) s, the load ended" >&2
wait $sampled
echo "X sampled $?"
echo "$backend: $(since) s, its sample below strace ended" >&2
if [ "$servers" != none ]; then for server in $servers; do "${server}_stop"; done; fi
echo "$backend: $(since) s, ending" >&2
echo 0 >$calls/sys_exit/enable
echo 0 >$calls/sys_enter/enable
usleep 500000
kill $pipe
wait $pipe 2>/dev/null
/load acct-off /tmp/acct/log
cat $calls/sys_exit/hist >/tmp/calls
cat $signals/hist >/tmp/signals
cat $delivered/hist >/tmp/delivered
usleep 1500000
kill -INT $watch
wait $watch
echo "X status $?"
echo "X overrun $(cat $trace/per_cpu/cpu*/stats | awk '/^overrun:/ { n += $2 } END { print n + 0 }')"
echo "X dropped $(awk '/Dropped:/ { n += $2 } END { print n + 0 }' /tmp/calls /tmp/signals /tmp/delivered)"
# "{ common_pid: 130, id: 262, ret: 18446744073709551592 } hitcount: 1": 2^64 less the errno. After a signal handler
# sigreturn(2) returns what the interrupted call had returned: as number -1.
awk -F '[ :,]+' '/common_pid:/ && length($5) < 10 { print "T " $3 " " $5 " " 1616 - substr($7, 17) " " $10 }' /tmp/calls
awk -F '[ :,]+' '/common_pid:/ && $3 == $5 { print "Q " $3 " " $5 " " $7 }' /tmp/signals
awk -F '[ :,]+' '/common_pid:/ { print "F " $3 " " $5 }' /tmp/delivered
# "  name-TID   [000] d..1.  12.345: sys_exit: NR 12 = 55e0", "... sys_enter: NR 12 (55e0, 7f, ...)"
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
	if (w[4] + 0 < asked[tid]) n[tid]++
} END { for (k in n) print "T " k " 12 12 " n[k] }' /tmp/trace
# "1234 openat(AT_FDCWD, ...) = -1 EMFILE (Too many open files)"
awk 'match($0, / = -1 E[A-Z0-9]+/) { n[$1 " " substr($0, RSTART + 6, RLENGTH - 6)]++ }
	END { for (k in n) print "Z " k " " n[k] }' /tmp/strace
/load acct /tmp/acct/log
cat /tmp/load /tmp/load2
sed 's/^/W /' /tmp/said /tmp/load.said /tmp/load2.said
sed 's/^/E /' /tmp/events
