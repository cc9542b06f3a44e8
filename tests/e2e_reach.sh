#!/bin/bash
# Reach, told truthfully: one carrier knows only some cells, refuses some messages, and does not get through in time. What
# `alert show`, alerts/ID.json and alerts/ID.cells.csv say is held against the carrier's own report, cell by cell.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 100000 || exit 1
t_subs 460-00 1500 "$D/c.subs" || exit 1
awk -F, '!seen[$1]++' "$D/subs.csv" > "$D/people.csv" # each person in one cell
reunion subscribers build -o "$D/c.subs" --map "$D/cells.map" "$D/people.csv" > "$D/subs.log" 2>&1 || exit 1
t_carrier one --bsc-unknown 200 --errors 0x0B=60 || exit 1
T_LIFETIME=60 T_DEADLINE=60 t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 30.0; burst = 10; window = 20; max_tries = 1;'), $(t_cbsp one-bsc "$CBSP_one" 'rate = 50.0; window = 4; cells_per_request = 7; ') ); }"
t_gateway; t_ok $? "the gateway starts"; kill -0 "$PID_gateway" || { cat "$D/gateway.log"; exit 1; }
t_until 10 t_links_up 2
t_trigger reach alert
sed -i "s/^reported_at = .*/reported_at = \"$(date -d '-35 seconds' +%Y-%m-%dT%H:%M:%S%:z)\";/" "$D/reach.trigger" # its life ends in 25 s
t_is "$(t_drop reach)" accepted "the trigger is accepted"; [ -n "$(t_result reach)" ] || exit 1
ID=$(t_id reach)
cells=$(jq '[.plan.carriers[].links[] | select(.type == "cbsp") | .cells] | add' "$(t_result reach)")

# People of the file by their cell; what the carrier has of them; each cell as "CELL accepted"
report() { local was; was=$(stat -c %i "$D/one.json" 2> /dev/null); kill -USR1 "$PID_one"; t_until 20 fresh "$was"; }
fresh() { [ "$(stat -c %i "$D/one.json")" != "$1" ]; }
people_of_carrier() {
	awk 'FNR == 1 { file++ }
		file == 1 { n = split($0, w, ","); if (w[1] ~ /^[0-9]+$/) cell[w[1]] = sprintf("%s-%03d-%02d-%s-%s", toupper(w[2]), w[3], w[4], w[5], w[6]); next }
		{ got[cell[$1]]++ } END { for (c in got) print c, got[c] }' "$D/people.csv" "$D/one.recipients" | sort
}
people_of_table() { awk -F, '$2 == "sms" && $10 > 0 { print $3, $10 }' "$1" | sort; }
air_of_carrier() { jq -r ".cbsp.cells | to_entries[] | select($1) | .key" "$D/one.json" | sort; }
air_of_table() { awk -F, -v col="$2" '$2 == "broadcast" && $col == 1 { sub(/^GSM-/, "", $3); print $3 }' "$1" | sort; }
sums_of_table() { awk -F, 'NR > 1 { for (i = 7; i <= 14; i++) n[i] += $i } END { printf "%d planned %d open %d accepted %d refused %d expired %d withdrawn %d unknown\n", n[7], n[8] + n[9], n[10], n[11], n[12], n[13], n[14] }' "$1"; }
sums_of_json() { jq -r '.units | "\(add) planned \(.waiting + .handed) open \(.accepted) accepted \(.refused) refused \(.expired) expired \(.withdrawn) withdrawn \(.unknown) unknown"'; }

air_done() { [ "$(t_status '[.alerts[0].links[] | select(.name == "one-bsc") | .accepted + .refused] | add')" = "$cells" ]; }
t_until 30 air_done; t_ok $? "every cell is answered for, while messages still go out"
report
reunion alert show "$ID" -c "$D/reunion.cfg" --cells --csv > "$D/show.csv"
t_is "$(air_of_table "$D/show.csv" 10 | md5sum)" "$(air_of_carrier '.value.active | length == 2' | md5sum)" "alert show: accepted are the cells on air, each of them"
refused=$(air_of_table "$D/show.csv" 11 | wc -l)
t_ok $((refused < 2)) "some were refused: $refused of $cells"
t_is "$(comm -12 <(air_of_table "$D/show.csv" 11) <(air_of_carrier '.value.active | length > 0') | wc -l)" 0 "none of which is on air"
dead() { reunion ledger dead -c "$D/reunion.cfg" "$ID" | awk -F '\t' '$3 == "one-bsc"'; }
all_dead() { [ "$(dead | wc -l)" = "$refused" ]; }
t_until 5 all_dead; t_ok $? "the ledger has a reason for each"
t_is "$(dead | cut -f5-8 | sort -u)" "$(printf 'refused\tcell identity not valid\t0x03\tP')" "which is the BSC's"
t_is "$(dead | cut -f4 | sed -E 's/^([0-9]{3})([0-9]{2})-/\1-\2-/' | sort | md5sum)" "$(air_of_table "$D/show.csv" 11 | md5sum)" "cell by cell"
t_is "$(dead | grep -c "$(date -u +%Y-)")" "$refused" "with the time"

ended() { grep -q "alert $ID has ended" "$D/gateway.log"; }
t_until 60 ended; t_ok $? "the alert ends with messages unsent"
t_until 10 test -s "$D/spool/alerts/$ID.cells.csv"; t_ok $? "and leaves its table"
report
T=$D/spool/alerts/$ID.cells.csv
t_is "$(people_of_table "$T" | md5sum)" "$(people_of_carrier | md5sum)" "accepted recipients are the carrier's, cell by cell"
t_is "$(air_of_table "$T" 10 | md5sum)" "$(air_of_table "$D/show.csv" 10 | md5sum)" "and the cells are as they were shown"
sums=$(sums_of_table "$T")
echo "# $sums"
t_is "$(sums_of_json < "$D/spool/alerts/$ID.json")" "$sums" "alerts/ID.json has the same sums"
t_is "$(awk '{ print ($3 == 0), ($5 > 600), ($7 > 10), ($9 > 100), ($11 == 0), ($13 == 0), ($1 == $5 + $7 + $9) }' <<< "$sums")" "1 1 1 1 1 1 1" "accepted, refused and expired, and nothing else"
t_is "$(awk -F, 'NR > 1 && $2 == "sms" { n += $10 } END { print n }' "$T")" "$(wc -l < "$D/one.recipients")" "as many messages as the carrier took"
t_is "$(jq '.smpp.duplicates' "$D/one.json")" 0 "none twice"

# One that ends while nobody runs
t_trigger late alert
sed -i "s/^reported_at = .*/reported_at = \"$(date -d '-50 seconds' +%Y-%m-%dT%H:%M:%S%:z)\";/" "$D/late.trigger"
t_is "$(t_drop late)" accepted "another alert, with ten seconds to live"
ID=$(t_id late)
sleep 3
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
sleep 9
t_gateway
t_until 10 ended; t_ok $? "it ended while the gateway was down, and is not sent any more"
T=$D/spool/alerts/$ID.cells.csv
t_is "$(sums_of_json < "$D/spool/alerts/$ID.json")" "$(sums_of_table "$T")" "its last word is in both files"
echo "# $(sums_of_table "$T")"
t_is "$(awk '{ print ($3 == 0), ($5 > 20), ($9 > 1000), ($13 <= 20 + 28) }' <<< "$(sums_of_table "$T")")" "1 1 1 1" "what was not sent has expired, a window is in doubt"
t_stop_gateway
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
