#!/bin/bash
# The power fails: on a small ext4 of its own the gateway is killed and the file system shut down without a flush, at once, so that
# whatever was not synced is gone; then it is mounted again and the gateway started. Cuts come while a trigger is accepted, while
# it is planned, while it is sent, around a cancel. Needs root for a loop device; REUNION_CUTS=100 makes it long.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
CUTS=${REUNION_CUTS:-12}
W=${REUNION_WINDOW:-20}
[ -z "$SAN" ] || CUTS=4
[ "$(id -u)" = 0 ] || t_skip_all "a file system of its own needs root"
crash_begin
mkdir "$D/disk"
fs_up() { mount -o loop,commit=600 "$D/disk.img" "$D/disk"; }
truncate -s 96M "$D/disk.img" && mkfs.ext4 -q -m 0 "$D/disk.img" && fs_up || t_skip_all "no loop device can be mounted here"
power_end() {
	[ -z "$G_PID" ] || g_kill
	umount "$D/disk" 2>/dev/null || umount -l "$D/disk" 2>/dev/null
	crash_end
}
trap power_end EXIT
# EXT4_IOC_SHUTDOWN without flushing the journal: what is not on the disk never comes there
cut() {
	g_kill
	perl -e 'open(my $d, "<", $ARGV[0]) or die; my $how = pack("L", 2); defined(ioctl($d, 0x8004587d, $how)) or die $!' "$D/disk" || { t_ok 1 "the file system is shut down"; exit 1; }
	t_until 10 umount "$D/disk"
	fs_up || { t_ok 1 "the file system is mounted again"; exit 1; }
	cuts=$((cuts + 1))
}
again() { # starts and waits until it serves
	local lines
	lines=$(g_ready_lines)
	g_start
	g_said_ready $((lines + 1)) || { t_ok 1 "restart after cut $cuts"; tail -3 "$D/gateway.log" | sed 's/^/# /'; exit 1; }
}
rmdir "$D/spool" "$D/state"; mkdir "$D/disk/spool" "$D/disk/state"; ln -s disk/spool "$D/spool"; ln -s disk/state "$D/state"; sync -f "$D/disk"
t_map 2000 && t_subs 460-00 1500 "$D/a.subs" || exit 1
t_carrier one --latency-ms 1-20 --replies 20 --clues-file "$D/one.clues" || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" "rate = 2500.0; burst = 250; window = $W;"), $(t_cbsp one-bsc "$CBSP_one") ); }"
sed -i "s#$D/state#$D/disk/state#; s#$D/spool#$D/disk/spool#" "$D/reunion.cfg"
# Dropped as a careful dispatcher does: when this returns the trigger is on the disk.
drop() {
	cp "$D/$1.trigger" "$D/spool/.$1.tmp" && sync "$D/spool/.$1.tmp" && mv "$D/spool/.$1.tmp" "$D/spool/$1.trigger" && sync "$D/spool/"
}
named() { t_trigger "$1" "$2"; sed -i "s/小明/$1./" "$D/$1.trigger"; }
cuts=0 told=0
g_start; g_ready; t_ok $? "the gateway starts"
for ((i = 1; i <= CUTS; i++)); do
	named "p$i" alert
	drop "p$i"
	case $((i % 4)) in
	0) ms_sleep 0 40 ;;		# while it is accepted
	1) ms_sleep 20 150 ;;		# while it is planned
	*) ms_sleep 100 900 ;;		# while it is sent
	esac
	# What was told before the cut must hold after it.
	for ((k = i < 4 ? 1 : i - 3; k <= i; k++)); do
		r=$D/spool/accepted/p$k.result.json
		[ -e "$D/told.$k" ] || [ ! -s "$r" ] || { jq -r .alert_id "$r" > "$D/told.$k"; told=$((told + 1)); }
	done
	cut; again
done
got_all() { [ "$(ls "$D/spool/accepted/" | grep -c '^p.*result.json$')" = "$CUTS" ]; }
t_until $G_SECONDS got_all; t_ok $? "$cuts cuts, each with a trigger under way: every trigger is accepted in the end"
t_until $((2 * G_SECONDS)) all_at_rest; t_ok $? "at rest, every unit has its final state"
other=0
for ((i = 1; i <= CUTS; i++)); do
	[ ! -e "$D/told.$i" ] || [ "$(cat "$D/told.$i")" = "$(jq -r .alert_id "$D/spool/accepted/p$i.result.json")" ] || other=$((other + 1))
done
t_is $other 0 "$told acceptances were told before a cut: all stand after it"
t_is "$(t_status '.alerts | length')/$(t_status '[.alerts[].case_number] | unique | length')" "$CUTS/$CUTS" "as many alerts as cases"

# ---- a cancel that was told "ok" ----
back=0
for i in 1 2; do
	sed -i 's/rate = 2500.0; burst = 250/rate = 150.0; burst = 15/' "$D/reunion.cfg"
	g_kill; again
	named "c$i" alert; drop "c$i"; t_until $G_SECONDS t_result "c$i"; sleep 0.5
	reunion alert cancel "$(t_id "c$i")" --reason test -c "$D/reunion.cfg" > "$D/cancel.log" 2>&1 || { t_ok 1 "cancel $i is told ok"; cat "$D/cancel.log"; }
	cut; again; g_ready
	[ "$(t_status ".alerts[] | select(.case_number == \"c$i\") | .state")" = recalled ] || back=$((back + 1))
done
t_is $back 0 "what was told to be cancelled is, after a cut at once"
sed -i 's/rate = 150.0; burst = 15/rate = 2500.0; burst = 250/' "$D/reunion.cfg"
kill -HUP "$G_PID"
t_until $((2 * G_SECONDS)) all_at_rest; t_ok $? "at rest"
sleep 1
g_stop; t_ok $? "an orderly end"
reunion ledger check -c "$D/reunion.cfg" > "$D/check.log" 2>&1; t_ok $? "the ledger is sound"
g_dump && c_report one
lost=0 repeats=0 most=0
for ((i = 1; i <= CUTS; i++)); do
	got=$(crash_compare one "$(c_hash one "p$i\\\\.")" alert "$(jq -r .alert_id "$D/spool/accepted/p$i.result.json")")
	planned=$(jq '[.plan.carriers[].links[].recipients] | add' "$D/spool/accepted/p$i.result.json")
	[ "$(word planned "$got")/$(word open "$got")/$(word lost "$got")/$(word odd "$got")" = "$planned/0/0/0" ] || { lost=$((lost + 1)); echo "# p$i of $planned: $got"; }
	repeats=$((repeats + $(word repeats "$got")))
	[ "$(word most "$got")" -le $most ] || most=$(word most "$got")
done
echo "# $cuts cuts: $repeats repeats, at most $((W * cuts)) allowed; $most copies at most"
t_is $lost 0 "no recipient is lost, and what the ledger calls accepted the carrier has"
t_ok $((repeats > W * cuts)) "repeats within a window a cut: no durable answer was forgotten"
t_ok $((most > 3)) "nobody has more than three copies"
answered=$(awk '$3 == 1' "$D/one.clues" | wc -l)
# Numbers of answered clues, by sender, against files: an unanswered one may be there too.
jq -r .from "$D"/spool/clues/*.json 2>/dev/null | sort | uniq -c | awk 'FILENAME == "-" { have[$2] = $1; next } $3 == 1 { want[$2]++ } END { for (f in want) if (have[f] < want[f]) n++; print n + 0 }' - "$D/one.clues" > "$D/missing"
t_is "$([ "$answered" -gt 10 ] && echo many)/$(cat "$D/missing")" many/0 "every clue that was answered ($answered) is a file"
t_end
