# SPDX-License-Identifier: GPL-2.0-only
#
# Joins what failcnt told with what the witnesses of guest.sh counted, process by process, and prints for each
# resource how many really happened, how many were told, missed and invented. Input: guest.sh's lines.
#   jq -nRr --arg backend NAME --rawfile reasons reasons.txt [--arg sums yes] -f truth.jq
# With $sums: one line of JSON instead, for agree.jq.

def total: add // 0;
def sum_by(f; n): reduce .[] as $e ({}; .[$e | f] += ($e | n));
def signals: {SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9,
	      SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGSTKFLT: 16,
	      SIGXCPU: 24, SIGXFSZ: 25, SIGVTALRM: 26, SIGPROF: 27, SIGIO: 29, SIGPWR: 30, SIGSYS: 31};
# What a process sends itself is its own choice, but for these (README.md, "Who killed it"). The kernel sends SIGXFSZ
# as if the process had (mm/filemap.c, generic_write_checks: send_sig(SIGXFSZ, current, 0)).
def faults: [4, 5, 6, 7, 8, 11, 25, 31];
def pad($n): tostring | . + (" " * ([$n - length, 1] | max));
def left($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def percent($of): if $of == 0 then "-" else (. * 100000 / $of | floor / 1000 | tostring) end;

# Truth and told as objects from keys to numbers; the resource is what comes after the key's first word.
def join_rows($truth; $told):
	[($truth + $told | keys_unsorted[]) as $k
	 | {what: ($k | split("|")[1]), key: $k, truth: ($truth[$k] // 0), told: ($told[$k] // 0)}]
	| group_by(.what) | map({what: .[0].what, truth: (map(.truth) | total), told: (map(.told) | total),
		missed: (map([.truth - .told, 0] | max) | total), invented: (map([.told - .truth, 0] | max) | total),
		wrong: map(select(.truth != .told))[:4]});

[$reasons | split("\n")[] | select(test("^[^#\\s]")) | capture("^(?<what>\\S+)\\s+(?<backend>\\S+)\\s+(?<why>.*)")] as $reason
| [$reason[] | select(.backend == "*" or .backend == $backend)] as $may
# The sums are compared between backends: another name on one of them is another name on all.
| ([(if $ARGS.named.sums then $reason else $may end)[] | select(.what | contains("=")) | .what / "=" | {key: .[0], value: .[1]}] | from_entries) as $alias
| reduce inputs as $l ({told: {}, truth: {}, decoy: {}, pids: {}, servers: {}, mine: {}, died: {}, expect: {}, came: {},
			acct: [], delivered: {}, self: {}, group: [], M: [], strace: {}, sums: {}, lost: 0, nobody: {}, refusals: {}, kills: [], absent: []};
	($l | split(" ")) as $w
	| if $w[0] == "E" then ($l[2:] | fromjson? // {event: "not JSON"}) as $e
		| if $e.event == "refused" then
			(if $e.pid then .told["\($e.pid)|\($e.resource)|\($e.errno)"] += ($e.count // 1)
			 else .nobody[$e.resource] += ($e.count // 1) end)
			| .refusals["\($e.resource) \($e.limit_cgroup // $e.cgroup)"] += ($e.count // 1)
		  elif $e.event == "killed" then .kills += [$e | {pid, tid, signal, cause, cgroup: (.limit_cgroup // .cgroup), comm}]
		  elif $e.event == "lost" then .lost += $e.lost else . end
	  elif $w[0] == "C" then .pids[$w[1]] = $w[2]
		| .mine["\($w[1])|\($w[4])"] += ($w[5] | tonumber)
		| if $w[3] == "-" then .decoy[$w[4]] += ($w[5] | tonumber)
		  else .came[$w[2]] = true | .truth["\($w[1])|\($w[3])|\($w[4])"] += ($w[5] | tonumber) end
	  elif $w[0] == "V" then if $w[5] == "0" then . else .servers[$w[2]] = $w[1]
		| .truth["\($w[2])|\($w[3])|\($w[4])"] += ($w[5] | tonumber) end
	  elif $w[0] == "K" then .pids[$w[1]] = $w[2] | .came[$w[2]] = true
		| .died[$w[1]] = (if $w[4] == "-" then (if $w[3] == "0" or $w[2] == "exits" or $w[2] == "raises" then null else "broken" end)
			elif $w[3] == "0" then "broken" else $w[4] end)
	  elif $w[0] == "A" then .acct += [{pid: $w[1], signal: ($w[2] | tonumber), comm: $w[3]}]
	  elif $w[0] == "F" then .delivered["\($w[1]) \($w[2])"] = true
	  elif $w[0] == "Q" then .self["\($w[1]) \($w[3])"] = true
	  elif $w[0] == "G" then .group += [{pid: $w[1], file: $w[2], key: $w[3], n: ($w[4] | tonumber)}]
	  elif $w[0] == "M" then .M += [{who: $w[1], file: $w[2], key: $w[3], n: ($w[4] | tonumber), counts: $w[5]}]
	  elif $w[0] == "Z" then .strace["\($w[1])|\($w[2])"] += ($w[3] | tonumber)
	  elif $w[0] == "H" then .expect[$w[1]] = true
	  elif $w[0] == "O" then .absent += [$w[1:] | join(" ")]
	  elif $w[0] == "X" then .sums[$w[1]] = ($w[2] | tonumber) else . end)
# What is told below another name, with a reason.
| (.truth, .told) |= (to_entries | map(.key |= (split("|") | .[1] = ($alias[.[1]] // .[1]) | join("|"))) | group_by(.key)
	| map({key: .[0].key, value: (map(.value) | total)}) | from_entries)
| . as $s
# refusals: of the processes that a witness vouches for; of a server only what it writes into its log
| ($s.told | with_entries(select($s.pids[.key | split("|")[0]] or $s.truth[.key]))) as $told
| def of_servers: with_entries(.key |= (split("|") | $s.servers[.[0]] as $who | if $who then .[1] |= "\($who)\u0027s log: \(.)" else . end | join("|")));
  join_rows($s.truth | of_servers; $told | of_servers) as $rows
# deaths: the parent's wait status, by cause; the kernel's accounting, all of the machine
| ([$s.kills[] | {key: "\(.pid)|killed: \(.cause)", value: 1}] | group_by(.key) | map({key: .[0].key, value: length}) | from_entries) as $all_killed
| ($s.died | with_entries(select(.value)) | with_entries({key: "\(.key)|killed: \(.value)", value: 1})) as $died
| join_rows($died; $all_killed | with_entries(select((.key | split("|")[0]) as $p | $s.pids[$p]))) as $death_rows
# failcnt does not tell what it does itself: it ends its own helper where that takes too long.
| ($s.acct | map(select(.comm != "failcnt-holders" and (($s.self["\(.pid) \(.signal)"] | not) or (.signal as $n | faults | index($n))))
	| {key: "\(.pid)|deaths of a signal, all|\(.signal)", value: 1}) | from_entries) as $acct
# acct(2) may lack one of a thousand deaths of programs with threads: the last thread writes, and a write ends where
# SIGKILL is pending (mm/filemap.c generic_perform_write()), as it stays with a thread that was already on its way out
# (kernel/signal.c zap_other_threads()). Then the kernel's own trace must have that signal for that very thread, and
# that nothing caught it.
| ([$s.kills[] | (signals[.signal] // .signal) as $n | select($s.delivered["\(.tid) \($n)"]) | "\(.pid)|deaths of a signal, all|\($n)"
    | select($acct[.] == null)] | unique) as $unrecorded
| ($acct + ($unrecorded | map({key: ., value: 1}) | from_entries)) as $acct
| ([$s.kills[] | "\(.pid)|deaths of a signal, all|\(signals[.signal] // .signal)"] | group_by(.)
   | map({key: .[0], value: length}) | from_entries) as $acct_told
| join_rows($acct; $acct_told) as $acct_rows
# the cgroups' own counters
| ($s.group | map(select(.key == "max" and .file == "pids.events")
	| {key: "\(.pid)|pids.events max", value: .n}) | from_entries) as $pids_events
| ($s.told | with_entries(select(.key | test("\\|pids\\|"))) | with_entries(.key |= split("|")[0] + "|pids.events max")
   | with_entries(select($pids_events[.key]))) as $pids_told
| ($s.group | map(select(.key == "oom_kill") | {key: "\(.pid)|memory.events oom_kill", value: .n}) | from_entries) as $oom_events
| ([$s.kills[] | select(.cause | startswith("oom")) | {key: "\(.pid)|memory.events oom_kill", value: 1}] | from_entries
   | with_entries(select($oom_events[.key]))) as $oom_told
| ($s.M | map({key: "\(.who)|\(.who): \(.file) \(.key)", value: .n}) | from_entries) as $server_events
| ($s.M | map(. as $m | {key: "\(.who)|\(.who): \(.file) \(.key)",
	value: (if .counts | startswith("oom") then [$s.kills[] | select(.cause == $m.counts and .cgroup == "/soak-\($m.who)")] | length
		else $s.refusals["\(.counts) /soak-\(.who)"] // 0 end)}) | from_entries) as $server_told
| (join_rows($pids_events; $pids_told) + join_rows($oom_events; $oom_told) + join_rows($server_events; $server_told)) as $group_rows
# strace beside the process's own count: witnesses that contradict each other are worth nothing
| ([$s.strace | keys[] | split("|")[0]] | unique | map({key: ., value: true}) | from_entries) as $traced
| ($s.mine | with_entries(select(.key | split("|")[0] as $p | $traced[$p]))) as $mine
| [($mine + $s.strace | keys_unsorted[]) | select($s.pids[split("|")[0]])
   | select(($mine[.] // 0) != ($s.strace[.] // 0) and $mine[.]) ] as $quarrel
| ([$s.strace | to_entries[] | select($mine[.key]) | .value] | total) as $straced
| ($rows + $death_rows + $acct_rows + $group_rows) as $table
| def excused($row): [$may[] | select(.what == $row.what)][0].why;
  [$table[] | select(.missed + .invented > 0)] as $off
| [($off[] | select(excused(.) == null)
    | "\(.what): \(.missed) missed, \(.invented) invented: \([.wrong[] | "\(.key | split("|") | [.[0], $s.pids[.[0]] // $s.servers[.[0]], .[2:][]] | map(select(.)) | join(" ")) \(.truth) really, \(.told) told"] | join("; "))"),
   (if $s.pids == {} then "no witness" else empty end),
   # A witness that saw nothing bears none: each kind, each death and each server must have come.
   (if $s.expect == {} then "the load did not say what there must be" else empty end),
   ($s.expect | keys[] | select($s.came[.] == null and excused({what: .}) == null) | "the load was never refused, or never died, as in \(.)"),
   ($s.sums | keys[] | select(IN("nginx", "apache", "postgres")) as $who | select([$s.servers[]] | index($who) == null) | "\($who) was never refused anything"),
   ($table[] | select(.truth == 0 and .told == 0) | "\(.what): nothing happened"),
   (if $s.lost != 0 then "\($s.lost) were lost" else empty end),
   (if ($s.sums.dropped // 0) != 0 then "the tracing lost \($s.sums.dropped) keys" else empty end),
   ($s.sums | to_entries[] | select((.key | IN("load", "sampled", "nginx", "apache", "postgres")) and .value != 0) | "\(.key) ended with status \(.value)"),
   ($s.died | to_entries[] | select(.value == "broken") | "the witness \(.key) (\($s.pids[.key])) died itself"),
   (if $traced == {} then "strace saw nothing" else empty end),
   (if $quarrel != [] then "strace and the process itself counted otherwise: \($quarrel[:5] | map("\(.) \($s.strace[.] // 0) and \($mine[.] // 0)") | join("; "))" else empty end)]
  as $mistakes
| if $ARGS.named.sums then
	([$rows[] | select(.what | test("log: ") | not)] + $death_rows) as $made
	| {backend: $backend, rows: ($table | map(del(.key, .wrong) | . as $r | .excused = (excused($r) != null)
		| .made = ($made | any(.what == $r.what))))}
  else
  "\("    of \($backend)" | pad(34))\("really" | left(9))\("told" | left(9))\("missed" | left(8))\("invented" | left(10))\("precision" | left(11))\("recall" | left(9))",
  ($table[] | "    \(.what | pad(30))\(.truth | left(9))\(.told | left(9))\(.missed | left(8))\(.invented | left(10))"
	+ "\(.told as $n | .told - .invented | percent($n) | left(11))\(.truth as $n | .truth - .missed | percent($n) | left(9))"
	+ (if .missed + .invented > 0 then "  \(excused(.) // "?")" else "" end)),
  "    decoys, calls that had such an errno without a limit: \($s.decoy | to_entries | map("\(.key) \(.value)") | join(", "))",
  "    strace counted \($straced) failed calls of \($traced | length) processes as they did themselves; lost \($s.lost); deaths that only the kernel's trace has, not acct(2): \($unrecorded | length); told without a process \($s.nobody | tojson); cannot be here: \($s.absent | join(", "))",
  ($may[] | select(.what | contains("=")) | "    \(.what): \(.why)"),
  ($mistakes[] | "FAIL truth \($backend): \(.)"),
  (if $mistakes == [] then "ok truth \($backend)" else empty end)
  end
