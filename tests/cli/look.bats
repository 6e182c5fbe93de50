#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# look.bats - looking back: list, info and vacuum on a recording that an older
# failcnt made (fixtures/store/v1.db, from the lines in night.json), on those
# lines themselves, and on what is no recording. Needs no privileges.

setup() {
	FAILCNT=${FAILCNT:-$BATS_TEST_DIRNAME/../../build/failcnt}
	FIXTURES=$BATS_TEST_DIRNAME/../fixtures/store
	ERR=$BATS_TEST_TMPDIR/stderr
	# not below bats' own directory, which others may not enter
	BASE=$(mktemp -d)
	chmod 755 "$BASE"
	STORE=$BASE/store/failcnt.db
	mkdir "$BASE/store"
	cp "$FIXTURES/v1.db" "$STORE"
	chmod 640 "$STORE"
}

teardown() {
	chmod -R u+w "$BASE"
	rm -rf "$BASE"
}

# Runs failcnt with stderr apart: $status, $output (stdout), $lines, $err.
failcnt() {
	run sh -c '"$0" "$@" 2>"$ERR"' "$FAILCNT" "$@"
	err=$(cat "$ERR")
}
export ERR

# As somebody whom modes of files hold back.
failcnt_user() {
	if [ "$(id -u)" = 0 ]; then
		run setpriv --reuid=65534 --regid=65534 --clear-groups "$FAILCNT" "$@"
	else
		run "$FAILCNT" "$@"
	fi
}

ids() { tail -n +2 <<<"$output" | grep -v ^-- | awk '{ printf "%s ", $1 }'; }

@test "list: one line an incident, newest last, and when nobody watched" {
	failcnt list --utc --store "$STORE"
	[ "$status" -eq 0 ]
	[ -z "$err" ]
	[ "${#lines[@]}" -eq 7 ]
	[[ ${lines[0]} == *ID*TIME*WHAT*WHO*RESOURCE*COUNT*VERDICT ]]
	[[ ${lines[1]} == *"1  2026-11-20 01:15:00  refused  nginx[812] "*nofile*" 48212  nginx (pid 812) could not accept"* ]]
	[[ ${lines[3]} == *"3  2026-11-20 02:08:30  killed   java (2 processes) "*memory*" 2  The kernel killed java"* ]]
	[ "${lines[4]}" = "-- 2026-11-20 02:10:00 to 06:00:00: not recording (3 h 50 min; the recorder was killed)" ]
	[[ ${lines[5]} == *counted*"cgroup:/user.slice"*swap*"swap.max of cgroup:/user.slice +9" ]]
	[ "${lines[6]}" = "-- since 2026-11-20 07:00:00: not recording" ]
}

@test "list: no name drives the terminal" {
	failcnt list --store "$STORE"
	[[ $output == *'oracle\x1b[2J[2300]'* ]]
	failcnt info --store "$STORE" 2300
	[[ $output == *'comm: oracle\x1b[2J'* ]]
}

@test "list: every filter" {
	while read -r want args; do
		eval "failcnt list --utc --store \"\$STORE\" $args"
		[ "$status" -eq 0 ]
		[ "$(ids)" = "${want//,/ } " ] || { echo "$args: $(ids), not $want"; return 1; }
	done <<-'END'
		1 -p 812
		2,3 -r semmni -r memory -r commit
		1 -u 33
		3 -n helper
		2,4 -c /user.slice
		1,3 -c /system.slice/
		2 -e ENOSPC
		3 -e ENOMEM
		3 -k
		2,3,4 -S '2026-11-20 01:30'
		1,2 -U 2026-11-20T02:00:00Z
		2 -S '2026-11-20 01:20' -U '2026-11-20 02:00'
		3 -S '2026-11-20 02:09' -U '2026-11-20 02:10'
		1 812
		3 java
		1 /usr/sbin/nginx
		3 /system.slice/shop.service
		1,3 /system.slice
		1 errno=EMFILE
		3 cause=oom-memcg
		3 memcg=/system.slice/shop.service pid=4790
		1,3 certain=1 /system.slice
		1,3 certain=true /system.slice
		1,3 certain=yes /system.slice
		2 id=2
		3 id=3 -k
	END
	failcnt list --store "$STORE" -e EAGAIN
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: No incidents found." ]
	failcnt list --store "$STORE" -S now
	[ "$status" -eq 1 ]
	[ "$output" = "$(failcnt list --store "$STORE" -S now; tail -1 <<<"$output")" ]
}

@test "list: what a person types is no SQL" {
	for match in "'" "' OR 1 OR '" "comm=' OR 1=1 --" "%" "*" "/%"; do
		failcnt list --store "$STORE" "$match"
		[ "$status" -eq 1 ]
		[ "$err" = "failcnt: No incidents found." ]
	done
}

@test "list --json: lines that can be listed again" {
	failcnt list --json --store "$STORE"
	[ "$status" -eq 0 ]
	[ "$(jq -sc 'map(select(.event != "lost")) | map([.incident, .event, .count])' <<<"$output")" = \
		'[[1,"refused",48212],[2,"refused",1],[3,"killed",2],[4,"counted",1]]' ]
	[ "$(jq -sc 'map(select(.stage == "down")) | map([.first, .last])' <<<"$output")" = \
		'[["2026-11-20T02:10:00.000000000Z","2026-11-20T06:00:00.000000000Z"],["2026-11-20T07:00:00.000000000Z",null]]' ]
	run sh -c '"$0" list --json --store "$1" | "$0" list --utc --store -' "$FAILCNT" "$STORE"
	[ "$status" -eq 0 ]
	[ "$(ids)" = "1 2 3 4 " ]
	[[ ${lines[1]} == *" 48212  nginx"* ]]
}

@test "an export is looked at as a store is" {
	failcnt list --utc --store "$STORE"
	sed '$d' <<<"$output" >"$BATS_TEST_TMPDIR/want"
	failcnt list --utc --store "$FIXTURES/night.json"
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/want")" ]
	run sh -c '"$0" list --utc --store - <"$1"' "$FAILCNT" "$FIXTURES/night.json"
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/want")" ]
	run sh -c '{ cat "$1"; echo "noise"; } | "$0" info --store - -k 2>&1' "$FAILCNT" "$FIXTURES/night.json"
	[ "$status" -eq 0 ]
	[[ $output == *"1 of 13 lines were no events of failcnt and are left out"* ]]
	[[ $output == *"What: killed 2 times, refused 1 time"* ]]
	run sh -c 'echo noise | "$0" list --store - 2>&1' "$FAILCNT"
	[ "$status" -eq 1 ]
	[[ $output == *"standard input holds no events of failcnt"* ]]
}

@test "info: the newest; verdict, remedy, fields, events, counters" {
	failcnt info --utc --store "$STORE"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == *"Incident: 4" ]]
	failcnt info --utc --store "$STORE" -k
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "        Incident: 3" ]]
	[[ $output == *"            Time: 2026-11-20 02:08:30.000 to 2026-11-20 02:09:00.600 (30 s)"* ]]
	[[ $output == *"         Verdict: The kernel killed java (pid 4711) because"* ]]
	[[ $output == *"          Remedy: systemctl set-property shop.service MemoryMax=1G"* ]]
	[[ $output == *"    systemd_unit: shop.service"* ]]
	[[ $output == *"            held: 536870912 (512.0 MiB)"* ]]
	[[ $output == *"02:08:30.000 REFUSED  commit   java[4711] mmap ENOMEM"* ]]
	[[ $output == *"02:09:00.600 KILLED   memory   helper[4790]"* ]]
	[[ $output == *"memory of cgroup:/system.slice/shop.service: "*" of 536870912, failed 0 -> "*", failed 1"* ]]
	failcnt info --utc --store "$STORE" nginx
	[[ $output == *"(follow-up) nofile: held by nginx[812] 990 TCP sockets in CLOSE_WAIT"* ]]
	[[ $output == *"                  # for good: systemctl edit nginx.service"* ]]
}

@test "info: what matches besides is said; --json has all events of it" {
	failcnt info --store "$STORE" /system.slice
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == *"Incident: 3" ]]
	[ "$err" = "failcnt: 1 more match: failcnt list shows them" ]
	failcnt info --json --store "$STORE" id=1
	[ "$(jq -sc 'map(.event)' <<<"$output")" = '["refused","refused","followup"]' ]
	[ "$(jq -sc 'map(.seq)' <<<"$output")" = '[2,3,4]' ]
	# as it was written, to the last key
	[ "$(jq -Sc 'del(.incident)' <<<"$output")" = "$(sed -n 2,4p "$FIXTURES/night.json" | jq -Sc .)" ]
	failcnt info --store "$STORE" nobody
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: No incidents found." ]
}

@test "slips: status 2, and what is meant" {
	failcnt list --store "$STORE" foo=bar
	[ "$status" -eq 2 ]
	[[ $err == "failcnt list: there is no field 'foo' in 'foo=bar'"* ]]
	failcnt info -S gestern
	[ "$status" -eq 2 ]
	[[ $err == "failcnt info: --since wants a time such as 02:00,"*"not 'gestern'"* ]]
	failcnt list -S 2026-11-20 -U 2026-11-19 --store "$STORE"
	[ "$status" -eq 2 ]
	[ "$err" = "failcnt list: --until is before --since: nothing can be between" ]
	failcnt record --max-size 1X
	[ "$status" -eq 2 ]
	[[ $err == *"--max-size wants a size of 1048576 bytes or more, such as 500M or 2G, not '1X'"* ]]
	failcnt watch --since now
	[ "$status" -eq 2 ]
	[[ $err == *"--since does not apply here"* ]]
}

# What is no store of ours: one sentence with the next step, status 1, and nothing made beside it.
@test "not a store" {
	cd "$BATS_TEST_TMPDIR"
	failcnt list --store none.db
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: there is no store none.db: failcnt record makes one, --store names another" ]
	echo "hello" >hello.db
	failcnt list --store hello.db
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: hello.db is no store of failcnt: "* ]]
	: >empty.db
	failcnt list --store empty.db
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: empty.db is empty: nothing was recorded into it yet" ]]
	failcnt list --store .
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: . is a directory"* ]]
	head -c 3000 "$STORE" >short.db
	printf 'SQLite format 3\0' >shorter.db
	failcnt list --store shorter.db
	[ "$status" -eq 1 ]
	[[ $err == *"shorter.db is damaged: it is cut off" ]]
	cp "$STORE" other.db
	printf 'abcd' | dd of=other.db bs=1 seek=68 conv=notrunc 2>/dev/null
	failcnt vacuum --store other.db
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: other.db belongs to another program"* ]]
	[ -z "$(ls -- *-wal *-journal *-shm 2>/dev/null)" ]
}

@test "a copy of a live store without its log: that is said" {
	sqlite3 "$STORE" 'PRAGMA journal_mode=WAL; UPDATE watch SET stopped = NULL' >/dev/null
	[ ! -e "$STORE-wal" ]
	failcnt list --store "$STORE"
	[ "$status" -eq 0 ]
	[[ $err == "failcnt: $STORE was never closed, and its log $STORE-wal is not beside it: "* ]]
	sqlite3 "$STORE" 'DELETE FROM watch; DELETE FROM event; DELETE FROM incident'
	failcnt info --store "$STORE"
	[ "$status" -eq 1 ]
	[[ $err == *"copy that as well"*$'\n'"failcnt: No incidents found." ]]
	: >"$STORE-wal"
	failcnt list --store "$STORE"
	[ "$err" = "failcnt: No incidents found." ]
}

@test "damaged: an event that cannot be read is counted, one that SQL meets is said" {
	sqlite3 "$STORE" "UPDATE event SET line = 'x' WHERE id = (SELECT verdict FROM incident WHERE id = 3)"
	failcnt list --store "$STORE"
	[ "$status" -eq 0 ]
	[ "$err" = "failcnt: 1 event could not be read and is left out: the file is damaged" ]
	failcnt list --store "$STORE" cause=none
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: $STORE is damaged (malformed JSON): move it away and failcnt record begins a new one; "* ]]
}

@test "damaged: said, with what may save it" {
	dd if=/dev/urandom of="$STORE" bs=4096 seek=1 count=10 conv=notrunc 2>/dev/null
	for command in list info vacuum "report -o -"; do
		failcnt $command --store "$STORE"
		[ "$status" -eq 1 ]
		[[ $err == "failcnt: $STORE is damaged ("*"): move it away and failcnt record begins a new one; "* ]]
		[ "$(wc -l <<<"$err")" -eq 1 ]
	done
}

@test "from a newer version: said" {
	command -v sqlite3 >/dev/null || skip "no sqlite3"
	sqlite3 "$STORE" 'PRAGMA user_version = 99'
	for command in list info vacuum "report -o -"; do
		failcnt $command --store "$STORE"
		[ "$status" -eq 1 ]
		[[ $err == "failcnt: $STORE was written by a newer failcnt (store version 99, this one knows "*"): look at it with that one" ]]
	done
}

@test "a copy that nobody may write to, and its log not yet merged" {
	command -v sqlite3 >/dev/null || skip "no sqlite3"
	copy=$BASE/copy
	mkdir "$copy"
	# a writer that is still there when the files are copied
	sqlite3 "$STORE" 'PRAGMA wal_autocheckpoint = 0' "UPDATE event SET uid = 34 WHERE pid = 812" \
		"UPDATE member SET uid = 34 WHERE pid = 812" ".system cp $STORE $STORE-wal $copy"
	[ -s "$copy/failcnt.db-wal" ]
	chmod a+r "$copy"/*
	chmod 555 "$copy"
	failcnt_user list --utc --store "$copy/failcnt.db" -u 34
	[ "$status" -eq 0 ]
	[ "$(ids)" = "1 " ]
	chmod 755 "$copy"
	rm -f "$copy/failcnt.db-wal"
	chmod 555 "$copy"
	failcnt_user list --utc --store "$copy/failcnt.db"
	[ "$status" -eq 0 ]
	[ "$(ids)" = "1 2 3 4 " ]
	[ "$(ls "$copy")" = failcnt.db ]
	chmod 755 "$copy"
}

@test "not readable: said" {
	chmod 0 "$STORE"
	failcnt_user list --store "$STORE"
	[ "$status" -eq 1 ]
	[ "$output" = "failcnt: $STORE may not be read: run it as root" ]
}

@test "views for sqlite3" {
	command -v sqlite3 >/dev/null || skip "no sqlite3"
	run sqlite3 "$STORE" 'SELECT id, first, resource, pid, refused, killed, processes FROM incidents'
	[ "${lines[0]}" = "1|2026-11-20T01:15:00.123Z|nofile|812|48212|0|1" ]
	[ "${lines[2]}" = "3|2026-11-20T02:08:30.000Z|memory|4711|1|2|2" ]
	run sqlite3 "$STORE" 'SELECT sum(count) FROM refusals WHERE resource = "nofile"'
	[ "$output" = 48212 ]
	run sqlite3 "$STORE" 'SELECT DISTINCT owner, resource, "limit" FROM counters'
	[ "$output" = "cgroup:/system.slice/shop.service|memory|536870912" ]
}

@test "vacuum: drops what is too old, says so, and so does list from then on" {
	failcnt vacuum --store "$STORE" --max-age 36500d --keep-free 0
	[ "$status" -eq 0 ]
	[ "$err" = "failcnt: nothing to drop: all is within the limits" ]
	failcnt vacuum --utc --store "$STORE" --max-age 1s --keep-free 0
	[ "$status" -eq 0 ]
	[[ $err == "failcnt: dropped 12 events, 4 whole incidents and "*" samples, all until 2026-11-20 07:00:00, for the limit of age: "* ]]
	failcnt list --utc --store "$STORE"
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: 12 events until 2026-11-20 07:00:00 were dropped for the limit of age"*"No incidents found." ]]
}

@test "a full or closed stdout: why, and status 1" {
	for args in list "list --json" info "info --json"; do
		run sh -c '"$@" 2>&1 >/dev/full' sh "$FAILCNT" $args --store "$STORE"
		[ "$status" -eq 1 ]
		[ "$output" = "failcnt: cannot write to standard output: No space left on device" ]
		run sh -c '"$@" 2>&1 >&-' sh "$FAILCNT" $args --store "$STORE"
		[ "$status" -eq 1 ]
		[ "$output" = "failcnt: cannot write to standard output: Bad file descriptor" ]
	done
}

@test "nothing in a recording drives the terminal" {
	esc='\u001b[31mX\u0007\u009b2J'
	printf '{"schema":1,"event":"refused","time":"2026-11-20T10:00:00.000000000Z","resource":"nofile%s","errno":"E%s","pid":77,"comm":"w%s","cgroup":"/c%s","limit_name":"R%s","measure":"f%s","held":1,"limit":1,"failcnt":[{"source":"s%s","owner":"o%s","resource":"r%s","delta":1,"relation":"own"}],"says":"s%s","fix":"f%s"}\n' \
		"$esc" "$esc" "$esc" "$esc" "$esc" "$esc" "$esc" "$esc" "$esc" "$esc" "$esc" >"$BASE/lines"
	for args in list info "info -v" "list --json" "report -o -"; do
		failcnt $args --store "$BASE/lines"
		[[ $status -eq 0 || $args == report* ]]
		[[ $output == *nofile* ]]
		[[ $output != *$'\e'* && $output != *$'\a'* && $output != *$'\xc2\x9b'* ]]
	done
}

@test "-c and paths: letters beyond ASCII, a slash at the end, and nothing beside it" {
	for group in /ä/x /äb /a; do
		printf '{"schema":1,"event":"refused","time":"2026-11-20T10:00:00.000000000Z","resource":"nofile","errno":"EMFILE","pid":%d,"comm":"web","cgroup":"%s"}\n' "${#group}" "$group"
	done >"$BASE/lines"
	for args in "-c /ä" "-c /ä/" /ä /ä/x; do
		failcnt list --json --store "$BASE/lines" $args
		[ "$status" -eq 0 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == *'"cgroup":"/ä/x"'* ]]
	done
}

@test "a pipe holds JSON lines; what else is no file is no store; a link to nowhere" {
	cd "$BASE"
	mkfifo pipe.db
	cat "$FIXTURES/night.json" >pipe.db &
	failcnt list --utc --store pipe.db
	[ "$status" -eq 0 ]
	[ "$(ids)" = "1 2 3 4 " ]
	failcnt vacuum --store pipe.db
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: pipe.db is no store of failcnt: "* ]]
	ln -s nowhere/else link.db
	failcnt import --store link.db "$LOGS/6.18-v1-iso.txt"
	[ "$status" -eq 1 ]
	[[ $err == "failcnt: link.db is a symbolic link to a place that is not there: "* ]]
}

LOGS=$BATS_TEST_DIRNAME/../fixtures/kmsg

@test "--from: a kernel log, listed and told, from a file or standard input" {
	failcnt list --utc --from "$LOGS/6.18-v1-iso.txt"
	[ "$status" -eq 0 ]
	[ -z "$err" ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == *"1  2026-11-22 12:19:44  killed   provoke[2423] "*memory* ]]
	failcnt info --utc --from - <"$LOGS/3.8-ubuntu-table-of-apaches.txt"
	[ "$status" -eq 0 ]
	[[ $output == *"      candidates:       points        held    adj  process"* ]]
	[[ $output == *"13593    53.1 MiB      0  apache2[3723]  <- killed"* ]]
	[[ $output == *"-   740.0 KiB      -  systemd-udevd[412]"* ]]
	[[ $output == *"     host_memory: total                  2.0 GiB"* ]]
	failcnt info --from "$LOGS/6.18-v1-iso.txt" --json
	[ "$(jq -r .comm <<<"$output")" = provoke ]
	# filters and matches as of a store
	failcnt list --from "$LOGS/6.18-v1-iso.txt" -r pids
	[ "$status" -eq 1 ]
	failcnt list --from "$LOGS/6.18-v1-iso.txt" comm=provoke
	[ "$status" -eq 0 ]
}

@test "--from: a log without dates says so; --boot-time gives it some" {
	failcnt list --from "$LOGS/6.18-v1-plain.txt"
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == *" 1  -                    killed   provoke[2423]"* ]]
	failcnt info --from "$LOGS/6.18-v1-plain.txt"
	[[ $output == *"Time: unknown: the log has none (25462.545 s after it was booted)"* ]]
	failcnt report --from "$LOGS/6.18-v1-plain.txt" -o "$BASE/r.html"
	[ "$status" -eq 0 ]
	grep -q "Whom the OOM killer weighed" "$BASE/r.html"
	grep -q '<bdi>provoke</bdi> pid 2423 <span class="dim">killed</span></th><td class="num">8306<' "$BASE/r.html"
	failcnt list --utc --boot-time 2026-11-22T05:15:22Z --from "$LOGS/6.18-v1-plain.txt"
	[[ ${lines[1]} == *" 1  2026-11-22 12:19:44  killed "* ]]
}

@test "--from: what is no log, tells nothing, or is asked for wrongly" {
	echo "usb 1-1: new device" >"$BASE/log"
	for command in list info "report -o $BASE/none.html"; do
		failcnt $command --from "$BASE/log"
		[ "$status" -eq 1 ]
		[ "$err" = "failcnt: $BASE/log tells of no kill and no limit that was reached (1 line read)" ]
		failcnt $command --from "$BASE/missing"
		[ "$status" -eq 1 ]
		[ "$err" = "failcnt: cannot open $BASE/missing: No such file or directory" ]
		failcnt $command --from "$BASE/log" --store "$STORE"
		[ "$status" -eq 2 ]
		[[ $err == *"--from and --store: only one of them can be looked at"* ]]
		failcnt $command --boot-time now
		[ "$status" -eq 2 ]
		[[ $err == *"--boot-time is of a kernel log: name it with --from"* ]]
	done
	[ ! -e "$BASE/none.html" ]
}

# A kill that systemd asked for, one that nobody knows of, a refusal; minutes apart.
wishes() {
	local common='"schema":1,"run":"a9b181f1c200c5c0"' killed='"event":"killed","cause":"signal","signal":"SIGTERM"'
	echo "{$common,\"seq\":1,$killed,\"time\":\"2026-11-22T10:00:00Z\",\"pid\":11,\"comm\":\"wished\",\"requested_by\":\"service-manager\"}"
	echo "{$common,\"seq\":2,$killed,\"time\":\"2026-11-22T10:10:00Z\",\"pid\":12,\"comm\":\"strange\",\"requested_by\":\"other\"}"
	echo "{$common,\"seq\":3,\"event\":\"refused\",\"time\":\"2026-11-22T10:20:00Z\",\"pid\":13,\"comm\":\"full\",\"resource\":\"nofile\",\"errno\":\"EMFILE\"}"
	echo "{$common,\"seq\":4,\"event\":\"killed\",\"cause\":\"signal\",\"signal\":\"SIGPIPE\",\"time\":\"2026-11-22T10:30:00Z\",\"pid\":14,\"comm\":\"piped\",\"parent_comm\":\"bash\"}"
}

@test "--unrequested: not what systemd, a terminal or a pipe has ended" {
	wishes >"$BASE/wishes.json"
	failcnt list --store "$BASE/wishes.json"
	[ "$(ids)" = "1 2 3 4 " ]
	failcnt list --store "$BASE/wishes.json" --unrequested
	[ "$(ids)" = "2 3 " ]
	failcnt list --store "$BASE/wishes.json" --unrequested -k
	[ "$(ids)" = "2 " ]
	failcnt info --store "$BASE/wishes.json" --unrequested -k
	[[ $output == *"Who: strange[12]"* ]]
	failcnt report --store "$BASE/wishes.json" --unrequested -o "$BASE/r.html"
	[ "$status" -eq 0 ]
	grep -q strange "$BASE/r.html"
	[ "$(grep -c "wished\|piped" "$BASE/r.html")" = 0 ]
}
