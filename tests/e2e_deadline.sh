#!/bin/bash
# A carrier that is slower than agreed: alertDeadlineAtRisk once for it, well before the deadline and not for the other carrier;
# alertDeadlineMissed when it happens; neither again after a restart.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || { cat "$D/build.log"; exit 1; }
t_subs 460-00 4000 "$D/slow.subs" || { cat "$D/subs.log"; exit 1; }
t_subs 460-01 2000 "$D/good.subs" || { cat "$D/subs.log"; exit 1; }
t_carrier slow --rate 40 --burst 10 || exit 1
t_carrier good || exit 1
T_DEADLINE=30 t_config "{ name = \"slow\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/slow.subs\"; links = ( $(t_smpp slow-1 "$SMPP_slow" 'rate = 400.0; burst = 10; window = 50;') ); },
  { name = \"good\"; networks = ( \"460-01\" ); rate = 0; subscribers = \"$D/good.subs\"; links = ( $(t_smpp good-1 "$SMPP_good") ); }"
t_gateway
t_until 10 t_links_up 2; t_ok $? "both carriers are up"
t_trigger late alert
t_is "$(t_drop late)" accepted "the alert is accepted"
ID=$(t_id late)
t_is "$(jq '[.plan.warnings[] | select(test("will miss"))] | length' "$(t_result late)")" 0 "by plan it is in time"
at_risk() { [ "$(t_status '.alerts[0].at_risk')" = true ]; }
t_until 25 at_risk; t_ok $? "at risk is known before the deadline"
t_is "$(t_status '.alerts[0].missed')" false "which has not passed"
t_has "$D/gateway.log" "alertDeadlineAtRisk alert $ID carrier slow" "the log names alert and carrier"
t_is "$(t_status '.totals.alerts_at_risk')" 1 "counted once"
t_is "$(reunion alert show -c "$D/reunion.cfg" "$ID" --json | jq -c '[.carriers[] | [.name, .at_risk]]')" '[["slow",true],["good",false]]' "of the slow carrier only"
missed() { [ "$(t_status '.alerts[0].missed')" = true ]; }
t_until 30 missed; t_ok $? "then it is missed"
sleep 2
t_is "$(grep -c alertDeadlineAtRisk "$D/gateway.log")" 1 "at risk was told once"
t_is "$(grep -c alertDeadlineMissed "$D/gateway.log")" 1 "missed was told once"
t_has <(reunion alert list -c "$D/reunion.cfg") alertDeadlineMissed "the list has the word"
t_stop_gateway
t_gateway; t_until 10 t_links_up 2; sleep 4
t_is "$(t_status '.alerts[0].units.waiting > 0')" true "it goes on after a restart"
t_is "$(t_status '.alerts[0] | .at_risk, .missed' | xargs)" "true true" "the restart knows"
t_is "$(grep -c alertDeadline "$D/gateway.log")" 0 "and does not say it again"
t_is "$(jq -c '[.at_risk, .missed]' "$D/spool/alerts/$ID.json")" '[true,true]' "alerts/ID.json has it"
t_stop_gateway
t_end
