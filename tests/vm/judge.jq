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
#
# A value that is expected may be a number or a string, or one of {re}, {min, max}, {in}, {any},
# {none}, {row}: see fits.

include "judge_oom" {"search": "./"};

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

def fits($p):
	. as $v
	| if ($p | type) != "object" then $v == $p
	elif $p | has("re") then ($v | type) == "string" and ($v | test($p.re))
	elif $p | has("min") then ($v | type) == "number" and $v >= $p.min and $v <= $p.max
	elif $p | has("in") then any($p.in[]; . == $v)
	elif $p | has("any") then $v != null
	elif $p | has("none") then $v == null
	elif $p | has("row") then any($v[]?; . as $r | all($p.row | to_entries[]; . as $e | $r[$e.key] == $e.value))
	else $v == $p end;

# What of an event is not as expected.
def misfits($want):
	. as $e
	| [$want | to_entries[] | . as $w | $e[$w.key]
	   | select(fits($w.value) | not)
	   | "\($w.key): expected \($w.value | tojson), seen \(tojson)"];

def pids_of: if .skip then [] else .pids // [.pid] end;

# In the tolerance of some: how far a value may lie from the one expected.
def within($limit; $less; $more): {min: ($limit * $less | floor), max: ($limit * $more | ceil)};

def refused($t; $m):
	{event: "refused", errno: $t.errno, pid: $t.pid, tid: $t.pid, uid: 0, comm: "provoke",
	 ppid: ($m.info.shell | tonumber), limit: $t.limit, backend: $m.backend, certain: true,
	 says: {any: true}, fix: {any: true}, count: {none: true}}
	+ if $t.held then {held: $t.held} else {} end
	+ if $t.asked then {asked: $t.asked} else {} end
	+ if $t.namespace then {namespace: $t.namespace} else {} end
	+ if $t.syscall then {syscall: $t.syscall} else {} end;

def descriptor($t; $m):
	refused($t; $m) + {resource: "nofile", limit_name: "RLIMIT_NOFILE", measure: "files"};

def semaphore($t; $m; $resource; $measure):
	refused($t; $m) + {resource: $resource, limit_name: $t.limit_name, measure: $measure,
			   syscall: "semget", object: "IPC_PRIVATE"};

# The sizes of a victim as the kernel itself printed them. Newer kernels print exact sums there; what
# is read in the hook is the approximate one, which lags by up to a batch of 32 pages.
def sizes($m):
	if .event != "killed" then {} else
		(.pid as $pid
		 | first($m.log[] | select(test("Killed process \($pid) "))
			 | capture("anon-rss:(?<rss_anon>[0-9]+)kB, file-rss:(?<rss_file>[0-9]+)kB, shmem-rss:(?<rss_shmem>[0-9]+)kB")
			 | map_values(tonumber * 1024 | {min: (. - 32 * 4096), max: (. + 32 * 4096)}))) // {logged: "in the kernel's log"}
	end;

def killed($t; $m; $pid):
	{event: "killed", pid: $pid, cause: $t.cause, resource: "memory", signal: "SIGKILL",
	   measure: "bytes", backend: $m.backend, comm: "provoke", says: {any: true},
	   trigger_pid: {any: true}}
	+ if $t.cgroup then {cgroup: $t.cgroup} else {} end
	+ if $t.oom_score_adj then {oom_score_adj: $t.oom_score_adj} else {} end;

# By the limit of a memory cgroup. A charge of up to 8 pages at once did not fit any more.
def killed_by_memcg($t; $m; $pid):
	killed($t; $m; $pid)
	+ {memcg: $t.memcg, limit: $t.limit, held: {min: ($t.limit - 8 * 4096), max: $t.limit}, certain: true,
	   fix: {any: true}}
	+ if $m.cgroup == "v2" then
		{limit_name: "memory.max",
		 failcnt: {row: ({source: "cgroup2", owner: "cgroup:\($t.memcg)", resource: "memory.oom_kill",
				  delta: 1, relation: "own"}
				 + if $t.n == 1 then {failcnt: $t.oom_kill} else {} end)}}
	  else
		# Both counters are full at once; and v1 counts in the cgroup of the victim alone.
		{limit_name: {in: ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]}}
		+ if $t.cgroup == $t.memcg then
			{failcnt: {row: {source: "cgroup1", owner: "cgroup:\($t.memcg)",
					 resource: "memory.oom_kill", delta: 1, failcnt: $t.oom_kill}}}
		  else {} end
	  end;

# A limit without a cgroup: seen in struct oom_control, and unknown to tracepoints.
def killed_by_nodes($t; $m; $limit; $name):
	killed($t; $m; $t.pid) + {limit_name: $name, memcg: {none: true}, certain: true}
	+ if $m.backend == "tracepoint" then {limit: {none: true}} else {limit: $limit} end;

# Most provocations say themselves what must be seen: {expect: {...}}, and what is otherwise with one
# backend, cgroup version or kernel: {tracepoint: {...}}, {kprobe: {...}}, {v1: {...}}, {"5.10": {...}}.
# A pid of null: it happened where current is a bystander; then the resource and the time tell whose
# it is. {some: true}: nobody can count how often it happens; once at least, and each one fits.
def expected($t; $m):
	{event: "refused", pid: $t.pid, backend: $m.backend, certain: true, says: {any: true}, fix: {any: true},
	 count: {none: true}}
	+ ($t.expect | map_values(if . == null then {none: true} else . end))
	+ (($t[$m.backend] // {}) | map_values(if . == null then {none: true} else . end))
	+ (($t[$m.cgroup] // {}) | map_values(if . == null then {none: true} else . end))
	+ (($t[$m.kernel] // {}) | map_values(if . == null then {none: true} else . end));

# Its events, where it says itself what they are.
def own_events($t; $m):
	expected($t; $m) as $e
	| if $t.nobody or $e.pid == {none: true} then
		[$m.events[] | select(.event == "refused" and (.pid == null or .pid == $t.pid) and .resource == $e.resource
				      and .uptime_us >= $m.began[$t.what] * 1e6
				      and .uptime_us <= ($m.ended[$t.what].at + 2.5) * 1e6)]
	  else [$m.events[] | select(.event == "refused" and .pid == $t.pid)] end;

# A death by a signal, told by a tracepoint whatever the backend: {dies: {...}}, of pid or of each of pids.
def died($t; $m; $pid):
	{event: "killed", pid: $pid, backend: "tracepoint", certain: true, comm: "provoke", resource: {none: true},
	 says: {any: true}}
	+ (($t.dies + ($t[$m.backend] // {}) + ($t[$m.cgroup] // {}) + ($t[$m.kernel] // {}))
	   | map_values(if . == null then {none: true} else . end));

# What must be seen of a provocation: an array, in the order of time; null: judged elsewhere.
def wanted($m):
	. as $t
	| if .expect then [expected($t; $m)]
	elif .dies then [($t | pids_of)[] | . as $pid | died($t; $m; $pid)]
	elif .limit_reached == false then []
	elif .what | IN("nofile-dup", "nofile-pipe", "nofile-lowered", "nofile-fdupfd", "nofile-scm") then
		[descriptor($t; $m)]
	elif .what == "nofile-open" then
		[descriptor($t; $m) + {object: $t.object, says: {re: "host not found"}}]
	elif .what == "nofile-socket" then
		[descriptor($t; $m) + {object: {re: "^socket AF_INET SOCK_DGRAM"}}]
	elif .what == "nofile-accept" then [descriptor($t; $m) + {object: "127.0.0.1:\($t.port)"}]
	# No system call of its own, and the path is not in its arguments.
	elif .what == "nofile-iouring" then [descriptor($t; $m) + {syscall: {in: ["io_uring_enter", null]}}]
	elif .what == "nofile-many" then
		[$t.pids[] | . as $pid | descriptor($t; $m) + {pid: $pid, tid: $pid, ppid: {any: true}}]
	elif .what == "nr-open" then
		[refused($t; $m) + {resource: "nr-open", limit_name: "fs.nr_open", measure: "files"}]
	elif .what == "file-max" then
		# The kernel asks an approximate sum first: held can be a batch of 32 above the limit; and a
		# file may have been closed since.
		[refused($t; $m) + {resource: "file-max", limit_name: "fs.file-max", measure: "files", uid: $t.uid,
				    object: $t.object, ppid: {any: true},
				    held: {min: ($t.limit - 8), max: ($t.limit + 32)}}]
	elif .what == "sem-mni" then [semaphore($t; $m; "semmni"; "sets")]
	elif .what == "sem-mns" then [semaphore($t; $m; "semmns"; "semaphores")]
	elif .what == "sem-msl" then [semaphore($t; $m; "semmsl"; "semaphores")]
	elif .what | IN("sem-msl-ipc32", "sem-msl-semget32") then
		[semaphore($t; $m; "semmsl"; "semaphores") + {syscall: $t.syscall}]
	elif .what == "sem-einval" then []
	elif .what | IN("oom-memcg", "oom-memcg-nested") then
		[killed_by_memcg($t; $m; $t.pid) + {trigger_pid: $t.pid}]
	elif .what == "oom-ballot" then
		[killed_by_memcg($t + {n: null}; $m; $t.pid) + {trigger_pid: $t.trigger_pid, comm: $t.comm}]
	elif .what == "oom-tmpfs" then
		[killed_by_memcg($t; $m; $t.pid) + {trigger_pid: $t.pid}]
	elif .what == "oom-memcg-bystander" then
		[killed_by_memcg($t; $m; $t.pid) + {trigger_pid: $t.trigger_pid}]
	elif .what == "oom-and-pids" then
		[{event: "refused", pid: $t.pids[1], resource: "pids", errno: $t.errno, held: $t.tasks, limit: $t.tasks,
		  limit_cgroup: $t.cgroup},
		 killed_by_memcg($t + {memcg: $t.cgroup}; $m; $t.pid)]
	elif .what == "oom-group" then
		[killed_by_memcg($t; $m; {in: $t.pids}) + {cause: {in: ["oom-memcg", "oom-group"]}},
		 # By now the first one has given back what it had.
		 (range(2) | killed_by_memcg($t; $m; {in: $t.pids})
			     + {held: {in: []}, failcnt: {in: []}} | del(.held, .failcnt))]
	# The kernel names one of the two, whichever it comes to first; the other one dies with it.
	elif .what == "oom-vm-shared" then
		[killed_by_memcg($t + {n: 1}; $m; {in: $t.pids}) + {trigger_pid: {in: $t.pids}},
		 {event: "killed", pid: {in: $t.pids}, cause: "oom-memcg", signal: "SIGKILL", backend: "tracepoint",
		  resource: "memory", memcg: $t.memcg, certain: true, says: {re: "had the same memory as provoke"}}]
	# MemTotal and the kernel's totalpages differ by what is reserved.
	elif .what == "oom-global" then
		[killed_by_nodes($t; $m; within($t.limit; 0.98; 1.02); "memory and swap of the host")]
	# Here totalpages counts the pages present in the node; MemTotal only those that can be given.
	# On v1 the cgroup of an event is the one in the memory hierarchy.
	elif .what == "oom-cpuset" then
		[killed_by_nodes($t; $m; within($t.limit; 1; 1.3); "cpuset.mems")
		 + if $m.cgroup == "v1" then {cgroup: "/"} else {} end]
	elif .what == "oom-mempolicy" then
		[killed_by_nodes($t; $m; within($t.limit; 1; 1.3); "the memory policy's nodes")]
	elif .what == "oom-sysrq" then [killed($t; $m; $t.pid) + {limit: {none: true}, memcg: {none: true}}]
	else null end;

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
	      + (backends($m; $m.auto) | if all(.[]; . == "fexit") then []
				     else ["auto chose \(.)"] end))
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
