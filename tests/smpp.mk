# Tests of smpp.
SMPP_TEST_LIBS = libreusmpp.a $(SMPP34_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_smpp_text tests/test_smpp_pdu tests/test_smpp_session tests/test_smpp_receipt
TESTS += tests/test_smpp_text tests/test_smpp_pdu tests/test_smpp_session tests/test_smpp_receipt
tests_test_smpp_text_SOURCES = tests/test_smpp_text.c
tests_test_smpp_text_LDADD = $(SMPP_TEST_LIBS)
tests_test_smpp_pdu_SOURCES = tests/test_smpp_pdu.c
tests_test_smpp_pdu_LDADD = $(SMPP_TEST_LIBS)
tests_test_smpp_session_SOURCES = tests/test_smpp_session.c
tests_test_smpp_session_LDADD = $(SMPP_TEST_LIBS)
tests_test_smpp_receipt_SOURCES = tests/test_smpp_receipt.c
tests_test_smpp_receipt_LDADD = $(SMPP_TEST_LIBS)
