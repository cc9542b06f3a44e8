#!/bin/bash
# Calls on the ledger's files that fail: the n-th sync, write or rename, and a disk that fails for seconds. Nothing is lost or
# doubled, the gateway lives on, and a descriptor whose sync failed is not used any more.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
crash_begin
crash_shim
t_map 2000 && t_subs 460-00 600 "$D/a.subs" || exit 1
t_carrier one --latency-ms 1-10 || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 800.0; burst = 80; window = 20;') ); }"
COUNTS=${REUNION_FAULTS:-1 3 9}
shim() { # CALL N FLAG
	G_WRAP=(env LD_PRELOAD="$D/shim.so" SHIM_PATH="${4:-ledger.db}" SHIM_CALL="$1" SHIM_LOG="$D/shim.log")
	rm -f "$D/once"
	[ -z "${2:-}" ] || G_WRAP+=(SHIM_N="$2" SHIM_ONCE="$D/once")
	[ -z "${3:-}" ] || G_WRAP+=(SHIM_FLAG="$3")
}
n=0
run_alert() { # LABEL: an alert under the shim; everyone gets it and the ledger says so
	n=$((n + 1))
	t_trigger "s$n" alert
	sed -i "s/小明/name$n./" "$D/s$n.trigger"
	[ "$(t_drop "s$n" 20)" = accepted ] && t_until $G_SECONDS all_at_rest || { echo "# $1: not accepted, or not at rest"; tail -3 "$D/gateway.log" | sed 's/^/# /'; return 1; }
}
# A gateway that cannot read or write its ledger at all may refuse to start; its keeper starts it again.
start_patiently() {
	local i
	for ((i = 0; i < 5; i++)); do
		g_start
		t_until 5 g_answers && return 0
		{ wait "$G_PID"; } 2>/dev/null
	done
	return 1
}
died=0
for call in fdatasync pwrite rename; do
	bad=0
	for c in $COUNTS; do
		path=ledger.db
		shim $call "$c" "" $path
		start_patiently || { bad=1; break; }
		run_alert "$call $c" || bad=1
		kill -0 "$G_PID" 2>/dev/null || died=$((died + 1))
		g_kill # what is durable must be so without an orderly end
	done
	t_ok $bad "one failing $call at the ${COUNTS// /., }. time: accepted, everyone served"
done
t_is $died 0 "the gateway lives on"

# A disk that fails for three seconds, from just before a trigger on
for call in fdatasync pwrite; do
	shim $call "" "$D/fail"
	start_patiently
	n=$((n + 1)); t_trigger "s$n" alert; sed -i "s/小明/name$n./" "$D/s$n.trigger"
	touch "$D/fail"
	cp "$D/s$n.trigger" "$D/spool/.t" && mv "$D/spool/.t" "$D/spool/s$n.trigger"
	sleep 3
	t_result "s$n" > /dev/null; t_ok $((! $?)) "$call fails for 3 s: nothing is accepted meanwhile"
	kill -0 "$G_PID"; t_ok $? "$call fails for 3 s: the gateway lives on"
	rm "$D/fail"
	from=$(now_ms)
	t_until 20 t_result "s$n"; took=$(($(now_ms) - from))
	t_ok $((took > 15000)) "$call works again: accepted by itself ($took ms)"
	t_until $G_SECONDS all_at_rest; t_ok $? "$call works again: everyone served"
	# And in the middle of one
	n=$((n + 1)); t_trigger "s$n" alert; sed -i "s/小明/name$n./" "$D/s$n.trigger"
	t_drop "s$n" > /dev/null; sleep 0.2; touch "$D/fail"; sleep 2; rm "$D/fail"
	t_until $G_SECONDS all_at_rest; t_ok $? "$call fails for 2 s in the middle: everyone served"
	g_kill
done
G_WRAP=()
g_start; g_ready; t_ok $? "a restart without faults"
sleep 1
t_is "$(t_status '.alerts | length')/$(t_status '[.alerts[].case_number] | unique | length')" "$n/$n" "as many alerts as cases: none lost, none doubled"
t_until $G_SECONDS all_at_rest
c_report one
wrong=0
for ((i = 1; i <= n; i++)); do
	hash=$(c_hash one "name$i\\\\.")
	planned=$(jq '[.plan.carriers[].links[].recipients] | add' "$D/spool/accepted/s$i.result.json")
	awk -v h="$hash" -v want="$planned" '$3 == h { n++; extra += $2 - 1; if ($2 > 3) bad = 1 } END { exit bad || n != want || extra > 40 }' "$D/one.recipients" || { wrong=$((wrong + 1)); echo "# case s$i"; }
done
t_is $wrong 0 "everyone planned got every alert, repeats within bounds"
g_stop; t_ok $? "an orderly end"
reunion ledger check -c "$D/reunion.cfg" > "$D/check.log" 2>&1; t_ok $? "the ledger is sound"
echo "# faults: $(grep -c failed "$D/shim.log")"
t_ok $(($(grep -c failed "$D/shim.log") < 8)) "the faults did happen"
t_is "$(grep -c again "$D/shim.log")" 0 "no descriptor is used after its sync failed"
t_end
