#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# apache2 with `Mutex sysvsem` where no semaphore set is left: the classic "No space left on device" of a disk that has
# plenty. An IPC namespace of its own is given room for a few sets (kernel.sem[3], SEMMNI), all of which are taken before
# the server starts. semget() then gets ENOSPC, and apache gives up with AH00023. (It has two ports because prefork
# makes its accept mutex only where there is more than one.)
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154 # lib.bash sets what is not set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
in_namespaces --ipc --net --mount -- "$@"
on_exit
servers_ready
workdir

sets=4
echo "32000 1024000000 500 $sets" >/proc/sys/kernel/sem
for ((i = 0; i < sets; i++)); do
	ipcmk -S 1 >/dev/null || die "could not take semaphore set $i"
done
"$IP" link set lo up

cat >"$work/httpd.conf" <<CONF
ServerRoot "$work"
ServerName localhost
Listen 127.0.0.1:8080
Listen 127.0.0.1:8081
User #65534
Group #65534
PidFile "$work/httpd.pid"
ErrorLog "$work/error.log"
LoadModule mpm_prefork_module "$MODULES/mod_mpm_prefork.so"
LoadModule authz_core_module "$MODULES/mod_authz_core.so"
DefaultRuntimeDir "$work"
StartServers 1
Mutex sysvsem
CONF

start "$APACHE" -f "$work/httpd.conf" -E "$work/error.log" -D FOREGROUND
refused=$pid
logged() { grep -q "No space left on device: AH00023" "$work/error.log" 2>/dev/null; }
within 8 logged || { cat "$work/error.log" >&2; die "apache2 did not complain"; }
sed -n '/AH00023/s/^/LOG: /p' "$work/error.log"
printf 'TRUTH: {"pid":%d,"comm":"apache2","errno":"ENOSPC","syscall":"semget","resource":"semmni","held":%d,"limit":%d}\n' \
	"$refused" "$sets" "$sets"
