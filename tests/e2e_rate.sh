#!/bin/bash
# Rates over real sockets, as carriers count them (by when messages came in) and as the gateway writes them: at least 99 % of the
# rate over ten seconds, never more than rate + burst in any window of one second; at 1/s, 100/s and 10 000/s over one link, and at 10 000/s over sixteen links of one carrier. RATE_CASES="..."
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
# What the gateway hands to its sockets is told by a library between; not together with sanitizers.
if ! grep -qa __asan_init "$B/reuniond" && ${CC:-cc} -shared -fPIC -O2 -o "$D/shim.so" "$S/tests/rate_shim.c" -ldl 2> "$D/shim.log"; then
	t_start gateway env LD_PRELOAD="$D/shim.so" RATE_LOG="$D/sent" reuniond -c "$D/reunion.cfg"
	t_until 15 reunion status -c "$D/reunion.cfg" --json
else
	t_gateway
fi
t_until 15 t_links_up $all; t_ok $? "the gateway starts, $all links are up"
t_trigger rate alert
t_is "$(t_drop rate 60)" accepted "the trigger is accepted"
sleep 14
awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "# the gateway has used %.1f s of CPU, planning included\n", ($12 + $13) / hz }' "/proc/$PID_gateway/stat"
t_stop_gateway
for c in $cases; do t_stop_carrier "${c%%:*}"; done
# Most submits to a port in any second
most_sent() { awk -v port="$1" '$1 == port { n++; at[n] = $2; parts[n] = $3; sum += $3; while (at[first + 1] + 1000000 <= $2) sum -= parts[++first]; if (sum > most) most = sum } END { print most + 0 }' "$D/sent"; }
busy() { awk -v n="$(nproc)" '{ exit !($1 > n) }' /proc/loadavg; }
for c in $cases; do
	IFS=: read -r name net rate burst n window <<< "$c"
	most=$(jq .smpp.rate.max_in_1s_window "$D/$name.json")
	# ten whole seconds from the first message on: a carrier may have waited long for it
	mean=$(jq '.smpp.rate.per_second as $s | ($s | map(. > 0) | index(true) // 0) as $first | $s[$first + 1:$first + 11] | (add // 0) / 10' "$D/$name.json")
	port=SMPP_$name sent=- late=$(jq .smpp.rate.max_read_late_ms "$D/$name.json")
	[ ! -s "$D/sent" ] || sent=$(most_sent "${!port}")
	echo "# $name: $n link(s) at $rate/s + $burst: $mean/s over ten seconds; within one at most $sent written, $most come in, $(jq .smpp.rate.max_read_in_1s_window "$D/$name.json") read, up to $late ms late"
	# Who is kept from its processor between looking at the clock and writing writes late, and the kernel passes on late.
	if [ "$sent" = - ]; then
		t_skip "$name: never more than rate + burst written" "no library can be put between"
	elif [ "$sent" -gt $((rate + burst)) ] && busy; then
		t_skip "$name: never more than rate + burst written" "this machine is busy with other things"
	else
		t_ok $((sent > rate + burst)) "$name: never more than rate + burst written"
	fi
	# What waits to be read is merged, and counts as come in with the last of it: a window at most. The throttle allows for 48 ms.
	if [ "$most" -gt $((rate + burst)) ] && [ "$most" -le $((rate + burst + n * window)) ] && [ "$late" -gt 48 ]; then
		t_skip "$name: never more than rate + burst come in" "the carrier read $late ms late"
	else
		t_ok $((most > rate + burst)) "$name: never more than rate + burst come in"
	fi
	if awk "BEGIN { exit !($mean * 10 >= $rate * 9.9 - 1) }"; then
		t_ok 0 "$name: at least 99 % of the rate"
	elif busy; then
		t_skip "$name: at least 99 % of the rate" "this machine is busy with other things"
	else
		t_ok 1 "$name: at least 99 % of the rate"
	fi
done
t_end
