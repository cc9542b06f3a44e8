# Tests of the whole: real programs, real sockets.
E2E = tests/e2e_alert.sh tests/e2e_bad.sh tests/e2e_nodesmpp.sh tests/e2e_onair.sh tests/e2e_tshark.sh tests/e2e_snmp.sh \
	tests/e2e_fair.sh tests/e2e_hostile.sh tests/e2e_hostile_rate.sh tests/e2e_rate.sh tests/e2e_control.sh tests/e2e_spec.sh tests/e2e_rings.sh tests/e2e_update.sh tests/e2e_deadline.sh tests/e2e_receipts.sh \
	tests/e2e_broadcast.sh tests/e2e_cancel_sm.sh tests/e2e_sibling.sh tests/e2e_reload.sh tests/e2e_reach.sh tests/e2e_names.sh
TESTS += $(E2E)
EXTRA_DIST += $(E2E) tests/lib.sh tests/rate_shim.c tests/name_shim.c tests/peers/smsc.js tests/peers/hostile.js tests/peers/broadcast.js tests/peers/osmobsc.sh

# The book, over a map of its own and without files.
check_PROGRAMS += tests/test_book tests/test_book_change tests/test_book_restart tests/test_forecast
TESTS += tests/test_book tests/test_book_change tests/test_book_restart tests/test_forecast
BOOK_BED = tests/book_bed.c tests/book_bed.h tests/plan_map.c tests/plan_map.h
BOOK_LIBS = libdaemon.a libplan.a libconf.a libcbsp.a libcore.a libstore.a libreusmpp.a libcellmap.a $(SQLITE_LIBS) $(LIBCONFIG_LIBS) \
	$(SODIUM_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) $(PROJ_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
tests_test_book_SOURCES = tests/test_book.c $(BOOK_BED)
tests_test_book_LDADD = $(BOOK_LIBS)
tests_test_book_restart_SOURCES = tests/test_book_restart.c $(BOOK_BED)
tests_test_book_restart_LDADD = $(BOOK_LIBS)
tests_test_book_change_SOURCES = tests/test_book_change.c $(BOOK_BED)
tests_test_book_change_LDADD = $(BOOK_LIBS)
tests_test_forecast_SOURCES = tests/test_forecast.c
tests_test_forecast_LDADD = libdaemon.a $(OSMO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_sim_forecast
TESTS += tests/test_sim_forecast
tests_test_sim_forecast_SOURCES = tests/test_sim_forecast.c
tests_test_sim_forecast_LDADD = libdaemon.a libsim.a libsmpplink.a libplan.a libconf.a libcbsp.a libreusmpp.a libcellmap.a libcore.a libstore.a \
	libcore.a $(SMPP34_LIBS) $(SQLITE_LIBS) $(LIBCONFIG_LIBS) $(SODIUM_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) $(PROJ_LIBS) $(OSMO_LIBS) \
	$(CMOCKA_LIBS)
check_PROGRAMS += tests/test_linksock
TESTS += tests/test_linksock
tests_test_linksock_SOURCES = tests/test_linksock.c
tests_test_linksock_LDADD = libdaemon.a libconf.a libcore.a $(OPENSSL_LIBS) $(LIBCONFIG_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
