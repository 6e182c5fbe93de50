#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Whether failcnt costs more than targets.txt allows.
#
#   judge.sh LOG...    the logs of run.sh (guest.sh tells what is in them); says what costs too much,
#                      and ends with "bench: N passed, N failed". What was not measured has failed
#   judge.sh -t        tests itself: each bound lets pass what just meets it and nothing above it
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly targets=$here/targets.txt

judge() { # LOG...
	awk '
	# How many instructions, or what part of base, a bound is.
	function allowed(bound, base, f) {
		if (bound == "0") return base / 1000 > 1 ? base / 1000 : 1
		if (bound ~ /%$/) return base * bound / 100
		split(bound, f, "*")
		return f[1] * f[2]
	}
	function added(row, op) { return ns[row, op] - nothing[machine[row], op] }
	# Of what was counted more than once. Of an even number the lower one.
	function middle(text, v, n, i, j, one) {
		n = split(text, v, " ")
		for (i = 2; i <= n; i++) {
			one = v[i]
			for (j = i - 1; j >= 1 && v[j] + 0 > one + 0; j--) v[j + 1] = v[j]
			v[j + 1] = one
		}
		return v[int((n + 1) / 2)]
	}
	function fail(text) { print "too much: " text; failed++ }
	# What took the place of a program that missed a call is another.
	function empty_of(row, op) { return "floor-" (moved[row, op] ? "classic" : row) }
	function judge_one(row, against, op, bound, than, base, more) {
		than = against == "nothing" ? "nothing" : empty_of(row, op)
		if (!((row, op) in ns) || !((than, op) in ns)) {
			fail(row ", " op ": not measured")
			return
		}
		more = added(row, op) - (than == "nothing" ? 0 : added(than, op))
		base = nothing[machine[row], op] + (than == "nothing" ? 0 : added(than, op))
		if (more > allowed(bound, base))
			fail(sprintf("%s, %s: %d above %s, %d are allowed (%s)", row, op, more, \
				against == "nothing" ? "nothing" : "empty programs", allowed(bound, base), bound))
		else
			passed++
	}
	FNR == NR {
		if (/^[a-z]/) { n++; row[n] = $1; against[n] = $2; op[n] = $3; bound[n] = $4; has[$1, $3] = 1 }
		next
	}
	$1 == "X" { fail($2 " " $3) }
	$1 != "L" { next }
	$2 == "nothing" { counts[FILENAME, $3] = counts[FILENAME, $3] " " $4 }
	!($2 in machine) { machine[$2] = FILENAME }
	machine[$2] == FILENAME { all[$2, $3] = all[$2, $3] " " $4 ($8 == "moved" ? "moved" : "") }
	END {
		for (key in counts) nothing[key] = middle(counts[key]) + 0
		for (key in all) {
			ns[key] = middle(all[key]) + 0
			moved[key] = middle(all[key]) ~ /moved/
		}
		for (i = 1; i <= n; i++) {
			backend = row[i] == "classic" ? "tracepoint" : row[i]
			classic = moved[backend, op[i]] && backend == "tracepoint"
			if (row[i] == "classic" && !classic) continue
			if (row[i] != "classic" && classic && has["classic", op[i]]) continue
			judge_one(backend, against[i], op[i], bound[i])
		}
		printf "bench: %d passed, %d failed\n", passed, failed
		exit failed > 0
	}' "$targets" "$@"
}

# A log in which each operation takes 100000, an empty program adds 1000, and failcnt nothing to it,
# but what is asked for: as much as it may, and MORE.
made_up() { # BACKEND OPERATION BOUND MORE
	awk -v asked_row="$1" -v asked="$2" -v bound="$3" -v more="$4" '
	!/^[a-z]/ { next }
	{
		row = $1 == "classic" ? "tracepoint" : $1
		ns[row " " $3] = base = $2 == "nothing" ? 100000 : 101000
		split($4, f, "*")
		if ($1 == asked_row && $3 == asked && $4 == bound)
			over = more + ($4 == "0" ? 100 : $4 ~ /%$/ ? base * $4 / 100 : f[1] * f[2])
		print "L nothing", $3, 100000
		print "L floor-" row, $3, 101000
		print "L floor-classic", $3, 101000
	}
	END {
		if (asked_row == "classic") { asked_row = "tracepoint"; word = "moved" }
		ns[asked_row " " asked] += over
		for (key in ns) print "L", key, ns[key], "= 2", ns[key], key == asked_row " " asked ? word : ""
	}' "$targets"
}

test_itself() {
	local row against operation bound text passed=0 failed=0 log
	log=$(mktemp)
	while read -r row against operation bound; do
		made_up "$row" "$operation" "$bound" 0 >"$log"
		text=$(judge "$log") || true
		if grep -qF "($bound)" <<<"$text"; then
			echo "$row, $operation: $against and $bound are too much: $text"
			failed=$((failed + 1))
		fi
		made_up "$row" "$operation" "$bound" 1 >"$log"
		if text=$(judge "$log") || ! grep -qF "($bound)" <<<"$text"; then
			echo "$row, $operation: one more than $bound passes: $text"
			failed=$((failed + 1))
		fi
		passed=$((passed + 1))
	done < <(grep '^[a-z]' "$targets")
	rm -f "$log"
	((passed > 0 && failed == 0)) || echo "bounds of make bench: $failed of $passed judge wrongly"
}

if [[ ${1-} == -t ]]; then test_itself; else judge "$@"; fi
