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
	printf '\xfd7zXZ\0\0' >"$BATS_TEST_TMPDIR/log.xz"
	import "$BATS_TEST_TMPDIR/log.xz"
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: $BATS_TEST_TMPDIR/log.xz is no text yet: xz -dc $BATS_TEST_TMPDIR/log.xz | failcnt import - "* ]]
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

# forms DIR: one log, with a kill, a crash and limits of nobody, in eight forms. The calendar is 4 ms behind the kernel's.
forms() {
	mkdir -p "$1"
	awk -v dir="$1" 'BEGIN {
		boot = mktime("2026 11 20 08 00 00")
	}
	{
		up = $1; sub(/^[^ ]* /, "")
		t = up + 0.254; s = int(boot + t); us = sprintf(".%06d", (t - int(t)) * 1000000)
		day = strftime("%b %d %H:%M:%S", s); iso = strftime("%Y-%m-%dT%H:%M:%S", s)
		stamp = sprintf("[%12.6f]", up)
		print stamp, $0 >dir "/dmesg"
		print "[" strftime("%a %b %d %H:%M:%S %Y", int(boot + up + 0.25)) "]", $0 >dir "/dmesg-T"
		print day, "web1 kernel:", $0 >dir "/journal"
		print day us, "web1 kernel:", $0 >dir "/journal-precise"
		print iso "+0000", "web1 kernel:", $0 >dir "/journal-iso"
		print day, "web1 kernel:", stamp, $0 >dir "/syslog"
		print iso us "+00:00", "web1.example.org kernel:", stamp, $0 >dir "/rsyslog"
		printf "{\"__REALTIME_TIMESTAMP\":\"%d%s\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"%.0f\",\"_HOSTNAME\":\"web1\",\"_TRANSPORT\":\"kernel\",\"SYSLOG_IDENTIFIER\":\"kernel\",\"MESSAGE\":\"%s\"}\n", s, substr(us, 2), up * 1000000, $0 >dir "/journal-json"
	}' <<'END'
100.123456 Memory cgroup out of memory: Killed process 4711 (java) total-vm:8123456kB, anon-rss:523456kB, file-rss:1234kB, shmem-rss:0kB, UID:1000 pgtables:2048kB oom_score_adj:0
160.999999 TCP: out of memory -- consider tuning tcp_mem
161.000320 nf_conntrack: nf_conntrack: table full, dropping packet
300.500000 nginx[812]: segfault at 0 ip 00007f0000001234 sp 00007ffc00001234 error 4 in libc.so.6[7f0000000000+1000]
3600.000001 cgroup: fork rejected by pids controller in /system.slice/x.service
7200.654321 Out of memory: Killed process 9911 (postgres) total-vm:123456kB, anon-rss:99999kB, file-rss:12kB, shmem-rss:8kB, UID:26 pgtables:64kB oom_score_adj:200
END
	touch -d 2026-11-21 "$1"/*
}

@test "--store: the same log in another form, with other times, adds nothing" {
	awk 'BEGIN { exit mktime("2026 11 20 08 00 00") <= 0 }' 2>/dev/null || skip "this awk knows no dates"
	dir=$BATS_TEST_TMPDIR/forms
	forms "$dir"
	for first in syslog rsyslog journal-json; do
		store=$BATS_TEST_TMPDIR/$first.db
		import --store "$store" "$dir/$first"
		[[ $err == *"6 events added to $store, 0 were there already"* ]]
		import --store "$store" "$dir"/*
		[[ $err == *" 0 events added to $store, 48 were there already"* ]]
	done
	# what knows only the time since boot, and only the calendar: what names a process is the same even so
	store=$BATS_TEST_TMPDIR/apart.db
	import --store "$store" "$dir/dmesg" "$dir/dmesg-T"
	[ "$(sqlite3 "$store" "SELECT count(*) FROM event WHERE event = 'killed'")" = 3 ]
	import --store "$store" "$dir"/*
	[[ $err == *" 0 events added to $store, 48 were there already"* ]]
	# another day, another host: another log
	sed 's/web1/web2/' "$dir/journal" >"$dir/other"
	touch -d 2026-11-21 "$dir/other"
	store=$BATS_TEST_TMPDIR/syslog.db
	import --store "$store" "$dir/other"
	[[ $err == *"6 events added to $store, 0 were there already"* ]]
	sed "s/Nov 20/Nov 10/" "$dir/journal" >"$dir/day"
	touch -d 2026-11-21 "$dir/day"
	import --store "$store" "$dir/day"
	[[ $err == *"6 events added"* ]]
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
