# Tests of configuration, triggers and spool.
CONF_TESTS = tests/test_conf tests/test_conf_lexical
check_PROGRAMS += $(CONF_TESTS)
TESTS += $(CONF_TESTS)
CONF_TEST_LIBS = libconf.a libcore.a libcellmap.a $(OSMO_LIBS) $(LIBCONFIG_LIBS) $(SODIUM_LIBS) $(JANSSON_LIBS) $(PROJ_LIBS) $(ZLIB_LIBS) $(CMOCKA_LIBS)
tests_test_conf_SOURCES = tests/test_conf.c tests/conf_base.h
tests_test_conf_LDADD = $(CONF_TEST_LIBS)
tests_test_conf_lexical_SOURCES = tests/test_conf_lexical.c
tests_test_conf_lexical_LDADD = $(CONF_TEST_LIBS)
