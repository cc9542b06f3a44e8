#!/bin/bash
# smilint over REUNION-GATEWAY-MIB, with the base modules that the npm package net-snmp carries (Debian main has none).
mib=$BUILDDIR/etc/REUNION-GATEWAY-MIB
echo 1..2
skip() { echo "ok 1 # SKIP $1"; echo "ok 2 # SKIP $1"; exit 0; }
command -v smilint > /dev/null || skip "smilint is not installed"
command -v npm > /dev/null || skip "npm is not installed"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
base=$BUILDDIR/node/node_modules/net-snmp/lib/mibs
[ -d "$base" ] || timeout 120 npm install --silent --no-audit --no-fund --prefix "$BUILDDIR/node" net-snmp > "$dir/npm.log" 2>&1
[ -d "$base" ] || skip "npm cannot fetch net-snmp"
for f in "$base"/*.mib; do cp "$f" "$dir/$(basename "$f" .mib)"; done
# Complaints about the base modules are not ours; the root in numbers alone is an "implicit node" of level 5.
said=$(SMIPATH=$dir smilint -s -m -l 6 "$mib" 2>&1 | grep REUNION-GATEWAY-MIB | grep -v '{node-implicit}')
if [ -z "$said" ]; then echo "ok 1 - smilint has nothing to say"; else
	echo "not ok 1 - smilint has nothing to say"
	printf '%s\n' "$said" | sed 's/^/# /'
fi
n=$(SMIPATH=$dir smidump -f identifiers "$mib" 2> /dev/null | grep -c '^REUNION-GATEWAY-MIB  *reunionLink.*column')
m=$(grep -c '::= { reunionLinkEntry [0-9]* }' "$mib")
if [ "$n" = "$m" ]; then echo "ok 2 - smidump reads all $m columns of the link table"; else
	echo "not ok 2 - smidump reads all columns of the link table: $n of $m"
fi
