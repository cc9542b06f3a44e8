#!/bin/bash
# Several binds on one link: a carrier that dials in twice, and one that is dialled twice. Both get messages over all binds, under one
# rate; when one bind breaks, the other gets what it left, and nobody more than a window twice.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 20000 || exit 1
for net in 460-00 460-01 460-11; do t_subs "$net" 1500 "$D/$net.subs" || exit 1; done
free_port() { local p; while p=$((20000 + RANDOM % 12000)); (: < "/dev/tcp/127.0.0.1/$p") 2> /dev/null; do :; done; echo "$p"; }
in=$(free_port) node=$(free_port)
t_carrier called --die-with-parent --latency-ms 20-40 || exit 1
limits='rate = 500.0; burst = 50; window = 20;'
carrier() { echo "{ name = \"$1\"; networks = ( \"$2\" ); subscribers = \"$D/$2.subs\"; links = ( $3 ); }"; }
t_config "$(carrier one 460-00 "$(t_smpp calls "$in" "$limits" | sed 's/"connect"/"listen"/')"),
	$(carrier two 460-01 "$(t_smpp called "$SMPP_called" "$limits binds = 2;")"),
	$(carrier three 460-11 "$(t_smpp node "$node" "$limits binds = 2;" | sed 's/"connect"/"listen"/')")"
t_gateway; t_ok $? "the gateway starts"
t_start calls reunion-carrier --name calls --die-with-parent --smpp-connect "127.0.0.1:$in" --smpp-connect "127.0.0.1:$in" --dial bind \
	--system-id reunion --password-file "$D/password" --report "$D/calls.json" --latency-ms 20-40
link() { t_status ".links[] | select(.name == \"$1\") | $2"; }
serving() { [ "$(link "$1" .serving)" = "$2" ]; }
for l in calls called; do
	t_until 15 serving $l 2; t_ok $? "$l: two binds carry messages"
	t_is "$(link $l '"\(.state) \(.window)"')" "up 40" "$l: each with a window of its own"
done
have_node=
if [ -d "$B/node/node_modules/smpp" ]; then
	have_node=1
	PORT=$node HOW=twice NODE_PATH=$B/node/node_modules node "$S/tests/peers/smpp-dial.js" > "$D/twice.log" &
	T_PIDS+=($!) PID_twice=$!
	t_until 15 serving node 2; t_ok $? "node-smpp: both its binds are taken"
fi
t_trigger binds alert
t_is "$(t_drop binds)" accepted "the trigger is accepted"
ID=$(t_id binds)
at_rest() { [ "$(t_status ".alerts[] | select(.alert_id == \"$ID\") | [.links[] | select(.name == \"$1\") | .waiting + .handed] | add")" = 0 ]; }
for l in calls called ${have_node:+node}; do t_until 30 at_rest $l; t_ok $? "$l: every unit reaches a final state"; done
t_is "$(link calls .serving)$(link called .serving)" 22 "the binds are still there"
t_stop_carrier calls
t_stop_carrier called
for c in "calls one" "called two"; do
	set -- $c
	planned=$(jq "[.plan.carriers[] | select(.name == \"$2\") | .links[].recipients] | add" "$(t_result binds)")
	t_is "$(jq .smpp.distinct "$D/$1.json")" "$planned" "$1 got every planned recipient ($planned)"
	t_is "$(jq .smpp.duplicates "$D/$1.json")" 0 "none twice"
	most=$(jq .smpp.rate.max_in_1s_window "$D/$1.json")
	t_ok $((most > 750)) "the link's rate binds both together: $most/s at most, 500 + 50 agreed; each alone would make 1 100"
	t_is "$(jq '.smpp.violations | if type == "object" then .count // 0 elif type == "array" then length else . // 0 end' "$D/$1.json")" 0 "and $1 saw no violation"
done
if [ "$have_node" ]; then
	planned=$(jq '[.plan.carriers[] | select(.name == "three") | .links[].recipients] | add' "$(t_result binds)")
	kill -TERM "$PID_twice"; wait "$PID_twice"
	sed 's/^/# node-smpp: /' "$D/twice.log"
	read -r _ first second distinct twice < <(grep '^twice ' "$D/twice.log")
	t_is "$distinct" "$planned" "node-smpp, whose first bind broke on its way: every recipient got it"
	t_ok $((first < 20 || second < first)) "over both binds ($first and $second)"
	t_ok $((twice > 20)) "twice at most a window of 20: $twice"
	t_until 30 serving node 0
	t_is "$(link node '"\(.state) \(.disconnects)"')" "down 2" "the link is down now, both ends are counted"
	t_has "$D/gateway.log" 'node: one bind ended \(.*\), 1 left' "the first one was told as what it was"
else
	t_skip "node-smpp dials in twice" "npm package smpp is not installed below $B/node (./quickstart check does it)"
fi
t_stop_gateway
grep -E "ERROR|runtime error|Sanitizer" "$D/gateway.log" | head -3 | sed 's/^/# /'
t_end
