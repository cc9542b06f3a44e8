# Configurations for Debian's osmo-bsc and osmo-bts-virtual: three cells of 001-01, CI 6969 (LAC 1, with CBCH), 6970 (LAC 1,
# without), 6971 (LAC 2, with). Their ports are fixed: run them in a network namespace of their own. To be sourced.
osmobsc_cell() { # bts, cell identity, LAC, channel combination of timeslot 0
	cat <<E2
 bts $1
  type osmo-bts
  band DCS1800
  cell_identity $2
  location_area_code $3
  base_station_id_code 63
  ms max power 15
  radio-link-timeout 32
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
E2
	for ts in 1 2 3 4 5 6 7; do
		printf '   timeslot %d\n    phys_chan_config TCH/F\n    hopping enabled 0\n' $ts
	done
}
osmobsc_config() {
	cat <<'E2'
log stderr
 logging filter all 1
 logging color 0
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
E2
	osmobsc_cell 0 6969 1 CCCH+SDCCH4+CBCH
	osmobsc_cell 1 6970 1 CCCH+SDCCH4
	osmobsc_cell 2 6971 2 CCCH+SDCCH4+CBCH
	cat <<'E2'
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
E2
}
osmobts_config() {
	cat <<'E2'
log stderr
 logging filter all 1
 logging color 0
 logging level set-all notice
line vty
 no login
e1_input
 e1_line 0 driver ipa
 e1_line 0 port 0
 no e1_line 0 keepalive
phy 0
 virtual-um net-device lo
 instance 0
bts 0
 band DCS1800
 ipa unit-id 6969 0
 oml remote-ip 127.0.0.1
 trx 0
  power-ramp max-initial 23000 mdBm
  power-ramp step-size 2000 mdB
  power-ramp step-interval 1
  ms-power-control osmo
  phy 0 instance 0
E2
}
