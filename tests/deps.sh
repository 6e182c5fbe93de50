#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs the Debian packages named that are missing, and nothing where none is: then neither root
# nor a network is needed. On another distribution it only names them.
set -euo pipefail

# There the names are others: a compiler that misses something says what.
if ! command -v dpkg-query >/dev/null; then
	echo "this is no Debian: nothing is installed, and needed is what these packages hold: $*" >&2
	exit 0
fi
missing=()
for package in "$@"; do
	dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
		missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "missing packages: run 'sudo apt-get install ${missing[*]}'" >&2
	exit 1
fi
echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }
for try in 1 2 3; do
	# Package lists may be missing or old: then the first try fails.
	if [ "$try" = 1 ] && compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; then
		install 2>/dev/null && exit 0
	fi
	apt-get update -qq || true
	install && exit 0
	sleep 2
done
echo "the packages could not be installed; try 'apt-get update' and 'apt-get install ${missing[*]}'" >&2
exit 1
