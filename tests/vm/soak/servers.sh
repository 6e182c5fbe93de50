#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Puts Debian's nginx, apache2 and postgresql, as the tests of tests/live/servers unpacked them, with the
# libraries that they need into DIR, to be taken into a virtual machine as /servers.
#   servers.sh DIR
# shellcheck disable=SC1091,SC2034,SC2154,SC2153 # lib.bash sets what is not set here
set -euo pipefail
into=${1:?usage: servers.sh DIR}
. "$(dirname "${BASH_SOURCE[0]}")/../../live/servers/lib.bash"
# where lib.bash looks for fetch.sh
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../live/servers" && pwd)
servers_ready
root=${NGINX%/usr/sbin/nginx}
rm -rf "$into"
mkdir -p "$into/lib" "$into/modules" "$into/bin"
cp "$NGINX" "$APACHE" "$into/bin/"
cp "$MODULES/mod_mpm_prefork.so" "$MODULES/mod_authz_core.so" "$into/modules/"
# postgres finds its files by the way from its own place to them
version=$(basename "$(dirname "$PGBIN")")
mkdir -p "$into/usr/lib/postgresql/$version/bin" "$into/usr/lib/postgresql/$version/lib" "$into/usr/share/postgresql"
cp "$PGBIN/postgres" "$PGBIN/initdb" "$PGBIN/psql" "$into/usr/lib/postgresql/$version/bin/"
cp "$root/usr/lib/postgresql/$version/lib/"{plpgsql,dict_snowball}.so "$into/usr/lib/postgresql/$version/lib/"
cp -r "$root/usr/share/postgresql/$version" "$into/usr/share/postgresql/"
find "$into" -type f -perm -u+x -print0 | while IFS= read -r -d '' program; do
	LD_LIBRARY_PATH=$LIBS ldd "$program" 2>/dev/null | grep -o '=> /[^ ]*' | cut -c 4- || true
done | sort -u | xargs cp -Lt "$into/lib"
