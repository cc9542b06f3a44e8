#!/bin/bash
# The NOC's view through Debian's snmpd equals `reunion status`; a master that hangs or is gone touches nothing.
. "${SRCDIR:?}/tests/lib.sh"
command -v snmpd > /dev/null && command -v snmpwalk > /dev/null || t_skip_all "snmpd or snmpwalk is not installed"
t_begin
t_map 5000 || exit 1
t_subs 460-00 500 "$D/c.subs" || exit 1
t_carrier one || exit 1
mkdir "$D/snmp"
PORT=$((20000 + RANDOM % 20000))
cat > "$D/snmp/snmpd.conf" <<E2
agentAddress udp:127.0.0.1:$PORT
master agentx
agentXSocket unix:$D/snmp/agentx.sock
agentXPerms 0660 0770
agentXTimeout 2
rocommunity public 127.0.0.1
E2
master() {
	MIBS= SNMPCONFPATH=$D/snmp SNMP_PERSISTENT_DIR=$D/snmp/persist t_start snmpd snmpd -f -C -c "$D/snmp/snmpd.conf" -Lo -I -smux,mteTrigger,mteTriggerConf
}
walk() { MIBS= SNMPCONFPATH=$D/snmp snmpwalk -v2c -c public -On -r 0 -t 2 "127.0.0.1:$PORT" "$OID" > "$D/walk" 2>&1; }
served() { walk; grep -q Counter64 "$D/walk"; }
OID=$(sed -n 's/^#define REUNION_ROOT_OID "\(.*\)"/\1/p' "$B/reunion-config.h")
master
T_GATEWAY="agentx = { socket = \"$D/snmp/agentx.sock\"; };" t_config "{ name = \"one\"; networks = ( \"460-00\" ); rate = 0; subscribers = \"$D/c.subs\"; links = ( $(t_smpp s1 "$SMPP_one"), $(t_cbsp b1 "$CBSP_one") ); }"
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 2
t_until 20 served; t_ok $? "snmpwalk is answered through the stock snmpd"
t_trigger s alert
t_is "$(t_drop s)" accepted "the trigger is accepted"
t_until 30 t_at_rest "$(t_id s)"
sleep 2.5
walk
submitted=$(t_status '.links[] | select(.name == "s1") | .submitted')
t_has "$D/walk" "Counter64: $submitted\$" "the link's submitted ($submitted) is in the walk"
t_has "$D/walk" "\"$(t_id s)\"" "the alert's id is in the walk"
t_has "$D/walk" '"s1"' "the link's name is in the walk"
kill -STOP "$PID_snmpd"
t_trigger hung alert
t_is "$(t_drop hung)" accepted "with a hung master triggers are accepted"
t_until 10 t_at_rest "$(t_id hung)"; t_ok $? "and delivered"
kill -CONT "$PID_snmpd"; kill -9 "$PID_snmpd"; wait "$PID_snmpd" 2>/dev/null
master
t_until 40 served; t_ok $? "a new master is found again"
kill -STOP "$PID_snmpd"
begin=$SECONDS; t_stop_gateway
[ $((SECONDS - begin)) -le 4 ]; t_ok $? "a hung master does not hold up an orderly stop"
kill -CONT "$PID_snmpd"
t_end
