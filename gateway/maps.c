#include "gateway/maps.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/build.h"
#include "cellmap/health.h"
#include "cellmap/moved.h"
#include "cellmap/outfile.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#define HEAD 4096 /* octets of a file, its header among them */

static int mapset_destroy(struct mapset *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->subs[i].subs)
			subs_close(set->subs[i].subs);
	if (set->map.map)
		cellmap_close(set->map.map);
	return 0;
}

static struct mapset *mapset_new(void *ctx, size_t n)
{
	struct mapset *set = talloc_zero(ctx, struct mapset);

	OSMO_ASSERT(set);
	set->n = n;
	set->subs = talloc_zero_array(set, struct subsref, n + 1);
	set->plain = talloc_zero_array(set, struct subs *, n + 1);
	OSMO_ASSERT(set->subs && set->plain);
	talloc_set_destructor(set, mapset_destroy);
	return set;
}

static int set_subs(struct mapset *set, size_t i, const char *path, char *err, size_t err_len)
{
	int rc = subs_open(set, path, &set->subs[i].subs, err, err_len);

	if (rc < 0)
		return rc;
	set->subs[i].checksum = subs_checksum(set->subs[i].subs);
	set->subs[i].path = talloc_strdup(set, path);
	rc = subs_resolve(set->subs[i].subs, set->map.map, &set->subs[i].unresolved);
	if (rc < 0) {
		snprintf(err, err_len, "%s: cannot be tied to the cell map: %s; build it again with `reunion subscribers build`",
			 path, strerror(-rc));
		return rc;
	}
	if (set->subs[i].unresolved)
		LOGP(DCONF, LOGL_NOTICE, "%s: %" PRIu64 " subscribers have no cell in the map\n", path, set->subs[i].unresolved);
	set->plain[i] = set->subs[i].subs;
	return 0;
}

static int set_map(struct mapset *set, const char *path, char *err, size_t err_len)
{
	int rc = cellmap_open(set, path, &set->map.map, err, err_len);

	if (rc < 0)
		return rc;
	set->map.checksum = cellmap_checksum(set->map.map);
	set->map.path = talloc_strdup(set, path);
	return 0;
}

int maps_open(void *ctx, const struct conf *conf, struct mapset **out, char *err, size_t err_len)
{
	struct mapset *set = mapset_new(ctx, conf->n_carriers);
	int rc = set_map(set, conf->cellmap.map, err, err_len);

	for (size_t i = 0; rc == 0 && i < conf->n_carriers; i++)
		if (conf->carriers[i].subscribers)
			rc = set_subs(set, i, conf->carriers[i].subscribers, err, err_len);
	if (rc < 0) {
		talloc_free(set);
		return rc;
	}
	*out = set;
	return 0;
}

static void kept_path(char *out, size_t len, const char *state, uint64_t sum, const char *ending)
{
	snprintf(out, len, "%s/maps/%016" PRIx64 ".%s", state, sum, ending);
}

/* Is the file at path these octets? Their headers hold the sums of all the rest. */
static bool same_file(const char *path, const void *octets, size_t len)
{
	uint8_t head[HEAD];
	size_t want = OSMO_MIN(len, sizeof(head));
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == len &&
		    pread(fd, head, want, 0) == (ssize_t)want && !memcmp(head, octets, want);

	if (fd >= 0)
		close(fd);
	return same;
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int write_copy(const char *to, const void *octets, size_t len, char *err, size_t err_len)
{
	struct outfile *copy;
	int rc = outfile_open(NULL, to, &copy, err, err_len);

	if (rc < 0)
		return rc;
	rc = outfile_write(copy, octets, len, -1, err, err_len);
	if (rc == 0)
		return outfile_commit(copy, err, err_len);
	talloc_free(copy);
	return rc;
}

/* What is open is to be kept. A table of the next night may have its path by now, or the path is on another file system: then
 * its octets are copied. */
static int keep_one(const char *from, const void *octets, size_t len, const char *to, bool *fresh, char *err, size_t err_len)
{
	if (same_file(to, octets, len))
		return 0;
	*fresh = true;
	if (link(from, to) == 0 && same_file(to, octets, len))
		return 0;
	return write_copy(to, octets, len, err, err_len);
}

static int keep_folder(const char *state, char *err, size_t err_len)
{
	char path[4096];
	int rc;

	snprintf(path, sizeof(path), "%s/maps", state);
	rc = mkdir(path, 0750) < 0 && errno != EEXIST ? -errno : 0;
	if (rc < 0)
		snprintf(err, err_len, "%s: cannot be made: %s", path, strerror(-rc));
	return rc;
}

int maps_keep(const struct mapset *set, const char *state, char *err, size_t err_len)
{
	char path[4096];
	const void *octets;
	bool fresh = false;
	size_t len;
	int rc;

	rc = keep_folder(state, err, err_len);
	if (rc < 0)
		return rc;
	kept_path(path, sizeof(path), state, set->map.checksum, "map");
	octets = cellmap_octets(set->map.map, &len);
	rc = keep_one(set->map.path, octets, len, path, &fresh, err, err_len);
	for (size_t i = 0; rc == 0 && i < set->n; i++) {
		if (!set->subs[i].subs)
			continue;
		kept_path(path, sizeof(path), state, set->subs[i].checksum, "subs");
		octets = subs_octets(set->subs[i].subs, &len);
		rc = keep_one(set->subs[i].path, octets, len, path, &fresh, err, err_len);
	}
	/* An alert that a power cut leaves without its map could not go on. */
	snprintf(path, sizeof(path), "%s/maps", state);
	if (rc == 0 && fresh) {
		rc = sync_folder(path);
		rc = rc < 0 ? rc : sync_folder(state);
		if (rc < 0)
			snprintf(err, err_len, "%s: cannot be synced: %s", path, strerror(-rc));
	}
	return rc;
}

void maps_copy(const struct mapset *set, const char *state)
{
	char path[4096], err[512];
	const void *octets;
	struct stat st;
	size_t len;

	if (keep_folder(state, err, sizeof(err)) < 0)
		return;
	for (size_t i = 0; i < set->n; i++) {
		if (!set->subs[i].subs)
			continue;
		kept_path(path, sizeof(path), state, set->subs[i].checksum, "subs");
		octets = subs_octets(set->subs[i].subs, &len);
		if (!same_file(path, octets, len) || stat(path, &st) < 0 || st.st_nlink > 1)
			write_copy(path, octets, len, err, sizeof(err));
	}
}

/* Planned from another file, an alert's lists would be none of those that the ledger speaks of. */
static int check_kept(const char *path, uint64_t sum, uint64_t wanted, char *err, size_t err_len)
{
	if (sum == wanted)
		return 0;
	snprintf(err, err_len,
		 "%s: is another file, of checksum %016" PRIx64 ", than the one that a running alert was planned with; put that one back "
		 "under this name",
		 path, sum);
	return -EBADMSG;
}

int maps_open_kept(void *ctx, const char *state, uint64_t map_sum, const uint64_t *subs_sums, size_t n, struct mapset **out,
		   char *err, size_t err_len)
{
	struct mapset *set = mapset_new(ctx, n);
	char path[4096];
	int rc;

	kept_path(path, sizeof(path), state, map_sum, "map");
	rc = set_map(set, path, err, err_len);
	if (rc == 0)
		rc = check_kept(path, set->map.checksum, map_sum, err, err_len);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!subs_sums[i])
			continue;
		kept_path(path, sizeof(path), state, subs_sums[i], "subs");
		rc = set_subs(set, i, path, err, err_len);
		if (rc == 0)
			rc = check_kept(path, set->subs[i].checksum, subs_sums[i], err, err_len);
	}
	if (rc < 0) {
		talloc_free(set);
		return rc;
	}
	*out = set;
	return 0;
}

static bool wanted(const char *name, const uint64_t *keep, size_t n)
{
	uint64_t sum;

	if (sscanf(name, "%16" SCNx64, &sum) != 1)
		return true; /* not ours: leave it */
	for (size_t i = 0; i < n; i++)
		if (keep[i] == sum)
			return true;
	return false;
}

void maps_sweep(const char *state, const uint64_t *keep, size_t n)
{
	char path[4096];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/maps", state);
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && !wanted(e->d_name, keep, n))
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

bool maps_stale(const struct conf *conf)
{
	struct stat map, table;

	if (stat(conf->cellmap.map, &map) < 0)
		return true;
	for (size_t i = 0; i < conf->cellmap.n_tables; i++)
		if (stat(conf->cellmap.tables[i].file, &table) == 0 &&
		    (table.st_mtim.tv_sec > map.st_mtim.tv_sec ||
		     (table.st_mtim.tv_sec == map.st_mtim.tv_sec && table.st_mtim.tv_nsec > map.st_mtim.tv_nsec)))
			return true;
	return false;
}

bool maps_other(const struct conf *conf, const struct mapset *set)
{
	struct cellmap *map;
	char err[512];
	bool other;

	if (cellmap_open(NULL, conf->cellmap.map, &map, err, sizeof(err)) < 0)
		return false; /* whoever opens it next will say so */
	other = cellmap_checksum(map) != set->map.checksum;
	cellmap_close(map);
	return other;
}

void maps_warn(const char *path, const struct cellmap *old)
{
	struct cellmap *map;
	struct health health;
	struct health_warnings w = {.n = 0};
	struct moved moved;
	char text[256];

	if (cellmap_open(NULL, path, &map, text, sizeof(text)) < 0)
		return;
	if (cellmap_health(map, &health) == 0)
		health_tell(map, &health, clock_wall_s(), &w);
	for (int i = 0; i < w.n; i++)
		LOGP(DCONF, LOGL_NOTICE, "%s: warning: %s\n", path, w.text[i]);
	if (old && moved_compare(old, map, MOVED_KM * 1000, &moved) == 0 &&
	    moved_text(map, &moved, MOVED_KM * 1000, text, sizeof(text)))
		LOGP(DCONF, LOGL_NOTICE, "%s: warning: %s\n", path, text);
	cellmap_close(map);
}

int maps_build_if_stale(const struct conf *conf, char *err, size_t err_len)
{
	size_t n = conf->cellmap.n_tables;
	struct cellmap_table *tables;
	struct cellmap_build_options options = {.strict = true, .permille = conf->cellmap.strict};
	struct cellmap_report report = {0};
	struct cellmap *old = NULL;
	int rc = 0;

	if (n == 0 || !maps_stale(conf))
		return 0;
	tables = talloc_zero_array(NULL, struct cellmap_table, n);
	OSMO_ASSERT(tables);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct conf_table *t = &conf->cellmap.tables[i];
		int datum = geo_datum_parse(t->datum ? t->datum : "wgs84");

		tables[i] = (struct cellmap_table){.path = t->file, .columns = t->columns, .datum = datum, .priority = n - i};
		rc = datum < 0 ? datum : 0;
	}
	if (cellmap_open(NULL, conf->cellmap.map, &old, err, err_len) < 0)
		old = NULL; /* missing, or of another version: nothing to compare with */
	if (rc == 0)
		rc = cellmap_build(conf->cellmap.map, tables, n, &options, &report, err, err_len);
	else
		snprintf(err, err_len, "%s: a table has an unknown datum", conf->file);
	talloc_free(tables);
	if (rc == 0) {
		LOGP(DCONF, LOGL_NOTICE, "%s built: %" PRIu64 " rows read, %" PRIu64 " cells kept, %" PRIu64 " merged, %" PRIu64 " dropped\n",
		     conf->cellmap.map, report.rows_read, report.kept, report.merged, cellmap_report_dropped(&report));
		maps_warn(conf->cellmap.map, old);
	}
	cellmap_close(old);
	return rc;
}
