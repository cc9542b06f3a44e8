# Tests of plan.
PLAN_LIBS = libplan.a libconf.a libcbsp.a libreusmpp.a libcellmap.a libcore.a $(LIBCONFIG_LIBS) $(SODIUM_LIBS) $(JANSSON_LIBS) \
	$(ZLIB_LIBS) $(PROJ_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_subs tests/test_plan
TESTS += tests/test_subs tests/test_plan
tests_test_subs_SOURCES = tests/test_subs.c tests/plan_map.c tests/plan_map.h
tests_test_subs_LDADD = $(PLAN_LIBS)
tests_test_plan_SOURCES = tests/test_plan.c tests/plan_map.c tests/plan_map.h
tests_test_plan_LDADD = $(PLAN_LIBS)
TESTS += tests/plan.sh
EXTRA_DIST += tests/plan.sh
check_PROGRAMS += tests/test_plan_rings
TESTS += tests/test_plan_rings
tests_test_plan_rings_SOURCES = tests/test_plan_rings.c tests/plan_map.c tests/plan_map.h
tests_test_plan_rings_LDADD = $(PLAN_LIBS)
