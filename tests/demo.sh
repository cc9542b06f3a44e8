#!/bin/bash
# The whole job on one machine: a cell map, three simulated carriers, the gateway, one signed alert; then the proof that what
# the carriers saw is what the ledger says, recipient by recipient and cell by cell. Called by ./quickstart demo.
set -u
B=${BUILDDIR:?} S=${SRCDIR:?}
CELLS= AT= KEEP= N_CELLS=200000 RECIPIENTS=30000 RATE=3000 RADIUS=100
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }
TTY=; [ -t 1 ] && TTY=1
say() { if [ -n "$TTY" ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }
usage() {
	cat <<TXT
Usage: ./quickstart demo [--cells FILE --at LAT,LON] [--recipients N] [--rate PARTS_PER_SECOND] [--keep]
  --cells FILE     a real table in OpenCelliD's columns (.csv or .csv.gz); left out: a synthetic one
  --at LAT,LON     where the child was last seen
  --recipients N   residents of the first carrier (30000; the others have a half and a third)
  --rate N         message parts a second of each carrier (3000)
  --keep           keeps the folder with all files

Examples:
  ./quickstart demo
  ./quickstart demo --cells cells.csv.gz --at 10.4806,-66.9036
TXT
}
number() { # OPTION VALUE: its VALUE, when it is one
	[[ "${2:-}" =~ ^[0-9]{1,7}$ ]] && [ "$2" -ge 10 ] && echo "$2" && return
	echo "demo: $1 wants a whole number from 10 to 9999999" >&2
	return 1
}
while [ $# -gt 0 ]; do
	case $1 in
	--cells) [ -n "${2:-}" ] || { usage >&2; exit 2; }; CELLS=$(readlink -f "$2"); shift 2 ;;
	--at) [[ "${2:-}" =~ ^-?[0-9.]+,-?[0-9.]+$ ]] || { echo "demo: --at wants LAT,LON in degrees" >&2; exit 2; }; AT=$2; shift 2 ;;
	--recipients) RECIPIENTS=$(number "$@") || exit 2; shift 2 ;;
	--rate) RATE=$(number "$@") || exit 2; shift 2 ;;
	--keep) KEEP=1; shift ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
[ -z "$CELLS" ] || [ -n "$AT" ] || die "--cells needs --at LAT,LON: the place where the child was last seen"
[ -z "$CELLS" ] || [ -f "$CELLS" ] && [ -r "${CELLS:-/dev/null}" ] || die "$CELLS: is no file that can be read"
AT=${AT:-39.9042,116.4074} LAT=${AT%,*} LON=${AT#*,}

D=$(mktemp -d /tmp/reunion-demo.XXXXXX) || exit 1
PIDS=()
cleanup() {
	trap '' INT TERM HUP
	trap - EXIT
	[ ${#PIDS[@]} = 0 ] || { kill "${PIDS[@]}" 2>/dev/null; sleep 0.3; kill -9 "${PIDS[@]}" 2>/dev/null; wait 2>/dev/null; }
	[ -n "$KEEP" ] && echo "kept: $D" || rm -rf "$D"
}
trap 'cleanup' EXIT
trap 'echo; echo "demo: interrupted, cleaning up"; exit 130' INT TERM HUP
export PATH=$B:$PATH:/usr/sbin:/sbin
background() { setpriv --pdeathsig TERM "$@" & PIDS+=($!); } # ends with this script, however that ends
mkdir -p "$D"/{spool,state,snmp} && chmod 700 "$D"

# ---- 1 the cell map ----
say "1  Cell map"
if [ -n "$CELLS" ]; then
	case $CELLS in *.gz) TABLE=$D/table.csv.gz ;; *) TABLE=$D/table.csv ;; esac
	ln -s "$CELLS" "$TABLE"
	echo "$CELLS"
else
	TABLE=$D/table.csv
	reunion cellmap synth --cells $N_CELLS --seed 7 > "$TABLE" || die "no synthetic table"
	echo "a synthetic table of $N_CELLS cells around Chinese cities (use --cells for a real one)"
fi
reunion cellmap build -o "$D/cells.map" "$TABLE" || die "the map could not be built"
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
MIBS= SNMPCONFPATH=$D/snmp SNMP_PERSISTENT_DIR=$D/snmp/persist background snmpd -f -C -c "$D/snmp/snmpd.conf" -Lf "$D/snmp/log" \
	-I -smux,mteTrigger,mteTriggerConf > /dev/null 2>&1
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
background reuniond -c "$D/reunion.cfg" > "$D/reuniond.log" 2>&1
GATEWAY=$!
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
		printf '%-10s [%-40s] %7d of %7d%s%s\n' "$name" "$(printf '%*s' $w '' | tr ' ' '#')" "$ok" "$all" "$([ "$bad" -gt 0 ] && echo ", $bad not")" "${TTY:+$'\033[K'}"
	done
}
lines=0
for turn in $(seq 1200); do
	json=$(reunion status -c "$D/reunion.cfg" --json) || { tail -5 "$D/reuniond.log"; die "status failed"; }
	left=$(jq --arg id "$ID" '[.alerts[] | select(.alert_id == $id) | .units | .waiting + .handed] | add' <<< "$json")
	if [ -n "$TTY" ] || [ "$left" = 0 ] || [ $((turn % 10)) = 1 ]; then
		out=$(bars "$json") up=
		[ -n "$TTY" ] && [ $lines -gt 0 ] && up=$(printf '\033[%dA' $lines)
		printf '%s%s\n' "$up" "$out"; lines=$(wc -l <<< "$out") # in one go, so that Ctrl-C finds the cursor below
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
# Debian main has no base MIBs, so snmpwalk prints numbers; the names are put in from the MIB's own assignments.
named() {
	awk -v mib="$B/etc/REUNION-GATEWAY-MIB" -v root=".$OID" '
		BEGIN { oid["reunionGatewayMIB"] = root
			while ((getline line < mib) > 0) {
				n = split(line, w, " ")
				if (w[2] == "OBJECT-TYPE" || w[2] == "OBJECT") name = w[1]
				for (i = 1; i <= n - 4; i++)
					if (w[i] == "::=" && (w[i + 2] in oid)) { oid[name] = oid[w[i + 2]] "." w[i + 3]; of[oid[name]] = name }
			} }
		{ for (o = $1; !(o in of) && sub(/\.[0-9]+$/, "", o);); if (o in of) $1 = of[o] substr($1, length(o) + 1); print }'
}
walk() { MIBS= SNMPCONFPATH=$D/snmp SNMP_PERSISTENT_DIR=$D/snmp snmpwalk -v2c -c public -On "127.0.0.1:$SNMP" ".$OID" 2>&1 | named; }
settled() { grep -q '^reunionTotalAlertsCompleted.0 = Counter64: 1' "$D/walk.txt"; }
for _ in $(seq 20); do walk > "$D/walk.txt"; settled && break; sleep 0.3; done
settled || { head -3 "$D/walk.txt"; die "SNMP does not tell of the completed alert"; }
grep -E '^reunion(GatewayName|GatewayMapCells|Total|Alert(Id|Accepted|Waiting|Unknown)\.)' "$D/walk.txt"
tr -d '"' < "$D/walk.txt" | awk '/^reunionLink(Name|State|Submitted|Accepted|Receipts|MeasuredRate)\./ { split($1, k, "."); v[k[1], k[2]] = $NF; if (k[2] > n) n = k[2] }
	END { split("down connecting binding up unbinding blocked", word, " "); f = "%-12s %10s %10s %10s %10s\n"; printf "\n" f, "link", "state", "submitted", "accepted", "receipts"
		for (i = 1; i <= n; i++) printf f, v["reunionLinkName", i], word[v["reunionLinkState", i]], v["reunionLinkSubmitted", i],
			v["reunionLinkAccepted", i], v["reunionLinkReceipts", i] }'
echo "$(wc -l < "$D/walk.txt") values in all"

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
snmp_says=$(awk '/^reunionAlertAccepted\./ { print $NF }' "$D/walk.txt")
[ "$snmp_says" = "$(jq --arg id "$ID" '.alerts[] | select(.alert_id == $id) | .units.accepted' "$D/status.json")" ] && [ "$snmp_says" = "$(awk -F'\t' '$2 == "alert" && $5 == "accepted"' "$D/ledger.tsv" | wc -l)" ] &&
	printf '  %-34s %8d agree\n' "SNMP, status and ledger: accepted" "$snmp_says" || { echo "  SNMP, status and ledger DIFFER in what was accepted"; bad=1; }
violations=0
for i in 1 2 3; do violations=$((violations + $(jq '.smpp.violations.total + .cbsp.violations.total' "$D/report-$i.json"))); done || bad=1
[ $violations = 0 ] || { echo "  the carriers counted $violations protocol violations"; bad=1; }
[ $violations != 0 ] || echo "  no protocol violation was seen by any carrier"

say "8  Sum"
printf '%-11s %7s %7s %6s %11s %17s %9s %9s %10s\n' carrier cells lists pages recipients accepted "first s" "last s" margin
for i in 1 2 3; do
	jq -r --arg n "carrier-$i" --argjson t0 "$T0" --slurpfile p "$RESULT" --slurpfile s "$D/status.json" --arg id "$ID" '
		def seconds: (sub("\\.[0-9]+"; "") | fromdate) + ((capture("(?<f>\\.[0-9]+)").f | tonumber) // 0);
		def cents: . * 100 | round / 100;
		($p[0].plan.carriers[] | select(.name == $n) | .links) as $l | ($s[0].alerts[] | select(.alert_id == $id)) as $a |
		([$l[].name] | map({(.): 1}) | add) as $mine |
		([$a.links[] | select($mine[.name]) | .accepted] | add) as $ok |
		([$a.links[] | select($mine[.name]) | .accepted + .waiting + .handed + .refused + .expired + .withdrawn + .unknown] | add) as $all |
		[.smpp, .cbsp] as $doors | ([$doors[].first_at | strings | seconds] | min) as $first | ([$doors[].last_at | strings | seconds] | max) as $last |
		[$n, ([$l[] | select(.type == "cbsp") | .cells] | add), ([$l[] | select(.recipients == 0 and .parts > 0 and .type != "cbsp") | .parts] | add // 0),
		 ([$l[].pages] | add), ([$l[].recipients] | add), "\($ok) of \($all)", ($first - $t0 | cents), ($last - $t0 | cents),
		 (($a.deadline_at | fromdate) - $last | floor | "\(. / 60 | floor):\(. % 60 | if . < 10 then "0\(.)" else . end) min")] | @tsv' "$D/report-$i.json" |
	awk -F'\t' '{ printf "%-11s %7s %7s %6s %11s %17s %9.2f %9.2f %10s\n", $1, $2, $3, $4, $5, $6, $7, $8, $9 }'
done
echo "cells: on air by cell broadcast (GSM only; a network without GSM has none). lists: cells reached by submit_multi."
MAP=$(mktemp "${TMPDIR:-/tmp}/reunion-map-XXXXXX.svg") && cp "$D/map.svg" "$MAP" && chmod 644 "$MAP" && printf '\nmap picture: %s\n' "$MAP"
if [ $bad = 0 ]; then say "The carriers' reports agree with the ledger."; else say "The reports DIFFER from the ledger."; fi
exit $bad
