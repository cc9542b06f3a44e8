#include "tests/book_bed.h"
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/subs_build.h"
#include "gateway/subs_format.h"
#include "tests/plan_map.h"

static struct bed *world; /* for maps_open_kept() below */

static struct mapset *mapset(const struct cellmap *map, struct subs *subs)
{
	struct mapset *m = talloc_zero(NULL, struct mapset);

	m->map = (struct mapref){.map = (struct cellmap *)map, .checksum = cellmap_checksum(map)};
	m->subs = talloc_zero_array(m, struct subsref, 2);
	m->subs[0] = (struct subsref){.subs = subs, .checksum = subs_checksum(subs)};
	m->plain = talloc_zero_array(m, struct subs *, 2);
	m->plain[0] = subs;
	m->n = 1;
	return m;
}

/* In place of the files that a gateway keeps. */
int maps_open_kept(void *ctx, const char *state, uint64_t map_sum, const uint64_t *subs_sums, size_t n, struct mapset **set, char *err,
		   size_t err_len)
{
	if (map_sum != world->maps->map.checksum || (subs_sums[0] && subs_sums[0] != world->maps->subs[0].checksum)) {
		snprintf(err, err_len, "no such map");
		return -ENOENT;
	}
	*set = mapset(world->maps->map.map, world->maps->plain[0]);
	if (subs_sums[0] == 0) { /* a carrier that the alert does not know */
		(*set)->plain[0] = NULL;
		(*set)->subs[0] = (struct subsref){0};
	}
	return 0;
}

static int link_index(void *arg, const char *name)
{
	const struct bed *b = arg;

	for (int i = 0; i < BED_LINKS; i++)
		if (!strcmp(b->links[i].name, name) && (!b->missing || strcmp(b->missing, name)))
			return i;
	return -ENOENT;
}

uint64_t bed_us(const struct bed *b)
{
	return (uint64_t)(b->now - 999000) * 1000000;
}

static void new_process(struct bed *b)
{
	b->d = dispatch_new(b->ctx);
	for (int i = 0; i < BED_LINKS; i++) {
		dispatch_add_link(b->d, b->links[i].name, BED_WINDOW, 0, 5);
		dispatch_link_up(b->d, i, true, bed_us(b));
	}
	b->book = book_new(b->ctx, b->d, link_index, b);
}

static struct subs *people(struct bed *b, const struct cellmap *map)
{
	struct subs_builder *s = subs_builder_new(b->ctx, map);
	struct subs_build_sums sums;
	struct subs *subs;
	char text[16], err[256];

	for (uint32_t i = 0; i < BED_PEOPLE; i++) {
		uint64_t number;

		snprintf(text, sizeof(text), "86%09u", i);
		assert_true(subs_number_parse(text, strlen(text), &number));
		assert_int_equal(subs_builder_add(s, number, &b->cells[i % BED_CELLS].id), 0);
	}
	snprintf(b->path, sizeof(b->path), "/tmp/reunion-book.%d.subs", (int)getpid());
	assert_int_equal(subs_builder_write(s, b->path, &sums, err, sizeof(err)), 0);
	assert_int_equal(subs_open(b->ctx, b->path, &subs, err, sizeof(err)), 0);
	assert_int_equal(subs_resolve(subs, map, NULL), 0);
	return subs;
}

static void configure(struct bed *b)
{
	b->net = (struct conf_network){460, 0, 2};
	b->links[0] = (struct conf_link){.name = "a", .type = LINK_SMPP, .rate = 100, .window = 1000, .gsm7 = true};
	b->links[1] = b->links[0];
	b->links[1].name = "b";
	b->links[2] = (struct conf_link){.name = "bsc", .type = LINK_CBSP, .rate = 10, .window = 4, .cells_per_request = 500};
	b->carrier = (struct conf_carrier){.name = "cm", .networks = &b->net, .n_networks = 1, .links = b->links, .n_links = BED_LINKS};
	b->agency = (struct conf_agency){.name = "police", .max_radius_km = 100, .max_ring_km = 300};
	b->rings[0] = (struct conf_ring){3600, 200};
	b->rings[1] = (struct conf_ring){7200, 300};
	b->type = (struct conf_type){.name = "missing-child", .radius_km = 100, .deadline_s = 3600, .lifetime_s = 86400,
				     .repetition_s = 60, .rings = b->rings, .n_rings = 2};
	b->conf = (struct conf){.carriers = &b->carrier, .n_carriers = 1, .agencies = &b->agency, .n_agencies = 1, .types = &b->type,
				.n_types = 1, .cellmap = {.select = SELECT_SITE}};
	b->texts[0] = (struct alert_text){"zh", 4379, "寻人", "寻人", "已找到", 4381};
	b->texts[1] = (struct alert_text){"en", 4392, "Missing", "Missing", "Found", 4394};
}

int bed_up(void **state)
{
	struct bed *b = talloc_zero(NULL, struct bed);
	struct cellmap *map;
	char err[80];

	b->ctx = world = b;
	b->now = 1000000;
	for (uint32_t i = 0; i < BED_CELLS; i++)
		b->cells[i] = (struct cell){.id = {.cell = 1 + i, .area = 100 + i / 10, .mcc = 460, .radio = CELL_GSM},
					    .lat = 40,
					    .lon = 116 + (10 * i + 5) / 111.2 / cos(40 * M_PI / 180),
					    .range_m = i == 10 ? 6000 : 0, /* 105 km away, it covers what is 99 km away */
					    .addressable = true};
	map = plan_map_new(b, b->cells, BED_CELLS, 99);
	configure(b);
	b->maps = mapset(map, people(b, map));
	b->maps->uses = 1;
	assert_int_equal(store_open(b, "memory:", &b->store, err, sizeof(err)), 0);
	new_process(b);
	*state = b;
	return 0;
}

int bed_down(void **state)
{
	struct bed *b = *state;
	struct mapset *maps = b->maps;

	unlink(b->path);
	talloc_free(b);
	talloc_free(maps);
	return 0;
}

struct trigger *bed_trigger(struct bed *b, enum trigger_action action, const char *case_number)
{
	struct trigger *t = talloc_zero(b, struct trigger);
	static uint8_t serial;

	*t = (struct trigger){.agency = "police", .case_number = talloc_strdup(t, case_number), .type = "missing-child", .action = action,
			      .reported_at = b->now, .has_location = true, .lat = 40, .lon = 116, .radius_km = 100, .texts = b->texts,
			      .n_texts = 2, .conf_type = &b->type, .digest = {++serial}};
	return t;
}

static int apply(struct bed *b, struct store_batch *batch)
{
	int rc = b->store->ops->apply(b->store, batch->recs, batch->n);

	talloc_free(batch);
	return rc;
}

void bed_store(struct bed *b, struct alert *a)
{
	struct store_batch *batch = store_batch_new(b);

	book_alert_record(b->book, a, batch);
	assert_int_equal(apply(b, batch), 0);
}

struct alert *bed_alert(struct bed *b, const char *case_number)
{
	struct reasons reasons = {0};
	struct alert *a;

	assert_int_equal(book_draft(b->book, &b->conf, b->maps, bed_trigger(b, ACTION_ALERT, case_number), b->now, &a, &reasons), 0);
	bed_store(b, a);
	book_enter(b->book, a, bed_us(b), b->now);
	return a;
}

void bed_settle(struct bed *b)
{
	for (;;) {
		struct store_batch *batch = store_batch_new(b);
		uint64_t tag;
		int rc;

		dispatch_run(b->d, bed_us(b));
		if (!dispatch_take_batch(b->d, batch)) {
			talloc_free(batch);
			return;
		}
		tag = batch->tag;
		rc = apply(b, batch);
		dispatch_batch_done(b->d, tag, rc, bed_us(b));
	}
}

uint32_t bed_serve(struct bed *b, uint16_t link, uint32_t max, enum outcome outcome)
{
	struct handed h;
	uint32_t n = 0;

	for (bed_settle(b); n < max && dispatch_next(b->d, link, bed_us(b), &h); n++) {
		dispatch_answer(b->d, link, h.job, h.unit, outcome, bed_us(b));
		bed_settle(b);
	}
	return n;
}

void bed_serve_all(struct bed *b)
{
	uint32_t n;

	do {
		n = 0;
		for (int l = 0; l < BED_LINKS; l++)
			n += bed_serve(b, l, UINT32_MAX, OUT_ACCEPTED);
	} while (n > 0);
}

static int load_chunk(void *arg, const struct store_rec *rec)
{
	struct bed *b = arg;
	struct dispatch_job *job;
	uint64_t id;
	uint32_t no;

	assert_int_equal(dispatch_key_parse(rec->key, &id, &no), 0);
	job = dispatch_job(b->d, id);
	return job ? dispatch_load_chunk(b->d, job, no, rec->value, rec->len, rec->epoch) : 0;
}

/* Only the chunks of the job that is being made. */
struct of_job {
	struct bed *b;
	struct dispatch_job *job;
};

static int load_of_job(void *arg, const struct store_rec *rec)
{
	struct of_job *o = arg;
	uint64_t id;
	uint32_t no;

	assert_int_equal(dispatch_key_parse(rec->key, &id, &no), 0);
	return id == o->job->spec.id ? load_chunk(o->b, rec) : 0;
}

static int chunks(void *arg, struct dispatch_job *job)
{
	struct bed *b = arg;
	struct of_job o = {b, job};

	return b->store->ops->load(b->store, STORE_CHUNK, load_of_job, &o);
}

struct restoring {
	struct bed *b;
	char *err;
	size_t err_len;
};

static int load_alert(void *arg, const struct store_rec *rec)
{
	struct restoring *r = arg;
	int rc = book_restore(r->b->book, &r->b->conf, "", rec->value, rec->len, r->b->now, bed_us(r->b), chunks, r->b, r->err, r->err_len);

	return rc < 0 ? rc : 0;
}

static int load_serial(void *arg, const struct store_rec *rec)
{
	struct bed *b = arg;

	book_serial(b->book, atoi(rec->key), atoi(talloc_strndup(b, rec->value, rec->len)));
	return 0;
}

int bed_crash(struct bed *b, char *err, size_t err_len)
{
	struct restoring r = {b, err, err_len};

	talloc_free(b->book);
	talloc_free(b->d);
	new_process(b);
	assert_int_equal(b->store->ops->load(b->store, STORE_SERIAL, load_serial, b), 0);
	return b->store->ops->load(b->store, STORE_ALERT, load_alert, &r);
}

struct book_job *bed_job(const struct alert *a, size_t wording, size_t ring, enum group_kind kind)
{
	struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		if (j->wording == wording && j->ring == ring && book_group(j)->kind == kind)
			return j;
	return NULL;
}

struct unit_sums bed_sums(const struct alert *a, size_t wording, size_t ring)
{
	struct unit_sums sums = {0};
	const struct book_job *j;

	llist_for_each_entry(j, &a->jobs, entry)
		if (j->wording == wording && j->ring == ring)
			for (int s = 0; s < UNIT_STATES; s++)
				sums.n[s] += j->job->sums.n[s];
	return sums;
}

int bed_update(struct bed *b, struct alert *a)
{
	struct reasons reasons = {0};
	int rc = book_update(b->book, a, bed_trigger(b, ACTION_UPDATE, "c"), b->now, bed_us(b), &reasons);

	assert_int_equal(rc < 0, reasons.n > 0);
	return rc;
}

int bed_recall(struct bed *b, struct alert *a)
{
	return book_recall(b->book, a, "found", b->now, bed_us(b));
}

uint64_t bed_waiting(const struct alert *a, size_t wording)
{
	return bed_sums(a, wording, 0).n[UNIT_WAITING];
}

int bed_grow(struct bed *b, struct alert *a)
{
	int ring = book_ring_begin(b->book, a, b->now);

	if (ring < 0)
		return ring;
	bed_store(b, a);
	book_ring_enter(b->book, a, ring, 0, b->now, bed_us(b));
	return ring;
}
