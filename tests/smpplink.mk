# Tests of smpplink.
SMPPLINK_TEST_LIBS = libsmpplink.a libreusmpp.a $(SMPP34_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_smpplink tests/test_smpplink_bind tests/test_smpp_draft
TESTS += tests/test_smpplink tests/test_smpplink_bind tests/test_smpp_draft
tests_test_smpplink_SOURCES = tests/test_smpplink.c tests/smpp_peer.c tests/smpp_peer.h
tests_test_smpplink_LDADD = $(SMPPLINK_TEST_LIBS)
tests_test_smpplink_bind_SOURCES = tests/test_smpplink_bind.c tests/smpp_peer.c tests/smpp_peer.h
tests_test_smpplink_bind_LDADD = $(SMPPLINK_TEST_LIBS)
tests_test_smpp_draft_SOURCES = tests/test_smpp_draft.c
tests_test_smpp_draft_LDADD = $(SMPPLINK_TEST_LIBS)
