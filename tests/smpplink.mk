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
check_PROGRAMS += tests/test_link_smpp_listen
TESTS += tests/test_link_smpp_listen
tests_test_link_smpp_listen_SOURCES = tests/test_link_smpp_listen.c tests/smpp_peer.c tests/smpp_peer.h
tests_test_link_smpp_listen_LDADD = $(SMPPLINK_TEST_LIBS)
TESTS += tests/e2e_smpp_listen.sh
EXTRA_DIST += tests/e2e_smpp_listen.sh tests/peers/smpp-dial.js
