#!/bin/bash
# Orderly stops in the middle of an alert: each ends within ten seconds, and nothing at all is repeated.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
STOPS=${REUNION_STOPS:-20}
[ -z "$SAN" ] || STOPS=6
crash_begin
t_map 2000 && t_subs 460-00 12000 "$D/a.subs" || exit 1
t_carrier one --latency-ms 5-80 --out-of-order --receipts 30 || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 800.0; burst = 80; window = 50; receipts = "all";'), $(t_smpp one-2 "$SMPP_one" 'rate = 400.0; burst = 40; window = 10;'), $(t_cbsp one-bsc "$CBSP_one" 'rate = 5.0; window = 2; cells_per_request = 1;') ); }"
g_start; g_ready; t_ok $? "the gateway starts"
t_trigger stop alert
t_is "$(t_drop stop)" accepted "the alert is accepted"
bad=0 slow=0 longest=0
for ((i = 1; i <= STOPS; i++)); do
	lines=$(g_ready_lines)
	ms_sleep 200 600
	from=$(now_ms)
	g_stop || bad=$((bad + 1))
	took=$(($(now_ms) - from))
	[ $took -le $longest ] || longest=$took
	[ $took -le 20000 ] || slow=$((slow + 1))
	g_start; g_said_ready $((lines + 1)) || { bad=$((bad + 1)); break; }
done
echo "# longest stop: $longest ms"
t_is "$bad/$slow" 0/0 "$STOPS stops end well and none hangs"
t_until $((3 * G_SECONDS)) all_at_rest; t_ok $? "at rest, every unit has its final state"
planned=$(jq '[.plan.carriers[].links[].recipients] | add' "$(t_result stop)")
g_stop; g_dump && c_report one
got=$(crash_compare one "$(c_hash one 寻人)" alert)
echo "# $got"
t_is "$(word planned "$got")/$(word people "$got")/$(word accepted "$got")" "$planned/$planned/$planned" "everyone planned got it, and the ledger says so"
t_is "$(word repeats "$got")" 0 "nobody got it twice"
t_is "$(awk -F '\t' '$3 == "one-bsc" && $5 != "accepted"' "$D/dump" | wc -l)" 0 "every cell is accepted"
t_is "$(c_get one .smpp.violations.total)" 0 "the carrier saw no violation"
t_end
