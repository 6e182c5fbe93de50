#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A program in a retry loop, refused as fast as this machine's own kernel can refuse: is every one of
# them counted, what does failcnt need for it, and how much slower does the program get, beside
# bpftrace counting the same? Prints tables as Markdown.
#
#   flood.sh [-s SECONDS] [-k KINDS] [-r ROUNDS] BUILD_DIR
#
#   -s SECONDS   how long each flood lasts (default 60; `make test` takes 3)
#   -k KINDS     of: nofile semget sigqueue inotify fork (default: all)
#   -r ROUNDS    rounds of the comparison, of which the best counts (default 5); 0: none
#
# Told + lost must be what the program counted itself, lost 0; failcnt takes at most 2 % of a processor and its memory
# does not grow; and the program is slowed by less than by bpftrace (Debian's package, which is installed).
# Exit status: 0 when all of it holds. The last line is "flood: N passed, N failed, N skipped".
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tests/live/run_lib.bash
. "$here/../live/run_lib.bash"
seconds=60 kinds='nofile semget sigqueue inotify fork' rounds=5
readonly most_cpu=2.0     # per cent of one processor
readonly most_growth=1024 # KiB; the first flood of all touches what is needed for any
readonly many=10000
notes=()

usage() { sed -n '/^#   flood.sh/,/^#   -r/s/^#   \{0,1\}//p' "$0" >&2; exit 2; }
while getopts s:k:r: option; do
	case $option in
	s) seconds=$OPTARG ;;
	k) kinds=$OPTARG ;;
	r) rounds=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
(($# == 1)) || usage
here=$here/../live setup "$1"

result() { # ok|FAIL|skip NAME TEXT
	case $1 in
	ok) passed=$((passed + 1)) ;;
	FAIL) failed=$((failed + 1)) ;;
	*) skipped=$((skipped + 1)) ;;
	esac
	notes+=("$1 $2${3:+: $3}")
}

# The provocation of a kind, with N refusals; and the system call that fails.
command_of() { # KIND N
	case $1 in
	nofile) echo "nofile-flood $2" ;;
	semget) echo "sem-mni-flood $2" ;;
	sigqueue) echo "sig-queue-flood $2" ;;
	inotify) echo "inotify-flood $2" ;;
	fork) echo "pids-max 3 $2" ;;
	*) usage ;;
	esac
}
call_of() {
	case $1 in
	nofile) echo dup ;;
	semget) echo semget ;;
	sigqueue) echo rt_sigqueueinfo ;;
	inotify) echo inotify_init1 ;;
	*) echo clone ;;
	esac
}

# Refusals in one round of the comparison: a second or so of the program's.
compared() { case $1 in nofile) echo 1000000 ;; *) echo 200000 ;; esac; }

ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# flood_of KIND N: provokes, into $truth, $took (us of wall time) and $used (us of processor time)
flood_of() {
	local words from times
	read -ra words <<<"$(command_of "$@")"
	from=${EPOCHREALTIME/[.,]/}
	# The children of this subshell are the program alone.
	times=$( (timeout $((10 * seconds + 300)) "$provoke" "${words[@]}" >"$work/truth" 2>"$work/provoke.err"
		echo $? >"$work/status"; times) | tail -1)
	took=$((${EPOCHREALTIME/[.,]/} - from))
	truth=$(<"$work/truth")
	used=$(awk '{ for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); us += (t[1] * 60 + t[2]) * 1e6 } print us }' <<<"$times")
	case $(<"$work/status") in
	0) return 0 ;;
	77) why=$(jq -r .skip <<<"$truth"); return 77 ;;
	*) why="not provoked: $(head -n 1 "$work/provoke.err")"; return 1 ;;
	esac
}

resource_of() { jq -nr --arg k "$1" '{nofile: "nofile", semget: "semmni", sigqueue: "sigpending", inotify: "inotify-instances", fork: "pids"}[$k]'; }

# Told of KIND in TAG.json of the processes in PIDS, a JSON array. Numbers of processes are given again within minutes.
told_of() { # KIND TAG PIDS
	jq -n --argjson pids "$3" --arg resource "$(resource_of "$1")" '
		[inputs | select(.event == "refused" and .resource == $resource and .comm == "provoke" and (.pid | IN($pids[])))
			| .count // 1] | add // 0' "$work/$2.json"
}

flood_row() { # KIND
	local kind=$1 watcher from cpu before after lost sum rate percent each=20000 n=0 us=0 pids=() wrong=()
	watch "$kind" || { result FAIL "flood-$kind" "$why"; return; }
	watcher=$pid
	flood_of "$kind" "$each" || { if (($? == 77)); then result skip "flood-$kind" "$why"; else result FAIL "flood-$kind" "$why"; fi; end_all; return; }
	sleep 1.5 # what the first one left to do is done
	before=$(resident "$watcher") from=$(ticks "$watcher")
	# How fast it is changes with what else the machine does: one more until the time is over.
	while ((us < seconds * 1000000)); do
		each=$((each * (1000000 * (seconds < 10 ? seconds : 10)) / took + 1000))
		flood_of "$kind" "$each" || { result FAIL "flood-$kind" "$why"; end_all; return; }
		n=$((n + $(jq .n <<<"$truth"))) us=$((us + took))
		pids+=("$(jq .pid <<<"$truth")")
	done
	cpu=$(($(ticks "$watcher") - from))
	after=$(resident "$watcher")
	finish "$watcher" || { result FAIL "flood-$kind" "$why"; return; }
	sum=$(told_of "$kind" "$kind" "[$(IFS=,; echo "${pids[*]}")]")
	lost=$(jq -n '[inputs | select(.event == "lost") | .lost] | add // 0' "$work/$kind.json")
	rate=$((n * 1000 / (us / 1000)))
	percent=$(awk -v cpu=$cpu -v hz="$(getconf CLK_TCK)" -v us=$us 'BEGIN { printf "%.2f", 100 * cpu / hz / (us / 1e6) }')
	printf '| %s | %d | %d | %d | %d | %s | %s | %d → %d |\n' "$kind" "$n" "$sum" "$lost" "$((us / 1000000))" "$rate" "$percent" "$before" "$after"
	((sum == n && lost == 0)) || wrong+=("told $sum + lost $lost of $n")
	awk -v p="$percent" -v most=$most_cpu 'BEGIN { exit !(p <= most) }' || wrong+=("$percent % of a processor")
	((after - before <= most_growth)) || wrong+=("memory grew by $((after - before)) KiB")
	if ((${#wrong[@]})); then result FAIL "flood-$kind" "$(printf '%s; ' "${wrong[@]}")"; else result ok "flood-$kind"; fi
}

# With a fold table of 16 keys, or the usual one: as many as were refused are told, under the program's name.
many_row() { # KEYS
	local keys=$1 watcher wrong name=many-$1
	FAILCNT_FOLD_KEYS=$keys watch "$name" -r nofile || { result FAIL "$name" "$why"; return; }
	watcher=$pid
	timeout 300 "$provoke" nofile-many $many >"$work/truth" 2>"$work/provoke.err" ||
		{ result FAIL "$name" "$(head -n 1 "$work/provoke.err")"; end_all; return; }
	finish "$watcher" || { result FAIL "$name" "$why"; return; }
	# shellcheck disable=SC2016
	wrong=$(jq -nr --slurpfile truth "$work/truth" --argjson keys "$keys" '
		($truth[0].pids | map({key: tostring, value: true}) | from_entries) as $pids
		| [inputs | select(.event == "refused" and .comm == "provoke")] as $all
		| ([$all[] | .count // 1] | add) as $sum
		| ([$all[] | select(.pid) | select($pids[.pid | tostring])] | unique_by(.pid) | length) as $named
		| (if $sum != $truth[0].n then "\($sum) told of \($truth[0].n)" else empty end),
		  (if $named < ([$keys, ($pids | length)] | min) then "\($named) processes told one by one" else empty end),
		  ([$all[] | select(.pid and .cgroup == null)] | length | select(. > 0) | "\(.) without their cgroup"),
		  ([$all[] | select(.pid and .limit == null)] | length | select(. > 0) | "\(.) without their limit")' "$work/$name.json") || wrong='not JSON'
	if [[ $wrong ]]; then result FAIL "$name" "${wrong//$'\n'/; }"; else result ok "$name" "$many processes refused once each, a fold table of $keys keys"; fi
}

# One thread that is refused by two limits in turn, with the same errno: each has its own count. Where
# one of the two is no limit, only the other is told.
both_row() { # KIND RESOURCE [RESOURCE]
	local watcher seen
	watch "both-$1" || { result FAIL "both-$1" "$why"; return; }
	watcher=$pid
	if ! timeout 300 "$work/refusals" "$1" $((2 * many)) >"$work/refusals.out"; then
		end_all
		result FAIL "both-$1" "not refused as often as it should be"
		return
	fi
	finish "$watcher" || { result FAIL "both-$1" "$why"; return; }
	seen=$(jq -nr 'reduce (inputs | select(.event == "refused" and .comm == "refusals")) as $e ({}; .[$e.resource] += ($e.count // 1))
		| to_entries | sort_by(.key) | map("\(.key) \(.value)") | join(" ")' "$work/both-$1.json")
	if [[ $seen == "$2 $many${3:+ $3 $many}" ]]; then result ok "both-$1"; else result FAIL "both-$1" "told: $seen"; fi
}

# bpftrace 0.17 looks for its file system below debugfs alone.
# shellcheck disable=SC2016
readonly in_own_mounts='mount -t debugfs none /sys/kernel/debug 2>/dev/null
	[ -e /sys/kernel/debug/tracing/events ] || mount -t tracefs none /sys/kernel/debug/tracing 2>/dev/null
	exec bpftrace "$0"'

start_bpftrace() { # PROBE: waits until it counts; $pid
	printf '%s /args->ret < 0/ { @[pid, args->ret] = count(); }\ninterval:ms:200 { printf("tick\\n"); }\n' "$1" >"$work/count.bt"
	rm -f "$work/bpftrace.out"
	unshare -m sh -c "$in_own_mounts" "$work/count.bt" >"$work/bpftrace.out" 2>&1 &
	pid=$!
	started+=("$pid")
	within 60 grep -qs tick "$work/bpftrace.out"
}

# One measurement: nanoseconds of processor time for each refusal, "-" where it did not work.
measured() { # KIND WAY
	local kind=$1 way=$2 watcher='' count n
	n=$(compared "$kind") count=$n
	rm -f "$work/compare.json" # or its first line is taken for that of the next one
	case $way in
	failcnt) watch compare || { echo -; return; }; watcher=$pid ;;
	bpftrace-*) start_bpftrace "tracepoint:$(probe_of "$kind" "$way")" || { end_all; echo -; return; }; watcher=$pid ;;
	esac
	flood_of "$kind" "$n" || { end_all; echo -; return; }
	if [[ $watcher ]]; then finish "$watcher" || { echo -; return; }; fi
	# It must have counted what it is compared for.
	if [[ $way == failcnt ]]; then count=$(told_of "$kind" compare "[$(jq .pid <<<"$truth")]"); fi
	if [[ $way == bpftrace-* ]]; then
		# Other calls of it, or this one before the limit, may fail otherwise.
		count=$(sed -n "s/^@\[$(jq .pid <<<"$truth"), -[0-9]*\]: //p" "$work/bpftrace.out" | sort -n | tail -n 1)
	fi
	((${count:-0} == n)) || { echo -; return; }
	echo $((used * 1000 / n))
}
probe_of() { if [[ $2 == *-all ]]; then echo raw_syscalls:sys_exit; else echo "syscalls:sys_exit_$(call_of "$1")"; fi; }

compare_row() { # KIND
	local kind=$1 way round ns
	local -A best=()
	# All in turn: what else the machine does hits each of them.
	for ((round = 0; round < rounds; round++)); do
		for way in plain failcnt bpftrace-call bpftrace-all; do
			ns=$(measured "$kind" "$way")
			if [[ $ns != - ]] && ((ns < ${best[$way]:-999999999})); then best[$way]=$ns; fi
			started=()
		done
	done
	printf '| %s | %s | %s | %s | %s |\n' "$kind" "${best[plain]:--}" "${best[failcnt]:--}" "${best[bpftrace-call]:--}" "${best[bpftrace-all]:--}"
	if [[ ! ${best[failcnt]-} ]]; then result FAIL "slowed-$kind" "not measured"
	elif [[ ! ${best[bpftrace-call]-} ]]; then result skip "slowed-$kind" "bpftrace cannot count it here: $(grep -v tick "$work/bpftrace.out" | head -n 1)"
	# In a short run on a busy machine a fifth is noise.
	elif ((best[failcnt] - best[plain] < (best[bpftrace-call] - best[plain]) * (seconds < 10 ? 6 : 5) / 5)); then result ok "slowed-$kind"
	else result FAIL "slowed-$kind" "${best[failcnt]} ns, and by bpftrace ${best[bpftrace-call]} ns"; fi
}

echo "Linux $(uname -r), $(nproc) processors, --backend=auto, $seconds s each:"
echo
echo "| refused | times | told | lost | s | a second | failcnt, % of a processor | its memory, KiB |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
for kind in $kinds; do flood_row "$kind"; done
many_row 16384
many_row 16
if ${CC:-cc} -std=gnu11 -O2 -static -o "$work/refusals" "$here/refusals.c"; then
	both_row sems semmni semmns
	both_row maps as data
	both_row heap as data
	both_row segments shmall shmmni
	both_row logs disk
	both_row tasks nproc pids
	rmdir /sys/fs/cgroup/{pids/,}refusals-* 2>/dev/null
else
	result FAIL both "refusals.c does not compile"
fi
if ((rounds)); then
	if "$here/../deps.sh" bpftrace >/dev/null 2>"$work/deps.err"; then
		echo
		echo "Processor time of the program for one refusal, ns, best of $rounds rounds:"
		echo
		echo "| refused | nothing attached | failcnt | bpftrace, exit of this call | bpftrace, exit of all calls |"
		echo "| --- | ---: | ---: | ---: | ---: |"
		for kind in $kinds; do if [[ $kind != fork ]]; then compare_row "$kind"; fi; done
	else
		result skip slowed "no bpftrace: $(head -n 1 "$work/deps.err")"
	fi
fi
echo
printf '%s\n' "${notes[@]}"
echo "flood: $passed passed, $failed failed, $skipped skipped"
((failed == 0))
