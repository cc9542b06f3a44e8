#!/usr/bin/env bash
# The cell map beside its rivals: linear scan, SQLite R*Tree, GEOS STRtree, nanoflann, PostGIS; then its own costs by
# radius and number of cells. What is not installed is skipped, visibly. In the environment: CELLS (default 10000000) and
# CIRCLES (1000) set the sizes, SIZES those of the table, PARTS what is done (ours must come first once). The tables of
# cells are made once and kept in the build folder: 0.9 GB for 10 million, 4.2 GB for 50.
set -u
cells=${CELLS:-10000000} circles=${CIRCLES:-1000} sizes=${SIZES:-1000000 10000000 50000000}
parts=${PARTS:-ours linear rtree geos nanoflann postgis real radii}
tmp=$(mktemp -d) || exit 99
cache=$BUILDDIR/cells
mkdir -p "$cache" || exit 99
server=
finish() {
	[ -z "$server" ] || { kill -INT "$server"; wait "$server" 2>/dev/null; }
	rm -rf "$tmp"
}
trap finish EXIT
part() { case " $parts " in *" $1 "*) return 0 ;; esac; return 1; }
bench() { "$BUILDDIR/tests/bench_cellmap" "$@" "$circles" "$cache" || exit 1; }
for what in ours linear rtree; do
	! part $what || bench $what "$cells"
done
if part radii; then
	for size in $sizes; do bench radii "$size"; done
fi
part geos || part nanoflann || part postgis || part real || exit 0
mkdir "$tmp/dump"
if part geos || part nanoflann || part postgis; then
	[ "$cache/dump-$cells-$circles" -nt "$cache/$cells.map" ] || { rm -f "$cache"/dump-* && bench dump "$cells" && touch "$cache/dump-$cells-$circles"; }
	for f in cells cells.csv circles counts.csv; do ln -s "$cache/$f" "$tmp/dump/$f"; done
	us=$(cat "$cache/$cells.us") || exit 1
fi
# rival NAME MICROSECONDS
rival() { awk -v n="$1" -v r="$2" -v o="$us" 'BEGIN { printf "%-28s %8.1f us mean; ratio %.0f\n", n, r, r / o }'; }
skip() { printf '%-28s skipped: %s\n' "$1" "$2"; }

if ! part geos; then
	:
elif ${CC:-cc} -O2 -march=native -o "$tmp/geos" "$SRCDIR/tests/bench_geos.c" -lgeos_c -lm 2>/dev/null; then
	rival "GEOS STRtree, box" "$("$tmp/geos" "$tmp/dump")"
else
	skip "GEOS STRtree" "libgeos-dev is not installed"
fi
if ! part nanoflann; then
	:
elif ${CXX:-c++} -O2 -march=native -o "$tmp/nanoflann" "$SRCDIR/tests/bench_nanoflann.cpp" 2>/dev/null; then
	rival "nanoflann, float" "$("$tmp/nanoflann" "$tmp/dump")"
else
	skip nanoflann "libnanoflann-dev or a C++ compiler is not installed"
fi

part postgis || part real || exit 0
pg=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
if [ -z "$pg" ] || [ ! -e "$(dirname "$pg")/../../../share/postgresql/$(basename "$(dirname "$pg")")/extension/postgis.control" ] &&
	! ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1; then
	skip PostGIS "postgresql and postgis are not installed"
	exit 0
fi
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
mkdir "$tmp/pg" && chmod 755 "$tmp"
[ "$(id -u)" != 0 ] || chown postgres "$tmp/pg"
cd "$tmp/pg" || exit 1
as "$pg/initdb" -D "$tmp/pg/data" -A trust -U postgres >/dev/null 2>&1 || { skip PostGIS "initdb failed"; exit 0; }
as "$pg/postgres" -D "$tmp/pg/data" -k "$tmp/pg" -c listen_addresses= -c shared_buffers=1GB -c fsync=off \
	-c max_wal_size=8GB -c jit=off -c max_parallel_workers_per_gather=0 >"$tmp/log" 2>&1 &
server=$!
sql() { "$pg/psql" -h "$tmp/pg" -U postgres -qAt "$@"; }
for _ in $(seq 100); do sql -c 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
# runuser stands between: what is to be ended is the server
[ ! -r "$tmp/pg/data/postmaster.pid" ] || server=$(head -1 "$tmp/pg/data/postmaster.pid")
finish() {
	kill -INT "$server" 2>/dev/null
	for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
	rm -rf "$tmp"
}
sql -c 'create extension postgis' || { skip PostGIS "the extension cannot be made"; exit 0; }
# load FILE: a table c of lon,lat pairs, in geographic order
load() {
	sql -c 'drop table if exists p, c' -c 'create table p(lon float8, lat float8)' -c "copy p from stdin csv" <"$1" 2>/dev/null
	sql -c 'create table c as select ST_SetSRID(ST_MakePoint(lon,lat),4326)::geography as g from p order by ST_GeoHash(ST_SetSRID(ST_MakePoint(lon,lat),4326))' \
		-c 'create index on c using gist(g)' -c 'vacuum analyze c' 2>/dev/null
}
within() { echo "select count(*) from c where ST_DWithin(g, ST_SetSRID(ST_MakePoint($2,$1),4326)::geography, $3)"; }
ms=0 n=0 differ=0
if part postgis; then
load "$tmp/dump/cells.csv"
while IFS=, read -r lat lon count; do
	[ "$(sql -c "$(within "$lat" "$lon" 100000)")" = "$count" ] || differ=$((differ + 1))
	t=$(sql -c "explain (analyze, timing off) $(within "$lat" "$lon" 100000)" | sed -n 's/Execution Time: \(.*\) ms/\1/p')
	ms=$(awk -v a="$ms" -v b="$t" 'BEGIN { print a + b }') n=$((n + 1))
done < <(awk 'NR % 47 == 1' "$tmp/dump/counts.csv")
rival "PostGIS ST_DWithin" "$(awk -v a="$ms" -v n="$n" 'BEGIN { print a * 1000 / n }')"
echo "PostGIS: $((n - differ)) of $n circles have the same count"
fi

table=${SHARED_DATA:-}/cells/opencellid
real=$(ls -S "$table"/*.csv "$table"/*.csv.gz 2>/dev/null | head -1)
if ! part real; then
	:
elif [ -n "$real" ]; then
	"$BUILDDIR/tests/cellmaptool" build -o "$tmp/real.map" "$real" >/dev/null 2>&1
	"$BUILDDIR/tests/cellmaptool" query "$tmp/real.map" --at 0,0 --radius-km 20037 --format csv | tail -n +2 | cut -d, -f6,7 >"$tmp/real.csv"
	load "$tmp/real.csv"
	m=0
	while IFS=, read -r lon lat; do
		for km in 0.5 5 50 100 500 2000; do
			m=$((m + 1))
			a=$("$BUILDDIR/tests/cellmaptool" query "$tmp/real.map" --at "$lat,$lon" --radius-km $km --select site --count)
			b=$(sql -c "$(within "$lat" "$lon" "$(awk -v k=$km 'BEGIN { print k * 1000 }')")")
			[ "$a" = "$b" ] || { differ=$((differ + 1)); echo "differs: $lat,$lon $km km: $a, PostGIS $b"; }
		done
	done < <(awk 'NR % 20000 == 7' "$tmp/real.csv")
	echo "PostGIS: a real table of $(wc -l <"$tmp/real.csv") cells, $m areas compared"
else
	skip "PostGIS on a real table" "none is at hand"
fi
[ $differ = 0 ]
