# SPDX-License-Identifier: GPL-2.0-only
#
# Compares what failcnt saw in one virtual machine with the truth that provoke counted, and with
# what the kernel's log says: the lines of guest.sh in, one result for each row of the matrix out.
#
#   jq -nRc --arg kernel 6.12 --arg backend fexit --arg cgroup v2 --argjson names '["nofile-dup"]' \
#      --rawfile reasons reasons.txt --argjson exit 0 -f judge.jq
#
# Result: {row, kernel, backend, cgroup, result, why}; result is ok, lost (missed, and told as
# lost), cannot (why is the reason) or FAIL (why lists what was expected and what was seen).

include "judge_oom" {"search": "./"};
include "judge_wanted" {"search": "./"};

def rest($n): split(" ")[$n:] | join(" ");

# Lines of guest.sh -> one object.
def collect:
	reduce inputs as $l ({info: {}, doctor: [], auto: [], began: {}, truth: {}, ended: {}, noise: {},
			      events: [], said: [], log: [], status: {}};
		($l | split(" ")) as $w | $w[0] as $kind
		| if $kind == "I" then .info[$w[1]] = ($l | rest(2))
		elif $kind == "D" then .doctor += [$l[2:]]
		elif $kind == "A" then .auto += [$l[2:]]
		elif $kind == "B" then .began[$w[1]] = ($w[2] | tonumber)
		elif $kind == "T" then .truth[$w[1]] = ($l | rest(2) | fromjson? // {skip: "no JSON"})
		elif $kind == "X" then .ended[$w[1]] = {status: ($w[2] | tonumber), at: ($w[3] | tonumber)}
		elif $kind == "P" then .noise[$w[1]] += [$l | rest(2)]
		elif $kind == "E" then .events += [$l[2:] | fromjson? // {event: "not JSON"}]
		elif $kind == "W" then .said += [$l[2:]]
		elif $kind == "K" then .log += [$l[2:]]
		elif $kind == "Z" then .status[$w[1]] = ($w[2] | tonumber)
		else . end);

def brief: del(.schema, .boot_id, .run, .host, .exe, .started_at, .time, .says, .fix, .parent_comm) | tojson;

# Losses at hooks, told from the beginning of this provocation to the sweep after its end.
def losses($m; $name):
	[$m.events[] | select(.event == "lost" and .stage == "hook"
			      and .uptime_us >= $m.began[$name] * 1e6
			      and .uptime_us <= ($m.ended[$name].at + 2.5) * 1e6) | .lost] | add // 0;

# The witness: what the program itself counted agrees with what happened to it.
def witness:
	if .status and .status % 128 != 9 then ["wait status \(.status), and not SIGKILL"] else [] end
	+ if .oom_kill and .oom_kill < 1 then ["memory.events counts no kill"] else [] end
	+ if .events_max and .events_max < 1 then ["pids.events counts no refusal"] else [] end;

# A flood: told whole, folded or lost, but told.
def flood($m; $resource):
	. as $t | losses($m; $t.what) as $lost
	| [$m.events[] | select(.event == "refused" and .pid == $t.pid)] as $seen
	| ([$seen[] | .count // 1] | add // 0) as $sum
	| {mistakes: ([$seen[] | misfits({resource: $resource, errno: $t.errno, limit: $t.limit, backend: $m.backend})[]]
		+ [$seen[] | select(.count == null) | misfits({held: $t.held, certain: true})[]]
		+ if $sum > $t.n then ["\($sum) told of \($t.n)"] else [] end
		+ if $sum + $lost < $t.n then ["\($sum) told and \($lost) lost of \($t.n)"] else [] end
		| unique),
	   missing: ($t.n - $sum)};

# The same of a provocation that says itself what must be seen; held is that of the whole records.
def expected_flood($m):
	. as $t | expected($t; $m) as $e | losses($m; $t.what) as $lost
	| [own_events($t; $m)[] | select(.resource == $e.resource)] as $seen
	| ([$seen[] | .count // 1] | add // 0) as $sum
	| {mistakes: ([$seen[] | misfits({errno: $e.errno, backend: $e.backend})[]]
		+ [$seen[] | select(.count == null) | misfits($e)[]]
		+ if $sum > $t.n then ["\($sum) told of \($t.n)"] else [] end
		+ if $sum + $lost < $t.n then ["\($sum) told and \($lost) lost of \($t.n)"] else [] end
		| unique),
	   missing: ($t.n - $sum)};

def killed_by_provoke: .event == "killed" and .by_comm == "provoke";

def of_pids($t; $m):
	($t | pids_of) as $pids
	| (if $t.expect then own_events($t; $m)
	   elif $t.dies and $t.limit_reached != false then [$m.events[] | select(.event == "killed" and (.pid | IN($pids[])))]
	   else [$m.events[] | select((.event == "refused" or .event == "killed") and (.pid | IN($pids[])))] end)
	# Numbers of processes are given again, and provoke kills what it leaves.
	| map(select(.uptime_us >= $m.began[$t.what] * 1e6 - 1e5 and .uptime_us <= $m.ended[$t.what].at * 1e6 + 5e5
		     and ($t.dies or (killed_by_provoke | not))))
	# After its ENFILE the program asks for one file more, to look at the count.
	| if $t.what == "file-max" then map(select(.object != "/proc/sys/fs/file-nr")) else . end;

def single($m):
	. as $t | wanted($m) as $wanted
	| (of_pids($t; $m) | if $t.what == "nofile-many" or $t.dies then sort_by(.pid)
			     # Either may come first.
			     elif $t.what == "oom-and-pids" then sort_by(.event) | reverse
			     else sort_by(.seq) end) as $seen
	| ($wanted | if $t.what == "nofile-many" or $t.dies then sort_by(.pid) else . end) as $wanted
	| ($wanted | length) as $n
	| {mistakes:
		(if ($seen | length) > $n then ["\($seen | length) told of \($n): \($seen | map(brief) | join("\n    "))"]
		elif ($seen | length) < $n and losses($m; $t.what) < $n - ($seen | length) then
			["\($seen | length) told of \($n), \(losses($m; $t.what)) lost"]
			+ if $n < 9 then [$seen[] | brief] else [] end
		elif ($seen | length) == $n then
			[range($n) as $i | $seen[$i] | misfits($wanted[$i] + if .trigger_pid == null then {} else sizes($m) end)[]]
		else [] end
		+ if $t.what == "oom-group" and ($seen | length) == $n
			and (($seen | map(.pid) | sort) != ($t.pids | sort) or any($seen[1:][]; .cause != "oom-group")) then
			["one record for each of \($t.pids), all but the first oom-group: seen "
			 + ($seen | map({pid, cause}) | tojson)] else [] end),
	   missing: ([0, $n - ($seen | length)] | max)};

# The counter that moved with a refused fork is told with it, as its own, and not once more by itself.
def own_pids($m):
	. as $t | (of_pids($t; $m)[0].seq // -1) as $seq
	| [$m.events[] | select(.event == "counted" and .owner == "cgroup:\($t.pids_cgroup)"
				and any(.failcnt[]?; .resource == "pids")) | "told of its own: \(brief)"]
	+ if any($m.events[]; .event == "followup" and .of_seq == $seq
		 and any(.failcnt[]?; .resource == "pids" and .relation == "own" and .delta == $t.n
			 and .failcnt == $t.events_max and .limit == $t.expect.limit
			 and .owner == "cgroup:\($t.pids_cgroup)"
			 and .source == (if $m.cgroup == "v2" then "cgroup2" else "cgroup1" end)))
	  then [] else ["no followup of \($seq) with its own pids row: "
			+ ([$m.events[] | select(.of_seq == $seq) | brief] | join("; "))] end;

# With a kill comes by how much a row had moved in the minute before.
def led_by_counters($m):
	. as $t | (of_pids($t; $m)[0].seq // -1) as $seq
	| if any($m.events[]; .event == "followup" and .of_seq == $seq
		 and any(.failcnt[]?; .owner == $t.moved.owner and .resource == $t.moved.resource
			 and (.before // 0) + .delta == $t.moved.sum))
	  then [] else ["no followup of \($seq) with \($t.moved | tojson): "
			+ ([$m.events[] | select(.of_seq == $seq) | brief] | join("; "))] end;

# The fork's row belongs to the fork; with the kill it is a coincidence, where it is told at all.
def coincident_pids($m):
	. as $t | of_pids($t; $m) as $seen
	| (first($seen[] | select(.event == "killed")).seq // -1) as $kill
	| (first($seen[] | select(.event == "refused")).seq // -1) as $fork
	| [$m.events[] | select(.of_seq == $kill and any(.failcnt[]?; .resource == "pids" and .relation != "coincident"))
	   | "the fork's row with the kill: \(brief)"]
	+ if any($m.events[]; .event == "followup" and .of_seq == $fork
		 and any(.failcnt[]?; .resource == "pids" and .relation == "own" and .delta == 1
			 and .owner == "cgroup:\($t.cgroup)"))
	  then [] else ["no followup of \($fork) with its own pids row: "
			+ ([$m.events[] | select(.of_seq == $fork) | brief] | join("; "))] end;

# ROW BACKEND KERNEL CGROUP SENTENCE..., a * for any.
def listed($m; $row):
	[$reasons | split("\n")[] | select(test("^[^#\\s]")) | [splits("[ \t]+")]
	 | select(.[0] == $row and (.[1] | IN("*", $m.backend)) and (.[2] | IN("*", $m.kernel))
		  and (.[3] | IN("*", $m.cgroup)))
	 | .[4:] | join(" ")] | first // null;

def decided($m):
	. as $t
	| [of_pids($t; $m)[] | select(.event == "killed") | . as $e
	   # What died with the victim was not weighed, nor was its memory looked at.
	   | select(.says | test("had the same memory as") | not)
	   | (if .cause == "oom-group" then [] else
		(if listed($m; "\($t.what):ballot") then (if .candidates then ["a ballot after all: take its reason out of reasons.txt"] else [] end)
		 else ballot_of($t; $m) end)
		+ request_of($m) + memory_of($t) end)
	     + if listed($m; "oom-freed") then [] else freed_of($m) end]
	| add // [];

# Who holds it: each that is expected is in a followup of its own, and no more than there are.
def held_by($m):
	. as $t
	| [(if $t.expect then own_events($t; $m) else [] end)[].seq] as $seqs
	| [$m.events[] | select(.event == "followup" and .holders and (.of_seq | IN($seqs[])))] as $told
	| if any($told[]; . as $f
		 | all($t.holders[]; . as $want | any($f.holders[]; misfits($want) == []))
		   and ($t.holders_total == null or $f.holders_total == $t.holders_total))
	  then [] else ["holders: expected \($t.holders | tojson), seen \($told | map(.holders) | tojson)"] end;

# What no hook tells and a counter does: {owner, resource}, with a sentence.
def counted_by($m):
	. as $t
	| if any($m.events[]; .event == "counted" and .owner == $t.counted.owner
		 and any(.failcnt[]?; .resource == $t.counted.resource and .delta > 0)
		 and ($t.counted.says == null or (.says | fits($t.counted.says))))
	  then [] else ["counted: expected \($t.counted | tojson), seen \([$m.events[] | select(.event == "counted")] | map(brief)[:3])"] end;

# A resource that would be the wrong one, of anybody in that time.
def never($m):
	. as $t
	| [$m.events[] | select(.event == "refused" and .resource == $t.never and .uptime_us >= $m.began[$t.what] * 1e6
				and .uptime_us <= $m.ended[$t.what].at * 1e6) | "told as \($t.never): \(brief)"];

def judge($m):
	. as $t
	| if .what | IN("nofile-flood", "nofile-threads-flood") then flood($m; "nofile")
	  elif .what == "sem-mni-flood" then flood($m; "semmni")
	  elif .some then
		([expected($t; $m)] | .[0]) as $e
		| {mistakes: (own_events($t; $m) | if . == [] then ["none told"]
			      else [.[] | select(.count == null) | misfits($e)[]] | unique end), missing: 0}
	  elif .expect and .n > 1 then expected_flood($m)
	  elif wanted($m) == null then {mistakes: ["judge.jq does not know what must be seen"], missing: 0}
	  else single($m) end
	| .mistakes += ($t | witness)
		+ if $t.what == "pids-max" then $t | own_pids($m) else [] end
		+ if $t.what == "oom-and-pids" then $t | coincident_pids($m) else [] end
		+ if $t.holders then $t | held_by($m) else [] end
		+ if $t.counted then $t | counted_by($m) else [] end
		+ if $t.never then $t | never($m) else [] end
		+ if $t.moved then $t | led_by_counters($m) else [] end
		+ if $t.what | startswith("oom-") then $t | decided($m) else [] end;

# The hooks of doctor's table that have a choice, less those that have a listed reason:
# "hook:FUNCTION BACKEND ...".
def hooks($text): [range($text | length) as $i | $text[$i]
	| capture("^  (?<hook>[a-z_]+) +(?<b>fexit|kprobe|tracepoint|none) +[0-9]")
	| select($text[$i + 1] // "" | test("because: (a tracepoint on every backend|.*its module is not loaded|this kernel has no|opt-in)") | not)];
def excused($m): listed($m; "hook:\(.hook)") != null;

# What auto is to choose: fexit, which is the cheapest; but not for what looks at an entry where the
# kernel preempts, for that cannot move when it misses calls.
def at_entry: ["do_semtimedop", "free_bprm", "mem_cgroup_oom_synchronize", "tcp_conn_request",
	"tcp_v4_syn_recv_sock", "tcp_v6_syn_recv_sock", "out_of_memory", "oom_evaluate_task",
	"oom_kill_process", "__oom_kill_process"];
def chosen_by_auto($m): any($m.auto[]; test("^  preemption +possible")) as $preempts
	| [hooks($m.auto)[] | select(excused($m) | not)
	   | (if $preempts and (.hook as $h | at_entry | index($h)) then "kprobe" else "fexit" end) as $wanted
	   | select(.b != $wanted) | "\(.hook): auto chose \(.b) and not \($wanted)"];
def backends($m; $text): [hooks($text)[] | select(excused($m) | not) | .b];

def doctor_mistakes($m; $text; $status):
	if $status == 0 or any(hooks($text)[]; .b == "none" and excused($m)) then []
	else ["doctor's exit status is \($status)"] end
	+ [$text[] | select(test("NOT SEEN|not tried: (?!the limit is the whole host's|its hook is missing)"))]
	+ ["nofile", "semmni", "semmns", "semmsl", "semopm", "semvmx", "shmmni", "shmall", "shmmax", "msgmni",
	   "mq-bytes", "sigpending", "fsize", "memory", "killed", "inotify-instances", "namespaces"
	   | . as $id | select(any($text[]; test("^  \($id) .*(seen after|not tried: its hook is missing)")) | not)
	   | "doctor's self-test of \($id) was not seen"];

# All that was told is somebody's, and the last line adds up.
def stream_mistakes($m):
	# For one shortage 7.3 can kill a second one of the ballot.
	([$m.truth[] | pids_of[], (.ballot // [])[]]) as $pids
	| ([$m.truth[] | select(.expect) | select(.nobody or expected(.; $m).pid == {none: true}) | .expect.resource]) as $nobody
	| [$m.events[] | select(.event == "refused" or .event == "killed")
	   | select((.pid | IN($pids[])) or (.pid == null and (.resource | IN($nobody[])))
		    # A provocation that cleans up, and one whose parent has ended.
		    or (.cause == "signal" and killed_by_provoke) | not)
	   | "nobody's: \(brief)"][:5]
	+ ($m.events | [.[].seq] as $seq
	   | if $seq == [range(1; ($seq | length) + 1)] then [] else ["seq has gaps"] end)
	+ if $m.events[0].event == "started" and $m.events[-1].event == "stopped" then [] else
		["the stream does not begin with started and end with stopped"] end
	+ ($m.events as $e
	   | {refused: ([$e[] | select(.event == "refused") | .count // 1] | add // 0),
	      killed: ([$e[] | select(.event == "killed")] | length),
	      lost: ([$e[] | select(.event == "lost") | .lost] | add // 0)} as $sums
	   | [$sums | to_entries[] | select($e[-1].totals[.key] != .value)
	      | "totals of \(.key): \($e[-1].totals[.key]), and the lines add up to \(.value)"])
	+ [$m.events[] | select(.event == "lost" and .stage != "hook"
	   # net_ratelimit: ten lines in five seconds.
	   and ($m.backend == "tracepoint" and .stage == "kmsg" | not)) | "lost: \(brief)"]
	# Of these kernels only those with lazy preemption preempt unless they are told to: 6.18 does so
	# when a program runs into a tick, as on a slow machine.
	+ if $m.kernel | IN("newest", "6.18") then [] else
		[$m.events[] | select(.event == "lost" and .stage != "kmsg") | "lost without preemption: \(brief)"] end
	+ if $m.status.watch == 0 then [] else ["failcnt watch: exit status \($m.status.watch)"] end
	+ [$m.said[] | select(test("^failcnt: ([0-9]+ refused|.* this preemptible kernel: moved to|who holds it is missing)") | not)
	   | "on stderr: \(.)"];

(collect + {kernel: $kernel, backend: $backend, cgroup: $cgroup}) as $m
| def result($row; $r; $why): {row: $row, kernel: $kernel, backend: $backend, cgroup: $cgroup, result: $r, why: $why};
  def plain($row; $mistakes): listed($m; $row) as $reason
	| if $reason == null then result($row; if $mistakes == [] then "ok" else "FAIL" end; $mistakes)
	  elif $mistakes == [] then result($row; "FAIL"; ["works after all: take its reason out of reasons.txt"])
	  else result($row; "cannot"; $reason) end;

  if $exit != 0 then result("machine"; "FAIL"; ["exit status \($exit)"]) else empty end,
  plain("doctor"; doctor_mistakes($m; $m.doctor; $m.status.doctor)
	+ (backends($m; $m.doctor) | map(select(. != $backend)) | if . == [] then [] else ["a hook with \(unique)"] end)),
  (if $m.auto != [] then
	plain("auto"; doctor_mistakes($m; $m.auto; $m.status.auto)
	      + chosen_by_auto($m))
   else empty end),
  plain("stream"; stream_mistakes($m)),
  ($names[] | . as $name | ($name | split("=")[0]) as $row | listed($m; $row) as $reason
	| $m.truth[$row] as $t | $m.ended[$row] as $over
	| if $over == null then result($row; "FAIL"; ["untested: not run, or it did not come to its end"])
	  elif $over.status == 77 then
		if $reason != null then result($row; "cannot"; $reason)
		else result($row; "FAIL"; ["untested: skipped without a listed reason: \($t.skip)"]) end
	  elif $over.status != 0 or $t == null then
		result($row; "FAIL"; ["provoke: exit status \($over.status)"] + ($m.noise[$row] // []))
	  elif $reason != null then
		# It was provoked: what cannot be seen must not be told, or the reason is stale.
		# The kernel log may tell of it all the same, without who and how full.
		if all(of_pids($t; $m)[]; .backend == "kmsg") then result($row; "cannot"; $reason)
		else result($row; "FAIL"; ["seen after all: take its reason out of reasons.txt"]
			    + [of_pids($t; $m)[:2][] | brief]) end
	  else ($t | judge($m)) as $j
		| if $j.mistakes != [] then
			result($row; "FAIL"; [$j.mistakes | group_by(.)[] | .[0]
					      + if length > 1 then " (\(length) times)" else "" end])
		  elif $j.missing > 0 then result($row; "lost"; ["\($j.missing) of \($t.n) not seen, and told as lost"])
		  else result($row; "ok"; []) end
	  end)
