#!/bin/bash
# Dead letters: why each unit ended refused or unknown, as the ledger tells it, while the gateway runs and after kill -9.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || exit 1
t_subs 460-00 400 "$D/c.subs" || exit 1
t_carrier one --die-with-parent --errors 0x0B=100,0x65=50,0x64=50 || exit 1
t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one "$SMPP_one" 'rate = 1000.0; burst = 100; window = 50; max_tries = 1;') ); }"
t_gateway; t_ok $? "the gateway starts"
t_trigger dead alert
t_is "$(t_drop dead)" accepted "the trigger is accepted"
ID=$(t_id dead)
t_until 30 t_at_rest "$ID"; t_ok $? "every unit reaches a final state"
refused=$(t_status ".alerts[] | select(.alert_id == \"$ID\") | .units.refused")
t_ok $((refused < 20)) "the carrier refused some: $refused"
dead() { reunion ledger dead -c "$D/reunion.cfg" "$ID"; }
all() { [ "$(dead | wc -l)" = "$refused" ]; }
t_until 5 all; t_ok $? "each of them has its line while the gateway runs"
dead > "$D/dead"
cut -f6 "$D/dead" | sort | uniq -c | sed 's/^/# /'
t_is "$(awk -F '\t' -v id="$ID" '$2 != id || $3 != "one" || $5 != "refused" || $9 != 1 || NF != 9' "$D/dead" | wc -l)" 0 "with alert, link, state and tries"
t_is "$(cut -f6-8 "$D/dead" | sort -u | tr '\t\n' '  ')" "RINVDSTADR 0x0000000b P RX_P_APPN 0x00000065 P RX_T_APPN 0x00000064 T " "with the carrier's reason, its status and class"
t_is "$(cut -f1 "$D/dead" | grep -cvE "^$(date -u +%Y)-[0-9-]*T[0-9:]*Z\$")" 0 "with the time"
t_is "$(cut -f4 "$D/dead" | sort -u | wc -l)" "$refused" "each recipient once"
t_is "$(dead | cut -f4 | grep -cE '^[0-9]{5,15}$')" "$refused" "by number"
reunion alert show "$ID" -c "$D/reunion.cfg" --json > "$D/show"
t_is "$(grep -cFf <(cut -f4 "$D/dead") "$D/show")" 0 "which no other command tells"
t_is "$(stat -c %a "$D/state/ledger.db" | tail -c 2)" 0 "and not everybody reads the ledger"
t_is "$(reunion ledger dead -c "$D/reunion.cfg" nobody | wc -l)" 0 "of another alert there is none"
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_is "$(dead | md5sum)" "$(md5sum < "$D/dead")" "they survive kill -9"
t_gateway; t_ok $? "the gateway starts again"
t_is "$(dead | md5sum)" "$(md5sum < "$D/dead")" "and a restart keeps them"
CASE=second t_trigger second alert
t_is "$(t_drop second)" accepted "another alert"
other=$(t_id second)
t_until 30 t_at_rest "$other"
refused=$(t_status ".alerts[] | select(.alert_id == \"$other\") | .units.refused")
more() { [ "$(reunion ledger dead "$D/state/ledger.db" | awk -F '\t' -v id="$other" '$2 == id' | wc -l)" = "$refused" ]; }
t_until 5 more; t_ok $? "has its own: $refused"
t_is "$(dead | md5sum)" "$(md5sum < "$D/dead")" "beside the first one's"
t_stop_carrier one
t_stop_gateway

# Whom the gateway gives up by itself: under way when it was killed for the third time
rm -rf "$D/state"; mkdir "$D/state"
t_carrier mute --die-with-parent --drop 1000 || exit 1
t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one "$SMPP_mute" 'rate = 1000.0; burst = 100; window = 5; response_timeout_s = 60;') ); }"
t_gateway
CASE=doubt t_trigger doubt alert
t_is "$(t_drop doubt)" accepted "a third alert, for a carrier that never answers"
ID=$(t_id doubt)
full() { [ "$(t_status '.links[0].window_used')" = 5 ]; }
for i in 1 2 3; do
	t_until 15 full || break
	kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
	t_gateway
done
doubt() { [ "$(dead | wc -l)" = 5 ]; }
t_until 10 doubt; t_ok $? "after three kills a window of them is listed: $(dead | wc -l)"
t_is "$(dead | cut -f2,3,5-9 | sort -u)" "$(printf '%s\tone\tunknown\tin doubt at an end or restart\t-\t-\t-' "$ID")" "as in doubt"
kill -USR1 "$PID_mute"; sleep 1
t_is "$(awk '$2 == 3 { print $1 }' "$D/mute.recipients" | sort)" "$(dead | cut -f4 | sort)" "they are those of whom the carrier has three copies"
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway
t_until 10 full; sleep 1.5
t_is "$(dead | wc -l)" 5 "and each is listed once, whatever restarts come"
t_stop_carrier mute
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
