#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A busy machine, and every report in it must be a true one, and none be missing: stress-ng, real servers and
# a program that counts its own refusals run in a virtual machine (soak/guest.sh). soak/kernel.jq compares what
# failcnt told with the kernel's event tracing, call by call; soak/truth.jq with the other witnesses, process by
# process and resource by resource. The same seed makes the same load, so that backends are compared as well
# (soak/agree.jq).
#
#   soak.sh [-k KERNEL] [-c v1] [-b BACKENDS] [-d SECONDS] [-t SECONDS] [-s SERVERS] [-r SEED] [-j MACHINES] BUILD_DIR
#
#   -k KERNEL     as kernels.sh names it (default 6.12)
#   -c v1         cgroup v1
#   -b BACKENDS   default: "fexit kprobe tracepoint"
#   -d SECONDS    the whole of it (default: each group of stressors once)
#   -t SECONDS    for each group of stressors (default 3)
#   -s SERVERS    default: "nginx apache"; postgres takes half a minute to come; "none": without
#   -r SEED       default 1
#   -j MACHINES   at once (default 1): each keeps a processor busy
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=6.12 backends='fexit kprobe tracepoint' duration='' seconds=3 servers='nginx apache' seed=1 at_once=1 more=()

# Each word is run at one time: descriptors, IPC, tasks and signals, memory, objects of a user, space,
# and those that call everything with arguments that make no sense.
# shellcheck disable=SC2054 # the commas are part of the elements
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
usage() { sed -n '/^#   soak.sh/,/^#   -j/s/^#   \{0,1\}//p' "$0" >&2; exit 2; }

words=()
while (($#)); do
	case $1 in
	-k) kernel=${2-}; shift ;;
	-c) [[ ${2-} == v1 ]] || usage; more=(-a failcnt.cgroup=v1); shift ;;
	-b) backends=${2-}; shift ;;
	-d) duration=${2-}; shift ;;
	-s) servers=${2-}; shift ;;
	-r) seed=${2-}; shift ;;
	-t) seconds=${2-}; shift ;;
	-j) at_once=${2-}; shift ;;
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
strace=$(command -v strace) || die "needs strace: apt-get install strace"
[[ -x $build/soak-load ]] || die "$build/soak-load: make $build/soak-load first"
out=$build/soak
mkdir -p "$out"

# Numbers of system calls to names: native ones, and those of 32-bit programs.
numbers() { # HEADER
	echo "#include <asm/$1>" | ${CC:-cc} -E -dM - |
		sed -nE 's/^#define __NR_([a-z0-9_]+) ([0-9]+)$/{"\2":"\1"}/p' | jq -sc add
}
names=$(numbers unistd.h) names32=$(numbers unistd_32.h)
"$here/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/kernels.sh" fetch "$kernel"
files=(-f "$build/failcnt:/failcnt" -f "$build/soak-load:/load" -f "$stress:/bin/stress-ng" -f "$setpriv:/usr/bin/setpriv"
	-f "$strace:/bin/strace" -f "$(command -v nice):/bin/nice" -f "$here/soak/guest.sh:/guest" -f "$here/soak/serve.sh:/serve.sh")
if [[ $servers != none ]]; then
	"$here/soak/servers.sh" "$out/servers"
	files+=(-f "$out/servers:/servers")
fi
: "${duration:=$((seconds * ${#groups[@]}))}"
# Each kind and each death once in 27 seconds; strace's sample is slow, and dies not.
rounds=$((duration * 2 > 54 ? duration * 2 : 54)) traced=$((duration / 2))
passed=0 failed=0 sums=()
add() { if (($1)); then failed=$((failed + 1)); else passed=$((passed + 1)); fi; }
judge() { # FILTER LOG ARGS ...
	jq -nRr --arg backend "$backend" "${@:3}" -f "$here/soak/$1.jq" <"$out/$2.log"
}
machine() { # BACKEND: what it said is in BACKEND.log, its status in BACKEND.status
	local status=0
	"$here/run.sh" -k "$kernel" -m 2048 -N -b "${more[@]}" -t $((duration * 3 + 600)) "${files[@]}" -- /bin/sh /guest "$1" \
		"$duration" "$seconds" "$rounds" "$traced" "$seed" "$servers" "${groups[@]}" \
		>"$out/$1.log" 2> >(tee "$out/$1.err" >&2) || status=$?
	echo $status >"$out/$1.status"
}
rm -f "$out"/*.sums "$out"/*.status
for backend in $backends; do
	while (($(jobs -rp | wc -l) >= at_once)); do wait -n; done
	machine "$backend" &
done
wait
for backend in $backends; do
	status=$(<"$out/$backend.status")
	if ((status)); then echo "FAIL soak $backend: the machine ended with status $status"; fi
	judge kernel "$backend" --argjson names "$names" --argjson names32 "$names32" >"$out/$backend.txt" || true
	judge truth "$backend" --rawfile reasons "$here/soak/reasons.txt" >>"$out/$backend.txt" || true
	judge truth "$backend" --rawfile reasons "$here/soak/reasons.txt" --arg sums yes >"$out/$backend.sums" || true
	sums+=("$out/$backend.sums")
	cat "$out/$backend.txt"
	((status == 0)) && grep -q '^ok soak' "$out/$backend.txt"
	add $?
	((status == 0)) && grep -q '^ok truth' "$out/$backend.txt"
	add $?
done
agree() { jq -sr -f "$here/soak/agree.jq" "$@"; }
if [[ $backends == *\ * ]]; then
	agree "${sums[@]}" | tee "$out/agree.txt"
	grep -q '^ok' "$out/agree.txt"
	add $?
fi
# A judge that never contradicts is none. It must say so when one line is less, when one comes twice, when one names another
# resource, and when there is none of a kind; and nothing when all is as it was. (What is about semmni is enough, and quick.)
if ((failed == 0)); then
	for wrong in missed invented other nothing right; do
		awk -v wrong=$wrong '/^E / && !/"event":"refused".*"resource":"semm.*"comm":"load"/ { next }
			/^C [0-9]+ semmni semmni/ && wrong == "nothing" { next }
			/^E .*"resource":"semmni"/ && !done++ {
				if (wrong == "missed") next
				if (wrong == "invented") print
				if (wrong == "other") sub(/"resource":"semmni"/, "\"resource\":\"semmns\"") }
			/^[CHE] /' "$out/$backend.log" >"$out/wrong.log"
		case $wrong in
		missed | invented) expected="^FAIL truth .*semmni: .*1 $wrong" ;;
		other) expected='^FAIL truth .*semmns: 0 missed, 1 invented' ;;
		nothing) expected='^FAIL truth .*the load was never refused, or never died, as in semmni$' ;;
		right) expected='^    semmni .* 100 +100$' ;;
		esac
		judge truth wrong --rawfile reasons "$here/soak/reasons.txt" >"$out/wrong.txt"
		grep -qE "$expected" "$out/wrong.txt"
		add $?
		judge truth wrong --rawfile reasons "$here/soak/reasons.txt" --arg sums yes >"$out/wrong.sums"
		if [[ $wrong == right ]]; then expected='^    semmni .* yes$'; else expected='^FAIL agree: semmni: '; fi
		agree "$out/wrong.sums" "$out/$backend.sums" >"$out/wrong.txt"
		grep -qE "$expected" "$out/wrong.txt"
		add $?
	done
	rm -f "$out"/wrong.*
fi
echo "soak: $passed passed, $failed failed"
((failed == 0))
