#!/bin/bash
# Kannel as a carrier that dials in: it binds to us as a transceiver, our alert reaches it as deliver_sm, and what its subscribers
# send (GSM-7, UCS-2, several parts) becomes clues.
. "${SRCDIR:?}/tests/lib.sh"
type bearerbox smsbox > /dev/null 2>&1 || t_skip_all "kannel is not installed"
t_begin
t_map 3000 && t_subs 460-00 40 "$D/c.subs" || exit 1
free_port() { local p; while p=$((20000 + RANDOM % 12000)); (: < "/dev/tcp/127.0.0.1/$p") 2> /dev/null; do :; done; echo "$p"; }
port=$(free_port) admin=$(free_port) box=$(free_port) http=$(free_port)
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp one "$port" 'rate = 500; burst = 50; window = 10;' | sed 's/"connect"/"listen"/; s/ address = "POLICE";/ address = "110";/; s/ton = 5/ton = 0/') ); }"
t_gateway; t_ok $? "the gateway starts"
cat > "$D/kannel.conf" <<E2
group = core
admin-port = $admin
admin-interface = 127.0.0.1
admin-password = geheim
admin-allow-ip = "127.0.0.1"
smsbox-port = $box
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
access-log = "$D/kannel.access"
store-type = file
store-location = "$D/kannel.store"

group = smsc
smsc = smpp
smsc-id = reunion
host = 127.0.0.1
port = $port
transceiver-mode = true
smsc-username = reunion
smsc-password = geheim
system-type = ""
interface-version = 34
enquire-link-interval = 1
source-addr-autodetect = true

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = $box
sendsms-port = $http
sendsms-interface = 127.0.0.1
global-sender = 110

group = sendsms-user
username = tester
password = geheim
concatenation = true
max-messages = 5

group = sms-service
keyword = default
catch-all = true
max-messages = 0
text = ""
E2
cd "$D" || exit 1
t_start bearerbox bearerbox "$D/kannel.conf"
up() { [ "$(t_status '.links[0].state')" = up ]; }
t_until 20 up; t_ok $? "Kannel bound"
t_start smsbox smsbox "$D/kannel.conf"
answers() { (: < "/dev/tcp/127.0.0.1/$http") 2> /dev/null; }
t_until 20 answers; t_ok $? "its smsbox answers"
t_trigger kannel alert
t_is "$(t_drop kannel)" accepted "the trigger is accepted"
t_until 20 t_at_rest "$(t_id kannel)"; t_ok $? "every unit reaches a final state"
t_is "$(t_status '.links[0] | [.accepted, .refused, .protocol_errors]' | tr -d ' \n')" "[40,0,0]" "all accepted"
received() { [ "$(grep -c 'Receive SMS' "$D/kannel.access")" -ge 40 ]; }
t_until 10 received; t_ok $? "Kannel logs forty messages received"
t_is "$(grep 'Receive SMS' "$D/kannel.access" | grep -o 'to:[0-9+]*' | sort -u | wc -l)" 40 "to forty numbers"
t_is "$(grep 'Receive SMS' "$D/kannel.access" | grep -c "小明\|$(printf '小明' | iconv -t UTF-16BE | od -An -tx1 | tr -d ' \n')\|$(printf '小明' | iconv -t UTF-16BE | od -An -tx1 | tr -d ' \n' | tr a-f A-F)")" 40 "with the text"
say() { # CODING TEXT (urlencoded): one of the public writes
	perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new($ARGV[0]) or die; print $s "GET /cgi-bin/sendsms?username=tester&password=geheim&from=8613900000001&to=110&coding=$ARGV[1]&charset=UTF-8&text=$ARGV[2] HTTP/1.0\r\n\r\n"; local $/; print <$s>' "127.0.0.1:$http" "$1" "$2"
}
say 0 "seen+at+the+station+%7B%5B%E2%82%AC%5D%7D" > "$D/say1"
say 2 "%E6%88%91%E7%9C%8B%E8%A7%81%E5%A5%B9" > "$D/say2"
say 0 "$(printf 'abcdefghij%.0s' {1..25})" > "$D/say3"
clues() { [ "$(cat "$D"/spool/clues/* "$D"/state/clues/* 2> /dev/null | grep -c .)" -gt 0 ] && [ "$(find "$D/spool/clues" "$D/state/clues" -name '*.json' 2> /dev/null | wc -l)" -ge 4 ]; }
t_until 15 clues; t_ok $? "what the public writes becomes clues"
find "$D/spool/clues" "$D/state/clues" -name '*.json' -exec jq -r '.text // .utf8 // empty' {} + 2> /dev/null > "$D/texts"
grep -qx 'seen at the station {\[€\]}' "$D/texts"; t_ok $? "in GSM-7 with its extension"
grep -qx '我看见她' "$D/texts"; t_ok $? "in UCS-2"
t_is "$(grep abcdefghij "$D/texts" | awk '{ n += length($0) } END { print NR, n }')" "2 250" "and in two parts"
t_is "$(t_status '.links[0].protocol_errors')" 0 "nothing that we could not read"
kill "$PID_smsbox"; wait "$PID_smsbox" 2> /dev/null
kill "$PID_bearerbox"; wait "$PID_bearerbox" 2> /dev/null
down() { ! up; }
t_until 10 down; t_ok $? "the link is down when Kannel has gone"
t_stop_gateway
t_end
