# Tests of carrier.
check_PROGRAMS += tests/test_carrier_client
tests_test_carrier_client_SOURCES = tests/test_carrier_client.c
EXTRA_DIST += tests/peers/carrier-esme.js
