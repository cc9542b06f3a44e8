# Tests of smpplink.
SMPPLINK_TEST_LIBS = libsmpplink.a libreusmpp.a $(SMPP34_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_smpplink tests/test_smpplink_bind
TESTS += tests/test_smpplink tests/test_smpplink_bind
tests_test_smpplink_SOURCES = tests/test_smpplink.c tests/smpp_peer.c tests/smpp_peer.h
tests_test_smpplink_LDADD = $(SMPPLINK_TEST_LIBS)
tests_test_smpplink_bind_SOURCES = tests/test_smpplink_bind.c tests/smpp_peer.c tests/smpp_peer.h
tests_test_smpplink_bind_LDADD = $(SMPPLINK_TEST_LIBS)
