# For shell tests: TAP, a temporary folder, carriers and a gateway that end with the test. Source it, then call `t_begin`.
# shellcheck shell=bash
set -u
B=${BUILDDIR:?} S=${SRCDIR:?} DATA=${SHARED_DATA:-}
export PATH=$B:$PATH
T_N=0 T_BAD=0 T_PIDS=()

t_begin() {
	D=$(mktemp -d /tmp/reunion-test.XXXXXX) || exit 1
	trap t_cleanup EXIT
	trap 'exit 130' INT TERM
	mkdir -p "$D/state" "$D/spool"
	chmod 700 "$D"
	printf 'geheim' > "$D/password"
	chmod 600 "$D/password"
}
t_cleanup() {
	trap - EXIT
	# Only what still runs and is ours: a number may belong to somebody else by now.
	mapfile -t T_PIDS < <(jobs -pr)
	[ ${#T_PIDS[@]} = 0 ] || { kill "${T_PIDS[@]}" 2>/dev/null; sleep 0.2; mapfile -t T_PIDS < <(jobs -pr); [ ${#T_PIDS[@]} = 0 ] || kill -9 "${T_PIDS[@]}" 2>/dev/null; wait 2>/dev/null; }
	times > "$D/times"
	echo "# $SECONDS s; CPU of all it ran (user, system): $(tail -1 "$D/times")"
	[ -n "${T_KEEP:-}" ] && echo "# kept $D" || rm -rf "$D"
}
t_ok() { # STATUS NAME: status 0 is good
	T_N=$((T_N + 1))
	if [ "$1" = 0 ]; then echo "ok $T_N - $2"; else echo "not ok $T_N - $2"; T_BAD=$((T_BAD + 1)); fi
}
t_is() { # GOT WANTED NAME
	[ "$1" = "$2" ]
	t_ok $? "$3"
	[ "$1" = "$2" ] || printf '# got:    %s\n# wanted: %s\n' "${1//$'\n'/ }" "${2//$'\n'/ }"
}
t_has() { # FILE PATTERN NAME
	grep -qE -- "$2" "$1"
	local rc=$?
	t_ok $rc "$3"
	[ $rc = 0 ] || { echo "# no line matches: $2"; tail -5 "$1" | sed 's/^/# /'; }
}
t_skip_all() { echo "1..0 # SKIP $1"; exit 0; }
t_skip() { T_N=$((T_N + 1)); echo "ok $T_N - $1 # SKIP $2"; }
t_end() { echo "1..$T_N"; exit $((T_BAD > 0)); }
# Waits up to SECONDS for a command to succeed.
t_until() {
	local end=$((SECONDS + $1)) tries=0; shift
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		if [ $((++tries)) -lt 20 ]; then sleep 0.05; else sleep 0.15; fi
	done
}
t_start() { # NAME COMMAND...: in the background, log in $D/NAME.log, pid in PID_NAME
	local name=$1; shift
	"$@" > "$D/$name.log" 2>&1 &
	T_PIDS+=($!)
	eval "PID_${name//[^A-Za-z0-9]/_}=$!"
}

# carrier NAME OPTION...: a reunion-carrier with free ports, in SMPP_NAME and CBSP_NAME
t_carrier() {
	local name=$1; shift
	t_start "$name" reunion-carrier --name "$name" --die-with-parent --smpp 127.0.0.1:0 --cbsp 127.0.0.1:0 --system-id reunion \
		--password-file "$D/password" --port-file "$D/$name.ports" --report "$D/$name.json" --recipients "$D/$name.recipients" "$@"
	t_until 10 test -s "$D/$name.ports" || { cat "$D/$name.log"; return 1; }
	eval "SMPP_$name=$(awk '$1 == "smpp" { print $2 }' "$D/$name.ports") CBSP_$name=$(awk '$1 == "cbsp" { print $2 }' "$D/$name.ports")"
}

# A table of N synthetic cells and its map; subscribers for network NET in $D/c.subs
t_map() { # N
	reunion cellmap synth --cells "$1" --seed 1 > "$D/cells.csv" && reunion cellmap build -o "$D/cells.map" "$D/cells.csv" > "$D/build.log" 2>&1
}
t_subs() { # NET COUNT FILE
	reunion subscribers synth --map "$D/cells.map" --count "$2" --seed 3 --networks "$1" --at 39.9042,116.4074 --radius-km 90 > "$D/subs.csv" &&
		reunion subscribers build -o "$3" --map "$D/cells.map" "$D/subs.csv" > "$D/subs.log" 2>&1
}

# t_config CARRIERS: writes $D/reunion.cfg; CARRIERS is the text inside carriers: ( ... )
t_config() {
	cat > "$D/reunion.cfg" <<E2
gateway: { name = "test"; state_directory = "$D/state"; control_socket = "$D/control.sock"; ${T_GATEWAY:-} };
cellmap: { tables = ( { file = "${T_TABLE:-$D/cells.csv}"; format = "opencellid"; datum = "wgs84"; } ); map = "$D/cells.map"; select = "coverage"; };
agencies: ( { name = "police"; spool = "$D/spool"; allow_unsigned = true; allow_types = ( "missing-child" ); max_radius_km = 100.0; ${T_AGENCY:-} } );
alert_types: ( { name = "missing-child"; radius_km = 100.0; deadline_s = ${T_DEADLINE:-3600}; lifetime_s = ${T_LIFETIME:-86400}; repetition_s = ${T_REPETITION:-60}; ${T_TYPE:-}
  texts = ( { language = "zh"; message_identifier = 4379; broadcast = "寻人：{child.name}，{child.age}岁，请拨{contact}"; sms = "寻人：{child.name}，{child.sex}，{child.age}岁，请拨{contact}"; found = "{child.name}已找到，谢谢。"; },
            { language = "en"; message_identifier = 4392; broadcast = "Missing child: {child.name}, {child.age}. Call {contact}"; sms = "Missing: {child.name}, {child.age}. Call {contact}"; found = "{child.name} was found. Thank you."; } ); } );
carriers: ( $1 );
E2
}
# One SMPP link as text: NAME PORT EXTRA
t_smpp() {
	echo "{ name = \"$1\"; type = \"smpp\"; mode = \"connect\"; address = \"127.0.0.1\"; port = $2; bind = \"transceiver\"; system_id = \"reunion\"; password_file = \"$D/password\"; addressing = \"subscribers\"; source = { ton = 5; npi = 0; address = \"POLICE\"; }; languages = ( \"zh\" ); ${3:-rate = 2000.0; burst = 100; window = 100;} }"
}
t_cbsp() { # NAME PORT EXTRA
	echo "{ name = \"$1\"; type = \"cbsp\"; mode = \"connect\"; address = \"127.0.0.1\"; port = $2; ${3:-rate = 50.0; window = 4;} }"
}
t_gateway() {
	t_start gateway reuniond -c "$D/reunion.cfg"
	t_until 15 reunion status -c "$D/reunion.cfg" --json
}
t_status() { reunion status -c "$D/reunion.cfg" --json | jq -r "$1"; }
t_links_up() { [ "$(t_status '[.links[] | select(.state == "up")] | length')" = "$1" ]; }

# t_trigger NAME ACTION [EXTRA LINES]: writes $D/NAME.trigger (case = CASE or NAME)
t_trigger() {
	cat > "$D/$1.trigger" <<E2
case_number = "${CASE:-$1}";
type = "missing-child"; action = "$2";
reported_at = "$(date +%Y-%m-%dT%H:%M:%S%:z)";
location = { lat = ${LAT:-39.9042}; lon = ${LON:-116.4074}; datum = "wgs84"; place = "朝阳区"; };
radius_km = ${RADIUS:-100.0};
child = { name = "小明"; age = 6; sex = "male"; };
contact = "110";
${3:-}
E2
}
t_drop() { # NAME: drops it and waits for the result; decision on stdout
	cp "$D/$1.trigger" "$D/spool/.$1.tmp" && mv "$D/spool/.$1.tmp" "$D/spool/$1.trigger"
	t_until "${2:-10}" t_result "$1" && jq -r .decision "$(t_result "$1")"
}
t_result() { ls "$D"/spool/accepted/"$1".result.json "$D"/spool/rejected/"$1".result.json 2>/dev/null | head -1 | grep .; }
t_id() { jq -r .alert_id "$(t_result "$1")"; }
# Nothing of alert ID waits or is under way
t_at_rest() { [ "$(t_status ".alerts[] | select(.alert_id == \"$1\") | .units | .waiting + .handed")" = 0 ]; }
t_stop_gateway() { kill -TERM "$PID_gateway"; wait "$PID_gateway" 2>/dev/null; }
t_stop_carrier() { local v=PID_$1; kill -TERM "${!v}"; wait "${!v}" 2>/dev/null; }
