#!/bin/bash
# Kills around acceptance: a trigger is dropped and the gateway killed within 0 to 30 ms. No trigger is lost, none leads to two
# alerts, and each gets its result. Then the same around cancels: what was cancelled never comes back.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
KILLS=${REUNION_KILLS:-56} CANCELS=${REUNION_CANCELS:-12}
[ -z "$SAN" ] || KILLS=12 CANCELS=4
crash_begin
t_map 2000 && t_subs 460-00 300 "$D/a.subs" || exit 1
t_carrier one --latency-ms 1-10 || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 4000.0; burst = 400; window = 20;') ); }"

named() { # NAME CHILD ACTION: a trigger whose text carries the child's name
	t_trigger "$1" "$3"
	sed -i "s/小明/$2/" "$D/$1.trigger"
}
drop() { cp "$D/$1.trigger" "$D/spool/.$1.tmp" && mv "$D/spool/.$1.tmp" "$D/spool/$1.trigger"; }
all_results() { # PREFIX N
	[ "$(ls "$D/spool/accepted/" "$D/spool/rejected/" 2>/dev/null | grep -c "^$1[0-9]*\.result\.json$")" = "$2" ]
}
g_start; g_ready; t_ok $? "the gateway starts"
for ((i = 1; i <= KILLS; i++)); do
	lines=$(g_ready_lines)
	named "a$i" "name$i." alert
	drop "a$i"
	ms_sleep 0 30
	g_kill; g_start
	g_said_ready $((lines + 1)) || { t_ok 1 "restart $i"; tail -3 "$D/gateway.log"; break; }
done
t_until $G_SECONDS all_results a "$KILLS"; t_ok $? "$KILLS triggers, each with a kill within 30 ms: every one has its result"
t_is "$(cat "$D"/spool/accepted/a*.result.json | jq -r .decision | sort | uniq -c | tr -s ' ')" " $KILLS accepted" "all are accepted"
t_is "$(ls "$D/spool" | grep -c 'trigger$')/$(ls "$D/spool/claimed" | wc -l)" 0/0 "no trigger is left in the spool"
t_until $G_SECONDS all_at_rest; t_ok $? "all at rest"
t_is "$(t_status '.alerts | length')/$(t_status '[.alerts[].case_number] | unique | length')/$(cat "$D"/spool/accepted/a*.result.json | jq -r .alert_id | sort -u | wc -l)" "$KILLS/$KILLS/$KILLS" "as many alerts as cases"
c_report one
wrong=0
for ((i = 1; i <= KILLS; i++)); do
	planned=$(jq '[.plan.carriers[].links[].recipients] | add' "$D/spool/accepted/a$i.result.json")
	hash=$(c_hash one "name$i\\\\.")
	awk -v h="$hash" -v want="$planned" '$3 == h { n++; extra += $2 - 1; if ($2 > 3) bad = 1 } END { exit bad || n != want || extra > 40 }' "$D/one.recipients" || { wrong=$((wrong + 1)); echo "# case a$i"; }
done
t_is $wrong 0 "everyone planned got every alert, repeats within two windows"

# ---- cancels: by trigger and by hand ----
sed -i 's/rate = 4000.0; burst = 400/rate = 150.0; burst = 10/' "$D/reunion.cfg"
g_kill; g_start; g_ready
some_sent() { [ "$(t_status ".alerts[] | select(.case_number == \"$1\") | .units.accepted")" -ge 20 ]; }
told=0 back=0
for ((i = 1; i <= CANCELS; i++)); do
	lines=$(g_ready_lines)
	named "c$i" "child$i." alert
	t_drop "c$i" $G_SECONDS > /dev/null
	t_until $G_SECONDS some_sent "c$i" || { t_ok 1 "round $i"; break; }
	if ((i % 3)); then
		CASE=c$i named "f$i" "child$i." cancel
		drop "f$i"
		ms_sleep 0 30
		g_kill; now_ms > "$D/cancelled.$i"; g_start; g_said_ready $((lines + 1))
		t_until $G_SECONDS t_result "f$i"
	else # by hand: whoever is told "ok" may rely on it
		reunion alert cancel "$(t_id "c$i")" --reason "test $i" -c "$D/reunion.cfg" > "$D/cancel.log" 2>&1 && told=$((told + 1))
		g_kill; now_ms > "$D/cancelled.$i"; g_start; g_said_ready $((lines + 1)); g_ready
		[ "$(t_status ".alerts[] | select(.case_number == \"c$i\") | .state")" = recalled ] || { back=$((back + 1)); cat "$D/cancel.log"; }
	fi
done
t_ok $((told < CANCELS / 3)) "cancels by hand were told ok"
t_is $back 0 "$told cancels by hand were told ok; after the kill at once all are in force"
t_until $((2 * G_SECONDS)) all_at_rest; t_ok $? "all at rest after $CANCELS cancels"
t_is "$(t_status '[.alerts[] | select(.case_number | test("^c")) | .state] | unique | join(" ")')" recalled "all are recalled"
c_report one
late=0 unequal=0
for ((i = 1; i <= CANCELS; i++)); do
	# What was handed before the kill may still be counted then; nothing later than the cancel's own second.
	awk -v f="$(c_hash one "child$i\\\\.已找到")" -v h="$(c_hash one "child$i\\\\.，")" -v at="$(cat "$D/cancelled.$i")" '
		$3 == h { got[$1] = 1; if ($6 > at + 1000) late++ }
		$3 == f { found[$1] = 1 }
		END { for (m in got) { n++; if (!(m in found)) print "unfound" } if (n < 20) print "unfound (nobody got the alert)"; if (late) print "late" }' "$D/one.recipients" > "$D/verdict"
	[ ! -s "$D/verdict" ] || { echo "# cancel $i: $(sort "$D/verdict" | uniq -c | tr '\n' ' ')"; }
	! grep -q late "$D/verdict" || late=$((late + 1))
	! grep -q unfound "$D/verdict" || unequal=$((unequal + 1))
done
t_is $late 0 "nothing of a cancelled alert is sent after it"
t_is $unequal 0 "everyone reached gets the found text"
g_stop; g_dump
t_is "$(grep -c -P '\t(waiting|handed)$' "$D/dump")" 0 "the ledger has no open unit"
t_is "$(awk -F '\t' '$2 == "alert" && $5 == "accepted" { a[$1 $4] } $2 == "found" && !(($1 $4) in a) && !(($1 $4) in u) { n++ } $2 == "alert" && $5 == "unknown" { u[$1 $4] } END { print n + 0 }' <(sort -t "$(printf '\t')" -k1,1 -k2,2 "$D/dump"))" 0 "the found text is only for those who may have been reached"
t_end
