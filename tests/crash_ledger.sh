#!/bin/bash
# A damaged ledger: found by check, refused by reuniond with a way out, never changed by salvage, and what is whole goes on.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
crash_begin
t_map 2000 && t_subs 460-00 9000 "$D/a.subs" || exit 1
t_carrier one --latency-ms 1-10 || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); subscribers = \"$D/a.subs\"; links = ( $(t_smpp one-1 "$SMPP_one" 'rate = 2000.0; burst = 200; window = 50;') ); }"
g_start; g_ready
t_trigger first alert; t_drop first > /dev/null
t_trigger second alert; t_drop second > /dev/null
sleep 1.5
L=$D/state/ledger.db
reunion ledger check "$L" > "$D/live.log"; t_is $? 0 "check works while a gateway runs"
t_has "$D/live.log" "in use by a gateway" "and says so"
reunion ledger salvage "$L" > "$D/out" 2>&1; t_is $? 1 "salvage does not, while it runs"
g_kill
cp -r "$D/state" "$D/killed" # with its log
reunion ledger check -c "$D/reunion.cfg" > "$D/out" 2>&1; t_is $? 0 "sound after a kill"
g_start; g_ready; g_stop
reunion ledger check "$L" > "$D/out" 2>&1; t_is $? 0 "sound after a stop"
t_has "$D/out" '^rows: 2 alert,.* 2 decision' "its rows are counted"
cp -r "$D/state" "$D/sound"

# Octets of a log that are in use: it is made longer, with zeros, before it is needed.
used() { perl -e 'local $/; open(my $f, "<", $ARGV[0]) or die 0; my $t = <$f> // ""; $t =~ s/\0+\z//; print length $t' "$1" 2>/dev/null || echo 0; }
# An empty log is no log.
sums() { [ ! -e "$L" ] || cksum < "$L"; [ "$(used "$L-wal")" = 0 ] || head -c "$(used "$L-wal")" "$L-wal" | cksum; }
fresh() { rm -rf "$D/state"; cp -r "$D/${1:-sound}" "$D/state"; }
poke() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; } # FILE OFFSET OCTETS
refuses() { # NAME: reuniond refuses, names both commands, changes nothing
	local before rc
	before=$(sums)
	timeout 20 reuniond -c "$D/reunion.cfg" > "$D/refused.log" 2>&1; rc=$?
	t_is $rc 1 "$1: reuniond refuses to start"
	t_has "$D/refused.log" "ledger.*damaged.*reunion ledger check .*ledger.db.*reunion ledger salvage .*ledger.db" "$1: and names the way out"
	t_is "$(sums)" "$before" "$1: nothing was changed"
}
salvages() { # NAME WANTED-STATUS
	local before rc
	before=$(sums)
	rm -f "$L".salvaged
	reunion ledger salvage "$L" > "$D/salvage.log" 2>&1; rc=$?
	t_is $rc "$2" "$1: salvage's status"
	t_is "$(sums)" "$before" "$1: the damaged ledger is as it was"
	reunion ledger check "$L.salvaged" > "$D/out" 2>&1; t_is $? 0 "$1: the salvaged ledger is sound"
}

# An octet of a row: its text is found by the case's name
at=$(grep -abo '"case_number":"second"' "$L" | tail -1 | cut -d: -f1)
poke "$L" $((at + 17)) X
reunion ledger check "$L" > "$D/out" 2>&1; t_is $? 1 "a changed octet: check finds it"
t_has "$D/out" '^(alert|decision) police.*damaged' "a changed octet: and names the row"
refuses "a changed octet"
salvages "a changed octet" 1
t_has "$D/salvage.log" '^(alert|decision) police.*damaged' "a changed octet: salvage names what it could not save"
mv "$L" "$L.damaged"; rm -f "$L"-wal "$L"-shm; mv "$L.salvaged" "$L"
g_start; g_ready; t_ok $? "a changed octet: the gateway starts with the salvaged ledger"
t_ok $(($(t_status '.alerts | length') < 1)) "a changed octet: the other alert goes on"
g_stop

# A page that is nonsense
fresh
pages=$(($(stat -c %s "$L") / 4096))
at=$(grep -abo '"case_number":"first"' "$L" | tail -1 | cut -d: -f1)
dd if=/dev/urandom of="$L" bs=4096 seek=$((at / 4096)) count=1 conv=notrunc status=none
reunion ledger check "$L" > "$D/out" 2>&1; t_is $? 1 "a page of nonsense: check finds it"
refuses "a page of nonsense"
salvages "a page of nonsense" 1

# The log: an octet in the middle of acknowledged commits
fresh killed
size=$(used "$L-wal")
if [ "$size" -gt 100000 ]; then
	poke "$L-wal" $((size / 3)) '\xff\xfe\xfd'
	reunion ledger check "$L" > "$D/out" 2>&1; t_is $? 1 "a damaged log: check finds it"
	refuses "a damaged log"
	salvages "a damaged log" 1
	t_has "$D/salvage.log" "commits at its end are lost" "a damaged log: salvage says what that means"
else
	t_skip "a damaged log" "the log is too short"
fi

# Nothing to save
fresh; : > "$L"
refuses "an empty file"
reunion ledger salvage "$L" > "$D/out" 2>&1; t_is $? 1 "an empty file: nothing to salvage"
t_ok "$([ -e "$L.salvaged" ]; echo $((! $?)))" "an empty file: and nothing written"
fresh; rm "$L"; cp "$D"/killed/ledger.db-wal "$D/state/"
refuses "a log without its file"
fresh; dd if=/dev/zero of="$L" bs=100 count=1 conv=notrunc status=none
refuses "no head"
reunion ledger check "$D/nothing.db" > "$D/out" 2>&1; t_is $? 1 "check of no file"
reunion ledger check > "$D/out" 2>&1; t_is $? 2 "check of nothing"
reunion ledger frobnicate "$L" > "$D/out" 2>&1; t_is $? 2 "no such command"
fresh
touch "$D/taken"
reunion ledger salvage -c "$D/reunion.cfg" -o "$D/taken" > "$D/out" 2>&1; t_is $? 1 "salvage overwrites nothing"
reunion ledger salvage -c "$D/reunion.cfg" -o "$D/new.db" > "$D/out" 2>&1; t_is $? 0 "all of a sound ledger is saved"
t_is "$(reunion ledger dump "$D/new.db" | cksum)" "$(reunion ledger dump "$L" | grep -v '^meta.lease/' | cksum)" "row by row the same, but for leases: nobody serves it yet"
t_end
