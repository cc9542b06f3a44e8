#!/bin/bash
# Kills at random instants while two carriers delay, refuse, keep answers back and disconnect: nothing is lost, what is
# repeated stays within a window a kill and link, nobody gets more than three copies. REUNION_KILLS=1000 for a long run.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
KILLS=${REUNION_KILLS:-$([ -n "$SAN" ] && echo 18 || echo 102)}
crash_begin
t_map 20000 || { cat "$D/build.log"; exit 1; }

check_repeats() { # CARRIER WINDOWS KILLS: while it runs
	c_report "$1"
	crash_repeats "$@"
}
check_carrier() { # CARRIER WINDOWS KILLS RATE-LIMIT PLANNED
	local got hash
	c_report "$1"
	hash=$(c_hash "$1" 寻人)
	got=$(crash_compare "$1" "$hash" alert)
	echo "# W=$W $1: $got; allowed $(repeats_allowed "$1" "$2" "$3"); most in a second $(c_get "$1" .smpp.rate.max_in_1s_window)"
	t_is "$(word planned "$got")" "$5" "W=$W $1: the ledger knows every planned recipient"
	t_is "$(word open "$got")/$(word lost "$got")/$(word odd "$got")/$(word twice "$got")" 0/0/0/0 "W=$W $1: none open, lost, unaccounted for, or kept twice"
	t_ok $(($(word repeats "$got") > $(repeats_allowed "$1" "$2" "$3"))) "W=$W $1: repeats within a window a link and event"
	t_ok $(($(word most "$got") > 3)) "W=$W $1: nobody has more than three copies"
	t_ok $(($(c_get "$1" .smpp.rate.max_in_1s_window) > $4 * 110 / 100)) "W=$W $1: never above rate and burst in a second (and 10 % for its late reading)"
	t_is "$(c_get "$1" .smpp.violations.total)" 0 "W=$W $1: no violation"
}
check_states() { # the sums of the ledger, link by link, are those of the status
	local s wrong=0 link
	while read -r link; do
		for s in accepted refused unknown expired withdrawn; do
			[ "$(awk -F '\t' -v l="$link" -v s=$s '$3 == l && $2 == "alert" && $5 == s' "$D/dump" | wc -l)" = \
				"$(jq "[.alerts[].links[] | select(.name == \"$link\") | .units.$s // .$s] | add // 0" "$D/status.json")" ] || { wrong=1; echo "# $link: $s differs"; }
		done
	done < <(jq -r '.alerts[].links[].name' "$D/status.json" | sort -u)
	t_ok $wrong "W=$W: ledger and status agree, link by link and state by state"
}

round() { # W SUBSCRIBERS RATE KILLS
	W=$1
	local rate=$3 kills=$4 i bad=0 burst=$(($3 / 10)) planned1 planned2 cells
	rm -rf "$D/state" "$D/spool" "$D/control.sock" "$D"/*.ports "$D"/*.recipients; mkdir -p "$D/state" "$D/spool"; : > "$D/gateway.log"
	t_subs 460-00 "$2" "$D/a.subs" && t_subs 460-01 $(($2 / 4)) "$D/b.subs" || return 1
	t_carrier one --latency-ms 1-20 --out-of-order --errors 0x0B=5,0x14=3 --receipts 20 --seed "$W"
	t_carrier two --latency-ms 1-10 --disconnect-every 3 --drop 1 --rate $((rate / 4)) --burst $((rate / 40)) --seed "$W"
	local link="rate = $rate.0; burst = $burst; window = $W; response_timeout_s = 2; max_tries = 5;"
	t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = $rate.0; subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" "$link receipts = \"all\";"), $(t_smpp one-2 "$SMPP_one" "$link"), $(t_cbsp one-bsc "$CBSP_one" "rate = 50.0; window = 4; cells_per_request = 2;") ); },
{ name = \"two\"; networks = ( \"460-01\" ); rate = $((rate / 4)).0; subscribers = \"$D/b.subs\"; links = ( $(t_smpp two-1 "$SMPP_two" "rate = $((rate / 4)).0; burst = $((rate / 40)); window = $W; response_timeout_s = 2; max_tries = 5;") ); }"
	g_start; g_ready || { t_ok 1 "W=$W: the gateway starts"; tail -5 "$D/gateway.log"; return 1; }
	t_trigger w$W alert
	t_is "$(t_drop w$W)" accepted "W=$W: the alert is accepted"
	local from=$(g_ready_lines)
	for ((i = 1; i <= kills; i++)); do
		# One of four comes while it starts; the others while it sends.
		if ((RANDOM % 4 == 0)); then ms_sleep 0 250; else
			g_said_ready "$from" || { t_ok 1 "W=$W: restart $i"; tail -5 "$D/gateway.log"; return 1; }
			ms_sleep 10 600
		fi
		g_kill; g_start
		from=$(($(g_ready_lines) + 1))
		((i % 10)) || { check_repeats one $((2 * W)) "$i" && check_repeats two "$W" "$i"; } || bad=1
	done
	t_ok $bad "W=$W: repeats within bounds all along $kills kills"
	g_ready && t_until $((3 * G_SECONDS)) all_at_rest; t_ok $? "W=$W: at rest, every unit has its final state"
	sleep 1.5
	reunion status -c "$D/reunion.cfg" --json > "$D/status.json"
	cells=$(jq '[.plan.carriers[].links[] | select(.type == "cbsp") | .cells] | add' "$(t_result w$W)")
	planned1=$(jq '[.plan.carriers[] | select(.name == "one").links[].recipients] | add' "$(t_result w$W)")
	planned2=$(jq '[.plan.carriers[] | select(.name == "two").links[].recipients] | add' "$(t_result w$W)")
	g_stop; t_ok $? "W=$W: an orderly end"
	g_dump; t_ok $? "W=$W: the ledger can be read"
	check_carrier one $((2 * W)) "$kills" $((rate + 2 * burst)) "$planned1"
	check_carrier two "$W" "$kills" $((rate / 4 + rate / 40)) "$planned2"
	check_states
	t_is "$(c_get one '[.cbsp.cells[] | select(.active | length == 2)] | length')" "$cells" "W=$W: every planned cell is on air in both languages"
	t_is "$(awk -F '\t' '$3 == "one-bsc" && ($5 == "accepted" || $5 == "unknown")' "$D/dump" | wc -l)" "$cells" "W=$W: and the ledger has them accepted, or unknown after three kills"
	t_stop_carrier one; t_stop_carrier two
}
began=$SECONDS
round 1 $([ -n "$SAN" ] && echo 800 || echo 2000) 400 $((KILLS / 3))
round 10 $([ -n "$SAN" ] && echo 2000 || echo 8000) 800 $((KILLS / 3))
round 100 $([ -n "$SAN" ] && echo 4000 || echo 24000) 2000 $((KILLS - KILLS / 3 * 2))
echo "# $KILLS kills in $((SECONDS - began)) s"
t_end
