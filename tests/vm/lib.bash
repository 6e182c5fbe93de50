# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of this folder share (sourced, never run): their options, and what goes into the
# virtual machines.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
self=$(basename "$0")
build='' out=''

die() { echo "$self: $*" >&2; exit 2; }

# The lines of the script's own header that show how it is called.
usage() {
	sed -nE "/^#   $self /,/^(# [^ ]|[^#]|\$)/s/^#   //p" "$0" >&2
	echo "$self: ${1:-see above}" >&2
	exit 2
}

# options 'k=kernels -kernels=kernels 0!nothing ...' "$@": the value of -k and of --kernels goes into the
# variable of that name, and -0, which has none, makes the other "yes"; what remains must be the
# directory of the build, which goes into $build.
options() {
	local known=$1 words=() word
	shift
	while (($#)); do
		if [[ $1 == -* ]]; then
			for word in $known ''; do [[ -$word == "$1"[=!]* ]] && break; done
			[[ $word ]] || usage "$1: no such option"
			if [[ $word == *!* ]]; then
				printf -v "${word#*!}" yes
			else
				(($# > 1)) || usage "$1: its value is missing"
				printf -v "${word#*=}" %s "$2"
				shift
			fi
		else
			words+=("$1")
		fi
		shift
	done
	((${#words[@]} == 1)) || usage "one directory is needed, that of the build"
	build=$(cd "${words[0]}" && pwd -P) || die "${words[0]}: no such directory"
	[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
	command -v jq >/dev/null || die "needs jq: apt-get install jq"
}

# output NAME: $out is where raw output goes, without that of an earlier run; a copy of failcnt lies
# there, as another build may replace it meanwhile.
output() {
	out=$build/$1
	mkdir -p "$out"
	rm -f "$out"/*.log "$out"/*.err
	cp "$build/failcnt" "$out/failcnt"
}

# $out/provoke, which needs no library of the machine that it runs in: that of the build, unless it is older than its sources.
make_provoke() {
	local sources=("$here"/../live/provoke*.[ch]) source
	for source in "${sources[@]}" ''; do [[ $build/provoke -nt $source ]] || break; done
	if [[ -z $source ]]; then
		cp "$build/provoke" "$out/provoke"
	else
		${CC:-cc} -std=gnu11 -O2 -static -o "$out/provoke" "$here"/../live/provoke*.c
	fi
}

# need_kernels KERNEL...: what they boot is fetched where it is not here.
need_kernels() {
	local kernel
	for kernel; do
		"$here/kernels.sh" dir "$kernel" >/dev/null 2>&1 || "$here/kernels.sh" fetch "$kernel"
	done
	"$here/kernels.sh" busybox >/dev/null
}
