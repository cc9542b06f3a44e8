#!/bin/bash
# A carrier's rate is shared by its links: none starves, and none calls itself window-bound for it.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 5000 || exit 1
t_subs 460-00 3000 "$D/c.subs" || exit 1
t_carrier one --latency-ms 1-5 || exit 1
extra='rate = 100; burst = 10; window = 20;'
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 100; subscribers = \"$D/c.subs\"; links = (
  $(t_smpp one-1 "$SMPP_one" "$extra"), $(t_smpp one-2 "$SMPP_one" "$extra"), $(t_smpp one-3 "$SMPP_one" "$extra") ); }"
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 3; t_ok $? "three links come up"
t_trigger one alert
t_is "$(t_drop one)" accepted "the trigger is accepted"
sleep 6
t_is "$(t_status '[.links[] | select(.submitted < 100)] | length')" 0 "each of three links sent its share"
t_is "$(t_status '[.links[] | select(.window_bound)] | length')" 0 "none is window-bound: it is the carrier's rate that binds"
kill -USR1 "$PID_one"; sleep 0.5
t_is "$(jq '.smpp.rate.max_in_1s_window <= 143' "$D/one.json")" true "not above the carrier's rate and its links' bursts (and 10 % for late reading)"
t_end
