# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of the recorder: what is refused and killed is in the store, and stays there whatever happens to the
# recorder, the file and the disk.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

# record TAG ARGUMENT ...: starts it, its messages into $work/TAG.err, and waits until it has started; $pid
record() {
	local tag=$1
	shift
	"$failcnt" record "$@" 2>"$work/$tag.err" &
	pid=$!
	started+=("$pid")
	within 60 says "$tag" 'recording in' || no "it does not start: $(head -n 1 "$work/$tag.err")"
}
says() { grep -qsE -- "$2" "$work/$1.err"; }

# listed STORE WHAT RESOURCE [MATCH ...]: such an incident is there
listed() {
	local store=$1 what=$2 resource=$3
	shift 3
	"$failcnt" list --json --store "$store" "$@" 2>/dev/null |
		jq -ne --arg what "$what" --arg resource "$resource" \
			'[inputs | select(.event == $what and .resource == $resource)] | length > 0' >/dev/null
}

# Mounted at $1, with these options; undone at the end of the run.
mounted() {
	mkdir -p "$1"
	mount -t tmpfs -o "$2" failcnt-live "$1" 2>/dev/null || { na "no tmpfs can be mounted"; return 77; }
}

store_records() {
	local recorder store=$work/rec/deep/failcnt.db text
	mkdir "$work/rec"
	record rec --store "$store" --interval 1s || return
	recorder=$pid
	provoked nofile-dup || return
	within 10 listed "$store" refused nofile "$(of .pid)" || { no "the refusal is not listed"; return; }
	provoked oom-memcg || return
	within 10 listed "$store" killed memory "$(of .pid)" || { no "the kill is not listed"; return; }
	text=$("$failcnt" info --store "$store" -k) || { no "no info"; return; }
	[[ $text == *"cause: oom-"*"Its events:"* ]] || { no "info says: $text"; return; }
	[[ $(stat -c %a "$store") == 640 && $(stat -c %a "${store%/*}") == 750 ]] || { no "others may read it"; return; }
	"$failcnt" list --store "$store" | grep -q 'not recording' && { no "list says that nobody records"; return; }
	finish "$recorder" TERM || return
	((status == 0)) || { no "status $status"; return; }
	"$failcnt" list --store "$store" | tail -n 1 | grep -q '^-- since .*: not recording$' ||
		{ no "list does not say that nobody records"; return; }
	((EUID)) || [[ ! -e $store-wal ]] || no "the log is left behind"
}

# A kill is on the disk at once, and the rest within a second: what SIGKILL leaves.
store_at_once() {
	local store=$work/once/failcnt.db
	record once --store "$store" || return
	provoked oom-memcg || return
	within 1 listed "$store" killed memory "$(of .pid)" || { no "the kill is not there after a second"; return; }
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	listed "$store" killed memory "$(of .pid)" || { no "the kill is gone"; return; }
	"$failcnt" list --store "$store" | grep -q '^-- since .*not recording (the recorder was killed)$' ||
		no "list does not say that it was killed"
}

# An incident goes on where the next recorder takes over; the time between is told.
store_again() {
	local store=$work/again/failcnt.db watcher i
	for i in 1 2; do
		record again --store "$store" || return
		watcher=$pid
		provoked nofile-dup || return
		within 10 listed "$store" refused nofile "$(of .pid)" || { no "not listed"; return; }
		finish "$watcher" TERM || return
		sleep 1.2 # a gap is told from a second on
	done
	"$failcnt" list --store "$store" | grep -qE '^-- .* to .*: not recording \(' || { no "no gap is told"; return; }
	[[ $("$failcnt" list --json --store "$store" | jq -n '[inputs | select(.resource == "nofile")] | length') == 1 ]] ||
		no "one program's refusals within a minute are two incidents"
}

# On a full disk it goes on in memory, and writes when there is room again.
store_full() {
	local dir=$work/full recorder
	mounted "$dir" size=512k || return
	record full --store "$dir/failcnt.db" || { umount "$dir"; return 1; }
	recorder=$pid
	head -c 1M /dev/zero >"$dir/filler" 2>/dev/null
	provoked nofile-many 400 || { umount -l "$dir"; return 1; }
	within 10 says full 'the disk of .* is full: make room there' || { no "a full disk is not said"; umount -l "$dir"; return; }
	(($(grep -c 'is full' "$work/full.err") == 1)) || { no "it is said again and again"; umount -l "$dir"; return; }
	mount -o remount,size=64m "$dir"
	rm "$dir/filler"
	within 10 says full 'can be written again' || { no "it does not write again"; umount -l "$dir"; return; }
	within 10 listed "$dir/failcnt.db" refused nofile || { no "what was kept in memory is not there"; umount -l "$dir"; return; }
	finish "$recorder" TERM
	umount "$dir" 2>/dev/null || umount -l "$dir"
	((status == 0)) || no "status $status"
}

store_readonly() {
	local dir=$work/ro recorder
	mounted "$dir" ro || return
	record ro --store "$dir/failcnt.db" || { umount "$dir"; return 1; }
	recorder=$pid
	says ro 'is on a read-only file system: name another file with --store; events are kept in memory' ||
		{ no "not said: $(cat "$work/ro.err")"; umount "$dir"; return; }
	provoked nofile-dup || return
	mount -o remount,rw "$dir"
	within 10 listed "$dir/failcnt.db" refused nofile "$(of .pid)" || { no "it does not write"; umount -l "$dir"; return; }
	finish "$recorder" TERM
	umount "$dir" 2>/dev/null || umount -l "$dir"
	((status == 0)) || no "status $status"
}

# What it cannot write to is said once; when that is moved away it begins a new file, with all that waited.
store_bad() {
	local bad store recorder
	command -v sqlite3 >/dev/null || { na "no sqlite3"; return 77; }
	mkdir -p "$work/bad"
	for bad in damaged newer text; do
		store=$work/bad/$bad.db
		cp "$here/../fixtures/store/v1.db" "$store"
		case $bad in
		damaged) dd if=/dev/urandom of="$store" bs=4096 seek=1 count=10 conv=notrunc 2>/dev/null ;;
		newer) sqlite3 "$store" 'PRAGMA user_version = 99' ;;
		text) echo "a letter" >"$store" ;;
		esac
		record "$bad" --store "$store" || return
		recorder=$pid
		says "$bad" 'is damaged|was written by a newer failcnt|is no store of failcnt' || { no "$bad is not said"; return; }
		provoked nofile-dup || return
		mv "$store" "$store.old"
		within 15 says "$bad" 'can be written again' || { no "$bad: it does not begin a new file"; return; }
		within 10 listed "$store" refused nofile "$(of .pid)" || { no "$bad: what waited is not there"; return; }
		(($(grep -c 'kept in memory' "$work/$bad.err") == 1)) || { no "$bad: said again and again"; return; }
		finish "$recorder" TERM || return
	done
	[[ $(cat "$work/bad/text.db.old") == "a letter" ]] || no "a file that is not its own was changed"
}

# Two into one file: the second says so, and takes over when the first is gone.
store_locked() {
	local store=$work/two/failcnt.db first
	record first --store "$store" || return
	first=$pid
	record second --store "$store" || return
	says second 'another failcnt records into .*: stop it, or name another file' || { no "not said"; return; }
	"$failcnt" vacuum --store "$store" --keep-free 0 2>"$work/two.err" || { no "no vacuum beside it: $(cat "$work/two.err")"; return; }
	finish "$first" TERM || return
	within 10 says second 'can be written again' || { no "the second does not take over"; return; }
	provoked nofile-dup || return
	within 10 listed "$store" refused nofile "$(of .pid)" || no "the second does not record"
}

# Removed under its feet, or moved away and SIGHUP: it begins a new one.
store_moved() {
	local store=$work/moved/failcnt.db
	record moved --store "$store" || return
	provoked nofile-dup || return
	within 10 listed "$store" refused nofile || { no "not listed"; return; }
	rm "$store" "$store"-*
	provoked sem-mni || return
	within 10 listed "$store" refused semmni || { no "nothing is recorded after the file was removed"; return; }
	listed "$store" refused nofile && { no "it is the old file"; return; }
	mv "$store" "$store.old"
	kill -HUP "$pid"
	within 10 test -s "$store" || { no "no new file after SIGHUP"; return; }
	"$failcnt" list --store "$store.old" | grep -q '^-- since .*not recording$' ||
		{ no "the old file says that the recorder was killed"; return; }
	listed "$store.old" refused semmni || { no "the old file lacks what was in its log"; return; }
	provoked nofile-dup || return
	within 10 listed "$store" refused nofile || { no "nothing is recorded after SIGHUP"; return; }
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	"$failcnt" list --store "$store" | grep -q '^-- since .*not recording (the recorder was killed)$' ||
		no "the new file does not know who recorded"
}

# What does not fit goes, oldest first, and that is said.
store_limits() {
	local store=$work/limits/failcnt.db i recorder
	record limits --store "$store" --max-size 1M --keep-free 0 || return
	recorder=$pid
	for i in 1 2 3; do
		provoked nofile-many 400 || return
	done
	finish "$recorder" TERM || return
	"$failcnt" vacuum --store "$store" --max-size 1M --keep-free 0 2>"$work/limits.txt" || { no "$(cat "$work/limits.txt")"; return; }
	(($(stat -c %s "$store") <= 1048576)) || { no "$(stat -c %s "$store") bytes"; return; }
	"$failcnt" list --store "$store" 2>&1 >/dev/null | grep -q 'were dropped for the limit of size' || no "list does not say so"
}

# Readiness, the watchdog and the end, as a service manager hears them.
store_notifies() {
	local socket=$work/notify watcher
	command -v socat >/dev/null || python3 -c '' 2>/dev/null || { na "neither socat nor python3"; return 77; }
	python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(100).decode(), flush=True)' "$socket" >"$work/notify.txt" &
	started+=("$!")
	within 5 test -S "$socket" || { no "nobody listens"; return; }
	NOTIFY_SOCKET=$socket WATCHDOG_USEC=400000 record notify --store "$work/notified/failcnt.db" || return
	within 5 test "$(grep -c READY=1 "$work/notify.txt")" = 1 || { no "no READY=1"; return; }
	within 5 watchdogs || { no "no WATCHDOG=1"; return; }
	finish "$pid" TERM || return
	within 2 grep -q STOPPING=1 "$work/notify.txt" || no "no STOPPING=1"
}
watchdogs() { (($(grep -c WATCHDOG=1 "$work/notify.txt") >= 3)); }

# Killed at random instants, under load: crash.sh, of which this is a small part.
store_crash() {
	command -v sqlite3 >/dev/null || { na "no sqlite3"; return 77; }
	"$here/crash.sh" "${failcnt%/*}" 20 >"$work/crash.txt" 2>&1 || { no "$(tail -n 3 "$work/crash.txt")"; return; }
	grep '^#' "$work/crash.txt"
}
