#!/bin/bash
# What leaves the gateway, read by tshark off the loopback: SMPP PDUs and CBSP messages.
. "${SRCDIR:?}/tests/lib.sh"
command -v tshark > /dev/null || t_skip_all "tshark is not installed"
t_begin
t_map 5000 || exit 1
t_subs 460-00 200 "$D/c.subs" || exit 1
t_carrier one --receipts 50 || exit 1
tshark -i lo -f "tcp port $SMPP_one or tcp port $CBSP_one" -w "$D/x.pcap" > "$D/tshark.log" 2>&1 & TS=$!; T_PIDS+=($TS)
t_until 20 grep -q Capturing "$D/tshark.log" || t_skip_all "tshark cannot capture here: $(tail -1 "$D/tshark.log")"
sleep 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp s1 "$SMPP_one" 'rate = 500.0; burst = 20; window = 20; receipts = "all"; enquire_link_s = 1;'), $(t_smpp s2 "$SMPP_one" 'rate = 100.0; burst = 50; window = 50; languages = ( "en" );' | sed 's/addressing = "subscribers"/addressing = "cells"/; s/languages = ( "zh" ); rate/rate/'), $(t_cbsp b1 "$CBSP_one") ); }"
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 3
t_trigger ts alert
t_is "$(t_drop ts)" accepted "the trigger is accepted"
t_until 30 t_at_rest "$(t_id ts)"; t_ok $? "all at rest"
sleep 2
t_stop_gateway
sleep 1
kill -INT $TS; sleep 2
read_() { tshark -r "$D/x.pcap" -d "tcp.port==$SMPP_one,smpp" -d "tcp.port==$CBSP_one,cbsp" "$@" 2>/dev/null; }
planned=$(jq '[.plan.carriers[0].links[].recipients] | add' "$(t_result ts)")
# several PDUs ride in one segment: tshark lists them comma-separated
count() { read_ -Y smpp -T fields -E separator=, -e smpp.command_id | tr , '\n' | grep -ci "^$1$"; }
t_is "$(count 0x00000009)" 2 "tshark sees two bind_transceiver"
t_is "$(count 0x00000004)" "$planned" "a submit_sm per recipient"
t_is "$(count 0x80000004)" "$planned" "and as many answers"
[ "$(count 0x00000021)" -ge 1 ]; t_ok $? "submit_multi for the cell lists"
[ "$(count 0x00000015)" -ge 1 ]; t_ok $? "enquire_link"
[ "$(count 0x00000006)" = 2 ]; t_ok $? "unbind at the end of both"
t_is "$(count 0x80000000)" 0 "no generic_nack"
read_ -Y smpp -V > "$D/smpp.txt"
t_has "$D/smpp.txt" 'POLICE' "the source address is readable"
read_ -Y cbsp -V > "$D/cbsp.txt"
t_has "$D/cbsp.txt" '寻人：小明' "the page's text is readable in WRITE-REPLACE"
t_has "$D/cbsp.txt" '4379|0x111b' "with message identifier 4379"
t_is "$(read_ -Y _ws.malformed | wc -l)" 0 "nothing malformed"

# A text with a locking shift table, as encode shows it
t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp s1 2775 'rate = 500.0; burst = 20; window = 20; locking_tables = ( "turkish" );' | sed 's/"zh"/"en"/') ); }"
sed -i 's/Missing: {child.name}, {child.age}/Kayıp çocuk: {child.name}, {child.age} yaşında/' "$D/reunion.cfg"
t_trigger tr alert; sed -i 's/小明/Ayşe/' "$D/tr.trigger"
reunion encode -c "$D/reunion.cfg" "$D/tr.trigger" --link s1 > "$D/encoded"
t_has "$D/encoded" 'GSM-7 locked to Turkish: Kayıp çocuk: Ayşe, 6 yaşında' "encode writes Turkish in its locking table, and reads it"
awk 'NR == 1 { printf "0000"; for (i = 1; i < length($1); i += 2) printf " %s", substr($1, i, 2); print "" }' "$D/encoded" > "$D/pdu.txt"
text2pcap -q -T 40000,2775 "$D/pdu.txt" "$D/pdu.pcap" > /dev/null 2>&1 && tshark -r "$D/pdu.pcap" -d tcp.port==2775,smpp -V > "$D/pdu.log" 2>/dev/null
t_has "$D/pdu.log" 'Language \(Locking Shift\): Turkish \(1\)' "tshark reads the same table in the header"
t_end
