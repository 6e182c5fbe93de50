# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of failcnt for bash: the options come from its own --help.

# The options of a subcommand, one a line; those with a value end in "=".
_failcnt_options() {
	"$1" "$2" --help 2>/dev/null |
		sed -nE 's/^ +(-[a-z], )?(--[a-z-]+=?).*/\2/p; s/^ +(-[a-z]),.*/\1/p'
}

# The ids of the resources: what the program lists when it is given none.
_failcnt_resources() {
	"$1" watch --resource= 2>&1 | sed -nE 's/.* one of ([a-z0-9, -]+).*/\1/p' | sed 's/, not.*//; s/,//g'
}

# After "--option=", bash has taken the word apart at "=" and ":" or not, as COMP_WORDBREAKS says.
_failcnt_value() {
	local program=$1 option=$2 current=$3 words=
	case $option in
	-r | --resource) words=$(_failcnt_resources "$program") ;;
	--backend) words='auto fexit kprobe tracepoint events' ;;
	--color) words='auto always never' ;;
	-e | --errno) words='E2BIG EADDRNOTAVAIL EAGAIN EDQUOT EFBIG EINVAL EMFILE ENFILE ENOBUFS ENOMEM ENOSPC EPERM ERANGE' ;;
	-u | --uid) mapfile -t COMPREPLY < <(compgen -u -- "$current") && return ;;
	-n | --name) words=$(ps -eo comm= 2>/dev/null) ;;
	-p | --pid) words=$(ps -eo pid= 2>/dev/null) ;;
	-d | --duration | --interval) words='500ms 10s 1m' ;;
	-S | --since | -U | --until | --boot-time) words='today yesterday now -1h -1d -7d' ;;
	--max-age) words='7d 30d 90d' ;;
	--max-size | --keep-free) words='100M 500M 1G' ;;
	--near) words='80 90 95' ;;
	--root) mapfile -t COMPREPLY < <(compgen -d -- "$current") && return ;;
	-o | --html | --store | --from) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
	--beancounters) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
	--output)
		if [[ $current == json:* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "${current#json:}")
			if [[ $COMP_WORDBREAKS != *:* ]]; then COMPREPLY=("${COMPREPLY[@]/#/json:}"); fi
			return
		fi
		words=json:
		compopt -o nospace
		;;
	-c | --cgroup | --count) ;;
	*) return 1 ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

# What stands after "--" completes as if it stood alone. Says no where there is none.
_failcnt_rest() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -- ]] || continue
		if declare -F _command_offset >/dev/null; then
			_command_offset $((i + 1))
		elif ((i + 1 == COMP_CWORD)); then
			mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
		fi
		return 0
	done
	return 1
}

_failcnt() {
	local line=${COMP_LINE:0:COMP_POINT} program=${COMP_WORDS[0]} command=watch word current last
	local -a words
	COMPREPLY=()
	read -ra words <<<"$line" # whole words, not split at "=" and ":"
	if [[ $line == *[[:space:]] ]]; then words+=(''); fi
	current=${words[-1]}
	last=${words[-2]-}
	for word in "${words[@]:1:${#words[@]}-2}"; do
		case $word in watch | run | table | import | record | list | info | report | vacuum | doctor) command=$word && break ;; esac
	done
	if [[ $command == run ]] && _failcnt_rest; then return; fi
	if [[ $current == --*=* ]]; then
		_failcnt_value "$program" "${current%%=*}" "${current#*=}"
		if [[ $COMP_WORDBREAKS != *=* ]]; then COMPREPLY=("${COMPREPLY[@]/#/${current%%=*}=}"); fi
		return
	fi
	if [[ $last != *=* ]] && _failcnt_value "$program" "$last" "$current"; then return; fi
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_failcnt_options "$program" "$command")" -- "$current")
		if [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi
	elif ((${#words[@]} == 2)); then
		mapfile -t COMPREPLY < <(compgen -W 'watch run table import record list info report vacuum doctor help' -- "$current")
	elif [[ $command == import ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ $command == run ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
	elif [[ $command == list || $command == info || $command == report ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'id= pid= comm= errno= resource= cause= systemd_unit= container=' -- "$current")
		compopt -o nospace
	elif [[ $command == table ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'host ct: uid: pid: cgroup:/ fs:/' -- "$current")
		if [[ ${COMPREPLY[0]-} == *[:/] ]]; then compopt -o nospace; fi
	fi
}
complete -F _failcnt failcnt
