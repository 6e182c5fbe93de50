# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of `failcnt run`: what its command and whatever descends from it was refused is told, and nothing of others;
# and the command finds everything as if failcnt were not there: descriptors, signals, terminal, exit status.
# shellcheck shell=bash disable=SC2034,SC2154

# command TAG ARGUMENT ...: failcnt run into $work/TAG.json (--output), TAG.out and TAG.err; $status
command_run() {
	local tag=$1
	shift
	rm -f "$work/$tag.json"
	timeout 30 "$failcnt" run "--output=json:$work/$tag.json" "$@" >"$work/$tag.out" 2>"$work/$tag.err"
	status=$?
	truth=$(head -n 1 "$work/$tag.out")
}

# has TAG TEXT: its stderr has such a line
has() { grep -qF -- "$2" "$work/$1.err" || no "stderr has no '$2': $(head -c 300 "$work/$1.err")"; }

pids_of() { jq -rn '[inputs | select(.event == "refused" or .event == "killed").pid] | unique | map(tostring) | join(" ")' \
	"$work/$1.json"; }

# One provocation under run: told once with the kernel's numbers, and as text with says and fix.
command_provoked() {
	local wrong
	command_run one -- "$provoke" "$1"
	((status == 77)) && { na "$(of .skip)"; return 77; }
	((status == 0)) || { no "status $status: $(head -n 1 "$work/one.err")"; return; }
	wrong=$(jq -nr --argjson t "$truth" --argjson wanted 1 "$same" "$work/one.json") || wrong="not JSON"
	[[ -z $wrong ]] || { no "${wrong//$'\n'/; }"; return; }
	has one "$2" && has one "provoke[$(of .pid)]" && has one "    fix: " || return
	[[ $(wc -l <"$work/one.out") == 1 ]] || no "stdout is not the command's alone"
}

command_counts() {
	command_run many -- "$provoke" nofile-flood 100000
	[[ $(jq -n '[inputs | select(.event == "refused") | .count // 1] | add' "$work/many.json") == 100000 ]] ||
		{ no "the events do not add up to 100000"; return; }
	[[ $(grep -c '^REFUSED' "$work/many.err") == 1 ]] || { no "not one block: $(head -c 300 "$work/many.err")"; return; }
	has many "EMFILE, 100,000 times"
}

# The loader of a program that may open nothing is refused before its first line runs.
command_first() {
	command_run first -- prlimit --nofile=3:4096 "$(command -v cat)" /dev/null
	[[ $(jq -rn 'first(inputs | select(.event == "refused")).comm' "$work/first.json") == cat ]] ||
		no "the loader's refusal was not seen"
}

# A daemon has left its parent, session and process group; it is still told.
command_daemon() {
	# shellcheck disable=SC2016
	command_run daemon -- sh -c 'setsid sh -c "(sleep 0.2; exec $0 nofile-dup) & exit 0"; sleep 0.8' "$provoke"
	[[ $(pids_of daemon) == "$(of .pid)" ]] || no "the refusals seen are of: $(pids_of daemon)"
}

# What others are refused or killed for meanwhile: a stranger, and a child that failcnt's own process had before.
command_others() {
	local stranger=$work/stranger
	{ sleep 1 && "$provoke" nofile-dup && "$provoke" oom-memcg; } >"$stranger" 2>/dev/null &
	local other=$!
	# shellcheck disable=SC2016
	timeout 30 bash -c '(sleep 1.2; "$1" nofile-dup >"$2.before") & exec "$0" run --output="json:$2.json" -- sleep 2.5' \
		"$failcnt" "$provoke" "$work/others" 2>"$work/others.err"
	wait "$other"
	[[ -s $stranger && -s $work/others.before ]] || { no "nothing was provoked"; return; }
	[[ -z $(pids_of others) ]] || { no "told of others: $(pids_of others)"; return; }
	has others "no refusal and no kill of it or its children was seen"
}

command_filter() {
	# shellcheck disable=SC2016
	command_run filter -r semmni -- sh -c '"$0" nofile-dup; "$0" sem-mni' "$provoke"
	[[ $(jq -rn '[inputs | select(.event == "refused").resource] | unique | join(" ")' "$work/filter.json") == semmni ]] ||
		{ no "not semmni alone"; return; }
	[[ $(grep -cE '^(REFUSED|KILLED)' "$work/filter.err") == 1 ]] || no "more than one block"
}

# Blocks that read the same but for the name are one, kills stand first.
command_folds() {
	local name
	for name in fc-aa fc-bb fc-cc fc-dd; do cp "$provoke" "$work/$name"; done
	# shellcheck disable=SC2016
	command_run folds -- sh -c 'for n in aa bb cc dd; do "$1/fc-$n" nofile-dup; done; exec "$0" oom-memcg' "$provoke" "$work"
	[[ $(grep -oE '^(KILLED|REFUSED)' "$work/folds.err" | paste -sd ' ') == "KILLED REFUSED" ]] ||
		{ no "blocks are: $(grep -E '^[A-Z]' "$work/folds.err")"; return; }
	has folds "REFUSED  nofile   fc-aa, fc-bb, fc-cc and 1 more names in 4 processes EMFILE, 4 times"
}

command_json() {
	# shellcheck disable=SC2016
	timeout 30 "$failcnt" run --json -- sh -c 'echo out; exec "$0" nofile-dup' "$provoke" \
		>"$work/lines.out" 2>"$work/lines.json" || { no "status $?"; return; }
	[[ $(jq -rn '[inputs.event] | join(" ")' "$work/lines.json") == "started refused stopped" ]] ||
		{ no "lines are $(jq -rn '[inputs.event] | join(" ")' "$work/lines.json")"; return; }
	[[ $(jq -n '[inputs][-1].totals.refused' "$work/lines.json") == 1 ]] || { no "totals differ"; return; }
	[[ $(head -n 1 "$work/lines.out") == out && $(wc -l <"$work/lines.out") == 2 ]] || no "stdout is not the command's alone"
}

# The exit status is the command's, whatever it was, and whatever becomes of our own output.
command_status() {
	local pair
	# shellcheck disable=SC2016
	for pair in 'exit 0=0' 'exit 7=7' 'exit 255=255' 'kill -KILL $$=137' 'kill -TERM $$=143' 'kill -INT $$=130'; do
		command_run status -- sh -c "${pair%=*}"
		[[ $status == "${pair##*=}" ]] || { no "${pair%=*}: status $status"; return; }
	done
	command_run status -- "$work/there-is-none"
	((status == 127)) || { no "not found: status $status"; return; }
	has status "cannot run $work/there-is-none: No such file or directory" || return
	command_run status -- /etc/passwd
	((status == 126)) || { no "not executable: status $status"; return; }
	has status "cannot run /etc/passwd: Permission denied" || return
	timeout 30 "$failcnt" run --json --output=json:/dev/full -- sh -c 'exit 3' 2>&-
	status=$?
	((status == 3)) || no "nowhere to write: status $status"
}

# What a process is given: descriptors, signals, limits, directory, group.
command_state() {
	local before state
	# shellcheck disable=SC2016
	state='readlink /proc/self/fd/* 2>&1 | grep -v "^/proc/[0-9]*/fd$"; grep -E "^Sig(Blk|Ign|Cgt)|^CapEff" /proc/self/status
		cat /proc/self/oom_score_adj /proc/self/limits; pwd; ps -o pgid=,sid=,ni= -p $$ | sed "s/^ *[0-9]* */group /"'
	for before in '' 'trap "" PIPE CHLD HUP TSTP INT;' 'exec <&-;' 'exec 5</dev/null <&- 2>&1;' 'ulimit -Sn 100;'; do
		bash -c "$before"' exec bash -c "$0"' "$state" >"$work/state.alone" 2>"$work/state.err"
		bash -c "$before"' exec "$1" run -q -- bash -c "$0"' "$state" "$failcnt" >"$work/state.run" 2>>"$work/state.err"
		# The pipes and the pid of either differ.
		sed -i -E 's/pipe:\[[0-9]+\]/pipe/; s/state\.(alone|run)/state/' "$work/state.alone" "$work/state.run"
		[[ -s $work/state.alone ]] || { no "'$before': no state"; return; }
		cmp -s "$work/state.alone" "$work/state.run" ||
			{ no "'$before': $(diff "$work/state.alone" "$work/state.run" | head -n 4 | paste -sd ' ')"; return; }
	done
}

# Signals that somebody sends to failcnt arrive, once each, and also those that end the command.
command_signals() {
	local name got
	# shellcheck disable=SC2016
	timeout 30 "$failcnt" run -- bash -c 'for s in HUP TERM USR1 USR2 WINCH TSTP CONT RTMIN+3; do trap "echo $s" $s; done
		echo ready; while :; do sleep 0.05; done' >"$work/signals.out" 2>"$work/signals.err" &
	pid=$!
	started+=("$pid")
	within 10 grep -qs ready "$work/signals.out" || { no "it does not start"; return; }
	child=$(pgrep -P "$pid" -x failcnt)
	for name in HUP TERM USR1 USR2 WINCH TSTP CONT RTMIN+3; do
		kill "-$name" "$child"
		sleep 0.3
	done
	got=$(sed 1d "$work/signals.out" | paste -sd ' ')
	[[ $got == "HUP TERM USR1 USR2 WINCH TSTP CONT RTMIN+3" ]] || { no "got $got"; return; }
	kill -KILL "$(pgrep -P "$child")"
	within 5 ended "$pid" || { no "it does not end with its command"; return; }
	wait "$pid"
	status=$?
	((status == 137)) || no "status $status"
}

# A command that is stopped stops failcnt too, and SIGCONT to failcnt continues both.
command_stops() {
	local ours theirs
	"$failcnt" run -q -- sleep 20 &
	ours=$!
	started+=("$ours")
	within 10 is_named "$ours" sleep || { no "it does not start"; return; }
	theirs=$(pgrep -P "$ours")
	started+=("$theirs")
	kill -STOP "$theirs"
	within 3 in_state "$ours" T || { no "failcnt is not stopped"; return; }
	kill -CONT "$ours"
	within 3 in_state "$theirs" S || { no "the command is not continued"; return; }
	within 3 in_state "$ours" S || { no "failcnt is not continued"; return; }
	kill -TERM "$ours"
	within 3 ended "$ours" || { no "it does not end"; return; }
	wait "$ours"
	status=$?
	((status == 143)) || no "status $status"
}
in_state() { [[ $(ps -o stat= -p "$1") == "$2"* ]]; }
is_named() { pgrep -P "$1" -x "$2" >/dev/null; }

# keys PROGRAM-LINE: types what it reads on stdin into a terminal in which the line runs; what that shows is in tty.out
keys() {
	local result
	echo "$1" >"$work/tty.sh" # not in the first line of tty.raw, which names the command
	# script(1) runs it with $SHELL: one that takes SIGQUIT itself, as dash does, would end the terminal with it.
	SHELL=$BASH timeout 60 script -qefc "exec bash $work/tty.sh" "$work/tty.raw" >/dev/null
	result=$?
	tr -d '\r' <"$work/tty.raw" >"$work/tty.out"
	return $result
}
has_script() { command -v script >/dev/null || { na "there is no script(1)"; return 77; }; }
# shown TEXT: waits until the terminal does
shown() { within 20 grep -qaE -- "$1" "$work/tty.raw" 2>/dev/null; }
# typed TEXT KEY ...: types the keys when the terminal shows the text
# shellcheck disable=SC2059
typed() { shown "$1"; shift; sleep 0.2; printf "$@"; }

# The keys of a terminal: once each, and the status is the command's.
command_keys() {
	local line got
	has_script || return
	# bash's wait returns at each signal, so that two in a row are two.
	line="$failcnt run -- bash -c 'trap \"echo got-INT\" INT; trap \"echo got-QUIT; kill \\\$!; exit 5\" QUIT
		trap \"echo got-WINCH\" WINCH; sleep 30 & stty rows 33; while :; do wait; done'; echo status=\$?"
	: >"$work/tty.raw"
	{ typed got-WINCH '\003'; typed got-INT '\034'; shown status=; } | keys "$line"
	got=$(grep -oE 'got-[A-Z]+|status=[0-9]+' "$work/tty.out" | paste -sd ' ')
	[[ $got == "got-WINCH got-INT got-QUIT status=5" ]] || { no "it got: $got"; return; }
	: >"$work/tty.raw"
	{ typed ready '\003'; sleep 1; } |
		keys "bash -c 'for i in 1 2; do $failcnt run -q -- sh -c \"echo ready; exec sleep 20\"; echo next; done'"
	status=$?
	((status == 130)) || { no "Ctrl-C: status $status"; return; }
	! grep -q next "$work/tty.out" || no "a script's loop goes on after Ctrl-C"
}

# Ctrl-Z, bg, fg, Ctrl-C in an interactive shell.
# shellcheck disable=SC2016
command_jobs() {
	local got
	has_script || return
	: >"$work/tty.raw"
	# One process without children: a shell that stops in vfork(2) waits for its child, which has stopped too.
	{
		typed '> ' '%s\n' "$failcnt run -q -- sh -c 'echo ready; exec sleep 60'"
		typed '^ready' '\032'
		typed 'Stopped' '%s\n' 'jobs; echo stopped=$(ps -o stat= -t "$(tty)" | grep -c "^T")'
		typed 'stopped=[0-9]' '%s\n' 'bg; sleep 0.2; echo running=$(ps -o stat= -t "$(tty)" | grep -c "^T")'
		typed 'running=[0-9]' 'fg\n'
		sleep 0.7
		printf '\003'
		sleep 0.7
		printf '%s\n' 'echo status=$?'
		typed 'status=[0-9]' 'exit\n'
		sleep 0.2
	} | keys "env PS1='> ' TERM=dumb bash --norc --noprofile -i"
	got=$(grep -oE '\[1\]\+ +Stopped|(stopped|running|status)=[0-9]+' "$work/tty.out" | tr -s ' ' | uniq | paste -sd ' ')
	[[ $got == "[1]+ Stopped stopped=2 running=0 status=130" ]] || no "the shell shows: $got"
}

command_left_behind() {
	command_run left -- sh -c 'sleep 1 & setsid sleep 1 & exit 4'
	((status == 4)) || { no "status $status"; return; }
	has left "2 processes of it go on running; they are no longer watched" || return
	command_run left -- sh -c 'sleep 0.1 & wait'
	! grep -q running "$work/left.err" || no "says that something goes on running"
}

# Without the rights the command is not run at all.
command_denied() {
	as_nobody "$failcnt" run -- touch "$work/ran" 2>"$work/denied.err" && { no "status 0"; return; }
	status=$?
	[[ $status == 3 ]] || { no "status $status"; return; }
	[[ ! -e $work/ran ]] || { no "the command was run"; return; }
	has denied "touch has not been run"
}

# The terminal hangs up: the kernel tells the leader of the session alone, which is failcnt.
command_hangup() {
	local terminal
	has_script || return
	rm -f "$work/hangup"
	# shellcheck disable=SC2016
	script -qec "exec env --default-signal=HUP $failcnt run -q -- sh -c 'trap \"echo hangup >>$work/hangup; exit\" HUP; echo ready >$work/ready
		while :; do sleep 0.1; done'" /dev/null </dev/null >/dev/null 2>&1 &
	terminal=$!
	started+=("$terminal")
	within 10 test -s "$work/ready" || { no "it does not start"; return; }
	kill -KILL "$terminal"
	wait "$terminal" 2>/dev/null
	within 3 test -s "$work/hangup" || { no "the hangup does not arrive"; return; }
	[[ $(wc -l <"$work/hangup") == 1 ]] || no "it arrives more than once"
}
