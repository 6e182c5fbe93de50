# SPDX-License-Identifier: GPL-2.0-only
#
# What judge.jq asks of an OOM kill beyond who was killed: the ballot, the request, the memory, and
# when that was free. Each gives the mistakes as an array of sentences; . is the event.

# The kernel's own table of tasks, as its log has it: pid -> what the points are made of. Kernels
# from 6.8 on print three columns more.
def tasks_logged($m):
	any($m.log[]; test("rss_anon.*oom_score_adj name")) as $wide
	| reduce ($m.log[] | capture("^\\[ *[0-9]+\\] +(?<numbers>[-0-9 ]+) (?<name>.*)$")
		  | [.numbers | splits(" +") | select(. != "") | tonumber]) as $v ({};
		(if $wide then 10 else 7 end) as $n
		| if ($v | length) >= $n then
			.["\($v[1])"] = {adj: $v[$n - 1], pages: ($v[3] + $v[$n - 2] + ($v[$n - 3] / 4096 | floor))}
		  else . end);

# Of a kill that was decided (and not of a member of its group): the one with the most points died,
# the points are those of the kernel's log, and those who are known stand where they belong.
def ballot_of($t; $m):
	. as $e | (.candidates // []) as $c | tasks_logged($m) as $logged
	| (if $c == [] then ["no candidates"] else [] end)
	+ (if $c != [] and $c[0].pid != .pid then ["first on the ballot is \($c[0] | tojson), killed was \(.pid)"] else [] end)
	+ (if ($c | map(.points)) != ($c | map(.points) | sort | reverse) then ["the ballot is not in order: \($c | tojson)"] else [] end)
	+ (if (.candidates_total // 0) < ($c | length) then ["candidates_total \(.candidates_total)"] else [] end)
	+ (if ($c | length) > 10 then ["\($c | length) candidates"] else [] end)
	+ (if .candidates_from == (if $m.backend != "tracepoint" then "decision"
				   # What the nodes allow is in struct oom_control alone; the log has who could be killed.
				   elif $m.kernel == "5.10" or (.cause | IN("oom-cpuset", "oom-mempolicy")) then "kernel-log"
				   else "tasks" end) then []
	   else ["candidates_from \(.candidates_from)"] end)
	+ [$c[] | $logged["\(.pid)"] as $l | select($l != null) | . as $one
	   # oom_score_adj counts thousandths of what ran out, which the log does not say.
	   | (.points - ((.oom_score_adj // 0) * (($e.total_pages // (($e.limit // 0) / 4096)) / 1000 | floor))) as $pages
	   | select((.oom_score_adj // 0) != $l.adj or ($e.cause == "oom-memcg" and ($pages - $l.pages | fabs) > 64))
	   | "\($one | tojson) but the kernel log has \($l | tojson)"]
	+ (if $t.ballot then
		(if ($c | map(.pid)) != $t.ballot then ["ballot: expected \($t.ballot), seen \($c | map({pid, comm, points}) | tojson)"] else [] end)
		+ (if .candidates_total != ($t.ballot | length) then ["candidates_total \(.candidates_total)"] else [] end)
		+ (if ((.exempted // []) | map(.pid) | sort) != ($t.exempt | sort) then ["exempted: expected \($t.exempt), seen \(.exempted | tojson)"] else [] end)
		+ [range($c | length) as $i | ($c[$i].held / 1048576) as $mib
		   | select($mib < $t.mib[$i] or $mib > $t.mib[$i] + 2) | "held \($mib) MiB of \($t.mib[$i]): \($c[$i] | tojson)"]
		+ (if $e.says | test("had the most points.*raised by its oom_score_adj of 400.*2 processes were exempt") then []
		   else ["says: \($e.says)"] end)
	   else [] end);

# The words are the kernel's own, where its log has the request.
def request_of($m):
	. as $e
	| [$m.log[] | select(startswith("\($e.trigger_comm) invoked"))
	   | capture("gfp_mask=0x[0-9a-f]+\\((?<flags>[^)]*)\\).*order=(?<order>-?[0-9]+)")] as $asked
	| if .cause == "oom-sysrq" or $asked == [] then []
	  # Their order differs between kernels.
	  elif any($asked[]; (.flags | split("|") | sort) == ($e.gfp_flags // "" | split("|") | sort) and (.order | tonumber) == $e.order) then []
	  else ["asked for \($e.gfp_flags) order \($e.order); the kernel log has \($asked | unique | tojson)"] end;

# What a cgroup's memory is made of adds up to its usage; the host's is told too.
def memory_of($t):
	. as $e | (.memory // {}) as $s
	| (if .cause != "oom-memcg" then []
	   elif $s.anon == null then ["no split of the cgroup's memory: \($s | tojson)"]
	   elif ($s.anon + $s.file + $s.kernel + $s.sock - .held | fabs) > .held / 8 + 4194304 then ["memory: \($s | tojson) of \(.held)"]
	   elif $t.shmem and ($s.shmem < $t.shmem - 2097152 or $s.file < $s.shmem) then ["shmem: \($s | tojson), written were \($t.shmem)"]
	   elif $t.shmem and (.says | test("files on tmpfs") | not) then ["says nothing of tmpfs: \(.says)"]
	   else [] end)
	+ (.host_memory as $h
	   | if $h.free != null and $h.total > $h.free and $h.available != null and $h.committed > 0 and $h.swap_total == 0
		and $h.huge_pages != null and $e.host_memory_later == null then []
	     else ["host_memory: \($h | tojson)"] end);

def freed_of($m):
	. as $e | [$m.events[] | select(.event == "followup" and .of_seq == $e.seq and .freed_ms != null)]
	| if length == 1 and .[0].freed_ms >= 0 and .[0].freed_ms < 60000 and .[0].pid == $e.pid then []
	  else ["\(length) followups of \($e.seq) with freed_ms"] end;
