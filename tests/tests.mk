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
