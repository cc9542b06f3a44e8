#!/bin/bash
# What a submit_sm costs in CPU (user and system): the codec beside libsmpp34, sessions beside a bare epoll client and
# node-smpp, the whole gateway with its durable ledger and with one in memory. Ratios are of figures of this run.
# Environment: COUNT submits a run of clients (600000), SUBSCRIBERS of the gateway's alert (1000000), RUNS of which the
# cheapest counts (3).
. "${SRCDIR:?}/tests/lib.sh"
COUNT=${COUNT:-600000} SUBSCRIBERS=${SUBSCRIBERS:-1000000} RUNS=${RUNS:-3}
KANNEL=136 # us a message of bearerbox and smsbox, measured once on a machine like this: it is not installed for this
t_begin
# Carrier and client side by side, each on its processor, if there are two.
pin() { if [ "$(nproc)" -gt 1 ]; then taskset -c "$@"; else shift; "$@"; fi; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }
cpu_us() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000000 / hz }' "/proc/$1/stat"; }
threads_us() { awk '{ ns += $1 } END { print ns / 1000 }' "/proc/$1"/task/*/schedstat; } # to the nanosecond, of those that live
rss_mib() { awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status"; }
carrier_pinned() { t_carrier "$@" && [ "$(nproc)" -gt 1 ] && taskset -cp 1 "$(carrier_pid "$1")" > /dev/null; true; }
carrier_pid() { local v=PID_$1; echo "${!v}"; }

echo "== the codec, ns a PDU"
"$B/tests/bench_smpp"

echo
echo "== client CPU, us a submit_sm with its answer, against reunion-carrier over loopback (best of $RUNS; aim: session >= 80 % of bare, 30 x node-smpp)"
printf '%-8s %-6s %10s %10s %12s %12s %10s\n' window links bare session bare/session node-smpp "x session"
carrier_pinned smsc || exit 1
wire() { pin 0 "$B/tests/bench_smpp_wire" "$1" "$SMPP_smsc" "$2" "$4" geheim "$3" | awk '{ print $1 }'; }
declare -A BARE
NODE=0
for links in 1 16 256; do
	for w in 10 100 1000; do
		n=$((w < 100 ? COUNT / 5 : COUNT))
		bare=9999 ours=9999
		for ((i = 0; i < RUNS; i++)); do
			bare=$(printf '%s\n' "$bare" "$(wire bare $w $links $n)" | sort -g | head -1)
			ours=$(printf '%s\n' "$ours" "$(wire session $w $links $n)" | sort -g | head -1)
		done
		BARE[$links.$w]=$bare node=- times=-
		if [ $links = 1 ] && [ -d "$B/node/node_modules/smpp" ]; then
			read -r node _ < <(PORT=$SMPP_smsc WINDOW=$w COUNT=$((n / 20)) NODE_PATH=$B/node/node_modules pin 0 node "$S/tests/peers/smpp-bench.js")
			times=$(calc %.0f "$node / $ours") NODE=$node # at last of window 1000
		fi
		printf '%-8s %-6s %10s %10s %12s %12s %10s\n' $w $links "$bare" "$ours" "$(calc '%.0f %%' "100 * $bare / $ours")" "$node" "$times"
	done
done
t_stop_carrier smsc

t_map 20000 && t_subs 460-00 "$SUBSCRIBERS" "$D/1.subs" && t_subs 460-00 $((SUBSCRIBERS / 10)) "$D/10.subs" || exit 1
blocked() { # block|unblock LINKS
	local i
	for ((i = 1; i <= $2; i++)); do reunion link "$1" "l$i" --reason bench -c "$D/reunion.cfg" > /dev/null || return 1; done
}
# gateway PROGRAM WINDOW LINKS SUBS: sets N ACCEPT SEND CPU CARRIER RATE RSS0 RSS1 of one alert. Its links are blocked until it is
# accepted, so that what it costs to plan it and what its messages cost are two figures, and CPU their sum.
gateway() {
	local i links="" start end before
	rm -rf "$D/state" "$D/spool" "$D/c.ports"; mkdir -p "$D/state" "$D/spool"
	carrier_pinned c || return 1
	for ((i = 1; i <= $3; i++)); do links+="${links:+, }$(t_smpp "l$i" "$SMPP_c" "rate = 0; burst = 1000; window = $2;")"; done
	t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/$4.subs\"; links = ( $links ); }"
	t_start gateway "$1" -c "$D/reunion.cfg"
	t_until 30 reunion status -c "$D/reunion.cfg" --json && t_until 30 t_links_up "$3" && blocked block "$3" ||
		{ tail -3 "$D/gateway.log"; return 1; }
	before=$(cpu_us "$PID_gateway") CARRIER=$(cpu_us "$PID_c")
	t_trigger b alert; t_drop b > /dev/null
	ACCEPT=$(calc %d "$(cpu_us "$PID_gateway") - $before") RSS0=$(rss_mib "$PID_gateway")
	before=$(threads_us "$PID_gateway") start=$(date +%s%N)
	blocked unblock "$3" || return 1
	until t_at_rest "$(t_id b)"; do sleep 0.5; [ $SECONDS -lt 3000 ] || return 1; done
	end=$(date +%s%N)
	RSS1=$(rss_mib "$PID_gateway")
	N=$(t_status '.alerts[0].units.accepted')
	SEND=$(calc %.3f "($(threads_us "$PID_gateway") - $before) / $N") ACCEPT=$(calc %.3f "$ACCEPT / $N")
	CPU=$(calc %.3f "$ACCEPT + $SEND")
	CARRIER=$(calc %.3f "($(cpu_us "$PID_c") - $CARRIER) / $N") RATE=$(calc %.0f "$N * 1e9 / ($end - $start)")
	t_stop_gateway; t_stop_carrier c
}
# As gateway, the cheapest of RUNS: as for the clients above.
cheapest() {
	local i best=9999 kept
	for ((i = 0; i < RUNS; i++)); do
		gateway "$@" || return 1
		[ "$(calc %d "$CPU < $best")" = 0 ] || { best=$CPU; kept="$N $ACCEPT $SEND $CPU $CARRIER $RATE $RSS0 $RSS1"; }
	done
	read -r N ACCEPT SEND CPU CARRIER RATE RSS0 RSS1 <<< "$kept"
}
echo
echo "== gateway CPU, us an accepted submit_sm: throttle, ledger, counters, all threads (best of $RUNS; aims: durable <= 0.5 at window 1000, <= 1.5 at 100; sending from memory <= 1.5 x bare)"
printf '%-8s %-6s %9s %9s %10s %9s %8s %8s %10s %9s %8s %9s\n' window links durable accept "in memory" sending "/ bare" submits "a second" carrier "x node" "x Kannel"
for w in 1000 100 10; do
	subs=$((w < 100 ? 10 : 1))
	cheapest "$B/tests/reuniond_memory" $w 1 $subs || exit 1
	memory=$CPU sending=$SEND
	cheapest reuniond $w 1 $subs || exit 1
	printf '%-8s 1      %9s %9s %10s %9s %8s %8s %10s %9s %8s %9s\n' $w "$CPU" "$ACCEPT" "$memory" "$sending" "$(calc %.1f "$sending / ${BARE[1.$w]}")" \
		"$N" "$RATE" "$CARRIER" "$(calc %.0f "$NODE / $CPU")" "$(calc %.0f "$KANNEL / $CPU")"
done
cheapest reuniond 100 64 1 || exit 1
printf '%-8s %-6s %9s %9s %10s %9s %8s %8s %10s %9s\n' 100 64 "$CPU" "$ACCEPT" - - - "$N" "$RATE" "$CARRIER"
echo "(durable, in memory: from the trigger to rest; accept: of durable, until its result; sending: of in memory, after it; x node: against"
echo "node-smpp's client at window 1000; x Kannel: $KANNEL us, measured once elsewhere)"
gateway reuniond 1000 1 1 || exit 1
echo "memory of the gateway, $N recipients on one link: $RSS0 MiB when accepted, $RSS1 MiB when done"
