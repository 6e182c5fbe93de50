# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the results of judge.jq as a matrix: failures down, machines across; then what the letters
# mean, what failed, and one line of sums. Too few working cells on a machine (cells.txt) is a
# failure of that machine, and so are many that were only told as lost.

def pad($n): . + (" " * ([0, $n - length] | max));
def machine: "\(.kernel) \(.cgroup) \(.backend)";

[inputs] as $judged
| ($columns | split("\n") | map(select(. != ""))) as $machines
| (reduce ($cells | split("\n")[] | select(test("^[^#\\s]")) | [splits("[ \t]+")]) as $w
	({}; .["\($w[0]) \($w[1]) \($w[2])"] = ($w[3] | tonumber))) as $expected
| (reduce ($judged[] | select(.result | IN("ok", "lost", "again"))) as $r ({}; .[$r | machine] += 1)) as $working
| [$machines[] | . as $m | split(" ") as $w
   | {row: "cells", kernel: $w[0], cgroup: $w[1], backend: $w[2]}
     + if $part then {result: "enough", why: ""}
       elif $expected[$m] == null then {result: "FAIL", why: ["cells.txt has no line for it; \($working[$m] // 0) work"]}
       elif ($working[$m] // 0) < $expected[$m] then
		{result: "FAIL", why: ["\($working[$m] // 0) cells work, and \($expected[$m]) did"]}
       elif ([$judged[] | select(.result == "lost" and machine == $m)] | length) > 5 then
		{result: "FAIL", why: ["too many were missed, and only told as lost"]}
       elif $working[$m] > $expected[$m] then
		{result: "more", why: "\($working[$m]) cells work now: write it into cells.txt"}
       else {result: "enough", why: ""} end] as $counts
| [$judged[] | select(.result == "again")] as $again
| ($judged + [$counts[] | select(.result == "FAIL")]
   + if ($again | length) > 5 then [$again[] | .result = "FAIL" | .why = ["one of too many that worked only the second time"]]
     else [] end) as $all
| (reduce $all[] as $r ([]; if index([$r.row]) then . else . + [$r.row] end)) as $rows
| ([$all[] | select(.result == "cannot") | .why] | unique) as $reasons
| def cell($row; $m):
	([$all[] | select(.row == $row and machine == $m)]) as $r
	| if ($r | length) == 0 then ""
	  elif any($r[]; .result == "FAIL") then "FAIL"
	  elif $r[0].result == "ok" then "ok"
	  elif $r[0].result == "lost" then "ok~"
	  elif $r[0].result == "again" then "ok*"
	  else "-" + ([97 + ($reasons | index([$r[0].why]) // 25)] | implode) end;
  ("" | pad(21)) + ([$machines[] | split(" ") | .[0] + (if .[1] == "v1" then "/v1" else "" end)] | . as $names
	| [range(length) as $i | if $i == 0 or $names[$i] != $names[$i - 1] then $names[$i] else "" end | pad(7)] | join("")),
  ("" | pad(21)) + ([$machines[] | split(" ")[2] | {fexit: "fexit", kprobe: "kprobe", tracepoint: "tracep"}[.] // . | pad(7)] | join("")),
  ($rows[] as $row | ($row | pad(21)) + ([$machines[] as $m | cell($row; $m) | pad(7)] | join(""))),
  "",
  ($reasons | to_entries[] | "-\([97 + .key] | implode)  \(.value)"),
  (if any($all[]; .result == "lost") then "ok~ some were missed by a preempted hook, and told as lost:" else empty end),
  ($all[] | select(.result == "lost") | "    \(.row), \(machine): \(.why[0])"),
  (if $again != [] then "ok* failed first, and worked in a machine of its own:" else empty end),
  ($again[] | "    \(.row), \(machine): \(.why | join("; "))"),
  ($counts[] | select(.result == "more") | "\(machine): \(.why)"),
  ($all[] | select(.result == "FAIL") | "", "FAIL \(.row), \(machine)", (.why[] | "    \(.)")),
  "",
  "matrix: \([$all[] | select(.result | IN("ok", "lost", "again"))] | length) working cells, "
  + "\([$all[] | select(.result == "cannot")] | length) cannot, "
  + "\([$all[] | select(.result == "FAIL")] | length) failed, \($again | length) only the second time "
  + "(expected at least \([$machines[] | $expected[.] // 0] | add // 0)), \($machines | length) machines in \($seconds) s"
