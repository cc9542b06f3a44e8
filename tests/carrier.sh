#!/bin/bash
# reunion-carrier as a whole: clients of other make, hard kills, errors, scenarios, and what its report says of them.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/carrier.XXXXXX")
carrier=$BUILDDIR/reunion-carrier client=$BUILDDIR/tests/test_carrier_client
pid= n=0 failed=0
trap '[ -n "$pid" ] && kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
echo 1..27

ok() { # RESULT NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; failed=1; fi
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
start() { # OPTION...
	rm -f "$dir/ports" "$dir/report" "$dir/list"
	"$carrier" --smpp 0 --cbsp 0 --port-file "$dir/ports" --report "$dir/report" --die-with-parent "$@" & pid=$!
	for _ in $(seq 100); do [ -e "$dir/ports" ] && break; sleep 0.05; done
	smpp=$(sed -n 's/^smpp //p' "$dir/ports") cbsp=$(sed -n 's/^cbsp //p' "$dir/ports")
}
listen() { # MODE: node-smpp waits for the carrier to dial in
	rm -f "$dir/at"
	MODE=$1 SMPP_MODULE=$module PORT_FILE=$dir/at node "$SRCDIR/tests/peers/carrier-listener.js" >"$dir/out" 2>&1 & js=$!
	for _ in $(seq 100); do [ -s "$dir/at" ] && break; sleep 0.05; done
}
stop() { kill "$pid"; wait "$pid"; rc=$?; pid=; return $rc; }
# Value of a number in the report: the first "KEY": of the smpp part, or of what follows START.
value() { sed -n "/\"${2:-smpp}\":/,\$p" "$dir/report" | sed -n "s/^ *\"$1\": \([0-9]*\),*.*/\1/p" | head -1; }
has() { grep -q -- "$1" "$dir/report"; }
is() { # NAME KEY VALUE [START]
	local got
	got=$(value "$2" "${4:-smpp}")
	[ "$got" = "$3" ] || echo "# $2 is $got, not $3"
	ok $(($([ "$got" = "$3" ]; echo $?))) "$1"
}

start --expect 60000 --recipients "$dir/list"
"$client" "$smpp" 50000 1000 >"$dir/out"
ok $? 'fifty thousand submits are answered'
stop && [ "$(wc -l <"$dir/list")" = 50000 ] && [ "$(sort -u "$dir/list" | wc -l)" = 50000 ] && has '"total": 0'
ok $? 'each recipient stands once in the list; no violation'

# A client killed at any instant: the counts go on across its connections.
start
for i in 1 2 3 4 5 6 7 8; do
	"$client" "$smpp" 2000000 100 $((i * 3000000)) >/dev/null 2>&1 & c=$!
	sleep 0.0$((RANDOM % 9 + 1))
	kill -9 $c; wait $c 2>/dev/null
done
"$client" "$smpp" 20000 100 0 2 >"$dir/out"
ok $? 'a carrier whose clients were killed serves the next one'
kill -USR1 "$pid"
for _ in $(seq 100); do [ -e "$dir/report" ] && break; sleep 0.05; done
"$client" "$smpp" 20000 100 0 2 >/dev/null
stop
[ "$(value copies)" = "$(($(value distinct) + 20000))" ] && [ "$(value max_copies)" = 2 ]
ok $? 'the same messages sent again are its only repeats'
[ "$(value max_outstanding)" -le 100 ]
ok $? 'the window is seen from this side'

start --rate 5000 --burst 100 --errors 0x0B=100,0x08=50 --seed 3
"$client" "$smpp" 20000 50 >"$dir/out"
stop
[ "$(value throttled)" -gt 0 ] && [ "$(value max_in_1s_window_granted)" -le 5100 ] && has '0x00000058' && has '0x0000000B' &&
	[ "$(value accepted)" = "$(sed 's/.* ok \([0-9]*\) .*/\1/' "$dir/out")" ]
ok $? 'above the rate it throttles; errors are no copies'

# Three texts of 400 characters in one PDU each (message_payload, submit_sm): three parts each, also where they are refused.
text=$(printf 'a%.0s' {1..400})
payloads() {
	exec 3<>"/dev/tcp/127.0.0.1/$smpp"
	[ "$1" = bound ] && printf '\0\0\0\x18\0\0\0\2\0\0\0\0\0\0\0\1a\0\0\0\x34\0\0\0' >&3
	for i in 2 3 4; do
		printf '\0\0\1\xc2\0\0\0\4\0\0\0\0\0\0\0\x0'$i'\0\0\0\0\1\0018613800000001\0\0\0\0\0\0\0\0\0\0\0\4\x24\1\x90%s' "$text" >&3
	done
	timeout 0.5 cat <&3 >/dev/null
	exec 3>&-
}
counts() { # WANT NAME
	stop
	got="$(value parts) $(value accepted) $(value refused) $(value throttled)"
	[ "$got" = "$1" ]
	ok $? "$2"
	[ "$got" = "$1" ] || echo "# $got"
}
start --errors 0x0B=1000
payloads bound
counts '9 0 9 0' 'the parts of a refused message_payload are refused parts'
start --rate 4 --burst 1
payloads bound
counts '9 3 6 6' 'throttled parts are refused parts'
start
payloads stranger
counts '3 0 3 0' 'one that is not bound is refused its PDUs'

start --latency-ms 1-30 --out-of-order --drop 10 --lose 10 --window 40
timeout 3 "$client" "$smpp" 3000 50 >/dev/null 2>&1
stop
[ "$(value dropped)" -gt 0 ] && [ "$(value lost)" -gt 0 ] && has '"window": {'
ok $? 'answers late, out of order or never; a wider window is a violation'

cat >"$dir/scenario" <<-END
	# comment
	AT #100 LINK smpp down
	AT 2s rate 0
	AT 2s LINK smpp up
END
start --scenario "$dir/scenario"
! "$client" "$smpp" 1000 10 >/dev/null 2>&1
ok $? 'a scenario cuts the link at the hundredth submit'
! "$client" "$smpp" 10 10 >/dev/null 2>&1 && sleep 2.2 && "$client" "$smpp" 10 10 >/dev/null
ok $? 'nobody gets in until it takes it up again'
stop
echo 'AT 5 parsecs' >"$dir/scenario"
"$carrier" --smpp 0 --scenario "$dir/scenario" 2>"$dir/err"
[ $? = 2 ] && grep -q "scenario:1:" "$dir/err"
ok $? 'a wrong scenario is refused with its line'


bad=0
while read -r line; do
	printf '# good\n%s\n' "$line" >"$dir/scenario"
	timeout 5 "$carrier" --smpp 0 --scenario "$dir/scenario" 2>"$dir/err"
	[ $? = 2 ] && grep -q "scenario:2:" "$dir/err" || { bad=1; echo "# $line"; }
done <<-END
	AT 1s plmn 460-01
	AT 1s bsc-cells 1-1
	AT 1s seed 5
	AT 1s smpp-connect 127.0.0.1:1
	AT 1s DISCONNECT junk
	AT 1s EXIT now
	AT 1s LINK smpp down junk
	AT 1s bsc-lacs foo
	AT nans RESTART
	AT #1.5 RESTART
	AT 1s name $(printf 'x%.0s' {1..600})
END
[ $bad = 0 ]
ok $? 'lines that would do nothing are refused'
bad=0
while read -r status says option; do
	timeout 5 "$carrier" --smpp 0 $option 2>"$dir/err"
	[ $? = "$status" ] && grep -q -- "$says" "$dir/err" && [ "$(wc -l <"$dir/err")" = 1 ] || { bad=1; echo "# $option: $(head -c 200 "$dir/err")"; }
done <<-END
	2 directory --scenario $dir
	2 65535 --bsc-lacs foo
	2 65535 --bsc-lacs 1,65536
	2 65535 --bsc-lacs 1,
	2 65535 --smpp 99999
	2 65535 --cbsp-connect 127.0.0.1:x
END
[ $bad = 0 ]
ok $? 'options that cannot be are refused in a line'

# Outputs replace regular files only; told at the start, not after the run.
: >"$dir/kept"; ln -s kept "$dir/link"; mkfifo "$dir/fifo"; mkdir "$dir/folder"
bad=0
for option in report recipients clues-file port-file; do
	for at in link fifo folder; do
		timeout 5 "$carrier" --smpp 0 --$option "$dir/$at" 2>"$dir/err"
		[ $? = 1 ] && grep -q "$at: is not a regular file" "$dir/err" && [ "$(wc -l <"$dir/err")" = 1 ] || { bad=1; echo "# --$option $at"; }
	done
done
[ $bad = 0 ] && [ -h "$dir/link" ] && [ -p "$dir/fifo" ] && [ -z "$(ls -A "$dir/folder")" ] && [ ! -s "$dir/kept" ]
ok $? 'links, devices and folders are refused as outputs at the start, and stay'
ln -s kept "$dir/aside.new"
timeout -s TERM 1 "$carrier" --smpp 0 --report "$dir/aside" 2>"$dir/err"
grep -q 'aside.new: ' "$dir/err" && [ ! -e "$dir/aside" ] && [ ! -s "$dir/kept" ]
ok $? 'what is written beside does not follow a link either'

module=$BUILDDIR/node/node_modules/smpp
if command -v npm >/dev/null && [ ! -d "$module" ]; then
	mkdir -p "$BUILDDIR/node" && timeout 60 npm install --silent --prefix "$BUILDDIR/node" smpp@0.5.1 >/dev/null 2>&1
fi
if [ -d "$module" ] && command -v node >/dev/null; then
	start --system-id police --password secret --receipts all --replies 1000
	SMPP_MODULE=$module PORT=$smpp timeout 30 node "$SRCDIR/tests/peers/carrier-esme.js" >"$dir/out" 2>&1
	ok $? 'node-smpp goes through binds, texts, lists and broadcasts'
	grep -q '^bad_password 14$' "$dir/out" && grep -q '^bind 0 CARRIER 80$' "$dir/out" &&
		grep -q '^receipt true 2 8613800000001 POLICE$' "$dir/out" && grep -q '^cancel_broadcast 0$' "$dir/out"
	ok $? 'and gets the answers that it should'
	stop
	has '"text": "寻人：小明，男，六岁，红色外套。"' && has '"text": "one two"' && has '"46000-4301-6969": 1' &&
		has '"46000-L1234": 1' && has '8613800000004: reference 9, 1 of 2 parts' && [ "$(value duplicates)" = 1 ]
	ok $? 'the report has its texts, lists, areas and what is incomplete'
	listen outbind
	start --smpp-connect "127.0.0.1:$(cat "$dir/at")" --system-id police --password secret --receipts all --early-receipts \
		--replies 1000 --clues-file "$dir/clues"
	wait $js
	ok $? 'the carrier dials in with outbind and takes our bind'
	stop
	grep -q '^receipt 1 8613800000007$' "$dir/out" && grep -q '^clue again true 8613800000007 POLICE$' "$dir/out" &&
		grep -q '^1 8613800000007 1$' "$dir/clues"
	ok $? 'a reply that was not answered is delivered again on the next connection'
	listen centre
	start --smpp-connect "127.0.0.1:$(cat "$dir/at")" --dial bind --system-id carrier --password pw --replies 1000
	wait $js
	stop
	grep -q '^bound carrier ' "$dir/out" && grep -q '^deliver 0$' "$dir/out" && grep -q '^clue 8613800000008 POLICE$' "$dir/out" &&
		has '"8613800000008"'
	ok $? 'it binds to the gateway, takes deliver_sm as alerts and replies with submit_sm'
else
	for t in exchange answers report outbind redelivery centre; do skip "node-smpp: $t" 'npm package smpp cannot be installed'; done
fi

if command -v node >/dev/null; then
	start --bsc-lacs 4301,4302
	MODE=hold PORT=$cbsp timeout 20 node "$SRCDIR/tests/peers/carrier-cbc.js" >"$dir/out"
	grep -q '^write 02' "$dir/out" && grep -q '^again 03.*0d1200$' "$dir/out" && grep -q '^unknown 03.*0f04' "$dir/out" &&
		grep -q '^kill_again 06.*021200$' "$dir/out" && grep -q '^missing 150000050b05' "$dir/out"
	ok $? 'a broadcast centre gets COMPLETE, FAILURE with causes, ERROR INDICATION'
	stop
	has '"460-00-4301-6969"' && has '"text": "小明已找到，谢谢。"' && has '"serial": "0xC020"'
	ok $? 'the report has each cell with what is on air'
	is 'and the cells written' cells_written 5 cbsp
else
	for t in answers cells counts; do skip "CBSP: $t" 'no node'; done
fi

bash -c "\"$carrier\" --smpp 0 --die-with-parent --print-ports >\"$dir/out\" & echo \$! >\"$dir/child\"; sleep 0.3"
sleep 0.3
state=$(sed 's/.*) \(.\).*/\1/' "/proc/$(cat "$dir/child")/stat" 2>/dev/null) # a zombie is for init to bury
[ "${state:-Z}" = Z ] && grep -q '^smpp [0-9]' "$dir/out"
ok $? 'it ends with its parent'
exit $failed
