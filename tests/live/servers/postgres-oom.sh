#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A postgres backend killed by the OOM killer of its memory cgroup: the server's log says only that a process "was
# terminated by signal 9: Killed", as it would for any kill. The server (unprivileged, unix socket only, data in a
# directory of the test's own) runs in a cgroup with little memory; one query builds a string larger than that. The backend
# is the largest process there, so it is the one chosen. Works with cgroup v1 and v2.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154 # lib.bash sets what is not set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
in_namespaces --mount --net --ipc --propagation private -- "$@"
on_exit
servers_ready
workdir

memory=$((96 << 20))
user=65534

# hierarchy TYPE OPTION: where the hierarchy of TYPE (cgroup or cgroup2) with OPTION is mounted ($mounted), and which group
# of it is seen there ($top: empty for the root, a container's group in some containers)
hierarchy() {
	local found
	found=$(awk -v type="$1" -v option="$2" '{
		for (i = 7; $i != "-"; i++);
		if ($(i + 1) == type && (option == "" || ("," $(i + 3) ",") ~ ("," option ","))) { print $5, $4; exit }
	}' /proc/self/mountinfo)
	[[ $found ]] || return 1
	read -r mounted top <<<"$found"
	top=${top%/}
}

# make_group PARENT: an empty group below PARENT, a directory; its path in the hierarchy, as failcnt names it, is $path
make_group() {
	group=$(mktemp -d "$1/failcnt-servers.XXXXXX") || return 1
	cgroups+=("$group")
	path=$top${group#"$mounted"}
}

# v1: a child of this process's own group. memory.memsw limits are set only where there is swap to flee to.
make_v1() {
	local own
	own=$(awk -F: '("," $2 ",") ~ /,memory,/ { print $3 }' /proc/self/cgroup)
	own=${own#"$top"}
	make_group "$mounted${own%/}" || return 1
	echo "$memory" >"$group/memory.limit_in_bytes"
	if [[ -e $group/memory.memsw.limit_in_bytes ]] && (($(wc -l </proc/swaps) > 1)); then
		echo "$memory" >"$group/memory.memsw.limit_in_bytes"
	fi
	counts=$group/memory.oom_control
}

# v2: a group with processes cannot hand memory to its children, so ours becomes a child of the nearest ancestor that does,
# or of the root, which always can
make_v2() {
	local own
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	own=${own#"$top"} own=${own%/}
	until [[ ! $own ]] || grep -qw memory "$mounted$own/cgroup.subtree_control"; do
		own=${own%/*}
	done
	[[ $own ]] || grep -qw memory "$mounted/cgroup.subtree_control" ||
		echo +memory >"$mounted/cgroup.subtree_control" || return 1
	make_group "$mounted$own" || return 1
	echo "$memory" >"$group/memory.max"
	[[ ! -e $group/memory.swap.max ]] || echo 0 >"$group/memory.swap.max"
	counts=$group/memory.events
}

kills() { awk '$1 == "oom_kill" { print $2 }' "$counts"; }

if hierarchy cgroup memory; then
	version=1
	make_v1 || die "could not make a memory cgroup in $mounted"
elif hierarchy cgroup2 "" && grep -qw memory "$mounted/cgroup.controllers"; then
	version=2
	make_v2 || die "could not make a memory cgroup in $mounted"
else
	die "no memory cgroup hierarchy is mounted"
fi

# The cache may be below a directory that only root can enter: show it at a place that anybody can
mkdir "$work/root" "$work/db"
mount --bind "$servers/root" "$work/root"
server_env "$work/root"
chown "$user:$user" "$work/db"
cd "$work/db"
nobody=(setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --pdeathsig KILL --)

(served "${nobody[@]}" "$PGBIN/initdb" --no-sync --no-locale --encoding=UTF8 --auth=trust --username=test -D "$work/db/data") \
	>"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; die "initdb failed"; }

cat >>"$work/db/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$work/db'
fsync = off
jit = off
shared_buffers = 1MB
max_connections = 5
autovacuum = off
max_wal_senders = 0
max_parallel_workers = 0
dynamic_shared_memory_type = mmap
restart_after_crash = off
log_min_messages = log
CONF

# Bash is in the group first and becomes the server there, so that nothing of it is charged elsewhere.
# shellcheck disable=SC2016
start bash -c 'echo 0 >"$1/cgroup.procs" && exec "${@:2}"' bash "$group" \
	"${nobody[@]}" "$PGBIN/postgres" -D "$work/db/data" 2>"$work/postgres.log"
query() { (served "$PGBIN/psql" -X -q -A -t -h "$work/db" -U test -d postgres -c "$1"); }
answers() { query "select 1" >/dev/null 2>&1; }
within 8 answers || { cat "$work/postgres.log" >&2; die "postgres does not answer"; }

before=$(kills)
# 320 MB in one piece: more than the group may have, and no danger to the machine if it were not stopped
query "select length(repeat('failcnt!', 40000000))" >"$work/psql.log" 2>&1 || true
logged() { grep -q "was terminated by signal 9: Killed" "$work/postgres.log"; }
within 5 logged || { cat "$work/psql.log" "$work/postgres.log" >&2; die "no backend was killed"; }
(($(kills) == before + 1)) || die "the cgroup counted $(($(kills) - before)) OOM kills, and not one"
sed -n '/was terminated by signal 9/s/^/LOG: /p' "$work/postgres.log"
victim=$(sed -n '/was terminated by signal 9/{s/.*(PID \([0-9]*\)).*/\1/p;q}' "$work/postgres.log")
printf 'TRUTH: {"pid":%d,"comm":"postgres","signal":"SIGKILL","resource":"memory","cause":"oom-memcg","memcg":"%s","limit":%d,"cgroup_version":%d}\n' \
	"$victim" "$path" "$memory" "$version"
