#!/bin/bash
# A network's own SMSC, osmo-msc: an alert of two parts arrives in its database as sent.
. "${SRCDIR:?}/tests/lib.sh"
type osmo-msc > /dev/null 2>&1 || t_skip_all "osmo-msc is not installed"
type sqlite3 > /dev/null 2>&1 || t_skip_all "sqlite3 is not installed"
t_begin
${CC:-cc} -shared -fPIC -O2 -o "$D/nosctp.so" "$S/tests/peers/nosctp.c" -ldl || t_skip_all "the shim for machines without SCTP cannot be built"
t_map 3000 && t_subs 460-00 25 "$D/c.subs" || exit 1
free_port() { local p; while p=$((20000 + RANDOM % 12000)); (: < "/dev/tcp/127.0.0.1/$p") 2> /dev/null; do :; done; echo "$p"; }
port=$(free_port) own=127.77.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1)) # its other ports are fixed
cat > "$D/osmo-msc.cfg" <<E2
log stderr
 logging filter all 1
 logging level set-all notice
 logging level smpp info
line vty
 no login
 bind $own
ctrl
 bind $own
cs7 instance 0
 point-code 0.23.1
 asp asp-msc 15001 0 ipa
  local-ip $own
  remote-ip $own
  role asp
  sctp-role client
 as as-msc ipa
  asp asp-msc
  routing-key 0 0.23.1
network
 network country code 001
 mobile network code 01
msc
 mgw remote-ip $own
hlr
 remote-ip $own
 remote-port 14222
smsc
 database $D/sms.db
sgs
 local-ip $own
 local-port 29118
smpp
 local-tcp-ip 127.0.0.1 $port
 system-id OSMOMSC
 policy closed
 no smpp-first
 esme reunion
  password geheim
E2
t_start msc env LD_PRELOAD="$D/nosctp.so" osmo-msc -c "$D/osmo-msc.cfg"
t_until 10 bash -c ": < /dev/tcp/127.0.0.1/$port" || { tail -5 "$D/msc.log"; t_skip_all "osmo-msc does not start here"; }
long=$(printf '寻找%.0s' {1..45})
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one "$port" 'rate = 200; burst = 20; window = 10; enquire_link_s = 1;') ); }"
sed -i "s/sms = \"寻人：[^\"]*\"/sms = \"$long{child.name}😀\"/" "$D/reunion.cfg"
t_gateway && t_until 15 t_links_up 1; t_ok $? "bound"
t_trigger msc alert
t_is "$(t_drop msc)" accepted "the trigger is accepted"
t_until 30 t_at_rest "$(t_id msc)"; t_ok $? "every unit reaches a final state"
t_is "$(t_status '.links[] | [.accepted, .refused, .lost]' | tr -d ' \n')" "[50,0,0]" "two parts each, all accepted"
sleep 1.5
t_is "$(t_status '.links[] | [.state, .disconnects, .protocol_errors] | join(" ")')" "up 0 0" "one message_id for all, and what it sends unasked, does no harm"
t_stop_gateway
sql() { sqlite3 "$D/sms.db" "$1"; }
t_is "$(sql 'select count(*), count(distinct dest_addr) from SMS')" "50|25" "its database has two parts for each recipient"
t_is "$(sql 'select distinct data_coding_scheme, ud_hdr_ind from SMS')" "8|1" "as UCS-2 with a header"
to=$(sql 'select dest_addr from SMS limit 1')
t_is "$(sql "select hex(user_data) from SMS where dest_addr = '$to' order by substr(hex(user_data), 13, 2)" | cut -c15- | tr -d '\n' | perl -pe '$_ = pack("H*", $_)' | iconv -f UTF-16BE -t UTF-8)" "${long}小明😀" "the text as written"
t_has "$D/msc.log" 'UNBIND' "the end is orderly"
kill "$PID_msc"
t_end
