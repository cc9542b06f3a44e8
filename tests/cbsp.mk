# Tests of cbsp.
check_LIBRARIES += libcbspfake.a
libcbspfake_a_SOURCES = tests/cbsp_fake.c tests/cbsp_fake.h

check_PROGRAMS += tests/test_page tests/test_cbsp tests/test_link_cbsp tests/test_link_cbsp_life tests/fuzz/fuzz_cbsp \
	tests/cbsp_dump tests/cbsp_probe
TESTS += tests/test_page tests/test_cbsp tests/test_link_cbsp tests/test_link_cbsp_life tests/fuzz/fuzz_cbsp \
	tests/cbsp_tshark.sh tests/cbsp_osmobsc.sh
EXTRA_DIST += tests/cbsp_tshark.sh tests/cbsp_osmobsc.sh tests/fuzz/seeds/cbsp

tests_test_page_SOURCES = tests/test_page.c tests/cbsp_vectors.h
tests_test_page_LDADD = libcbsp.a libreusmpp.a $(OSMO_LIBS) $(CMOCKA_LIBS)
tests_test_cbsp_SOURCES = tests/test_cbsp.c tests/cbsp_vectors.h
tests_test_cbsp_LDADD = libcbsp.a $(OSMO_LIBS) $(CMOCKA_LIBS)
tests_test_link_cbsp_SOURCES = tests/test_link_cbsp.c
tests_test_link_cbsp_LDADD = libcbspfake.a libcbsp.a libsmpplink.a libcbsp.a libreusmpp.a libcore.a $(OSMO_LIBS) $(CMOCKA_LIBS)
tests_test_link_cbsp_life_SOURCES = tests/test_link_cbsp_life.c tests/rig.h
tests_test_link_cbsp_life_LDADD = libcbsp.a libcore.a libstore.a libcore.a $(OSMO_LIBS) $(SQLITE_LIBS) $(CMOCKA_LIBS)
tests_cbsp_dump_SOURCES = tests/cbsp_dump.c
tests_cbsp_dump_LDADD = libcbsp.a libreusmpp.a $(OSMO_LIBS)
tests_cbsp_probe_SOURCES = tests/cbsp_probe.c
tests_cbsp_probe_LDADD = libcbspfake.a libcbsp.a libcbspfake.a libcore.a libreusmpp.a $(OSMO_LIBS)
tests_fuzz_fuzz_cbsp_SOURCES = tests/fuzz/fuzz_cbsp.c
tests_fuzz_fuzz_cbsp_LDADD = libcbspfake.a libcbsp.a libcbspfake.a libcore.a $(OSMO_LIBS)
if FUZZING
tests_fuzz_fuzz_cbsp_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_fuzz_cbsp_SOURCES += tests/fuzz/replay.c
endif
