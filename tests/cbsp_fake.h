/* A small dispatch and alert side in memory, with which tests and the fuzz target drive the CBSP
 * link alone. */
#pragma once
#include "gateway/cbsp.h"
#include "gateway/link.h"

#define FAKE_JOBS  4
#define FAKE_UNITS 64

struct fake_job {
	struct dispatch_job pub; /* first */
	struct payload payload;
	enum unit_state unit[FAKE_UNITS];
	uint32_t answers[FAKE_UNITS]; /* how often answered */
	enum outcome last[FAKE_UNITS];
};

struct dispatch {
	struct fake_job job[FAKE_JOBS];
	size_t n_jobs;
	bool up;
};

struct fake {
	struct dispatch dispatch;
	struct conf_link cfg;
	struct conf_carrier carrier;
	struct link_env env;
	struct payload_ops payload;
	struct link *link;
	uint64_t now_us;
	unsigned int connects, closes, events[5];
	char last_event[256];
	bool open;
	struct dead_letter dead[FAKE_UNITS]; /* as told, oldest first */
	size_t n_dead;
	bool no_such_cell;
	uint8_t sent[1 << 17]; /* what the link wrote, not yet looked at */
	size_t sent_len;
	uint8_t frame[1 << 17];
	struct cbsp_msg msg;
};

void fake_init(struct fake *f, void *ctx); /* cfg is filled with defaults: change it, then fake_create() */
void fake_create(struct fake *f, void *ctx);
/* A running job of n cells: CI 100, 101, ... in LAC 1 of 460-00, with n_texts texts 4379 + t of serial
 * 0x4010. */
struct fake_job *fake_job(struct fake *f, unsigned int n, unsigned int n_texts);
void fake_run(struct fake *f, uint64_t us); /* time passes; ticks when the link asks for it */
void fake_input(struct fake *f, const uint8_t *data, size_t len);
void fake_collect(struct fake *f); /* the link's output to `sent` */
bool fake_next(struct fake *f);    /* the next message the link sent, in msg; false = none */
unsigned int fake_count(const struct fake_job *j, enum unit_state s);
