#!/usr/bin/env bash
# Other people's tables, where these are at hand: each builds, with the rows that are known to be in it.
set -u
tool=$BUILDDIR/tests/cellmaptool
data=${SHARED_DATA:-}/cells
[ -d "$data" ] || { echo "1..0 # SKIP no real tables here"; exit 0; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
n=0
# TABLE ROWS KEPT REJECTS OPTION...: rows read and kept, lines of the rejects file
while read -r table rows kept rejects options; do
	n=$((n + 1))
	# shellcheck disable=SC2086 # options are words
	"$tool" build -o "$tmp/map" --rejects "$tmp/rejects" --json $options "$data/$table" >"$tmp/out" 2>"$tmp/err"
	if grep -q "^{\"rows_read\":$rows,\"kept\":$kept,\"merged\":$((rows - kept - rejects))," "$tmp/out" && [ "$(wc -l <"$tmp/rejects")" = "$rejects" ] && "$tool" info "$tmp/map" >"$tmp/info"; then
		echo "ok $n - $table: $rows rows"
	else
		echo "not ok $n - $table: $rows rows"
		head -c 300 "$tmp/out" "$tmp/err" | sed 's/^/# /'
	fi
	case $table in
	mls/mls-2024-03-15-262.csv.gz) # of whom 943 are in Siberia
		n=$((n + 1))
		grep -qE '[0-9]+ networks, 94[0-9] cells, lie more than 3500 km' "$tmp/info" && echo "ok $n - $table: networks astray" || echo "not ok $n - $table: networks astray" ;;
	esac
done <<'TABLES'
opencellid/ocid-venezuela.csv.gz 95958 95958 0
opencellid/ocid-bolivia.csv.gz 50218 50218 0
opencellid/ocid-uruguay.csv.gz 25581 25581 0
opencellid/ocid-luxembourg-270.csv 21195 21195 0
opencellid/ocid-french-guiana-340.csv.gz 14392 14392 0
opencellid/ocid-ukraine-255.csv 1147 1147 0
opencellid/ocid-world-diff-2016012100.csv 4314 4314 0
opencellid/loctrkd-test-262.csv.gz 162 162 0
mls/mls-2024-03-15-262.csv.gz 238057 238057 0
mls/mls-2024-03-15-404.csv.gz 154669 154669 0
mls/mls-2024-03-15-255.csv.gz 32657 32657 0
mls/mls-2024-03-15-238.csv.gz 27403 27403 0
mls/mls-2024-03-15-272.csv.gz 14344 14344 0
mls/mls-2024-03-15-270.csv.gz 4775 4775 0
mls/mls-2024-03-15-247.csv.gz 4593 4593 0
mls/mls-2024-03-15-212.csv.gz 847 847 0
mls/mls-2024-03-15-295.csv.gz 295 295 0
mls/mls-2024-03-15-213.csv.gz 123 123 0
other/india-404-405-umts-reduced-3G_Jio.csv 22398 22398 0
other/ocid-israel-425-head.csv 101 101 0
other/ocid-rome-222-pandas-dump.csv 6925 6925 0
other/ocid-tartu-248.geojson 1996 1996 0
other/ocid-munich-262-1-reduced.csv 2231 2110 0 --columns radio:GSM,mcc=mcc,net=net,area:0,cell=cell,lon=lon,lat=lat,range=range
regulator/acma-optus-melbourne-cbd.csv 125 125 0 --columns radio:LTE,mcc:505,net:02,area:0,cell=SITE_ID,lat=LATITUDE,lon=LONGITUDE
TABLES

# Two tables of one country: the preferred one's positions stand.
n=$((n + 1))
"$tool" build -o "$tmp/map" "$data/opencellid/ocid-luxembourg-270.csv" --prefer "$data/mls/mls-2024-03-15-270.csv.gz" --json >"$tmp/out" 2>&1
"$tool" build -o "$tmp/own" "$data/mls/mls-2024-03-15-270.csv.gz" >"$tmp/out2" 2>&1
if [ "$("$tool" info "$tmp/map" --since "$tmp/own" --moved-km 0 | grep -c moved)" = 0 ] && grep -q '"merged":[1-9]' "$tmp/out"; then echo "ok $n - none of the preferred table's cells is moved by the other"; else echo "not ok $n - the preferred table's positions stand"; fi
echo "1..$n"
