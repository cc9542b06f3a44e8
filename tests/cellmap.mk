# Tests of cellmap.
check_PROGRAMS += tests/test_cellmap
TESTS += tests/test_cellmap
tests_test_cellmap_SOURCES = tests/test_cellmap.c
tests_test_cellmap_LDADD = $(CELLMAP_LIBS) $(CMOCKA_LIBS)
