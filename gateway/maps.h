/* maps: cell maps and subscriber files in use. An alert keeps the very files it was planned with until it ends, also over
 * reloads and restarts: each is kept in the state directory under its checksum (a hard link, or a copy), whatever lies at its own path by then. */
#pragma once
#include "gateway/conf.h"
#include "gateway/subs.h"

struct mapref {
	struct cellmap *map;
	uint64_t checksum;
	char *path; /* where it was opened: as configured, or the kept one */
};

struct subsref {
	struct subs *subs;
	uint64_t checksum;
	uint64_t unresolved;
	char *path;
};

/* One consistent set: a map and, per carrier of conf, its subscribers (or NULL) tied to that map. */
struct mapset {
	struct mapref map;
	struct subsref *subs; /* [n_carriers] */
	struct subs **plain;  /* the same, as the planner wants it */
	size_t n;
	unsigned int uses;
};

/* Builds the configured map when it is missing or older than a table, and logs what is unhealthy about the new one and what
 * moved since the old one (blocks; progress on a terminal). */
int maps_build_if_stale(const struct conf *conf, char *err, size_t err_len);
bool maps_stale(const struct conf *conf);
bool maps_other(const struct conf *conf, const struct mapset *set); /* is the configured map another than the set's? */
/* Logs what should make the keeper of a map think; old is the one before it, or NULL. Reads the whole map. */
void maps_warn(const char *path, const struct cellmap *old);
/* Opens the configured map and subscribers. Sets that alerts share have no parent (ctx NULL): the last user frees them (uses). */
int maps_open(void *ctx, const struct conf *conf, struct mapset **set, char *err, size_t err_len);
/* Keeps the set's files under dir/maps; called before an alert that uses it is accepted. */
int maps_keep(const struct mapset *set, const char *state_directory, char *err, size_t err_len);
/* Makes copies of the kept subscriber files that are the carriers' own under another name: they may be written over in place. Takes
 * its time; for a thread that has it. The set must last. What cannot be copied stays as it is. */
void maps_copy(const struct mapset *set, const char *state_directory);
/* Opens a kept set again: subs_sums[i] = 0 where a carrier had none. -EBADMSG: a file is not the one of its name. */
int maps_open_kept(void *ctx, const char *state_directory, uint64_t map_sum, const uint64_t *subs_sums, size_t n,
		   struct mapset **set, char *err, size_t err_len);
/* Removes kept files whose checksum is not in keep[]. */
void maps_sweep(const char *state_directory, const uint64_t *keep, size_t n);
