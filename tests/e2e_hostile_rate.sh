#!/bin/bash
# Ten hostile peers at once over real sockets, each on a link of its own: the good links of other carriers keep at least 95 % of
# their rate, memory per link is bounded, the log stays readable, nobody is locked out.
. "${SRCDIR:?}/tests/lib.sh"
command -v node > /dev/null || t_skip_all "node is not installed"
modes="loris octets flood asks wrong unbound half deaf never huge"
RATE=1000 WINDOW=200
t_begin
t_map 20000 && t_subs 460-00 60000 "$D/good.subs" && t_subs 460-01 20000 "$D/evil.subs" || exit 1
t_carrier one && t_carrier two || exit 1
# shellcheck disable=SC2086
t_start peer node "$S/tests/peers/hostile.js" $modes
ports() { [ "$(grep -c ^port "$D/peer.log")" = 10 ]; }
t_until 10 ports || { cat "$D/peer.log"; exit 1; }
evil=
for mode in $modes; do
	port=$(awk -v m=$mode '$1 == "port" && $3 == m { print $2 }' "$D/peer.log")
	evil="$evil${evil:+, }$(t_smpp "evil-$mode" "$port" "rate = 100; burst = 20; window = 20; response_timeout_s = 3; reconnect_max_s = 4;")"
done
free_port() { local p; while p=$((20000 + RANDOM % 12000)); (: < "/dev/tcp/127.0.0.1/$p") 2> /dev/null; do :; done; echo "$p"; }
door=$(free_port)
good="rate = $RATE; burst = 100; window = $WINDOW;"
t_config "{ name = \"good\"; networks = ( \"460-00\" ); subscribers = \"$D/good.subs\"; links = ( $(t_smpp good-1 "$SMPP_one" "$good"), $(t_smpp good-2 "$SMPP_two" "$good") ); },
	{ name = \"evil\"; networks = ( \"460-01\" ); subscribers = \"$D/evil.subs\"; links = ( $evil ); },
	{ name = \"door\"; networks = ( \"460-07\" ); links = ( $(t_smpp door "$door" | sed 's/"connect"/"listen"/') ); }"
t_gateway; t_ok $? "the gateway starts"
good_up() { [ "$(t_status '[.links[] | select(.carrier == "good" and .state == "up")] | length')" = 2 ]; }
t_until 10 good_up; t_ok $? "the good links are up"
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$PID_gateway/status"; }
before=$(rss)
t_trigger hostile alert
t_is "$(t_drop hostile)" accepted "an alert is accepted"
sleep 2 # the first second after the start is not full
sent() { t_status '[.links[] | select(.carrier == "good") | .accepted] | add'; }
from=$(sent) t0=$(date +%s%N)
sleep 10
to=$(sent) t1=$(date +%s%N)
share=$(awk "BEGIN { printf \"%.1f\", ($to - $from) * 1e11 / ($t1 - $t0) / (2 * $RATE) }")
echo "# good links: $share % of their rate beside ten hostile ones"
t_ok "$(awk "BEGIN { print $share < 95 }")" "the good links keep 95 % of their rate"
after=$(rss)
echo "# resident memory: $before KiB at the start, $after KiB with ten hostile peers: $(((after - before) / 10)) KiB a link at most"
t_ok $(((after - before) / 10 > 1024)) "memory per hostile link is below 1 MiB"
sleep 5
later=$(rss)
echo "# $later KiB five seconds later"
t_ok $((later - after > 2048)) "and does not grow"
lines=$(grep -c 'evil-' "$D/gateway.log")
echo "# $lines lines of the log tell of ten hostile links in 17 s"
t_ok $((lines > 120)) "the log stays readable"
evil() { t_status ".links[] | select(.name == \"evil-$1\") | $2"; }
t_is "$(evil wrong .accepted)" 0 "wrong: answers to other numbers count for nobody"
t_is "$(evil unbound .binds)" 0 "unbound: nor does a bind"
[ "$(evil octets .accepted)" -gt 500 ]; t_ok $? "octets: an octet a write is slow, not wrong"
[ "$(evil flood .protocol_errors)" -gt 10000 ]; t_ok $? "flood: counted, $(evil flood .protocol_errors) answers to nothing"
for mode in loris never deaf wrong; do [ "$(evil $mode '.disconnects')" -ge 1 ]; t_ok $? "$mode: the link is given up and tried again"; done
# Sixteen who say nothing, from eight addresses, take all places there are: the carrier gets in all the same.
t_start mute perl -MIO::Socket::INET -e '@s = map { IO::Socket::INET->new(PeerAddr => $ARGV[0], LocalAddr => "127.0.0." . (2 + $_ % 8)) } 0 .. 15; sleep 60' "127.0.0.1:$door"
sleep 1
t_start caller reunion-carrier --name caller --die-with-parent --smpp-connect "127.0.0.1:$door" --dial bind --system-id reunion --password-file "$D/password" --report "$D/caller.json"
door_up() { [ "$(t_status '.links[] | select(.name == "door") | .state')" = up ]; }
t_until 10 door_up; t_ok $? "strangers who say nothing keep no carrier out"
kill -0 "$PID_gateway"; t_ok $? "the gateway lives"
t_stop_gateway
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
