# Tests of cellmap.
check_PROGRAMS += tests/test_cellmap
TESTS += tests/test_cellmap
tests_test_cellmap_SOURCES = tests/test_cellmap.c
tests_test_cellmap_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)

# The cellmap commands alone, for the shell tests.
check_PROGRAMS += tests/cellmaptool
tests_cellmaptool_SOURCES = tests/cellmaptool.c
tests_cellmaptool_LDADD = $(CELLMAP_LIBS)
