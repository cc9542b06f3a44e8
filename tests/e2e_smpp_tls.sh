#!/bin/bash
# SMPP over TLS: an alert into node-smpp with certificates on both sides, and every peer that is not to be trusted.
. "${SRCDIR:?}/tests/lib.sh"
type openssl > /dev/null || t_skip_all "openssl is not installed"
t_begin
cd "$D" || exit 1
exec 2> "$D/openssl.log"
cert() { # NAME SUBJECT-ALT-NAME DAYS CA
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" &&
		openssl x509 -req -in "$1.csr" -CA "$4.crt" -CAkey "$4.key" -CAcreateserial -days "$3" -out "$1.crt" -extfile <(echo "subjectAltName=$2")
}
for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.crt -days 30 -subj "/CN=Test $ca"; done
cert smsc DNS:smsc.example,IP:127.0.0.1 30 ca
cert stranger DNS:smsc.example,IP:127.0.0.1 30 other
cert elsewhere DNS:elsewhere.example 30 ca
cert gateway DNS:gateway.example 30 ca
# Expired yesterday: signed by the CA in the past.
openssl x509 -req -in smsc.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days -1 -out expired.crt -extfile <(echo "subjectAltName=IP:127.0.0.1")
cp smsc.key expired.key
chmod 600 ./*.key
serve() { # NAME OPTIONS...: an openssl server at a free port, in PORT_NAME
	local name=$1; shift
	t_start "$name" openssl s_server -accept 127.0.0.1:0 -naccept 1000 -rev "$@"
	t_until 10 grep -q ^ACCEPT "$D/$name.log" || return 1
	eval "PORT_$name=$(sed -n 's/^ACCEPT .*://p' "$D/$name.log")"
}
serve good -cert smsc.crt -key smsc.key
serve stranger -cert stranger.crt -key stranger.key
serve elsewhere -cert elsewhere.crt -key elsewhere.key
serve expired -cert expired.crt -key expired.key
serve old -cert smsc.crt -key smsc.key -tls1_1 -cipher DEFAULT@SECLEVEL=0
t_carrier clear || exit 1
pin=$(openssl x509 -in smsc.crt -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)
tls() { # NAME PORT TLS
	t_smpp "$1" "$2" "rate = 2000.0; burst = 100; window = 50; connect_timeout_s = 3; tls = { $3 };"
}
ca="ca_file = \"$D/ca.crt\";"
links="$(tls stranger "$PORT_stranger" "$ca"), $(tls elsewhere "$PORT_elsewhere" "$ca"), $(tls expired "$PORT_expired" "$ca"), $(tls old "$PORT_old" "$ca"),
	$(tls plain "$SMPP_clear" "$ca"), $(tls name "$PORT_good" "$ca name = \"other.example\";"), $(tls pin "$PORT_good" "$ca pin = \"${pin//[0-9]/0}\";"),
	$(tls fine "$PORT_good" "$ca name = \"smsc.example\"; pin = \"$pin\";")"
# And where the carrier dials: with and without certificates of callers.
free_port() { local p; while p=$((20000 + RANDOM % 12000)); (: < "/dev/tcp/127.0.0.1/$p") 2> /dev/null; do :; done; echo "$p"; }
open=$(free_port) closed=$(free_port)
links="$links, $(tls open "$open" "certificate_file = \"$D/smsc.crt\"; key_file = \"$D/smsc.key\";" | sed 's/"connect"/"listen"/'),
	$(tls closed "$closed" "certificate_file = \"$D/smsc.crt\"; key_file = \"$D/smsc.key\"; $ca name = \"gateway.example\";" | sed 's/"connect"/"listen"/')"
node=
if [ -d "$B/node/node_modules/smpp" ]; then
	KEY=$D/smsc.key CERT=$D/smsc.crt CA=$D/ca.crt PASSWORD=geheim NODE_PATH=$B/node/node_modules t_start smsc node "$S/tests/peers/smsc.js"
	t_until 10 grep -q port "$D/smsc.log"
	port=$(awk '/^port/ { print $2 }' "$D/smsc.log")
	node=", { name = \"node\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = (
		$(tls node "$port" "$ca certificate_file = \"$D/gateway.crt\"; key_file = \"$D/gateway.key\";"), $(tls nocert "$port" "$ca") ); }"
fi
t_map 20000 && t_subs 460-00 1000 "$D/c.subs" || exit 1
t_config "{ name = \"bad\"; networks = ( \"460-01\" ); links = ( $links ); } $node"
t_gateway; t_ok $? "the gateway starts"
refused() { grep -qE "$1: .*no connection: .*$2" "$D/gateway.log"; }
while read -r link why; do
	t_until 10 refused "$link" "$why"; t_ok $? "$link: $why"
done <<'E2'
stranger unable to get local issuer|unable to verify|self.signed
elsewhere mismatch
expired expired
old TLS
plain TLS|no answer
name mismatch
pin pinned
E2
encrypted() { grep -qE 'Protocol version: TLSv1\.[23]|^CIPHER is' "$D/good.log"; }
t_until 10 encrypted; t_ok $? "the right name and key are taken"
t_is "$(t_status '[.links[] | select(.state == "up" and .name != "node")] | length')" 0 "no link is up that is not verified"
kill -USR1 "$PID_clear"; sleep 0.5
t_is "$(jq .smpp.binds "$D/clear.json")" 0 "no bind was ever sent in clear"
t_is "$(grep -c geheim "$D/clear.log")" 0 "nor a password"
bind() { printf '\0\0\0\x24\0\0\0\x09\0\0\0\0\0\0\0\x01reunion\0geheim\0\0\x34\0\0\0'; }
caller() { # PORT OPTIONS...: binds through TLS and prints what comes back, in hex
	local port=$1; shift
	{ bind; sleep 1.5; } | timeout 5 openssl s_client -quiet -verify_return_error -CAfile ca.crt -connect "127.0.0.1:$port" "$@" | od -An -tx1 | tr -d ' \n'
}
bound='^0000001d80000009000000000000000172'
t_ok "$(caller "$open" | grep -qE "$bound"; echo $?)" "listen: a carrier binds through TLS"
t_ok "$(caller "$open" -tls1_2 | grep -qE "$bound"; echo $?)" "listen: also with TLS 1.2"
t_is "$(caller "$open" -tls1_1 -cipher DEFAULT@SECLEVEL=0)" "" "listen: TLS 1.1 is refused"
t_is "$( { bind; sleep 1; } | timeout 3 perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(shift); print $s join "", <STDIN>; $s->flush; local $/; $_ = <$s>; print "SMPP" if /^\0\0\0/' "127.0.0.1:$open")" "" "listen: a bind in clear is not answered"
t_until 5 grep -q 'open: no bind with 127.0.0.1: TLS' "$D/gateway.log"; t_ok $? "listen: and told"
t_is "$(caller "$closed")" "" "listen: no certificate, no bind"
t_is "$(caller "$closed" -cert stranger.crt -key stranger.key)" "" "listen: nor with that of another authority"
t_is "$(caller "$closed" -cert elsewhere.crt -key elsewhere.key)" "" "listen: nor with another name"
t_ok "$(caller "$closed" -cert gateway.crt -key gateway.key | grep -qE "$bound"; echo $?)" "listen: the carrier's certificate is taken"
# Three who say nothing: one address has no more than two places.
for i in 1 2 3; do t_start "mute$i" perl -MIO::Socket::INET -e '$| = 1; $s = IO::Socket::INET->new(shift) or exit; sysread $s, $_, 1; print "end\n"; sleep 60' "127.0.0.1:$closed"; done
ended() { [ "$(cat "$D"/mute?.log | grep -c end)" = 1 ]; }
t_until 5 ended; t_ok $? "listen: only two handshakes of an address at one time"
if [ -n "$node" ]; then
	node_up() { [ "$(t_status '.links[] | select(.name == "node") | .state')" = up ]; }
	t_until 10 node_up; t_ok $? "ssmpp: bound with both certificates"
	t_trigger tls alert
	t_is "$(t_drop tls)" accepted "the trigger is accepted"
	t_until 60 t_at_rest "$(t_id tls)"; t_ok $? "every unit reaches a final state"
	t_is "$(t_status '.links[] | select(.name == "nocert") | .state')" "$(t_status '.links[] | select(.name == "nocert") | .state' | grep -v up)" "without its certificate the link stays down"
	t_stop_gateway
	kill -TERM "$PID_smsc"; wait "$PID_smsc"
	tail -1 "$D/smsc.log" > "$D/smsc.json"
	t_is "$(jq -c '[.recipients, .copies]' "$D/smsc.json")" "[1000,1]" "node-smpp saw every recipient once"
else
	t_skip "ssmpp:" "npm package smpp is not installed below $B/node (./quickstart check does it)"
	t_stop_gateway
fi
grep -E "runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
