#!/bin/bash
# Our CBSP messages as tshark reads them: identifiers, serial numbers, cells, period, page text.
: "${BUILDDIR:=.}"
tests=12
if ! command -v tshark >/dev/null || ! command -v text2pcap >/dev/null; then
	echo "1..0 # SKIP tshark is not installed"
	exit 0
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo "1..$tests"
"$BUILDDIR/tests/cbsp_dump" >"$dir/pdus.txt" || exit 1
text2pcap -q -T 48049,48049 "$dir/pdus.txt" "$dir/pdus.pcap" >/dev/null 2>&1 || exit 1
tshark -r "$dir/pdus.pcap" -d tcp.port==48049,cbsp -V -O cbsp >"$dir/out" 2>/dev/null || exit 1

n=0 failed=0
check() { # what, pattern, times
	n=$((n + 1))
	got=$(grep -c -e "$2" "$dir/out")
	if [ "$got" -eq "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1: $got of $3"
		failed=1
	fi
}
check "all eight messages are CBSP" '^CBSP ' 8
check "nothing is malformed" 'alformed' 0
check "message identifier 4379" 'IE: Message Identifier: 0x111b' 4
check "new serial number" 'IE: New Serial Number: 0x4071' 2
check "old serial numbers" 'IE: Old Serial Number: 0x407[01]' 3
check "cell 460-00 4301 6969" 'Item: MCC 460.*MNC 00.*LAC 0x10cd, CI 0x1b39' 4
check "three-digit MNC" 'Item: MCC 310.*MNC 260.*LAC 0x10cf, CI 0x1b3c' 4
check "all cells in RESET and KILL" 'Cell ID Discriminator: BSS' 2
check "repetition period of 32 units" 'Repetition Period (units of 1.883s): 32' 2
check "English page" 'CBS Page Content: Missing child: girl, 6 years' 1
check "Chinese page" 'CBS Page Content: .*寻人：女，6岁' 1
check "keep-alive period" 'IE: Keep Alive Repetition Period: 30' 1
exit $failed
