#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside a virtual machine for systemd.sh, as a service beside failcnt's. A line a check,
# "ok WHAT" or "FAIL WHAT"; "done" at the end. BACKENDS are recorded by, one after the other.
store=/var/lib/failcnt/failcnt.db
dropin=/run/systemd/system/failcnt.service.d

ok() { echo "ok $*"; }
no() {
	echo "FAIL $*"
	{ systemctl status failcnt; tail -n 5 /run/failcnt-said; } >&2 2>&1
}
check() { # WHAT COMMAND...
	what=$1
	shift
	if "$@"; then ok "$what"; else no "$what: $*"; fi
}
within() { # SECONDS COMMAND...
	n=$(($1 * 10))
	shift
	while ! "$@"; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		usleep 100000
	done
}
of() { systemctl show --value -p "$1" failcnt; }
is() { [ "$(of "$1")" = "$2" ]; }
# listed WHAT RESOURCE PID
listed() { failcnt list --json -p "$3" 2>/dev/null | grep -q "\"event\":\"$1\".*\"resource\":\"$2\""; }
# What provoke says of itself: the pid of the one who is refused or killed.
provoked() { provoke "$1" | grep -o '"pid":[0-9]*' | head -n 1 | cut -d: -f2; }

# The unit is as it is; only what it says is kept, and by which backend it is to record.
settings() { # BACKEND [MORE...]
	mkdir -p $dropin
	{
		echo '[Service]'
		echo 'StandardError=append:/run/failcnt-said'
		echo 'ExecStart='
		echo "ExecStart=/usr/local/sbin/failcnt record --backend=$1"
		shift
		for line; do echo "$line"; done
	} >$dropin/test.conf
	systemctl daemon-reload
}

records() { # BACKEND
	check "$1: systemctl start waits until it records" systemctl start failcnt
	check "$1: it records" is ActiveState active
	pid=$(provoked nofile-dup)
	check "$1: a refusal is listed" within 15 listed refused nofile "$pid"
	pid=$(provoked oom-memcg)
	check "$1: a kill is listed" within 15 listed killed memory "$pid"
}

# Return probes with room of their own, and none left behind.
roomy() { grep -q ":failcnt/p$(of MainPID)_" /sys/kernel/tracing/kprobe_events; }
unroomy() { ! grep -q ":failcnt/" /sys/kernel/tracing/kprobe_events; }

hardened() {
	main=$(of MainPID)
	status() { sed -nE "s/^$1:[[:space:]]*//p" /proc/"$main"/status; }
	check "seccomp is in force" [ "$(status Seccomp)" = 2 ]
	check "no new privileges" [ "$(status NoNewPrivs)" = 1 ]
	# PTRACE 19, SYS_ADMIN 21, SYSLOG 34, PERFMON 38, BPF 39, DAC_READ_SEARCH 2
	check "its capabilities are those six" [ "$(status CapEff)" = 000000c400280004 ]
	check "nor can it get others" [ "$(status CapBnd)" = 000000c400280004 ]
	check "its mounts are its own" [ "$(readlink /proc/"$main"/ns/mnt)" != "$(readlink /proc/1/ns/mnt)" ]
	check "the network is the host's" [ "$(readlink /proc/"$main"/ns/net)" = "$(readlink /proc/1/ns/net)" ]
	check "the OOM killer passes it by" [ "$(cat /proc/"$main"/oom_score_adj)" = -1000 ]
	check "it reads the kernel log" sh -c "ls -l /proc/$main/fd | grep -q /dev/kmsg"
	check "of devices it has that and no disk" nsenter -t "$main" -m sh -c '[ -c /dev/kmsg ] && [ ! -e /dev/mem ] && [ ! -e /dev/ttyS0 ]'
	check "its memory is limited" [ "$(cat /sys/fs/cgroup/system.slice/failcnt.service/memory.max)" = 268435456 ]
	for file in /etc/x /usr/x /proc/sys/kernel/sem /sys/fs/cgroup/x /sys/kernel/tracing/tracing_on; do
		check "it cannot write $file" sh -c "! nsenter -t $main -m sh -c 'echo 1 >>$file' 2>/dev/null"
	done
	check "it can write its store" nsenter -t "$main" -m sh -c ": >>$store"
	check "the store is mode 640" [ "$(stat -c %a $store)" = 640 ]
	check "its directory is mode 750" [ "$(stat -c %a ${store%/*})" = 750 ]
}

reloads() {
	mv $store $store.old
	check "systemctl reload" systemctl reload failcnt
	check "a new file after it" within 15 [ -s $store ]
	pid=$(provoked nofile-dup)
	check "what comes then is in it" within 15 listed refused nofile "$pid"
	check "systemctl status tells where to" sh -c "systemctl status failcnt | grep -q 'Status: .recording into $store'"
}

watched() {
	main=$(of MainPID)
	other_one() { [ "$(of MainPID)" != "$main" ] && is ActiveState active; }
	kill -STOP "$main"
	check "a recorder that hangs is started anew" within 120 other_one
	check "that is told" sh -c "failcnt list | grep -q 'not recording (.*the recorder was killed)'"
	pid=$(provoked nofile-dup)
	check "the new one records" within 15 listed refused nofile "$pid"
}

stops() {
	check "systemctl stop" systemctl stop failcnt
	check "that was a clean end" is Result success
	check "list says so" sh -c "failcnt list | tail -n 1 | grep -q '^-- since .*: not recording$'"
	check "nothing of it is left" sh -c '! pidof failcnt'
}

exec 2>/dev/ttyS1
for backend in $BACKENDS; do
	settings "$backend"
	records "$backend"
	[ "$backend" != kprobe ] || check "kprobe: return probes have room of their own" roomy
	systemctl stop failcnt
	[ "$backend" != kprobe ] || check "kprobe: none is left" unroomy
	check "$backend: nothing was lost" sh -c '! grep -E "[1-9][0-9,]* lost|LOST" /run/failcnt-said'
	: >/run/failcnt-said
done
settings auto WatchdogSec=12 RestartSec=1
records auto
hardened
reloads
watched
stops
echo "done"
sleep 1
echo 'VM-EXIT status=0' >&2
sleep 1
poweroff -f
