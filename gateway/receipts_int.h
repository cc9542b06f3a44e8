/* receipts_int: what the table (receipts.c) and its durability (receipts_log.c) share. Not for others. */
#pragma once
#include "gateway/receipts.h"

#define SHARDS 256 /* each grows alone, so that no growth takes long */
#define SLOTS  255

enum progress { FREE, ASKED, UNDER_WAY, DELIVERED, FAILED, NAMELESS /* only in the log: asked, without an id */ };

struct entry {
	uint32_t key; /* also gives the place */
	uint32_t unit;
	uint16_t check;
	uint8_t slot, progress;
};

struct shard {
	struct entry *v;
	uint32_t size, used;
};

#define LOG_REC 12u /* octets: key, check, shard, progress, unit; big-endian */

/* What is not in the store yet. */
struct receipts_log {
	uint8_t *v;
	size_t len, max, taken;	     /* octets; taken: in the batch under way */
	uint64_t since_us;	     /* of the oldest */
	uint32_t series;	     /* of rows: none is ever used for two lives of a slot */
	uint32_t rows, rows_taken;   /* written; in the batch under way */
};

/* A job on a link. */
struct slot {
	uint64_t job, used_us; /* used_us 0: free */
	uint16_t link;
	bool dying; /* its entries go shard by shard */
	uint32_t entries;
	struct receipts_reach reach;
	struct receipts_log log;
};

/* A receipt without its message. */
struct early {
	uint64_t hash, us;
	uint64_t no; /* the spellings of one receipt have one number; 0 = free */
	uint8_t state;
	bool as_written;
};

#define EARLY 1024

struct receipts {
	struct shard shards[SHARDS];
	struct slot slots[SLOTS];
	unsigned int last_slot;
	uint32_t used;
	uint32_t sweep, turns; /* shards that the dying still have to leave */
	struct early early[EARLY];
	uint64_t early_until_us, n_early;
	uint64_t plain, converted; /* receipts that only one of the spellings finds */
	unsigned int hex_asked;	   /* ids of ours with hexadecimal letters, up to SURE */
	bool hex_told;		   /* and one in a receipt */
	uint32_t series;
	bool writing;
};

struct entry *receipts_find(struct receipts *r, uint64_t hash);
struct entry *receipts_put(struct receipts *r, uint64_t hash); /* NULL: no room */
/* The slot of a job on a link, a new one if need be. */
unsigned int receipts_slot(struct receipts *r, uint16_t link, uint64_t job, uint64_t now_us);
/* False: it is no news. */
bool receipts_settle(struct receipts *r, struct entry *e, enum progress progress);
void receipts_dies(struct receipts *r, unsigned int slot);
