#!/bin/bash
# Control socket, VTY and status page of one process, with people, programs and rude peers at the doors.
PATH=$PATH:/usr/sbin:/sbin
N=29
n=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); echo "not ok $n - $1"; [ -z "$2" ] || printf '%s\n' "$2" | sed 's/^/# /' | head -20; }
check() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:  $2
want: $3"; fi; }
has() { case $2 in *"$3"*) ok "$1" ;; *) not_ok "$1" "$2" ;; esac; }
lacks() { case $2 in *"$3"*) not_ok "$1" "$2" ;; *) ok "$1" ;; esac; }
echo "1..$N"
if ! command -v curl > /dev/null; then
	for i in $(seq $N); do echo "ok $i # SKIP curl is not installed"; done
	exit 0
fi

probe=$BUILDDIR/tests/noc_probe
dir=$(mktemp -d) || exit 1
port=$((20000 + $$ % 20000))
http=http://127.0.0.1:$((port + 1))
"$probe" serve "$dir/sock" $port $((port + 1)) > "$dir/out" 2>&1 &
pid=$!
trap 'kill -9 $pid 2> /dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
for i in $(seq 50); do grep -q ready "$dir/out" && break; sleep 0.1; done
reunion() { "$probe" "$@" < /dev/null 2>&1; }
web() { curl -s --noproxy '*' -m 10 "$@"; }
# vty LINE...: what the VTY says to these lines
vty() {
	exec 3<> "/dev/tcp/127.0.0.1/$port" || return
	printf '%s\r\n' 'terminal length 0' "$@" >&3
	timeout 1 cat <&3 | tr -d '\r\0'
	exec 3>&-
}

# The commands.
echo "$dir/sock" > "$dir/conf"
out=$(reunion status -c "$dir/conf"); check "status: exit status" $? 0
has "status: a link" "$out" "cm-bsc-1  china-mobile  cbsp  down"
has "status: the risk, by its word" "$out" alertDeadlineAtRisk
has "status --json" "$(reunion status --socket "$dir/sock" --json | tr -d ' \n')" '"units":{"waiting":700,"handed":701,"accepted":702'
has "alert list" "$(reunion alert list -c "$dir/conf")" "beijing-3"
has "alert show" "$(reunion alert show beijing-7 -c "$dir/conf")" "update and found texts"
out=$(reunion alert show nobody -c "$dir/conf"); check "alert show of an unknown one: exit status" $? 1
out=$(reunion alert cancel beijing-7 --reason 'found at home' -c "$dir/conf"); check "alert cancel: exit status" $? 0
has "the daemon was told who and why" "$(cat "$dir/out")" "cancel beijing-7 [found at home] by control socket, user $(id -u), process"
out=$(reunion alert cancel beijing-7 -c "$dir/conf"); check "alert cancel without a reason: exit status" $? 2
out=$(reunion status --socket "$dir/none"); check "status without a gateway: exit status" $? 1
has "status without a gateway: one line that helps" "$out" "$dir/none: no gateway listens there; is reuniond running?"

# The VTY.
out=$(vty 'show links' 'show alerts' 'show alert beijing-3' 'show cellmap' 'link cm-1 block')
has "VTY: links" "$out" "cm-1      china-mobile  smpp  up"
has "VTY: cell map" "$out" 0123456789abcdef
lacks "VTY: no change without enable" "$(cat "$dir/out")" "block cm-1"
out=$(vty enable 'link cm-1 block' 'alert beijing-7 confirm' 'alert beijing-7 cancel they said so' 'write file /tmp/x' 'configure terminal' shutdown)
has "VTY: link block" "$(cat "$dir/out")" "block cm-1 by VTY from 127.0.0.1"
lacks "VTY: a recall waits for its confirmation" "$(cat "$dir/out")" "they said so"
check "VTY: commands that write or stop are gone" "$(grep -c 'Unknown command' <<< "$out")" 3
out=$(vty enable 'alert beijing-7 confirm')
has "VTY: another session cannot confirm" "$out" "nothing to confirm"
out=$(vty enable 'alert beijing-7 cancel yes really' 'alert beijing-7 confirm')
has "VTY: a confirmed recall" "$(cat "$dir/out")" "cancel beijing-7 [yes really] by VTY"

# The status page.
check "page, JSON, metrics, health, others" \
	"$(for p in / /status.json /metrics /healthz /etc/passwd '/?x=%00' ; do web -o /dev/null -w '%{http_code} ' "$http$p"; done)" \
	"200 200 200 200 404 200 "
check "only GET and HEAD" \
	"$(for m in POST PUT DELETE OPTIONS TRACE; do web -X $m -d x -o /dev/null -w '%{http_code} ' "$http/"; done; web -I -o /dev/null -w '%{http_code}' "$http/")" \
	"405 405 405 405 405 200"
has "nothing is kept by caches" "$(web -i "$http/" | tr -d '\r')" "Cache-Control: no-store"

# Connections that stay and say nothing: of the VTY sixteen at most; and when descriptors are short all the same, no heap of lines.
files() { find /proc/$pid/fd -mindepth 1 | wc -l; }
idle=$(files)
for i in $(seq 40); do (exec 3<> "/dev/tcp/127.0.0.1/$port" && sleep 5) 2> /dev/null & done
sleep 1
check "VTY: forty silent connections take sixteen descriptors" $(($(files) - idle)) 16
has "VTY: and keep nobody out" "$(vty 'show links')" "cm-bsc-1"
if prlimit --pid $pid --nofile=$(($(files) + 3)):4096 2> /dev/null; then
	for i in $(seq 70); do (exec 3<> "/dev/tcp/127.0.0.1/$((port + i % 2))" && sleep 1) 2> /dev/null & done
	sleep 1
	[ "$(grep -ac 'accept failed' "$dir/out")" -le 3 ]; check "no heap of lines where connections cannot be taken" $? 0
	prlimit --pid $pid --nofile=1024:4096
	sleep 1
else
	ok "no heap of lines where connections cannot be taken # SKIP limits cannot be set"
fi

# Rude peers at both TCP doors: silence, garbage, endless lines, dripping.
for p in $port $((port + 1)); do
	for i in 1 2 3 4 5; do (exec 3<> "/dev/tcp/127.0.0.1/$p" && sleep 8) 2> /dev/null & done
	(exec 3<> "/dev/tcp/127.0.0.1/$p" && head -c 200000 /dev/urandom >&3) 2> /dev/null
	(exec 3<> "/dev/tcp/127.0.0.1/$p" && printf 'GET /%0100000d HTTP/1.1\r\n' 7 >&3) 2> /dev/null
	(exec 3<> "/dev/tcp/127.0.0.1/$p" && printf 'GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n' >&3) 2> /dev/null
	(exec 3<> "/dev/tcp/127.0.0.1/$p" && printf '\377\375\001\377\372\037\0\0\0\0\0\0\0\0\0\377\360\t?\033[A\r\n' >&3) 2> /dev/null
done
check "the page is still served" "$(web -o /dev/null -w '%{http_code}' "$http/healthz")" 200
has "so are VTY and control socket" "$(vty 'show links')$(reunion status --socket "$dir/sock")" "ledger"
kill -TERM $pid
wait $pid
set -- $(tail -1 "$dir/out")
if [ "$1" = stall_ms ] && [ "$2" -le $((100 + 3 * $4)) ]; then ok "the loop never stalled ($2 ms)"; else not_ok "the loop never stalled" "$*"; fi
