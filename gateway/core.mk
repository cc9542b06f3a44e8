# The pure core: throttle, ledger, dispatch; the simulation.
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = gateway/throttle.h gateway/ledger.h gateway/dispatch.h gateway/link.h gateway/payload.h gateway/counters.h gateway/clock.c gateway/clock.h gateway/log.c gateway/log.h \
	gateway/throttle.c gateway/ledger.c
