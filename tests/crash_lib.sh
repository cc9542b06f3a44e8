# For the crash tests: kill and restart the gateway at random instants, then hold ledger, status and carriers against each
# other. Source after tests/lib.sh. RANDOM is seeded by REUNION_SEED (default 1), so that a run can be told again.
# shellcheck shell=bash disable=SC2034,SC2154
RANDOM=${REUNION_SEED:-1}
G_PID= G_STARTS=0 G_WRAP=()
SAN=${SANITIZED:-$(grep -qa __asan_init "$B/reuniond" && echo 1)} # slower: fewer kills
[ "$SAN" = 0 ] && SAN=
G_SECONDS=60; [ -z "$SAN" ] || G_SECONDS=180 # patience with a machine that others use too

crash_shim() { # the library between the gateway and the kernel, as $D/shim.so; after crash_begin
	[ -z "$SAN" ] || t_skip_all "a preloaded library and sanitizers do not go together"
	${CC:-cc} --version > /dev/null 2>&1 || t_skip_all "no C compiler for the shim"
	${CC:-cc} -shared -fPIC -O1 -o "$D/shim.so" "$S/tests/crash_shim.c" -ldl || t_skip_all "the shim cannot be built"
}
crash_begin() {
	t_begin
	trap crash_end EXIT
}
crash_end() {
	[ -z "$G_PID" ] || g_kill
	grep -hE "ERROR: |runtime error|Sanitizer|Assert failed" "$D/gateway.log" 2>/dev/null | sort | uniq -c | head -5 | sed 's/^/# /'
	t_cleanup
}
g_start() {
	"${G_WRAP[@]}" reuniond -c "$D/reunion.cfg" >> "$D/gateway.log" 2>&1 &
	G_PID=$!
	G_STARTS=$((G_STARTS + 1))
}
g_kill() {
	! jobs -pr | grep -qx "$G_PID" || kill -9 "$G_PID"
	{ wait "$G_PID"; } 2>/dev/null
	G_PID=
}
g_stop() { # orderly; its exit status
	kill -TERM "$G_PID"
	{ wait "$G_PID"; } 2>/dev/null
	local rc=$?
	G_PID=
	return $rc
}
g_answers() { kill -0 "$G_PID" && reunion status -c "$D/reunion.cfg" --json; }
g_ready() { t_until $G_SECONDS g_answers; }
g_ready_lines() { grep -c ' is ready: ' "$D/gateway.log"; }
# Waits until the gateway last started has said that it is ready (at most 30 s)
g_said_ready() {
	local i
	for ((i = 0; i < 6000; i++)); do
		[ "$(g_ready_lines)" -ge "$1" ] && return 0
		kill -0 "$G_PID" 2>/dev/null || return 1
		sleep 0.005
	done
	return 1
}
ms_sleep() { # FROM TO: a random time in ms
	local ms=$(($1 + RANDOM % ($2 - $1 + 1)))
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# All units of all alerts, found texts included, have their final state
all_at_rest() { [ "$(t_status '[.alerts[] | (.units, .other_texts) | (.waiting // 0) + (.handed // 0)] | add')" = 0 ]; }
c_report() { # CARRIER: a fresh report
	local v=PID_$1 was
	was=$(stat -c %i "$D/$1.json" 2>/dev/null)
	kill -USR1 "${!v}"
	t_until 20 c_report_new "$D/$1.json" "$was"
}
c_report_new() { [ "$(stat -c %i "$1")" != "$2" ]; }
c_get() { jq -r "$2" "$D/$1.json"; } # CARRIER JQ

# dump: the ledger of the stopped gateway, a line per unit, into $D/dump
g_dump() { reunion ledger dump -c "$D/reunion.cfg" > "$D/dump" 2> "$D/dump.err" || { sed 's/^/# /' "$D/dump.err"; return 1; }; }

# crash_compare CARRIER HASH PHASE [ALERT]: the ledger's units of the carrier's links (named CARRIER-*) against the copies that the
# carrier counted of the text HASH; prints KEY=N words: planned, open (no final state), lost (accepted, but no copy), odd (a copy,
# but the ledger says never sent), people, repeats (copies beyond the first), most (copies of one person), states.
crash_compare() {
	awk -F '\t' -v carrier="$1" -v hash="$2" -v phase="$3" -v alert="${4:-}" '
		FILENAME == ARGV[1] { split($0, w, " "); if (w[3] == hash) { copies[w[1]] = w[2]; people++; repeats += w[2] - 1; if (w[2] > most) most = w[2] } next }
		index($3, carrier "-") == 1 && $2 == phase && $4 ~ /^[0-9]+$/ && (alert == "" || $1 == alert) {
			planned++; n[$5]++; seen[$4]++
			if (seen[$4] > 1) twice++
			if ($5 == "waiting" || $5 == "handed") open++
			if ($5 == "accepted" && !($4 in copies)) lost++
			if ($5 != "accepted" && $5 != "unknown" && $5 != "refused" && ($4 in copies)) odd++
		}
		END {
			for (m in copies) if (!(m in seen)) odd++
			printf "planned=%d open=%d lost=%d odd=%d twice=%d people=%d repeats=%d most=%d accepted=%d refused=%d unknown=%d expired=%d withdrawn=%d\n",
				planned, open, lost, odd, twice, people, repeats, most, n["accepted"], n["refused"], n["unknown"], n["expired"], n["withdrawn"]
		}' "$D/$1.recipients" "$D/dump"
}
# The carriers' own events repeat too: a disconnect at most a window, a kept answer one.
repeats_allowed() { # CARRIER WINDOWS KILLS
	local events
	events=$(c_get "$1" '.smpp.disconnects')
	echo $(($2 * ($3 + events) + $(c_get "$1" '.smpp.dropped')))
}
crash_repeats() { # CARRIER WINDOWS KILLS: its last report holds no more repeats than these may make, and no fourth copy
	local got allowed
	got=$(c_get "$1" .smpp.duplicates) allowed=$(repeats_allowed "$@")
	[ "$got" -le "$allowed" ] && [ "$(c_get "$1" .smpp.max_copies)" -le 3 ] || { echo "# $1 after $3 kills: $got repeats, $allowed allowed, most copies $(c_get "$1" .smpp.max_copies)"; return 1; }
}
word() { tr ' ' '\n' <<< "$2" | sed -n "s/^$1=//p"; } # KEY WORDS
c_hash() { c_get "$1" "[.smpp.texts[] | select(.text | test(\"$2\"))][0].hash"; } # CARRIER TEXT-PATTERN
