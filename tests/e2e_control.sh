#!/bin/bash
# The operator's hand on a link: rate, block and unblock while it runs, each with who and why in the log; a trial message while idle.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 3000 && t_subs 460-00 400 "$D/c.subs" || exit 1
t_carrier one || exit 1
vty=$((20000 + RANDOM % 12000))
T_GATEWAY="vty = { address = \"127.0.0.1\"; port = $vty; };" t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one "$SMPP_one" 'rate = 1000; burst = 100; window = 100; rehearse_min = 1; rehearse_number = "8613800000000";') ); }"
t_gateway && t_until 10 t_links_up 1; t_ok $? "the gateway starts, the link is up"
timers=$({ exec 3<> "/dev/tcp/127.0.0.1/$vty" && printf 'terminal length 0\r\nshow timers\r\n' >&3 && timeout 1 cat <&3; } 2> /dev/null | tr -d '\r\0')
t_ok "$(grep -qE '^one: X[0-9]+ = 1 m[[:space:]]+rehearse_min: .*default: 0' <<< "$timers"; echo $?)" "show timers tells each, with unit and default"
t_is "$(grep -cE '^one: X[0-9]+ = ' <<< "$timers")" 9 "all nine of an smpp link"
began=$SECONDS
link() { reunion link "$@" -c "$D/reunion.cfg"; }
link rate one 40 --reason 'asked for by the carrier'; t_ok $? "reunion link rate"
t_has "$D/gateway.log" 'one: its rate is 40/s until the next reload, set by .*: asked for by the carrier' "is logged with who and why"
t_is "$(link show one --json | jq -c '[.rate, .granted_rate]')" "[40,40]" "and shown"
t_trigger control alert
t_is "$(t_drop control)" accepted "an alert is accepted"
sleep 5
sent=$(link show one --json | jq .accepted)
echo "# $sent messages in 5 s at 40/s"
[ "$sent" -ge 120 ] && [ "$sent" -le 244 ]; t_ok $? "the new rate holds"
link block one --reason $'two\nlines' 2> "$D/err"; t_is $? 1 "a reason of two lines is refused"
link block one --reason '' 2> "$D/err"; t_is $? 1 "an empty reason is refused"
link block one --reason 'maintenance'; t_ok $? "reunion link block"
t_has "$D/gateway.log" 'one: blocked by .*: maintenance' "is logged with who and why"
blocked() { [ "$(link show one --json | jq -r .state)" = blocked ]; }
t_until 5 blocked; t_ok $? "the link is blocked"
sleep 1; a=$(link show one --json | jq .submitted); sleep 2
t_is "$(link show one --json | jq .submitted)" "$a" "and sends nothing"
link unblock one --reason 'maintenance is over'; t_ok $? "reunion link unblock"
link rate one configured --reason 'the carrier is content'; t_ok $? "reunion link rate configured"
t_until 10 t_links_up 1; t_ok $? "the link is up again"
t_until 20 t_at_rest "$(t_id control)"; t_ok $? "and the alert is finished"
t_is "$(link show one --json | jq -c '[.rate, .accepted, .refused]')" "[1000,400,0]" "at the configured rate"
t_is "$(link show one --json | jq '.rtt_mean_us > 0 and .rtt_p99_us >= .rtt_mean_us / 2 and .proven_s < 30')" true "answers are timed"
link show one > "$D/show"; t_has "$D/show" '^rtt_p99_us +[0-9]' "reunion link show"
link rate one fast --reason x 2> /dev/null; t_is $? 2 "a rate that is none is a usage error"
link rate nobody 5 --reason x 2> "$D/err"; t_is $? 1 "an unknown link is told"
grep -q . "$D/err"; t_ok $? "in a sentence"
kill -HUP "$PID_gateway"
tried() { [ "$(link show one --json | jq .rehearsals)" -ge 1 ]; }
t_until $((began + 110 - SECONDS)) tried; t_ok $? "an idle minute later the line is tried"
t_is "$(link show one --json | jq .rehearsals_failed)" 0 "with success"
t_stop_gateway
t_stop_carrier one
t_is "$(grep -c 8613800000000 "$D/one.recipients")" 1 "the trial went to the test number"
t_end
