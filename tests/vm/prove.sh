#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The remedies, proven: for every resource that failcnt explains with a command, the command that it
# printed is run as it is, and what was refused then succeeds. In a virtual machine, because some
# limits are the whole host's.
#
#   prove.sh [-k KERNEL] [-c v1] [-b BACKEND] [-n NAMES] [-0] BUILD_DIR
#
#   -k KERNEL    as kernels.sh names it (default 6.12)
#   -c v1        cgroup v1, of a kernel that has it (6.1)
#   -b BACKEND   default: auto
#   -n NAMES     provocations (default: all that are about a resource)
#   -0           apply nothing: then each proof must fail, or it proves nothing
#
# A limit passes when one of its provocations was proven and none failed. A remedy of comments alone
# says what to do by hand: it is listed as such, and no test pretends. remedies.txt says which limits
# have a command; without -n each of these must have been proven, and no other.
set -euo pipefail

# shellcheck source=lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
kernel=6.12 cgroup=v2 backend=auto names='' nothing='' all=''
options 'k=kernel c=cgroup b=backend n=names 0!nothing' "$@"
output prove
make_provoke
need_kernels "$kernel"

# Name and resource, from the tables: {"sem-mni", sem_mni, "help", "semmni"},
tables=$(cat "$here"/../live/provoke*.c | tr '\n' ' ' | grep -oE '\{"[a-z0-9-]+", [a-z0-9_]+,[^{}]*"[a-z0-9-]+"\}' |
	sed -E 's/^\{"([a-z0-9-]+)",.*"([a-z0-9-]+)"\}$/\1 \2/')
# Floods add nothing, and of kills those whose limit can be raised.
if [[ -z $names ]]; then
	names=$(awk '$1 ~ /^oom-memcg(-nested)?$/ || $1 !~ /^oom-|flood|many/ { print $1 }' <<<"$tables")
	all=yes
fi

# The tools that remedies name, as they are here: busybox lacks some, and some options of others.
more=()
export PATH=$PATH:/usr/sbin:/sbin
for tool in prlimit setquota mount nsenter ipcs ipcrm; do
	path=$(command -v "$tool") || die "needs $tool: apt-get install util-linux mount quota"
	more+=(-f "$path:/usr/bin/$tool")
done
# What the file systems of provoke_space.c are copied from, as in matrix.sh.
command -v mke2fs >/dev/null || die "needs mke2fs: apt-get install e2fsprogs"
rm -f "$out/ext4.img"
mke2fs -q -t ext4 -b 1024 -N 32 -m 10 -O quota,project \
	-E quotatype=usrquota:grpquota:prjquota "$out/ext4.img" 4M 2>"$out/mke2fs.log" ||
	die "no ext4 image: $(<"$out/mke2fs.log")"
words=()
for name in $names; do
	words+=("$name=$(awk -v name="$name" '$1 == name { print $2 }' <<<"$tables")")
done
status=0
if [[ $cgroup == v1 ]]; then more+=(-a failcnt.cgroup=v1); fi
"$here/run.sh" -k "$kernel" -m 768 -N -b -t 900 "${more[@]}" -e PATH=/usr/bin:/bin -e "NOTHING=$nothing" \
	-f "$out/ext4.img:/ext4.img" -f "$out/failcnt:/failcnt" -f "$out/provoke:/provoke" -f "$here/prove_guest.sh:/guest" \
	-- /bin/sh /guest "$backend" "${words[@]}" >"$out/log" 2>"$out/err" || status=$?
((status == 0)) || { tail -n 5 "$out/err" >&2; die "the machine ended with status $status"; }

awk -v tables="$tables" -v nothing="$nothing" -v all="$all" -v cgroup="$cgroup" '
	BEGIN {
		n = split(tables, lines, "\n")
		for (i = 1; i <= n; i++) { split(lines[i], w, " "); resource[w[1]] = w[2] }
	}
	FNR == NR { # remedies.txt
		if ($0 !~ /^#/ && split($0, part, / *\| */) >= 3) {
			way = part[3]
			sub(/:.*/, "", way)
			listed[part[1] " | " part[2]] = way
		}
		next
	}
	function verdict(text) {
		if (text == "proved") ok[key] = ok[key] " " name
		else if (text == "by hand") hand[key] = 1
		else bad[key] = bad[key] "\n    " name ": " text
		seen[key] = of[resource[name]] = 1
	}
	function close_one() {
		if (name == "") return
		if (nothing && proved == "true") verdict("succeeds without a remedy: its proof is none")
		else if (nothing && proved == "false") verdict("proved")
		else if (proved == "true") verdict("proved")
		else if (skipped) skip[resource[name]] = skip[resource[name]] " " name
		else if (!event) unseen[resource[name]] = unseen[resource[name]] " " name
		else if (fixes == "") verdict("no remedy was printed: " why)
		else if (!commands) verdict("by hand")
		else if (why != "") unproved[key] = unproved[key] " " name
		else verdict((ran ? "the remedy ended with status " ran : "tried again and refused again") ":" fixes outs)
	}
	function text_of(field,   s) {
		if (!match($0, "\"" field "\":\"[^\"]*\"")) return "-"
		s = substr($0, RSTART, RLENGTH - 1)
		sub(/.*":"/, "", s)
		return s
	}
	$1 == "begin" { close_one(); name = $2; key = resource[name] " | -"; proved = fixes = outs = why = ""; event = commands = ran = skipped = 0 }
	$1 == "fix" { fixes = fixes "\n        " substr($0, 5); if ($2 !~ /^#/) commands = 1 }
	$1 == "event" { event = 1; key = text_of("resource") " | " text_of("limit_name") }
	$1 == "ran" { ran = $2 }
	$1 == "out" { outs = outs "\n        > " substr($0, 5) }
	$1 == "none" { why = substr($0, 6); if (/"skip":/) skipped = 1 }
	$1 == "truth" && /"skip":/ { skipped = 1 }
	$1 == "truth" && /"proved":/ { proved = /"proved":true/ ? "true" : "false" }
	END {
		close_one()
		for (k in unproved) if (!ok[k]) { bad[k] = bad[k] "\n    a command, and nobody tried it:" unproved[k]; seen[k] = 1 }
		# Whether each is seen is for matrix.sh; that none was leaves nothing to prove.
		for (r in unseen) if (!of[r]) { bad[r] = bad[r] "\n    no event was seen:" unseen[r]; seen[r] = 1 }
		for (r in skip) if (!of[r]) { print "skip " r " (" skip[r] " cannot run there)"; skipped_n++ }
		for (k in listed) {
			due = listed[k] == "command" || listed[k] == "command on " cgroup
			if (all && due && !(k in ok)) { bad[k] = bad[k] "\n    remedies.txt says that it has a command, and none was proven"; seen[k] = 1 }
		}
		for (k in seen) {
			if ((k in ok) && listed[k] !~ /^command/) bad[k] = bad[k] "\n    has a command that works, and remedies.txt does not say so"
			if (bad[k] != "") failed++
			else if (ok[k]) { print "ok " k ": " (nothing ? "refused until the remedy comes" : "the remedy works") " (" substr(ok[k], 2) ")"; passed++ }
			else { print "ok " k ": to be done by hand, and says so"; passed++ }
		}
		for (k in bad) if (bad[k] != "") print "FAIL " k bad[k]
		printf "prove: %d passed, %d failed, %d skipped\n", passed, failed, skipped_n
		exit failed > 0
	}' "$here/remedies.txt" "$out/log"
