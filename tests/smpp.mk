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
check_PROGRAMS += tests/test_smpp_pack34
TESTS += tests/test_smpp_pack34
tests_test_smpp_pack34_SOURCES = tests/test_smpp_pack34.c
tests_test_smpp_pack34_LDADD = $(SMPP_TEST_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_smpp tests/fuzz/fuzz_receipt
TESTS += tests/fuzz/fuzz_smpp tests/fuzz/fuzz_receipt
tests_fuzz_fuzz_smpp_SOURCES = tests/fuzz/fuzz_smpp.c
tests_fuzz_fuzz_smpp_LDADD = libreusmpp.a $(SMPP34_LIBS) $(OSMO_LIBS)
tests_fuzz_fuzz_receipt_SOURCES = tests/fuzz/fuzz_receipt.c
tests_fuzz_fuzz_receipt_LDADD = libreusmpp.a $(OSMO_LIBS)
if FUZZING
tests_fuzz_fuzz_smpp_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_receipt_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_fuzz_smpp_SOURCES += tests/fuzz/replay.c
tests_fuzz_fuzz_receipt_SOURCES += tests/fuzz/replay.c
endif
EXTRA_DIST += tests/fuzz/seeds/smpp tests/fuzz/seeds/receipt
EXTRA_PROGRAMS += tests/bench_smpp
tests_bench_smpp_SOURCES = tests/bench_smpp.c
tests_bench_smpp_LDADD = libreusmpp.a $(SMPP34_LIBS) $(OSMO_LIBS)
EXTRA_PROGRAMS += tests/bench_smpp_wire
tests_bench_smpp_wire_SOURCES = tests/bench_smpp_wire.c
tests_bench_smpp_wire_LDADD = libreusmpp.a $(SMPP34_LIBS) $(OSMO_LIBS)
EXTRA_DIST += tests/bench_smpp.sh tests/peers/smpp-bench.js
