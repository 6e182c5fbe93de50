# SPDX-License-Identifier: GPL-2.0-only
#
# What the live tests share (sourced, never run): starting failcnt and waiting until it watches, waiting with a limit,
# asking its lines with jq, cgroups of either version, and leaving nothing behind, whatever happens.
# shellcheck shell=bash disable=SC2034,SC2154

passed=0 failed=0 skipped=0
only=         # names of tests to run, as a regular expression; empty: all
work='' failcnt='' provoke=''
started=()    # pids that may still run
cgroups=()    # directories to remove, inner ones last
restore=()    # cgroup.subtree_control files, and what to take out of them again
why='' status=0 pid=0

no() { why=$*; return 1; }
na() { why=$*; return 77; }

# run NAME FUNCTION ...: one test
run() {
	local name=$1 result=0
	shift
	[[ -z $only || $name =~ ^($only)$ ]] || return 0
	why=
	"$@" || result=$?
	case $result in
	0) echo "ok $name"; ((++passed)) ;;
	77) echo "skip $name: $why"; ((++skipped)) ;;
	*) echo "FAIL $name: ${why:-status $result}"; ((++failed)) ;;
	esac
	end_all
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# within SECONDS COMMAND ...: tries until it succeeds
within() {
	local deadline=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		(($(now_ms) < deadline)) || return 1
		sleep 0.02
	done
}

ended() {
	local state
	read -r _ _ state _ 2>/dev/null <"/proc/$1/stat" || return 0
	[[ $state == Z ]]
}

# The ring of what a test started: politely, then for good.
end_all() {
	local p
	for p in ${started[@]+"${started[@]}"}; do
		kill -INT "$p" 2>/dev/null && { within 2 ended "$p" || kill -KILL "$p" 2>/dev/null; }
		wait "$p" 2>/dev/null
	done
	started=()
}

cleanup() {
	local result=$? dir p i
	trap '' INT TERM HUP PIPE
	trap - EXIT
	end_all
	for ((i = ${#cgroups[@]} - 1; i >= 0; i--)); do
		dir=${cgroups[i]}
		if [[ -e $dir/cgroup.procs ]]; then
			while read -r p; do kill -KILL "$p" 2>/dev/null; done <"$dir/cgroup.procs"
			within 3 rmdir "$dir" 2>/dev/null
		fi
	done
	for ((i = ${#restore[@]} - 1; i >= 0; i--)); do
		echo "${restore[i]#*=}" 2>/dev/null >"${restore[i]%%=*}"
	done
	[[ $work ]] && rm -rf --one-file-system "$work"
	exit "$result"
}

setup() {
	local tool
	((EUID == 0)) || { echo "run.sh: needs root, for namespaces, cgroups and BPF" >&2; exit 2; }
	for tool in jq setpriv prlimit iconv awk timeout; do
		command -v "$tool" >/dev/null || { echo "run.sh: needs $tool" >&2; exit 2; }
	done
	[[ -x $1/failcnt ]] || { echo "run.sh: there is no $1/failcnt" >&2; exit 2; }
	if [[ ! -x $1/provoke || -n $(find "$here" -maxdepth 1 -name 'provoke*' -newer "$1/provoke") ]]; then
		"${CC:-cc}" -O2 -static "$here"/provoke*.c -o "$1/provoke" || exit 2
	fi
	work=$(mktemp -d "${TMPDIR:-/tmp}/failcnt-live.XXXXXX")
	trap cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	chmod 755 "$work"
	# copies that any user reaches, and that nobody replaces while the tests run
	cp "$1/failcnt" "$1/provoke" "$work/"
	cp "$1/provoke" "$work/fc-named"
	failcnt=$work/failcnt provoke=$work/provoke
	programs_before=$(our_programs)
	provoked_before=$(provoked_cgroups)
	ulimit -c 0
}

# What provocations made, in every hierarchy.
provoked_cgroups() { find /sys/fs/cgroup -maxdepth 3 -type d -name 'failcnt-provoke-*' 2>/dev/null; }

our_programs() {
	command -v bpftool >/dev/null || return 0
	bpftool prog show 2>/dev/null |
		sed -nE 's/^([0-9]+): .* name ((fexit|fentry|kretprobe|kprobe|rawtp|tp|tpbtf|iter)_[a-z_]*).*/\1 \2/p'
}

# watch TAG ARGUMENT ...: starts it, into $work/TAG.json and TAG.err, and waits until it has started; $pid
watch() {
	local tag=$1
	shift
	"$failcnt" watch --json "$@" >"$work/$tag.json" 2>"$work/$tag.err" &
	pid=$!
	started+=("$pid")
	# how fast it starts is another test's; a busy machine takes its time
	within 30 begun "$tag" || no "it does not start: $(head -n 1 "$work/$tag.err")"
}
begun() { grep -qs '"event":"started"' "$work/$1.json"; }

# finish PID [SIGNAL]: ends it; its exit status is then in $status
finish() {
	kill "-${2:-INT}" "$1" 2>/dev/null
	within 5 ended "$1" || { no "it does not end on SIG${2:-INT}"; return 1; }
	wait "$1"
	status=$?
}

# finished PID: it ends by itself
finished() {
	within 10 ended "$1" || { no "it does not end by itself"; return 1; }
	wait "$1"
	status=$?
}

# count TAG FILTER [JQ-ARGS]: how many of the lines are so
count() {
	local tag=$1 filter=$2
	shift 2
	jq -n "$@" "[inputs | select($filter)] | length" "$work/$tag.json"
}

# seen TAG FILTER [SECONDS]: wait for such a line
seen() { within "${3:-3}" has_line "$1" "$2"; }
has_line() {
	jq -Rne "[inputs | fromjson? | select($2)] | length > 0" "$work/$1.json" >/dev/null 2>&1
}

# as_nobody COMMAND ...
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }

# provoked NAME ARGUMENT ...: into $truth; 77 where it cannot happen here
provoked() {
	local result=0
	truth=$(timeout 60 "$provoke" "$@" 2>"$work/provoke.err") || result=$?
	((result == 77)) && { na "$(jq -r .skip <<<"$truth")"; return 77; }
	((result == 0)) || no "$1 was not provoked: $(head -n 1 "$work/provoke.err")"
}
of() { jq -r "$1" <<<"$truth"; }

backend() { jq -rn "first(inputs | select(.event == \"started\")).backends.$1" "$work/$2.json"; }

# Directory of a controller's root: v1 where it is mounted, otherwise v2.
hierarchy() {
	awk -v want="$1" '
		{ for (i = 7; i <= NF; i++) if ($i == "-") break
		  split($(i + 3), options, ",")
		  if ($(i + 1) == "cgroup2") two = $5
		  for (o in options) if ($(i + 1) == "cgroup" && options[o] == want) one = $5 }
		END { print one ? one : two }' /proc/self/mountinfo
}

# make_group VARIABLE CONTROLLER NAME: makes it and puts its directory into VARIABLE
make_group() {
	local root made_dir
	root=$(hierarchy "$2")
	[[ $root ]] || { na "there is no $2 controller"; return 77; }
	made_dir=$root/$3
	if [[ -e $root/cgroup.controllers ]]; then
		grep -qw "$2" "$root/cgroup.controllers" || { na "there is no $2 controller"; return 77; }
		if ! grep -qw "$2" "$root/cgroup.subtree_control"; then
			echo "+$2" >"$root/cgroup.subtree_control" || { na "cgroup v2 does not give $2"; return 77; }
			restore+=("$root/cgroup.subtree_control=-$2")
		fi
	fi
	if [[ ! -d $made_dir ]]; then
		mkdir "$made_dir" || { no "cannot make $made_dir"; return 1; }
		cgroups+=("$made_dir")
	fi
	printf -v "$1" %s "$made_dir"
}
