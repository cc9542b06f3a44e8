#!/bin/bash
# The confined process that reads triggers: what it may, that it ends with the gateway, and that a trigger it breaks down over,
# or hangs with, is rejected while others go on. Then a spool full of hostile entries with a good trigger among them.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
ENTRIES=${REUNION_ENTRIES:-10000}
[ -z "$SAN" ] || ENTRIES=1000
crash_begin
t_map 2000 || exit 1
t_carrier one || exit 1
t_config "{ name = \"one\"; networks = ( \"460-00\" ); links = ( $(t_smpp one-1 "$SMPP_one"), $(t_cbsp one-bsc "$CBSP_one") ); }"
g_start; g_ready; t_ok $? "the gateway starts"
reader() { awk '{ print $1 }' "/proc/$G_PID/task/$G_PID/children" 2>/dev/null; } # the gateway has no other child
state_of() { awk '$1 == "State:" { print $2 }' "/proc/$1/status" 2>/dev/null; }
put() { cp "$D/$1.trigger" "$D/spool/.$1.tmp" && mv "$D/spool/.$1.tmp" "$D/spool/$1.trigger"; }
reason() { jq -r '.reasons[0].text' "$(t_result "$1")"; }

# ---- what it is ----
c=$(reader)
t_ok $(($(wc -w <<< "$c") != 1)) "one process reads triggers"
t_is "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$c/status")/$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$c/status")" 2/1 "it has a system call filter, and gains no rights"
t_is "$(ls -l "/proc/$c/fd" | awk 'NR > 1 { print $NF }' | grep -vE '^(/dev/null|socket:)' | grep -v "$D/gateway.log" | wc -l)" 0 "it holds no file but its socket"
t_is "$(awk '/Max open files/ { print $4 } /Max file size/ { print $4 } /Max core file size/ { print $5 }' "/proc/$c/limits" | tr '\n' ' ')" "0 0 4 " "it can open and write none"
t_is "$(tr '\0' '\n' < "/proc/$c/environ" | grep -cv '^LD_LIBRARY_PATH=')" 0 "it has nothing of the environment"
t_trigger before alert; t_is "$(t_drop before)" accepted "a trigger is read"

# ---- killed while idle, while busy, stopped ----
kill -9 "$c"
t_trigger idle alert; t_is "$(t_drop idle)" accepted "killed while idle: the next trigger is read by another"
c=$(reader)
# A stopped one cannot answer before it is killed; its followers are caught as they start.
stall() { # NAME SIGNAL: whoever reads NAME gets that signal
	local c end=$((SECONDS + 40))
	kill -STOP "$(reader)"
	put "$1"
	while ! t_result "$1" > /dev/null && [ $SECONDS -lt $end ]; do
		for c in $(reader); do
			kill -STOP "$c" 2>/dev/null
			[ "$2" = STOP ] || [ "$(ls "$D/spool/claimed" | grep -c trigger)" = 0 ] || kill "-$2" "$c" 2>/dev/null
		done
	done
}
t_trigger once alert
kill -STOP "$c"; put once; sleep 0.3; kill -9 "$c"
t_until 10 t_result once
t_is "$(jq -r .decision "$(t_result once)")" accepted "killed once over a trigger: it is tried again"
t_trigger stop alert; c=$(reader); from=$(now_ms)
stall stop STOP
t_is "$(jq -r .decision "$(t_result stop)") $(reason stop | grep -c 'did not come to an end')" "rejected 1" "hangs twice with a trigger: rejected, with the reason"
echo "# after $(($(now_ms) - from)) ms"
t_ok $(($(now_ms) - from > 35000)) "and in time"
t_trigger after alert; t_is "$(t_drop after)" accepted "the next trigger is read"
t_trigger crash alert; c=$(reader)
stall crash KILL
t_is "$(jq -r .decision "$(t_result crash)") $(reason crash | grep -c 'broke down')" "rejected 1" "dies twice over a trigger: rejected, with the reason"
t_trigger after2 alert; t_is "$(t_drop after2)" accepted "the next trigger is read"
t_status '.links[].state' > /dev/null; t_ok $? "the gateway answers all along"

# ---- a spool full of what nobody should drop ----
mkdir "$D/pile"
awk -v n="$ENTRIES" -v pile="$D/pile" 'BEGIN {
	srand(1)
	for (i = 0; i < n; i++) {
		k = i % 10; f = pile "/h" i ".trigger"
		if (k == 0) print "ln -s /etc/passwd " f
		else if (k == 1) print "ln -s /dev/zero " f
		else if (k == 2) print "mkfifo " f
		else if (k == 3) print "mkdir " f
		else if (k == 4) print "ln " pile "/../cells.csv " f
		else if (k == 5) print "ln -s " f " " f
		else if (k == 6) print "ln -s ../state " f
		else if (k == 7) print "truncate -s " (int(rand() * 10) + 1) "G " f
		else if (k == 8) { for (j = 0; j < 200; j++) printf "%c", 1 + int(rand() * 254) > f; close(f) }
		else { for (j = 0; j < 30000; j++) printf "a={" > f; close(f) }
	}
}' > "$D/pile.list"
awk '{ k = $1 == "ln" && $2 == "-s" ? "s" : $1; if (k == "s") print "symlink(\"" $3 "\", \"" $4 "\");"; else if (k == "ln") print "link(\"" $2 "\", \"" $3 "\");"; else if (k == "mkdir") print "mkdir(\"" $2 "\");"; else if (k == "mkfifo") print "mkfifo(\"" $2 "\", 0600);"; else print "truncate_to(\"" $4 "\", " substr($3, 1, length($3) - 1) ");" }' "$D/pile.list" > "$D/pile.calls"
perl -MPOSIX=mkfifo -e 'sub truncate_to { open(my $f, ">", $_[0]); truncate($f, $_[1] << 30) } while (<>) { eval; die $@ if $@ }' "$D/pile.calls"; t_ok $? "$(ls "$D/pile" | wc -l) hostile entries are made"
before=$(ls "$D/spool/accepted" | grep -c 'trigger$')
t_trigger good alert
perl -e 'my ($from, $to) = @ARGV; opendir(my $d, $from); my @n = grep { !/^\.\.?$/ } readdir $d; my $i = 0; for (@n) { rename "$from/$_", "$to/$_"; rename("$from/../good.trigger", "$to/good.trigger") if ++$i == int(@n / 2) }' "$D/pile" "$D/spool" &
dropper=$!
from=$(now_ms)
until [ ! -e "$D/good.trigger" ]; do sleep 0.005; done
from=$(now_ms)
t_until 60 t_result good; took=$(($(now_ms) - from))
wait $dropper
t_is "$(jq -r .decision "$(t_result good)")" accepted "the good one among them is accepted"
echo "# after $took ms"
t_ok $((took > 30000)) "and before the pile could be sorted by hand"
from=$(now_ms); t_status '.alerts | length' > "$D/n"; took=$(($(now_ms) - from))
t_ok $((took > 10000)) "the gateway answers meanwhile ($took ms)"
settled() { [ "$(find "$D/spool" -maxdepth 1 -name '*.trigger' -type f -links 1 | wc -l)" = 0 ]; }
t_until 60 settled; t_ok $? "every plain file among them is taken"
none_claimed() { [ "$(ls "$D/spool/claimed" | wc -l)" = 0 ]; }
t_until 20 none_claimed
t_is "$(ls "$D/spool/accepted" | grep -c 'trigger$')" $((before + 1)) "and none of them accepted"
echo "# $(ls "$D/spool/rejected" | grep -c 'h.*result.json$') rejected; $(find "$D/spool" -maxdepth 1 -name 'h*' | wc -l) left alone; $(grep -c 'left alone' "$D/gateway.log") lines about them"
t_ok $(($(grep -c 'left alone' "$D/gateway.log") > 60)) "the log is not flooded"

# ---- it ends with the gateway ----
c=$(reader); kill -STOP "$c"
g_kill
gone() { [ -z "$(state_of "$c")" ] || [ "$(state_of "$c")" = Z ]; }
t_until 2 gone; t_ok $? "even stopped it ends with a gateway that is killed"
t_end
