#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "Could not resolve host" that has nothing to do with DNS. curl starts with all but a few of its descriptors in use, as a
# leaking program would have them: it has enough to start, and none left to open /etc/resolv.conf, so that the resolver
# fails and curl blames the name. In network and mount namespaces of its own a dnsmasq on 127.0.0.1 knows that name: with
# descriptors to spare the same command resolves it, which is checked first, and fails only at the connection.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154 # lib.bash sets what is not set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
in_namespaces --net --mount --propagation private -- "$@"
on_exit
servers_ready
workdir

name=db.failcnt.test
limit=64
"$IP" link set lo up

# replace FILE TEXT: FILE has another text, in this mount namespace only
replace() {
	local copy
	copy=$work/$(basename "$1")
	echo "$2" >"$copy"
	[[ -e $1 ]] || die "$1 is missing here, and cannot be covered"
	mount --bind "$copy" "$1"
}
replace /etc/resolv.conf "nameserver 127.0.0.1"
replace /etc/nsswitch.conf "hosts: files dns"
replace /etc/hosts "127.0.0.1 localhost"
if [[ -d /run/nscd ]]; then mount -t tmpfs none /run/nscd; fi

start "$DNSMASQ" --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts \
	--listen-address=127.0.0.1 --bind-interfaces --address="/$name/127.0.0.1" --log-facility="$work/dnsmasq.log"

# -q: no curlrc; port 9 has no listener, so a resolved name ends in "Failed to connect" (7), an unresolved one in 6
request=("$CURL" -q --silent --show-error --noproxy '*' --max-time 5 "http://$name:9/")
resolves() {
	local status=0
	(served "${request[@]}") 2>"$work/curl.log" || status=$?
	((status == 7))
}
within 4 resolves || { cat "$work/curl.log" "$work/dnsmasq.log" >&2; die "the name does not resolve even with descriptors to spare"; }

# curl_with ROOM: curl with ROOM descriptors left; its pid is then in $pid. The shell that uses up the others becomes curl.
# shellcheck disable=SC2016
fill='ulimit -n "$1"; for ((fd = 3; fd < $1 - $2; fd++)); do eval "exec $fd</dev/null"; done; exec "${@:3}"'
curl_with() {
	start bash -c "$fill" bash "$limit" "$1" "${request[@]}" 2>"$work/curl.log"
	wait "$pid" || true
	forget
}

# 4 are needed by the curl of Debian 12 before it looks the name up: a wake-up pair each for the transfer and the lookup.
# One less, and it fails earlier; one more, and it works. Other builds may differ.
found='' tried=()
for room in 4 5 6 3 7 8; do
	curl_with "$room"
	if grep -q "Could not resolve host: $name" "$work/curl.log"; then
		found=1
		break
	fi
	tried+=("$pid")
done
[[ $found ]] || { cat "$work/curl.log" >&2; die "curl resolved the name, or failed otherwise, with any number of descriptors"; }
sed -n '/Could not resolve host/s/^/LOG: /p' "$work/curl.log"
printf 'TRUTH: {"pid":%d,"comm":"curl","errno":"EMFILE","resource":"nofile","object":"/etc/resolv.conf","held":%d,"limit":%d,"room":%d,"tried":[%s]}\n' \
	"$pid" "$limit" "$limit" "$room" "$(IFS=,; echo "${tried[*]}")"
