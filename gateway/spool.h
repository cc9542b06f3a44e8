/* spool: one agency's folder, the edge where trigger files come in and results go out.
 *
 *   NAME.trigger[.minisig]   dropped by rename or by write-and-close; NAME.xml likewise
 *   claimed/                 taken over by rename; what is found in it at start is handed out again
 *   accepted/, rejected/     the file with its NAME.result.json (never overwritten: NAME.2.trigger ...)
 *   alerts/ID.json, ID.cells.csv, clues/   what becomes of an alert, and what the public says
 *
 * inotify and a rescan every 5 s (lost events, network file systems). Symlinks, FIFOs, devices, folders and
 * files with more than one link are never opened: they stay, with a line in the log (many: one for all). A name of more
 * than 128 octets, with control characters or that is not UTF-8 is claimed under a harmless one, with trouble. Times are now_us, monotonic; the
 * caller watches spool_fd(). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_MAX_OCTETS  65536    /* of a trigger */
#define SPOOL_SIG_WAIT_US 2000000  /* for a .minisig */
#define SPOOL_SETTLE_US   2000000  /* a file that only a scan has seen must not have changed for so long */
#define SPOOL_WRITING_US  10000000 /* the same while its writer was never seen to close it */
#define SPOOL_RESCAN_US   5000000
#define SPOOL_DEFER_US    2000000 /* before a deferred trigger is handed out again */
#define SPOOL_MAX_OUT     64      /* items handed out and not decided; then no more are claimed */
#define SPOOL_RETRY_US    1000000 /* before a result that could not be written is tried again */

struct spool;

struct spool_item {
	struct spool *spool;
	char *name;    /* as in claimed/: NAME.trigger or NAME.xml */
	uint8_t *data; /* at most SPOOL_MAX_OCTETS + 1 octets (one more than allowed: too large); may be NULL
			  with trouble */
	size_t len;
	uint8_t *sig; /* NULL: none came */
	size_t sig_len;
	const char *trouble; /* why it must be rejected whatever it says (name, size, not readable); NULL:
				nothing */
	bool leftover;       /* claimed before a restart */
	bool again;          /* handed out before and deferred */
};

enum spool_decision { SPOOL_ACCEPTED, SPOOL_REJECTED, SPOOL_DUPLICATE, SPOOL_DEFERRED };

struct spool_ops {
	/* A trigger was claimed. Decide now or later with spool_finish(); the item lives until then. */
	void (*claimed)(void *arg, struct spool_item *item);
};

/* Makes the folders below dir (which must exist). 0, or -errno after a line in the log. Freed with
 * talloc_free(). */
int spool_open(void *ctx, const char *dir, const struct spool_ops *ops, void *arg, struct spool **spool);
/* Whether a trigger without .minisig waits SPOOL_SIG_WAIT_US for it; at first it does. */
void spool_wait_signature(struct spool *spool, bool wait);
/* false: nothing more is claimed there, what is claimed is still finished; true: as at first. */
void spool_watch(struct spool *spool, bool on);
int spool_fd(const struct spool *spool); /* readable: call spool_ready() */
void spool_ready(struct spool *spool, uint64_t now_us);
/* Does what is due; returns when to be called again. */
uint64_t spool_tick(struct spool *spool, uint64_t now_us);
/* ACCEPTED moves the file to accepted/, REJECTED and DUPLICATE to rejected/, each with result (borrowed)
 * beside it; DEFERRED puts it back into the spool, to be handed out again after SPOOL_DEFER_US. 0; or -errno
 * when the result could not be written (full disk): then the file stays in claimed/ and spool_tick() tries
 * again. The item is gone either way. */
int spool_finish(struct spool_item *item, enum spool_decision decision, const json_t *result,
		 uint64_t now_us);
void spool_retry(struct spool *spool);             /* the store is back: deferred triggers are due now */
size_t spool_unwritten(const struct spool *spool); /* results that wait for space */
/* alerts/ID.json, synced to disk once its "state" is no more "running". 0 or -errno (-EINVAL: id is no file
 * name). */
int spool_alert_file(struct spool *spool, const char *id, const json_t *doc);
/* alerts/ID.cells.csv, synced. Likewise. */
int spool_cells_file(struct spool *spool, const char *id, const char *text, size_t len);
/* A durable file in clues/, named by the clue's "received_at", "link" and content. 0 or -errno. */
int spool_clue(struct spool *spool, const json_t *clue);
/* The same in DIR/clues/, for clues that belong to no agency; makes that folder. */
int spool_clue_in(const char *dir, const json_t *clue);
