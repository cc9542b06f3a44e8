/* store: where the ledger becomes durable. `struct store_ops` is the only door; SQLite (embedded), memory (tests,
 * simulation) and later PostgreSQL stand behind it and pass the same conformance tests.
 *
 * A batch of records is applied all or nothing; apply() returns 0 only when it is durable. Keys overwrite (upsert).
 * Records are blobs to the store: their content belongs to the modules named. Calls block; the daemon makes them on the
 * store thread (storethread.h), the simulation directly. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_kind {
	STORE_ALERT = 1, /* key: alert id; value: JSON document (book_doc.c) */
	STORE_JOB,	 /* key: job id (u64 as 16 hex); value: JSON spec (plan.c) */
	STORE_CHUNK,	 /* key: job id "/" chunk number (8 hex); value: unit runs (ledger.c). owner and epoch are checked */
	STORE_TRIGGER,	 /* key: agency "/" digest; value: JSON decision, as in result.json */
	STORE_SERIAL,	 /* key: message identifier; value: next message code, decimal */
	STORE_RECEIPT,	 /* key: job id "/" link "/" number; value: message ids and what came of them (receipts_log.c) */
	STORE_META,	 /* key: name; value: text */
};

struct store_rec {
	enum store_kind kind;
	const char *key;
	const void *value;
	size_t len;	/* value == NULL: delete the key */
	uint32_t epoch; /* STORE_CHUNK: a write with an epoch below the stored one is refused: -ESTALE for the whole batch */
};

/* For several gateway nodes over one store: a chunk is served by one owner at a time. */
#define STORE_OWNER	   64 /* octets of a node's name, with its NUL: printable, no blanks */
#define STORE_LEASE_PREFIX "lease/" /* of keys in STORE_META */
struct store_lease {
	const char *key;   /* of the chunk */
	const char *owner;
	int64_t now_us, until_us; /* by a clock that all owners share, kept apart by more than it may be wrong */
	uint32_t epoch;		  /* out: to write the chunk with */
};

struct store_health {
	uint64_t free_octets;
	int last_error; /* -errno of the last failed apply, 0 = healthy */
	uint64_t commits, failed;
};

struct store;
typedef int (*store_load_cb)(void *arg, const struct store_rec *rec); /* non-zero stops the load and is returned */

struct store_ops {
	const char *name;
	bool instant; /* apply() never waits for anything: it needs no thread */
	/* uri: "sqlite:/folder/ledger.db", "memory:". Child of ctx. -EBADMSG: the store is damaged (err says what to do). */
	int (*open)(void *ctx, const char *uri, struct store **store, char *err, size_t err_len);
	int (*apply)(struct store *store, const struct store_rec *recs, size_t n); /* 0, -ENOSPC, -EIO, -ESTALE ... */
	int (*load)(struct store *store, enum store_kind kind, store_load_cb cb, void *arg); /* ascending keys */
	int (*get)(struct store *store, enum store_kind kind, const char *key, void *ctx, void **value, size_t *len); /* -ENOENT */
	/* Takes a chunk's lease, or makes one's own last longer (until_us <= now_us: gives it up); durable when it returns 0.
	 * -EBUSY: another owner's is valid at now_us. A new owner's epoch is higher, and from then on apply() refuses the chunk with a
	 * lower one (-ESTALE): who lost it without knowing can reserve nothing more. Before a unit is handed over, its owner's lease
	 * must be valid. Deleting the record STORE_LEASE_PREFIX key of STORE_META ends all memory of it.
	 * In a batch, before the chunk's own record, such a record takes a lease that nobody has, or renews one (store_lease_row());
	 * else -EBUSY for the whole batch. So what is reserved in a chunk and the lease on it take one commit. */
	int (*lease)(struct store *store, struct store_lease *lease);
	void (*health)(struct store *store, struct store_health *health);
	void (*close)(struct store *store);
};

/* Every implementation's struct begins like this. */
struct store {
	const struct store_ops *ops;
};

extern const struct store_ops store_sqlite, store_memory;
/* By the uri's scheme; -EPROTONOSUPPORT for an unknown one. */
int store_open(void *ctx, const char *uri, struct store **store, char *err, size_t err_len);
