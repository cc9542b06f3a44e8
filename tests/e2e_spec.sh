#!/bin/bash
# Small promises of the outside: what is never overwritten, what is only for trials, links that go and come back.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 3000 || exit 1
t_subs 460-00 200 "$D/c.subs" || exit 1
t_carrier one || exit 1
t_carrier two || exit 1
says() { # STATUS PATTERN NAME COMMAND...: its exit status, and one line on stderr that matches
	local want=$1 pattern=$2 name=$3; shift 3
	timeout 10 "$@" > "$D/out" 2> "$D/err"
	t_is "$?" "$want" "$name: exit status"
	t_has "$D/err" "$pattern" "$name: says why"
}
# ---- an output is never an input ----
sum=$(cat "$D"/cells.csv "$D/cells.map" "$D/subs.csv" | md5sum)
ln "$D/cells.csv" "$D/same.csv"
says 1 'cells.csv: is an input' "map over its table" reunion cellmap build -o "$D/cells.csv" "$D/cells.csv"
says 1 'same.csv: is an input' "map over its table by another name" reunion cellmap build -o "$D/same.csv" "$D/cells.csv"
says 1 'cells.csv: is an input' "rejects over the table" reunion cellmap build -o "$D/x.map" --rejects "$D/cells.csv" "$D/cells.csv"
says 1 'cells.map: is an input' "subscribers over their map" reunion subscribers build -o "$D/cells.map" --map "$D/cells.map" "$D/subs.csv"
says 1 'subs.csv: is an input' "subscribers over their table" reunion subscribers build -o "$D/subs.csv" --map "$D/cells.map" "$D/subs.csv"
says 1 'cells.map: is an input' "made-up subscribers over their map" reunion subscribers synth --map "$D/cells.map" --count 9 --seed 1 -o "$D/./cells.map"
says 1 'zero: is a device' "a table that never ends" reunion cellmap build -o "$D/x.map" /dev/zero
rm -f "$D/same.csv"
links() { echo "rate = $1; subscribers = \"$D/c.subs\"; links = ( $(t_smpp one-1 "$SMPP_one"), $(t_cbsp one-bsc "$CBSP_one") ); }"; }
one() { echo "{ name = \"one\"; networks = ( \"460-00\" ); $(links "$1")"; }
two() { echo "{ name = \"two\"; networks = ( \"460-01\" ); rate = 50; links = ( $(t_smpp two-1 "$SMPP_two" 'rate = 50; test_numbers = ( "8613800000000" );'), $(t_cbsp two-bsc "$CBSP_two") ); }"; }
t_config "$(one 100)"
t_trigger one alert
says 1 'one.trigger: is an input' "a picture over the trigger" reunion plan -c "$D/reunion.cfg" --svg "$D/one.trigger" "$D/one.trigger"
t_is "$(cat "$D"/cells.csv "$D/cells.map" "$D/subs.csv" | md5sum)" "$sum" "and all of them are as they were"
# ---- for trials only ----
t_config "$(one 0)"
says 0 'reunion.cfg:[0-9]+: warning: .*rate.*rate 0' "rate 0" reuniond -t -c "$D/reunion.cfg"
t_has "$D/err" 'warning: .*police may alert without a signature' "so is an agency without keys"
# ---- links that go and come back by reload ----
t_config "$(one 100), $(two)"
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 4; t_ok $? "four links come up"
t_has "$D/gateway.log" 'warning: .*without a signature' "the daemon says so at its start"
t_config "$(one 100)"; kill -HUP "$PID_gateway"
t_until 10 t_links_up 2; t_ok $? "links that left the configuration go down"
t_config "$(one 100), $(two)"; kill -HUP "$PID_gateway"
t_until 10 t_links_up 4; t_ok $? "and come up when they are there again"
t_is "$(t_status '.links[] | select(.name == "one-1") | .binds')" 1 "the others kept their connections"
# ---- names ----
cp "$D/one.trigger" "$D/朝阳 走失.trigger"
t_is "$(t_drop "朝阳 走失")" accepted "a trigger's name may be what people write"
t_end
