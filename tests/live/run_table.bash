# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of what table counts, and foresees: failures counted by a watch that runs beside it, limits nearly
# reached, the old rows, and whom the OOM killer takes.
# shellcheck shell=bash disable=SC2034,SC2154

# failures OWNER RESOURCE: of table.out, in JSON; "null" where it has none
failures() {
	jq -n --arg owner "$1" --arg resource "$2" \
		'[inputs | select(.owner == $owner and .resource == $resource)][0].failures' "$work/table.out"
}


# What the kernel does not count stands in the last column while a watch runs, and a dash when none does.
table_counts() {
	local watcher before after told victim
	table --json host || { no "status $?"; return; }
	if [[ $(failures host nofile) != null ]]; then na "another failcnt runs" || return; fi
	watch counts || return
	watcher=$pid
	table --json host || { no "status $?"; return; }
	before=$(failures host nofile)
	[[ $before =~ ^[0-9]+$ ]] || { no "nothing is published: $before"; return; }
	truth=$("$provoke" nofile-many 25 2>/dev/null) || { no "not provoked"; return; }
	sleep 1.5
	table --json host || { no "status $?"; return; }
	after=$(failures host nofile)
	told=$(count counts '.event == "refused" and .resource == "nofile"')
	((told >= 25 && after - before >= 25)) || { no "$told told, and $before became $after"; return; }
	[[ $(jq -n '[inputs | select(.owner == "host" and .resource == "nofile")][0].counted_since // empty' \
		"$work/table.out") ]] || { no "no counted_since"; return; }
	table --compat || { no "--compat: status $?"; return; }
	[[ $(awk '$NF > 0 && NR > 2 { print $1 }' "$work/table.out") == *numfile* ]] ||
		{ no "awk '\$NF > 0' does not find numfile"; return; }
	finish "$watcher" || return
	table --json host || { no "status $?"; return; }
	[[ $(failures host nofile) == null ]] || no "counts remain when nobody counts: $(failures host nofile)"
}

table_near() {
	local sleeper result=0
	# shellcheck disable=SC2016
	prlimit --nofile=20:20 "$BASH" -c 'for ((i = 3; i < 18; i++)); do eval "exec $i</dev/null"; done
		echo >"$0"; exec sleep 60' "$work/near.ready" </dev/null >/dev/null 2>&1 &
	sleeper=$!
	started+=("$sleeper")
	within 10 test -e "$work/near.ready" || { no "the process that holds files does not start"; return; }
	table --near 80 || { no "status $?: $(<"$work/table.err")"; return; }
	grep -qE "^ +(8|9)[0-9] +pid:$sleeper\[sleep\] +nofile " "$work/table.out" || { no "$(<"$work/table.out")"; return; }
	# fullest first
	awk 'NR > 1 { print $1 }' "$work/table.out" | sort -rnc || { no "not in order"; return; }
	table --near 100 "pid:$sleeper" || result=$?
	((result == 1)) || { no "nothing is full, and the status is $result"; return; }
	# "Nothing" of what may not be looked at would be wrong.
	as_nobody "$failcnt" table --near 80 "pid:$sleeper" 2>"$work/near.err"
	grep -q 'descriptors of 1 process may not be counted by you' "$work/near.err" ||
		no "somebody else is not told that the descriptors could not be counted"
}

# All 24 rows, in the old order and as wide.
table_compat() {
	table --compat || { no "status $?"; return; }
	[[ -e /proc/user_beancounters ]] && { na "this kernel has its own"; return 77; }
	[[ $(awk 'NR > 2 { print NR == 3 ? $2 : $1 }' "$work/table.out" | tr '\n' ' ') == \
		"$(awk 'NR > 2 && NR < 27 { print NR == 3 ? $2 : $1 }' \
			"$here/../fixtures/beancounters/host-3-containers.txt" | tr '\n' ' ')" ]] || { no "other rows"; return; }
	[[ $(awk 'NR > 1 { print length }' "$work/table.out" | sort -u) == 129 ]] || no "lines of other lengths"
}

# The one that is foreseen is the one that goes: not the largest, but the one with the larger oom_score_adj.
table_oom() {
	local dir big small foreseen path=/failcnt-live-$$
	make_group dir memory "${path#/}" || return
	if [[ -e $dir/memory.max ]]; then
		echo 64M >"$dir/memory.max"
		echo 0 2>/dev/null >"$dir/memory.swap.max"
	else
		# an earlier test's limit of both together may be lower, and the first may not exceed it
		[[ ! -e $dir/memory.memsw.limit_in_bytes ]] || echo -1 >"$dir/memory.memsw.limit_in_bytes"
		echo 64M >"$dir/memory.limit_in_bytes"
		[[ ! -e $dir/memory.memsw.limit_in_bytes ]] || echo 64M >"$dir/memory.memsw.limit_in_bytes"
	fi
	in_group "$dir" 0 10 && big=$pid && in_group "$dir" 600 2 && small=$pid || return
	table --oom --json "cgroup:$path" || { no "status $?: $(<"$work/table.err")"; return; }
	foreseen=$(jq -n '[inputs | select(.rank == 1)][0].pid' "$work/table.out")
	[[ $foreseen == "$small" ]] || { no "$foreseen is foreseen, and not $small: $(<"$work/table.out")"; return; }
	[[ $(jq -n '[inputs][0].total_pages' "$work/table.out") == $((64 * 1024 * 1024 / $(getconf PAGESIZE))) ]] ||
		{ no "another limit: $(head -1 "$work/table.out")"; return; }
	# somebody asks for what is left, and holds less than the points of the one foreseen
	# shellcheck disable=SC2016
	"$BASH" -c 'echo $$ >"$0/cgroup.procs"; x=$(head -c 44M /dev/zero | tr "\0" x)' "$dir" >/dev/null 2>&1 &
	started+=("$!")
	within 10 ended "$small" || no "the one foreseen was not killed"
}

# in_group DIR ADJ MIB: a process there that holds so much; $pid
in_group() {
	local ready=$work/ready.$RANDOM
	# shellcheck disable=SC2016
	"$BASH" -c 'echo $$ >"$0/cgroup.procs"; echo "$1" >/proc/self/oom_score_adj
		x=$(head -c "$2M" /dev/zero | tr "\0" x); echo >"$3"; while :; do read -rt 1 <><(:); done' \
		"$1" "$2" "$3" "$ready" >/dev/null 2>&1 &
	pid=$!
	started+=("$pid")
	within 20 test -e "$ready" || no "the process that holds memory does not start"
}
