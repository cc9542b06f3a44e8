#!/bin/bash
# One alert from trigger to carrier, cancel, found text; what carrier, ledger, status, result files say is one and the same.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || { cat "$D/build.log"; exit 1; }
t_subs 460-00 3000 "$D/c.subs" || { cat "$D/subs.log"; exit 1; }
t_carrier one --latency-ms 1-5 --receipts 50 || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 1500.0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 1000.0; burst = 50; window = 50; receipts = "all";'), $(t_smpp one-2 "$SMPP_one"), $(t_cbsp one-bsc "$CBSP_one") ); }"
reuniond -t -c "$D/reunion.cfg" > "$D/t.log" 2>&1; t_ok $? "reuniond -t is content"
t_gateway; t_ok $? "the gateway starts and answers"
t_until 10 t_links_up 3; t_ok $? "three links come up"

t_trigger one alert
t_is "$(t_drop one)" accepted "the trigger is accepted"
ID=$(t_id one)
t_until 30 t_at_rest "$ID"; t_ok $? "every unit reaches a final state"
sleep 1.2
planned=$(jq '[.plan.carriers[].links[].recipients] | add' "$(t_result one)")
kill -USR1 "$PID_one"; sleep 0.5
t_is "$(t_status '.alerts[0].units.accepted')" "$(t_status '.alerts[0].units | .accepted + .refused')" "all accepted"
t_is "$(jq .smpp.distinct "$D/one.json")" "$planned" "the carrier got every planned recipient"
t_is "$(jq .smpp.duplicates "$D/one.json")" 0 "no recipient twice"
t_is "$(jq '.smpp.rate.max_in_1s_window <= 1815' "$D/one.json")" true "never above the carrier's rate and burst in a second (and 10 % for its late reading)"
t_is "$(jq -r '[.smpp.texts[].text] | join("|")' "$D/one.json")" "寻人：小明，男，6岁，请拨110" "the text arrived as written"
cells=$(jq '[.plan.carriers[].links[] | select(.type == "cbsp") | .cells] | add' "$(t_result one)")
t_is "$(jq '[.cbsp.cells[] | select(.active | length == 2)] | length' "$D/one.json")" "$cells" "both languages are on air in every planned cell"
t_is "$(jq -r .state "$D/spool/alerts/$ID.json")" completed "alerts/ID.json says completed"
t_is "$(jq .units.accepted "$D/spool/alerts/$ID.json")" "$(t_status '.alerts[0].units.accepted')" "alerts/ID.json and status agree"
t_has <(reunion alert show -c "$D/reunion.cfg" "$ID") "$ID" "alert show knows it"

reunion alert show -c "$D/reunion.cfg" "$ID" --cells --csv --svg "$D/reached.svg" > "$D/reached.csv"; t_ok $? "whom it reached, as a table and a picture"
t_is "$(head -1 "$D/reached.csv")" "carrier,by,cell,lat,lon,ring_km,planned,waiting,handed,accepted,refused,expired,withdrawn,unknown" "the table has a header"
t_is "$(awk -F, 'NR > 1 { n += $10 } END { print n }' "$D/reached.csv")" "$(t_status '.alerts[0].units.accepted')" "its cells add up to the alert's sums"
t_is "$(awk -F, 'NR > 1 && $2 == "broadcast" { n++ } END { print n }' "$D/reached.csv")" "$cells" "with a row for each cell on air"
t_is "$(awk -F, 'NR > 1 && ($4 < 38.9 || $4 > 41 || $5 < 115 || $5 > 118)' "$D/reached.csv" | wc -l)" 0 "each in its place"
t_has "$D/reached.svg" "all accepted: $cells cells" "and the picture counts them"
command -v python3 > /dev/null && t_is "$(python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$D/reached.svg" 2>&1)" "" "the picture is well-formed"

cp "$D/spool/accepted/one.trigger" "$D/again.trigger"
t_is "$(t_drop again)" duplicate "the same content is a duplicate"
CASE=one t_trigger other alert 'missing_since = "2026-01-01T00:00:00+08:00";'
t_is "$(t_drop other)" rejected "the same case with other content is rejected"
t_has "$(t_result other)" 'use action' "and told to use update"
CASE=nobody t_trigger unknown cancel
t_is "$(t_drop unknown)" rejected "cancel of an unknown case is rejected"

CASE=one t_trigger found cancel
t_is "$(t_drop found)" accepted "the cancel is accepted"
found_rest() { t_status '.alerts[0].other_texts | .accepted > 0 and .waiting + .handed == 0' | grep -q true; }
t_until 60 found_rest; t_ok $? "the found text reaches its end"
kill -USR1 "$PID_one"; sleep 0.5
t_is "$(jq -r '[.smpp.texts[] | select(.text == "小明已找到，谢谢。") | .copies] | add' "$D/one.json")" "$planned" "everyone reached gets the found text"
t_is "$(jq -r '[.cbsp.cells[].active[] | select(.text | test("寻人|Missing"))] | length' "$D/one.json")" 0 "the alert is off the air"
t_is "$(jq -r '[.cbsp.cells[].active[] | select(.text | test("已找到|was found"))] | length' "$D/one.json")" "$((cells * 2))" "the found text is on air"
t_is "$(t_status '.alerts[0].state')" recalled "status says recalled"
t_is "$(jq '.smpp.violations.total + .cbsp.violations.total' "$D/one.json")" 0 "the carrier saw no violation"

accepted=$(t_status '.alerts[0].units.accepted')
t_stop_gateway
kill -USR1 "$PID_one"; sleep 0.5
before=$(jq .smpp.submits "$D/one.json")
t_gateway
t_until 10 t_links_up 3; sleep 2
t_is "$(t_status '.alerts[0].units.accepted')" "$accepted" "after a restart the sums are the same"
kill -USR1 "$PID_one"; sleep 0.5
t_is "$(jq .smpp.submits "$D/one.json")" "$before" "after a restart nothing comes back"
t_stop_gateway
t_is "$(reunion ledger dump -c "$D/reunion.cfg" "$ID" | awk '$2 == "alert" && $5 == "accepted"' | wc -l)" "$accepted" "the ledger's dump has as many accepted units"
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
