#!/bin/bash
# From the trigger file to the air: reuniond -> CBSP -> Debian's osmo-bsc -> osmo-bts-virtual -> GSMTAP, and tshark reads the
# alert's text from the page. In a network namespace of its own, since the peers' ports are fixed.
if [ "${1:-}" != inside ]; then
	for p in osmo-bsc osmo-bts-virtual tshark jq; do
		command -v $p > /dev/null || { echo "1..0 # SKIP $p is not installed"; exit 0; }
	done
	unshare -n true 2> /dev/null || { echo "1..0 # SKIP no network namespace may be made here"; exit 0; }
	exec unshare -n bash "$0" inside
fi
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/peers/osmobsc.sh"
ip link set lo up && ip link set lo multicast on && ip route add 239.0.0.0/8 dev lo || exit 1
t_begin
osmobsc_config > "$D/bsc.cfg"
osmobts_config > "$D/bts.cfg"
cat > "$D/cells.csv" <<'E2'
radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal
GSM,1,1,1,6969,,116.40,39.90,3000,10,1,1700000000,1700000000,0
GSM,1,1,2,6971,,116.42,39.91,3000,10,1,1700000000,1700000000,0
GSM,1,1,1,6970,,116.41,39.92,3000,10,1,1700000000,1700000000,0
E2
reunion cellmap build -o "$D/cells.map" "$D/cells.csv" > /dev/null || exit 1
t_config "{ name = \"osmo\"; networks = ( \"001-01\" ); rate = 0; links = ( $(t_cbsp bsc 48049 'rate = 20.0; window = 2; repetition_coding = "u16";') ); }"
sed -i 's/repetition_s = 60/repetition_s = 4/' "$D/reunion.cfg"
(cd "$D" && exec osmo-bsc -c bsc.cfg) > "$D/bsc.log" 2>&1 & T_PIDS+=($!)
sleep 1
(cd "$D" && exec osmo-bts-virtual -c bts.cfg) > "$D/bts.log" 2>&1 & T_PIDS+=($!)
tshark -i lo -f 'tcp port 48049 or udp port 4729' -w "$D/air.pcap" > "$D/tshark.log" 2>&1 & TS=$!; T_PIDS+=($TS)
t_until 20 grep -q Capturing "$D/tshark.log" || t_skip_all "tshark cannot capture here: $(tail -1 "$D/tshark.log")"
sleep 4
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 1; t_ok $? "osmo-bsc answers RESET"
t_trigger air alert
t_is "$(t_drop air)" accepted "the trigger is accepted"
ID=$(t_id air)
t_until 20 t_at_rest "$ID"; t_ok $? "every cell reaches a final state"
sleep 1.5
t_is "$(t_status '.alerts[0].units.accepted')" 2 "two cells with a CBCH accepted"
t_is "$(t_status '.alerts[0].units.refused')" 1 "the one without refused (cause 9)"
sleep 9
CASE=air t_trigger gone cancel
t_is "$(t_drop gone)" accepted "the cancel is accepted"
sleep 9
t_stop_gateway
kill -INT $TS; sleep 2
tshark -r "$D/air.pcap" -d tcp.port==48049,cbsp -Y gsm_cbs -T fields -e gsm_cbs.message_content > "$D/texts" 2>/dev/null
tshark -r "$D/air.pcap" -d tcp.port==48049,cbsp -Y cbsp > "$D/cbsp.txt" 2>/dev/null
t_has "$D/texts" '寻人：小明，6岁，请拨110' "tshark reads the Chinese text from the air"
t_has "$D/texts" 'Missing child: 小明' "and the English one"
t_has "$D/texts" '小明已找到' "and after the cancel the found text"
t_has "$D/cbsp.txt" 'RESET' "RESET on the wire"
t_has "$D/cbsp.txt" 'KILL' "KILL on the wire"
tshark -r "$D/air.pcap" -d tcp.port==48049,cbsp -Y '_ws.malformed' 2>/dev/null > "$D/malformed"
t_is "$(wc -l < "$D/malformed")" 0 "nothing malformed"
t_end
