#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fills a store as record does (store.c) and looks back at it: how much it takes, and how long.
#   store.sh BUILD_DIR [EVENTS] [DIR]     100,000 events unless told otherwise; 10,000,000 need 11 GB in DIR
set -uo pipefail
build=$(realpath "${1:?usage: store.sh BUILD_DIR [EVENTS] [DIR]}") events=${2:-100000}
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d "${3:-${TMPDIR:-/tmp}}/failcnt-bench.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
store=$work/failcnt.db

mapfile -t objects < <(printf '%s\n' "$build"/user/*.o | grep -vE '/(main|cmd_[a-z]*)\.o$')
${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -o "$work/store" tests/bench/store.c "${objects[@]}" \
	-lbpf -lelf -lz -lsqlite3 || exit 1

# timed LIMIT_MS COMMAND ...: the best of three; a limit of 0 is none
timed() {
	local limit=$1 best=999999 before ms
	shift
	for _ in 1 2 3; do
		before=${EPOCHREALTIME/[.,]/}
		"$build/failcnt" "$@" --store "$store" >"$work/out" 2>"$work/err" || { cat "$work/err"; return 1; }
		ms=$(((${EPOCHREALTIME/[.,]/} - before) / 1000))
		((ms >= best)) || best=$ms
	done
	echo "$best ms, $(wc -l <"$work/out") lines: failcnt $*"
	((limit == 0 || best <= limit)) || { echo "FAIL more than $limit ms"; return 1; }
}

"$work/store" "$store" "$events" || exit 1
bytes=$(stat -c %s "$store")
echo "$bytes bytes, $((bytes / events)) an event"
timed 100 list -S '1 day ago' && timed 100 list -S '20 days ago' -U '19 days ago' && timed 100 info &&
	timed 100 info nginx && timed 0 list -k && timed 0 list -S '1 day ago' -e EMFILE
