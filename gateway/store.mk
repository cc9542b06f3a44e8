# Where the ledger becomes durable.
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = gateway/store.h gateway/storethread.h \
	gateway/store_batch.c
