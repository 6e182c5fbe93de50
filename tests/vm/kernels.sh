#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Brings the kernels that failcnt is tested on: Debian's cloud kernels, one for each line below.
#
#   kernels.sh fetch [-u] [VERSION...]   fetch what the cache lacks; -u looks for newer packages
#   kernels.sh list                      what is cached: version, release, directory
#   kernels.sh dir VERSION               the directory of a cached kernel
#   kernels.sh busybox                   fetch a static busybox too, and print where it is
#
# VERSION is 5.10, 6.1, 6.12, 6.18 or "newest" (the newest that trixie-backports has; it is kept
# under its real number, and "newest" is a link to it). Without VERSION: all of them.
#
# The cache is ${FAILCNT_VM_CACHE:-${XDG_CACHE_HOME:-~/.cache}}/failcnt/kernels/VERSION/ :
#   vmlinuz    to boot
#   btf        the raw BTF of its vmlinux: bpftool btf dump file btf
#   modules/   the few modules that tests load, uncompressed, and `order`: how to load them
#   release    as in uname -r
#
# The mirror is the one that the machine's own apt configuration names, and apt checks the
# signatures as usual; but apt works in directories of its own here, so that the system's package
# lists stay as they are, and no root rights are needed. Packages are unpacked, never installed.
set -euo pipefail

readonly known_versions=(5.10 6.1 6.12 6.18 newest)
# Nearly everything that is tested is built in, ext4 too; loop gives it a device of any size, and the
# others the format of its quota files. In the order in which they are loaded.
# tun makes a network whose neighbours do not answer; conntrack comes with the hooks that a firewall
# would set.
readonly wanted_modules=(loop quota_tree quota_v2 tun libcrc32c nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack fuse)

cache=${FAILCNT_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}}/failcnt
kernels=$cache/kernels
work=

say() { echo "kernels.sh: $*" >&2; }
die() { say "$*"; exit 1; }
cleanup() { if [[ -n $work ]]; then rm -rf "$work"; fi; }

# Security suites first: their index is small, and the newest kernel of a release is there.
suites_of() {
	case $1 in
	5.10) echo bullseye-security bullseye ;;
	6.1) echo bookworm-security bookworm ;;
	6.12) echo trixie-security trixie ;;
	busybox) echo bookworm ;;
	*) echo trixie-backports ;;
	esac
}

need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null || die "needs $1: apt-get install $2"
}

# The URI of the machine's own entry for "debian" or "debian-security", whatever its format.
mirror_of() { # debian|debian-security
	# shellcheck disable=SC2016  # apt expands it
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -m 1 -E "/$1/?\$"
}

keyring() {
	local file
	for file in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
		if [[ -e $file ]]; then echo "signed-by=$file"; return; fi
	done
	die "no Debian archive keyring: apt-get install debian-archive-keyring"
}

apt_in() { # SUITE COMMAND ARGS...
	local dir=$cache/apt/$1 tool=$2
	shift 2
	"$tool" -o Dir::State="$dir/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$dir/cache" \
		-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o APT::Sandbox::User="$(id -un)" \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 \
		-o Acquire::Languages=none -o Acquire::Retries=1 "$@"
}

three_times() {
	local try
	for try in 1 2 3; do
		if "$@" >"$work/log" 2>&1; then return 0; fi
		if ((try < 3)); then say "try $try failed, once more"; sleep $((try * 2)); fi
	done
	sed 's/^/kernels.sh:   /' "$work/log" >&2
	return 1
}

update_index() { # SUITE
	local dir=$cache/apt/$1 archive=debian uri
	if [[ $1 == *-security ]]; then archive=debian-security; fi
	uri=$(mirror_of "$archive") || true
	if [[ -z $uri ]]; then
		say "apt knows no $archive archive: add one to /etc/apt/sources.list.d"
		return 1
	fi
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	echo "deb [$(keyring)] $uri $1 main" >"$dir/sources.list"
	say "reading the index of $1"
	# Without --error-on=any a failed download is only a warning.
	three_times apt_in "$1" apt-get update --error-on=any
}

# Prints "SUITE PACKAGE" of the newest kernel of that version.
find_kernel() { # VERSION
	local version=$1 suite name pattern
	case $version in
	newest) pattern='^linux-image-[0-9.]+\+deb[0-9.]+-cloud-amd64$' ;;
	*) pattern="^linux-image-${version//./\\.}[.][0-9][^ ]*-cloud-amd64\$" ;;
	esac
	for suite in $(suites_of "$version"); do
		update_index "$suite" || continue
		name=$(apt_in "$suite" apt-cache search --names-only '^linux-image-.*-cloud-amd64$' |
			cut -d ' ' -f 1 | grep -E "$pattern" | sort -V | tail -n 1) || true
		if [[ -n $name ]]; then echo "$suite $name"; return 0; fi
	done
	return 1
}

download() { # SUITE PACKAGE: unpacks it into $work/root
	local deb
	say "downloading $2"
	mkdir -p "$work/deb" "$work/root"
	three_times apt_download "$1" "$2" || return 1
	for deb in "$work"/deb/*.deb; do
		dpkg -x "$deb" "$work/root"
		rm -f "$deb"
	done
}

apt_download() { (cd "$work/deb" && apt_in "$1" apt-get download "$2"); }

first_file() { find "$1" -type f -name "$2" -print -quit; }

has_package() { [[ -n $(apt_in "$1" apt-cache search --names-only "^${2//+/\\+}\$") ]]; }

le32() { # FILE OFFSET
	od -An -v -t u4 -j "$2" -N 4 "$1" | tr -d ' '
}

# A bzImage is a boot sector, setup_sects sectors of setup code, and the protected-mode part; the
# header (Documentation/arch/x86/boot.rst) tells where in that part the compressed vmlinux lies.
unpack_vmlinux() { # BZIMAGE OUTPUT
	local image=$1 out=$2 setup start length magic
	setup=$(od -An -v -t u1 -j $((0x1f1)) -N 1 "$image" | tr -d ' ')
	start=$(((setup + 1) * 512 + $(le32 "$image" $((0x248)))))
	length=$(le32 "$image" $((0x24c)))
	tail -c "+$((start + 1))" "$image" >"$work/payload"
	truncate -s "$length" "$work/payload"
	magic=$(od -An -v -t x1 -N 6 "$work/payload" | tr -d ' ')
	# All but gzip are followed by four bytes of size that their tools do not know.
	case $magic in
	1f8b*) gzip -dc <"$work/payload" >"$out" ;;
	fd377a585a00) need xz xz-utils; head -c -4 "$work/payload" | xz -dc >"$out" ;;
	28b52ffd*) need zstd zstd; head -c -4 "$work/payload" | zstd -dcq >"$out" ;;
	02214c18*) need lz4 lz4; head -c -4 "$work/payload" | lz4 -dcq >"$out" ;;
	*) die "$image: payload of an unknown format ($magic)" ;;
	esac
	rm -f "$work/payload"
}

extract_btf() { # VMLINUX OUTPUT
	local tool
	for tool in objcopy llvm-objcopy; do
		command -v "$tool" >/dev/null || continue
		"$tool" -O binary --dump-section ".BTF=$2" "$1" /dev/null 2>/dev/null || continue
		if [[ -s $2 ]]; then return 0; fi
	done
	command -v objcopy >/dev/null || die "needs objcopy: apt-get install binutils"
	die "no .BTF section in the vmlinux of this package"
}

copy_modules() { # RELEASE OUTPUT
	local name file
	mkdir -p "$2"
	: >"$2/order"
	for name in "${wanted_modules[@]}"; do
		file=$(first_file "$work/root" "$name.ko*")
		case $file in
		'') : >"$2/$name.none"; continue ;; # built in, or gone
		*.xz) need xz xz-utils; xz -dc "$file" >"$2/$name.ko" ;;
		*.zst) need zstd zstd; zstd -dcq "$file" >"$2/$name.ko" ;;
		*) cp "$file" "$2/$name.ko" ;;
		esac
		case $name in
		nf_conntrack) echo "$name.ko enable_hooks=1" ;;
		*) echo "$name.ko" ;;
		esac >>"$2/order"
	done
}

# With the modules that are wanted now: a cache may be older than this text.
is_cached() { # VERSION
	local name dir=$kernels/$1
	[[ -e $dir/release ]] || return 1
	for name in "${wanted_modules[@]}"; do
		[[ -e $dir/modules/$name.ko || -e $dir/modules/$name.none ]] || return 1
	done
}

fetch_kernel() { # VERSION
	local version=$1 suite package release real image new part parts
	if [[ -z $update ]] && is_cached "$version"; then
		say "$version: $(<"$kernels/$version/release") is cached"
		return 0
	fi
	begin_work
	# Another fetch may have brought it while we waited.
	if [[ -z $update ]] && is_cached "$version"; then return 0; fi
	read -r suite package < <(find_kernel "$version") || true
	if [[ -z ${package-} ]]; then
		die "$version: no kernel to be had. Is the network up? On a machine without one," \
			"copy $kernels/$version there from another, or set FAILCNT_VM_CACHE"
	fi
	release=${package#linux-image-}
	real=$version
	if [[ $version == newest ]]; then real=$(cut -d . -f 1,2 <<<"$release"); fi
	if ! is_cached "$real" || [[ "$(<"$kernels/$real/release")" != "$release" ]]
	then
		rm -rf "$work/root"
		# From 6.19 on the image package is empty and depends on one for each part.
		if has_package "$suite" "linux-binary-$release"; then
			parts=("linux-binary-$release" "linux-modules-$release")
		else
			parts=("$package")
		fi
		for part in "${parts[@]}"; do
			download "$suite" "$part" || die "$version: download failed"
		done
		image=$(first_file "$work/root" 'vmlinuz*')
		[[ -n $image ]] || die "$package holds no vmlinuz"
		new=$work/new
		rm -rf "$new"
		mkdir "$new"
		say "$real: unpacking $release"
		cp "$image" "$new/vmlinuz"
		unpack_vmlinux "$image" "$work/vmlinux"
		extract_btf "$work/vmlinux" "$new/btf"
		copy_modules "$release" "$new/modules"
		echo "$release" >"$new/release"
		rm -rf "${kernels:?}/$real" "$work/root" "$work/vmlinux"
		mv "$new" "$kernels/$real"
	fi
	if [[ $version == newest ]]; then ln -sfn "$real" "$kernels/newest"; fi
	say "$real: $release is ready"
}

fetch_busybox() {
	if [[ ! -x $cache/busybox ]]; then
		begin_work
		if ! { update_index bookworm && download bookworm busybox-static; }; then
			die "no busybox-static to be had: is the network up?"
		fi
		find "$work/root" -path '*/bin/busybox' -exec cp {} "$work/busybox" \;
		mv "$work/busybox" "$cache/busybox"
		say "a static busybox is ready"
	fi
	echo "$cache/busybox"
}

# One fetch at a time: the second waits, and then finds everything in the cache.
begin_work() {
	if [[ -n $work ]]; then return; fi
	need flock util-linux
	need apt-get apt
	need dpkg dpkg
	umask 022
	mkdir -p "$kernels"
	exec {lock}>"$cache/lock"
	flock -n "$lock" || { say "another fetch is running: waiting for it"; flock "$lock"; }
	rm -rf "$cache"/work.*  # left by one that was killed: we hold the lock
	work=$(mktemp -d "$cache/work.XXXXXX")
	trap cleanup EXIT
	trap 'exit 129' HUP INT TERM
}

list() {
	local dir
	for dir in "$kernels"/*/; do
		dir=${dir%/}
		[[ -e $dir/release && ! -L $dir ]] || continue
		printf '%s\t%s\t%s\n' "${dir##*/}" "$(<"$dir/release")" "$dir"
	done | sort -V
}

main() {
	local version command=${1-}
	shift || true
	case $command in
	fetch)
		update=
		if [[ ${1-} == -u ]]; then update=yes; shift; fi
		if (($# == 0)); then set -- "${known_versions[@]}"; fi
		for version in "$@"; do
			[[ $version == newest || $version =~ ^[0-9]+\.[0-9]+$ ]] ||
				die "$version: not a version (known: ${known_versions[*]})"
		done
		for version in "$@"; do fetch_kernel "$version"; done
		;;
	busybox) fetch_busybox ;;
	list) list ;;
	dir)
		version=${1-newest}
		is_cached "$version" ||
			die "$version is not cached: run kernels.sh fetch $version"
		(cd "$kernels/$version" && pwd -P)
		;;
	*)
		sed -n 's/^#   \(kernels.sh\)/usage: \1/p' "$0" >&2
		exit 2
		;;
	esac
}

# tests/bench/tools.sh takes its functions from here.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
