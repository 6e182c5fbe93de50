# SPDX-License-Identifier: GPL-2.0-only
#
# What must be seen of a provocation, from what it says itself: for judge.jq, which compares. $t is the
# truth of one, $m all that is known of its machine.
#
# A value that is expected may be a number or a string, or one of {re}, {min, max}, {in}, {any},
# {none}, {row}: see fits.

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
