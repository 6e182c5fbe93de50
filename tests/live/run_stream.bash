# SPDX-License-Identifier: GPL-2.0-only
#
# Live tests of the stream: how soon it starts and ends, where it goes, what becomes of it when nobody reads, and that
# every line of every test keeps the contract.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

# ms_to_start: into $ms
ms_to_start() {
	local before line fifo=$work/fifo read_end
	mkfifo "$fifo"
	exec {read_end}<>"$fifo"
	before=$(now_ms)
	"$failcnt" watch --json >"$fifo" 2>/dev/null {read_end}>&- &
	started+=("$!")
	read -r -t 10 -u "$read_end" line
	ms=$(($(now_ms) - before))
	kill -INT "$!"
	within 5 ended "$!"
	exec {read_end}>&-
	rm "$fifo"
	[[ $line == *'"event":"started"'* ]] || no "the first line is no 'started'"
}

# The best of three: a busy machine is not our doing.
started_soon() {
	local ms best=99999 i
	for i in 1 2 3; do
		ms_to_start || return
		((ms >= best)) || best=$ms
	done
	echo "# started after $best ms"
	((best <= 1000)) || no "$best ms"
}

# Ctrl-C under way: the prompt at once, a summary, and last a line with the same totals.
ctrl_c() {
	local watcher before after wrong
	watch ctrl_c || return
	watcher=$pid
	provoked nofile-flood 20000 2 || return
	provoked oom-memcg || return
	before=$(now_ms)
	finish "$watcher" || return
	after=$(now_ms)
	echo "# ended $((after - before)) ms after SIGINT"
	((status == 0)) || { no "status $status"; return; }
	((after - before <= 1000)) || { no "$((after - before)) ms"; return; }
	wrong=$(jq -nr --rawfile err "$work/ctrl_c.err" '[inputs][-1].totals
		| "failcnt: \(.refused) refused, \(.killed) killed, \(.counted) counted, \(.lost) lost" as $line
		| if ($err | split("\n") | index($line)) then empty else "no summary: \($line)" end,
		  if .refused < 40000 or .killed < 1 then "totals are \(tojson)" else empty end' "$work/ctrl_c.json")
	[[ -z $wrong ]] || { no "$wrong"; return; }
	watch term || return
	finish "$pid" TERM || return
	((status == 0)) || no "status $status after SIGTERM"
}

output_file() {
	local watcher
	watch output --output "json:$work/output.copy" || return
	watcher=$pid
	provoked nofile-flood 5000 || return
	finish "$watcher" || return
	cmp -s "$work/output.json" "$work/output.copy" || { no "the file differs from stdout"; return; }
	[[ $(stat -c %a "$work/output.copy") == 640 ]] || no "mode $(stat -c %a "$work/output.copy")"
}

# logrotate: the file is moved, a signal, and what comes then goes to a new one.
sighup() {
	local watcher first second
	watch hup --output "json:$work/hup.log" -r nofile || return
	watcher=$pid
	provoked nofile-dup || return
	first=$(of .pid)
	seen hup ".pid == $first" || { no "not seen"; return; }
	mv "$work/hup.log" "$work/hup.log.1"
	kill -HUP "$watcher"
	within 2 test -e "$work/hup.log" || { no "no new file"; return; }
	provoked nofile-dup || return
	second=$(of .pid)
	seen hup ".pid == $second" || { no "not seen after SIGHUP"; return; }
	finish "$watcher" || return
	((status == 0)) || { no "status $status"; return; }
	cat "$work/hup.log.1" "$work/hup.log" | cmp -s - "$work/hup.json" || { no "the two files are not stdout"; return; }
	grep -q "\"pid\":$second," "$work/hup.log" || { no "the second is not in the new file"; return; }
	! grep -q "\"pid\":$second," "$work/hup.log.1" || no "the second is in the old file"
}

# unwritten TAG: two refusals that could not be written anywhere are said, in words and by the status
unwritten() {
	local watcher=$1 tag=$2
	within 5 attached "$tag" || { no "it does not start"; return; }
	provoked nofile-dup || return
	within 10 grep -q 'cannot be written' "$work/$tag.err" || { no "nothing is said while it runs"; return; }
	kill -INT "$watcher" 2>/dev/null
	finished "$watcher" || return
	((status != 0)) || { no "status 0"; return; }
	grep -Eq 'could not be written|cannot write|[1-9][0-9]* lost' "$work/$tag.err" || no "nothing is said on stderr"
}
# Without a line to wait for: it has programs of its own.
attached() { sleep 1; }

stdout_full() {
	"$failcnt" watch --json -r nofile >/dev/full 2>"$work/full.err" &
	started+=("$!")
	unwritten "$!" full || return
	"$failcnt" watch --json -r nofile --fail-on-loss -d 1s >/dev/full 2>"$work/full.err" &
	started+=("$!")
	finished "$!" || return
	((status == 4 || status == 1)) || no "status $status with --fail-on-loss"
}

stdout_closed() {
	"$failcnt" watch --json -r nofile >&- 2>"$work/closed.err" &
	started+=("$!")
	finished "$!" || return # at once, before anything is lost
	((status == 1)) || { no "status $status"; return; }
	grep -q '^failcnt: cannot write to standard output: ' "$work/closed.err" || no "nothing is said on stderr"
}

reader_gone() {
	local left after result
	# shellcheck disable=SC2016
	timeout 20 bash -c 'set -o pipefail
		"$0" watch --json 2>"$1" | { head -n 1 >/dev/null; echo "${EPOCHREALTIME/[.,]/}" >"$2"; }' \
		"$failcnt" "$work/gone.err" "$work/gone.at"
	result=$?
	after=$(now_ms)
	left=$(($(<"$work/gone.at") / 1000))
	((result == 0)) || { no "status $result"; return; }
	((after - left < 1000)) || { no "it went on for $((after - left)) ms"; return; }
	! grep -Evq '^failcnt: [0-9]+ refused' "$work/gone.err" || no "$(head -n 1 "$work/gone.err")"
}

# Each sees all of it, and in the same words.
two_watchers() {
	local one two wrong
	watch one -r nofile || return
	one=$pid
	watch two -r nofile || return
	two=$pid
	provoked nofile-flood 30000 || return
	finish "$one" || return
	finish "$two" || return
	for tag in one two; do
		wrong=$(jq -n --argjson t "$truth" '[inputs | select(.pid == $t.pid) | .count // 1] | add' "$work/$tag.json")
		[[ $wrong == 30000 ]] || { no "$tag told $wrong of 30000"; return; }
	done
	wrong=$(jq -s '[.[] | select(.pid and .count == null) | {pid, errno, held, limit, comm, cgroup, says}]' \
		"$work/one.json")
	[[ $wrong == "$(jq -s '[.[] | select(.pid and .count == null) | {pid, errno, held, limit, comm, cgroup, says}]' \
		"$work/two.json")" ]] || no "they differ in what came whole"
}

# One that ends is no event for another: the process that looks for holders ends by itself.
ends_quietly() {
	local one two
	watch first || return
	one=$pid
	watch second || return
	two=$pid
	provoked nofile-dup || return
	finish "$two" || return
	provoked nofile-dup || return
	seen first ".pid == $(of .pid)" || { no "not seen"; return; }
	finish "$one" || return
	[[ $(count first '.event == "killed" and .comm == "failcnt-holders"') == 0 ]] || no "it tells of the other's own process"
}

# Every line of all tests: valid, short, keys of fields.def only, each always of the type that stands there.
contract() {
	local types lines wrong long
	types=$(sed -nE 's/^FIELD\([A-Z_]+, "([a-z_]+)", ([A-Z]+)\)$/{"key":"\1","value":"\2"}/p' \
		"$here/../../user/fields.def" | jq -s from_entries)
	cat "$work"/*.json >"$work/lines"
	lines=$(wc -l <"$work/lines")
	((lines > 300)) || { no "only $lines lines"; return; }
	long=$(LC_ALL=C awk '{ if (length > most) most = length } END { print most + 1 }' "$work/lines")
	((long <= 7680)) || { no "a line of $long bytes"; return; }
	iconv -f UTF-8 -t UTF-8 "$work/lines" >/dev/null 2>&1 || { no "not UTF-8"; return; }
	wrong=$(jq -Rrn --argjson types "$types" '
		[inputs | (fromjson? // {"no JSON": .}) | to_entries[] | . as $e | ($types[.key]) as $type
		| (.value | type) as $is
		| if $type == null then "key \(.key)"
		  elif $type == "INT" and (($is == "number" and (.value | floor) == .value and (.value | fabs) <= 9007199254740992)
			or ($is == "null" and (.key | . == "limit" or . == "barrier"))) then empty
		  elif $type == "STR" and $is == "string" then empty
		  elif $type == "TIME" and $is == "string"
			and (.value | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{9}Z$")) then empty
		  elif $type == "BOOL" and $is == "boolean" then empty
		  elif $type == "ARRAY" and $is == "array" then empty
		  elif $type == "OBJECT" and $is == "object" then empty
		  else "\(.key) is \(.value | tojson)" end] | unique | .[:5][]' "$work/lines") || wrong="jq failed"
	[[ -z $wrong ]] || { no "${wrong//$'\n'/; }"; return; }
	wrong=$(jq -rn '[inputs | select((has("limit") and .limit == null) != (.limit_unlimited // false)
			or .schema != 1 or (.event == null) or (.seq == null) or (.time == null))] | .[:3][] | tojson' "$work/lines")
	[[ -z $wrong ]] || { no "$wrong"; return; }
	echo "# $lines lines kept the contract, the longest has $long bytes"
}

# Streams that came to their end: started first, stopped last, no number left out, totals that are the sums.
whole_streams() {
	local file wrong n=0
	for file in "$work"/*.json; do
		[[ $(tail -n 1 "$file") == *'"event":"stopped"'* ]] || continue
		((++n))
		wrong=$(jq -nr '[inputs] as $all | $all[-1].totals as $t
			| (if $all[0].event != "started" then "started is not first" else empty end),
			  (if [$all[].seq] != [range(1; $all | length + 1)] then "seq has gaps" else empty end),
			  (if ($all | map(.run) | unique | length) != 1 then "several runs" else empty end),
			  ({refused: ($all | map(select(.event == "refused") | .count // 1) | add // 0),
			    killed: ($all | map(select(.event == "killed")) | length),
			    counted: ($all | map(select(.event == "counted")) | length),
			    lost: ($all | map(select(.event == "lost") | .lost) | add // 0)} as $sum
				| if $sum != $t then "sums \($sum | tojson), totals \($t | tojson)" else empty end)' "$file")
		[[ -z $wrong ]] || { no "$(basename "$file"): ${wrong//$'\n'/; }"; return; }
	done
	((n > 10)) || no "only $n streams came to their end"
}
