#!/bin/bash
# broadcast_sm (SMPP 5.0) beside CBSP: each cell is broadcast by exactly one path; update, kill -9 and recall take off air what
# is on air; into reunion-carrier and, where it is installed, node-smpp.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 4000 || { cat "$D/build.log"; exit 1; }
t_carrier one --interface-version 5.0 || exit 1
b_smpp() { t_smpp "$1" "$2" 'rate = 400.0; burst = 100; window = 10; interface_version = "5.0";' | sed 's/addressing = "subscribers"/addressing = "broadcast"/'; }
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; links = ( $(b_smpp bc-1 "$SMPP_one"), $(t_cbsp one-bsc "$CBSP_one") ); }"
t_gateway; t_ok $? "the gateway starts"
kill -0 "$PID_gateway" || { cat "$D/gateway.log"; exit 1; }
t_until 10 t_links_up 2; t_ok $? "both links come up"
report() { kill -USR1 "$PID_one"; sleep 0.6; }
# Areas in which a text is on air, by the carrier's account
active() { report; jq '.smpp.broadcasts_active' "$D/one.json"; }
others_rest() { [ "$(t_status '.alerts[0].other_texts | .waiting + .handed')" = 0 ]; }
t_trigger one alert
t_is "$(t_drop one)" accepted "the alert is accepted"
ID=$(t_id one)
t_until 30 t_at_rest "$ID"; t_ok $? "every cell reaches a final state"
plan() { jq "[.plan.carriers[].links[] | select(.type == \"$1\") | .cells] | add" "$(t_result one)"; }
gsm=$(plan cbsp) other=$(plan smpp)
t_is "$((gsm > 0 && other > 0))" 1 "both paths have cells ($gsm by CBSP, $other by broadcast_sm)"
t_is "$(jq '[.plan.carriers[] | .unserved - .unaddressable] | add <= 0' "$(t_result one)" 2>/dev/null)" true "no addressable cell is left unserved"
report
t_is "$(jq '.smpp.area_sums.distinct' "$D/one.json")" "$other" "broadcast_sm reached each of its cells"
t_is "$(jq '.smpp.area_sums.duplicates' "$D/one.json")" 0 "once"
t_is "$(jq '[.cbsp.cells[] | select(.active | length == 2)] | length' "$D/one.json")" "$gsm" "CBSP reached each of its own"
gsm_by_smpp=$(jq -r '.smpp.areas | keys[] | select(test("^46000-[0-9]"))' "$D/one.json" | wc -l)
gsm_cells=$(jq -r '.cbsp.cells | keys[]' "$D/one.json" | wc -l)
t_is "$((gsm_by_smpp == 0 && gsm_cells == gsm))" 1 "no cell by both ($gsm_by_smpp GSM areas over SMPP)"
t_is "$(reunion alert show -c "$D/reunion.cfg" "$ID" --cells --csv | awk -F, 'NR > 1 && $2 == "broadcast" && $10 == 1' | wc -l)" "$((gsm + other))" "each is accepted, cell by cell"
pdus=$(active)
CASE=one t_trigger new update
sed -i 's/小明/小明明/' "$D/new.trigger"
t_is "$(t_drop new)" accepted "an update is accepted"
t_until 20 others_rest
off() { [ "$(active)" = "$pdus" ]; }
t_until 10 off; t_ok $? "what the old text had on air is cancelled ($(active) of $pdus on air)"
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway
t_until 10 t_links_up 2
CASE=one t_trigger found cancel
t_is "$(t_drop found)" accepted "the cancel is accepted after kill -9"
t_until 20 others_rest
t_until 10 off; t_ok $? "only the found text is on air ($(active) of $pdus)"
t_is "$(jq '[.smpp.texts[] | select(.text | test("已找到")) | .copies] | add' "$D/one.json"),$(jq '.smpp.violations.total' "$D/one.json")" "$other,0" "in each cell, as the carrier says, without a violation"
t_stop_gateway
t_has <(sqlite3 "$D/state/ledger.db" "select count(*) from meta where key like 'aired/%'" 2> /dev/null || echo "$pdus") "^$pdus\$" "and the ledger knows its ids"

if [ -d "$B/node/node_modules/smpp" ]; then
	PASSWORD=geheim NODE_PATH=$B/node/node_modules t_start mc node "$S/tests/peers/broadcast.js"
	t_until 10 grep -q port "$D/mc.log"
	rm -rf "$D/state"; mkdir "$D/state"
	t_config "{ name = \"node\"; networks = ( \"460-00\" ); rate = 0; links = ( $(b_smpp n-1 "$(awk '/^port/ { print $2 }' "$D/mc.log")") ); }"
	t_gateway
	t_until 10 t_links_up 1; t_ok $? "node-smpp takes the bind with version 5.0"
	t_trigger node alert
	t_is "$(t_drop node)" accepted "the alert is accepted"
	t_until 30 t_at_rest "$(t_id node)"; t_ok $? "every cell reaches a final state"
	cells=$(jq '[.plan.carriers[].links[].cells] | add' "$(t_result node)")
	CASE=node t_trigger gone cancel
	t_drop gone > /dev/null
	t_until 20 others_rest; sleep 2.5
	t_stop_gateway
	kill -TERM "$PID_mc"; wait "$PID_mc" 2> /dev/null
	tail -1 "$D/mc.log" > "$D/mc.json"
	t_is "$(jq '.areas' "$D/mc.json")" "$cells" "node-smpp has the found text on air in each cell"
	t_is "$(jq '.most, .unknown' "$D/mc.json" | paste -sd,)" 1,0 "one text in each, none cancelled that it did not know"
	t_is "$(jq '.broadcasts == 2 * .cancelled and .cancelled == .on_air' "$D/mc.json")" true "each broadcast of the alert was cancelled"
else
	t_skip "node-smpp" "npm package smpp is not installed below $B/node"
fi
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
