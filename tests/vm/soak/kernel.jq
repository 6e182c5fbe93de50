# SPDX-License-Identifier: GPL-2.0-only
#
# Compares what failcnt told during a soak with what the kernel's event tracing wrote down, and with the
# limits that the machine had. $names and $names32 are objects from the numbers of system calls to
# their names. Prints the mistakes, and lines of sums.

def total: add // 0;
def sum_by(f; n): reduce .[] as $e ({}; .[$e | f] += ($e | n));

# With these errnos nothing but a limit ends these calls: each of them must be told. Compared by errno,
# for repeats are folded by process, resource and errno, whatever the call was.
def only_limits: {
	semget: ["ENOSPC"], shmget: ["ENOSPC"], msgget: ["ENOSPC"], semop: ["E2BIG"], semtimedop: ["E2BIG"],
	fork: ["EAGAIN"], vfork: ["EAGAIN"], clone: ["EAGAIN"], clone3: ["EAGAIN"], io_setup: ["EAGAIN"],
	timer_create: ["EAGAIN"], rt_sigqueueinfo: ["EAGAIN"], inotify_add_watch: ["ENOSPC"],
	epoll_ctl: ["ENOSPC"], mq_open: ["ENOSPC"], add_key: ["EDQUOT"], openat: ["ENOSPC"],
	mkdir: ["ENOSPC"], mkdirat: ["ENOSPC"], symlink: ["ENOSPC"], symlinkat: ["ENOSPC"],
	link: ["ENOSPC"], linkat: ["ENOSPC"], mknod: ["ENOSPC"], fallocate: ["ENOSPC"],
	unshare: ["ENOSPC"]};
# The load is worth nothing if it does not reach these.
def must_be_reached: ["nofile", "semmni", "semopm", "msgmni", "nproc", "memlock",
		      "map-count", "inotify-instances", "aio", "pty", "keys", "disk", "inodes", "as",
		      "data", "fsize"];

[inputs] as $lines
| def of($letter): $lines[] | select(startswith($letter + " ")) | .[2:];
  def words($letter): of($letter) | split(" ");
{events: [of("E") | fromjson? // {event: "not JSON"}],
 witness: [words("T") | {tid: (.[0] | tonumber), call: ($names[.[1]] // .[1]), call32: $names32[.[1]],
			 errno: (.[2] | tonumber), n: (.[3] | tonumber)}],
 ran: [words("S") | {name: .[0], status: (.[1] | tonumber)}],
 witness_pids: ([words("C") | {key: .[0], value: true}] | from_entries),
 limits: ([words("L") | {key: (.[1:] | join(" ")), value: (.[0] | tonumber)}] | from_entries),
 sums: ([words("X") | {key: .[0], value: (.[1] | tonumber)}] | from_entries)}
| {EPERM: 1, E2BIG: 7, EAGAIN: 11, ENOMEM: 12, EINVAL: 22, ENFILE: 23, EMFILE: 24, EFBIG: 27, ENOSPC: 28,
   ERANGE: 34, EADDRNOTAVAIL: 99, ENOBUFS: 105, EDQUOT: 122} as $numbers
# After a signal handler sigreturn(2) returns what the interrupted call had returned: as number -1.
| [.witness[] | select(.call != "-1")] as $seen
| [.events[] | select(.event == "refused")] as $told
| ([.events[] | select(.event == "lost") | .lost] | total) as $lost
| .limits as $limits | (.witness_pids // {}) as $loads
# What the tracepoint of system calls can bear witness of: an errno that a call returned. A write that
# fills a file system returns what it could store, and no errno.
| [$told[] | select(.errno != null and .syscall != null and $numbers[.errno] != null
		    and (.resource | IN("neighbours", "cpu") | not)
		    and (.resource != "disk" or (.syscall | test("write|sendfile|splice") | not)))] as $mine
# The witness does not tell a 32-bit program's calls from others.
| ($seen | map(., (select(.call32 != null and .call32 != .call) | .call = .call32))
   | sum_by("\(.tid) \(.call) \(.errno)"; .n)) as $by_tid
| ([$mine[] | select(.count == null)] | group_by([.tid, .syscall, .errno])
   | map(select(length > ($by_tid["\(.[0].tid) \(.[0].syscall) \($numbers[.[0].errno])"] // 0)) | .[-1]))
  as $invented
| ($seen | sum_by("\(.errno)"; .n)) as $by_errno
| ($mine | sum_by("\($numbers[.errno])"; .count // 1)) as $told_by_errno
| [$told_by_errno | to_entries[] | select(.value > ($by_errno[.key] // 0))] as $too_many
| ($numbers | with_entries({key: "\(.value)", value: .key})) as $errnos
| [$seen[] | select($errnos["\(.errno)"] as $e | only_limits[.call] // [] | index($e))] as $sure_seen
| ($sure_seen | sum_by("\(.errno)"; .n)) as $sure_by_errno
# Repeats carry the name of the first call, another one's as often as not: so by errno, of all calls.
| ([$told[] | select(.errno != null and $numbers[.errno] != null)] | sum_by("\($numbers[.errno])"; .count // 1)) as $all_told
| [$sure_by_errno | to_entries[] | select(($all_told[.key] // 0) + $lost < (.value))] as $missed
# And process by process; of a thread that is not the first it is not known whose it is, where it was only counted.
| ([$told[] | select(.tid != .pid) | {key: "\(.tid)", value: true}] | from_entries) as $threads
| ($sure_seen | map(select($threads["\(.tid)"] == null)) | sum_by("\(.tid) \(.errno)"; .n)) as $sure_by_pid
| ([$told[] | select(.errno != null and .pid != null)] | sum_by("\(.pid) \($numbers[.errno])"; .count // 1)) as $told_by_pid
| [$sure_by_pid | to_entries[] | select(($told_by_pid[.key] // 0) + $lost < .value)] as $missed_by
# The same the other way round, where no thread of the process but the first is known to have been refused anything.
| ([$told[] | select(.tid != .pid) | {key: "\(.pid)", value: true}] | from_entries) as $threaded
| ($seen | sum_by("\(.tid) \(.errno)"; .n)) as $seen_by_pid
| [[$mine[] | select(.pid != null)] | sum_by("\(.pid) \($numbers[.errno])"; .count // 1) | to_entries[]
   | select($threaded[.key / " " | .[0]] == null and .value > ($seen_by_pid[.key] // 0))] as $too_many_by
| [$told[] | select(.certain and .held != null and .asked != null and .limit != null and .count == null)
   # devpts_new_index() (fs/devpts/inode.c) refuses what would make as many as the limit.
   | select(.held + (.asked // 0) + (if .resource == "pty" then 1 else 0 end) <= .limit)] as $contradict
# load.c has an IPC namespace with other limits.
| [$told[] | select($loads["\(.pid)"] | not) | select(.limit != null and $limits[.limit_name] != null and .limit != $limits[.limit_name])]
  as $other_limit
| ([$told[] | select(.errno == "EMFILE" or .errno == "ENFILE") | .count // 1] | total) as $files
| ([$seen[] | select(.errno == 23 or .errno == 24) | .n] | total) as $files_seen
| ($told | sum_by(.resource; .count // 1)) as $sums
| [if (.ran | length) == 0 then "nothing ran" else empty end,
   (.ran[] | select(.status | IN(0, 1, 2, 3) | not) | "\(.name): stress-ng ended with status \(.status)"),
   if $seen == [] then "the witness saw nothing" else empty end,
   if .sums.status != 0 then "failcnt ended with status \(.sums.status)" else empty end,
   if (.sums.overrun // 0) != 0 then "the witness lost \(.sums.overrun) events" else empty end,
   (must_be_reached[] | select($sums[.] == null) | "the load did not reach \(.)"),
   ($invented[:8][] | "told, and no call ended so: \({pid, tid, comm, resource, errno, syscall, held, asked, limit} | tojson)"),
   ($too_many[] | "\($errnos[.key]): \(.value) told, \($by_errno[.key] // 0) happened"),
   ($missed[] | "\($errnos[.key]) that only a limit makes: \($all_told[.key] // 0) told and \($lost) lost, \(.value) happened"),
   ($missed_by[:8][] | (.key / " ") as [$pid, $errno] | "process \($pid), \($errnos[$errno]) that only a limit makes: \($told_by_pid[.key] // 0) told, \(.value) happened"),
   ($too_many_by[:8][] | (.key / " ") as [$pid, $errno] | "process \($pid), \($errnos[$errno]): \(.value) told, \($seen_by_pid[.key] // 0) happened"),
   ($contradict[:8][] | "certain, and its own numbers say no: \({pid, comm, resource, errno, syscall, held, asked, limit} | tojson)"),
   ($other_limit[:8][] | "the limit is another, \($limits[.limit_name]): \({pid, comm, resource, errno, syscall, limit_name, limit} | tojson)"),
   (if $files > $files_seen then "\($files) EMFILE and ENFILE told, \($files_seen) happened" else empty end),
   (if $files + $lost < ($files_seen) then "\($files) EMFILE and ENFILE told and \($lost) lost, \($files_seen) happened" else empty end)]
  as $mistakes
| ($mistakes[] | "FAIL soak \($backend): \(.)"),
  (if $mistakes == [] then "ok soak \($backend)" else empty end),
  "    \(.ran | length) groups of stressors; the witness saw \([$seen[].n] | total) errnos; told by resource: \($sums | tojson), lost \($lost)",
  "    true: \([$mine[] | .count // 1] | total) told with a witness, \(([$told_by_errno | to_entries[] | [.value, $by_errno[.key] // 0] | min] | total) - ($invented | length)) of them seen by it; \([$told[] | .count // 1] | total) told in all",
  "    found: EMFILE and ENFILE \($files) of \($files_seen), others that only a limit makes, by process \([$sure_by_pid | to_entries[] | [.value, $told_by_pid[.key] // 0] | min] | total) of \([$sure_by_pid[]] | total)"
