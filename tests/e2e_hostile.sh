#!/bin/bash
# SMSCs that misbehave: the gateway lives, backs off, counts, floods no log, and its other link is untouched.
. "${SRCDIR:?}/tests/lib.sh"
command -v node > /dev/null || t_skip_all "node is not installed"
t_begin
t_map 3000 || exit 1
t_subs 460-00 200 "$D/c.subs" || exit 1
t_carrier one || exit 1
evil() { t_status '.links[] | select(.name == "evil") | '"$1"; }
meet() { # MODE SECONDS
	rm -f "$D/peer.log"
	t_start peer node "$S/tests/peers/hostile.js" "$1"
	t_until 10 grep -q '^port' "$D/peer.log" || { cat "$D/peer.log"; exit 1; }
	rm -rf "$D/state" "$D/spool"; mkdir "$D/state" "$D/spool"
	t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 500; subscribers = \"$D/c.subs\"; links = (
	  $(t_smpp evil "$(awk '$1 == "port" { print $2 }' "$D/peer.log")" "rate = 100; burst = 20; window = 20; response_timeout_s = 2;"),
	  $(t_cbsp one-bsc "$CBSP_one") ); }"
	t_gateway
	t_trigger "$1" alert
	t_is "$(t_drop "$1")" accepted "$1: an alert is accepted"
	sleep "$2"
	kill -0 "$PID_gateway"; t_ok $? "$1: the gateway lives"
	t_is "$(t_status '.links[] | select(.name == "one-bsc") | .state')" up "$1: the other link is up"
	[ "$(grep -c ' evil:' "$D/gateway.log")" -le 12 ]; t_ok $? "$1: no log flood"
	n=$(grep -c '^connection' "$D/peer.log")
	[ "$n" -ge 1 ] && [ "$n" -le 6 ]; t_ok $? "$1: $n connections in $2 s, no hammering"
}
part() { t_stop_gateway; kill "$PID_peer"; wait "$PID_peer" 2> /dev/null; }
for mode in garbage huge tiny; do
	meet $mode 4
	[ "$(evil '.bind_failures')" -ge 2 ] && [ "$(evil '.protocol_errors')" -ge 2 ]; t_ok $? "$mode: counted"
	t_is "$(evil .accepted)" 0 "$mode: nothing counts as accepted"
	part
done
meet drop 5
[ "$(evil '.disconnects')" -ge 2 ]; t_ok $? "drop: counted"
part
meet never 7
[ "$(evil .lost)" -ge 20 ]; t_ok $? "never: what was not answered is counted"
t_is "$(evil .accepted)" 0 "never: nothing counts as accepted"
part
meet weird 5
t_is "$(evil .accepted)" 200 "weird: good answers count"
t_is "$(evil .protocol_errors)" 600 "weird: each unreadable PDU is counted"
t_is "$(evil .disconnects)" 0 "weird: none of them costs the connection"
part
# A carrier's addresses are octets; what the public wrote is kept all the same, and answered as kept.
meet umlaut 2
t_is "$(grep -c '^answer 0 ' "$D/peer.log")" 1 "umlaut: its clue is taken"
t_is "$(cat "$D"/spool/clues/*.json "$D"/state/clues/*.json 2> /dev/null | jq -c '[.from, .from_octets, .to, .to_octets, .text]')" '["André","416e6472e9","110",null,"seen"]' "umlaut: and kept, with the sender's octets"
part
t_end
