/* A book over a map of 40 cells and 400 residents, with a dispatch, a store and no link but its name. */
#pragma once
#include "gateway/book.h"
#include "gateway/store.h"

enum { BED_CELLS = 40, BED_PEOPLE = 400, BED_WINDOW = 8 };
enum { BED_SMS_A, BED_SMS_B, BED_BSC, BED_LINKS };

struct bed {
	void *ctx;
	struct cell cells[BED_CELLS];
	struct conf conf;
	struct conf_agency agency;
	struct conf_carrier carrier;
	struct conf_network net;
	struct conf_link links[BED_LINKS];
	struct conf_ring rings[2];
	struct conf_type type;
	struct mapset *maps;
	struct dispatch *d;
	struct book *book;
	struct store *store;
	int64_t now;
	struct alert_text texts[2];
	char path[64];
	const char *missing; /* a link that the gateway has not */
};

int bed_up(void **state);
int bed_down(void **state);
uint64_t bed_us(const struct bed *b); /* monotonic */
/* A trigger of case "c", its circle 100 km: ten cells, a hundred people. Child of the bed. */
struct trigger *bed_trigger(struct bed *b, enum trigger_action action, const char *case_number);
struct alert *bed_alert(struct bed *b, const char *case_number); /* drafted, stored, entered */
void bed_store(struct bed *b, struct alert *a);
/* Lets a link send at most so many units, each answered so; how many it sent. */
uint32_t bed_serve(struct bed *b, uint16_t link, uint32_t max, enum outcome outcome);
void bed_serve_all(struct bed *b);
void bed_settle(struct bed *b); /* all that can be written is written */
/* As after kill -9: a new dispatch and book from the store. rc of the first document that fails. */
int bed_crash(struct bed *b, char *err, size_t err_len);
struct book_job *bed_job(const struct alert *a, size_t wording, size_t ring, enum group_kind kind);
struct unit_sums bed_sums(const struct alert *a, size_t wording, size_t ring);
/* Of case "c": as book_update() and book_recall(), not stored. */
int bed_update(struct bed *b, struct alert *a);
int bed_recall(struct bed *b, struct alert *a);
uint64_t bed_waiting(const struct alert *a, size_t wording); /* units of the first area */
int bed_grow(struct bed *b, struct alert *a); /* begins the ring that is due and makes it durable; its number, or < 0 */
