/* spool_parts: what the files of the spool share. */
#pragma once
#include <osmocom/core/linuxlist.h>
#include <sys/types.h>
#include "gateway/spool.h"

#define SPOOL_NAME_OCTETS 128
#define SPOOL_MAX_ENTRIES 4096 /* files known at one time */
#define SPOOL_BUCKETS     512  /* a power of 2 */

/* A file in the spool that was seen and not yet claimed. */
struct spool_entry {
	struct llist_head list, bucket;
	char *name;
	uint64_t changed_us, ready_us, due_us; /* last seen to change; first fit to be claimed; not before */
	off_t size;
	ino_t inode;
	struct timespec mtime;
	bool closed;  /* its writer has closed it, or it came by rename */
	bool writing; /* it was created before our eyes and not closed since */
	bool sig_writing; /* so is its signature */
	bool ready, again, leftover;
	bool told; /* that it cannot be claimed */
};

/* A decision whose result is not on disk yet. */
struct spool_verdict {
	struct llist_head list;
	char *name;
	enum spool_decision decision;
	json_t *result;
};

/* A rejection's result that is written and not yet synced. */
struct spool_unsynced {
	struct llist_head list;
	char *name; /* in rejected/ */
};

struct spool {
	char *dir;
	const struct spool_ops *ops;
	void *arg;
	int inotify, watch;
	int fd, claimed, accepted, rejected, alerts, clues; /* folders */
	bool signatures, gone, full, deaf;
	uint64_t next_scan_us, next_write_us;
	size_t n_entries, n_verdicts, n_out;
	size_t n_odd, lines; /* what is no plain file and was told of; lines about such since the last scan */
	struct llist_head entries, verdicts, unsynced;
	struct llist_head bucket[SPOOL_BUCKETS]; /* of the entries, by name */
};

/* spool.c */
struct spool_entry *spool_entry(struct spool *s, const char *name,
				uint64_t now_us); /* known or new; NULL: too many */
void spool_entry_forget(struct spool *s, struct spool_entry *e); /* no more in any list; its memory stays */
bool spool_is_trigger(const char *name);
int spool_by_age(const struct timespec *a, const struct timespec *b); /* as for qsort(): the older first */
bool spool_name_ok(const char *name, size_t len);

/* spool_claim.c */
int spool_claim(struct spool *s, struct spool_entry *e,
		uint64_t now_us); /* frees e unless it must stay (-EAGAIN) */
void spool_list_leftovers(struct spool *s);

/* spool_finish.c */
void spool_write_verdicts(struct spool *s, uint64_t now_us);
bool spool_sync_some(struct spool *s); /* false: nothing is left to be synced */
