#!/bin/bash
# Net::SMPP as the carrier's SMSC: it must read what we send, and we what it sends.
. "${SRCDIR:?}/tests/lib.sh"
perl -MNet::SMPP -e 1 2> /dev/null || t_skip_all "Net::SMPP is not installed (libnet-smpp-perl)"
t_begin
t_map 3000 && t_subs 460-00 30 "$D/c.subs" || exit 1
t_start peer perl "$S/tests/peers/net-smpp.pl"
t_until 10 grep -q ^port "$D/peer.log" || { cat "$D/peer.log"; exit 1; }
port=$(awk '$1 == "port" { print $2 }' "$D/peer.log")
long=$(printf '寻找%.0s' {1..45})
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one "$port" 'rate = 500; burst = 50; window = 10; receipts = "all"; enquire_link_s = 1; rehearse_min = 0;') ); }"
sed -i "s/sms = \"寻人：[^\"]*\"/sms = \"$long{child.name}😀\"/" "$D/reunion.cfg"
t_gateway && t_until 10 t_links_up 1; t_ok $? "bound"
t_trigger perl alert
t_is "$(t_drop perl)" accepted "the trigger is accepted"
t_until 20 t_at_rest "$(t_id perl)"; t_ok $? "every unit reaches a final state"
sleep 2.5
t_is "$(t_status '.links[] | [.accepted, .refused, .protocol_errors, .receipts_delivered]' | tr -d ' \n')" "[60,0,0,60]" "two parts each, all accepted, all receipts read"
t_stop_gateway
grep ^submit "$D/peer.log" > "$D/submits"
t_is "$(awk '{ print $2 }' "$D/submits" | sort -u | wc -l)" 30 "thirty recipients"
t_is "$(awk '{ print $3, $4 }' "$D/submits" | sort -u)" "8 64" "as UCS-2 with a header"
# One recipient's parts put together are the text, surrogates and all.
first=$(awk 'NR == 1 { print $2 }' "$D/submits")
t_is "$(grep "submit $first " "$D/submits" | awk '{ print substr($5, 13), $5 }' | sort | awk '{ printf "%s", substr($2, 15) }' | perl -pe '$_ = pack("H*", $_)' | iconv -f UTF-16BE -t UTF-8)" "${long}小明😀" "the text arrived as written"
t_has "$D/peer.log" '^enquire_link$' "enquire_link is understood"
t_has "$D/peer.log" '^receipt 0$' "receipts are answered"
t_has "$D/peer.log" '^unbind$' "the end is orderly"
t_is "$(grep -c ^other "$D/peer.log")" 0 "nothing that it does not know"
t_end
