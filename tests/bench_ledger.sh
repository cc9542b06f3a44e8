#!/bin/bash
# What the ledger costs (tests/bench_ledger.c); from a trigger's writing to the first page and the first submit at the carrier with a
# large map; restart with ten running alerts. Environment: REUNION_CELLS of the map (10000000), REUNION_PEOPLE of each of the ten
# alerts (10000000).
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
CELLS=${REUNION_CELLS:-10000000} PEOPLE=${REUNION_PEOPLE:-10000000}
crash_begin
mkdir "$D/bench" && "$B/tests/bench_ledger" "$D/bench" || exit 1
rm -r "$D/bench"
t_map "$CELLS" && t_subs 460-00 $((PEOPLE / 10)) "$D/few.subs" && t_subs 460-00 "$PEOPLE" "$D/many.subs" || exit 1
rm -f "$D/subs.csv"
# The BSC of the town's centre: what it serves is written and killed within a second or two.
LACS=$(reunion cellmap query "$D/cells.map" --at 39.9042,116.4074 --radius-km 3 --radio gsm --networks 460-00 --format csv | awk -F, 'NR > 1 { print $4 }' | sort -u | head -5 | paste -sd,)
config() { # SUBSCRIBERS
	t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/$1.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" "rate = 100.0; burst = 10; window = 100;"), $(t_cbsp one-bsc "$CBSP_one" "rate = 50.0; window = 4; lacs = ( $LACS );") ); }"
}
drop() { # NAME: written by the shell itself, so that no start of a program is measured; when, in ms, in at.NAME
	local text at
	t_trigger "$1" alert
	sed -i "s/小明/name$1./" "$D/$1.trigger"
	text=$(< "$D/$1.trigger")
	at=$EPOCHREALTIME
	printf '%s\n' "$text" > "$D/spool/$1.trigger"
	echo "$((${at/./} / 1000))" > "$D/at.$1"
	t_until 30 t_result "$1"
}
summary() { sort -n | awk -v what="$1" '{ v[NR] = $1 } END { printf "%-60s median %d ms, worst %d ms of %d\n", what, v[int((NR + 1) / 2)], v[NR], NR }'; }
cancel() { reunion alert cancel -c "$D/reunion.cfg" "$(t_id "$1")" --reason bench > /dev/null; }
sent() { [ "$(t_status '[.links[] | select(.type == "smpp") | .submitted] | add')" -gt 0 ]; }
rss() { awk '/VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$G_PID/status"; }

t_carrier one || exit 1
config few
g_start; g_ready; sleep 1
base=$(rss)
echo "map of $CELLS cells, $((PEOPLE / 10)) recipients in the circle; gateway at rest: $base MiB"
for ((i = 1; i <= 10; i++)); do
	drop "f$i"; sleep 1
	c_report one
	c_get one "[.cbsp.cells[].active[]? | select(.text | test(\"namef$i\\\\.\")) | .since_ms] | if length > 0 then min - $(cat "$D/at.f$i") else empty end" > "$D/pages.$i"
	cancel "f$i"; t_until 30 all_at_rest # or its found text would be more urgent than the next alert
done
sleep 1; c_report one
for ((i = 1; i <= 10; i++)); do
	awk -v h="$(c_hash one "namef$i\\\\.")" -v at="$(cat "$D/at.f$i")" '$3 == h && (!first || $5 < first) { first = $5 } END { if (first) print first - at }' "$D/one.recipients"
done | summary "trigger dropped to first submit at the carrier:"
cat "$D"/pages.* | summary "trigger dropped to first page at the carrier:"

g_stop; rm -rf "$D/state"; mkdir "$D/state"
config many
g_start; g_ready; sleep 1
base=$(rss)
for ((i = 1; i <= 10; i++)); do drop "r$i"; done
echo "memory of a running alert of $PEOPLE recipients: $((($(rss) - base) / 10)) MiB; its ledger: $(($(stat -c %s "$D/state/ledger.db") / 10240)) KiB"
for ((i = 1; i <= 3; i++)); do
	g_kill
	from=$(now_ms)
	g_start
	until sent 2> /dev/null; do sleep 0.02; done
	echo $(($(now_ms) - from))
done | summary "killed, restarted with 10 running alerts, sending again:"
