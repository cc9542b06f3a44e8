#include "gateway/plan_svg.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "cellmap/outfile.h"
#include "cellmap/svg.h"

/* All networks of all carriers. */
static struct cell_network *networks(void *ctx, const struct conf *conf, size_t *n)
{
	struct cell_network *list = NULL;

	*n = 0;
	for (size_t c = 0; c < conf->n_carriers; c++)
		for (size_t i = 0; i < conf->carriers[c].n_networks; i++) {
			list = talloc_realloc(ctx, list, struct cell_network, *n + 1);
			OSMO_ASSERT(list);
			list[(*n)++] = (struct cell_network){.mcc = conf->carriers[c].networks[i].mcc,
							     .mnc = conf->carriers[c].networks[i].mnc};
		}
	return list;
}

/* The carrier of each of the map's networks, by name. */
static const char **names(void *ctx, const struct plan_dry *d)
{
	const struct cell_network *list;
	size_t n = cellmap_networks(d->map, &list);
	const char **name = talloc_zero_array(ctx, const char *, n + 1);

	OSMO_ASSERT(name);
	for (size_t i = 0; i < n; i++) {
		name[i] = talloc_asprintf(name, "%u-%02u", list[i].mcc, list[i].mnc);
		for (size_t c = 0; c < d->conf->n_carriers; c++)
			for (size_t k = 0; k < d->conf->carriers[c].n_networks; k++)
				if (d->conf->carriers[c].networks[k].mcc == list[i].mcc &&
				    d->conf->carriers[c].networks[k].mnc == list[i].mnc)
					name[i] = talloc_asprintf(
						name, "%s %u-%0*u", d->conf->carriers[c].name, list[i].mcc,
						d->conf->carriers[c].networks[k].mnc_digits, list[i].mnc);
	}
	return name;
}

static struct svg_ring *rings(void *ctx, const struct plan_dry *d, size_t *n)
{
	struct svg_ring *ring = talloc_zero_array(ctx, struct svg_ring, d->in.n_rings + 1);

	OSMO_ASSERT(ring);
	ring[0].radius_m = d->in.radius_km * 1000;
	for (size_t i = 0; i < d->in.n_rings; i++)
		ring[i + 1].radius_m = d->in.rings[i].radius_km * 1000;
	*n = d->in.n_rings + 1;
	return ring;
}

static struct cell_span *spans(void *ctx, const struct plan_dry *d, size_t *n)
{
	size_t n_networks, max;
	struct cell_query q = {.lat = d->in.lat,
			       .lon = d->in.lon,
			       .radius_m = d->in.radius_km * 1000,
			       .select = d->in.select,
			       .max_range_m = d->in.max_range_m,
			       .networks = networks(ctx, d->conf, &n_networks)};
	struct cell_span *span;

	q.n_networks = n_networks;
	max = cellmap_max_spans(d->map, &q);
	span = talloc_array(ctx, struct cell_span, max + 1);
	OSMO_ASSERT(span);
	return cellmap_query(d->map, &q, span, max, n) == 0 ? span : NULL;
}

static int write_it(int fd, const struct svg_picture *picture)
{
	int copy = dup(fd), rc;
	FILE *f = copy < 0 ? NULL : fdopen(copy, "w");

	if (!f)
		return -errno;
	rc = svg_write(f, picture);
	return fclose(f) == 0 ? rc : -EIO;
}

int plan_svg(const struct plan_dry *d, const char *file, char *err, size_t err_len)
{
	void *ctx = talloc_new(NULL);
	struct svg_picture picture = {
		.lat = d->in.lat, .lon = d->in.lon, .map = d->map, .title = d->trigger->case_number};
	struct outfile *out;
	int rc;

	picture.rings = rings(ctx, d, &picture.n_rings);
	picture.spans = spans(ctx, d, &picture.n_spans);
	picture.names = names(ctx, d);
	rc = outfile_open(ctx, file, &out, err, err_len);
	if (rc == 0) {
		rc = picture.spans ? write_it(outfile_fd(out), &picture) : -EBADMSG;
		if (rc < 0)
			snprintf(err, err_len, "%s: cannot be drawn: %s", file,
				 rc == -EBADMSG ? "the cell map is damaged" : strerror(-rc));
		else
			rc = outfile_commit(out, err, err_len);
	}
	talloc_free(ctx);
	return rc;
}
