# Tests of configuration, triggers and spool.
CONF_TESTS = tests/test_conf tests/test_conf_files tests/test_conf_lexical tests/test_conf_texts tests/test_trigger tests/test_trigger_sign \
	tests/test_spool
check_PROGRAMS += $(CONF_TESTS)
TESTS += $(CONF_TESTS)
CONF_TEST_LIBS = libconf.a libcore.a libcellmap.a $(OSMO_LIBS) $(LIBCONFIG_LIBS) $(SODIUM_LIBS) $(JANSSON_LIBS) $(PROJ_LIBS) $(ZLIB_LIBS) $(CMOCKA_LIBS)
tests_test_conf_SOURCES = tests/test_conf.c tests/conf_base.h
tests_test_conf_LDADD = $(CONF_TEST_LIBS)
tests_test_conf_files_SOURCES = tests/test_conf_files.c tests/conf_base.h
tests_test_conf_files_LDADD = $(CONF_TEST_LIBS)
tests_test_conf_lexical_SOURCES = tests/test_conf_lexical.c
tests_test_conf_lexical_LDADD = $(CONF_TEST_LIBS)
tests_test_conf_texts_SOURCES = tests/test_conf_texts.c
tests_test_conf_texts_LDADD = $(CONF_TEST_LIBS)
tests_test_trigger_SOURCES = tests/test_trigger.c tests/conf_base.h
tests_test_trigger_LDADD = $(CONF_TEST_LIBS)
tests_test_trigger_sign_SOURCES = tests/test_trigger_sign.c
tests_test_trigger_sign_LDADD = $(CONF_TEST_LIBS)
tests_test_spool_SOURCES = tests/test_spool.c
tests_test_spool_LDADD = $(CONF_TEST_LIBS)

# Fuzz targets; without libFuzzer they replay their seeds.
CONF_FUZZ = tests/fuzz/fuzz_conf tests/fuzz/fuzz_trigger tests/fuzz/fuzz_scan
check_PROGRAMS += $(CONF_FUZZ)
TESTS += $(CONF_FUZZ)
EXTRA_DIST += tests/fuzz/seeds/conf tests/fuzz/seeds/trigger tests/fuzz/seeds/scan
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c
tests_fuzz_fuzz_conf_LDADD = $(CONF_TEST_LIBS)
tests_fuzz_fuzz_trigger_SOURCES = tests/fuzz/fuzz_trigger.c tests/conf_base.h
tests_fuzz_fuzz_trigger_LDADD = $(CONF_TEST_LIBS)
tests_fuzz_fuzz_scan_SOURCES = tests/fuzz/fuzz_scan.c tests/conf_base.h
tests_fuzz_fuzz_scan_LDADD = $(CONF_TEST_LIBS)
if FUZZING
tests_fuzz_fuzz_scan_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_trigger_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_fuzz_conf_SOURCES += tests/fuzz/replay.c
tests_fuzz_fuzz_trigger_SOURCES += tests/fuzz/replay.c
tests_fuzz_fuzz_scan_SOURCES += tests/fuzz/replay.c
endif
