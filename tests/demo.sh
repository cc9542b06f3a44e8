#!/bin/bash
# The whole job on one machine: a cell map, three simulated carriers, the gateway, one signed alert; then the proof that what
# the carriers saw is what the ledger says, recipient by recipient and cell by cell. Called by ./quickstart demo.
set -u
B=${BUILDDIR:?} S=${SRCDIR:?}
CELLS= AT= KEEP= N_CELLS=200000 RECIPIENTS=30000 RATE=3000 RADIUS=100
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
while [ $# -gt 0 ]; do
	case $1 in
	--cells) CELLS=$(readlink -f "${2:?--cells wants a file}") || exit 2; shift 2 ;;
	--at) AT=${2:?--at wants LAT,LON}; shift 2 ;;
	--recipients) RECIPIENTS=${2:?}; shift 2 ;;
	--rate) RATE=${2:?}; shift 2 ;;
	--keep) KEEP=1; shift ;;
	*) echo "Usage: ./quickstart demo [--cells FILE.csv.gz --at LAT,LON] [--recipients N] [--rate PARTS_PER_SECOND] [--keep]" >&2; exit 2 ;;
	esac
done
[ -z "$CELLS" ] || [ -n "$AT" ] || die "--cells needs --at LAT,LON: the place where the child was last seen"
[ -z "$CELLS" ] || [ -r "$CELLS" ] || die "$CELLS: cannot be read"
AT=${AT:-39.9042,116.4074} LAT=${AT%,*} LON=${AT#*,}

D=$(mktemp -d /tmp/reunion-demo.XXXXXX) || exit 1
PIDS=()
cleanup() {
	trap - EXIT INT TERM
	[ ${#PIDS[@]} = 0 ] || { kill "${PIDS[@]}" 2>/dev/null; sleep 0.3; kill -9 "${PIDS[@]}" 2>/dev/null; wait 2>/dev/null; }
	[ -n "$KEEP" ] && echo "kept: $D" || rm -rf "$D"
}
trap 'cleanup' EXIT
trap 'echo; echo "demo: interrupted, cleaning up"; exit 130' INT TERM
export PATH=$B:$PATH
mkdir -p "$D"/{spool,state,snmp} && chmod 700 "$D"

# ---- 1 the cell map ----
say "1  Cell map"
if [ -n "$CELLS" ]; then
	ln -s "$CELLS" "$D/table.csv${CELLS##*.csv}"
	TABLE=$D/table.csv${CELLS##*.csv}
else
	TABLE=$D/table.csv
	reunion cellmap synth --cells $N_CELLS --seed 7 > "$TABLE" || die "no synthetic table"
	echo "a synthetic table of $N_CELLS cells around Chinese cities (use --cells for a real one)"
fi
reunion cellmap build -o "$D/cells.map" "$TABLE" || die "the map could not be built"
touch -d '2001-01-01' "$TABLE" 2>/dev/null
reunion cellmap query "$D/cells.map" --at "$AT" --radius-km $RADIUS --format csv > "$D/circle.csv" || die "the query failed"
nets=($(tail -n +2 "$D/circle.csv" | awk -F, '$1 != "CDMA" && $3 <= 999 { n[$2 "-" $3]++ } END { for (k in n) print n[k], k }' | sort -rn | awk '{ print $2 }'))
[ ${#nets[@]} -ge 3 ] || die "only ${#nets[@]} networks have cells within $RADIUS km of $AT; the demo wants three"
echo "$(($(wc -l < "$D/circle.csv") - 1)) cells of ${#nets[@]} networks lie within $RADIUS km of $AT"

# ---- 2 three carriers ----
say "2  Three carriers"
pw=demo-$RANDOM; pw=${pw:0:8}
printf '%s' "$pw" > "$D/password"; chmod 600 "$D/password"
for i in 1 2 3; do
	reunion-carrier --name "carrier-$i" --die-with-parent --smpp 127.0.0.1:0 --cbsp 127.0.0.1:0 --system-id reunion --password-file "$D/password" \
		--latency-ms 2-20 --receipts 200 --replies 1 --seed $i --port-file "$D/ports-$i" --report "$D/report-$i.json" \
		--recipients "$D/recipients-$i.txt" > "$D/carrier-$i.log" 2>&1 &
	PIDS+=($!) CARRIER_PID[$i]=$!
done
for i in 1 2 3; do
	for _ in $(seq 100); do [ -s "$D/ports-$i" ] && break; sleep 0.05; done
	[ -s "$D/ports-$i" ] || { cat "$D/carrier-$i.log"; die "reunion-carrier $i did not start"; }
	SMPP[$i]=$(awk '$1 == "smpp" { print $2 }' "$D/ports-$i") CBSP[$i]=$(awk '$1 == "cbsp" { print $2 }' "$D/ports-$i")
	echo "carrier-$i: SMSC at 127.0.0.1:${SMPP[$i]}, BSC at 127.0.0.1:${CBSP[$i]}"
done
carrier_nets() { # networks of carrier $1; the third also takes the small ones
	case $1 in 3) printf '"%s", ' "${nets[@]:2}" | sed 's/, $//' ;; *) printf '"%s"' "${nets[$1 - 1]}" ;; esac
}
for i in 1 2 3; do
	reunion subscribers synth --map "$D/cells.map" --count $((RECIPIENTS / i)) --seed $i --networks "$(carrier_nets $i | tr -d '" ')" \
		--at "$AT" --radius-km 130 > "$D/subs-$i.csv" && reunion subscribers build -o "$D/c$i.subs" --map "$D/cells.map" "$D/subs-$i.csv" > /dev/null ||
		die "no subscribers for carrier-$i"
done

# ---- 3 SNMP, keys, configuration ----
say "3  Gateway, SNMP master, police key"
SNMP=$((20000 + RANDOM % 20000))
cat > "$D/snmp/snmpd.conf" <<E2
agentAddress udp:127.0.0.1:$SNMP
master agentx
agentXSocket unix:$D/snmp/agentx.sock
agentXPerms 0660 0770
rocommunity public 127.0.0.1
E2
MIBS= SNMPCONFPATH=$D/snmp SNMP_PERSISTENT_DIR=$D/snmp/persist snmpd -f -C -c "$D/snmp/snmpd.conf" -Lf "$D/snmp/log" -I -smux,mteTrigger,mteTriggerConf \
	> /dev/null 2>&1 &
PIDS+=($!)
minisign -G -f -W -p "$D/police.pub" -s "$D/police.key" > /dev/null 2>&1 || die "minisign could not make a key"
link() { # carrier, name suffix, addressing, rate
	cat <<E2
    { name = "c$1-$2"; type = "smpp"; mode = "connect"; address = "127.0.0.1"; port = ${SMPP[$1]}; bind = "transceiver";
      system_id = "reunion"; password_file = "$D/password"; addressing = "$3"; rate = $4.0; burst = 100; window = 200;
      source = { ton = 5; npi = 0; address = "POLICE"; }; receipts = "all"; languages = ( "zh" ); }
E2
}
{
	cat <<E2
gateway: { name = "reunion-demo"; state_directory = "$D/state"; control_socket = "$D/control.sock";
  agentx = { socket = "$D/snmp/agentx.sock"; }; };
cellmap: { tables = ( { file = "$TABLE"; format = "opencellid"; datum = "wgs84"; } ); map = "$D/cells.map"; select = "coverage"; };
agencies: ( { name = "police"; spool = "$D/spool"; keys = ( "$(tail -1 "$D/police.pub")" ); allow_unsigned = false;
  allow_types = ( "missing-child" ); max_radius_km = 100.0; } );
alert_types: ( { name = "missing-child"; radius_km = 100.0; deadline_s = 3600; lifetime_s = 86400; repetition_s = 60;
  texts = ( { language = "zh"; message_identifier = 4379;
      broadcast = "寻人：{child.name}，{child.sex}，{child.age}岁，{location.place}走失[，穿{child.wearing}]。如有线索请拨{contact}";
      sms = "寻人：{child.name}，{child.sex}，{child.age}岁，{location.place}走失[，穿{child.wearing}]。请拨{contact}";
      found = "{child.name}已找到，谢谢。"; },
    { language = "en"; message_identifier = 4392;
      broadcast = "Missing child: {child.name}, {child.sex}, {child.age}, last seen {location.place}. Call {contact}";
      sms = "Missing child: {child.name}, {child.age}. Call {contact}"; found = "{child.name} has been found. Thank you."; } ); } );
carriers: (
E2
	for i in 1 2 3; do
		[ $i = 1 ] || echo ,
		echo "  { name = \"carrier-$i\"; networks = ( $(carrier_nets $i) ); rate = $RATE.0; subscribers = \"$D/c$i.subs\"; links = ("
		link $i 1 subscribers $((RATE / 2)); echo ,; link $i 2 subscribers $((RATE / 2)); echo ,
		[ $i = 3 ] && { link 3 lists cells 500; echo ,; }
		echo "    { name = \"c$i-bsc\"; type = \"cbsp\"; mode = \"connect\"; address = \"127.0.0.1\"; port = ${CBSP[$i]}; rate = 50.0; window = 4; } ); }"
	done
	echo ");"
} > "$D/reunion.cfg"
reuniond -t -c "$D/reunion.cfg" || die "the configuration is not good"
reuniond -c "$D/reunion.cfg" > "$D/reuniond.log" 2>&1 &
GATEWAY=$!; PIDS+=($GATEWAY)
up=0
for _ in $(seq 200); do
	up=$(reunion status -c "$D/reunion.cfg" --json 2>/dev/null | jq '[.links[] | select(.state == "up")] | length' 2>/dev/null)
	[ "${up:-0}" = 10 ] && break
	kill -0 $GATEWAY 2>/dev/null || { cat "$D/reuniond.log"; die "reuniond ended"; }
	sleep 0.05
done
[ "${up:-0}" = 10 ] || { tail -20 "$D/reuniond.log"; die "only ${up:-0} of 10 links came up"; }
echo "10 links are up"

# ---- 4 the trigger ----
say "4  A child is missing: the police drop a signed trigger"
cat > "$D/case.trigger" <<E2
case_number = "DEMO-$(date +%Y%m%d-%H%M%S)";
type = "missing-child";  action = "alert";
reported_at = "$(date +%Y-%m-%dT%H:%M:%S%:z)";
location = { lat = $LAT; lon = $LON; datum = "wgs84"; place = "中心广场"; };
radius_km = $RADIUS.0;
child = { name = "小明"; age = 6; sex = "male"; height_cm = 118; wearing = "红色上衣"; };
contact = "110";
E2
minisign -S -W -s "$D/police.key" -m "$D/case.trigger" > /dev/null 2>&1 || die "minisign could not sign"
reunion plan -c "$D/reunion.cfg" "$D/case.trigger" --svg "$D/map.svg" || die "the plan failed"
cp "$D/case.trigger.minisig" "$D/spool/.tmp" && mv "$D/spool/.tmp" "$D/spool/case.trigger.minisig"
cp "$D/case.trigger" "$D/spool/.tmp" && mv "$D/spool/.tmp" "$D/spool/case.trigger"
T0=$(date +%s.%N)
for _ in $(seq 200); do
	RESULT=$(ls "$D"/spool/{accepted,rejected}/case.result.json 2>/dev/null | head -1)
	[ -n "$RESULT" ] && break
	sleep 0.05
done
[ -n "${RESULT:-}" ] || { tail -20 "$D/reuniond.log"; die "no result file after 10 s"; }
[ "$(jq -r .decision "$RESULT")" = accepted ] || { jq . "$RESULT"; die "the trigger was not accepted"; }
ID=$(jq -r .alert_id "$RESULT")
printf 'accepted as %s, %.2f s after the drop\n' "$ID" "$(echo "$(date +%s.%N) $T0" | awk '{ print $1 - $2 }')"

# ---- 5 live bars ----
say "5  Delivery"
bars() {
	local json=$1
	jq -r --arg id "$ID" '.alerts[] | select(.alert_id == $id) | .links[] | [.name, (.waiting + .handed + .accepted + .refused + .expired + .withdrawn + .unknown), .accepted, (.refused + .unknown + .expired + .withdrawn)] | @tsv' <<< "$json" |
	while IFS=$'\t' read -r name all ok bad; do
		local w=$((all ? (ok + bad) * 40 / all : 40))
		printf '%-10s [%-40s] %7d of %7d%s\033[K\n' "$name" "$(printf '%*s' $w '' | tr ' ' '#')" "$ok" "$all" "$([ "$bad" -gt 0 ] && echo ", $bad not")"
	done
}
TTY=; [ -t 1 ] && TTY=1
lines=0
for turn in $(seq 1200); do
	json=$(reunion status -c "$D/reunion.cfg" --json) || { tail -5 "$D/reuniond.log"; die "status failed"; }
	left=$(jq --arg id "$ID" '[.alerts[] | select(.alert_id == $id) | .units | .waiting + .handed] | add' <<< "$json")
	if [ -n "$TTY" ] || [ "$left" = 0 ] || [ $((turn % 10)) = 1 ]; then
		[ -n "$TTY" ] && [ $lines -gt 0 ] && printf '\033[%dA' $lines
		out=$(bars "$json"); printf '%s\n' "$out"; lines=$(wc -l <<< "$out")
		[ -n "$TTY" ] || echo
	fi
	[ "$left" = 0 ] && break
	sleep 0.3
done
[ "$left" = 0 ] || die "$left units are still under way"
sleep 1

# ---- 6 what the NOC sees ----
say "6  SNMP: what the NOC sees (stock snmpd, AgentX)"
OID=$(sed -n 's/^#define REUNION_ROOT_OID "\(.*\)"/\1/p' "$B/reunion-config.h")
snmp() { MIBS= SNMPCONFPATH=$D/snmp snmpwalk -v2c -c public -On "127.0.0.1:$SNMP" "$1" 2>&1; }
for _ in $(seq 20); do snmp "$OID" > "$D/walk.txt"; grep -q Counter64 "$D/walk.txt" && break; sleep 0.3; done
grep -q Counter64 "$D/walk.txt" || { head -3 "$D/walk.txt"; die "SNMP does not answer"; }
head -24 "$D/walk.txt"; echo "... $(wc -l < "$D/walk.txt") values in all"

# ---- 7 the proof ----
say "7  Do the carriers' reports agree with the ledger?"
reunion status -c "$D/reunion.cfg" --json > "$D/status.json"
kill -TERM $GATEWAY; wait $GATEWAY 2>/dev/null
for i in 1 2 3; do kill -TERM ${CARRIER_PID[$i]}; wait ${CARRIER_PID[$i]} 2>/dev/null; done
reunion ledger dump -c "$D/reunion.cfg" "$ID" > "$D/ledger.tsv" || die "the ledger cannot be read"
bad=0
compare() { # what, ledger list, carrier list
	sort "$2" > "$2.s"; sort "$3" > "$3.s"
	if cmp -s "$2.s" "$3.s"; then
		printf '  %-34s %8d agree\n' "$1" "$(wc -l < "$2.s")"
	else
		printf '  %-34s DIFFER: %d only in the ledger, %d only at the carrier\n' "$1" "$(comm -23 "$2.s" "$3.s" | wc -l)" "$(comm -13 "$2.s" "$3.s" | wc -l)"
		diff "$2.s" "$3.s" | head -5
		bad=1
	fi
}
for i in 1 2 3; do
	awk -F'\t' -v l="^c$i-[12]$" '$2 == "alert" && $3 ~ l && $5 == "accepted" { print $4, 1 }' "$D/ledger.tsv" > "$D/l.subs"
	awk '!/^#/ { print $1, $2 }' "$D/recipients-$i.txt" > "$D/c.subs"
	compare "carrier-$i recipients, one copy each" "$D/l.subs" "$D/c.subs"
	awk -F'\t' -v l="c$i-bsc" '$2 == "alert" && $3 == l && $5 == "accepted" { sub("^GSM-", "", $4); print $4, 2 }' "$D/ledger.tsv" > "$D/l.cells"
	jq -r '.cbsp.cells | to_entries[] | select(.value.active | length > 0) | "\(.key) \(.value.active | length)"' "$D/report-$i.json" > "$D/c.cells"
	compare "carrier-$i cells on air, two texts" "$D/l.cells" "$D/c.cells"
done
awk -F'\t' '$3 == "c3-lists" && $5 == "accepted" { split($4, k, "-"); p = k[2] k[3]
	if (k[1] == "GSM") print p "-" k[4] "-" k[5], 1; else print p "-" (k[1] == "LTE" ? "L" : k[1] == "NR" ? "N" : "U") k[5], 1 }' "$D/ledger.tsv" > "$D/l.lists"
jq -r '.smpp.lists | to_entries[] | "\(.key) \(.value)"' "$D/report-3.json" > "$D/c.lists"
compare "carrier-3 cell lists (submit_multi)" "$D/l.lists" "$D/c.lists"
jq -e -n --slurpfile s "$D/status.json" --arg id "$ID" '$s[0].alerts[] | select(.alert_id == $id) | .units | .waiting + .handed + .unknown == 0' > /dev/null || { echo "  units without a final state"; bad=1; }
violations=0
for i in 1 2 3; do v=$(jq '.smpp.violations.total + .cbsp.violations.total' "$D/report-$i.json"); violations=$((violations + v)); done
[ $violations = 0 ] || { echo "  the carriers counted $violations protocol violations"; bad=1; }

say "8  Sum"
printf '%-11s %8s %8s %11s %9s %14s %14s %10s\n' carrier cells pages recipients accepted "first s" "last s" margin
for i in 1 2 3; do
	jq -r --arg n "carrier-$i" --arg t0 "$T0" --slurpfile p "$RESULT" '
		(($p[0].plan.carriers[] | select(.name == $n) | .links) as $l |
		 [$n, ([$l[] | select(.type == "cbsp") | .cells] | add), ([$l[].pages] | add), ([$l[].recipients] | add)]) as $a |
		def since: (sub("\\.[0-9]+"; "") | fromdate) + (capture("(?<f>\\.[0-9]+)").f | tonumber) - ($t0 | tonumber) | . * 100 | round / 100;
		$a + [.smpp.accepted, (.smpp.first_at | since), (.smpp.last_at | since)] | @tsv' "$D/report-$i.json" |
	awk -F'\t' '{ printf "%-11s %8s %8s %11s %9s %14s %14s %8d s\n", $1, $2, $3, $4, $5, $6, $7, 3600 - $7 }'
done
MAP=${TMPDIR:-/tmp}/reunion-demo-map.svg
cp "$D/map.svg" "$MAP" && echo && echo "map picture: $MAP"
if [ $bad = 0 ]; then say "The carriers' reports agree with the ledger."; else say "The reports DIFFER from the ledger."; fi
exit $bad
