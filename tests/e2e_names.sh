#!/bin/bash
# Peers by name: a resolver that is silent holds up nothing but its own link, one that fails is done without, each address of a
# name has its turn, and the gateway stops in order whatever the resolver does.
. "${SRCDIR:?}/tests/lib.sh"
if grep -qa __asan_init "$B/reuniond"; then t_skip_all "no library can be put before a sanitizer's"; fi
t_begin
${CC:-cc} -shared -fPIC -O2 -o "$D/shim.so" "$S/tests/name_shim.c" -ldl 2> "$D/shim.log" || t_skip_all "no compiler for the resolver"
t_map 3000 || exit 1
t_subs 460-00 300 "$D/c.subs" || exit 1
t_carrier one || exit 1
at() { t_smpp "$1" "$SMPP_one" | sed "s/address = \"127.0.0.1\"/address = \"$2\"/"; }
t_config "{ name = \"c\"; networks = ( \"460-00\" ); subscribers = \"$D/c.subs\"; links = ( $(t_smpp digits "$SMPP_one"), $(at name smsc.test), $(at two two.test), $(at hung hung.test) ); }"
answer() { echo "$1" > "$D/.names" && mv "$D/.names" "$D/names"; }
answer silent
t_start gateway env LD_PRELOAD="$D/shim.so" NAMES="$D/names" reuniond -c "$D/reunion.cfg"
t_until 30 reunion status -c "$D/reunion.cfg" --json; t_ok $? "the gateway is there although the resolver is silent"
t_until 30 t_links_up 2; t_ok $? "the link without a name is up, and the one whose name has an address that serves nobody"
t_trigger one alert
t_is "$(t_drop one 30)" accepted "an alert is accepted"
t_until 30 t_at_rest "$(t_id one)"; t_ok $? "and sent"
answer 127.0.0.1
up() { [ "$(t_status ".links[] | select(.name == \"$1\") | .state")" = up ]; }
t_until 60 up name; t_ok $? "the resolver answers: the link comes up"
again() { # dials anew
	reunion link block name --reason trial -c "$D/reunion.cfg" > /dev/null && t_until 30 eval '! up name' &&
		reunion link unblock name --reason trial -c "$D/reunion.cfg" > /dev/null && t_until 60 up name
}
answer fail
again; t_ok $? "the resolver fails: the last known address serves"
t_has "$D/gateway.log" 'name: the name of the peer: .*; its last known addresses are used' "which is told"
answer silent
again; t_ok $? "the resolver is silent: likewise"
# One that waited for the resolver would not come to its end at all.
kill -TERM "$PID_gateway"; t_until 60 eval '! kill -0 "$PID_gateway"'; t_ok $? "the gateway stops, with questions under way"
t_has "$D/gateway.log" 'stopped$' "in good order"
t_end
