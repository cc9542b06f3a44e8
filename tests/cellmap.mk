# Tests of cellmap.
check_PROGRAMS += tests/test_cellmap
TESTS += tests/test_cellmap
tests_test_cellmap_SOURCES = tests/test_cellmap.c
tests_test_cellmap_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_identity
TESTS += tests/test_cellmap_identity
tests_test_cellmap_identity_SOURCES = tests/test_cellmap_identity.c
tests_test_cellmap_identity_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_health
TESTS += tests/test_cellmap_health
tests_test_cellmap_health_SOURCES = tests/test_cellmap_health.c
tests_test_cellmap_health_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_geojson
TESTS += tests/test_cellmap_geojson
tests_test_cellmap_geojson_SOURCES = tests/test_cellmap_geojson.c
tests_test_cellmap_geojson_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_csv
TESTS += tests/test_cellmap_csv
tests_test_cellmap_csv_SOURCES = tests/test_cellmap_csv.c
tests_test_cellmap_csv_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_rim
TESTS += tests/test_cellmap_rim
tests_test_cellmap_rim_SOURCES = tests/test_cellmap_rim.c
tests_test_cellmap_rim_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_shapes
TESTS += tests/test_cellmap_shapes
tests_test_cellmap_shapes_SOURCES = tests/test_cellmap_shapes.c
tests_test_cellmap_shapes_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_alloc
TESTS += tests/test_cellmap_alloc
tests_test_cellmap_alloc_SOURCES = tests/test_cellmap_alloc.c
tests_test_cellmap_alloc_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_geo
TESTS += tests/test_geo
tests_test_geo_SOURCES = tests/test_geo.c
tests_test_geo_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_cellmap_damage
TESTS += tests/test_cellmap_damage
tests_test_cellmap_damage_SOURCES = tests/test_cellmap_damage.c
tests_test_cellmap_damage_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)

# The example of the C interface; tests/cellmap.sh runs it.
check_PROGRAMS += cellmap/example
cellmap_example_SOURCES = cellmap/example.c
cellmap_example_LDADD = $(CELLMAP_LIBS)
# The cellmap commands alone, for the shell tests.
check_PROGRAMS += tests/cellmaptool
tests_cellmaptool_SOURCES = tests/cellmaptool.c
tests_cellmaptool_LDADD = $(CELLMAP_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_csv tests/fuzz/fuzz_geojson tests/fuzz/fuzz_map
TESTS += tests/fuzz/fuzz_csv tests/fuzz/fuzz_geojson tests/fuzz/fuzz_map
EXTRA_DIST += tests/fuzz/seeds/csv tests/fuzz/seeds/geojson tests/fuzz/seeds/map
tests_fuzz_fuzz_csv_SOURCES = tests/fuzz/fuzz_csv.c
tests_fuzz_fuzz_csv_LDADD = $(CELLMAP_LIBS)
tests_fuzz_fuzz_geojson_SOURCES = tests/fuzz/fuzz_geojson.c
tests_fuzz_fuzz_geojson_LDADD = $(CELLMAP_LIBS)
tests_fuzz_fuzz_map_SOURCES = tests/fuzz/fuzz_map.c
tests_fuzz_fuzz_map_LDADD = $(CELLMAP_LIBS)
if FUZZING
tests_fuzz_fuzz_csv_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_geojson_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_map_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_fuzz_csv_SOURCES += tests/fuzz/replay.c
tests_fuzz_fuzz_geojson_SOURCES += tests/fuzz/replay.c
tests_fuzz_fuzz_map_SOURCES += tests/fuzz/replay.c
endif
TESTS += tests/cellmap.sh tests/cellmap_real.sh tests/e2e_maps.sh
EXTRA_DIST += tests/cellmap.sh tests/cellmap_real.sh tests/e2e_maps.sh

# Costs beside rivals; not part of make check.
EXTRA_PROGRAMS += tests/bench_cellmap
tests_bench_cellmap_SOURCES = tests/bench_cellmap.c
tests_bench_cellmap_LDADD = $(CELLMAP_LIBS) $(SQLITE_LIBS)
