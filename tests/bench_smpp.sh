#!/bin/bash
# What a submit_sm costs: the codec, the session over a socket against a bare client, node-smpp, and the whole gateway.
# Environment: COUNT submits a run (1000000), SUBSCRIBERS of the gateway's alert (200000).
. "${SRCDIR:?}/tests/lib.sh"
COUNT=${COUNT:-1000000} SUBSCRIBERS=${SUBSCRIBERS:-200000}
t_begin
"$B/tests/bench_smpp"
t_carrier smsc || exit 1
echo
echo "client CPU in us per submit_sm and answer, against reunion-carrier over loopback; wall time in brackets"
printf '%-10s %-20s %-20s %-10s %s\n' window "bare client" session "bare/ours" "node-smpp (x ours)"
for w in 10 100 1000; do
	n=$((w < 100 ? COUNT / 5 : COUNT))
	read -r bare bare_wall _ < <("$B/tests/bench_smpp_wire" bare "$SMPP_smsc" $w $n geheim)
	read -r ours ours_wall _ < <("$B/tests/bench_smpp_wire" session "$SMPP_smsc" $w $n geheim)
	node=-
	if [ -d "$B/node/node_modules/smpp" ]; then
		read -r cpu _ < <(PORT=$SMPP_smsc WINDOW=$w COUNT=$((n / 20)) NODE_PATH=$B/node/node_modules node "$S/tests/peers/smpp-bench.js")
		node="$cpu ($(awk "BEGIN { printf \"%.0f\", $cpu / $ours }") x)"
	fi
	printf '%-10s %-20s %-20s %-10s %s\n' $w "$bare ($bare_wall)" "$ours ($ours_wall)" "$(awk "BEGIN { printf \"%.0f %%\", 100 * $bare / $ours }")" "$node"
done
t_stop_carrier smsc

t_map 20000 && t_subs 460-00 "$SUBSCRIBERS" "$D/c.subs" || exit 1
cpu_us() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000000 / hz }' "/proc/$PID_gateway/stat"; }
echo
echo "gateway CPU in us per accepted submit_sm: throttle, durable ledger, counters; all its threads"
printf '%-10s %-10s %s\n' window CPU "submits/s"
for w in 10 100 1000; do
	t_carrier "c$w" || exit 1
	port=SMPP_c$w
	rm -rf "$D/state" "$D/spool"; mkdir -p "$D/state" "$D/spool"
	t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp l "${!port}" "rate = 0; burst = 1000; window = $w;") ); }"
	t_gateway && t_until 10 t_links_up 1 || { tail -3 "$D/gateway.log"; exit 1; }
	before=$(cpu_us) start=$(date +%s%N)
	t_trigger "b$w" alert
	t_drop "b$w" > /dev/null
	t_until 120 t_at_rest "$(t_id "b$w")"
	end=$(date +%s%N) after=$(cpu_us)
	n=$(t_status '.alerts[0].units.accepted')
	awk "BEGIN { printf \"%-10s %-10.2f %.0f\n\", $w, ($after - $before) / $n, $n * 1e9 / ($end - $start) }"
	t_stop_gateway
	t_stop_carrier "c$w"
done
