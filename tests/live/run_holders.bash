# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of who holds what: the followup names it, changes the advice where it should, its remedy works as it
# stands, and a storm is looked at once.
# shellcheck shell=bash disable=SC2034,SC2154

# scene ARGUMENT ...: starts it; its pid of interest is in $scene; it ends when descriptor $scene_in is closed
scene() {
	[[ -x $work/holders ]] || "${CC:-cc}" -O2 -static "$here/holders.c" -o "$work/holders" || return
	mkfifo "$work/scene.in" 2>/dev/null
	: >"$work/scene.out"
	"$work/holders" "$@" <"$work/scene.in" >"$work/scene.out" 2>"$work/scene.err" &
	started+=("$!")
	exec {scene_in}>"$work/scene.in"
	within 20 test -s "$work/scene.out" || { no "no scene: $(head -n 1 "$work/scene.err")"; return; }
	scene=$(head -n 1 "$work/scene.out")
}
end_scene() { exec {scene_in}>&-; }

# followup TAG PID: the holders' followup of a refusal of this pid, into $follow
followup() {
	follow=$(jq -nc --argjson pid "$2" '[inputs] as $all
		| first($all[] | select(.event == "refused" and .pid == $pid)).seq as $seq
		| first($all[] | select(.of_seq == $seq and .holders))' "$work/$1.json" 2>/dev/null)
	[[ $follow ]]
}

holders_close_wait() {
	watch close_wait -r nofile || return
	scene close-wait 1000 || return
	within 5 followup close_wait "$scene" || { no "no followup with holders"; return; }
	end_scene
	wrong=$(jq -r --argjson pid "$scene" '.holders[0] as $top
		| if $top.pid == $pid and $top.kind == "TCP sockets in CLOSE_WAIT" and $top.held >= 990 and $top.held <= 1000
			and ($top.object | startswith("local port ")) then empty else "holders[0] is \($top | tojson)" end,
		  if .says | test("^[0-9]+ of the [0-9]+ descriptors of holders .* in CLOSE_WAIT.*only delays it") then empty
			else "says \(.says)" end,
		  if .holders_incomplete then "incomplete" else empty end' <<<"$follow")
	[[ -z $wrong ]] || no "${wrong//$'\n'/; }"
}

# The remedy, as it stands, makes room again.
holders_dead_sets() {
	local fix
	watch dead_sets -r semmni || return
	scene dead-sets 16 || return
	within 5 followup dead_sets "$scene" || { end_scene; no "no followup with holders"; return; }
	wrong=$(jq -r '.holders | if length == 1 and .[0].dead and .[0].held == 16 and .[0].uid == 0 then empty
		else tojson end' <<<"$follow")
	[[ -z $wrong ]] || { end_scene; no "holders are $wrong"; return; }
	jq -e '.says | startswith("All 16 sets belong to processes that are gone")' <<<"$follow" >/dev/null ||
		{ end_scene; no "says $(jq -c .says <<<"$follow")"; return; }
	fix=$(jq -r .fix <<<"$follow")
	sh -c "$fix" >"$work/fix.out" 2>&1 || { end_scene; no "the fix failed: $fix: $(head -n 1 "$work/fix.out")"; return; }
	wrong=$(nsenter -t "$scene" -i cat /proc/sysvipc/sem | tail -n +2 | wc -l)
	end_scene
	((wrong == 0)) || no "$wrong sets are left after: $fix"
}

# A process of the owner is as old as the sets: nobody says that they are garbage.
holders_live_sets() {
	watch live_sets -r semmni || return
	scene live-sets 8 || return
	within 5 followup live_sets "$scene" || { end_scene; no "no followup with holders"; return; }
	end_scene
	wrong=$(jq -r 'if .fix then "fix \(.fix)" else empty end,
		if .says | test("live that may still need them") then empty else "says \(.says)" end' <<<"$follow")
	[[ -z $wrong ]] || no "${wrong//$'\n'/; }"
}

# held_by WHAT CONDITION: a provocation that waits while it is looked at, and what its holders must be; $truth is its pid
held_by() {
	local dir=$work/held.$1 keeper
	mkdir -p "$dir"
	FAILCNT_PROVE=$dir "$provoke" "$1" >"$dir/truth" 2>"$dir/err" &
	keeper=$!
	started+=("$keeper")
	within 20 test -e "$dir/waits" || { na "$1: $(head -n 1 "$dir/err")"; return; }
	truth=$(jq -n 'first(inputs).pid' "$dir/truth")
	within 8 followup held "$truth" || no "$1: no followup with holders"
	touch "$dir/go"
	wait "$keeper" 2>/dev/null
	[[ ! $why ]] || return 1
	jq -e --argjson pid "$truth" "$2" <<<"$follow" >/dev/null || no "$1: holders are $(jq -c .holders <<<"$follow")"
	[[ ! $why ]]
}

# shellcheck disable=SC2016  # programs of jq
# Users by tasks and the cgroups below a full one, owners of segments with who used them last, a user's inotify instances,
# a process's own mappings.
holders_kinds() {
	watch held || return
	held_by pids-max-parent 'any(.holders[]; .uid == 0 and .held == 4)
		and any(.holders[]; .cgroup and (.cgroup | endswith("/below")) and .held == 4)' || return
	held_by nproc '.holders[0].uid > 0 and .holders[0].comm == "provoke" and .holders[0].held >= 3' || return
	held_by shm-mni '.holders[0].uid == 0 and .holders[0].held == 2 and .holders[0].last_pid == $pid
		and .holders[0].dead == false' || return
	held_by inotify-instances '.holders[0].pid == $pid and .holders[0].held == 2' || return
	held_by as-mmap 'any(.holders[]; .pid == $pid and .object == "[heap]")' || return
}

# The same user holds as much where it does not count for the limit: in another user namespace.
holders_namespaces() {
	local one result
	watch spaces -r inotify-instances -r inotify-watches -r nproc || return
	for one in holders-userns holders-userns-above holders-nproc; do
		result=0
		FAILCNT_EVENTS=$work/spaces.json "$provoke" "$one" >"$work/spaces.truth" 2>"$work/spaces.err" || result=$?
		((result != 77)) || { na "$one: $(head -n 1 "$work/spaces.truth")"; return; }
		((result == 0)) || { no "$one: $(head -n 1 "$work/spaces.err")"; return; }
		within 8 followup spaces "$(jq -n 'first(inputs).pid' "$work/spaces.truth")" ||
			{ no "$one: no followup with holders"; return; }
		jq -e --slurpfile t "$work/spaces.truth" '.holders_total == $t[0].holders_total
			and .holders[0].held == ($t[0].holders[0].held | if type == "object" then .max else . end)' \
			<<<"$follow" >/dev/null || { no "$one: holders are $(jq -c .holders <<<"$follow")"; return; }
	done
}

# A hundred thousand refusals of two hundred processes of one program: one is looked at, and none is lost.
holders_storm() {
	local watcher n took
	watch storm -r nofile -n holders || return
	watcher=$pid
	took=$(now_ms)
	scene storm 200 500 || return
	took=$(($(now_ms) - took))
	end_scene
	sleep 1.2
	finish "$watcher" || return
	n=$(count storm '.holders')
	((n == 1)) || { no "$n followups with holders"; return; }
	n=$(jq -n '[inputs | select(.event == "refused") | .count // 1] | add' "$work/storm.json")
	((n == 100000)) || { no "$n told of 100000"; return; }
	echo "# storm: 100000 refusals of 200 processes in $took ms, one followup with holders"
}

# Five thousand processes are looked through for a set of semaphores, and what comes meanwhile is told at once.
holders_crowd() {
	local late
	"$failcnt" watch --json 2>"$work/crowd.err" > >(while IFS= read -r line; do
		printf '{"arrived":%s,"line":%s}\n' "${EPOCHREALTIME/[.,]/}" "$line"
	done >"$work/crowd.lines") &
	pid=$!
	started+=("$pid")
	within 10 grep -qs '"event":"started"' "$work/crowd.lines" || { no "it does not start"; return; }
	scene crowd 5000 || return
	for _ in 1 2 3 4 5 6 7 8; do
		provoked nofile-dup || { end_scene; return; }
		sleep 0.05
	done
	within 5 grep -q '"holders":' "$work/crowd.lines" || { end_scene; no "no followup with holders"; return; }
	end_scene
	late=$(jq -n '[inputs | select(.line.event == "refused")
		| .arrived - (.line.time[0:19] + "Z" | fromdateiso8601) * 1000000 - (.line.time[20:26] | tonumber)] | max' \
		"$work/crowd.lines")
	echo "# 5000 processes: the latest line of a refusal came after $late us"
	((late < 1000000)) || no "a line came $late us late"
}

# By iterators and by /proc: the same.
holders_ways() { # BUILD_DIR
	local objects=() o result=0
	for o in "$1"/user/*.o; do [[ $o == */main.o ]] || objects+=("$o"); done
	((${#objects[@]} > 1)) || { na "the objects of failcnt are not in $1"; return; }
	"${CC:-cc}" -D_GNU_SOURCE -std=gnu11 -O2 "$here/holders_ways.c" "${objects[@]}" -lbpf -lelf -lz -lsqlite3 \
		-o "$work/holders_ways" || return
	timeout 120 "$work/holders_ways" 40 100 >"$work/ways.out" 2>&1 || result=$?
	((result != 77)) || { na "$(head -n 1 "$work/ways.out")"; return; }
	sed 's/^/# ways: /' "$work/ways.out"
	((result == 0)) || no "$(grep -A 2 FAIL "$work/ways.out" | tr '\n' ';')"
}

# Which of the two it is, doctor says.
holders_doctor() {
	"$failcnt" doctor >"$work/holders.doctor" 2>/dev/null
	grep -qE '^  holders +found by (BPF iterators \(iter/task, iter/task_file\)|walking /proc; BPF iterators: .+)' \
		"$work/holders.doctor" || no "doctor does not say how holders are found"
}
