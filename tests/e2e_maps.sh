#!/bin/bash
# A new cell map at reload: the daemon says what is unhealthy about it and what moved since the old one, whether it was built by
# itself or by hand. And an alert keeps the very files that were in force, whatever lies at their paths.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 3000 || { cat "$D/build.log"; exit 1; }
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; links = ( $(t_cbsp one-bsc 1) ); }"
t_gateway; t_ok $? "the gateway starts"
t_is "$(grep -c "cells.map: warning:" "$D/gateway.log")" 0 "a map that was there is not read through"
reload() { # until PATTERN is in the log
	kill -HUP "$PID_gateway"
	t_until 10 grep -qE -- "$1" "$D/gateway.log"
}
in_force() { grep -c 'is in force' "$D/gateway.log"; }

# Everything 1 degree further north, in a table newer than the map: the daemon builds.
sleep 0.01
awk -F, -v OFS=, '$8 ~ /^[0-9]+\.[0-9]+$/ && $8 < 89 { $8 = $8 + 1 } { print }' "$D/cells.csv" > "$D/moved.csv" && mv "$D/moved.csv" "$D/cells.csv"
reload 'cells moved more than 10 km since the last map'; t_ok $? "a map built at reload: moved cells are told"
t_has "$D/gateway.log" 'warning: .*(stale|no range|never addressed|ten years)' "and what is unhealthy"
t_until 10 grep -q "is in force" "$D/gateway.log"; t_ok $? "and it is in force"

# Back again, built by hand.
was=$(in_force)
reunion cellmap synth --cells 3000 --seed 1 > "$D/cells.csv" && reunion cellmap build -o "$D/cells.map" "$D/cells.csv" > /dev/null 2>&1
more() { [ "$(grep -c 'cells moved more than 10 km' "$D/gateway.log")" = 2 ]; }
kill -HUP "$PID_gateway"; t_until 10 more; t_ok $? "a map built by hand: the same"
now() { [ "$(in_force)" -gt "$was" ]; }
t_until 10 now; t_ok $? "it is in force too"
# A table of junk does not replace the map.
sed -i 's/select = "coverage";/select = "coverage"; strict = 500;/' "$D/reunion.cfg"
sed '3~2s/.*/junk/' "$D/cells.csv" > "$D/junk.csv"; sed -i '2s/.*/junk/; 4s/.*/junk/' "$D/junk.csv"; mv "$D/junk.csv" "$D/cells.csv"
reload 'reload refused: the cell map could not be built'; t_ok $? "a table with too many faults is refused"
t_has "$D/gateway.log" 'rows are bad, 500 in 1000 are allowed' "with how many"
t_is "$(t_status '.links | length')" 1 "and the gateway lives"
t_stop_gateway

# Every night the files are made anew; without a reload the old ones are in force, and stay so over a crash.
reunion cellmap synth --cells 3000 --seed 1 > "$D/cells.csv" && reunion cellmap build -o "$D/cells.map" "$D/cells.csv" > /dev/null 2>&1
t_subs 460-00 300 "$D/c.subs"
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp one-1 1) ); }"
units() { t_status '.alerts[0].units | "\(.waiting) \(.withdrawn)"'; }
kept() { ls "$D"/state/maps/*."$1"; } # ENDING
t_gateway
cp "$D/c.subs" "$D/was.subs"; cp "$D/cells.map" "$D/was.map"
head -200 "$D/subs.csv" > "$D/fewer.csv"
reunion subscribers build -o "$D/c.subs" --map "$D/cells.map" "$D/fewer.csv" > /dev/null 2>&1
reunion cellmap synth --cells 3000 --seed 2 > "$D/cells.csv" && reunion cellmap build -o "$D/cells.map" "$D/cells.csv" > /dev/null 2>&1
t_trigger a alert
t_is "$(t_drop a)" accepted "an alert after files that no reload has taken"
t_is "$(units)" "300 0" "goes to the recipients in force"
subs=$(kept subs)
cmp "$D/was.subs" "$subs" && cmp "$D/was.map" "$(kept map)"; t_ok $? "whose files are kept"
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway; t_ok $? "killed, it starts again"
t_is "$(units)" "300 0" "and all are still waited for"
kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
cp "$D/c.subs" "$subs"
timeout 20 reuniond -c "$D/reunion.cfg" > "$D/gateway.log" 2>&1; t_is $? 1 "another file under a kept one's name is refused"
t_has "$D/gateway.log" 'state/maps/.*subs: is another file, .* put that one back' "with what to do"
cp "$D/was.subs" "$subs"
t_gateway; t_is "$(units)" "300 0" "put back, all goes on"
t_stop_gateway

# Somebody copies another file over the subscribers' in place while an alert goes out to them.
rm -rf "$D/state"; mkdir "$D/state"
cp "$D/was.map" "$D/cells.map"; cp "$D/was.subs" "$D/c.subs"
awk -F, '{ $1 = "87" substr($1, 3) } { print }' OFS=, "$D/subs.csv" > "$D/strangers.csv"
reunion subscribers build -o "$D/strangers.subs" --map "$D/cells.map" "$D/strangers.csv" > /dev/null 2>&1
t_carrier one
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" "rate = 100.0; burst = 10; window = 10;") ); }"
t_gateway; t_until 10 t_links_up 1
own_copy() { [ "$(stat -c %h "$(kept subs)")" = 1 ]; }
t_until 20 own_copy; t_ok $? "the gateway makes itself a copy of its subscribers"
t_trigger b alert; t_drop b > /dev/null
sent() { [ "$(t_status '.links[0].submitted')" -ge "$1" ]; }
t_until 20 sent 50; cat "$D/strangers.subs" > "$D/c.subs"
t_until 20 sent 100; kill -9 "$PID_gateway"; wait "$PID_gateway" 2> /dev/null
t_gateway; t_ok $? "killed, it starts on its copy"
t_until 60 t_at_rest "$(t_id b)"; t_ok $? "all get their message"
t_stop_gateway; t_stop_carrier one
t_is "$(awk '$1 ~ /^87/ { strangers++ } END { print NR, strangers + 0 }' "$D/one.recipients")" "300 0" "and nobody else"
t_end
