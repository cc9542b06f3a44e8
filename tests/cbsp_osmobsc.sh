#!/bin/bash
# Our codec and our driver against Debian's osmo-bsc, in a network namespace of its own: its ports are fixed.
: "${SRCDIR:=.}" "${BUILDDIR:=.}"
if [ -z "$1" ]; then
	if ! command -v osmo-bsc >/dev/null; then
		echo "1..0 # SKIP osmo-bsc is not installed"
		exit 0
	fi
	if ! unshare -n true 2>/dev/null; then
		echo "1..0 # SKIP no network namespace may be made here"
		exit 0
	fi
	exec unshare -n bash "$0" inside
fi
ip link set lo up || exit 1
dir=$(mktemp -d) || exit 1
. "$SRCDIR/tests/peers/osmobsc.sh"
osmobsc_config >"$dir/bsc.cfg"
(cd "$dir" && exec osmo-bsc -c bsc.cfg) >"$dir/bsc.log" 2>&1 &
bsc=$!
trap 'kill $bsc 2>/dev/null; wait $bsc 2>/dev/null; rm -rf "$dir"' EXIT
timeout 60 "$BUILDDIR/tests/cbsp_probe" 127.0.0.1 48049
rc=$?
[ $rc -eq 0 ] || sed 's/^/# bsc: /' "$dir/bsc.log" | tail -20
exit $rc
