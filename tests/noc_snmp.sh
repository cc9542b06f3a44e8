#!/bin/bash
# REUNION-GATEWAY-MIB through a stock snmpd: everything in a folder of its own, on 127.0.0.1 only, nothing in /etc touched.
PATH=$PATH:/usr/sbin:/sbin
N=13
n=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); echo "not ok $n - $1"; [ -z "$2" ] || printf '%s\n' "$2" | sed 's/^/# /' | head -20; }
check() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:  $2
want: $3"; fi; }
echo "1..$N"
for tool in snmpd snmptrapd snmpwalk snmpget snmpbulkget; do
	if ! command -v $tool > /dev/null; then
		for i in $(seq $N); do echo "ok $i # SKIP $tool is not installed"; done
		exit 0
	fi
done

probe=$BUILDDIR/tests/noc_probe
root=.$("$probe" dump | head -1 | sed 's/^\.//; s/ .*//; s/\.1\.1\.1\.0$//')
dir=$(mktemp -d) || exit 1
pids=
cleanup() {
	for p in $pids; do kill -CONT $p 2> /dev/null; kill -9 $p 2> /dev/null; done
	wait 2> /dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
port=$((20000 + $$ % 20000))
mkdir -p "$dir/persist" "$dir/none"
export MIBS= MIBDIRS=$dir/none SNMPCONFPATH=$dir/none SNMP_PERSISTENT_DIR=$dir/persist
cat > "$dir/snmpd.conf" <<END
agentAddress udp:127.0.0.1:$port
master agentx
agentXSocket unix:$dir/agentx.sock
agentXPerms 0660 0770
agentXTimeout 2
agentXRetries 1
rocommunity public 127.0.0.1
trap2sink 127.0.0.1:$((port + 1)) public
END
printf 'snmpTrapdAddr udp:127.0.0.1:%s\nauthCommunity log public\n' $((port + 1)) > "$dir/snmptrapd.conf"

master() {
	snmpd -f -Lf "$dir/snmpd.log" -C -c "$dir/snmpd.conf" -I -smux,mteTrigger,mteTriggerConf -p "$dir/snmpd.pid" &
	snmpd=$!
	pids="$pids $snmpd"
}
get() { snmpget -v2c -c public -t 2 -r 1 -Ovq "127.0.0.1:$port" "$@" 2>&1; }
# wait_for SECONDS COMMAND...
wait_for() {
	local until=$(($1 * 10)) i
	shift
	for ((i = 0; i < until; i++)); do "$@" > /dev/null 2>&1 && return 0; sleep 0.1; done
	return 1
}
served() { [ "$(get $root.1.1.1.0)" = '"reunion-1"' ]; }
arrived() { [ "$(grep -c "$root.0.[0-9]" "$dir/traps.log")" -ge "$1" ]; }
# snmpwalk's lines in the form of the probe's dump; the uptime of the discontinuity is the master's, so it is left out
walked() {
	sed -E -e ':a; N; $!ba; s/\n([^.])/ \1/g' | sed -E -e 's/^(\.[0-9.]+) = (Hex-STRING|STRING|INTEGER|Gauge32|Counter64|Timeticks): /\1 \2 /' \
		-e 's/Hex-STRING/STRING/; s/(Timeticks) \(([0-9]+)\).*/\1 \2/' -e '/STRING/s/([0-9A-F]{2}) +/\1/g' \
		-e "/^${root//./\\.}\.1\.1\.4\.0 /d"
}

snmptrapd -f -On -Lf "$dir/traps.log" -C -c "$dir/snmptrapd.conf" -p "$dir/trapd.pid" &
pids="$pids $!"
# The agent starts first: a missing master must not matter.
"$probe" run "unix:$dir/agentx.sock" > "$dir/probe.out" 2>&1 &
run=$!
pids="$pids $run"
sleep 0.5
master
if wait_for 15 served; then ok "a master that starts later is found"; else not_ok "a master that starts later is found" "$(cat "$dir/snmpd.log" "$dir/probe.out")"; fi

want=$("$probe" dump | sed -E -e '/STRING/s/ +$//' -e "/^${root//./\\.}\.1\.1\.4\.0 /d")
got=$(snmpwalk -v2c -c public -t 5 -On -Oe -Ox "127.0.0.1:$port" $root 2>&1 | walked | sed 's/ *$//')
got=$(echo "$got" | sed -E 's/ ""$/ STRING/; s/^(\.[0-9.]+) STRING *$/\1 STRING/')
if [ "$got" = "$want" ]; then ok "snmpwalk shows every object of the snapshot ($(echo "$want" | wc -l))"; else
	not_ok "snmpwalk shows every object of the snapshot" "$(diff <(echo "$got") <(echo "$want"))"; fi
got=$(snmpbulkwalk -v2c -c public -t 5 -On -Oe -Ox -Cr20 "127.0.0.1:$port" $root 2>&1 | grep -c "^\.")
check "snmpbulkwalk the same number" "$got" "$(("$(echo "$want" | wc -l)" + 1))"
check "totals, a link's counters, an alert's sums by snmpget" \
	"$(get $root.1.2.1.0 $root.1.3.1.101.1 $root.1.3.1.102.2 $root.1.6.1.18.7 $root.1.7.1.1.3.2 | tr '\n' ' ')" \
	"5000000000 1000 2001 702 0 "
check "gauges stay at their maximum" "$(get $root.1.3.1.12.1)" 4294967295
got=$(snmpget -v2c -c public -On "127.0.0.1:$port" $root.1.3.1.101.3 $root.1.3.1.1.1 $root.1.9.1.0 2>&1 | grep -c "No Such")
check "what does not exist is not answered" "$got" 3

kill -USR1 $run
wait_for 5 arrived 10
got=$(grep -o "$root\.0\.[0-9]*" "$dir/traps.log" | sort -u | wc -l)
check "all ten notifications arrive at snmptrapd" "$got" 10

kill -9 $snmpd
wait $snmpd 2> /dev/null
wait_for 5 grep -q disconnected "$dir/probe.out"
kill -USR1 $run
sleep 0.3
master
if wait_for 20 served; then ok "served again after the master was killed"; else not_ok "served again after the master was killed" "$(cat "$dir/probe.out")"; fi
if wait_for 5 arrived 20; then ok "notifications wait for the master"; else not_ok "notifications wait for the master" "$(cat "$dir/traps.log")"; fi

kill -STOP $snmpd
kill -USR1 $run
sleep 4
kill -TERM $run
wait $run
rc=$?
line=$(tail -1 "$dir/probe.out")
set -- $line
check "the probe ends well while the master hangs" "$rc" 0
# What a thread that only sleeps misses on this machine is not the agent's doing.
if [ "${2:-9999}" -le $((50 + 3 * ${4:-0})) ]; then ok "its loop never stalled ($2 ms)"; else not_ok "its loop never stalled" "$line"; fi
if [ "${6:-9999}" -le 1000 ]; then ok "it stopped in time ($6 ms)"; else not_ok "it stopped in time" "$line"; fi
kill -CONT $snmpd

"$probe" run "unix:$dir/agentx.sock" > "$dir/probe.out" 2>&1 &
run=$!
pids="$pids $run"
wait_for 10 grep -q '^connected' "$dir/probe.out"
kill -TERM $run
wait $run
check "an orderly goodbye to a master that answers" "$? $(grep -c '^connected' "$dir/probe.out")" "0 1"
