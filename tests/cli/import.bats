#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# import.bats - `failcnt import` as a person types it: files, pipes, filters,
# what it says at the end, what is no log. Needs no privileges.

setup() {
	FAILCNT=${FAILCNT:-$BATS_TEST_DIRNAME/../../build/failcnt}
	LOGS=$BATS_TEST_DIRNAME/../fixtures/kmsg
	ERR=$BATS_TEST_TMPDIR/stderr
	OUT=$BATS_TEST_TMPDIR/stdout
	export TZ=UTC
}

# Runs failcnt import: $status, $output (stdout), $err.
import() {
	status=0
	timeout 60 "$FAILCNT" import "$@" >"$OUT" 2>"$ERR" || status=$?
	output=$(cat "$OUT")
	err=$(cat "$ERR")
}

@test "a file: the kill as text, and what was read on stderr" {
	import --utc "$LOGS/6.18-v1-iso.txt"
	[ "$status" -eq 0 ]
	[[ $output == "2026-11-22 12:19:44.545 KILLED   memory   provoke[2423] oom-memcg SIGKILL in /failcnt-provoke-2422: 32.0 MiB of 32.0 MiB (memory.limit_in_bytes);"* ]]
	[[ $output == *"fix: "*"memory.limit_in_bytes"* ]]
	[[ $output == *"ballot: provoke[2423]"* ]]
	[ "$err" = "failcnt: 33 lines read, 1 kill and 0 refusals found" ]
}

@test "the same from a pipe, as -, from gzip and from several files" {
	import --json "$LOGS/6.18-v1-plain.txt"
	first=$output
	[ "$("$FAILCNT" import --json 2>/dev/null <"$LOGS/6.18-v1-plain.txt")" = "$first" ]
	[ "$("$FAILCNT" import --json - 2>/dev/null <"$LOGS/6.18-v1-plain.txt")" = "$first" ]
	gzip -c "$LOGS/6.18-v1-plain.txt" >"$BATS_TEST_TMPDIR/log.1.gz"
	import --json "$BATS_TEST_TMPDIR/log.1.gz"
	[ "$output" = "$first" ]
	[ "$(gzip -c "$LOGS/6.18-v1-plain.txt" | "$FAILCNT" import --json 2>/dev/null)" = "$first" ]
	import --json "$LOGS/6.18-v1-plain.txt" "$LOGS/6.18-v1-decoded.txt"
	[ "$(wc -l <"$OUT")" -eq 2 ]
	[[ $err == *"66 lines read, 2 kills"* ]]
}

@test "JSON lines: none of a run's own keys, and no started or stopped" {
	import --json "$LOGS"/*.txt
	[ "$status" -eq 0 ]
	[ "$(jq -n '[inputs | .event] | unique' -c "$OUT")" = '["killed","lost","refused"]' ]
	[ "$(jq -n '[inputs | select(.boot_id or .run or .seq)] | length' "$OUT")" = 0 ]
	[ "$(jq -n '[inputs | select(.event != "lost" and .backend != "import")] | length' "$OUT")" = 0 ]
	[ "$(jq -n '[inputs | select(.event == "killed" and .certain == null)] | length' "$OUT")" = 0 ]
	# what a log does not tell is not there
	import --json "$LOGS/2.6.18-out-of-memory.txt"
	[ "$(jq -c '[.time, .uptime_us, .uid, .rss_anon, .limit, .pid]' "$OUT")" = '[null,null,null,null,null,5346]' ]
}

@test "filters" {
	import --json -k "$LOGS/conntrack-ratelimited.txt" "$LOGS/systemd-oomd.txt"
	[ "$(jq -n '[inputs | select(.event == "refused")] | length' "$OUT")" = 0 ]
	[[ $err == *"2 kills and 3 refusals found, not all of them shown" ]] || [[ $err == *"not all of them shown"* ]]
	import --json -n python3 "$LOGS"/*.txt
	[ "$(jq -n '[inputs | select(.event != "lost") | .comm] | unique' -c "$OUT")" = '["python3"]' ]
	import --json -p 4100 "$LOGS"/*.txt
	[ "$(jq -n '[inputs | select(.event != "lost") | .comm] | unique' -c "$OUT")" = '["containerd"]' ]
	import --json -r pids -r file-max "$LOGS"/*.txt
	[ "$(jq -n '[inputs | select(.event != "lost") | .resource] | unique' -c "$OUT")" = '["file-max","pids"]' ]
	import --json -c /kubepods.slice -u 10001 "$LOGS"/*.txt
	[ "$(jq -n '[inputs | select(.event != "lost") | .pid]' -c "$OUT")" = '[268654]' ]
}

@test "-S and -U: a part of the log" {
	import --json -S 2026-09-02T09:00:00Z "$LOGS/kubernetes-group-kill-iso.txt"
	[ "$(jq -n '[inputs | .pid]' -c "$OUT")" = '[268654,235173]' ]
	import --json -U 2026-09-02T09:00:00Z "$LOGS/kubernetes-group-kill-iso.txt"
	[ "$(jq -n '[inputs | .pid]' -c "$OUT")" = '[2630150]' ]
	import -S teatime "$LOGS/kubernetes-group-kill-iso.txt"
	[ "$status" -eq 2 ]
	[[ $err == *"--since wants a time such as"* ]]
}

@test "--boot-time gives a log without dates its times" {
	import --json --boot-time 2026-11-22T05:15:22Z "$LOGS/6.18-v1-plain.txt"
	[ "$(jq -r .time "$OUT")" = "2026-11-22T12:19:44.545490000Z" ]
	import "$LOGS/6.18-v1-plain.txt"
	[[ $output == "[25462.545490] KILLED"* ]]
	import --boot-time=x "$LOGS/6.18-v1-plain.txt"
	[ "$status" -eq 2 ]
}

@test "--output appends JSON lines beside the text" {
	import --output "json:$BATS_TEST_TMPDIR/events" "$LOGS/6.18-v1-plain.txt"
	[ "$status" -eq 0 ]
	[ "$(jq -r .comm "$BATS_TEST_TMPDIR/events")" = provoke ]
	[[ $output == *KILLED* ]]
}

@test "nothing found: status 1; a report without its end is pointed out" {
	echo "usb 1-1: new device" >"$BATS_TEST_TMPDIR/log"
	import "$BATS_TEST_TMPDIR/log"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "$err" = "failcnt: 1 line read, 0 kills and 0 refusals found" ]
	import "$LOGS/2.6.20-cut-at-the-end.txt"
	[ "$status" -eq 1 ]
	[[ $err == *"1 report of the OOM killer without the line that says who was killed; the first begins: ntpd invoked oom-killer"* ]]
	import -q "$BATS_TEST_TMPDIR/log"
	[ "$status" -eq 1 ]
	[ -z "$err" ]
}

@test "what the log itself lost is said" {
	import "$LOGS/conntrack-ratelimited.txt"
	[ "$status" -eq 0 ]
	[[ $output == *"LOST 3,939 lost at stage kmsg (net_ratelimit)"* ]]
	[[ $err == *"the log itself lost 3939 messages of the kernel: there may have been more"* ]]
}

@test "what is no log: one clear sentence each, and the other files are read" {
	import "$BATS_TEST_TMPDIR"
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: $BATS_TEST_TMPDIR is a directory: name the log files in it" ]
	import "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: cannot open $BATS_TEST_TMPDIR/none: No such file or directory" ]
	: >"$BATS_TEST_TMPDIR/empty"
	import "$BATS_TEST_TMPDIR/empty"
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: $BATS_TEST_TMPDIR/empty is empty" ]
	import "$FAILCNT"
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: $FAILCNT is no text (of compressed files only gzip is read; of a journal file, journalctl -k --file "* ]]
	[ -z "$output" ]
	import "$BATS_TEST_TMPDIR/none" "$LOGS/6.18-v1-plain.txt"
	[ "$status" -eq 1 ]
	[[ $output == *KILLED* ]]
	gzip -c "$LOGS"/*.txt | head -c 9000 >"$BATS_TEST_TMPDIR/cut.gz"
	import "$BATS_TEST_TMPDIR/cut.gz"
	[ "$status" -eq 0 ]
	[[ $err == *"the compressed data is cut or damaged; what came before it was read"* ]]
}

@test "--store: the events go into a recording, each once; nothing on stdout" {
	store=$BATS_TEST_TMPDIR/new/s.db
	import --store "$store" "$LOGS/6.18-v1-iso.txt" "$LOGS/kubernetes-group-kill-iso.txt"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ $err == *"4 events added to $store, 0 were there already"* ]]
	"$FAILCNT" list --utc --store "$store" >"$OUT"
	grep -q "2026-11-22 12:19:44  killed   provoke\[2423\]" "$OUT"
	first=$(cat "$OUT")
	# the same log again; and an older one after it joins none of its incidents
	import --store "$store" "$LOGS/kubernetes-group-kill-iso.txt" "$LOGS/6.18-v1-iso.txt"
	[ "$status" -eq 0 ]
	[[ $err == *"0 events added to $store, 4 were there already"* ]]
	"$FAILCNT" list --utc --store "$store" >"$OUT"
	[ "$(cat "$OUT")" = "$first" ]
	[ "$(sqlite3 "$store" 'SELECT count(*) FROM event')" = 4 ]
	# what --json asks for is shown as well
	import --json --store "$store" "$LOGS/6.18-v1-iso.txt"
	[ "$(jq -r .comm "$OUT")" = provoke ]
}

@test "--store: a line that the log holds twice counts twice; grown, it adds what is new" {
	store=$BATS_TEST_TMPDIR/s.db line='Nov 22 12:19:44 vm kernel: VFS: file-max limit 1024 reached'
	printf '%s\n' "$line" "$line" >"$BATS_TEST_TMPDIR/log"
	import --store "$store" "$BATS_TEST_TMPDIR/log"
	[[ $err == *"2 events added to $store, 0 were there already"* ]]
	import --store "$store" "$BATS_TEST_TMPDIR/log"
	[[ $err == *"0 events added to $store, 2 were there already"* ]]
	printf '%s\n' "$line" >>"$BATS_TEST_TMPDIR/log"
	import --store "$store" "$BATS_TEST_TMPDIR/log"
	[[ $err == *"1 event added to $store, 2 were there already"* ]]
}

@test "--store: every log twice, also those without dates" {
	store=$BATS_TEST_TMPDIR/s.db
	import --store "$store" "$LOGS"/*.txt
	[ "$status" -eq 0 ]
	n=$(sqlite3 "$store" 'SELECT count(*) FROM event')
	import --store "$store" "$LOGS"/*.txt
	[[ $err == *" 0 events added to $store, "* ]]
	[ "$(sqlite3 "$store" 'SELECT count(*) FROM event')" = "$n" ]
	[ "$(sqlite3 "$store" 'SELECT sum(events) FROM incident')" = "$(sqlite3 "$store" "SELECT count(*) FROM event WHERE incident IS NOT NULL")" ]
}

@test "--store: an older log after a newer one makes incidents of its own" {
	store=$BATS_TEST_TMPDIR/s.db
	import --store "$store" "$LOGS/6.18-v1-iso.txt"
	sed 's/^2026-11-22/2026-10-22/' "$LOGS/6.18-v1-iso.txt" >"$BATS_TEST_TMPDIR/older"
	import --store "$store" "$BATS_TEST_TMPDIR/older"
	[ "$(sqlite3 "$store" 'SELECT count(*), sum(killed), max(killed) FROM incident')" = "2|2|1" ]
}

@test "--store: one that is recorded into, or is none, is told in a sentence" {
	store=$BATS_TEST_TMPDIR/s.db
	import --store "$store" "$LOGS/6.18-v1-iso.txt"
	status=0
	err=$(flock "$store" "$FAILCNT" import --store "$store" "$LOGS/6.18-v1-iso.txt" 2>&1) || status=$?
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: another failcnt records into $store: stop it, or name another file with --store" ]
	echo "no store, and more" >"$BATS_TEST_TMPDIR/text"
	import --store "$BATS_TEST_TMPDIR/text" "$LOGS/6.18-v1-iso.txt"
	[ "$status" -eq 1 ]
	[[ $err == *"is no store of failcnt"* ]]
	[ "$(cat "$BATS_TEST_TMPDIR/text")" = "no store, and more" ]
}

@test "a reader that goes away ends it quietly" {
	status=0
	"$FAILCNT" import --json "$LOGS"/*.txt 2>"$ERR" | head -1 >"$OUT" || status=$?
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$OUT")" -eq 1 ]
	[[ $(cat "$ERR") != *"cannot write"* ]]
}

@test "ten thousand lines are nothing: 16 MiB in less than ten seconds" {
	for _ in {1..40}; do cat "$LOGS"/*.txt; done >"$BATS_TEST_TMPDIR/reports"
	for _ in {1..4}; do cat "$BATS_TEST_TMPDIR/reports"; done >"$BATS_TEST_TMPDIR/log"
	start=$SECONDS
	import --json "$BATS_TEST_TMPDIR/log"
	[ $((SECONDS - start)) -le 10 ]
	echo "# $(stat -c %s "$BATS_TEST_TMPDIR/log") bytes of reports alone in $((SECONDS - start)) s" >&3
}
