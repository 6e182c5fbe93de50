#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# table.bats - what `failcnt table` says of the fixtures: the last column, the
# old rows, what is near its limit, who would be killed. Needs no privileges.

setup() {
	FAILCNT=${FAILCNT:-$BATS_TEST_DIRNAME/../../build/failcnt}
	FIXTURES=$BATS_TEST_DIRNAME/../fixtures
	ERR=$BATS_TEST_TMPDIR/stderr
	OUT=$BATS_TEST_TMPDIR/stdout
}

# Runs failcnt table: $status, $output (stdout), $err.
table() {
	status=0
	timeout 20 "$FAILCNT" table "$@" >"$OUT" 2>"$ERR" || status=$?
	output=$(cat "$OUT")
	err=$(cat "$ERR")
}

@test "the last column has what a running failcnt counted, and says since when" {
	table --root "$FIXTURES/host" host
	[ "$status" -eq 0 ]
	[ "$(awk '$1 == "nofile" { print $NF }' "$OUT")" = 12 ]
	[ "$(awk '$1 == "conntrack" { print $NF }' "$OUT")" = 17 ]
	[ "$(awk '$1 == "inode-nr" { print $NF }' "$OUT")" = - ]
	[[ $err == "failcnt: failures that the kernel does not count are counted by failcnt since 2025-11-2"* ]]
	table --root "$FIXTURES/host" --json host
	[ "$(jq -n '[inputs | select(.resource == "nofile")][0] | .failures, .counted_since' -c "$OUT" | paste -sd' ')" = \
		'12 "2025-11-22T01:00:00.000000000Z"' ]
	[ "$(jq -n '[inputs | select(.resource == "conntrack")][0].counted_since' "$OUT")" = null ]
}

@test "where nobody counts it is a dash, and absent in JSON" {
	cp -r "$FIXTURES/host" "$BATS_TEST_TMPDIR/root"
	rm -r "$BATS_TEST_TMPDIR/root/run"
	table --root "$BATS_TEST_TMPDIR/root" host
	[ "$status" -eq 0 ]
	[ -z "$err" ]
	[ "$(awk '$1 == "nofile" { print $NF }' "$OUT")" = - ]
	table --root "$BATS_TEST_TMPDIR/root" --json host
	[ "$(jq -n '[inputs | select(.failures != null).resource] | sort' -c "$OUT")" = '["backlog","conntrack","neighbours"]' ]
}

@test "the counts of a run that is gone are nobody's" {
	cp -r "$FIXTURES/host" "$BATS_TEST_TMPDIR/root"
	echo other >"$BATS_TEST_TMPDIR/root/proc/sys/kernel/random/boot_id"
	table --root "$BATS_TEST_TMPDIR/root" host
	[ "$(awk '$1 == "nofile" { print $NF }' "$OUT")" = - ]
}

@test "--compat: 24 rows of the old names, in the old layout" {
	table --root "$FIXTURES/host" --compat
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$OUT")" -eq 26 ]
	[ "$(head -2 "$OUT")" = "$(head -2 "$FIXTURES/beancounters/host-3-containers.txt")" ]
	[ "$(cut -c 13-24 "$OUT" | tail -n +3)" = \
		"$(cut -c 13-24 "$FIXTURES/beancounters/host-3-containers.txt" | sed -n 3,26p)" ]
	[ "$(awk 'NR > 1 { print length }' "$OUT" | sort -u)" = 129 ]
}

@test "--compat: awk '\$NF > 0' finds what failed and no dash, in every awk there is" {
	table --root "$FIXTURES/host" --compat
	for awk in awk mawk gawk "gawk --posix" original-awk "busybox awk"; do
		command -v "${awk%% *}" >/dev/null || continue
		run bash -c "$awk '\$NF > 0 && NR > 2 { print \$(NF - 5) }' '$OUT' | paste -sd' '"
		[ "$output" = "oomguarpages numfile numiptent" ]
	done
}

@test "--compat: user_beancounters itself, where there is one" {
	table --beancounters "$FIXTURES/beancounters/host-3-containers.txt" --compat
	[ "$status" -eq 0 ]
	cmp "$OUT" "$FIXTURES/beancounters/host-3-containers.txt"
	table --root "$FIXTURES/openvz" --compat ct:102
	[ "$status" -eq 0 ]
	[[ ${output} == *"      102:  kmemsize "* ]]
	table --root "$FIXTURES/openvz" --compat ct:7
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: there is no ct:7" ]
}

@test "--compat: can be read back" {
	table --root "$FIXTURES/host" --compat
	cp "$OUT" "$BATS_TEST_TMPDIR/old"
	table --beancounters "$BATS_TEST_TMPDIR/old" --json ct:0
	[ "$status" -eq 0 ]
	[ "$(jq -n '[inputs | select(.resource == "numfile")][0] | [.held, .limit, .failures]' -c "$OUT")" = '[868,2466177,12]' ]
	[ "$(jq -n '[inputs | select(.resource == "numflock")][0] | [.limit_unlimited, .failures]' -c "$OUT")" = '[true,null]' ]
}

@test "--near: fullest first, status 1 where nothing is" {
	table --root "$FIXTURES/host" --near 80
	[ "$status" -eq 0 ]
	[ "$(awk 'NR > 1 { print $1, $2 }' "$OUT" | sed 's/\[.*//' | paste -sd' ')" = \
		"100 host 100 pid:4711 90 host" ]
	table --root "$FIXTURES/host" --near=80 --json
	[ "$(jq -n '[inputs | [.percent, .owner, .resource, .comm]]' -c "$OUT")" = \
		'[[100,"host","conntrack",null],[100,"pid:4711","memlock","a) b (S 9"],[90,"host","memory",null]]' ]
	table --root "$FIXTURES/host" --near 2 uid:1001
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "$err" = "failcnt: nothing is at 2 % of its limit" ]
	for n in 0 101 x 80x -1; do
		table --near "$n"
		[ "$status" -eq 2 ]
		[[ $err == "failcnt table: --near wants a number from 1 to 100"* ]]
	done
}

@test "--oom: in order, with the reason" {
	table --root "$FIXTURES/host" --oom
	[ "$status" -eq 0 ]
	[[ ${output%%$'\n'*} == "First by points: worker (pid 4712): holds 2.1 MiB, raised by oom_score_adj 500 "* ]]
	table --root "$FIXTURES/host" --oom --json
	[ "$(jq -n '[inputs | [.rank, .pid, .oom_score, .oom_score_adj, .exempt]]' -c "$OUT")" = \
		'[[1,4712,900,500,false],[2,4711,700,0,false]]' ]
	table --root "$FIXTURES/host" --oom pid:1
	[ "$status" -eq 2 ]
	table --root "$FIXTURES/host" --oom cgroup:/nowhere
	[ "$status" -eq 1 ]
}

@test "file systems are owners, and belong to the host" {
	table --json host
	[ "$status" -eq 0 ]
	[ "$(jq -n '[inputs | select(.owner == "fs:/" and .resource == "disk" and .held > 0 and .limit >= .held)] | length' "$OUT")" -le 1 ]
	table fs:/nowhere
	[ "$status" -eq 1 ]
	table fs:relative
	[ "$status" -eq 2 ]
}

@test "-p, -u and -c name an owner, as everywhere" {
	table -u 0
	[ "$status" -eq 0 ]
	[[ $output == *" uid:0:  nproc "* ]]
	table -u root
	[[ $output == *" uid:0:  nproc "* ]]
	table -p $$ --json
	[ "$(jq -n '[inputs.owner] | unique | .[]' -r "$OUT")" = "pid:$$" ]
	table --oom --root "$FIXTURES/host" -c /nowhere
	[ "$err" = "failcnt: there is no cgroup:/nowhere" ]
	table -p $$ uid:0
	[ "$status" -eq 2 ]
	[ "$err" = "failcnt table: one owner, not several" ]
	table -u 0 -p 1
	[ "$status" -eq 2 ]
}

@test "one thing at a time" {
	for args in "--near 80 --oom" "--oom --compat" "--near 80 --compat"; do
		# shellcheck disable=SC2086 # words
		table $args
		[ "$status" -eq 2 ]
		[ "$err" = "failcnt table: one of --near, --oom and --compat, not several" ]
	done
	table --compat --json
	[ "$status" -eq 2 ]
	[ -z "$output" ]
}
