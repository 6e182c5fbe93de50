#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# run.bats - commands that run, without privileges: what is missing is said in
# one sentence, and counters alone still tell what failed. As root the tests
# give their privileges up.

setup_file() {
	export DIR FAILCNT_COPY FIXTURES=$BATS_TEST_DIRNAME/../fixtures
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/failcnt-bats.XXXXXX")
	FAILCNT_COPY=$DIR/failcnt
	cp "${FAILCNT:-$BATS_TEST_DIRNAME/../../build/failcnt}" "$FAILCNT_COPY"
	cp -r "$FIXTURES/cgroup1" "$DIR/root"
	chmod -R u+rwX,go+rX "$DIR"
}

teardown_file() {
	rm -rf "$DIR"
}

setup() {
	ERR=$BATS_TEST_TMPDIR/stderr
	OUT=$BATS_TEST_TMPDIR/stdout
	watcher=
}

teardown() {
	[ -z "$watcher" ] || kill -KILL "$watcher" 2>/dev/null || true
}

# unprivileged COMMAND ...: becomes it
unprivileged() {
	if [ "$(id -u)" -eq 0 ]; then
		exec setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	fi
	exec "$@"
}

# Runs failcnt: $status, $output (stdout), $err.
failcnt() {
	status=0
	(unprivileged timeout 10 "$FAILCNT_COPY" "$@") >"$OUT" 2>"$ERR" || status=$?
	output=$(cat "$OUT")
	err=$(cat "$ERR")
}

# Starts it, and waits until it watches.
start() {
	: >"$OUT" # not the lines of the one before
	(unprivileged "$FAILCNT_COPY" watch --json "$@") >"$OUT" 2>"$ERR" 3>&- &
	watcher=$!
	until_line '"event":"started"' 50
}

# until_line TEXT TENTHS: waits for a line with it
until_line() {
	local i
	for ((i = 0; i < $2; i++)); do
		! grep -qF -- "$1" "$OUT" || return 0
		sleep 0.1
	done
	echo "no line with $1 in:" >&2
	cat "$OUT" "$ERR" >&2
	return 1
}

# Ends it; $status, and $last, the last line.
stop() {
	kill -TERM "$watcher"
	status=0
	wait "$watcher" || status=$?
	watcher=
	last=$(tail -n 1 "$OUT")
}

@test "watch without privileges: one sentence, then counters alone, status 0" {
	failcnt watch --json -d 300ms
	[ "$status" -eq 0 ]
	[ "$(grep -c 'run it as root' "$ERR")" -eq 1 ]
	# whether the kernel log is there for all depends on kernel.dmesg_restrict
	[[ $err == *"watching on failure counters alone: what fails is seen, not who"* ||
		$err == *"watching on failure counters and the kernel log alone: what fails is seen, and not always who"* ]]
	[ "$(jq -n '[inputs][0].backends | add' "$OUT")" = 0 ]
	[ "$(jq -rn '[inputs][-1].event' "$OUT")" = stopped ]
}

@test "watch without privileges and without counters: status 3, nothing on stdout" {
	failcnt watch --json --root "$DIR/nowhere" -d 300ms
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	[[ $err == *"run it as root"* ]]
}

@test "a backend that was asked for and cannot be had is no reason to go silent" {
	for backend in fexit kprobe tracepoint events; do
		failcnt watch --backend=$backend -d 100ms
		[ "$status" -eq 0 ]
		[[ $err == *"run it as root"* ]]
	done
}

@test "run without privileges: one sentence what is missing, the command is not run, status 3" {
	for args in "" "--json" "-q" "--backend=kprobe" "--output json:$BATS_TEST_TMPDIR/none/log"; do
		failcnt run $args -- sh -c "echo ran; exit 7"
		[ -z "$output" ]
		if [[ $args == *none* ]]; then
			[ "$status" -eq 1 ]
			continue
		fi
		[ "$status" -eq 3 ]
		[ "$(grep -c 'run it as root' "$ERR")" -eq 1 ]
		[[ $args == *-q* || $err == *"sh has not been run: counters alone do not tell which process was refused" ]]
	done
	run pgrep -u nobody -x failcnt # nor does anything wait at the gate
	[ -z "$output" ]
}

@test "doctor without privileges: the report, one sentence, status 3" {
	failcnt doctor
	[ "$status" -eq 3 ]
	[[ $output == *"What this kernel allows"* ]]
	[[ $output == *"missing: run it as root"* ]]
	[ "$(wc -l <"$ERR")" -eq 1 ]
}

@test "quiet: nothing on stderr but errors" {
	failcnt watch -q --json -d 100ms
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$ERR")" -eq 1 ]
	[[ $err == *"run it as root"* ]]
}

@test "a failcnt of user_beancounters that moves is told within 1.5 s" {
	cp "$FIXTURES/beancounters/vps-entry-plan.txt" "$DIR/beancounters"
	chmod 644 "$DIR/beancounters"
	start --beancounters "$DIR/beancounters"
	sed -E 's/^( +numproc .* )0$/\13/' "$FIXTURES/beancounters/vps-entry-plan.txt" >"$DIR/beancounters"
	until_line '"event":"counted"' 15
	stop
	[ "$status" -eq 0 ]
	run jq -c 'select(.event == "counted") | [.owner, .source, .backend, .certain, .failcnt[]
		| if type == "object" then .resource, .failcnt, .delta, .held, .limit, .relation else . end]' "$OUT"
	[ "$output" = '["ct:43287","ubc","counter",null,"numproc",3,3,41,240,"own"]' ]
	[ "$(jq -c .totals <<<"$last")" = '{"refused":0,"killed":0,"counted":1,"lost":0}' ]
}

@test "a failcnt of a cgroup below --root that moves is told within 1.5 s" {
	local file="$DIR/root/sys/fs/cgroup/memory/lxc/web/memory.failcnt" before
	before=$(cat "$file")
	start --root "$DIR/root"
	echo $((before + 5)) >"$file"
	until_line '"event":"counted"' 15
	stop
	[ "$status" -eq 0 ]
	run jq -c 'select(.event == "counted") | [.owner, .failcnt[0].resource, .failcnt[0].delta]' "$OUT"
	[ "$output" = '["cgroup:/lxc/web","memory",5]' ]
}

@test "a failcnt that does not move is not told" {
	start --root "$DIR/root" --interval 50ms
	sleep 0.5
	touch "$DIR/root/sys/fs/cgroup/memory/lxc/web/memory.failcnt"
	sleep 0.3
	stop
	[ "$(jq -n '[inputs.event] | join(" ")' "$OUT")" = '"started stopped"' ]
}

@test "a process filter leaves no counter through, a cgroup filter those below it" {
	local file="$DIR/root/sys/fs/cgroup/memory/lxc/web/memory.failcnt" args
	for args in "-p 1" "-u 0" "-n init" "-e EMFILE" "-k" "-c /lxc/we" "-c /other" "-r nofile"; do
		start --root "$DIR/root" --interval 50ms $args
		echo $(($(cat "$file") + 1)) >"$file"
		sleep 0.6
		stop
		[ "$(jq -n '[inputs.event] | join(" ")' "$OUT")" = '"started stopped"' ]
	done
	for args in "-c /" "-c /lxc" "-c /lxc/web/"; do
		start --root "$DIR/root" --interval 50ms $args
		echo $(($(cat "$file") + 1)) >"$file"
		until_line '"event":"counted"' 15
		stop
	done
}

@test "--count ends it after so many" {
	local file="$DIR/root/sys/fs/cgroup/memory/lxc/web/memory.failcnt"
	start --root "$DIR/root" --interval 50ms --count 1
	echo $(($(cat "$file") + 1)) >"$file"
	status=0
	timeout 5 tail --pid="$watcher" -f /dev/null
	wait "$watcher" || status=$?
	watcher=
	[ "$status" -eq 0 ]
	[ "$(jq -n '[inputs.event] | join(" ")' "$OUT")" = '"started counted stopped"' ]
}

@test "--duration and --interval and --count want numbers that end where they end" {
	for args in "--duration 12abc" "--duration 1x" "--duration 0" "--interval 12abc" "--interval 1ms" \
		"--count 12abc" "--count 0" "--count -1" "--pid 12abc" "--uid 12abc"; do
		failcnt watch $args
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[ "$(wc -l <"$ERR")" -eq 1 ]
		[[ $err == "failcnt watch: ${args%% *} wants "* ]]
	done
}

@test "unknown flags, words too many and backends that are none: status 2, one sentence" {
	for args in "watch --frobnicate" "watch -Z" "doctor --json" "table --count 1" "watch word" "table host host" \
		"watch --backend=ebpf" "watch -e EFROB" "watch -c relative" "watch --output text:x"; do
		failcnt $args
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[ "$(wc -l <"$ERR")" -eq 1 ]
		[[ $err == "failcnt ${args%% *}: "* ]]
	done
}

@test "an output file that cannot be made: one sentence, status 1" {
	failcnt watch --output "json:$DIR/nowhere/file" -d 100ms
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "$err" = "failcnt: cannot open $DIR/nowhere/file for writing: No such file or directory" ]
}

@test "table on fixtures: the values of the file, and nothing of this host" {
	failcnt table --beancounters "$FIXTURES/beancounters/vps-entry-plan.txt" ct:43287
	[ "$status" -eq 0 ]
	[[ ${output%%$'\n'*} == "Version: 2.5" ]]
	run awk '$NF > 0 && NR > 2' "$OUT"
	[ -z "$output" ]
	failcnt table --json --root "$FIXTURES/openvz" ct:101
	[ "$status" -eq 0 ]
	[ "$(jq -rn '[inputs | .event, .owner, .source] | unique | join(" ")' "$OUT")" = "ct:101 row ubc" ]
	failcnt table --root "$FIXTURES/openvz" ct:7
	[ "$status" -eq 1 ]
	[ "$err" = "failcnt: there is no ct:7" ]
	failcnt table pid:12abc
	[ "$status" -eq 2 ]
}
