# Tests with kills, full disks and failing calls; figures of the ledger.
CRASH = tests/crash.sh tests/crash_loop.sh tests/crash_accept.sh tests/crash_fault.sh tests/crash_gate.sh tests/crash_clock.sh tests/crash_parser.sh \
	tests/crash_ledger.sh tests/crash_stop.sh tests/crash_disk.sh tests/crash_power.sh
TESTS += $(CRASH)
EXTRA_DIST += $(CRASH) tests/crash_lib.sh tests/crash_shim.c tests/bench_ledger.sh tests/bench_millions.sh
# A thousand kills and more, with another seed each round; an hour. REUNION_SEED=N begins elsewhere.
crash-long: all
	@bad=0; seed=$${REUNION_SEED:-1}; \
	run() { echo "== $$*"; env SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_builddir)' REUNION_SEED=$$seed "$$@" | grep -E '^(#|not ok|1\.\.0)'; \
		test $${PIPESTATUS[0]} = 0 || bad=1; seed=$$((seed + 1)); }; \
	for i in 1 2 3 4 5 6 7 8 9 10; do run REUNION_KILLS=102 bash $(srcdir)/tests/crash.sh; done; \
	run REUNION_KILLS=200 REUNION_CANCELS=60 bash $(srcdir)/tests/crash_accept.sh; \
	run REUNION_LOOP_SECONDS=60 bash $(srcdir)/tests/crash_loop.sh; \
	run REUNION_STOPS=200 bash $(srcdir)/tests/crash_stop.sh; \
	run REUNION_CUTS=100 bash $(srcdir)/tests/crash_power.sh; \
	run REUNION_FILLS=200 REUNION_DISK=ext4 bash $(srcdir)/tests/crash_disk.sh; exit $$bad
crash-long: SHELL = /bin/bash
.PHONY: crash-long
EXTRA_PROGRAMS += tests/bench_ledger
tests_bench_ledger_SOURCES = tests/bench_ledger.c
tests_bench_ledger_LDADD = libcore.a libstore.a libcore.a $(SQLITE_LIBS) $(ZLIB_LIBS) $(OSMO_LIBS) -lm
CLEANFILES += tests/bench_ledger$(EXEEXT)
bench-ledger: reuniond reunion reunion-carrier tests/bench_ledger
	@SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_builddir)' bash $(srcdir)/tests/bench_ledger.sh
bench-millions: reuniond reunion reunion-carrier
	@SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_builddir)' bash $(srcdir)/tests/bench_millions.sh
.PHONY: bench-ledger bench-millions

# Whole alerts in a simulated world.
check_PROGRAMS += tests/test_sim_alerts
TESTS += tests/test_sim_alerts
tests_test_sim_alerts_SOURCES = tests/test_sim_alerts.c tests/sim_alerts.h tests/sim_alerts_int.h tests/sim_alerts.c \
	tests/sim_alerts_plan.c tests/sim_alerts_gw.c tests/sim_alerts_check.c tests/plan_map.c tests/plan_map.h
tests_test_sim_alerts_LDADD = $(BOOK_LIBS)
tests_test_sim_alerts_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=plan_make
