#!/bin/bash
# Carriers that dial in: by outbind, and by a bind of their own, where we are the message centre.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || exit 1
t_subs 460-00 1000 "$D/c.subs" || exit 1
t_subs 460-01 1000 "$D/d.subs" || exit 1
free_port() { local p; while p=$((20000 + RANDOM % 12000)); (: < "/dev/tcp/127.0.0.1/$p") 2> /dev/null; do :; done; echo "$p"; }
out=$(free_port) in=$(free_port)
listening() { t_smpp "$@" | sed 's/"connect"/"listen"/'; }
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(listening outbound "$out") ); },
	{ name = \"two\"; networks = ( \"460-01\" ); subscribers = \"$D/d.subs\"; links = ( $(listening inbound "$in" 'rate = 2000.0; burst = 100; window = 20; interface_version = "5.0";') ); }"
t_gateway; t_ok $? "the gateway starts"
t_dial() { # NAME PORT HOW OPTIONS...
	local name=$1 port=$2 how=$3; shift 3
	t_start "$name" reunion-carrier --name "$name" --die-with-parent --smpp-connect "127.0.0.1:$port" --dial "$how" --system-id reunion \
		--password-file "$D/password" --report "$D/$name.json" "$@"
}
printf 'falsch' > "$D/wrong"; chmod 600 "$D/wrong"
t_dial liar "$out" outbind --password-file "$D/wrong"
failed() { [ "$(t_status ".links[] | select(.name == \"$1\") | .bind_failures // .count.bind_failures")" -ge 1 ]; }
t_until 10 failed outbound; t_ok $? "outbind with the wrong password is refused"
t_stop_carrier liar
t_dial liar2 "$in" bind --password-file "$D/wrong"
t_until 10 failed inbound; t_ok $? "a bind with the wrong password is refused"
t_stop_carrier liar2
t_is "$(t_status '[.links[] | select(.state == "up")] | length')" 0 "neither made a link"
t_dial outb "$out" outbind --receipts all --replies 20
t_dial inb "$in" bind --replies 20
# A minute and more: on a slow machine the liar failed often enough to have its address, which is ours, turned away so long.
t_until 90 t_links_up 2; t_ok $? "outbind and bind make the links"
t_trigger dial alert
t_is "$(t_drop dial)" accepted "the trigger is accepted"
ID=$(t_id dial)
t_until 60 t_at_rest "$ID"; t_ok $? "every unit reaches a final state"
sleep 2
t_stop_carrier outb
t_stop_carrier inb
for c in "outb one" "inb two"; do
	set -- $c
	planned=$(jq "[.plan.carriers[] | select(.carrier == \"$2\" or .name == \"$2\") | .links[].recipients] | add" "$(t_result dial)")
	t_is "$(jq .smpp.distinct "$D/$1.json")" "$planned" "$1 got every planned recipient ($planned)"
	t_is "$(jq .smpp.duplicates "$D/$1.json")" 0 "none twice"
	t_is "$(jq -r '[.smpp.texts[].text] | join("|")' "$D/$1.json")" "寻人：小明，男，6岁，请拨110" "the text arrived as written"
	t_is "$(jq '[.smpp.violations, .cbsp.violations] | map(if type == "object" then .count // 0 elif type == "array" then length else . // 0 end) | add' "$D/$1.json")" 0 "and $1 saw no violation"
	t_is "$(jq '.smpp.clues.sent > 0' "$D/$1.json")" true "residents replied to $1"
done
t_is "$(ls "$D"/spool/clues "$D"/state/clues 2> /dev/null | grep -c json)" "$(jq -s 'map(.smpp.clues.sent) | add' "$D/outb.json" "$D/inb.json")" "every reply is a clue"
t_until 10 t_links_up 0; t_ok $? "the links are down when the carriers have gone"
if [ -d "$B/node/node_modules/smpp" ]; then
	PORT=$in HOW=bind NODE_PATH=$B/node/node_modules node "$S/tests/peers/smpp-dial.js" > "$D/dial.log"
	t_has "$D/dial.log" '^wrong 14$' "node-smpp: the wrong password is RINVPASWD"
	t_has "$D/dial.log" '^bound 0 reunion 80$' "the bind is answered with our system_id and version"
	t_has "$D/dial.log" '^again 5$' "a second bind is RALYBND"
	t_has "$D/dial.log" '^clue 0 true$' "its submit_sm is answered with an id"
	t_has "$D/dial.log" '^query 3$' "query_sm is not for us"
	t_has "$D/dial.log" '^unbound 0$' "unbind is answered"
	PORT=$in HOW=knock NODE_PATH=$B/node/node_modules node "$S/tests/peers/smpp-dial.js" > "$D/knock.log"
	t_has "$D/knock.log" '^answers [0-5] closed [0-9]' "no more than five wrong binds a minute are looked at"
else
	t_skip "node-smpp dials in" "npm package smpp is not installed below $B/node (./quickstart check does it)"
fi
# Ports change and links go while it runs: nobody is answered at the old place.
# Read, not tried: a connection without a bind counts as a failed one.
takes() { grep -q "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp; }
deaf() { ! takes "$1"; }
reload() { # CARRIERS
	t_config "$1"
	kill -HUP "$PID_gateway"
}
one() { echo "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $1 ); }"; }
two() { echo "{ name = \"two\"; networks = ( \"460-01\" ); subscribers = \"$D/d.subs\"; links = ( $1 ); }"; }
reload "$(one "$(listening outbound "$in")"), $(two "$(listening inbound "$out")")"
t_until 10 grep -q 'is in force' "$D/gateway.log" && ! grep -q 'cannot listen' "$D/gateway.log"
t_ok $? "two links exchange their ports in one reload"
t_dial again "$in" outbind
up() { [ "$(t_status ".links[] | select(.name == \"$1\") | .state")" = up ]; }
t_until 10 up outbound; t_ok $? "and are found there"
t_stop_carrier again
new=$(free_port)
reload "$(one "$(listening outbound "$new")"), $(two "$(listening inbound "$out")")"
t_until 10 takes "$new"; t_ok $? "a changed port is listened at"
t_until 5 deaf "$in"; t_ok $? "the old one no more"
reload "$(two "$(listening inbound "$out")")"
t_until 10 deaf "$new"; t_ok $? "a link that is gone listens no more"
takes "$out"; t_ok $? "the other one does"
t_start squatter perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 1, ReuseAddr => 1, LocalAddr => "127.0.0.1", LocalPort => shift) or die; sleep 3600' "$in"
t_until 5 takes "$in"
reload "$(one "$(listening fresh "$in")")" # where nobody has knocked yet
t_until 10 grep -q 'cannot listen' "$D/gateway.log"; t_ok $? "a port that another program has is told"
kill "$PID_squatter"; wait "$PID_squatter" 2> /dev/null
sleep 2.5
t_dial late "$in" outbind
t_until 10 up fresh; t_ok $? "and taken as soon as it is free"
t_stop_gateway
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
