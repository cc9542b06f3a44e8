# Tests of store.
STORE_LIBS = libstore.a libcore.a $(SQLITE_LIBS) $(ZLIB_LIBS) $(OSMO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/test_store tests/test_store_memory tests/test_store_faults tests/test_storethread
TESTS += tests/test_store tests/test_store_memory tests/test_store_faults tests/test_storethread
tests_test_store_SOURCES = tests/test_store.c tests/store_conformance.c tests/store_conformance.h tests/store_tables.c
tests_test_store_LDADD = $(STORE_LIBS)
tests_test_store_memory_SOURCES = tests/test_store_memory.c tests/store_conformance.c tests/store_conformance.h tests/store_tables.c
tests_test_store_memory_LDADD = $(STORE_LIBS)
tests_test_store_faults_SOURCES = tests/test_store_faults.c
tests_test_store_faults_LDADD = $(STORE_LIBS)
tests_test_storethread_SOURCES = tests/test_storethread.c
tests_test_storethread_LDADD = $(STORE_LIBS)
check_PROGRAMS += tests/test_store_io
TESTS += tests/test_store_io
tests_test_store_io_SOURCES = tests/test_store_io.c
tests_test_store_io_LDADD = $(STORE_LIBS)
