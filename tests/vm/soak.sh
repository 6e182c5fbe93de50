#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A busy machine, and every report in it must be a true one: stress-ng runs in a virtual machine, the
# kernel's own event tracing is the witness, soak.jq compares.
#
#   soak.sh [-k KERNEL] [-b BACKENDS] [-t SECONDS] BUILD_DIR
#
#   -k KERNEL     as kernels.sh names it (default 6.12)
#   -b BACKENDS   default: "fexit kprobe tracepoint"
#   -t SECONDS    for each group of stressors (default 4)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=6.12 backends='fexit kprobe tracepoint' seconds=4

# Each word is run at one time: descriptors, IPC, tasks and signals, memory, objects of a user, space,
# and those that call everything with arguments that make no sense.
# shellcheck disable=SC2054 # the commas are of a word
groups=(
	dup,open,pipe,sockpair,eventfd,epoll,timerfd,memfd
	sem-sysv=3,shm-sysv,msg,mq,sigq,timer,pty,key
	clone,fork,pthread,aio,aiol,inotify,unshare,resources
	mmapmany,mlock,mlockmany,mremap,brk,madvise,munmap
	full:hdd,fallocate,link,symlink,dir,dirmany
	root:rlimit,fanotify,sendfile,udp,resources,shm-sysv
	sysinval,sysbadaddr,enosys,get,set,io-uring
)

die() { echo "soak.sh: $*" >&2; exit 2; }
usage() { sed -n '/^#   soak.sh/,/^#   -t/s/^#   \{0,1\}//p' "$0" >&2; exit 2; }

words=()
while (($#)); do
	case $1 in
	-k) kernel=${2-}; shift ;;
	-b) backends=${2-}; shift ;;
	-t) seconds=${2-}; shift ;;
	-*) usage ;;
	*) words+=("$1") ;;
	esac
	shift || usage
done
((${#words[@]} == 1)) || usage
build=$(cd "${words[0]}" && pwd -P) || die "${words[0]}: no such directory"
[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
stress=$(command -v stress-ng) || die "needs stress-ng: apt-get install stress-ng"
setpriv=$(command -v setpriv) || die "needs setpriv: apt-get install util-linux"
out=$build/soak
mkdir -p "$out"

# Numbers of system calls to names: native ones, and those of 32-bit programs.
numbers() { # HEADER
	echo "#include <asm/$1>" | ${CC:-cc} -E -dM - |
		sed -nE 's/^#define __NR_([a-z0-9_]+) ([0-9]+)$/{"\2":"\1"}/p' | jq -sc add
}
names=$(numbers unistd.h) names32=$(numbers unistd_32.h)
"$here/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/kernels.sh" fetch "$kernel"
passed=0 failed=0
for backend in $backends; do
	status=0
	"$here/run.sh" -k "$kernel" -m 1536 -N -b -t 400 -f "$build/failcnt:/failcnt" -f "$stress:/bin/stress-ng" \
		-f "$setpriv:/usr/bin/setpriv" -f "$here/soak_guest.sh:/guest" -- /bin/sh /guest "$backend" "$seconds" "${groups[@]}" \
		>"$out/$backend.log" 2>"$out/$backend.err" || status=$?
	if ((status)); then echo "FAIL soak $backend: the machine ended with status $status"; fi
	jq -nRr --arg backend "$backend" --argjson names "$names" --argjson names32 "$names32" \
		-f "$here/soak.jq" <"$out/$backend.log" | tee "$out/$backend.txt"
	if ((status == 0)) && grep -q '^ok' "$out/$backend.txt"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "soak: $passed passed, $failed failed"
((failed == 0))
