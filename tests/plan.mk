# Tests of plan.
PLAN_LIBS = libplan.a libconf.a libcbsp.a libreusmpp.a libcellmap.a libcore.a $(LIBCONFIG_LIBS) $(SODIUM_LIBS) $(JANSSON_LIBS) \
	$(ZLIB_LIBS) $(PROJ_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_subs
TESTS += tests/test_subs
tests_test_subs_SOURCES = tests/test_subs.c tests/plan_map.c tests/plan_map.h
tests_test_subs_LDADD = $(PLAN_LIBS)
