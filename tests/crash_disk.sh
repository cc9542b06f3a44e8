#!/bin/bash
# A full disk at random moments: no new alert is accepted, cancels are, what runs goes on, nothing is corrupted, and what
# waited is taken by itself soon after there is space coming back. Needs root for a small file system of its own;
# REUNION_DISK=ext4 takes a loop device for it, REUNION_FILLS=200 makes it long.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
FILLS=${REUNION_FILLS:-6}
[ -z "$SAN" ] || FILLS=4
[ "$(id -u)" = 0 ] || t_skip_all "a full disk needs root, to mount a small file system"
crash_begin
mkdir "$D/disk"
if [ "${REUNION_DISK:-tmpfs}" = ext4 ]; then
	truncate -s 40M "$D/disk.img" && mkfs.ext4 -q -m 0 "$D/disk.img" && mount -o loop "$D/disk.img" "$D/disk"
else
	mount -t tmpfs -o size=16m tmpfs "$D/disk"
fi || t_skip_all "no file system can be mounted here"
disk_end() {
	[ -z "$G_PID" ] || g_kill
	umount "$D/disk" 2>/dev/null || umount -l "$D/disk"
	crash_end
}
trap disk_end EXIT
t_map 2000 && t_subs 460-00 20000 "$D/a.subs" || exit 1
t_carrier one --latency-ms 1-10 || exit 1
config() {
	t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" "rate = $1.0; burst = 20; window = 20;") ); }"
	sed -i "s#$D/state#$D/disk/state#; s#$D/spool#$D/disk/spool#" "$D/reunion.cfg"
}
rmdir "$D/spool"; mkdir -p "$D/disk/spool" "$D/disk/state"; ln -s disk/spool "$D/spool"
config 150 # it runs all the time
# A trigger put there before the disk is full; dropping it is a rename.
ready_trigger() { cp "$D/$1.trigger" "$D/disk/spool/.$1.tmp"; }
drop() { mv "$D/disk/spool/.$1.tmp" "$D/disk/spool/$1.trigger"; }
fill() { # what is free and no more: the reserve that is given up meanwhile is not to be eaten too
	dd if=/dev/zero of="$D/disk/fill.$1" bs=4k count=$(($(stat -f -c '%a * %S / 4096' "$D/disk"))) 2>/dev/null
	sync "$D/disk/fill.$1"
}
fill_all() { # to the last octet; files of its own for what is freed meanwhile
	dd if=/dev/zero of="$D/disk/fill.$1" bs=256k 2>/dev/null
	dd if=/dev/zero of="$D/disk/fill.$1" bs=1k oflag=append conv=notrunc 2>/dev/null
	sync "$D/disk/fill.$1"
}
keep_full() { for k in 2 3 4; do fill_all "$k"; sleep 0.1; done; }
# How often the gateway said that its disk is full. It need not at once: the write-ahead log is written over in its own space.
told() { grep -c "LEDGER ERROR" "$D/gateway.log"; }
told_more() { [ "$(told)" -gt "$said" ]; }
sent() { t_status '[.alerts[] | select(.case_number == "run") | .units.accepted] | add'; }

g_start; g_ready; t_ok $? "the gateway starts"
t_ok $(($(stat -c %s "$D/disk/state/ledger.db.reserve") != 4194304)) "it holds a reserve"
t_trigger run alert
t_is "$(t_drop run)" accepted "an alert runs"
early=0 seen=0 slow=0 longest=0 stalled=0 given=0 died=0
for ((i = 1; i <= FILLS; i++)); do
	t_trigger "d$i" alert
	# A second case about the same place, with a few recipients only
	sed -i "s/radius_km = .*/radius_km = 2.0;/; s/小明/name$i./" "$D/d$i.trigger"
	ready_trigger "d$i"
	ms_sleep 0 400
	said=$(told)
	fill 1
	# Every other time to the last octet of the reserve too: then nothing can become durable, and nothing is sent.
	((i % 2)) || keep_full
	before=$(sent)
	t_until 2 told_more; full=$?
	drop "d$i"
	if ((i % 3 == 0)); then # killed with the disk full: it starts all the same
		lines=$(g_ready_lines)
		g_kill; g_start; g_said_ready $((lines + 1)) || { died=$((died + 1)); tail -2 "$D/gateway.log" | sed 's/^/# /'; }
	fi
	ms_sleep 500 1500
	((i % 2)) || keep_full
	[ $full = 0 ] && t_result "d$i" > /dev/null && { early=$((early + 1)); echo "# round $i: accepted with a full disk"; }
	[ -e "$D/disk/state/ledger.db.reserve" ] || given=$((given + 1))
	goes_on() { [ "$(sent)" -gt "$before" ]; }
	((i % 2 == 0)) || t_until $((G_SECONDS / 3)) goes_on || { stalled=$((stalled + 1)); echo "# round $i: nothing is sent"; }
	kill -0 "$G_PID" 2>/dev/null || { died=$((died + 1)); g_start; }
	rm -f "$D"/disk/fill.*
	from=$(now_ms)
	[ $full = 0 ] && seen=$((seen + 1))
	t_until $G_SECONDS t_result "d$i" || { t_ok 1 "round $i: taken by itself"; tail -3 "$D/gateway.log" | sed 's/^/# /'; break; }
	took=$(($(now_ms) - from))
	[ $took -le $longest ] || longest=$took
	[ $took -le 20000 ] || slow=$((slow + 1))
done
echo "# $FILLS times full, $seen times felt; longest until a waiting trigger was taken: $longest ms"
t_ok $((seen == 0)) "the gateway finds full disks ($seen of $FILLS)"
t_is $early 0 "no new alert is accepted with a full disk"
t_is $died 0 "the gateway lives on, and starts, with a full disk"
t_ok $((given == 0)) "the reserve is given up ($given times)"
t_is $slow 0 "waiting triggers are taken soon after there is space"
t_is $stalled 0 "the running alert goes on, with the reserve"
t_until 15 test -e "$D/disk/state/ledger.db.reserve"; t_ok $? "the reserve is taken back"

# A cancel is never put off; what it sends then may go fast
config 5000; kill -HUP "$G_PID"
CASE=run t_trigger stop cancel
ready_trigger stop
fill 1; keep_full; drop stop
stopped() { [ "$(t_status '.alerts[] | select(.case_number == "run") | .units.waiting')" = 0 ]; }
t_until 10 stopped; t_ok $? "a cancel stops the alert with a full disk"
rm -f "$D"/disk/fill.*
t_until $G_SECONDS t_result stop; t_ok $? "its result comes with the space"
t_until $((2 * G_SECONDS)) all_at_rest; t_ok $? "at rest"
t_is "$(cat "$D"/disk/spool/accepted/*.result.json | jq -r .decision | sort | uniq -c | tr -s ' ')" " $((FILLS + 2)) accepted" "every trigger was accepted, once"
g_stop; t_ok $? "an orderly end"
reunion ledger check -c "$D/reunion.cfg" > "$D/check.log" 2>&1; t_ok $? "the ledger is sound"
g_dump && c_report one
run=$(jq -r .alert_id "$D/disk/spool/accepted/run.result.json")
t_is "$(awk -F '\t' '$5 == "waiting" || $5 == "handed"' "$D/dump" | wc -l)" 0 "no unit is open"
awk -F '\t' -v run="$run" 'FILENAME == ARGV[1] { split($0, w, " "); got[w[1]] += w[2]; next } $2 == "alert" && $5 == "accepted" && !($4 in got) { n++ } END { exit n > 0 }' "$D/one.recipients" "$D/dump"
t_ok $? "who is accepted got it"
t_ok $(($(c_get one .smpp.max_copies) > 3)) "nobody has more than three copies of a text"
t_end
