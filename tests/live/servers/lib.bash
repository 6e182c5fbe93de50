# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests with real servers have in common (sourced, never run): where the unpacked servers are, entering private
# namespaces, waiting with a limit, and leaving nothing behind. Each test runs in the namespaces it names, keeps its files
# in one directory of its own, and registers each process it starts; an EXIT trap ends and removes all of it, whatever
# happened. The variables it sets are used by the scripts that source it.
# shellcheck shell=bash disable=SC2034

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=${FAILCNT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/failcnt}/servers

die() { echo "$(basename "$0"): $*" >&2; exit 1; }

# server_env ROOT: names the programs below ROOT, and in LIBS the library path that they need and the machine's own
# programs must not get
server_env() {
	local root=$1 dir
	LIBS=
	for dir in "$root"/lib/*-linux-* "$root"/usr/lib/*-linux-*; do
		[[ -d $dir ]] && LIBS+=${LIBS:+:}$dir
	done
	APACHE=$root/usr/sbin/apache2 MODULES=$root/usr/lib/apache2/modules NGINX=$root/usr/sbin/nginx
	CURL=$root/usr/bin/curl DNSMASQ=$root/usr/sbin/dnsmasq IP=$root/bin/ip
	PGBIN=$(printf '%s\n' "$root"/usr/lib/postgresql/*/bin | sort -V | tail -n 1)
}

# served COMMAND ...: becomes a program of the cache; call it in a subshell
served() {
	export LD_LIBRARY_PATH=$LIBS LC_ALL=C TZ=UTC
	exec "$@"
}

# Descriptors that the caller left open would count against the limits in these tests; 255 is bash's own, on the script.
close_inherited() {
	local fd
	for fd in "/proc/$$/fd"/*; do
		fd=${fd##*/}
		((fd <= 2 || fd == 255)) || exec {fd}>&-
	done
}

# in_namespaces FLAGS ... -- ARGS ...: starts this script again inside new namespaces, once. unshare does not fork here
# (there is no pid namespace: the test's pids must be the ones that failcnt sees), so the pid stays the same.
in_namespaces() {
	local flags=()
	if [[ ${FAILCNT_INSIDE:-} == "$$" ]]; then
		close_inherited
		return
	fi
	((EUID == 0)) || die "needs root, for namespaces and cgroups"
	while [[ $1 != -- ]]; do flags+=("$1"); shift; done
	FAILCNT_INSIDE=$$ exec unshare "${flags[@]}" -- bash "$0" "${@:2}"
}

started=() cgroups=() work=

# workdir: a directory of the test's own, reachable by an unprivileged server
workdir() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/failcnt-servers.XXXXXX")
	chmod 755 "$work"
}

# start COMMAND ...: starts a program of the cache as the leader of a process group of its own; its pid is then in $pid.
# It dies with this script even where the trap cannot run.
start() {
	set -m
	(served setpriv --pdeathsig KILL -- "$@") &
	pid=$!
	set +m
	started+=("$pid")
}

# forget: what `start` started last has ended, and was waited for
forget() { unset 'started[-1]'; }

# within SECONDS COMMAND ...: tries COMMAND until it succeeds
within() {
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} <= deadline)) || return 1
		sleep 0.05
	done
}

group_gone() { ! kill -0 -- "-$1" 2>/dev/null; }

cgroup_empty() { [[ ! -s $1/cgroup.procs ]] || [[ -z $(<"$1/cgroup.procs") ]]; }

kill_cgroup() {
	local victim
	while read -r victim; do
		kill -KILL "$victim" 2>/dev/null || true
	done <"$1/cgroup.procs"
	cgroup_empty "$1"
}

# Ends what was started, newest first: the group gets a polite signal, then SIGKILL. A cgroup's processes are all ours.
cleanup() {
	local status=$? i cgroup
	trap '' INT TERM HUP PIPE
	trap - EXIT
	set +e
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do
		kill -TERM -- "-${started[i]}" 2>/dev/null && kill -CONT -- "-${started[i]}" 2>/dev/null
		within 2 group_gone "${started[i]}" || kill -KILL -- "-${started[i]}" 2>/dev/null
	done
	for cgroup in "${cgroups[@]}"; do
		within 3 kill_cgroup "$cgroup"
		within 3 rmdir "$cgroup" 2>/dev/null || { echo "could not remove $cgroup" >&2; status=1; }
	done
	wait 2>/dev/null
	if [[ $work ]]; then
		mountpoint -q "$work/root" && umount "$work/root"
		rm -rf --one-file-system "$work"
	fi
	exit "$status"
}

on_exit() {
	trap cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 141' PIPE
	trap 'exit 143' TERM
}

# servers_ready: fetches them if they are not there
servers_ready() {
	local root
	root=$("$here/fetch.sh") || die "could not get the servers"
	server_env "$root"
}
