# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of what is seen: each provocation once and with the kernel's own numbers, repeats counted exactly, and each
# filter letting through what it should and nothing else.
# shellcheck shell=bash disable=SC2034,SC2154

# What a provocation's truth and the events about its pids differ in; nothing: they agree.
# shellcheck disable=SC2016
same='
	def same(key): if $t[key] == null or .[key] == $t[key] then empty
		else "\(key) is \(.[key] // "absent" | tojson) and not \($t[key] | tojson)" end;
	[inputs | select(.event == "refused" or .event == "killed")] as $all
	| (if $t.cause then "killed" else "refused" end) as $event
	| ($t.pids // [$t.pid]) as $pids
	# A limit that kills is told as a refusal as well, and a refused process may be killed when all is over.
	| [$all[] | select(.pid as $p | $pids | index($p)) | select(($t.dies | not) or .event == "killed" or $t.limit_reached == false)
		| select($t.cause or .event == "refused" or $t.limit_reached == false)] as $mine
	| ($mine | length) as $n
	| (if $n != $wanted then "\($n) events where \($wanted) happened" else empty end),
	  ($mine[] | (if .event != $event then "a \(.event)" else empty end),
		same("errno"), same("held"), same("limit"), same("asked"), same("syscall"), same("object"),
		same("namespace"), same("memcg"), same("cgroup"), same("trigger_pid"),
		(if .event == "killed" and $t.pids then empty else same("cause") end),
		(if $t.cause and .signal != ($t.signal // "SIGKILL") then "signal is \(.signal)" else empty end),
		same("by_pid"), same("by_comm"), same("requested_by"), same("fault_addr"), same("si_code"), same("map_offset"), same("vpid"),
		(if $t.limit_name and .limit_name != $t.limit_name then "limit_name is \(.limit_name)" else empty end),
		(if $t.port and (.object // "" | endswith(":\($t.port)") | not) then "object is \(.object)" else empty end),
		(if $t.cause and (.held // 0) > .limit + 1048576 then "held \(.held) above limit \(.limit)" else empty end),
		(if (.says // "") == "" then "says is absent" else empty end),
		(if (.fix // "") == "" and ($t.dies | not) then "fix is absent" else empty end),
		(if .tid == null or .ppid == null or .comm != ($t.comm // "provoke") or .uid != ($t.uid // (if $t.expect then .uid else 0 end)) then "who is wrong" else empty end)),
	  ($mine | group_by(.pid)[] | select(length > 1 and ($t.n // 1) == 1) | "pid \(.[0].pid) \(length) times")'

agrees() {
	local wanted=$1 wrong
	wrong=$(jq -nr --argjson t "$truth" --argjson wanted "$wanted" "$same" "$work/all.json") || wrong="not JSON"
	[[ -z $wrong ]] || no "${wrong//$'\n'/; }"
}

# One provocation, whose truth was taken while failcnt watched.
judge_one() {
	local name=$1 wanted
	[[ -s $work/truth.$name ]] || { why=$(<"$work/why.$name"); return "$(<"$work/result.$name")"; }
	truth=$(<"$work/truth.$name")
	wanted=$(jq 'if .pids then .pids | length elif .expect then .n // 1 else 1 end' <<<"$truth")
	# What a provocation expects is the truth too, where it is a plain value.
	truth=$(jq -c --argjson v1 "$([[ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ]] && echo true || echo false)" '
		. + ((.expect // .dies // {}) | with_entries(select(.value | type == "number" or type == "string")))
		+ (if .tracepoint then .tracepoint else {} end) + (if $v1 and .v1 then .v1 else {} end)' <<<"$truth")
	if [[ $(jq '.limit_reached == false and (.dies | not)' <<<"$truth") == true ]]; then wanted=0; fi
	case $name in
	memlock-iouring | ports | backlog | backlog-max | stack-args | disk-short) (($(backend tracepoint all) < 8)) || { na "sys_exit does not see it"; return 77; } ;;

	mq-nofile) truth=$(jq -c 'del(.held)' <<<"$truth") ;;                    # it may inherit more
	# A kernel that hides its variables does not tell how many there are.
	aio | pty-devpts) grep -q ' aio_nr$' /proc/kallsyms || truth=$(jq -c 'del(.held, .limit_name)' <<<"$truth") ;;
	nofile-scm | nofile-iouring)
		(($(backend tracepoint all) < 8)) || { na "sys_exit does not see it (failcnt doctor says so)"; return 77; }
		truth=$(jq -c 'del(.syscall, .seen)' <<<"$truth")
		;;
	sem-einval) wanted=0 ;;
	oom-and-pids) truth=$(jq -c 'del(.errno) | .pids |= .[:1]' <<<"$truth"); wanted=1 ;; # of the kill alone
	oom-vm-shared) wanted=2; truth=$(jq -c 'del(.trigger_pid, .held, .limit)' <<<"$truth") ;; # the second one has no limit of its own
	esac
	agrees "$wanted"
}

all_provocations() {
	local name result names
	mapfile -t names < <("$provoke" LIST | awk '!/ VM/ && $1 !~ /flood|many|often/ { print $1 }')
	watch all || { run watch-all no "$why"; return; }
	for name in "${names[@]}"; do
		[[ -z $only || seen-$name =~ ^($only)$ ]] || continue
		result=0
		provoked "$name" || result=$?
		if ((result)); then
			echo "$why" >"$work/why.$name"
			echo "$result" >"$work/result.$name"
		else
			echo "$truth" >"$work/truth.$name"
		fi
	done
	sleep 0.5
	end_all
	for name in "${names[@]}"; do
		run "seen-$name" judge_one "$name"
	done
}

# All refusals of one process: the first 8 whole at most, then one line a second, and in all exactly as many.
flood() {
	local n=1000000 wrong watcher
	watch flood -r nofile || return
	watcher=$pid
	provoked nofile-flood "$n" || return
	sleep 1.2
	finish "$watcher" || return
	wrong=$(jq -nr --argjson t "$truth" '
		[inputs] as $all | [$all[] | select(.pid == $t.pid)] as $mine
		| [$mine[] | select(.count)] as $folded | ($mine | length - ($folded | length)) as $whole
		| ($mine | map(.count // 1) | add) as $sum
		| (if $sum != $t.n then "\($sum) told of \($t.n)" else empty end),
		  (if $whole < 1 or $whole > 8 then "\($whole) lines came whole" else empty end),
		  (if $folded == [] then "none was folded" else empty end),
		  (if any($mine[]; .limit != $t.limit or .errno != "EMFILE") then "limit or errno differ" else empty end),
		  (if any($folded[]; .first > .last) then "first is later than last" else empty end),
		  ([$folded[].uptime_us] | [.[1:], .[:-2]] | transpose[:-1][]? | select(.[0] - .[1] < 900000)
			| "folded lines \(.[0] - .[1]) us apart"),
		  ($all[] | select(.event == "lost") | "lost \(.lost) (\(.stage))")' "$work/flood.json") || wrong="not JSON"
	[[ -z $wrong ]] || { no "${wrong//$'\n'/; }"; return; }
	echo "# flood: $(count flood ".pid == $(of .pid) and .count == null") whole," \
		"$(count flood ".pid == $(of .pid) and .count") folded lines for $n refusals"
}

# Threads of one process share an entry: their clocks differ by a little, and still they are folded.
flood_threads() {
	local watcher
	watch threads -r nofile || return
	watcher=$pid
	provoked nofile-threads-flood 400000 || return
	finish "$watcher" || return
	local seen
	seen=$(jq -nc --argjson t "$truth" '[inputs | select(.pid == $t.pid)]
		| [(map(.count // 1) | add), ([.[] | select(.count == null)] | length) <= 12]' "$work/threads.json")
	[[ $seen == "[400000,true]" ]] || no "$seen: not all 400000, or more than 12 whole lines"
}

flood_sets() {
	local watcher
	watch sets -r semmni || return
	watcher=$pid
	provoked sem-mni-flood 50000 || return
	finish "$watcher" || return # at once: what is left is told at the end
	local sum
	sum=$(jq -n --argjson t "$truth" '[inputs | select(.pid == $t.pid) | .count // 1] | add' "$work/sets.json")
	[[ $sum == 50000 ]] || no "$sum told of 50000"
}

# What is folded after an exec is of the program that runs by then.
flood_exec() {
	local watcher child sum at=$work/exec
	cat >"$at.sh" <<-'END'
		ulimit -Sn 3
		until [[ -e $1.$2 ]]; do : </dev/null; ((++n)); done
		ulimit -Sn 100
		export n
		if (($2 == 1)); then exec "$3" "$0" "$1" 2; fi
		echo "$n" >"$1.n"
	END
	cp "$(command -v bash)" "$work/fc-before" && cp "$work/fc-before" "$work/fc-after"
	watch exec -r nofile || return
	watcher=$pid
	LC_ALL=C "$work/fc-before" "$at.sh" "$at" 1 "$work/fc-after" 2>/dev/null &
	child=$!
	started+=("$child")
	seen exec ".pid == $child and .count and .comm == \"fc-before\"" 20 || { no "none was folded"; return; }
	: >"$at.1"
	seen exec ".pid == $child and .count and .comm == \"fc-after\"" 20 || { no "it keeps its old name"; return; }
	: >"$at.2"
	finished "$child" || return
	finish "$watcher" || return
	sum=$(jq -n "[inputs | select(.pid == $child) | .count // 1] | add" "$work/exec.json")
	[[ $sum == "$(<"$at.n")" ]] || no "$sum told of $(<"$at.n")"
}

# What is folded names the limit, whose it is and the remedy as the first ones did, which came whole.
flood_limits() {
	local watcher kind wrong
	watch limits || return
	watcher=$pid
	for kind in sem-mni-flood inotify-flood sig-queue-flood; do
		provoked "$kind" 2000 || return
		seen limits "(.count // 0) > 0 and .pid == $(of .pid)" 10 || { no "no count of $kind"; return; }
	done
	provoked pids-max 3 100 || return
	seen limits "(.count // 0) > 0 and .pid == $(of .pid)" 10 || { no "no count of forks"; return; }
	finish "$watcher" || return
	wrong=$(jq -nr '[inputs | select(.event == "refused" and .comm == "provoke")] | group_by([.pid, .resource, .errno])[]
		| map({limit_name, measure, namespace, limit_uid, limit_cgroup, fix}) | unique
		| select(length > 1) | .[0].limit_name // "a limit"' "$work/limits.json") || wrong='not JSON'
	[[ ! $wrong ]] || no "said otherwise when folded: ${wrong//$'\n'/, }"
}

# Repeats that look like those before them and are another process's, another namespace's or another file system's.
flood_others() {
	local watcher kind key
	"${CC:-cc}" -O2 -static "$here/floods.c" -o "$work/floods" || return
	watch flood-others -r nofile -r semmni -r disk || return
	watcher=$pid
	for kind in same-pid namespaces mounts; do
		timeout 60 "$work/floods" "$kind" 1000 500 >"$work/flood-others.$kind" || { no "$kind did not happen"; return; }
	done
	finish "$watcher" || return
	for kind in 'same-pid comm' 'namespaces namespace' 'mounts device'; do
		read -r kind key <<<"$kind"
		why+=$(jq -nr --slurpfile t "$work/flood-others.$kind" --arg kind "$kind" --arg key "$key" '$t[0] as $t
			| def sum: map(.count // 1) | add // 0;
			  [inputs | select(.event == "refused" and .pid == $t.pid)]
			| [.[] | select(.[$key] == $t.first)] as $first | [.[] | select(.[$key] == $t.second)] as $second
			| (if sum != $t.n + $t.m then "\(sum) told of \($t.n + $t.m)" else empty end),
			  (if ($first | sum) > $t.n then "\($first | sum) of \($t.first), where \($t.n) happened" else empty end),
			  (if ($second | sum) > $t.m then "\($second | sum) of \($t.second), where \($t.m) happened" else empty end),
			  (if $second == [] then "nothing of \($t.second)" else empty end)
			| "\($kind): \(.); "' "$work/flood-others.json") || why+="$kind: not JSON; "
	done
	[[ -z $why ]]
}

many() {
	local watcher wrong
	watch many -r nofile || return
	watcher=$pid
	provoked nofile-many 200 || return
	finish "$watcher" || return
	wrong=$(jq -nr --argjson t "$truth" '[inputs | select(.event == "refused")] as $all
		| ($t.pids - [$all[].pid] | select(. != []) | "\(length) of 200 not seen"),
		  ($all | map(select(.pid as $p | $t.pids | index($p))) | group_by(.pid)[]
			| select((map(.count // 1) | add) != 1) | "pid \(.[0].pid) more than once")' "$work/many.json")
	[[ -z $wrong ]] || no "${wrong//$'\n'/; }"
}

# A process chooses its name: it arrives escaped, and the line stays a line.
odd_comm() {
	local watcher child name
	watch comm -r nofile || return
	watcher=$pid
	(
		printf 'f\001\377\033[x"\\\303(\n' >"/proc/$BASHPID/comm"
		echo "$BASHPID" >"$work/comm.pid"
		ulimit -Sn 20
		while exec {fd}</dev/null; do :; done
	) 2>/dev/null
	child=$(<"$work/comm.pid")
	seen comm ".pid == $child" || { no "the refusal was not seen"; return; }
	finish "$watcher" || return
	name=$(jq -nr "first(inputs | select(.pid == $child)).comm | tojson" "$work/comm.json")
	[[ $name == '"f\u0001\\xff\u001b[x\"\\\\xc3(\n"' ]] || no "comm is $name"
}

# only TAG WHAT FILTER EXPECTED ...: events of the provoked processes are those of EXPECTED, and all fulfil FILTER
only() {
	local tag=$1 filter=$2 wrong
	shift 2
	wrong=$(jq -nr --argjson pids "[$(IFS=,; echo "${all_pids[*]}")]" --argjson expected "[$(IFS=,; echo "$*")]" '
		[inputs | select(.event == "refused" or .event == "killed" or .event == "counted")] as $all
		| ([$all[] | select(.pid as $p | $pids | index($p)) | .pid] | unique) as $got
		| ($all[] | select('"$filter"' | not) | "a line about pid \(.pid) (\(.comm))"),
		  ($expected - $got | select(. != []) | "not seen: \(.)"),
		  ($got - $expected | select(. != []) | "not wanted: \(.)")' "$work/$tag.json") || wrong="not JSON"
	[[ -z $wrong ]] || no "${wrong//$'\n'/; }"
}

all_pids=()
# provoke_as VARIABLE COMMAND ...: runs it and notes the pid of its truth
provoke_as() {
	local -n into=$1
	shift
	into=$(timeout 60 "$@" 2>/dev/null | jq .pid)
	[[ $into =~ ^[0-9]+$ ]] && all_pids+=("$into")
}

in_group() {
	local dir=$1
	shift
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$dir" "$@"
}

# One watcher for each filter, all at once, and the same failures for all of them.
all_filters() {
	local dir='' held root nobody named inside sets sems killed name
	local -A args
	make_group dir memory "failcnt-live-$$" || dir=
	mkfifo "$work/go"
	sh -c 'read -r _ && exec "$0" nofile-dup' "$provoke" <"$work/go" >/dev/null 2>&1 &
	held=$!
	started+=("$held")
	exec {go}>"$work/go"
	all_pids=("$held")
	args=([p]="-p $held" [u]="-u 65534" [n]="-n fc-named" [r]="-r semmni" [rr]="-r semmni -r memory" [e]="-e ENOSPC"
		[k]="-k" [unr]="-u nobody -n provoke -r nofile" [c]="-c /failcnt-live-$$")
	for name in "${!args[@]}"; do
		# shellcheck disable=SC2086 # words of options
		"$failcnt" watch --json ${args[$name]} >"$work/f-$name.json" 2>"$work/f-$name.err" &
		started+=("$!")
	done
	for name in "${!args[@]}"; do within 20 begun "f-$name"; done

	provoke_as root "$provoke" nofile-dup
	provoke_as nobody as_nobody "$provoke" nofile-dup
	provoke_as named "$work/fc-named" nofile-dup
	[[ $dir ]] && provoke_as inside in_group "$dir" "$provoke" nofile-dup
	provoke_as sets "$provoke" sem-mni
	provoke_as sems "$provoke" sem-mns
	provoke_as killed "$provoke" oom-memcg
	echo go >&"$go"
	exec {go}>&-
	wait "$held"
	sleep 0.3
	end_all # INT to each, and waits

	run filter-pid only f-p ".pid == $held" "$held"
	run filter-uid only f-u ".uid == 65534" "$nobody"
	run filter-name only f-n '.comm == "fc-named"' "$named"
	run filter-resource only f-r '.resource == "semmni"' "$sets"
	run filter-resources only f-rr '.resource == "semmni" or .resource == "memory"' "$sets" "$killed"
	run filter-errno only f-e '.errno == "ENOSPC"' "$sets" "$sems"
	run filter-kills only f-k '.event == "killed"' "$killed"
	run filter-three only f-unr '.uid == 65534 and .comm == "provoke" and .resource == "nofile"' "$nobody"
	if [[ $dir ]]; then
		run filter-cgroup only f-c "(.cgroup // .owner // .memcg | endswith(\"/failcnt-live-$$\"))" "$inside"
	else
		run filter-cgroup na "$why"
	fi
}

count_option() {
	local watcher told
	watch count --count 3 -r nofile || return
	watcher=$pid
	provoked nofile-flood 1000 || return
	finished "$watcher" || return
	((status == 0)) || { no "status $status"; return; }
	told=$(count count '.event == "refused" or .event == "killed" or .event == "counted"')
	[[ $told == 3 ]] || { no "$told events for --count 3"; return; }
	[[ $(jq -n '[inputs][-1].totals.refused' "$work/count.json") == 3 ]] || no "totals differ"
}

duration_option() {
	local watcher before after
	watch duration -d 1s || return
	watcher=$pid before=$(now_ms)
	finished "$watcher" || return
	after=$(now_ms)
	((status == 0)) || { no "status $status"; return; }
	((after - before > 700 && after - before < 2000)) || no "$((after - before)) ms for -d 1s"
}
