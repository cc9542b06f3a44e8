#!/bin/bash
# An alert grows by rings: each step reaches only cells and people that no step before had, also over kill -9, a reload with
# another map, and a cancel.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || { cat "$D/build.log"; exit 1; }
t_subs 460-00 4000 "$D/c.subs" || { cat "$D/subs.log"; exit 1; }
t_carrier one || exit 1
T_TYPE='rings = ( { after_s = 4; radius_km = 60.0; }, { after_s = 9; radius_km = 75.0; }, { after_s = 3600; radius_km = 100.0; } );'
config() { t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp one-1 "$SMPP_one"), $(t_cbsp one-bsc "$CBSP_one") ); }"; sed -i 's/radius_km = 100.0; deadline_s/radius_km = 30.0; deadline_s/' "$D/reunion.cfg"; }
config
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 2
RADIUS=30.0 t_trigger grow alert
reunion plan -c "$D/reunion.cfg" --json --svg "$D/plan.svg" "$D/grow.trigger" > "$D/plan.json"; t_ok $? "a dry run with its rings"
t_is "$(jq -c '[.rings[].radius_km]' "$D/plan.json")" '[60,75,100]' "the plan lists the rings"
t_is "$(t_drop grow)" accepted "the trigger is accepted"
ID=$(t_id grow)
show() { reunion alert show -c "$D/reunion.cfg" "$ID" --json | jq -r "$1"; }
begun() { [ "$(show '[.rings[] | select(.begun_at)] | length')" = "$1" ]; }
planned() { jq '([.carriers[].links[].recipients] | add) + ([.rings[:2][].recipients] | add)' "$D/plan.json"; }

t_until 3 t_at_rest "$ID"
t_is "$(show .state)" running "still running: more is to come"
t_until 15 begun 1; t_ok $? "the first ring begins in its time"
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
reunion cellmap synth --cells 15000 --seed 9 > "$D/cells.csv" && reunion cellmap build -o "$D/cells.map" "$D/cells.csv" > /dev/null 2>&1
t_gateway; t_ok $? "a restart after kill -9, with another map for new alerts"
t_until 15 begun 2; t_ok $? "the second ring begins"
sed -i 's/after_s = 3600; radius_km = 100.0/after_s = 3601; radius_km = 99.0/' "$D/reunion.cfg"
kill -HUP "$PID_gateway"
t_until 20 t_at_rest "$ID"; t_ok $? "every unit reaches a final state"
sleep 1.3
kill -USR1 "$PID_one"; sleep 0.5
t_is "$(jq .smpp.distinct "$D/one.json")" "$(planned)" "everyone within 75 km was reached, nobody beyond"
t_is "$(($(planned) < 4000))" 1 "and there are some beyond"
t_is "$(jq '.smpp.duplicates <= 100' "$D/one.json")" true "repeats within a window"
cells=$(jq '([.carriers[].links[] | select(.type == "cbsp") | .cells] | add)' "$D/plan.json")
on_air=$(jq '[.cbsp.cells[] | select(.active | length == 2)] | length' "$D/one.json")
t_is "$((on_air > cells))" 1 "cells of the rings are on air too ($on_air, $cells at first)"
t_is "$(show '[.rings[] | .radius_km] | map(tostring) | join(" ")')" "60 75 100" "what was accepted stays, whatever is configured since"
t_is "$(show '.units.accepted')" "$((on_air + $(planned)))" "the ledger agrees with the carrier"
reunion alert show -c "$D/reunion.cfg" "$ID" --cells > "$D/cells.txt"
t_has "$D/cells.txt" 'one +broadcast +GSM-460-00-.* 75.0 ' "cell by cell, with its ring"
t_is "$(reunion alert show -c "$D/reunion.cfg" "$ID" --cells --json | jq '[.cells[].accepted] | add')" "$(show .units.accepted)" "cells add up"
written() { reunion alert show -c "$D/reunion.cfg" "$ID" --cells --csv | cmp - "$D/spool/alerts/$ID.cells.csv"; }
t_until 5 written; t_ok $? "as does the file of them, ring by ring"

CASE=grow t_trigger found cancel
t_is "$(t_drop found)" accepted "the cancel is accepted"
gone() { [ "$(t_status '.alerts[0].other_texts | .waiting + .handed')" = 0 ]; }
t_until 20 gone; sleep 1
kill -USR1 "$PID_one"; sleep 0.5
t_is "$(jq '[.smpp.texts[] | select(.text == "小明已找到，谢谢。") | .copies] | add' "$D/one.json")" "$(planned)" "the found text follows to all rings"
t_is "$(jq '[.cbsp.cells[].active[] | select(.text | test("寻人|Missing"))] | length' "$D/one.json")" 0 "and the alert is off the air everywhere"
t_stop_gateway
t_is "$(grep -cE 'runtime error|Sanitizer' "$D/gateway.log")" 0 "no sanitizer spoke"
t_end
