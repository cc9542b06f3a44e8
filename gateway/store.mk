# Where the ledger becomes durable.
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = gateway/store.h gateway/storethread.h gateway/store_sqlite.h gateway/store_file.h gateway/store_wal.h \
	gateway/store.c gateway/store_batch.c gateway/store_file.c gateway/store_sqlite.c gateway/store_sqlite_open.c \
	gateway/store_gather.c gateway/store_gather.h gateway/store_wal.c gateway/store_lease.c gateway/store_lease.h gateway/storethread.c
