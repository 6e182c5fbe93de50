#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What failcnt sees of failures that really happen on this machine's own kernel: each is provoked (provoke.c prints the
# truth about it) in a namespace, rlimit or cgroup of its own, and the lines that failcnt wrote are compared with that
# truth. Works with cgroup v1 and v2 and with any backend; what the backend cannot see is skipped, and said.
#
# usage: run.sh BUILD_DIR [NAMES]   as root; BUILD_DIR holds failcnt, and gets provoke
#   NAMES   only these tests, as an extended regular expression: 'command-.*|doctor'
#
# Prints `ok NAME`, `FAIL NAME: why` or `skip NAME: reason`, and last `live: N passed, N failed, N skipped`; the exit
# status is 1 where one failed. The tests are in run_*.bash: a function fails with `no WHY`, or skips with `na REASON`.
# shellcheck source-path=SCRIPTDIR
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=run_lib.bash
. "$here/run_lib.bash"
# shellcheck source=run_events.bash
. "$here/run_events.bash"
# shellcheck source=run_stream.bash
. "$here/run_stream.bash"
# shellcheck source=run_counters.bash
. "$here/run_counters.bash"
# shellcheck source=run_holders.bash
. "$here/run_holders.bash"
# shellcheck source=run_command.bash
. "$here/run_command.bash"
# shellcheck source=run_table.bash
. "$here/run_table.bash"
# shellcheck source=run_idle.bash
. "$here/run_idle.bash"
# shellcheck source=run_store.bash
. "$here/run_store.bash"

(($# == 1 || $# == 2)) || { echo "usage: $(basename "$0") BUILD_DIR [NAMES]" >&2; exit 2; }
only=${2-}
setup "$1"

all_provocations
run flood-1000000 flood
run many-200 many
run flood-of-threads flood_threads
run flood-of-sets flood_sets
run flood-limits flood_limits
run flood-others flood_others
run flood-exec flood_exec
run comm-of-bytes odd_comm

all_filters
run count count_option
run duration duration_option

run started-within-1s started_soon
run ctrl-c ctrl_c
run output-file output_file
run sighup sighup
run stdout-full stdout_full
run stdout-closed stdout_closed
run reader-gone reader_gone
run two-watchers two_watchers
run ends-quietly ends_quietly
run idle-start idle_start
run idle-quiet idle_quiet
run idle-repeats idle_repeats

run holders-close-wait holders_close_wait
run holders-dead-sets holders_dead_sets
run holders-live-sets holders_live_sets
run holders-kinds holders_kinds
run holders-namespaces holders_namespaces
run holders-storm holders_storm
run holders-crowd holders_crowd
run holders-ways holders_ways "$1"
run holders-doctor holders_doctor

run counted counted
run coincident coincident
run not-root-watch not_root_watch
run not-root-nothing not_root_nothing
run not-root-doctor not_root_doctor
run doctor doctor
run table table_all
run table-owners table_owners
run table-json table_json
run table-fixtures table_fixtures
run table-counts table_counts
run table-near table_near
run table-compat table_compat
run table-oom table_oom

run command-nofile command_provoked nofile-dup 'REFUSED  nofile'
run command-semmni command_provoked sem-mni 'REFUSED  semmni'
run command-oom command_provoked oom-memcg 'KILLED   memory'
run command-counts command_counts
run command-first command_first
run command-daemon command_daemon
run command-others command_others
run command-filter command_filter
run command-folds command_folds
run command-json command_json
run command-status command_status
run command-state command_state
run command-signals command_signals
run command-stops command_stops
run command-keys command_keys
run command-jobs command_jobs
run command-hangup command_hangup
run command-left-behind command_left_behind
run command-denied command_denied

run store-records store_records
run store-at-once store_at_once
run store-again store_again
run store-full store_full
run store-readonly store_readonly
run store-locked store_locked
run store-bad store_bad
run store-moved store_moved
run store-limits store_limits
run store-notifies store_notifies
run store-crash store_crash

run contract contract
run whole-streams whole_streams
run nothing-left nothing_left

if [[ $only ]] && ((passed + failed + skipped == 0)); then echo "no test is named $only" >&2; exit 2; fi
echo "live: $passed passed, $failed failed, $skipped skipped"
((failed == 0))
