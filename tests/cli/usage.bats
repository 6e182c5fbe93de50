#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# usage.bats - the command line before anything is attached: help, slips of the
# pen, and a stdout that cannot be written. Needs no privileges.

setup() {
	FAILCNT=${FAILCNT:-$BATS_TEST_DIRNAME/../../build/failcnt}
	ERR=$BATS_TEST_TMPDIR/stderr
}

# Runs failcnt with stderr apart: $status, $output (stdout), $err.
failcnt() {
	run sh -c '"$0" "$@" 2>"$ERR"' "$FAILCNT" "$@"
	err=$(cat "$ERR")
}
export ERR

@test "help goes to stdout, status 0, with commands and examples" {
	for args in --help -h help; do
		failcnt $args
		[ "$status" -eq 0 ]
		[ -z "$err" ]
		[[ $output == *"Usage: failcnt"* ]]
		[[ $output == *"doctor"* ]]
		[[ $output == *"Examples:"* ]]
		[[ $output == *"Exit status:"* ]]
	done
}

@test "every command has its own help, asked for in three ways" {
	for command in watch run table import record list info report vacuum doctor; do
		failcnt $command --help
		[ "$status" -eq 0 ]
		[[ $output == "failcnt $command - "* ]]
		[[ $output == *"Usage: failcnt $command [OPTIONS]"* ]]
		first=$output
		failcnt help $command
		[ "$output" = "$first" ]
		failcnt $command -h
		[ "$output" = "$first" ]
	done
}

@test "no line of help is longer than 100 columns" {
	for command in watch run table import record list info report vacuum doctor; do
		failcnt $command --help
		for line in "${lines[@]}"; do
			[ "${#line}" -le 100 ]
		done
	done
}

@test "version" {
	failcnt --version
	[ "$status" -eq 0 ]
	[[ $output == "failcnt "* ]]
	[ "${#lines[@]}" -eq 1 ]
}

@test "an unknown command: status 2 and a suggestion" {
	failcnt tabel
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "$err" = "failcnt: there is no command 'tabel', did you mean 'table'? See failcnt --help" ]
	failcnt frobnicate
	[ "$status" -eq 2 ]
	[ "$err" = "failcnt: there is no command 'frobnicate'; see failcnt --help" ]
}

@test "an unknown option: status 2 and a suggestion" {
	failcnt --jsno
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "$err" = "failcnt watch: there is no option --jsno, did you mean --json; see failcnt watch --help" ]
	failcnt table -Z
	[ "$status" -eq 2 ]
	[ "$err" = "failcnt table: there is no option -Z; see failcnt table --help" ]
}

@test "run wants something to run, and leaves its options alone" {
	for args in "run" "run --" "run --json" "run -r nofile --"; do
		failcnt $args
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[ "$err" = "failcnt run: what to run is missing: -- CMD ...; see failcnt run --help" ]
	done
	for args in "run -p 1 true" "run -d 1s true" "run --count 1 true" "run --fail-on-loss true"; do
		failcnt $args
		[ "$status" -eq 2 ]
		[[ $err == "failcnt run: --"*" does not apply here; see failcnt run --help" ]]
	done
	failcnt run --jsno -- true
	[ "$err" = "failcnt run: there is no option --jsno, did you mean --json; see failcnt run --help" ]
}

@test "completion: commands, options of run, and what it is to run" {
	complete_line() {
		bash -c '. "$0"; COMP_LINE=$1 COMP_POINT=${#1}; COMP_WORDBREAKS=" "; read -ra COMP_WORDS <<<"$1"
			[[ $1 != *" " ]] || COMP_WORDS+=(""); COMP_WORDS[0]=$2; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			compopt() { :; }; _failcnt; printf "%s\n" "${COMPREPLY[@]}"' \
			"$BATS_TEST_DIRNAME/../../user/share/failcnt.bash" "$1" "$FAILCNT"
	}
	run complete_line "failcnt ru"
	[ "$output" = run ]
	run complete_line "failcnt list --sto"
	[ "$output" = --store= ]
	run complete_line "failcnt info err"
	[ "$output" = errno= ]
	run complete_line "failcnt run --o"
	[ "$output" = --output= ]
	run complete_line "failcnt run --json -- tou"
	[[ " $(tr '\n' ' ' <<<"$output")" == *" touch "* ]]
	run complete_line "failcnt run -- cat /etc/pass"
	[[ " $(tr '\n' ' ' <<<"$output")" == *" /etc/passwd "* ]]
	run complete_line "failcnt watch --backend k"
	[ "$output" = kprobe ]
	for option in near= oom compat; do
		run complete_line "failcnt table --${option:0:2}"
		[ "$output" = "--$option" ]
	done
	run complete_line "failcnt table --near "
	[ "$output" = $'80\n90\n95' ]
	# What limits refuse with; and the whole catalogue, from the program.
	run complete_line "failcnt -e "
	[ "$output" = "$(sed -nE 's/^#define (E[A-Z0-9]+) [0-9]+$/\1/p' "$BATS_TEST_DIRNAME/../../bpf/compat.bpf.h" | LC_ALL=C sort)" ]
	run complete_line "failcnt run -r "
	[ "$output" = "$(sed -nE 's/^RESOURCE\([A-Z0-9_]+, "([^"]+)".*/\1/p' "$BATS_TEST_DIRNAME/../../bpf/resources.def")" ]
}

@test "manual and README: every row of the catalogue" {
	root=$BATS_TEST_DIRNAME/../..
	sed -nE 's/^RESOURCE\([A-Z0-9_]+, "([^"]+)".*/\1/p' "$root/bpf/resources.def" >"$BATS_TEST_TMPDIR/ids"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/ids")" -gt 0 ]
	while read -r id; do
		grep -qx ".It Cm $id" "$root/user/share/failcnt.8" || { echo "failcnt.8: no $id"; return 1; }
		sed -n '/^## What it watches/,/^## How to read it/p' "$root/README.md" | grep -qE "^\|[^|]*\`$id\`" ||
			{ echo "README.md: no $id"; return 1; }
	done <"$BATS_TEST_TMPDIR/ids"
}

@test "manual: every key of the output" {
	root=$BATS_TEST_DIRNAME/../..
	for key in $(sed -nE 's/^FIELD\([A-Z0-9_]+, "([^"]+)".*/\1/p' "$root/user/fields.def"); do
		grep -qw "$key" "$root/user/share/failcnt.8" || { echo "failcnt.8: no $key"; return 1; }
	done
}

@test "numbers are read to their end" {
	for number in 12abc 0 -5 '' ' 7' 0x10 99999999999999999999 2147483648; do
		failcnt watch --pid "$number"
		[ "$status" -eq 2 ]
		[ "$err" = "failcnt watch: --pid wants a number from 1 to 2147483647, not '$number'; see failcnt watch --help" ]
	done
}

@test "resources are checked against the catalogue, which the error lists" {
	failcnt -r no-such-thing
	[ "$status" -eq 2 ]
	[[ $err == *"one of nofile, "*"memory"*"not 'no-such-thing'"* ]]
}

@test "no argument drives the terminal" {
	failcnt "$(printf -- '--\033[2J\233\n')"
	[ "$status" -eq 2 ]
	[[ $err == *'--\x1b[2J\x9b'* ]]
	failcnt "$(printf 'a\nb')"
	[[ $err == *"'a\\x0ab'"* ]]
}

@test "a full stdout: an error and status 1" {
	for args in --help --version "help table"; do
		run sh -c '"$@" 2>&1 >/dev/full' sh "$FAILCNT" $args
		[ "$status" -eq 1 ]
		[ "$output" = "failcnt: cannot write to standard output: No space left on device" ]
	done
}

@test "a full stdout: table too" {
	for args in "table host" "table host --json"; do
		run sh -c '"$@" 2>&1 >/dev/full' sh "$FAILCNT" $args
		[ "$status" -eq 1 ]
		[[ $output == *"failcnt: cannot write to standard output: No space left on device" ]]
	done
}

@test "a closed stdout: an error and status 1, and nothing written elsewhere" {
	for args in --help --version; do
		run sh -c '"$@" 2>&1 >&-' sh "$FAILCNT" $args
		[ "$status" -eq 1 ]
		[ "$output" = "failcnt: cannot write to standard output: Bad file descriptor" ]
	done
}

@test "a closed stdout: said before anything is watched, unless the lines go elsewhere as well" {
	for args in watch "watch --json" "watch --root /" "" table "table host --json" doctor; do
		run timeout -s INT 20 sh -c '"$@" 2>&1 >&-' sh "$FAILCNT" $args
		[ "$status" -eq 1 ]
		[[ $output == "failcnt: cannot write to standard output: Bad file descriptor"* ]]
		[ "${#lines[@]}" -eq 1 ]
	done
	run sh -c '"$1" watch 2>&1 >&-' sh "$FAILCNT"
	[[ $output == *"; --output=json:FILE writes elsewhere" ]]
	run sh -c '"$1" watch --count 1 -d 1 --output=json:"$2" 2>&1 >&-' sh "$FAILCNT" "$BATS_TEST_TMPDIR/lines"
	[ "$status" -eq 0 ]
	[[ $output != *"standard output"* && $output != *"could not be written"* ]]
	[[ $(<"$BATS_TEST_TMPDIR/lines") == *'"event":"started"'*'"event":"stopped"'* ]]
	run sh -c '"$1" run -- sh -c "exit 7" 2>&1 >&-' sh "$FAILCNT"
	[ "$status" -eq 7 ]
}

@test "a reader that has gone ends it quietly" {
	run bash -c 'set -o pipefail; { sleep 0.2; "$0" --help; } 2>&1 >&3 3>&- | cat' "$FAILCNT" \
		3> >(exec true)
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}
