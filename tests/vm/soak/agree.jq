# SPDX-License-Identifier: GPL-2.0-only
#
# The backends beside each other: of each resource how many were told of how many that really happened. What the
# load made is the same each time, for the seed was: there each backend must have told the same. The servers and
# stress-ng get as far as the machine is fast: there each must have told what happened in its own run.
# Input: truth.jq's lines of sums, one of a backend.
def pad($n): tostring | . + (" " * ([$n - length, 1] | max));
def left($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def total: add // 0;
def percent($of): if $of == 0 then "-" else (. * 100000 / $of | floor / 1000 | tostring) end;

. as $runs
| [[.[].rows[].what] | unique[] as $what
   | [$runs[] | [.rows[] | select(.what == $what)][0] // {truth: 0, told: 0, missed: 0, invented: 0}] as $of
   | {what: $what, $of, made: ($of | any(.made)), truth: ($of | map(.truth) | total), told: ($of | map(.told) | total),
      missed: ($of | map(.missed) | total), invented: ($of | map(.invented) | total)}
   | .agree = (($of | all(.missed + .invented == 0 or .excused))
	and ((.made | not) or ($of | map([.truth, .told]) | unique | length == 1)))] as $rows
| [$rows[] | select(.agree | not)] as $off
| [$rows[] | select(.made)] as $made
| "\("    told/really" | pad(34))\([$runs[].backend | left(16)] | join(""))\("missed" | left(8))\("invented" | left(10))\("precision" | left(11))\("recall" | left(8))\("agree" | left(7))",
  ($rows | sort_by(.made | not)[]
   | "    \(.what | pad(30))\([.of[] | "\(.told)/\(.truth)" | left(16)] | join(""))\(.missed | left(8))\(.invented | left(10))"
	+ "\(. as $r | .told - .invented | percent($r.told) | left(11))\(. as $r | .truth - .missed | percent($r.truth) | left(8))"
	+ (if .agree then "yes" else "NO" end | left(7))),
  ($off[] | "FAIL agree: \(.what): \([range($runs | length) as $i | "\($runs[$i].backend) told \(.of[$i].told) of \(.of[$i].truth)"] | join(", "))"),
  if $off == [] and ($runs | length) > 1 and ($made | length) > 0
  then "ok agree: \([$runs[].backend] | join(", ")) told the same \([$made[].of[0].told] | total) refusals and deaths of the load, of \($made | length) kinds; of all else each told what happened"
  else "    not all backends told the same" end
