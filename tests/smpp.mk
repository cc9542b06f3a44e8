# Tests of smpp.
check_PROGRAMS += tests/test_smpp_text
TESTS += tests/test_smpp_text
tests_test_smpp_text_SOURCES = tests/test_smpp_text.c
tests_test_smpp_text_LDADD = libreusmpp.a $(CMOCKA_LIBS)
