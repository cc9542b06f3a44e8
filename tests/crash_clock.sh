#!/bin/bash
# The wall clock is set while an alert runs, while the gateway is down, and after the alert's end: the alert gains and loses no
# time, its ring comes when it would have, and what has ended stays ended.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
crash_begin
crash_shim
t_map 2000 && t_subs 460-00 2000 "$D/a.subs" || exit 1
t_carrier one --latency-ms 1-10 || exit 1
T_LIFETIME=60 T_DEADLINE=50 T_TYPE='rings = ( { after_s = 12; radius_km = 80.0; } );' t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 40.0; burst = 4; window = 20;') ); }"
sed -i 's/radius_km = 100.0; deadline_s/radius_km = 30.0; deadline_s/' "$D/reunion.cfg"
set_clock() { echo "$1" > "$D/clock.new" && mv "$D/clock.new" "$D/clock"; } # SECONDS ahead
G_WRAP=(env LD_PRELOAD="$D/shim.so" SHIM_CLOCK="$D/clock")
alert() { t_status "[.alerts[] | select(.case_number == \"c\")][0] | $1"; }
sent() { alert '[.units.accepted] | add'; }
more() { [ "$(sent)" -gt "$1" ]; }
left() { alert '(.expires_at | fromdate)' | { read -r at; echo $((at - $(date +%s) - $(cat "$D/clock"))); }; } # seconds of its life
expect_left() { # LABEL: what the alert has left is what it would have had
	local want=$((began + 60 - $(date +%s))) got
	got=$(left)
	t_ok $((got < want - 3 || got > want + 3)) "$1: $got s of its life are left, as without it ($want s)"
}
set_clock 0
g_start; g_ready; t_ok $? "the gateway starts"
began=$(date +%s)
RADIUS=30.0 t_trigger c alert
t_is "$(t_drop c)" accepted "an alert runs"
t_until 5 more 5; expect_left "at first"
n=$(sent)
set_clock 2592000
t_until 5 more $((n + 40)); t_ok $? "set forward by a month: it goes on"
expect_left "set forward by a month"
t_has "$D/gateway.log" "the clock was set forward by 2592000 s" "the log says so"
g_kill
set_clock -86400
n=$(sent)
g_start; g_ready; t_ok $? "killed, set back by 31 days, started"
t_until 5 more 1; expect_left "set back while down"
g_kill; g_start; g_ready; expect_left "started once more"
ring() { [ "$(alert '[.rings[] | select(.begun_at)] | length')" = 1 ]; }
t_until 10 ring; late=$(($(date +%s) - began - 12))
t_ok $((late < -3 || late > 5)) "its ring begins in its time ($late s late)"
ended() { grep -q "alert $(t_id c) has ended" "$D/gateway.log"; }
t_until 60 ended; late=$(($(date +%s) - began - 60))
t_ok $((late < -3 || late > 6)) "and it ends in its time ($late s late)"
g_kill
set_clock -172800
g_start; g_ready; t_ok $? "set back to before its end: the gateway starts"
t_is "$(t_status '[.alerts[] | select(.state == "running")] | length')" 0 "what has ended stays ended"
g_stop; t_ok $? "an orderly end"
reunion ledger check -c "$D/reunion.cfg" > "$D/check.log" 2>&1; t_ok $? "the ledger is sound"
c_report one
t_ok $(($(c_get one .smpp.max_copies) > 3)) "nobody has more than three copies"
t_end
