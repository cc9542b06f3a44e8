#!/bin/bash
# Bad input: each gets its clear error and changes nothing.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 3000 || exit 1
t_carrier one || exit 1
good() { t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 500.0; links = ( $(t_smpp one-1 "$SMPP_one"), $(t_cbsp one-bsc "$CBSP_one") ); }"; }
refuses() { # PATTERN NAME: reuniond -t says no, in a line that matches
	reuniond -t -c "$D/reunion.cfg" > "$D/t.log" 2>&1
	t_is $? 1 "$2: refused"
	t_has "$D/t.log" "$1" "$2: says what and where"
}
good
# ---- configuration and maps ----
sed -i 's/rate = 500.0/rato = 500.0/' "$D/reunion.cfg"; refuses 'reunion.cfg:[0-9]+:.*rato' "unknown key"
good; mv "$D/spool" "$D/spool.away"; refuses 'spool' "agency folder missing"; mv "$D/spool.away" "$D/spool"
good; chmod 644 "$D/password"; refuses 'password' "password readable by others"; chmod 600 "$D/password"
good; head -c 5000 "$D/cells.map" > "$D/short.map"; sed -i "s#cells.map#short.map#; s#tables = ( .* ); map#tables = ( ); map#" "$D/reunion.cfg"
refuses 'short.map' "map cut short"
good; cp "$D/cells.map" "$D/other.map"; printf '\xff\xff\xff\xff' | dd of="$D/other.map" bs=1 seek=8 conv=notrunc status=none
sed -i "s#cells.map#other.map#; s#tables = ( .* ); map#tables = ( ); map#" "$D/reunion.cfg"; refuses 'other.map' "map of another version"
good; sed -i "s#cells.map#none.map#; s#tables = ( .* ); map#tables = ( ); map#" "$D/reunion.cfg"; refuses 'none.map' "map missing and no table"
good; sed -i 's#file = "[^"]*cells.csv"#file = "/nonexistent.csv"#' "$D/reunion.cfg"; refuses 'nonexistent' "table missing"
# ---- triggers ----
good
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 2
bad() { # NAME KEY-OR-TEXT PATTERN: the trigger made before is rejected, and the reason matches
	t_is "$(t_drop "$1")" rejected "$2: rejected"
	jq -r '.reasons[] | "\(.line) \(.key) \(.text)"' "$(t_result "$1")" > "$D/reasons" 2>/dev/null
	t_has "$D/reasons" "$3" "$2: the reason names it"
}
t_trigger syntax alert 'oops = ;';			bad syntax "syntax error" '[0-9]+ '
t_trigger type alert; sed -i 's/missing-child/lost-dog/' "$D/type.trigger"; bad type "unknown type" 'type'
t_trigger key alert 'colour = "red";';			bad key "unknown key" 'colour'
t_trigger coords alert; sed -i '/^location/d' "$D/coords.trigger"; bad coords "coordinates missing" 'location'
LAT=0 LON=0 t_trigger zero alert;			bad zero "coordinates zero" 'lat|location'
LAT=nan t_trigger nan alert;				bad nan "coordinates NaN" '[0-9]+ '
LAT=116.4074 LON=39.9042 t_trigger swapped alert;	bad swapped "coordinates swapped" 'lat|lon|swap'
t_trigger long alert; sed -i "s/小明/$(printf '明%.0s' $(seq 700))/" "$D/long.trigger"; bad long "text too long" 'page|part'
RADIUS=200.0 t_trigger wide alert;			bad wide "radius over the agency's" 'radius'
LAT=-40 LON=-140 t_trigger ocean alert;		bad ocean "a circle without any cell" 'cell'
t_trigger zone alert; sed -i 's/^reported_at.*/reported_at = "2026-11-23T08:32:31";/' "$D/zone.trigger"; bad zone "time without zone" 'reported_at'
t_trigger old alert; sed -i 's/^reported_at.*/reported_at = "2020-11-23T08:32:31+08:00";/' "$D/old.trigger"; bad old "too old" 'reported_at'
printf '<alert/>' > "$D/cap.trigger"; cp "$D/cap.trigger" "$D/spool/.x"; mv "$D/spool/.x" "$D/spool/cap.xml"
t_until 5 t_result cap; t_is "$(jq -r .decision "$(t_result cap)")" rejected "CAP is rejected with a reason"
ln -s /etc/passwd "$D/spool/link.trigger"; mkfifo "$D/spool/fifo.trigger"; mkdir "$D/spool/folder.trigger"
t_trigger after alert
t_is "$(t_drop after)" accepted "links, FIFOs and folders do not hold up a good trigger"
[ -z "$(ls "$D/spool/accepted" | grep -E '^(link|fifo|folder)')" ]; t_ok $? "and are never accepted"
t_is "$(t_status '.alerts | length')" 1 "only the good trigger made an alert"
t_stop_gateway
# ---- hostile SMSC ----
t_carrier wrong --password falsch
good; sed -i "s/port = $SMPP_one/port = $SMPP_wrong/" "$D/reunion.cfg"; rm -rf "$D/state"; mkdir "$D/state"
t_gateway
sleep 4
kill -USR1 "$PID_wrong"; sleep 0.3
n=$(t_status '.links[] | select(.name == "one-1") | .bind_failures')
[ "$n" -ge 1 ] && [ "$n" -le 3 ]; t_ok $? "a wrong password is tried $n times in 4 s: no hammering, and counted"
t_is "$(grep -c 'one-1' "$D/gateway.log")" "$(grep 'one-1' "$D/gateway.log" | sort -u | wc -l)" "no log flood"
t_stop_gateway
grep -E "runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
