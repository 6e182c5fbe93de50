#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# From a refusal to its line: median, 99th percentile and the longest, on this machine.
#
#   latency.sh [-n REFUSALS] [-g GAP_MS] BUILD_DIR [BACKEND]     default: 200, 10 ms apart, auto
#
# With -l, fails if the median is above 200 us or the 99th percentile above 2 ms: for a machine that
# does nothing else.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
strict='' options=()

die() { echo "latency.sh: $*" >&2; exit 2; }

while getopts n:g:l opt; do
	case $opt in
	n | g) options+=("-$opt" "$OPTARG") ;;
	l) strict=1 ;;
	*) die "usage: latency.sh [-n REFUSALS] [-g GAP_MS] [-l] BUILD_DIR [BACKEND]" ;;
	esac
done
shift $((OPTIND - 1))
(($# == 1 || $# == 2)) || die "usage: latency.sh [-n REFUSALS] [-g GAP_MS] [-l] BUILD_DIR [BACKEND]"
build=$(cd "$1" && pwd -P) || die "$1: no such directory"
[[ -x $build/failcnt ]] || die "$build/failcnt: build it first"
${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$build/latency" "$here/latency.c"
out=$("$build/latency" "${options[@]}" "$build/failcnt" "${2:-auto}")
echo "$out" | awk '$1 == "seen" { print; next } { print $1, $2, "us" }'
if [[ $strict ]]; then
	echo "$out" | awk '$1 == "median" && $2 > 200 || $1 == "p99" && $2 > 2000 { exit 1 }' ||
		die "above 200 us (median) or 2 ms (99th percentile)"
fi
