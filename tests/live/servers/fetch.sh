#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Gets real servers (apache2, nginx, postgresql) and real clients (curl, dnsmasq as the resolver's other end) for the
# tests beside this file, without installing them: the packages of the machine's own distribution are downloaded and
# unpacked into a cache with dpkg -x. No maintainer script runs, no service starts, nothing outside the cache changes.
# Only what is missing here comes along: the named packages, and those of their libraries that are not installed.
#
# usage: fetch.sh        prints the directory the packages were unpacked in; does nothing when it is complete
# FAILCNT_CACHE          where to keep it (default ${XDG_CACHE_HOME:-$HOME/.cache}/failcnt)
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154 # lib.bash sets what is not set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

# Packages needed whatever is installed: a test must not depend on the version that the machine happens to have.
wanted=(apache2-bin libapr1 libaprutil1 nginx nginx-common curl libcurl4 dnsmasq-base iproute2)

log() { echo "fetch: $*" >&2; }

# postgresql is an empty package that depends on the server of this release (15 in Debian 12)
postgres_packages() {
	local server
	server=$(apt-cache depends --no-recommends --no-suggests postgresql |
		sed -n 's/^ *Depends: \(postgresql-[0-9]*\)$/\1/p' | head -n 1)
	[[ $server ]] || return 1
	echo "$server ${server/postgresql-/postgresql-client-} libpq5"
}

# The libraries that the wanted packages need and that are not installed here. Perl, LLVM (only for postgres's JIT, which
# is off) and packages of scripts are left out.
missing_libraries() {
	apt-get -s -qq --no-install-recommends install "$@" |
		awk '$1 == "Inst" && $2 ~ /^lib/ && $2 !~ /^libllvm|perl|-dev$/ { print $2 }'
}

download_once() {
	local postgres libraries
	postgres=$(postgres_packages) || return 1
	# shellcheck disable=SC2086
	set -- "${wanted[@]}" $postgres
	libraries=$(missing_libraries "$@") || return 1
	# shellcheck disable=SC2046,SC2086
	set -- $(printf '%s\n' "$@" $libraries | sort -u)
	log "downloading: $*"
	# a warning about the _apt user not reaching the directory is expected for root, and harmless
	(cd "$debs" && apt-get -q -o Acquire::Retries=3 download "$@" >&2)
}

# apt-get update writes the system's package lists; only root may, and only after the lists turned out too old
download() {
	local try
	for try in 1 2 3; do
		download_once && return 0
		rm -f "$debs"/*.deb
		log "try $try failed; updating the package lists"
		apt-get -q update >&2 || log "apt-get update failed"
		sleep "$try"
	done
	return 1
}

# Everything runs: no library is missing, and the programs say their version
complete() {
	[[ -e $servers/root/.complete ]] && programs_run
}

programs_run() {
	server_env "$servers/root"
	[[ -x $APACHE && -x $NGINX && -x $CURL && -x $DNSMASQ && -x $IP && -x $PGBIN/postgres && -x $PGBIN/initdb ]] || return 1
	(
		export LD_LIBRARY_PATH=$LIBS
		"$APACHE" -v && "$NGINX" -v && "$CURL" --version && "$DNSMASQ" --version && "$IP" -V &&
			"$PGBIN/postgres" --version && "$PGBIN/initdb" --version && "$PGBIN/psql" --version
	) >"$servers/versions" 2>&1
}

mkdir -p "$servers"
exec 9>"$servers/lock"
flock -w 300 9 || { log "another fetch holds $servers/lock"; exit 1; }
if ! complete; then
	debs=$(mktemp -d "$servers/debs.XXXXXX")
	fresh=$(mktemp -d "$servers/fresh.XXXXXX")
	trap 'rm -rf "$debs" "$fresh"' EXIT
	download || { log "download failed"; exit 1; }
	log "$(find "$debs" -name '*.deb' | wc -l) packages, $(du -sk "$debs" | cut -f 1) KiB"
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$fresh"
	done
	chmod 755 "$fresh"
	touch "$fresh/.complete"
	rm -rf "$servers/root"
	mv "$fresh" "$servers/root"
	programs_run || { log "a program does not run:"; cat "$servers/versions" >&2; rm -f "$servers/root/.complete"; exit 1; }
fi
echo "$servers/root"
