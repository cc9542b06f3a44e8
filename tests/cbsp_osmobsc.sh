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
cell() { # bts, cell identity, LAC, channel combination of timeslot 0
	cat <<END
 bts $1
  type osmo-bts
  band DCS1800
  cell_identity $2
  location_area_code $3
  base_station_id_code 63
  ipa unit-id $2 0
  oml ipa stream-id 255 line 0
  codec-support fr
  gprs mode none
  trx 0
   rf_locked 0
   arfcn 871
   nominal power 23
   max_power_red 20
   rsl e1 tei 0
   timeslot 0
    phys_chan_config $4
    hopping enabled 0
END
	for ts in 1 2 3 4 5 6 7; do
		printf '   timeslot %d\n    phys_chan_config TCH/F\n    hopping enabled 0\n' $ts
	done
}
{
	cat <<END
log stderr
 logging level set-all notice
line vty
 no login
e1_input
 e1_line 0 driver ipa
network
 network country code 001
 mobile network code 01
 encryption a5 0
 neci 1
END
	cell 0 6969 1 CCCH+SDCCH4+CBCH
	cell 1 6970 1 CCCH+SDCCH4
	cell 2 6971 2 CCCH+SDCCH4+CBCH
	cat <<END
msc 0
 allow-emergency allow
 mgw remote-ip 127.0.0.1
bsc
 mid-call-timeout 0
cbc
 mode server
 server
  local-ip 127.0.0.1
  local-port 48049
END
} >"$dir/bsc.cfg"
(cd "$dir" && exec osmo-bsc -c bsc.cfg) >"$dir/bsc.log" 2>&1 &
bsc=$!
trap 'kill $bsc 2>/dev/null; wait $bsc 2>/dev/null; rm -rf "$dir"' EXIT
timeout 60 "$BUILDDIR/tests/cbsp_probe" 127.0.0.1 48049
rc=$?
[ $rc -eq 0 ] || sed 's/^/# bsc: /' "$dir/bsc.log" | tail -20
exit $rc
