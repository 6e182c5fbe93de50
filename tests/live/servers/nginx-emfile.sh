#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# nginx at its descriptor limit. A worker with a low worker_rlimit_nofile gets more loopback connections than it has
# descriptors for: accept4() returns EMFILE, and nginx logs "accept4() failed (24: Too many open files)". The network
# namespace is the test's own, and the connections are few. After a refusal nginx leaves its listening socket alone for
# accept_mutex_delay: a long one makes it exactly one refusal.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154 # lib.bash sets what is not set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
in_namespaces --net --mount -- "$@"
on_exit
servers_ready
workdir

limit=24
"$IP" link set lo up
cat >"$work/nginx.conf" <<CONF
daemon off;
pid $work/nginx.pid;
error_log $work/error.log error;
worker_processes 1;
worker_rlimit_nofile $limit;
events { worker_connections 64; multi_accept off; accept_mutex_delay 30s; }
http {
	access_log off;
	client_body_temp_path $work/body;
	proxy_temp_path $work/proxy;
	fastcgi_temp_path $work/fastcgi;
	uwsgi_temp_path $work/uwsgi;
	scgi_temp_path $work/scgi;
	server { listen 127.0.0.1:8080; location / { return 204; } }
}
CONF

start "$NGINX" -p "$work/" -c "$work/nginx.conf" -e "$work/error.log"
accepts() { (: <>/dev/tcp/127.0.0.1/8080) 2>/dev/null; }
within 5 accepts || { cat "$work/error.log" >&2; die "nginx does not listen"; }

# Connections that say nothing: as many as the limit, and some of the limit is the worker's own
logged() { grep -q "accept4() failed (24: Too many open files)" "$work/error.log"; }
for ((i = 0; i < limit; i++)); do
	# shellcheck disable=SC2034
	exec {connection}<>/dev/tcp/127.0.0.1/8080
done
within 5 logged || { cat "$work/error.log" >&2; die "nginx did not complain"; }
sed -n '/accept4() failed (24/s/^/LOG: /p' "$work/error.log"

# "2026/11/22 05:30:00 [crit] 4711#4711: accept4() failed": the worker's pid is in the line
refused=$(sed -n '/accept4() failed (24/{s/^[^]]*\] \([0-9]*\)#.*/\1/p;q}' "$work/error.log")
held=$(find "/proc/$refused/fd" -mindepth 1 -maxdepth 1 | wc -l)
printf 'TRUTH: {"pid":%d,"comm":"%s","errno":"EMFILE","syscall":"accept4","resource":"nofile","held":%d,"limit":%d}\n' \
	"$refused" "$(<"/proc/$refused/comm")" "$held" "$limit"
