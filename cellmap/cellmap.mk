# cellmap: library and commands. Owner of cellmap/.
noinst_LIBRARIES += libcellmap.a
libcellmap_a_SOURCES = \
	cellmap/cellmap.h cellmap/cellmap.c cellmap/names.c cellmap/scan.h cellmap/scan.c cellmap/query.c cellmap/polygon.h cellmap/polygon.c cellmap/shapes.c cellmap/spans.c cellmap/nearest.c cellmap/rim.h cellmap/rim.c cellmap/rimtest.c cellmap/rimlanes.h \
	cellmap/map.h cellmap/format.h cellmap/hash.h cellmap/format.c cellmap/geo.h cellmap/geo.c \
	cellmap/csv.h cellmap/csv.c cellmap/csvquick.h cellmap/csvquick.c cellmap/csvyoung.c cellmap/json.h cellmap/json.c cellmap/geojson.h cellmap/geojson.c cellmap/table.h cellmap/table.c cellmap/load.h cellmap/load.c \
	cellmap/rows.h cellmap/rows.c cellmap/order.h cellmap/order.c cellmap/bigmem.h cellmap/bigmem.c cellmap/radix.h cellmap/radix.c cellmap/parallel.h cellmap/parallel.c \
	cellmap/mapwrite.h cellmap/mapwrite.c cellmap/build.h cellmap/build.c cellmap/outfile.h cellmap/outfile.c \
	cellmap/identity.h cellmap/identity.c cellmap/outline.h cellmap/outline.c cellmap/svg.h cellmap/svg.c cellmap/list.h cellmap/list.c cellmap/health.h cellmap/health.c cellmap/holes.h cellmap/holes.c cellmap/moved.h cellmap/moved.c \
	cellmap/cities.h cellmap/cities.c cellmap/synth.h cellmap/synth.c \
	cellmap/cmd.h cellmap/cmd.c cellmap/cmdutil.h cellmap/cmdutil.c cellmap/cmdbuild.c cellmap/cmdinfo.c \
	cellmap/cmdquery.c cellmap/cmdarea.h cellmap/cmdarea.c cellmap/cmdcell.c cellmap/cmdsynth.c
CELLMAP_LIBS = libcellmap.a $(OSMO_LIBS) $(PROJ_LIBS) $(ZLIB_LIBS) -lm
dist_man_MANS += cellmap/reunion-cellmap.5
# Its costs beside rivals' (CELLS and CIRCLES in the environment); not part of make check.
bench-cellmap: tests/bench_cellmap tests/cellmaptool
	@SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_builddir)' SHARED_DATA="$${SHARED_DATA:-$(abs_top_srcdir)/../shared/data}" \
		bash $(srcdir)/tests/bench_cellmap.sh
.PHONY: bench-cellmap
EXTRA_DIST += tests/bench_cellmap.sh tests/bench_geos.c tests/bench_nanoflann.cpp
