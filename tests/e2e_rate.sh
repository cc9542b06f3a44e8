#!/bin/bash
# Rates as carriers count them, over real sockets: at least 99 % of the rate over ten seconds, never more than rate + burst in any
# window of one second; at 1/s, 100/s and 10 000/s over one link, and at 10 000/s over sixteen links of one carrier. RATE_CASES="..."
# tries others, such as most:460-00:200000:20000:1:30000 (2.8 million recipients; what a machine manages stands in its output).
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || exit 1
# NAME NETWORK RATE BURST LINKS WINDOW
cases=${RATE_CASES:-one:460-00:1:1:1:10 hundred:460-01:100:10:1:100 thousands:460-11:10000:1000:1:4000 sixteen:460-15:10000:800:16:600}
carriers= all=0
for c in $cases; do
	IFS=: read -r name net rate burst n window <<< "$c"
	t_subs "$net" $((rate * 14 + 10)) "$D/$name.subs" || exit 1
	t_carrier "$name" --die-with-parent || exit 1
	port=SMPP_$name links=
	for i in $(seq "$n"); do # each link could carry a quarter more than its share
		links="$links${links:+, }$(t_smpp "$name-$i" "${!port}" "rate = $(awk "BEGIN { print (($n > 1) ? $rate * 1.25 / $n : $rate) }"); burst = $((burst / n)); window = $window;")"
	done
	all=$((all + n))
	carriers="$carriers${carriers:+, }{ name = \"$name\"; networks = ( \"$net\" ); rate = $rate; subscribers = \"$D/$name.subs\"; links = ( $links ); }"
done
t_config "$carriers"
t_gateway
t_until 15 t_links_up $all; t_ok $? "the gateway starts, $all links are up"
t_trigger rate alert
t_is "$(t_drop rate 60)" accepted "the trigger is accepted"
sleep 14
awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "# the gateway has used %.1f s of CPU, planning included\n", ($12 + $13) / hz }' "/proc/$PID_gateway/stat"
for c in $cases; do t_stop_carrier "${c%%:*}"; done
busy() { awk -v n="$(nproc)" '{ exit !($1 > n) }' /proc/loadavg; }
for c in $cases; do
	IFS=: read -r name net rate burst n window <<< "$c"
	most=$(jq .smpp.rate.max_in_1s_window "$D/$name.json")
	mean=$(jq "[.smpp.rate.per_second[2:12] | add, 0] | max / 10" "$D/$name.json")
	echo "# $name: $n link(s) at $rate/s + $burst: $mean/s over ten seconds, $most at most within one"
	# What waits in a socket while the carrier cannot run arrives late and together: a window of it at most.
	if [ "$most" -gt $((rate + burst)) ] && [ "$most" -le $((rate + burst + n * window)) ] && busy; then
		t_skip "$name: never more than rate + burst" "this machine is busy with other things"
	else
		t_ok $((most > rate + burst)) "$name: never more than rate + burst"
	fi
	if awk "BEGIN { exit !($mean * 10 >= $rate * 9.9 - 1) }"; then
		t_ok 0 "$name: at least 99 % of the rate"
	elif busy; then
		t_skip "$name: at least 99 % of the rate" "this machine is busy with other things"
	else
		t_ok 1 "$name: at least 99 % of the rate"
	fi
done
t_stop_gateway
t_end
