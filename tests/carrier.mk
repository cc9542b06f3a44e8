# Tests of carrier.
check_PROGRAMS += tests/test_carrier_client tests/test_carrier_text tests/test_carrier_tally tests/test_carrier_wire
TESTS += tests/test_carrier_text tests/test_carrier_tally tests/test_carrier_wire tests/carrier.sh
tests_test_carrier_client_SOURCES = tests/test_carrier_client.c
tests_test_carrier_text_SOURCES = tests/test_carrier_text.c
tests_test_carrier_text_LDADD = libcarrier.a $(OSMO_LIBS) $(CMOCKA_LIBS)
tests_test_carrier_tally_SOURCES = tests/test_carrier_tally.c
tests_test_carrier_tally_LDADD = libcarrier.a $(OSMO_LIBS) $(CMOCKA_LIBS)
tests_test_carrier_wire_SOURCES = tests/test_carrier_wire.c
tests_test_carrier_wire_LDADD = libcarrier.a $(OSMO_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/carrier.sh tests/peers/carrier-esme.js tests/peers/carrier-cbc.js tests/peers/carrier-listener.js
