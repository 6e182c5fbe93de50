# SPDX-License-Identifier: GPL-2.0-only
#
# Compares what failcnt told during a soak with what the kernel's event tracing wrote down. $names is
# an object from the numbers of system calls to their names. Prints the mistakes, and a line of sums.

def rest($n): split(" ")[$n:] | join(" ");

reduce inputs as $l ({events: [], witness: [], stressors: [], sums: {}, said: []};
	($l | split(" ")) as $w
	| if $w[0] == "E" then .events += [$l[2:] | fromjson? // {event: "not JSON"}]
	  elif $w[0] == "T" then .witness += [{tid: ($w[1] | tonumber), call: ($names[$w[2]] // $w[2]),
					       errno: ($w[3] | tonumber), n: ($w[4] | tonumber)}]
	  elif $w[0] == "S" then .stressors += [{name: $w[1], status: ($w[2] | tonumber)}]
	  elif $w[0] == "X" then .sums[$w[1]] = ($w[2] | tonumber)
	  elif $w[0] == "W" then .said += [$l[2:]] else . end)
| {E2BIG: 7, EAGAIN: 11, ENOMEM: 12, EINVAL: 22, ENFILE: 23, EMFILE: 24, EFBIG: 27, ENOSPC: 28, ERANGE: 34,
   EADDRNOTAVAIL: 99, ENOBUFS: 105, EDQUOT: 122} as $numbers
| [.events[] | select(.event == "refused")] as $told
| ([.events[] | select(.event == "lost") | .lost] | add // 0) as $lost
# What the tracepoint of system calls can bear witness of: an errno that a call returned.
| [$told[] | select(.errno != null and .pid != null and .syscall != null and $numbers[.errno] != null
		    and (.resource | IN("neighbours", "stack", "cpu", "fsize") | not))] as $mine
| (reduce .witness[] as $w ({}; .["\($w.tid) \($w.call) \($w.errno)"] += $w.n)) as $by_tid
| (reduce .witness[] as $w ({}; .["\($w.errno)"] += $w.n)) as $by_errno
| ([$mine[] | select(.count == null)
    | select(($by_tid["\(.tid) \(.syscall) \($numbers[.errno])"] // 0) == 0)]) as $invented
| ([$told[] | select(.certain and .held != null and .limit != null and .count == null)
    | select(.held + (.asked // 0) <= .limit)]) as $contradict
| ([$told[] | select(.errno == "EMFILE" or .errno == "ENFILE") | .count // 1] | add // 0) as $files
| (($by_errno["24"] // 0) + ($by_errno["23"] // 0)) as $files_seen
| (reduce $told[] as $e ({}; .[$e.resource] += ($e.count // 1))) as $sums
| [if (.stressors | length) == 0 then "no stressor ran" else empty end,
   if (.witness | length) == 0 then "the witness saw nothing" else empty end,
   if .sums.status != 0 then "failcnt ended with status \(.sums.status)" else empty end,
   if (.sums.overrun // 0) != 0 then "the witness lost \(.sums.overrun) events" else empty end,
   ($invented[:8][] | "told, and no call ended so: \({pid, tid, comm, resource, errno, syscall, held, limit} | tojson)"),
   ($contradict[:8][] | "certain, and its own numbers say no: \({pid, comm, resource, errno, syscall, held, asked, limit} | tojson)"),
   (if $files > $files_seen then "\($files) EMFILE and ENFILE told, \($files_seen) happened" else empty end),
   (if $files + $lost < $files_seen then "\($files) EMFILE and ENFILE told and \($lost) lost, \($files_seen) happened" else empty end)]
  as $mistakes
| ($mistakes[] | "FAIL soak \($backend): \(.)"),
  (if $mistakes == [] then "ok soak \($backend)" else empty end),
  "    \(.stressors | length) stressors, the witness saw \([.witness[].n] | add // 0) errnos; told by resource: \($sums | tojson), lost \($lost)",
  (if ($files_seen > 0) then "    EMFILE and ENFILE: \($files) told of \($files_seen)" else empty end)
