# The pure core: throttle, ledger, dispatch; the simulation.
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = gateway/throttle.h gateway/ledger.h gateway/dispatch.h gateway/dispatch_link.h gateway/link.h gateway/payload.h gateway/counters.h gateway/sooner.h gateway/clock.c gateway/clock.h gateway/log.c gateway/log.h \
	gateway/throttle.c gateway/ledger.c gateway/ledger_code.c gateway/ledger_code.h \
	gateway/dispatch.c gateway/dispatch_int.h gateway/dispatch_commit.c gateway/dispatch_reserve.c gateway/dispatch_hand.c \
	gateway/dispatch_lease.c gateway/dispatch_lease.h
libstore_a_SOURCES += gateway/store_memory.c gateway/store_memory.h

# Not for the daemon.
check_LIBRARIES += libsim.a
libsim_a_SOURCES = gateway/sim.h gateway/sim_int.h gateway/sim.c gateway/sim_job.c gateway/sim_plan.c gateway/sim_carrier.c gateway/sim_fake.c gateway/sim_smpp.c gateway/sim_cbsp.c gateway/sim_driver.h gateway/sim_driver.c \
	gateway/sim_check.c
