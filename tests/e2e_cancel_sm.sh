#!/bin/bash
# A recall asks back what the SMSC still holds, where the link says so: by message id, after kill -9 too, and only there.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 3000 || { cat "$D/build.log"; exit 1; }
t_subs 460-00 400 "$D/a.subs" && t_subs 460-01 200 "$D/b.subs" || { cat "$D/subs.log"; exit 1; }
t_carrier asked --receipts 600000 || exit 1
t_carrier not --receipts 600000 || exit 1
t_config "{ name = \"asked\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp a-1 "$SMPP_asked" 'rate = 400.0; burst = 40; window = 20; receipts = "all"; cancel_sm = true;') ); },
	{ name = \"not\"; networks = ( \"460-01\" ); subscribers = \"$D/b.subs\"; links = ( $(t_smpp b-1 "$SMPP_not" 'rate = 400.0; burst = 40; window = 20; receipts = "all";') ); }"
t_gateway; t_ok $? "the gateway starts"
kill -0 "$PID_gateway" || { cat "$D/gateway.log"; exit 1; }
t_until 10 t_links_up 2
t_trigger one alert
t_is "$(t_drop one)" accepted "the alert is accepted"
ID=$(t_id one)
t_until 30 t_at_rest "$ID"; t_ok $? "every message is with its SMSC, which holds it"
sleep 1
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway
t_until 10 t_links_up 2
CASE=one t_trigger found cancel
t_is "$(t_drop found)" accepted "after kill -9 the alert is recalled"
back() { reunion alert show -c "$D/reunion.cfg" "$ID" --json | jq -c '.links[] | select(.name == "a-1") | .cancel_sm'; }
all_back() { [ "$(back | jq '.pending == 0 and .cancelled > 0')" = true ]; }
t_until 30 all_back; t_ok $? "all is asked back"
t_is "$(back)" '{"cancelled":400,"too_late":0,"pending":0}' "and taken back, as alert show tells"
others_rest() { [ "$(t_status '.alerts[0].other_texts | .waiting + .handed')" = 0 ]; }
t_until 30 others_rest; sleep 0.5
kill -USR1 "$PID_asked" "$PID_not"; sleep 0.6
t_is "$(jq '.smpp.receipts.states | .DELETED // .DELETE // 0' "$D/asked.json")" 400 "the SMSC agrees"
t_is "$(jq '[.smpp.texts[] | select(.text | test("已找到")) | .copies] | add' "$D/asked.json")" 400 "the found text follows all the same"
t_is "$(jq '.smpp.receipts.states | .DELETED // 0' "$D/not.json")" 0 "a link that does not say so asks nothing back"
t_is "$(jq '.smpp.violations.total' "$D/asked.json")" 0 "no violation"
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway
t_until 10 t_links_up 2
t_is "$(back)" '{"cancelled":400,"too_late":0,"pending":0}' "which another kill -9 does not make it forget"
t_stop_gateway
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
