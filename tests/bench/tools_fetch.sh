#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Brings what users would take instead of failcnt, from Debian's packages: a cpio archive with the
# programs and the libraries that they need, below /tools, for the machines of tools.sh. Packages are
# unpacked, never installed, the same way and from the same mirror as the kernels (tests/vm/kernels.sh).
#
#   tools_fetch.sh       fetches what the cache lacks; prints its directory, which holds tools.cpio
#                        and `versions`: a line for each package
#
# The suite is that of the 6.12 kernel: who runs that has these.
set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=../vm/kernels.sh
. "$bench/../vm/kernels.sh"

readonly tools_suite=trixie
readonly packages=(bpftrace libbpf-tools linux-perf strace auditd)
# Without /etc/localtime each line that opensnoop prints is a failed open, which it prints.
readonly with=(tzdata)
readonly programs=(usr/bin/bpftrace usr/sbin/opensnoop-libbpf usr/sbin/syscount-libbpf usr/bin/perf
	usr/bin/strace usr/sbin/auditctl usr/sbin/auditd)
readonly libraries=usr/lib/x86_64-linux-gnu loader=usr/lib64/ld-linux-x86-64.so.2
tools=$cache/tools/$tools_suite-$(cksum <"${BASH_SOURCE[0]}" | cut -d ' ' -f 1)

# With all that they depend on: apt believes that nothing is installed.
apt_download_all() {
	apt_in "$tools_suite" apt-get install -y --download-only --no-install-recommends \
		-o Dir::Cache::archives="$work/archives" "${packages[@]}" "${with[@]}"
}

# The program, the libraries that the loader finds for it, and the loader.
copy_program() { # ROOT PATH TO
	local file
	{
		printf '%s\n' "$1/$2" "$1/$loader"
		"$1/$loader" --library-path "$1/$libraries" --list "$1/$2" | grep -o "$1/[^ ]*"
	} | while read -r file; do
		mkdir -p "$3/$(dirname "${file#"$1"/}")"
		cp -Lu "$file" "$3/${file#"$1"/}"
	done
}

build_archive() {
	local deb program root=$work/root to=$work/part/tools
	mkdir -p "$root" "$to"/{proc,sys,dev,tmp,run,var/log/audit,var/run,etc/audit} "$work/new"
	for deb in "$work"/archives/*.deb; do dpkg -x "$deb" "$root"; done
	for program in "${programs[@]}"; do copy_program "$root" "$program" "$to"; done
	ln -s usr/lib64 "$to/lib64"
	ln -s usr/lib "$to/lib"
	ln -s usr/bin "$to/bin"
	echo root:x:0:0:root:/root:/bin/sh >"$to/etc/passwd"
	printf '%s\n' root:x:0: adm:x:4: >"$to/etc/group"
	cp -L "$root/usr/share/zoneinfo/Etc/UTC" "$to/etc/localtime"
	cp "$root/etc/audit/auditd.conf" "$to/etc/audit/"
	(cd "$work/part" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet) >"$work/new/tools.cpio"
	for program in "${packages[@]}"; do
		deb=$(find "$work/archives" -name "${program}_*.deb")
		echo "$program $(dpkg-deb -f "$deb" Version)"
	done >"$work/new/versions"
}

fetch_tools() {
	if [[ -e $tools/versions ]]; then return; fi
	need cpio cpio
	begin_work
	if [[ -e $tools/versions ]]; then return; fi
	mkdir -p "$work/archives/partial"
	if ! { update_index "$tools_suite" && say "downloading ${packages[*]}" &&
		three_times apt_download_all; }; then
		die "no tools to be had: is the network up?"
	fi
	build_archive
	mkdir -p "$cache/tools"
	rm -rf "$cache/tools/$tools_suite"-*
	mv "$work/new" "$tools"
	say "${packages[*]} are ready"
}

fetch_tools >&2
echo "$tools"
