#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside the virtual machine of refused.sh: has refusals of each kind made under each row.
#
#   R ROW KIND NS TOLD     of one refused call; and how many of them were told, "-": not asked
#   X ROW KIND STATUS      it could not be measured
#
#   refused_guest.sh COUNT ROW...     nothing; fexit, kprobe, tracepoint: failcnt with that backend;
#                                     bpftrace-BACKEND
count=$1
shift
kinds=${KINDS:-nofile semget inotify sigqueue nproc as pids tmpfs ext4 shmget map-count brk commit}

wait_for() { # TEXT
	n=0
	until grep -qs "$1" /tmp/said; do
		n=$((n + 1))
		if [ $n -gt 1200 ]; then cat /tmp/said >&2; exit 1; fi
		usleep 50000
	done
}

# What bpftrace counts for a kind, where the backend of failcnt looks too.
probe() { # BACKEND KIND
	case $1-$2 in
	tracepoint-nofile) echo 'tracepoint:syscalls:sys_exit_dup /args.ret == -24/' ;;
	tracepoint-semget) echo 'tracepoint:syscalls:sys_exit_semget /args.ret == -28/' ;;
	tracepoint-inotify) echo 'tracepoint:syscalls:sys_exit_inotify_init1 /args.ret == -24/' ;;
	*-sigqueue) echo 'tracepoint:signal:signal_generate /args.result == 3/' ;;
	tracepoint-nproc) echo 'tracepoint:syscalls:sys_exit_clone /args.ret == -11/' ;;
	tracepoint-as) echo 'tracepoint:syscalls:sys_exit_mmap /args.ret == -12/' ;;
	tracepoint-pids) echo 'tracepoint:syscalls:sys_exit_vfork /args.ret == -11/' ;;
	tracepoint-tmpfs | tracepoint-ext4) echo 'tracepoint:syscalls:sys_exit_write /args.ret == -28/' ;;
	tracepoint-shmget) echo 'tracepoint:syscalls:sys_exit_shmget /args.ret == -28/' ;;
	tracepoint-map-count | tracepoint-commit) echo 'tracepoint:syscalls:sys_exit_mmap /args.ret == -12/' ;;
	tracepoint-brk) echo 'tracepoint:syscalls:sys_exit_brk /args.ret < (uint64)curtask->mm->brk + 1/' ;;
	fexit-nofile) echo 'fexit:alloc_fd /retval == -24/' ;;
	fexit-semget) echo 'fexit:newary /retval == -28/' ;;
	fexit-inotify) echo 'fexit:inc_ucount /retval == 0/' ;;
	fexit-nproc) echo 'fexit:copy_process /(int64)retval == -11/' ;;
	fexit-as) echo 'fexit:vm_mmap_pgoff /(int64)retval == -12/' ;;
	fexit-pids) echo 'fexit:copy_process /(int64)retval == -11/' ;;
	fexit-tmpfs) echo 'fexit:shmem_write_begin /retval == -28/' ;;
	fexit-ext4) echo 'fexit:ext4_should_retry_alloc /retval == 0/' ;;
	fexit-shmget) echo 'fexit:newseg /retval == -28/' ;;
	fexit-map-count | fexit-commit) echo 'fexit:vm_mmap_pgoff /(int64)retval == -12/' ;;
	fexit-brk) echo 'fexit:__x64_sys_brk /retval < args.regs->di/' ;;
	kprobe-nofile) echo 'kretprobe:alloc_fd /(int32)retval == -24/' ;;
	kprobe-semget) echo 'kretprobe:newary /(int32)retval == -28/' ;;
	kprobe-inotify) echo 'kretprobe:inc_ucount /retval == 0/' ;;
	kprobe-nproc) echo 'kretprobe:copy_process /(int64)retval == -11/' ;;
	kprobe-as) echo 'kretprobe:vm_mmap_pgoff /(int64)retval == -12/' ;;
	kprobe-pids) echo 'kretprobe:copy_process /(int64)retval == -11/' ;;
	kprobe-tmpfs) echo 'kretprobe:shmem_write_begin /(int32)retval == -28/' ;;
	kprobe-ext4) echo 'kretprobe:ext4_should_retry_alloc /(int32)retval == 0/' ;;
	kprobe-shmget) echo 'kretprobe:newseg /(int32)retval == -28/' ;;
	kprobe-map-count | kprobe-commit) echo 'kretprobe:vm_mmap_pgoff /(int64)retval == -12/' ;;
	kprobe-brk) echo 'kretprobe:__x64_sys_brk' ;;
	esac
}

refuse() { # ROW KIND
	/refusals "$2" "$count" >/tmp/ns &
	pid=$!
	wait $pid || { echo "X $1 $2 $?"; return; }
	ns=$(cat /tmp/ns)
}

told() { # PID
	grep '"event":"refused"' /tmp/said | grep "\"pid\":$1,.*\"comm\":\"refusals\"" |
		sed 's/.*"count":\([0-9]*\).*/\1/; s/^{.*/1/' | awk '{ sum += $1 } END { print sum + 0 }'
}

under_failcnt() {
	rm -f /tmp/said # or the line of the one before is waited for
	/failcnt watch --json --backend="$1" >/tmp/said 2>/tmp/err &
	watch=$!
	wait_for '"event":"started"'
	for kind in $kinds; do
		refuse "$1" "$kind"
		echo "$kind $ns $pid" >>/tmp/results
	done
	kill -INT $watch
	wait $watch || { echo "X $1 - $?"; cat /tmp/err >&2; }
	while read -r kind ns pid; do echo "R $1 $kind $ns $(told "$pid")"; done </tmp/results
	rm -f /tmp/results
}

under_bpftrace() {
	for dir in proc sys dev; do mount -o rbind /$dir /tools/$dir; done
	cp /bin/busybox /tools/bin/sh
	for kind in $kinds; do
		rm -f /tmp/said
		chroot /tools bpftrace -e "$(probe "${1#bpftrace-}" "$kind") { @[comm] = count() } BEGIN { printf(\"ready\\n\") }" \
			>/tmp/said 2>&1 &
		watch=$!
		wait_for 'ready\|rror'
		sleep 1
		refuse "$1" "$kind"
		kill -INT $watch
		wait $watch
		echo "R $1 $kind $ns $(sed -n 's/^@\[refusals\]: //p' /tmp/said)"
	done
}

# For "ext4": as full as it can be, before anybody looks.
mkdir -p /ext4
mount -t ext4 -o loop /ext4.img /ext4
for n in 1 2 3; do # what is written back later may need less than was kept for it
	dd if=/dev/zero bs=1024 >>/ext4/full 2>/dev/null
	sync
done

for row in "$@"; do
	case $row in
	nothing)
		for kind in $kinds; do
			refuse nothing "$kind"
			echo "R nothing $kind $ns -"
		done
		;;
	bpftrace-*) under_bpftrace "$row" ;;
	*) under_failcnt "$row" ;;
	esac
done
