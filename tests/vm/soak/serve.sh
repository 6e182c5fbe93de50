#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Real servers with too little, for guest.sh (sourced). Each of them writes into its own log what it was
# refused: the V lines. Each is a user of its own. NAME_start leaves a client behind that comes back until NAME_stop.
# shellcheck disable=SC2154 # guest.sh sets $seconds, and where the cgroups are

# In a session of its own: apache ends its whole process group.
served() { LD_LIBRARY_PATH=/servers/lib LC_ALL=C TZ=UTC exec setsid "$@"; }

in_group() { # NAME COMMAND ...: becomes the command, inside a cgroup of that name
	name=$1
	shift
	for groups in "$groups_of_pids" "$groups_of_memory"; do
		[ ! -e "$groups/$name" ] || echo 0 >"$groups/$name/cgroup.procs" || exit 99
	done
	served "$@"
}

ended() { # PID: its status; what does not end in 120 s is made to
	(usleep 120000000 && kill -KILL "$1") 2>/dev/null &
	dog=$!
	wait "$1"
	set -- $?
	kill $dog 2>/dev/null
	return "$1"
}

until_there() { # FILE
	tries=0
	until [ -s "$1" ] || [ -S "$1" ] || [ $tries -gt 600 ]; do
		tries=$((tries + 1))
		usleep 100000
	done
	[ $tries -le 600 ] || echo "W $1 did not come"
}

# "2026/11/22 05:30:00 [crit] 4711#4711: accept4() failed (24: Too many open files)"
nginx_start() {
	ip link set lo up
	mkdir -p /tmp/nginx
	cat >/tmp/nginx/conf <<-END
		daemon off;
		user nginx;
		pid /tmp/nginx/pid;
		error_log /tmp/nginx/log error;
		worker_processes 1;
		worker_rlimit_nofile 24;
		events { worker_connections 64; multi_accept off; accept_mutex_delay 200ms; }
		http {
			access_log off;
			client_body_temp_path /tmp/nginx/1; proxy_temp_path /tmp/nginx/2; fastcgi_temp_path /tmp/nginx/3;
			uwsgi_temp_path /tmp/nginx/4; scgi_temp_path /tmp/nginx/5;
			server { listen 127.0.0.1:8080; location / { return 204; } }
		}
	END
	(served /servers/bin/nginx -p /tmp/nginx/ -c /tmp/nginx/conf -e /tmp/nginx/log) &
	nginx=$!
	until_there /tmp/nginx/pid
	/load connect 8080 30 700 "$seconds" &
	nginx_client=$!
}

nginx_stop() {
	ended "$nginx_client"
	kill -TERM "$nginx"
	ended "$nginx"
	echo "X nginx $?"
	sed -n '/accept4() failed (24/s/^[^]]*\] \([0-9]*\)#.*/\1/p' /tmp/nginx/log | sort | uniq -c |
		awk '{ print "V nginx " $2 " nofile EMFILE " $1 }'
}

# "[date] [mpm_prefork:error] [pid 2233] (11)Resource temporarily unavailable: AH00159: fork: Unable to ..."
apache_start() {
	mkdir -p /tmp/apache "$groups_of_pids/soak-apache"
	echo 3 >"$groups_of_pids/soak-apache/pids.max"
	cat >/tmp/apache/conf <<-END
		ServerRoot /tmp/apache
		ServerName localhost
		Listen 127.0.0.1:8081
		User #65533
		Group #65534
		PidFile /tmp/apache/pid
		ErrorLog /tmp/apache/log
		LoadModule mpm_prefork_module /servers/modules/mod_mpm_prefork.so
		LoadModule authz_core_module /servers/modules/mod_authz_core.so
		DefaultRuntimeDir /tmp/apache
		StartServers 4
	END
	(in_group soak-apache /servers/bin/apache2 -f /tmp/apache/conf -E /tmp/apache/log -D FOREGROUND) &
	apache=$!
	until_there /tmp/apache/pid
}

# It sleeps 10 s after each fork that is refused, and looks for signals only when it has tried up to 32 times.
apache_stop() {
	echo max >"$groups_of_pids/soak-apache/pids.max"
	kill -TERM "$apache"
	ended "$apache"
	echo "X apache $?"
	sed -n '/AH00159/s/.*\[pid \([0-9]*\)[]:].*/\1/p' /tmp/apache/log | sort | uniq -c |
		awk '{ print "V apache " $2 " pids EAGAIN " $1 }'
	awk '$1 == "max" { print "M apache pids.events max " $2 " pids" }' "$groups_of_pids/soak-apache/pids.events"
}

# "2026-... LOG:  could not fork new process for connection: Resource temporarily unavailable"
postgres_start() {
	pgbin=$(echo /servers/usr/lib/postgresql/*/bin)
	mkdir -p /tmp/pg "$groups_of_pids/soak-postgres" "$groups_of_memory/soak-postgres"
	chown 65532:65534 /tmp/pg
	(cd /tmp/pg && served /usr/bin/setpriv --reuid 65532 --regid 65534 --clear-groups "$pgbin/initdb" --no-sync --no-locale \
		--encoding=UTF8 --auth=trust --username=test -D /tmp/pg/data) >/tmp/initdb 2>&1 || sed 's/^/W /' /tmp/initdb
	cat >>/tmp/pg/data/postgresql.conf <<-END
		listen_addresses = ''
		unix_socket_directories = '/tmp/pg'
		fsync = off
		jit = off
		huge_pages = off
		shared_buffers = 1MB
		max_connections = 10
		autovacuum = off
		max_wal_senders = 0
		max_parallel_workers = 0
		dynamic_shared_memory_type = mmap
	END
	echo 12 >"$groups_of_pids/soak-postgres/pids.max"
	echo $((96 << 20)) >"$groups_of_memory/soak-postgres/$memory_limit"
	# After a backend's death it begins anew, and ends where that one fork is refused.
	(
		status=1
		until [ -e /tmp/pg/stop ]; do
			(cd /tmp/pg && in_group soak-postgres /usr/bin/setpriv --reuid 65532 --regid 65534 --clear-groups \
				"$pgbin/postgres" -D /tmp/pg/data) 2>>/tmp/pg/log
			status=$?
			# Of its children postgres writes so itself.
			[ $status != 137 ] || echo 'postgres was terminated by signal 9: Killed' >>/tmp/pg/log
		done
		exit $status
	) &
	postgres=$!
	until_there /tmp/pg/.s.PGSQL.5432
	/load connect /tmp/pg/.s.PGSQL.5432 12 1500 "$seconds" &
	postgres_client=$!
	(
		while [ ! -e /tmp/pg/stop ]; do
			LD_LIBRARY_PATH=/servers/lib timeout -s KILL 30 "$pgbin/psql" -X -q -A -t -h /tmp/pg -U test -d postgres \
				-c "select length(repeat('failcnt!', 40000000))" >>/tmp/psql 2>&1
			n=0
			while [ $n -lt 150 ] && [ ! -e /tmp/pg/stop ]; do
				n=$((n + 1))
				usleep 100000
			done
		done
	) &
	postgres_query=$!
}

postgres_stop() {
	: >/tmp/pg/stop
	ended "$postgres_client"
	ended "$postgres_query"
	# Told to end while it recovers from the last backend's death it says that it failed.
	echo max >"$groups_of_pids/soak-postgres/pids.max"
	tries=0
	until [ $tries -ge 600 ] || LD_LIBRARY_PATH=/servers/lib timeout -s KILL 30 "$pgbin/psql" -X -q -h /tmp/pg -U test -d postgres \
		-c 'select 1' >/dev/null 2>&1; do
		tries=$((tries + 1))
		usleep 100000
	done
	kill -INT "$(head -n 1 /tmp/pg/data/postmaster.pid)"
	ended "$postgres"
	status=$?
	echo "X postgres $status"
	[ $status = 0 ] || tail -n 3 /tmp/pg/log | sed 's/^/W postgres: /'
	# "2026-11-22 18:50:00.000 UTC [424] LOG:  could not fork new process for connection: Resource temporarily unavailable"
	sed -n 's/.* \[\([0-9]*\)\] .*could not fork .*: Resource temporarily unavailable.*/\1/p' /tmp/pg/log | sort | uniq -c |
		awk '{ print "V postgres " $2 " pids EAGAIN " $1 }'
	awk '$1 == "max" { print "M postgres pids.events max " $2 " pids" }' "$groups_of_pids/soak-postgres/pids.events"
	awk -v file="$memory_counter" '$1 == "oom_kill" { print "M postgres " file " oom_kill " $2 " oom-memcg" }' \
		"$groups_of_memory/soak-postgres/$memory_counter"
	grep -c 'was terminated by signal 9: Killed' /tmp/pg/log | awk '{ print "M postgres log killed " $1 " oom-memcg" }'
}
