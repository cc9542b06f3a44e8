#!/bin/bash
# The whole job at its size: one alert to tens of millions of residents over four links of one carrier, with the gateway killed
# twice while it sends. Ends with 0 when the carrier's own list has everybody, nobody more often than the windows allow.
# Environment: PEOPLE (20000000), WINDOW (1000).
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
PEOPLE=${PEOPLE:-20000000} WINDOW=${WINDOW:-1000} LINKS=4 KILLS=2
crash_begin
cpu_s() { awk -v hz="$(getconf CLK_TCK)" '{ printf "%.2f", ($14 + $15) / hz }' "/proc/$1/stat"; }
accepted() { t_status '[.alerts[].units.accepted] | add'; }
reached() { [ "$(accepted)" -ge "$1" ]; }
drop() { t_trigger "$1" alert; t_drop "$1" 60 > /dev/null; t_id "$1"; }

t_map 200000 && t_subs 460-00 "$PEOPLE" "$D/c.subs" || exit 1
rm "$D/subs.csv"
t_carrier c || exit 1
links=
for ((i = 1; i <= LINKS; i++)); do links+="${links:+, }$(t_smpp "c-$i" "$SMPP_c" "rate = 0; burst = 1000; window = $WINDOW;")"; done
t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $links ); }"

g_start; g_ready && t_until 60 t_links_up $LINKS || exit 1
from=$(now_ms) id=$(drop calm)
until t_at_rest "$id"; do sleep 0.2; done
ms=$(($(now_ms) - from)) cpu=$(cpu_s "$G_PID")
printf '%s residents, %d links, window %d: %.1f s, %d a second; gateway %s s of CPU, %.2f us each; %d MiB; ledger %d KiB\n' "$PEOPLE" $LINKS "$WINDOW" \
	"$(awk "BEGIN { print $ms / 1000 }")" $((PEOPLE * 1000 / ms)) "$cpu" "$(awk "BEGIN { print $cpu * 1e6 / $PEOPLE }")" \
	"$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$G_PID/status")" "$(($(stat -c %s "$D/state/ledger.db") / 1024))"

id=$(drop killed)
for ((k = 1; k <= KILLS; k++)); do
	t_until 600 reached $((PEOPLE * k / (KILLS + 1)))
	g_kill; g_start; g_ready; t_until 60 t_links_up $LINKS
done
until t_at_rest "$id"; do sleep 0.2; done
echo "killed $KILLS times: $(t_status ".alerts[] | select(.alert_id == \"$id\") | .units" | tr -d '\n {}\"')"
g_stop; t_stop_carrier c
# The texts of both alerts are the same, so that a copy of each is due to everybody.
awk -v people="$PEOPLE" -v most=$((KILLS * LINKS * WINDOW)) '
	{ n++; copies += $2; if ($2 < 2) lost++; if ($2 > top) top = $2 }
	END {
		printf "the carrier: %d residents, %d without both alerts, %d repeats of %d allowed, nobody more than %d times\n", n, lost, copies - 2 * n, most, top
		exit !(n == people && !lost && copies - 2 * n <= most)
	}' "$D/c.recipients"
