#!/usr/bin/env bash
# The cell map beside its rivals: linear scan, SQLite R*Tree, GEOS STRtree, nanoflann, PostGIS; then its own costs by
# radius and number of cells. What is not installed is skipped, visibly. In the environment: CELLS (default 10000000) and
# CIRCLES (1000) set the sizes, SIZES those of the table of radii, PARTS what is done (ours must come first once). The
# tables of cells and the R*Tree, which takes minutes to fill, are made once and kept in the build folder: 1.4 GB for 10
# million cells, 4.2 GB for 50. In the end all ratios stand side by side, each with what is aimed at.
set -u
cells=${CELLS:-10000000} circles=${CIRCLES:-1000} sizes=${SIZES:-1000000 10000000 50000000}
parts=${PARTS:-ours linear rtree geos nanoflann postgis real radii}
tmp=$(mktemp -d) || exit 99
cache=$BUILDDIR/cells
mkdir -p "$cache" "$tmp/dump" || exit 99
: >"$tmp/rivals"
server='' began='' bad=0
finish() {
	if [ -n "$server" ]; then
		kill -INT "$server" 2>/dev/null
		for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
	fi
	rm -rf "$tmp"
}
trap finish EXIT
part() { case " $parts " in *" $1 "*) return 0 ;; esac; return 1; }
# begin PART: is it to be done? Tells how long the last one took.
begin() {
	[ -z "$began" ] || echo "($began: $((SECONDS - since)) s)"
	began='' since=$SECONDS
	part "$1" || return 1
	began=$1
}
skip() { printf '%-28s skipped: %s\n' "$1" "$2"; }
bench() { "$BUILDDIR/tests/bench_cellmap" "$@" "$circles" "$cache" | tee "$tmp/lines" | grep -v "^mean "; [ "${PIPESTATUS[0]}" = 0 ] || exit 1; }
# rival NAME MICROSECONDS RATIO AIM
rival() {
	local ratio
	ratio=$(awk -v r="$2" -v o="$(cat "$cache/$cells.us")" 'BEGIN { printf "%.0f", r / o }')
	printf '%-28s %8.1f us mean; ratio %s\n' "$1" "$2" "$ratio"
	printf '%-28s %10.1f %8s %8s\n' "$1" "$2" "$ratio" "$3" >>"$tmp/rivals"
}
# own WHAT NAME AIM: a rival within the bench program
own() {
	bench "$1" "$cells"
	rival "$2" "$(sed -n 's/^mean \(.*\)/\1/p' "$tmp/lines")" "$3"
}
# What the others read: each circle's cells are counted by us too.
dump() {
	[ -e "$tmp/dump/cells" ] && return
	[ "$cache/dump-$cells-$circles" -nt "$cache/$cells.map" ] ||
		{ rm -f "$cache"/dump-* && bench dump "$cells" && touch "$cache/dump-$cells-$circles"; }
	for f in cells cells.csv circles counts.csv; do ln -s "$cache/$f" "$tmp/dump/$f"; done
}

! begin ours || bench ours "$cells"
[ -e "$cache/$cells.us" ] || { echo "run the part ours first" >&2; exit 1; }
! begin linear || own linear "linear scan, vectors" 35
! begin rtree || own rtree "SQLite R*Tree, box" 150

geos() {
	${CC:-cc} -O2 -march=native -I"$SRCDIR" -o "$tmp/geos" "$SRCDIR/tests/bench_geos.c" "$SRCDIR/cellmap/geo.c" \
		-lgeos_c -lproj -lm 2>/dev/null || { skip "GEOS STRtree" "libgeos-dev is not installed"; return; }
	dump
	"$tmp/geos" "$tmp/dump" >"$tmp/geos.us" || { bad=1; echo "GEOS STRtree: circles have another count"; }
	rival "GEOS STRtree, exact" "$(cat "$tmp/geos.us")" 150
}
nanoflann() {
	${CXX:-c++} -O2 -march=native -o "$tmp/nanoflann" "$SRCDIR/tests/bench_nanoflann.cpp" 2>/dev/null ||
		{ skip nanoflann "libnanoflann-dev or a C++ compiler is not installed"; return; }
	dump
	rival "nanoflann, float" "$("$tmp/nanoflann" "$tmp/dump")" 20
}
! begin geos || geos
! begin nanoflann || nanoflann

as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
sql() { "$pg/psql" -h "$tmp/pg" -U postgres -qAt "$@"; }
# A server of our own, with an empty cluster that need not survive anything.
start_postgis() {
	[ -z "$server" ] || return 0
	pg=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
	if [ -z "$pg" ] || ! ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1; then
		skip "$1" "postgresql and postgis are not installed"
		return 1
	fi
	mkdir "$tmp/pg" && chmod 755 "$tmp"
	[ "$(id -u)" != 0 ] || chown postgres "$tmp/pg"
	cd "$tmp/pg" || exit 1
	as "$pg/initdb" -D "$tmp/pg/data" -A trust -U postgres >/dev/null 2>&1 || { skip "$1" "initdb failed"; return 1; }
	as "$pg/postgres" -D "$tmp/pg/data" -k "$tmp/pg" -c listen_addresses= -c shared_buffers=2GB -c fsync=off \
		-c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=16GB \
		-c work_mem=512MB -c maintenance_work_mem=1GB -c autovacuum=off -c jit=off -c max_parallel_workers_per_gather=0 \
		>"$tmp/log" 2>&1 &
	server=$!
	for _ in $(seq 100); do sql -c 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
	# runuser stands between: what is to be ended is the server
	[ ! -r "$tmp/pg/data/postmaster.pid" ] || server=$(head -1 "$tmp/pg/data/postmaster.pid")
	sql -c 'create extension postgis' || { skip "$1" "the extension cannot be made"; return 1; }
}
# load FILE: a table c of lon,lat pairs, in the order of a curve that fills the plane
load() {
	sql -c 'drop table if exists p, c' -c 'create unlogged table p(lon float8, lat float8)' -c "copy p from stdin csv" <"$1" 2>/dev/null
	sql -c 'create unlogged table c as select ST_SetSRID(ST_MakePoint(lon,lat),4326)::geography as g from p order by ST_MakePoint(lon,lat)' \
		-c 'drop table p' -c "$2" -c 'vacuum analyze c' 2>/dev/null
}
at() { echo "ST_SetSRID(ST_MakePoint($2,$1),4326)::geography"; }
within() { echo "select count(*) from c where ST_DWithin(g, $(at "$1" "$2"), $3)"; }
# The same by the index of the plane, which is built in a minute (a geography's takes many) and answers faster; the box
# holds the whole circle of 100 km.
boxed() {
	awk -v lat="$1" -v lon="$2" -v at="$(at "$1" "$2")" 'BEGIN {
		d = 100 / 110.5; c = cos((lat < 0 ? d - lat : lat + d) * 3.14159265358979 / 180); e = d / c
		printf "select count(*) from c where (g::geometry) && ST_MakeEnvelope(%.6f,%.6f,%.6f,%.6f,4326) and ST_DWithin(g, %s, 100000)\n",
			lon - e, lat - d, lon + e, lat + d, at }'
}
# The best of three, of 22 circles.
postgis() {
	local ms=0 n=0 differ=0
	start_postgis PostGIS || return
	dump
	load "$tmp/dump/cells.csv" 'create index on c using gist((g::geometry))'
	echo "(PostGIS: loaded in $((SECONDS - since)) s)"
	while IFS=, read -r lat lon count; do
		query=$(boxed "$lat" "$lon")
		[ "$(sql -c "$query")" = "$count" ] || differ=$((differ + 1))
		t=$(sql -c "explain (analyze, timing off) $query" -c "explain (analyze, timing off) $query" \
			-c "explain (analyze, timing off) $query" | sed -n 's/Execution Time: \(.*\) ms/\1/p' | sort -g | head -1)
		ms=$(awk -v a="$ms" -v b="$t" 'BEGIN { print a + b }') n=$((n + 1))
	done < <(awk 'NR % 47 == 1' "$tmp/dump/counts.csv")
	rival "PostGIS ST_DWithin" "$(awk -v a="$ms" -v n="$n" 'BEGIN { print a * 1000 / n }')" 1000
	echo "PostGIS: $((n - differ)) of $n circles have the same count"
	[ $differ = 0 ] || bad=1
}
# A real table against the geography's own index, areas of all sizes.
real() {
	local table m=0
	table=$(ls -S "${SHARED_DATA:-}"/cells/opencellid/*.csv "${SHARED_DATA:-}"/cells/opencellid/*.csv.gz 2>/dev/null | head -1)
	[ -n "$table" ] || { skip "PostGIS on a real table" "none is at hand"; return; }
	start_postgis "PostGIS on a real table" || return
	"$BUILDDIR/tests/cellmaptool" build -o "$tmp/real.map" "$table" >/dev/null 2>&1
	"$BUILDDIR/tests/cellmaptool" query "$tmp/real.map" --at 0,0 --radius-km 20037 --format csv | tail -n +2 | cut -d, -f6,7 >"$tmp/real.csv"
	load "$tmp/real.csv" 'create index on c using gist(g)'
	while IFS=, read -r lon lat; do
		for km in 0.5 5 50 100 500 2000; do
			m=$((m + 1))
			a=$("$BUILDDIR/tests/cellmaptool" query "$tmp/real.map" --at "$lat,$lon" --radius-km $km --select site --count)
			b=$(sql -c "$(within "$lat" "$lon" "$(awk -v k=$km 'BEGIN { print k * 1000 }')")")
			[ "$a" = "$b" ] || { bad=1; echo "differs: $lat,$lon $km km: $a, PostGIS $b"; }
		done
	done < <(awk 'NR % 20000 == 7' "$tmp/real.csv")
	echo "PostGIS: a real table of $(wc -l <"$tmp/real.csv") cells, $m areas compared"
}
! begin postgis || postgis
! begin real || real
if begin radii; then
	for size in $sizes; do bench radii "$size"; done
fi
begin ''
[ ! -s "$tmp/rivals" ] || {
	printf '\n%-28s %10s %8s %8s\n' "100 km, $cells cells" "us mean" ratio "aim >="
	printf '%-28s %10.1f %8s\n' "ours, spans by site" "$(cat "$cache/$cells.us")" 1
	cat "$tmp/rivals"
}
exit $bad
