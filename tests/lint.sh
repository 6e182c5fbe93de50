#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The style and the rules of the house, as tests: clang-format, clang --analyze, shellcheck, who may
# include what, how long files and functions may be, what belongs at the top, and that every row of
# the catalogue has its hook and its provocation.
#   lint.sh BUILD_DIR
set -u
build=$(realpath "${1:?usage: lint.sh BUILD_DIR}")
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
passed=0 failed=0

# check NAME COMMAND...: passes when the command prints nothing.
check() {
	local name=$1 out
	shift
	out=$("$@" 2>&1)
	if [ -z "$out" ]; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "FAIL $name"
		head -40 <<<"$out"
		failed=$((failed + 1))
	fi
}

sources() { find bpf user tests -name '*.[ch]' | sort; }

formatted() {
	local f
	for f in $(sources); do
		clang-format "$f" | cmp -s - "$f" || echo "$f: run clang-format -i $f"
	done
}

# Without unix.Malloc and DeadStores: clang 14 knows neither the cleanup attribute nor uthash. What they
# look for AddressSanitizer finds in the unit tests.
analyzed() {
	local f
	for f in user/*.c; do
		echo "$f"
	done | xargs -P "$(nproc)" -I{} clang --analyze --analyzer-output text -std=gnu11 -D_GNU_SOURCE \
		-DFAILCNT_VERSION='"0"' -I"$build" -Wno-everything -Xclang -analyzer-disable-checker \
		-Xclang unix.Malloc,deadcode.DeadStores -o /dev/null {} 2>&1
}

scripts() { git ls-files -co --exclude-standard '*.sh' '*.bash' .ci/run; }
shellchecked() { scripts | xargs -r shellcheck -x -P SCRIPTDIR; }

# A rule: files that match may include nothing that matches.
no_include() {
	local files=$1 what=$2 why=$3 f
	for f in $files; do
		grep -nE "^#include [\"<]($what)[\">]" "$f" | sed "s|^|$f:|; s|\$|: $why|"
	done
}

includes() {
	local f
	no_include "$(echo user/*.[ch])" '.*vmlinux\.h' 'nothing in user/ includes vmlinux.h'
	# shellcheck disable=SC2010
	no_include "$(ls user/*.[ch] | grep -v user/tracer)" '.*failcnt\.skel\.h' 'only tracer includes the skeleton'
	# shellcheck disable=SC2010
	no_include "$(ls user/*.[ch] | grep -v user/holders_iter)" '.*holders\.skel\.h' 'only holders_iter includes its skeleton'
	# shellcheck disable=SC2010
	no_include "$(ls user/*.[ch] | grep -v user/store)" 'sqlite3\.h' 'only store.c includes sqlite3.h'
	no_include "$(echo user/sink*.[ch])" '(tracer|watcher|cmd|pipeline)\.h' 'no sink knows where events come from'
	no_include "$(echo bpf/*.[ch])" '.*user/.*' 'arrows go down only'
	# parsers, decoders, verdicts: pure
	no_include "$(echo user/parse*.[ch] user/event.[ch] user/field.[ch] user/catalogue.[ch])" \
		'(tracer|watcher|cmd|sink|stream|pipeline|counter|log)\.h' 'pure modules know no others'
	no_include "$(echo user/counter*.[ch] user/correlate*.[ch])" \
		'(tracer|cmd|sink|stream|pipeline)\.h' 'arrows go down only'
	for f in user/*.[ch]; do
		case $f in user/cmd_*.c | user/main.c) ;; *) no_include "$f" 'cmd\.h' 'only main and commands know commands' ;; esac
	done
	grep -nE '^#include "cmd_' user/*.c | sed 's|$|: no command includes another|'
	grep -nE '\<exit\(' user/*.c | grep -v '_exit(' | sed 's|$|: no exit() below main|'
}

long_files() { wc -l bpf/*.[ch] user/*.[ch] | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines, at most 400" }'; }

# From a line that begins a function to the brace that ends it.
long_functions() {
	awk 'FNR == 1 { start = 0 }
	     /^\{/ { start = FNR }
	     /^\}/ { if (start && FNR - start > 62) print FILENAME ":" start ": a function of " FNR - start - 1 " lines, at most 60"; start = 0 }' \
		user/*.c bpf/*.h bpf/*.c
}

opening() {
	local f
	for f in $(sources) bpf/resources.def user/fields.def; do
		head -1 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' || echo "$f: no SPDX line first"
		head -4 "$f" | grep -q '/\*' || echo "$f: does not open with its idea"
	done
}

top_level() {
	local d
	for d in */; do
		case $d in bpf/ | user/ | vmlinux/ | tests/ | build/) ;; *) echo "$d: no other folder at the top" ;; esac
	done
	git ls-files | grep -E '^build/' | head -3
}

portable() {
	local hosts
	git grep -nIE '(^|[^a-z.}A-Z"])/(work|tmp/bash_jobs|farm)/' -- . ':!tests/lint.sh' | head -5
	hosts=$(grep -rhoE 'https?://[^/ ]+' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
		sed 's#.*//##' | sort -u | grep -F . | paste -sd '|' | sed 's/\./\\./g')
	[ -z "$hosts" ] || git grep -nIE "$hosts" -- . | head -5
}

# Each row of the catalogue: a hook that reports it, and a function that provokes it; of one that is
# only counted a test that it is.
complete_rows() {
	local name id counted
	awk '/^RESOURCE\(/ { split($0, word, /[(", ]+/); print word[2], word[3], above ~ /^\/\* counted only: / }
	     { above = $0 }' bpf/resources.def | while read -r name id counted; do
		if [ "$counted" = 1 ]; then
			grep -q "FIELD_RESOURCE), \"$id\"" tests/unit/test_correlate*.c || echo "$id: no test that it is counted"
			continue
		fi
		grep -qw "FC_$name" bpf/*.bpf.h || echo "$id: no hook names FC_$name"
		grep -qE "\"$id\"\}," tests/live/provoke*.c || echo "$id: nothing in tests/live provokes it"
	done
}

arm64() {
	clang -g -O2 -Wall -Wextra -Wno-unused-parameter -target bpf -D__TARGET_ARCH_arm64 -Ivmlinux -Ibpf \
		-c bpf/failcnt.bpf.c -o "$build/failcnt.arm64.o"
	clang -g -O2 -Wall -Wextra -Wno-unused-parameter -target bpf -D__TARGET_ARCH_arm64 -Ivmlinux -Ibpf \
		-c bpf/holders.bpf.c -o "$build/holders.arm64.o"
}

# man page: no mistakes of form
manual() { mandoc -T lint -W warning user/share/failcnt.8 | grep -vE 'STYLE|referenced manual not found'; }

check format formatted
check analyze analyzed
check shellcheck shellchecked
check includes includes
check "length of files" long_files
check "length of functions" long_functions
check "first lines" opening
check "folders at the top" top_level
check "no machine's own names" portable
check "rows of the catalogue" complete_rows
check "compiles for arm64" arm64
check manual manual
check "tables of make bench" tests/bench/tools.sh -c README.md
check "bounds of make bench" tests/bench/judge.sh -t
echo "lint: $passed passed, $failed failed"
[ "$failed" = 0 ]
