# Tests. Each room has its own fragment.
EXTRA_DIST += tests/fuzz/replay.c
include tests/cellmap.mk
include tests/smpp.mk
include tests/config.mk
include tests/store.mk
include tests/core.mk
include tests/cbsp.mk
include tests/smpplink.mk
include tests/plan.mk
include tests/noc.mk
include tests/daemon.mk
include tests/carrier.mk
include tests/crash.mk

# The house and its papers.
TESTS += tests/house.sh tests/docs.sh
EXTRA_DIST += tests/house.sh tests/docs.sh tests/cmocka_tap.sh

# Figures beside peers, measured side by side in one run: every target bench-... of the fragments.
bench: all
	@list=`sed -n 's/^\(bench-[a-z0-9-]*\):.*/\1/p' Makefile | sort -u`; bad=0; \
	test -n "$$list" || { echo "no bench-... target"; exit 1; }; \
	for t in $$list; do echo "== $$t"; $(MAKE) --no-print-directory $$t || bad=1; done; exit $$bad

# Lines that the tests reach, by room. For a build folder configured with --enable-coverage.
coverage: all
	@test -n "`find . -name '*.gcno' | head -1`" || { echo "configure with --enable-coverage first"; exit 1; }
	-@find . -name '*.gcda' -exec rm -f {} +
	-@$(MAKE) --no-print-directory check > check.out 2>&1; grep -E '^# (PASS|FAIL|SKIP)' check.out
	@lcov -q --capture --directory . --base-directory $(abs_top_srcdir) --output-file coverage.info
	@$(AWK) -v top='$(abs_top_srcdir)/' -f $(srcdir)/tests/coverage.awk coverage.info
EXTRA_DIST += tests/coverage.awk
.PHONY: bench coverage
