#!/bin/bash
# Figures of the ledger (see tests/bench_ledger.c), and from a trigger's rename to the first submit at the carrier.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
crash_begin
mkdir "$D/bench" && "$B/tests/bench_ledger" "$D/bench" || exit 1
t_map "${REUNION_CELLS:-20000}" && t_subs 460-00 5000 "$D/a.subs" || exit 1
t_carrier one || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 5000.0; burst = 500; window = 100;'), $(t_cbsp one-bsc "$CBSP_one") ); }"
g_start; g_ready; sleep 1
for ((i = 1; i <= 10; i++)); do
	t_trigger "b$i" alert
	sed -i "s/小明/name$i./" "$D/b$i.trigger"
	cp "$D/b$i.trigger" "$D/spool/.b"
	now_ms > "$D/at.$i"; mv "$D/spool/.b" "$D/spool/b$i.trigger"
	t_until 10 t_result "b$i"; t_until 20 all_at_rest
done
c_report one
for ((i = 1; i <= 10; i++)); do
	awk -v h="$(c_hash one "name$i\\\\.")" -v at="$(cat "$D/at.$i")" '$3 == h && (!first || $5 < first) { first = $5 } END { print first - at }' "$D/one.recipients"
done | sort -n | awk '{ v[NR] = $1 } END { printf "trigger dropped to first submit at the carrier: median %d ms, worst %d ms of %d\n", v[int((NR + 1) / 2)], v[NR], NR }'
