# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of the counters, of what can be done without privileges, of doctor and table, and that nothing is left.
# shellcheck shell=bash disable=SC2034,SC2154

# A fork that pids.max refuses, in a cgroup of its own.
refuse_fork() {
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0/cgroup.procs" && /bin/true; :' "$1" >/dev/null 2>&1
}

# The refused fork is told, and its counter with it: not once more by itself.
counted() {
	local dir watcher seq group=/failcnt-live-$$
	make_group dir pids "${group#/}" || return
	echo 1 >"$dir/pids.max"
	watch counted || return
	watcher=$pid
	sleep 0.3
	refuse_fork "$dir"
	seen counted ".event == \"refused\" and .limit_cgroup == \"$group\"" || { no "the refusal was not told"; return; }
	seq=$(jq -n "first(inputs | select(.event == \"refused\" and .limit_cgroup == \"$group\")).seq" "$work/counted.json")
	seen counted ".event == \"followup\" and .of_seq == $seq" || { no "nothing followed"; return; }
	finish "$watcher" || return
	[[ $(count counted ".event == \"counted\" and (.owner | endswith(\"$group\"))") == 0 ]] ||
		{ no "$(jq -c 'select(.event == "counted").failcnt' "$work/counted.json")"; return; }
	[[ $(count counted ".event == \"followup\" and .of_seq == $seq and (.failcnt | any(.relation == \"own\"
		and .delta == 1 and .failcnt == 1 and .limit == 1 and (.resource | startswith(\"pids\"))))") == 1 ]] ||
		no "$(jq -c 'select(.event == "followup").failcnt' "$work/counted.json")"
}

# A kill, and in the same instant a refused fork in the same cgroup: told with it, and not as its cause.
coincident() {
	local memory tasks watcher killed seq path=/failcnt-live-$$
	make_group memory memory "${path#/}" || return
	make_group tasks pids "${path#/}" || return
	if [[ -e $memory/memory.max ]]; then
		echo 32M >"$memory/memory.max"
		echo 0 2>/dev/null >"$memory/memory.swap.max"
	else
		echo 32M >"$memory/memory.limit_in_bytes"
		echo 32M 2>/dev/null >"$memory/memory.memsw.limit_in_bytes" # a host with swap would only become slow
	fi
	echo 1 >"$tasks/pids.max"
	watch coincident || return
	watcher=$pid
	sleep 0.3
	refuse_fork "$tasks"
	# shellcheck disable=SC2016
	{ sh -c 'echo $$ >"$0/cgroup.procs" && exec tail /dev/zero' "$memory"; } >/dev/null 2>&1
	seen coincident ".event == \"killed\" and .memcg == \"$path\"" || { no "the kill was not seen"; return; }
	seq=$(jq -n "first(inputs | select(.event == \"killed\" and .memcg == \"$path\")).seq" "$work/coincident.json")
	seen coincident ".event == \"followup\" and .of_seq == $seq" || { no "nothing followed"; return; }
	finish "$watcher" || return
	[[ $(count coincident ".event == \"followup\" and .of_seq == $seq and ((.failcnt // []) | any(.relation == \"own\"
		and .resource == \"memory.oom_kill\") and all(.relation == \"coincident\" or (.resource | startswith(\"pids\") | not)))") \
		== 1 ]] || no "$(jq -c 'select(.event == "followup").failcnt // empty' "$work/coincident.json")"
}

# Without privileges it says what is missing in one sentence, and goes on with what there is.
not_root_watch() {
	as_nobody "$failcnt" watch --json -d 500ms >"$work/nobody.json" 2>"$work/nobody.err" || { no "status $?"; return; }
	(($(grep -c 'permission\|privilege\|refuses' "$work/nobody.err") == 1)) || { no "$(<"$work/nobody.err")"; return; }
	grep -qE 'counters( and the kernel log)? alone' "$work/nobody.err" || { no "$(<"$work/nobody.err")"; return; }
	[[ $(jq -n 'first(inputs).backends | add' "$work/nobody.json") == 0 ]] || no "a hook is attached"
}

not_root_nothing() {
	local result=0
	as_nobody timeout 10 "$failcnt" watch --root "$work/nowhere" -d 500ms >"$work/nothing.out" 2>"$work/nothing.err" ||
		result=$?
	((result == 3)) || { no "status $result"; return; }
	[[ ! -s $work/nothing.out ]] || { no "$(head -n 1 "$work/nothing.out")"; return; }
	grep -q 'run it as root' "$work/nothing.err" || no "$(<"$work/nothing.err")"
}

not_root_doctor() {
	local result=0
	as_nobody timeout 30 "$failcnt" doctor >"$work/doctor.out" 2>"$work/doctor.err" || result=$?
	((result == 3)) || { no "status $result"; return; }
	grep -q 'What this kernel allows' "$work/doctor.out" || { no "no report"; return; }
	(($(wc -l <"$work/doctor.err") == 1)) || no "$(<"$work/doctor.err")"
}

doctor() {
	timeout 60 "$failcnt" doctor >"$work/doctor.out" 2>"$work/doctor.err" || { no "status $?: $(tail -n 1 "$work/doctor.out")"; return; }
	grep -q '^Everything that can work here works.$' "$work/doctor.out" || { no "$(tail -n 1 "$work/doctor.out")"; return; }
	! grep -q 'NOT SEEN' "$work/doctor.out" || { no "$(grep 'NOT SEEN' "$work/doctor.out")"; return; }
	(($(grep -c 'seen after' "$work/doctor.out") >= 4)) || no "fewer than four failures were seen"
}

heading='^ *uid +resource +held +maxheld +barrier +limit +failcnt$'

# like_ubc FILE: the layout that scripts for user_beancounters read; a long owner stands on a line of its own
like_ubc() {
	[[ $(head -n 1 "$1") == 'Version: 2.5' ]] || { no "the first line is '$(head -n 1 "$1")'"; return; }
	sed -n 2p "$1" | grep -Eq "$heading" || { no "the second line is '$(sed -n 2p "$1")'"; return; }
	awk 'NR > 2 && !(NF == 6 && $1 !~ /:$/ || (NF == 7 || NF == 1) && $1 ~ /:$/) { exit 1 }' "$1" ||
		{ no "a row has other columns"; return; }
	awk 'NR > 2 && NF > 1 { for (i = NF - 4; i <= NF; i++) if ($i !~ /^([0-9]+|-|unlimited)$/) exit 1 }' "$1" ||
		no "a value is neither a number nor '-' nor 'unlimited'"
}

table() { timeout 20 "$failcnt" table "$@" >"$work/table.out" 2>"$work/table.err"; }

table_all() {
	table || { no "status $?"; return; }
	like_ubc "$work/table.out" || return
	table -v || { no "status $? with -v"; return; }
	like_ubc "$work/table.out" || return
	(($(wc -l <"$work/table.out") > 10)) || { no "hardly any rows"; return; }
	# what everybody did on OpenVZ
	awk '$NF > 0' "$work/table.out" | sed 1,2d | awk 'NF > 1 && $NF !~ /^[1-9][0-9]*$/ { exit 1 }' ||
		no "awk '\$NF > 0' finds something else"
}

# owner OWNER FIRST-WORD: rows of that owner alone
owner() {
	table "$1" || { no "$1: status $?: $(<"$work/table.err")"; return; }
	like_ubc "$work/table.out" || { why="$1: $why"; return 1; }
	[[ $(awk 'NR == 3 { print $1 }' "$work/table.out") == "$2" ]] ||
		{ no "$1: the first row is '$(sed -n 3p "$work/table.out")'"; return; }
	# the host's file systems belong to its table
	[[ $(awk 'NR > 2 && $1 ~ /:$/ && $1 !~ /^fs:/' "$work/table.out" | wc -l) == 1 ]] || no "$1: rows of several owners"
}

# no_owner STATUS OWNER: one sentence that names it
no_owner() {
	local result=0
	table "$2" || result=$?
	((result == $1)) || { no "$2: status $result"; return; }
	[[ ! -s $work/table.out && $(wc -l <"$work/table.err") == 1 ]] || { no "$2: $(<"$work/table.err")"; return; }
	grep -qF "$2" "$work/table.err" || no "$2: $(<"$work/table.err")"
}

table_owners() {
	local dir held
	owner host host: && owner uid:0 uid:0: && owner "pid:$$" "pid:$$:" && owner cgroup:/ cgroup:/: || return
	make_group dir memory "failcnt-live-$$" || return
	owner "cgroup:/failcnt-live-$$" "cgroup:/failcnt-live-$$:" || return
	table "pid:$$" || return
	held=$(awk 'NF > 5 && $(NF - 5) == "nofile" { print $(NF - 1) }' "$work/table.out")
	[[ $held == "$(ulimit -Hn)" ]] || { no "nofile's limit is $held and not $(ulimit -Hn)"; return; }
	no_owner 1 ct:999999 && no_owner 1 pid:4194305 && no_owner 1 cgroup:/failcnt-nowhere && no_owner 1 uid:4111222 &&
		no_owner 2 frob:1 && no_owner 2 pid:12abc && no_owner 2 pid:
}

table_json() {
	local wrong
	table --json || { no "status $?"; return; }
	cp "$work/table.out" "$work/table.json" # `contract` reads it too
	wrong=$(jq -nr '[inputs] as $all
		| (if $all == [] then "no rows" else empty end),
		  ($all[] | select(.event != "row" or .owner == null or .source == null or .resource == null) | tojson)' \
		"$work/table.json" | head -n 2) || wrong="not JSON"
	[[ -z $wrong ]] || { no "$wrong"; return; }
	[[ $(jq -n '[inputs | select(.owner == "host" and .resource == "file-max").limit][0]' "$work/table.json") == \
		"$(</proc/sys/fs/file-max)" ]] || no "file-max differs from /proc/sys/fs/file-max"
}

table_fixtures() {
	local fixtures=$here/../fixtures
	table --root "$fixtures/openvz" ct:101 || { no "openvz: status $?"; return; }
	like_ubc "$work/table.out" || return
	[[ $(awk 'NR == 3 { print $1, $2 }' "$work/table.out") == '101: kmemsize' ]] || { no "openvz: $(sed -n 3p "$work/table.out")"; return; }
	table --root "$fixtures/cgroup2" -v || { no "cgroup2: status $?"; return; }
	like_ubc "$work/table.out" || return
	table --beancounters "$fixtures/beancounters/vps-entry-plan.txt" ct:43287 || { no "beancounters: status $?"; return; }
	diff <(awk 'NR > 2 && $(NF - 5) != "dummy" { $1 = $1; print }' "$work/table.out") \
		<(awk 'NR > 2 && $(NF - 5) != "dummy" { gsub(/9223372036854775807/, "unlimited"); $1 = $1; print }' \
			"$fixtures/beancounters/vps-entry-plan.txt") >"$work/table.diff" ||
		{ no "not the same values: $(sed -n 2p "$work/table.diff")"; return; }
	table --beancounters "$work/nowhere"
	(($? == 1)) || no "a missing file has status $?"
}

# Fresh programs go some seconds after the process that had them.
nothing_left() {
	local left
	for left in $(cat "$work"/truth.* 2>/dev/null | jq -r '.cgroup // empty'); do
		[[ ! -e $(hierarchy memory)$left ]] || { no "cgroup $left is still there"; return; }
	done
	left=$(comm -13 <(sort <<<"$provoked_before") <(provoked_cgroups | sort))
	[[ -z $left ]] || { no "cgroups left: ${left//$'\n'/ }"; return; }
	command -v bpftool >/dev/null || { na "there is no bpftool to ask"; return; }
	within 5 no_programs && return
	pgrep -x failcnt >/dev/null && { na "another failcnt runs"; return; }
	no "programs left: $(comm -13 <(sort <<<"$programs_before") <(our_programs | sort) | tr '\n' ' ')"
}
no_programs() { [[ -z $(comm -13 <(sort <<<"$programs_before") <(our_programs | sort)) ]]; }
