# Tests of core.
CORE_TEST_LIBS = libcore.a libstore.a libcore.a $(SQLITE_LIBS) $(ZLIB_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/test_throttle
TESTS += tests/test_throttle
tests_test_throttle_SOURCES = tests/test_throttle.c
tests_test_throttle_LDADD = $(CORE_TEST_LIBS)

check_PROGRAMS += tests/test_ledger
TESTS += tests/test_ledger
tests_test_ledger_SOURCES = tests/test_ledger.c
tests_test_ledger_LDADD = $(CORE_TEST_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_chunk
TESTS += tests/fuzz/fuzz_chunk
EXTRA_DIST += tests/fuzz/seeds/chunk
tests_fuzz_fuzz_chunk_SOURCES = tests/fuzz/fuzz_chunk.c
tests_fuzz_fuzz_chunk_LDADD = libsmpplink.a libcbsp.a libreusmpp.a libcore.a $(OSMO_LIBS)
if FUZZING
tests_fuzz_fuzz_chunk_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_fuzz_chunk_SOURCES += tests/fuzz/replay.c
endif

check_PROGRAMS += tests/test_dispatch
TESTS += tests/test_dispatch
tests_test_dispatch_SOURCES = tests/test_dispatch.c tests/rig.h
tests_test_dispatch_LDADD = $(CORE_TEST_LIBS)

check_PROGRAMS += tests/test_dispatch_lease
TESTS += tests/test_dispatch_lease
tests_test_dispatch_lease_SOURCES = tests/test_dispatch_lease.c tests/rig.h
tests_test_dispatch_lease_LDADD = $(CORE_TEST_LIBS)
check_PROGRAMS += tests/test_dispatch_share
TESTS += tests/test_dispatch_share
tests_test_dispatch_share_SOURCES = tests/test_dispatch_share.c tests/rig.h
tests_test_dispatch_share_LDADD = $(CORE_TEST_LIBS)

check_PROGRAMS += tests/test_dispatch_commit
TESTS += tests/test_dispatch_commit
tests_test_dispatch_commit_SOURCES = tests/test_dispatch_commit.c tests/rig.h
tests_test_dispatch_commit_LDADD = $(CORE_TEST_LIBS)

check_PROGRAMS += tests/test_sim
TESTS += tests/test_sim
tests_test_sim_SOURCES = tests/test_sim.c
SIM_LIBS = libsim.a libsmpplink.a libcbsp.a libreusmpp.a $(CORE_TEST_LIBS) $(SMPP34_LIBS)
tests_test_sim_LDADD = $(SIM_LIBS)

check_PROGRAMS += tests/test_sim_scenarios
TESTS += tests/test_sim_scenarios
tests_test_sim_scenarios_SOURCES = tests/test_sim_scenarios.c
tests_test_sim_scenarios_LDADD = $(SIM_LIBS)
EXTRA_DIST += tests/scenarios
# Every promise in 5000 worlds of each kind.
sim-long: tests/test_sim tests/test_sim_alerts
	REUNION_SEEDS=$${REUNION_SEEDS:-5000} tests/test_sim
	REUNION_SEEDS=$${REUNION_SEEDS:-5000} tests/test_sim_alerts
.PHONY: sim-long
