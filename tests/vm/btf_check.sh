#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Does every field that bpf/ reads exist in every kernel of the matrix, and is it of that kind?
#
#   btf_check.sh [--kernels "5.10 6.1 ..."] [BUILD_DIR]   as kernels.sh names them (default: all of
#                                 the matrix); nothing is taken from BUILD_DIR or written there
#   btf_check.sh --self-test      breaks a copy of vmlinux.h in several ways: each must be found
#
# vmlinux/vmlinux.h is compiled into BTF and compared with each kernel's (btf_check.c). A field that
# some kernel lacks, or has in another shape, needs a comment "guarded: WHY" there, and in bpf/ a
# bpf_core_*_exists() that names it, its enum, or a guarded field of the same kernel type; and one of
# the kernels of the matrix must have it. Then
# bpf/failcnt.bpf.c is compiled for arm64 too. x86-64 kernels only. Exit status: 0 all is well;
# 1 something is not; 2 it could not be tried.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
top=$here/../..
header=$top/vmlinux/vmlinux.h
readonly matrix=(5.10 6.1 6.12 6.18 newest)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of another size in some kernels, and read so that it does no harm:
# a name stands between blanks
readonly sizes_may_differ=' user_namespace.ucount_max '

die() { echo "btf_check.sh: $*" >&2; exit 2; }

build_tool() {
	${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -o "$work/tool" "$here/btf_check.c" -lbpf ||
		die "btf_check.c does not compile: apt-get install libbpf-dev"
}

# Only types that something has are in BTF: an object of each.
build_types() { # HEADER OUTPUT
	local n=0 line
	{
		echo "#include \"$1\""
		"${CLANG:-clang}" -target bpf -D__TARGET_ARCH_x86 -E -P "$1" |
			sed -n -E -e 's/^(struct|enum) ([a-z_0-9A-Z]+) \{.*/\1 \2/p' \
				-e 's/^\} ([a-z_0-9A-Z]+_t);.*/\1/p' |
			while read -r line; do
				n=$((n + 1))
				echo "$line object_$n;"
			done
	} >"$work/types.c"
	# Enumerators of an enum without a name are in BTF when an object has that type: __typeof__.
	"${CLANG:-clang}" -target bpf -D__TARGET_ARCH_x86 -E -P "$1" |
		sed -n -E 's/^enum \{ *([A-Za-z_0-9]+).*/__typeof__(\1) of_\1;/p' |
		grep -v 'false' >>"$work/types.c" || true
	"${CLANG:-clang}" -g -O2 -target bpf -D__TARGET_ARCH_x86 -c "$work/types.c" -o "$2" ||
		die "$1 does not compile"
}

# "NAME WHY" of what a comment says is guarded.
guarded_names() { # HEADER
	grep -oE '[A-Za-z_][A-Za-z_0-9]*(\[[^]]*\])?( *= *[0-9]+)?[;,]? */\* *guarded: *[^*]+' "$1" |
		sed -E 's/^([A-Za-z_0-9]+)[^*]*\/\* *guarded: */\1 /'
}

# Every bpf_core_*_exists(...) in bpf/, on one line each.
guards() {
	cat "$top"/bpf/*.h "$top"/bpf/*.c | tr '\n\t' '  ' | grep -oE 'bpf_core_(field|enum_value|type)_exists\(([^()]|\([^()]*\))*\)'
}

named_in_guard() { grep -qE "(^|[^A-Za-z_0-9])$1([^A-Za-z_0-9]|\$)" <<<"$all_guards"; }

# The guarded fields of all flavours of a struct: a guard that asks for one decides about the others.
siblings() { # HEADER TYPE
	sed -n -E "/^struct ${2%%___*}(___[a-z_0-9]+)? \{/,/^\}/p" "$1" >"$work/struct"
	guarded_names "$work/struct" | cut -d ' ' -f 1
}

is_guarded() { # HEADER TYPE FIELD
	local name
	guarded_names "$1" | grep -q "^$3 " || return 1
	if named_in_guard "$3" || named_in_guard "enum $2"; then return 0; fi
	for name in $(siblings "$1" "$2"); do
		if named_in_guard "$name"; then return 0; fi
	done
	return 1
}

# Prints what is wrong, a line each; the number of fields goes to $work/compared.
check_kernel() { # HEADER OBJECT VERSION
	local dir type field what relocated
	dir=$("$here/kernels.sh" dir "$3" 2>/dev/null) || die "kernel $3 is not cached: kernels.sh fetch $3"
	relocated=$(grep -ohE 'bpf_core_enum_value\(enum [a-z_]+' "$top"/bpf/*.h | sed 's/.* //' | sort -u)
	# shellcheck disable=SC2086  # names of enums
	"$work/tool" "$2" "$dir/btf" $relocated >"$work/found" 2>"$work/compared" ||
		die "$(<"$work/compared")"
	while read -r type field what; do
		if is_guarded "$1" "$type" "$field"; then
			echo "$type.$field" >>"$work/absent"
			continue
		fi
		if [[ $what == *bytes* && $sizes_may_differ == *" $type.$field "* ]]; then continue; fi
		if guarded_names "$1" | grep -q "^$field "; then
			what+=" (it says guarded, but nothing in bpf/ asks whether it exists)"
		fi
		echo "$3: $type.$field $what"
	done <"$work/found"
}

check() { # HEADER VERSION...
	local copy=$1 version times field
	shift
	: >"$work/absent"
	all_guards=$(guards)
	build_types "$copy" "$work/types.o"
	for version in "$@"; do
		check_kernel "$copy" "$work/types.o" "$version"
	done
	if (($# < ${#matrix[@]})); then return; fi
	sort "$work/absent" | uniq -c | while read -r times field; do
		# The BTF here is the kernel's own, without its modules'.
		if grep -q "^struct ${field%%.*} { /\* of the module " "$copy"; then continue; fi
		if ((times == $#)); then echo "every kernel: $field is guarded, and none has it"; fi
	done
}

check_arm64() {
	"${CLANG:-clang}" -g -O2 -Wall -Werror -target bpf -D__TARGET_ARCH_arm64 -I"$top/vmlinux" -I"$top/bpf" \
		-c "$top/bpf/failcnt.bpf.c" -o "$work/arm64.o"
}

# One breakage each: a sed expression, and what must be said of it.
self_test() {
	local expression expected got failed=0
	got=$(check "$header" "${matrix[@]}")
	if [[ -n $got ]]; then die "the header itself does not pass: $got"; fi
	while IFS='|' read -r expression expected; do
		sed -E "$expression" "$header" >"$work/vmlinux.h"
		cmp -s "$header" "$work/vmlinux.h" && die "$expression changes nothing"
		got=$(check "$work/vmlinux.h" "${matrix[@]}")
		if grep -qF "$expected" <<<"$got"; then
			echo "found: $expected"
		else
			echo "NOT found: $expected (after $expression): $got"
			failed=1
		fi
	done <<-'END'
		s/^(struct task_struct \{)/\1 int no_such_field;/|task_struct.no_such_field is missing
		s/^(struct oom_control \{)/struct no_such_struct { int a; };\n\1/|no_such_struct.a is missing
		s/unsigned int flags;/void *flags;/|task_struct.flags is pointer here and int there
		s/^	int tgid;/	long tgid;/|task_struct.tgid has 8 bytes here and 4 there
		s/char comm\[16\];/int comm[16];/|task_struct.comm has 4 bytes here and 1 there
		s/struct css_set \*cgroups;/struct css_set cgroups;/|task_struct.cgroups is struct here and pointer there
		s/NR_FREE_PAGES/NR_NO_SUCH_PAGES/|zone_stat_item.NR_NO_SUCH_PAGES is missing
		s/BPF_MAP_TYPE_RINGBUF = 27/BPF_MAP_TYPE_RINGBUF = 26/|bpf_map_type.BPF_MAP_TYPE_RINGBUF is 26 here and 27 there
		s/^(struct oom_control \{)/\1 int no_such_field; \/* guarded: x *\//|no_such_field is missing (it says guarded
		s/parent; \/\* guarded: __parent/parent2; \/* guarded: __parent/|kernfs_node.parent2 is guarded, and none has it
	END
	return "$failed"
}

build_tool
if [[ ${1-} == --self-test ]]; then
	self_test
	exit
fi
kernels=("${matrix[@]}")
if [[ ${1-} == --kernels ]]; then
	read -r -a kernels <<<"${2-}"
	((${#kernels[@]})) || die "--kernels needs some"
elif [[ ${1-} == -* ]]; then
	die 'usage: btf_check.sh [--kernels "VERSION..."] [BUILD_DIR] | --self-test'
fi
wrong=$(check "$header" "${kernels[@]}")
if [[ -n $wrong ]]; then
	printf '%s\n' "$wrong" "btf_check: FAIL: $(wc -l <<<"$wrong") fields"
	exit 1
fi
check_arm64 || { echo "btf_check: FAIL: bpf/failcnt.bpf.c does not compile for arm64"; exit 1; }
echo "btf_check: ok: $(<"$work/compared") fields in each of: ${kernels[*]}; bpf/ compiles for arm64"
