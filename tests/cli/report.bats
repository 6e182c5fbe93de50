#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# report.bats - failcnt report: from JSON lines to a page, what it refuses to
# overwrite, and what it says when there is nothing. Needs no privileges.

setup() {
	FAILCNT=${FAILCNT:-$BATS_TEST_DIRNAME/../../build/failcnt}
	ERR=$BATS_TEST_TMPDIR/stderr
	cd "$BATS_TEST_TMPDIR"
	events >day.json
}
export ERR

failcnt() {
	run sh -c '"$0" "$@" 2>"$ERR"' "$FAILCNT" "$@"
	err=$(cat "$ERR")
}

absent() { ! grep "$@"; }

# A minute in which three were refused and one was killed.
events() {
	local common='"schema":1,"boot_id":"aae695b9-ad9c-4c40-bb11-7a829e47348f","run":"a9b181f1c200c5c0","host":"vm"'
	echo "{$common,\"event\":\"started\",\"time\":\"2026-11-22T10:25:00.000000000Z\",\"seq\":1,\"version\":\"0.1.0\",\"kernel\":\"6.18.44\",\"arch\":\"x86_64\",\"backends\":{\"tracepoint\":70}}"
	for s in 1 2 3; do
		echo "{$common,\"event\":\"refused\",\"time\":\"2026-11-22T10:25:1$s.777298362Z\",\"seq\":$((s + 1)),\"resource\":\"nofile\",\"errno\":\"EMFILE\",\"syscall\":\"openat\",\"pid\":20009,\"uid\":0,\"comm\":\"<b>&'\\\"\",\"cgroup\":\"/demo\",\"object\":\"/etc/resolv.conf\",\"limit_name\":\"RLIMIT_NOFILE\",\"held\":65,\"limit\":64,\"measure\":\"files\",\"certain\":true,\"says\":\"It could not open <a file>.\",\"fix\":\"prlimit --pid 20009 --nofile=20000:20000\"}"
	done
	echo "{$common,\"event\":\"killed\",\"time\":\"2026-11-22T10:25:17.024000000Z\",\"seq\":5,\"cause\":\"oom-memcg\",\"resource\":\"memory\",\"pid\":20027,\"comm\":\"java\",\"signal\":\"SIGKILL\",\"memcg\":\"/demo\",\"rss_anon\":24117248,\"certain\":true,\"says\":\"The kernel killed java.\"}"
	echo "{$common,\"event\":\"stopped\",\"time\":\"2026-11-22T10:26:00.000000000Z\",\"seq\":6,\"totals\":{\"refused\":3,\"killed\":1,\"counted\":0,\"lost\":0}}"
}

@test "a page of a day's JSON lines" {
	failcnt report --utc --store day.json -o day.html
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	grep -qF "From 22 Nov 2026 10:25:00 to 22 Nov 2026 10:26:00 (1 min, UTC)" day.html
	grep -qF "Recorded all the time, without a loss." day.html
	[ -z "$err" ]
	grep -qF '<h1>1 process was killed, and 3 requests were refused</h1>' day.html
	grep -qF 'The kernel killed java.' day.html
	grep -qF 'prlimit --pid 20009 --nofile=20000:20000' day.html
	grep -qF '&lt;b&gt;&amp;&#39;&quot;' day.html
	absent -qF '<b>&' day.html
	[ "$(stat -c %a day.html)" = 640 ]
	[ "$(find . -name '.failcnt-report*' | wc -l)" -eq 0 ]
}

@test "lines without a beginning: whether somebody watched is not known, and a gap is told" {
	grep -v started day.json >part.json
	failcnt report --utc --store part.json -o part.html
	[ "$status" -eq 0 ]
	absent -F "Recorded all the time" part.html
	grep -qF "whether somebody watched all the time is not known" part.html
	{ cat day.json; sed "s/T10:/T11:/g; s/a9b181f1c200c5c0/b9b181f1c200c5c0/" day.json; } >two.json
	failcnt report --utc --store two.json -o two.html
	[ "$status" -eq 0 ]
	grep -qF "nobody watched for 59 min" two.html
	grep -qF "the recorder was stopped" two.html
}

@test "-o - and a pipe: the page on standard output" {
	failcnt report --utc --store day.json -o -
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "<!DOCTYPE html>" ]
	[ "${lines[-1]}" = "</html>" ]
	page=$output
	failcnt report --utc --store day.json
	[ "${lines[0]}" = "<!DOCTYPE html>" ]
	run sh -c '"$0" report --utc --store - <day.json' "$FAILCNT"
	[ "${lines[0]}" = "<!DOCTYPE html>" ]
	[[ $output == *"from <bdi>standard input</bdi>"* ]]
}

@test "filters and times choose, and the page says which" {
	failcnt report --utc --store day.json -k -o k.html
	[ "$status" -eq 0 ]
	grep -qF '<h1>1 process was killed</h1>' k.html
	grep -qF 'Only what matches <code>-k</code>' k.html
	failcnt report --utc --store day.json -r nofile java -o none.html
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: No incidents found: the page says so." ]
	grep -qF 'Nothing was refused and nobody was killed' none.html
	failcnt report --utc --store day.json -S 2026-11-22T10:25:15Z -U 2026-11-22T10:25:30Z -o some.html
	[ "$status" -eq 0 ]
	grep -qF '<h1>1 process was killed</h1>' some.html
	grep -qF '(15' some.html
}

@test "without a place on a terminal, or with a wrong word: status 2 and the next step" {
	command -v script >/dev/null || skip "no script(1)"
	run script -qec "$FAILCNT report --store day.json" /dev/null
	[ "$status" -eq 2 ]
	[[ $output == *"where the page goes is missing: -o report.html"* ]]
	for args in "--json" "--html=" "-S never" "nosuch=1"; do
		failcnt report --store day.json -o x.html $args
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ $err == "failcnt report: "*"see failcnt report --help" || $err == "failcnt report: --since"* ]]
		[ ! -e x.html ]
	done
}

@test "only a report is overwritten" {
	echo "my diary" >diary.html
	failcnt report --store day.json -o diary.html
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: diary.html is there and is no report of failcnt: give another name, or remove it" ]
	[ "$(cat diary.html)" = "my diary" ]
	failcnt report --utc --store day.json -o day.html
	chmod 604 day.html
	ln -s day.html link.html
	failcnt report --utc --store day.json -k -o link.html
	[ "$status" -eq 0 ]
	[ -L link.html ]
	grep -qF '<code>-k</code>' day.html
	[ "$(stat -c %a day.html)" = 604 ]
	failcnt report --store day.json -o .
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: . is a directory: name the file in it, such as ./report.html" ]
}

@test "what cannot be written or read: one sentence, status 1, and nothing left" {
	failcnt report --store day.json -o no/such/dir.html
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: no/such/dir.html cannot be written: No such file or directory" ]
	failcnt report --store day.json -o /dev/full
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: /dev/full cannot be written: No space left on device" ]
	run sh -c '"$0" report --store day.json -o - 2>&1 >/dev/full' "$FAILCNT"
	[ "$status" -eq 1 ]
	[ "$output" = "failcnt: cannot write to standard output: No space left on device" ]
	failcnt report --store nosuch.db -o x.html
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: "*nosuch.db* ]]
	[ ! -e x.html ]
	failcnt report --store day.json -o /dev/null
	[ "$status" -eq 0 ]
}

@test "the page loads nothing, runs nothing, and its policy knows its style" {
	failcnt report --utc --store day.json -o day.html
	absent -qE '<(script|link|iframe|img|object|embed|form|base)\b|[[:space:]](style|on[a-z]+|src|href)=' day.html
	sum=$(sed -n '/<style>/,/<\/style>/p' day.html | sed '1s/.*<style>//; s/<\/style>.*//' | head -c -1 | sha256sum | cut -c1-64)
	hash=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$sum")" | base64)
	echo "report_style.c: \"sha256-$hash\""
	grep -qF "default-src 'none'; style-src 'sha256-$hash'" day.html
}

@test "two reports of the same are the same but for when they were made" {
	for i in 1 2; do
		"$FAILCNT" report --utc --store day.json -U 2026-11-22T10:27:00Z -o - | sed 's/Made by failcnt.* from/Made/' >"$i.html"
	done
	cmp 1.html 2.html
}

@test "help: no line is longer than 100 columns; completion knows it" {
	failcnt report --help
	[ "$status" -eq 0 ]
	[[ $output == *"-o, --html=FILE"* ]]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 100 ]
	done
	run bash -c '. "$0"; COMP_LINE="failcnt rep" COMP_POINT=11 COMP_WORDS=("$1" rep) COMP_CWORD=1
		compopt() { :; }; _failcnt; printf "%s\n" "${COMPREPLY[@]}"' \
		"$BATS_TEST_DIRNAME/../../user/share/failcnt.bash" "$FAILCNT"
	[ "$output" = report ]
}
