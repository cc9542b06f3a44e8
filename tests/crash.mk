# Tests with kills, full disks and failing calls; figures of the ledger.
CRASH = tests/crash.sh tests/crash_loop.sh tests/crash_accept.sh tests/crash_fault.sh tests/crash_gate.sh tests/crash_parser.sh \
	tests/crash_ledger.sh tests/crash_stop.sh
# Bound to the timing of a disk: by hand, `make check TESTS="$(CRASH_LONG)"`.
CRASH_LONG = tests/crash_disk.sh
TESTS += $(CRASH)
EXTRA_DIST += $(CRASH) $(CRASH_LONG) tests/crash_lib.sh tests/crash_shim.c tests/bench_ledger.sh
EXTRA_PROGRAMS += tests/bench_ledger
tests_bench_ledger_SOURCES = tests/bench_ledger.c
tests_bench_ledger_LDADD = libcore.a libstore.a libcore.a $(SQLITE_LIBS) $(ZLIB_LIBS) $(OSMO_LIBS)
CLEANFILES += tests/bench_ledger$(EXEEXT)
bench-ledger: reuniond reunion reunion-carrier tests/bench_ledger
	@SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_builddir)' bash $(srcdir)/tests/bench_ledger.sh
.PHONY: bench-ledger
