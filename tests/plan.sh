#!/bin/bash
# reunion subscribers, plan and encode as an operator uses them: real files, real programs. Prints TAP.
R=${BUILDDIR:?}/reunion
D=$(mktemp -d) || exit 99
trap 'rm -rf "$D"' EXIT
cd "$D" || exit 99
n=0
ok() { # name, command...
	local name=$1; shift
	n=$((n + 1))
	if "$@" > "$D/out" 2> "$D/err"; then echo "ok $n - $name"; else echo "not ok $n - $name"; sed 's/^/# /' "$D/out" "$D/err"; fi
}
fails() { # exit status, words on stderr, command...
	local status=$1 words=$2; shift 2
	"$@" > o 2> e
	[ $? = "$status" ] && grep -q -- "$words" e && [ "$(wc -l < e)" -le 3 ] || { cat o e; return 1; }
}
is() { [ "$1" = "$2" ] || { echo "have: $1"; echo "want: $2"; return 1; }; }

# A table of 400 cells in a grid round 40,116: two networks, GSM and LTE; and residents: ten in each cell of 460-00.
awk 'BEGIN { for (i = 0; i < 400; i++) {
	lat = 39.5 + int(i / 20) * 0.05; lon = 115.5 + i % 20 * 0.05; net = i % 3 == 0; gsm = i % 2 == 0
	printf "%s,460,%d,%d,%d,0,%.4f,%.4f,1000,10,1,1600000000,1700000000,0\n", gsm ? "GSM" : "LTE", net, 4301 + i % 4, 1000 + i, lon, lat
} }' > cells.csv
awk -F, '$3 == 0 { for (i = 0; i < 10; i++) printf "86138%08d,%s,%s,%s,%s,%s\n", ++n, $1, $2, $3, $4, $5 }' cells.csv > residents.csv
"$R" cellmap build -o cells.map cells.csv > build.log 2>&1 || { cat build.log; echo "Bail out! no cell map"; exit 1; }
printf pass > password; chmod 600 password; mkdir -p spool state
cat > reunion.cfg <<EOF
gateway: { name = "t"; state_directory = "$D/state"; control_socket = "$D/control.sock"; };
cellmap: { tables = ( { file = "$D/cells.csv"; format = "opencellid"; datum = "wgs84"; } ); map = "$D/cells.map"; select = "site"; };
agencies: ( { name = "police"; spool = "$D/spool"; keys = ( ); allow_unsigned = true; allow_types = ( "missing-child" );
  max_radius_km = 100.0; } );
alert_types: ( { name = "missing-child"; radius_km = 100.0; deadline_s = 3600; lifetime_s = 86400; repetition_s = 60;
  texts = ( { language = "zh"; message_identifier = 4379; broadcast = "寻人：{child.name}"; sms = "寻人：{child.name}";
      found = "{child.name}已找到"; },
    { language = "en"; message_identifier = 4392; broadcast = "Missing child, call {contact}";
      sms = "Missing child, call {contact}"; found = "Found"; } ); } );
carriers: (
  { name = "cm"; networks = ( "460-00" ); rate = 100.0; subscribers = "$D/cm.subs"; links = (
    { name = "cm-1"; type = "smpp"; mode = "connect"; address = "127.0.0.1"; port = 2775; bind = "transceiver"; system_id = "r";
      password_file = "$D/password"; addressing = "subscribers"; rate = 50.0; burst = 10; window = 100;
      source = { ton = 5; npi = 0; address = "POLICE"; }; test_numbers = ( "8613900000000" ); languages = ( "zh" ); },
    { name = "cm-2"; type = "smpp"; mode = "connect"; address = "127.0.0.1"; port = 2776; bind = "transceiver"; system_id = "r";
      password_file = "$D/password"; addressing = "cells"; rate = 50.0; burst = 10; window = 100;
      source = { ton = 5; npi = 0; address = "POLICE"; }; languages = ( "zh" ); },
    { name = "cm-bsc"; type = "cbsp"; mode = "connect"; address = "127.0.0.1"; port = 48049; lacs = ( 4301 ); rate = 20.0; window = 4; } ); },
  { name = "cu"; networks = ( "460-01" ); rate = 100.0; links = (
    { name = "cu-bsc"; type = "cbsp"; mode = "connect"; address = "127.0.0.1"; port = 48050; rate = 20.0; window = 4; } ); } );
EOF
trigger() { # action, lat, radius
	cat <<EOF
case_number = "2026-1"; type = "missing-child"; action = "$1"; reported_at = "2026-11-25T08:00:00+08:00";
location = { lat = $2; lon = 116.0; datum = "wgs84"; place = "here"; }; radius_km = $3;
child = { name = "小明"; age = 6; sex = "male"; }; contact = "110";
EOF
}
trigger alert 40.0 30.0 > case.trigger
trigger exercise 40.0 30.0 > exercise.trigger
trigger alert -40.0 30.0 > nowhere.trigger
trigger alert 40.0 300.0 > wide.trigger
plan() { "$R" plan -c reunion.cfg "$@" 2> plan.err; }
encode() { "$R" encode -c reunion.cfg "$@" 2> encode.err; }
link() { jq ".carriers[].links[] | select(.name == \"$1\") | .$2" plan.json; }

echo 1..43
ok "subscribers build" "$R" subscribers build -o cm.subs --map cells.map residents.csv --json
ok "every row kept" is "$(jq -c '[.rows_read,.kept,.numbers,.unresolved]' out)" "[2660,2660,2660,0]"
b1() { gzip -kf residents.csv && "$R" subscribers build -o gz.subs --map cells.map residents.csv.gz && cmp gz.subs cm.subs; }
ok "the same from a .gz" b1
b2() { "$R" subscribers build -o in.subs --map cells.map - < residents.csv && cmp in.subs cm.subs; }
ok "the same from standard input" b2
b3() { (echo msisdn,radio,mcc,net,area,cell; cat residents.csv) > h.csv && "$R" subscribers build -o h.subs --map cells.map h.csv && cmp h.subs cm.subs; }
ok "the same with a header" b3
b4() { (cat residents.csv; printf '12,GSM,460,0,1,1\n8613800000000,5G,460,0,1,1\n8613800000000,GSM\n') > bad.csv
	"$R" subscribers build -o bad.subs --map cells.map bad.csv --json > j && is "$(jq -c .dropped j)" '{"columns":1,"msisdn":1,"radio":1}'; }
ok "bad rows are dropped and counted" b4
b5() { echo 8613800000000,GSM,460,0,9,9 >> bad.csv; "$R" subscribers build -o bad.subs --map cells.map bad.csv --json > j 2> e && is "$(jq .unresolved j)" 1 && grep -q "1 of 2661 numbers" e; }
ok "unresolved numbers are counted and warned of" b5
ok "a missing table is told" fails 1 "nothing.csv" "$R" subscribers build -o x.subs --map cells.map nothing.csv
ok "a missing map is told" fails 1 "nothing.map" "$R" subscribers build -o x.subs --map nothing.map residents.csv
b6() { ! "$R" subscribers build -o /dev/null --map cells.map residents.csv > o 2>&1 && [ -c /dev/null ] && [ ! -e x.subs ]; }
ok "devices are not replaced, nothing half is left" b6
ok "usage is 2" fails 2 "wants" "$R" subscribers build -o x.subs
ok "help is 0" "$R" subscribers --help
s1() { "$R" subscribers synth --map cells.map --count 500 --seed 4 > s1 && "$R" subscribers synth --map cells.map --count 500 --seed 4 -o s2 &&
	cmp s1 s2 && "$R" subscribers build -o s.subs --map cells.map s1 --json > j && is "$(jq -c '[.numbers,.unresolved]' j)" '[500,0]'; }
ok "synthetic residents: same seed, same octets, all usable" s1
s2() { "$R" subscribers synth --map cells.map --count 500 --seed 4 --networks 460-01 > s3 && [ "$(tail -n +2 s3 | cut -d, -f4 | sort -u)" = 1 ]; }
ok "synthetic residents of one network" s2
s3() { "$R" subscribers synth --map cells.map --count 5 --seed 4 --at 0,0 --radius-km 1 > s4; [ $? = 1 ]; }
ok "no cell in the circle is told" s3

ok "plan --json" plan --json case.trigger
cp out plan.json
inside=$("$R" cellmap query cells.map --at 40.0,116.0 --radius-km 30 --select site --networks 460-00 --count)
ok "cells are those of the query" is "$(link cm-1 cells)" "$inside"
ok "recipients are the residents of these cells" is "$(link cm-1 recipients)" "$((10 * inside))"
ok "parts and seconds" is "$(link cm-1 'parts / .seconds | round')" 50
ok "lists: a part per cell" is "$(link cm-2 parts)" "$inside"
gsm=$("$R" cellmap query cells.map --at 40.0,116.0 --radius-km 30 --select site --networks 460-00 --radio GSM --format csv | grep -c ,4301,)
ok "the BSC's own cells" is "$(link cm-bsc cells)" "$gsm"
ok "what has no broadcast path" is "$(jq '.carriers[0].unserved' plan.json)" "$((inside - gsm))"
ok "deadline an hour after the report" is "$(jq -r .deadline_at plan.json)" 2026-11-25T01:00:00Z
ok "the table names every link" grep -q cu-bsc <(plan case.trigger)
p1() { plan --svg map.svg case.trigger > o && grep -q '<svg' map.svg; }
ok "a picture" p1
p2() { plan --json case.trigger > a && plan --json case.trigger > b && cmp a b; }
ok "the same on each run" p2
p3() { plan --json exercise.trigger > plan.json && is "$(link cm-1 recipients)" 1 && is "$(link cm-2 parts)" 0 && is "$(link cm-bsc cells)" "$gsm"; }
ok "an exercise reaches the test number only" p3
ok "no cell anywhere is a rejection" fails 1 "no cell of any carrier" "$R" plan -c reunion.cfg nowhere.trigger
ok "over the radius is a rejection" fails 1 "wide.trigger:2: radius_km" "$R" plan -c reunion.cfg wide.trigger
ok "a missing trigger is told" fails 1 "none.trigger" "$R" plan -c reunion.cfg none.trigger
ok "a folder is no trigger" fails 1 "not a regular file" "$R" plan -c reunion.cfg spool
ok "a missing configuration is told" fails 1 "none.cfg" "$R" plan -c none.cfg case.trigger
ok "an unknown agency is told" fails 1 "no agency" "$R" plan -c reunion.cfg --agency x case.trigger
ok "usage is 2" fails 2 "wants" "$R" plan case.trigger

ok "encode" encode case.trigger
cp out enc
e1() { encode case.trigger > enc2 && cmp enc enc2; }
ok "byte-identical on each run" e1
e2() { ! grep -vqE '^[0-9a-f]+  (cm-1|cm-2|cm-bsc|cu-bsc) [A-Za-z]' enc && is "$(grep -c ' page ' enc)" 4 && is "$(grep ' page ' enc | awk '{print length($1)}' | sort -u)" 176; }
ok "hex, two spaces, link, meaning; pages of 88 octets" e2
e3() { while read -r hex _; do [ $((16#${hex:0:8} * 2)) = ${#hex} ] || return 1; done < <(grep submit_ enc); }
ok "command_length is the octets printed" e3
e4() { page=$(grep 'cm-bsc page 1/1 of zh' enc | cut -c13-176) && [ -n "$page" ] && grep 'cm-bsc WRITE-REPLACE of zh' enc | grep -q "$page"; }
ok "the page is in its WRITE-REPLACE" e4
e5() { [ -z "$(encode --link cm-2 case.trigger | grep -v '  cm-2 ')" ] && fails 1 "no link" "$R" encode -c reunion.cfg --link zz case.trigger; }
ok "one link" e5
sed '/name = "cm-2"/{n;s/addressing = "cells"/addressing = "broadcast"; interface_version = "5.0"/}' reunion.cfg > air.cfg
e6() { "$R" encode -c air.cfg --link cm-2 case.trigger > air && ! grep -vE '^[0-9a-f]{8}00000111[0-9a-f]+  cm-2 broadcast_sm to [0-9]+ cells' air &&
	is "$(awk '/ zh part 1.1,/ { n += $5 } END { print n + 0 }' air)" "$((inside - gsm))"; }
ok "broadcast_sm to each cell that no BSC has" e6
sed '/name = "cm-1"/{n;s/addressing = "subscribers"/addressing = "subscribers"; long_messages = "payload"/}; s/sms = "寻人：{child.name}"/sms = "寻人：{child.name}，这是一条很长的短信，它比一条短信能装下的七十个字还要多，所以会分成几个部分，但是放在一个负载里发送，由短信中心来切分，收信人的电话再把它们合起来，读到最后一个字：完{contact}终"/' reunion.cfg > long.cfg
e7() { "$R" encode -c long.cfg --link cm-1 case.trigger > long && is "$(grep -c 'zh part 1/1' long)" 1 && grep -q '寻人：小明，这是.*完110终$' long; }
ok "message_payload is one message, its text shown to the end" e7
e8() { sed -i 's/long_messages = "payload"/long_messages = "udh16"/' long.cfg && "$R" encode -c long.cfg --link cm-1 case.trigger > long && is "$(grep -c 'zh part ./2' long)" 2 && grep -q 'part 2/2.*完110终$' long; }
ok "parts are shown to the end, too" e8
