#!/bin/bash
# The whole alert into an SMSC on node-smpp, a stack by other people: single and long texts, throttling, receipts.
. "${SRCDIR:?}/tests/lib.sh"
[ -d "$B/node/node_modules/smpp" ] || t_skip_all "npm package smpp is not installed below $B/node (./quickstart check does it)"
t_begin
t_map 20000 || exit 1
t_subs 460-00 2000 "$D/c.subs" || exit 1
PASSWORD=geheim RECEIPTS=1 THROTTLE_EVERY=${THROTTLE:-400} NODE_PATH=$B/node/node_modules t_start smsc node "$S/tests/peers/smsc.js"
t_until 10 grep -q port "$D/smsc.log" || { cat "$D/smsc.log"; exit 1; }
port=$(awk '/^port/ { print $2 }' "$D/smsc.log")
long='{child.name}，{child.sex}，{child.age}岁。'
for i in 1 2 3 4 5 6; do long="$long请各位市民留意身边的孩子并及时联系警方"; done
t_config "{ name = \"node\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp n1 "$port" 'rate = 2000.0; burst = 100; window = 50; receipts = "all";') ); }"
sed -i "0,/sms = \"[^\"]*\"/s//sms = \"$long\"/" "$D/reunion.cfg"
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 1; t_ok $? "node-smpp accepts the bind"
t_trigger node alert
t_is "$(t_drop node)" accepted "the trigger is accepted"
ID=$(t_id node)
t_until 60 t_at_rest "$ID"; t_ok $? "every unit reaches a final state"
sleep 1
planned=$(jq '.plan.carriers[0].links[0].recipients' "$(t_result node)")
parts=$(jq '.plan.carriers[0].links[0].parts' "$(t_result node)")
t_is "$(t_status '.alerts[0].units.accepted')" "$planned" "the ledger says all $planned are accepted"
receipts=$(t_status '.links[0].receipts // .links[0].count.receipts // -1')
t_stop_gateway
kill -TERM "$PID_smsc"; wait "$PID_smsc" 2>/dev/null
tail -1 "$D/smsc.log" > "$D/smsc.json"
t_is "$(jq .recipients "$D/smsc.json")" "$planned" "node-smpp saw every recipient"
t_is "$(jq .copies "$D/smsc.json")" 1 "each exactly once"
t_is "$(jq '.submits - .throttled' "$D/smsc.json")" "$parts" "as many parts as planned"
t_is "$(jq '.throttled > 0' "$D/smsc.json")" true "some were throttled and came again"
t_is "$(jq -r '.texts | keys | join("|")' "$D/smsc.json")" "$(sed 's/{child.name}/小明/; s/{child.sex}/男/; s/{child.age}/6/' <<< "$long")" "reassembled, the text is the one that was written"
t_is "$(jq -r '.dcs | keys | join(",")' "$D/smsc.json")" 8 "as UCS-2"
t_is "$(jq -r '.ton | keys | join(",")' "$D/smsc.json")" 1/1 "to TON 1, NPI 1"
t_is "$receipts" "$parts" "a receipt for every part was counted"
t_end
