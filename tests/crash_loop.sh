#!/bin/bash
# A crash loop for 20 s: killed 50 to 100 ms after it serves, and every other time 50 to 100 ms after its start. Nobody gets more than three copies, work goes on all the
# same, and what ends unknown is counted.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
W=${REUNION_WINDOW:-10}
crash_begin
t_map 20000 && t_subs 460-00 4000 "$D/a.subs" || exit 1
# Answers that seldom come before the kill: the same people stay in doubt
t_carrier one --latency-ms 60-120 || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" "rate = 1000.0; burst = 100; window = $W;"), $(t_cbsp one-bsc "$CBSP_one") ); }"
g_start; g_ready; t_ok $? "the gateway starts"
t_trigger loop alert
t_is "$(t_drop loop)" accepted "the alert is accepted"
c_report one; before=$(c_get one .smpp.distinct)
kills=0 lines=$(g_ready_lines) end=$((SECONDS + ${REUNION_LOOP_SECONDS:-20}))
while [ $SECONDS -lt $end ]; do
	# Every other time so soon that it may not even serve yet
	((kills % 2)) || g_said_ready "$lines" || break
	ms_sleep 50 100
	g_kill; kills=$((kills + 1)); lines=$(($(g_ready_lines) + 1)); g_start
done
c_report one; after=$(c_get one .smpp.distinct)
echo "# $kills kills; $((after - before)) people reached meanwhile"
t_ok $((kills < 10)) "it was killed again and again"
t_ok $((after - before < kills / 4)) "work goes on in the crash loop"
g_ready && t_until $((3 * G_SECONDS)) all_at_rest; t_ok $? "at rest afterwards"
planned=$(jq '[.plan.carriers[].links[].recipients] | add' "$(t_result loop)")
g_stop; t_ok $? "an orderly end"
g_dump && c_report one
got=$(crash_compare one "$(c_hash one 寻人)" alert)
echo "# $got; $(awk -F '\t' '$3 == "one-bsc" { print $5 }' "$D/dump" | sort | uniq -c | tr '\n' ' ')"
t_is "$(word planned "$got")" "$planned" "the ledger knows every planned recipient"
t_is "$(word open "$got")/$(word lost "$got")/$(word odd "$got")" 0/0/0 "none open, lost, or unaccounted for"
t_ok $(($(word most "$got") > 3)) "nobody has more than three copies"
t_ok $(($(word repeats "$got") > W * kills)) "repeats within a window a kill"
t_ok $(($(word unknown "$got") > W * kills / 3)) "no more unknown than three kills a window explain"
t_end
