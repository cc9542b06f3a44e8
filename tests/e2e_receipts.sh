#!/bin/bash
# Receipts: what a carrier says became of each message, over kill -9, for `all`, `sample:P` and `failures`; ids in another base.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 3000 || { cat "$D/build.log"; exit 1; }
t_subs 460-00 2000 "$D/a.subs" || { cat "$D/subs.log"; exit 1; }
t_subs 460-01 2000 "$D/b.subs" && t_subs 460-11 300 "$D/f.subs" || { cat "$D/subs.log"; exit 1; }
t_carrier all --receipts 1500 --id-format hex --receipt-id-format dec || exit 1
t_carrier some --receipts all --early-receipts || exit 1
t_carrier fail --receipts all || exit 1
t_config "{ name = \"all\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp a-1 "$SMPP_all" 'rate = 150.0; burst = 50; window = 50; receipts = "all";'), $(t_smpp a-2 "$SMPP_all" 'rate = 150.0; burst = 50; window = 50; receipts = "all";') ); },
	{ name = \"some\"; networks = ( \"460-01\" ); subscribers = \"$D/b.subs\"; links = ( $(t_smpp s-1 "$SMPP_some" 'rate = 2000.0; burst = 50; window = 50; receipts = "sample:0.2";') ); },
	{ name = \"fail\"; networks = ( \"460-11\" ); subscribers = \"$D/f.subs\"; links = ( $(t_smpp f-1 "$SMPP_fail" 'rate = 2000.0; burst = 50; window = 50; receipts = "failures";') ); }"
t_gateway; t_ok $? "the gateway starts"; kill -0 "$PID_gateway" || { cat "$D/gateway.log"; exit 1; }
t_until 20 t_links_up 4
t_trigger one alert
t_is "$(t_drop one)" accepted "the trigger is accepted"
ID=$(t_id one)
carrier() { reunion alert show -c "$D/reunion.cfg" --json "$ID" | jq -c ".carriers[] | select(.name == \"$1\") | $2"; }
some_delivered() { [ "$(carrier all '.receipts.delivered // 0')" -gt 100 ]; }
t_until 30 some_delivered; t_ok $? "receipts come in"
sleep 0.5
before=$(carrier all .receipts.delivered)
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway
after=$(carrier all .receipts.delivered)
t_ok $((after < before - 350 ? 1 : 0)) "after kill -9 the states are kept ($before before, $after after)"
t_until 40 t_at_rest "$ID"; t_ok $? "every unit reaches a final state"
carrier_done() { kill -USR1 "$PID_all"; sleep 0.3; [ "$(jq '.smpp.receipts.answered' "$D/all.json")" -ge "$(carrier all .accepted)" ]; }
t_until 30 carrier_done; t_ok $? "the carrier has sent a receipt for each message"
sleep 1
accepted=$(carrier all .accepted)
# A kill forgets a quarter of a second: at 300 a second 75 messages, and as many receipts; five times that on a busy machine.
t_is "$(carrier all ".receipts | .asked >= $accepted - 400 and .asked <= $accepted + 100 and .pending <= 400")" true \
	"all: but for the moment before the kill each is told ($(carrier all .receipts), $accepted accepted)"
share=$(carrier all .receipts.share) told=$(jq '.smpp.receipts.states | .DELIVRD / add' "$D/all.json")
t_is "$(carrier all '.receipts | .low == null')$(jq -n "($share - $told) | fabs < 0.02")" truetrue "and the share is the carrier's ($share, $told)"
asked=$(carrier some .receipts.asked)
t_ok $((asked > 250 && asked < 550 ? 0 : 1)) "sample:0.2 asked for $asked of 2000"
delivered=$(carrier some .receipts.delivered)
t_is "$(carrier some '.receipts | .low < .share and .share < .high and .high - .low < 0.08 and .low > 0.85')" true "and its share has an interval ($(carrier some .receipts))"
t_is "$(carrier fail '.receipts | .asked == 300 and .failed > 0 and .failed < 60 and .delivered == 0 and .share == null')" true "failures: no share is claimed ($(carrier fail .receipts))"
t_has <(reunion alert show -c "$D/reunion.cfg" "$ID") "some: receipts of $asked messages.*delivered share 9.* % .95 % sure" "alert show tells it"
file_says() { jq -e ".carriers[] | select(.name == \"some\") | .receipts.delivered == $delivered" "$D/spool/alerts/$ID.json"; }
t_until 10 file_says; t_ok $? "and alerts/ID.json"
t_is "$(t_status '.alerts[0].carriers[] | select(.name == "some") | .receipts.delivered')" "$delivered" "and status"
t_stop_gateway
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
