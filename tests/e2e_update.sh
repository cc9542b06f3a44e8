#!/bin/bash
# Update and recall at every moment: who has the old text gets the new one, who waits gets only the new one; a cancel before,
# during, after, twice and for nobody; nothing recalled comes back on air, neither by reconnect nor by restart.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || { cat "$D/build.log"; exit 1; }
t_subs 460-00 2000 "$D/c.subs" || { cat "$D/subs.log"; exit 1; }
t_carrier one || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 200.0; burst = 20; window = 50; test_numbers = ( "8613800000000" );'), $(t_cbsp one-bsc "$CBSP_one") ); }"
t_gateway
t_until 10 t_links_up 2; t_ok $? "both links come up"
report() { kill -USR1 "$PID_one"; sleep 0.6; }
copies() { jq "[.smpp.texts[] | select(.text | test(\"$1\")) | .copies] | add // 0" "$D/one.json"; }
on_air() { jq "[.cbsp.cells[].active[] | select(.text | test(\"$1\"))] | length" "$D/one.json"; }
others_rest() { [ "$(t_status ".alerts[] | select(.alert_id == \"$1\") | .other_texts | .waiting + .handed")" = 0 ]; }

CASE=one t_trigger early cancel
t_is "$(t_drop early)" rejected "a cancel before the alert is rejected"
t_has "$(t_result early)" unknown "as unknown"
t_trigger one alert
t_is "$(t_drop one)" accepted "the alert is accepted"
ID=$(t_id one)
planned=$(jq '[.plan.carriers[].links[].recipients] | add' "$(t_result one)")
cells=$(jq '[.plan.carriers[].links[] | select(.type == "cbsp") | .cells] | add' "$(t_result one)")
some() { [ "$(t_status '.alerts[0].units.accepted')" -gt "$((cells + 200))" ]; }
t_until 20 some
CASE=one t_trigger new update
sed -i 's/小明/小明明/; s/age = 6/age = 7/' "$D/new.trigger"
t_is "$(t_drop new)" accepted "the update is accepted"
t_until 40 others_rest "$ID"; t_ok $? "the new text has gone out"
sleep 1.3; report
old=$(copies 6岁) new=$(copies 7岁)
t_is "$((old > 200 && old < planned))" 1 "some had the old text ($old of $planned)"
t_is "$new" "$planned" "all get the new text"
t_is "$(on_air '6岁|child: 小明,')" 0 "the old text is off the air"
t_is "$(on_air '7岁|小明明, 7')" "$((2 * cells))" "the new one replaced it in every cell"
t_is "$(t_status '.alerts[0].units.accepted')" "$((old + cells))" "units count the alert's own text only"
t_is "$(t_status '.alerts[0].units.withdrawn')" "$((planned - old))" "those who got only the new text are withdrawn from it"
t_is "$(t_status '.alerts[0].other_texts.accepted')" "$((new + cells))" "the update is told apart"
t_drop new > /dev/null; cp "$D/new.trigger" "$D/newer.trigger"
t_is "$(t_drop newer)" duplicate "the same update again is a duplicate"

CASE=one LAT=31.2 LON=121.5 RADIUS=20.0 t_trigger elsewhere update
t_is "$(t_drop elsewhere)" rejected "an update with another area is rejected"
t_is "$(jq -c '[.reasons[].key]' "$(t_result elsewhere)")" '["location.lat","radius_km"]' "by place and radius"

CASE=one t_trigger found cancel
t_is "$(t_drop found)" accepted "a cancel after all was sent"
t_until 40 others_rest "$ID"; sleep 1.3; report
t_is "$(copies 已找到)" "$planned" "everyone reached gets the found text, once"
t_is "$(on_air '岁|Missing')" 0 "nothing of the alert is on air"
sleep 1; CASE=one t_trigger again cancel
t_is "$(t_drop again)" accepted "a second cancel is taken"
t_has "$(t_result again)" 'recalled before' "and told that there was one"
CASE=one t_trigger late update
t_is "$(t_drop late)" rejected "no update after it"
reunion alert cancel -c "$D/reunion.cfg" "$ID" --reason twice > "$D/cancel.txt" 2>&1; t_is "$?" 1 "nor a third from the tool"
t_has "$D/cancel.txt" 'recalled before' "which says why"

kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway; t_until 10 t_links_up 2; sleep 2; report
t_is "$(on_air '岁|Missing')" 0 "after kill -9 and RESET nothing recalled comes back on air"
t_is "$(on_air '已找到|was found')" "$((2 * cells))" "the found text does"
t_is "$(copies 已找到)" "$planned" "and no SMS is repeated"

CASE=two RADIUS=60.0 t_trigger two alert
t_drop two > /dev/null; two=$(t_id two)
half() { [ "$(t_status ".alerts[] | select(.alert_id == \"$two\") | .units.accepted")" -gt 150 ]; }
t_until 20 half
reunion alert cancel -c "$D/reunion.cfg" "$two" --reason "found at home" > /dev/null; t_ok $? "a cancel half way"
t_until 20 others_rest "$two"; t_until 30 t_at_rest "$two"; sleep 1.3
reached=$(t_status ".alerts[] | select(.alert_id == \"$two\") | .units.accepted")
t_is "$(t_status ".alerts[] | select(.alert_id == \"$two\") | .other_texts.accepted")" "$reached" "the found text goes to those reached and nobody else"
t_is "$(t_status ".alerts[] | select(.alert_id == \"$two\") | .units.withdrawn > 0")" true "the rest is withdrawn"

as() { jq -c "[.cbsp.cells[].active[] | select(.text | test(\"演习\")) | .id] | unique" "$D/one.json"; }
rehearsed() { CASE=ex RADIUS=60.0 t_trigger "$1" "$2" && sed -i "s/小明/演习/; $3" "$D/$1.trigger" && t_drop "$1"; }
t_is "$(rehearsed ex exercise '')" accepted "an exercise"
t_until 20 t_at_rest "$(t_id ex)"
t_is "$(rehearsed ex2 update 's/age = 6/age = 7/')" accepted "its update"
t_until 20 others_rest "$(t_id ex)"; sleep 1.3; report
t_is "$(as) $(copies '演习.*7岁')" "[4381,4394] 1" "goes to test identifiers and numbers only"
t_is "$(on_air '演习.*6')" 0 "and replaces the text before it"
t_is "$(rehearsed ex3 cancel '')" accepted "its cancel"
t_until 20 others_rest "$(t_id ex)"; sleep 1.3; report
t_is "$(as) $(copies 演习已找到)" "[4381,4394] 1" "as does the found text"
t_is "$(jq '[.smpp.violations, .cbsp.violations] | map(if type == "object" then .count // 0 elif type == "array" then length else . // 0 end) | add' "$D/one.json")" 0 "the carrier saw no violation"
t_stop_gateway
t_is "$(grep -cE 'runtime error|Sanitizer' "$D/gateway.log")" 0 "no sanitizer spoke"
t_end
