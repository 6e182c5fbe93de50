#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs a program in a virtual machine that has another kernel, as if it were run here: what it
# writes to stdout and stderr comes out of stdout and stderr, and its exit status is this one's.
#
#   run.sh [OPTIONS] -f FILE[:DEST] ... -- /PROGRAM ARGS...
#
#   -k VERSION   kernel, as kernels.sh names it (default: newest); fetched if it is not cached
#   -f FILE:DEST put a file or a directory into the machine; the shared libraries of a program
#                come along. DEST is absolute (default: / and the name of the file)
#   -r ARCHIVE   one more cpio archive to unpack at the root, as it is: for what is large
#   -e NAME=VAL  environment of the program
#   -b           a shell: busybox as /bin/sh, and its applets in /bin
#   -a ARGS      more kernel arguments: failcnt.cgroup=v1, preempt=full, ...
#   -q ARGS      more qemu arguments
#   -m MIB       memory (default 512)
#   -s N         processors (default 1)
#   -N           two NUMA nodes, each with half of the memory: -object memory-backend-ram,id=mI,
#                size=HALF and -numa node,nodeid=I,memdev=mI, for I of 0 and 1
#   -i           stopwatch: one processor, and one instruction takes one nanosecond of its time,
#                so that a loop timed in there costs the same in every run
#   -t SECONDS   time-out (default 120)
#   -v           show the kernel's messages too
#
# Exit status: the program's; 124 when the time is up; 125 when the machine crashed (its last
# words are on stderr) or could not be made. The program runs as root and has FAILCNT_IN_VM=1.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${FAILCNT_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}}/failcnt
version=newest
memory=512
processors=1
seconds=120
kernel_args=()
machine=()
files=()
archives=()
environment=()
shell='' nodes='' stopwatch=''
# At 0 a panic would be silent too (console_verbose() leaves 0 alone).
loglevel='quiet loglevel=1'
work='' vm=''

die() { echo "run.sh: $*" >&2; exit 125; }
usage() { sed -n '/^#   run.sh/,/^#   -v/s/^#   \{0,1\}//p' "$0" >&2; exit 125; }

# timeout passes the signal on to qemu, and ends it by itself should we be killed by SIGKILL.
cleanup() {
	if [[ -n $vm ]]; then kill "$vm" 2>/dev/null || true; wait "$vm" 2>/dev/null || true; fi
	if [[ -n $work ]]; then rm -rf "$work"; fi
}

need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null || die "needs $1: apt-get install $2"
}

# Built once for each text of init.c; the rename makes it safe when two do it at once.
build_init() {
	local sum
	sum=$(cksum <"$here/init.c")
	init=$cache/vm-init-${sum%% *}
	if [[ -x $init ]]; then return; fi
	mkdir -p "$cache"
	${CC:-cc} -std=c11 -O2 -Wall -Wextra -static -o "$work/init" "$here/init.c" || die "no init"
	mv "$work/init" "$init"
}

add_file() { # FILE DEST
	local lib
	[[ -e $1 ]] || die "$1: no such file"
	[[ $2 == /* ]] || die "$2: the destination must be absolute"
	mkdir -p "$root$(dirname "$2")"
	cp -rL "$1" "$root$2"
	[[ -f $1 && -x $1 ]] || return 0
	# For what is no dynamic program ldd fails, and there is nothing to add.
	for lib in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true); do
		if [[ -e $root$lib ]]; then continue; fi
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done
}

add_busybox() {
	local busybox applet
	busybox=$("$here/kernels.sh" busybox) || die "no busybox"
	mkdir -p "$root/bin"
	cp "$busybox" "$root/bin/busybox"
	for applet in $("$busybox" --list); do
		if [[ ! -e $root/bin/$applet ]]; then ln -s busybox "$root/bin/$applet"; fi
	done
}

build_initramfs() { # PROGRAM ARGS...
	local spec
	root=$work/root
	mkdir -p "$root"/{proc,sys,dev,tmp,run,etc}
	cp "$init" "$root/init"
	cp -r "$kernel/modules" "$root/etc/modules"
	printf '%s\0' "$@" >"$root/etc/failcnt-run"
	if ((${#environment[@]})); then
		printf '%s\0' "${environment[@]}" >"$root/etc/failcnt-env"
	fi
	for spec in "${files[@]}"; do
		case $spec in
		*:*) add_file "${spec%%:*}" "${spec#*:}" ;;
		*) add_file "$spec" "/$(basename "$spec")" ;;
		esac
	done
	if [[ -n $shell ]]; then add_busybox; fi
	(cd "$root" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet) |
		gzip -1 >"$work/part"
	# Not compressed comes first: the kernel wants its beginning aligned.
	cat "${archives[@]}" "$work/part" >"$work/initramfs"
	rm -rf "$root" "$work/part"
}

boot() {
	local args status=0 out err
	args="rdinit=/init console=ttyS1 $loglevel panic=-1 oops=panic mitigations=off tsc=reliable"
	args+=" no_timer_check random.trust_cpu=on cryptomgr.notests"
	mkfifo "$work/out" "$work/err"
	# Held open here, so that the readers end with us, and not before qemu begins to write.
	exec 3<>"$work/out" 4<>"$work/err"
	cat <"$work/out" 3>&- 4>&- &
	out=$!
	# The kernel's own console writes carriage returns. The last line is for us, and what the
	# kernel says when it switches off, at the level of a panic, for nobody.
	sed -u -e 's/\r*$//' -e '/reboot: Power down$/d' \
		-e '/VM-EXIT status=[0-9]*$/{h;s/.*VM-EXIT status=//' \
		-e "w $work/status" -e 'g;s/VM-EXIT status=.*//;/^$/d}' <"$work/err" >&2 3>&- 4>&- &
	err=$!
	timeout -k 5 "$seconds" qemu-system-x86_64 -nodefaults -no-user-config -display none \
		-no-reboot -cpu max -m "$memory" -smp "$processors" "${machine[@]}" \
		-chardev "file,id=out,path=$work/out" -serial chardev:out \
		-chardev "file,id=err,path=$work/err" -serial chardev:err \
		-kernel "$kernel/vmlinuz" -initrd "$work/initramfs" \
		-append "$args ${kernel_args[*]}" </dev/null 3>&- 4>&- &
	vm=$!
	wait "$vm" || status=$?
	vm=
	exec 3>&- 4>&-
	wait "$out" "$err" || true
	if [[ -s $work/status ]]; then return "$(<"$work/status")"; fi
	if ((status == 124 || status == 137)); then
		echo "run.sh: not done after $seconds s" >&2
		return 124
	fi
	die "kernel $version: the machine ended before the program did (qemu: $status)"
}

words=()
while getopts k:f:r:e:ba:q:m:s:Nit:v option; do
	case $option in
	k) version=$OPTARG ;;
	f) files+=("$OPTARG") ;;
	r) archives+=("$OPTARG") ;;
	e) environment+=("$OPTARG") ;;
	b) shell=yes ;;
	a) kernel_args+=("$OPTARG") ;;
	q) read -r -a words <<<"$OPTARG"; machine+=("${words[@]}") ;;
	m) memory=$OPTARG ;;
	s) processors=$OPTARG ;;
	N) nodes=yes ;;
	i) stopwatch=yes ;;
	t) seconds=$OPTARG ;;
	v) loglevel='loglevel=7' ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
(($#)) || usage

need qemu-system-x86_64 qemu-system-x86
need cpio cpio
# Attaching a program patches kernel code, and with a thread for each processor another one may run
# into a breakpoint that is gone again ("Oops: int3"): seen in every second run of a stress test
# with two processors. In one thread never; but there two busy processors wait long for each other.
machine+=(-accel "tcg,thread=single")
if [[ -n $stopwatch ]]; then
	processors=1
	machine+=(-icount "shift=0,sleep=off,align=off")
	kernel_args+=(nokaslr)
fi
if [[ -n $nodes ]]; then
	for node in 0 1; do
		machine+=(-object "memory-backend-ram,id=m$node,size=$((memory / 2))M")
		machine+=(-numa "node,nodeid=$node,memdev=m$node")
	done
fi

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
work=$(mktemp -d "${TMPDIR:-/tmp}/failcnt-vm.XXXXXX")
kernel=$("$here/kernels.sh" dir "$version" 2>/dev/null) ||
	{ "$here/kernels.sh" fetch "$version" &&
		kernel=$("$here/kernels.sh" dir "$version"); } ||
	die "no kernel $version"
build_init
build_initramfs "$@"
boot
