#!/bin/bash
# Two links of a carrier share an alert; one dies for good: its sibling takes over what it had not sent. Meanwhile a later
# alert's broadcast does not wait for the first one's messages.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 5000 || exit 1
t_subs 460-00 4000 "$D/c.subs" || exit 1
t_carrier one --latency-ms 1-5 && t_carrier two --latency-ms 1-5 || exit 1
extra='rate = 200; burst = 20; window = 20;'
t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = (
  $(t_smpp c-1 "$SMPP_one" "$extra"), $(t_smpp c-2 "$SMPP_two" "$extra"), $(t_cbsp c-bsc "$CBSP_one") ); }"
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 3; t_ok $? "all links come up"
t_trigger one alert
t_is "$(t_drop one)" accepted "the first alert is accepted"
submitted() { [ "$(t_status ".links[] | select(.name == \"$1\") | .submitted")" -ge "$2" ]; }
t_until 20 submitted c-2 300; t_ok $? "both links send"
t_stop_carrier two
t_trigger two alert
sed -i "s/小明/小红/" "$D/two.trigger"
t_is "$(t_drop two)" accepted "a second alert is accepted while the first is sent"
aired() { [ "$(t_status ".alerts[] | select(.alert_id == \"$(t_id two)\") | .links[] | select(.name == \"c-bsc\") | .accepted")" -gt 0 ]; }
t_until 10 aired; t_ok $? "its broadcast is on air"
t_is "$(t_status ".alerts[] | select(.alert_id == \"$(t_id one)\") | .links[] | select(.name == \"c-1\") | .waiting > 0")" true "while messages of the first still wait"
t_until 60 t_at_rest "$(t_id one)"; t_ok $? "the first alert comes to its end without the dead link"
t_is "$(t_status ".alerts[] | select(.alert_id == \"$(t_id one)\") | .units | .refused + .expired + .withdrawn")" 0 "every unit was accepted, or is in doubt"
kill -USR1 "$PID_one"; sleep 1
hash=$(jq -r '.smpp.texts[] | select(.text | test("小明")).hash' "$D/one.json")
read -r people repeats most < <(cat "$D/one.recipients" "$D/two.recipients" | awk -v h="$hash" '$3 == h { n[$1] += $2 } END { for (m in n) { p++; r += n[m] - 1; if (n[m] > x) x = n[m] } print p, r, x }')
t_is "$people" "$(t_status ".alerts[] | select(.alert_id == \"$(t_id one)\") | [.links[] | select(.name != \"c-bsc\") | .accepted] | add")" "everybody got the text, by one link or the other"
t_is "$((repeats <= 20 && most <= 2))" 1 "a window of them twice at most ($repeats)"
t_end
