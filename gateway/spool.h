/* spool: one agency's folder, the edge where trigger files come in and results go out.
 *
 *   NAME.trigger[.minisig]   dropped by rename or by write-and-close; NAME.xml likewise
 *   claimed/                 taken over by rename; what is found in it at start is handed out again
 *   accepted/, rejected/     the file with its NAME.result.json (never overwritten: NAME.2.trigger ...)
 *   alerts/ID.json, clues/   kept by the daemon
 *
 * inotify and a rescan every 5 s (lost events, network file systems). Symlinks, FIFOs, devices, folders and files with more
 * than one link are never opened: they stay, with one line in the log. A name outside [A-Za-z0-9._-]{1,128} is claimed under
 * a harmless one and handed out as trouble. Times are now_us, monotonic; the caller watches spool_fd(). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_MAX_OCTETS   65536 /* of a trigger */
#define SPOOL_SIG_WAIT_US  2000000
#define SPOOL_RESCAN_US	   5000000
#define SPOOL_RETRY_US	   1000000 /* results that could not be written; deferred triggers after it twice */

struct spool;

struct spool_item {
	struct spool *spool;
	char *name;	     /* as in claimed/: NAME.trigger */
	uint8_t *data;	     /* NULL with trouble */
	size_t len;
	uint8_t *sig;	     /* NULL: none came */
	size_t sig_len;
	const char *trouble; /* why the content cannot be used (too large, name): reject with this reason. NULL: fine */
	bool leftover;	     /* claimed before a restart */
};

enum spool_decision { SPOOL_ACCEPTED, SPOOL_REJECTED, SPOOL_DUPLICATE, SPOOL_DEFERRED };

struct spool_ops {
	/* A trigger was claimed. Decide now or later with spool_finish(); the item lives until then. */
	void (*claimed)(void *arg, struct spool_item *item);
};

/* Makes the folders below dir (which must exist). signatures: a trigger without .minisig waits SPOOL_SIG_WAIT_US for it.
 * 0, or -errno with a sentence in err. Freed with talloc_free(). */
int spool_open(void *ctx, const char *dir, bool signatures, const struct spool_ops *ops, void *arg, struct spool **spool,
	       char *err, size_t err_len);
void spool_signatures(struct spool *spool, bool signatures); /* after a reload */
int spool_fd(const struct spool *spool);		     /* readable: call spool_ready() */
void spool_ready(struct spool *spool, uint64_t now_us);
/* Looks at what is due; returns when to be called again. */
uint64_t spool_tick(struct spool *spool, uint64_t now_us);
/* The decision's name goes into result as "decision". ACCEPTED moves the file to accepted/, REJECTED and DUPLICATE to
 * rejected/, DEFERRED back into the spool to be handed out again (after 2 s, or spool_retry()). 0; or -errno when the result
 * could not be written (full disk): then the file stays in claimed/ and spool_tick() tries again. The item is gone either
 * way; result is borrowed. */
int spool_finish(struct spool_item *item, enum spool_decision decision, json_t *result, uint64_t now_us);
void spool_retry(struct spool *spool); /* the store is back: deferred triggers are due now */
/* alerts/ID.json; final: also synced to disk. 0 or -errno (-EINVAL: id is no file name). */
int spool_write_alert(struct spool *spool, const char *id, const json_t *doc, bool final);
/* A durable file clues/STEM.json, or STEM.2.json ... when it exists. */
int spool_write_clue(struct spool *spool, const char *stem, const json_t *doc);
/* The same into any folder, for clues that belong to no agency; makes the folder (its parent must exist). */
int spool_write_clue_in(const char *dir, const char *stem, const json_t *doc);
size_t spool_unwritten(const struct spool *spool); /* results that wait for space */
