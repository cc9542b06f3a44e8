/* What the files of sim_alerts share. */
#pragma once
#include "gateway/book.h"
#include "gateway/store.h"
#include "tests/sim_alerts.h"

enum { CELLS = 64, PEOPLE = 192, KEYS = PEOPLE + CELLS, VERSIONS = 4, ALERTS = 10, RINGS = 3, WORDINGS = 8, LINKS = 3, WINDOW_MAX = 60 };
#define SEC	UINT64_C(1000000)
#define WALL_US INT64_C(1700000000000000) /* the wall clock at time 0, before anybody sets it */
#define SLACK	(3 * SEC)		  /* the wall is read in whole seconds, and looked at once a second */

/* Maps and subscribers, made once: each version has other cells, and people who live elsewhere. */
struct universe {
	struct conf conf;
	struct conf_agency agency;
	struct conf_carrier carrier;
	struct conf_network net;
	struct conf_link links[LINKS];
	struct conf_ring rings[RINGS - 1];
	struct conf_type type;
	struct alert_text texts[1];
	double lat[CELLS], lon[CELLS];
	bool has[VERSIONS][CELLS];
	int home[VERSIONS][PEOPLE]; /* cell, -1 = not in the file */
	struct cellmap *map[VERSIONS];
	struct subs *subs[VERSIONS];
};

enum act { ACT_ALERT, ACT_UPDATE, ACT_CANCEL, ACT_RELOAD, ACT_JUMP, ACT_CRASH, ACT_POWER, ACT_FLAP, ACT_FLAP_ALL, ACT_FAIL, ACT_SLOW };
enum fate { FATE_LATER, FATE_WAITS, FATE_WRITING, FATE_DONE }; /* of what comes as a file */
struct action {
	uint64_t at, len;
	enum act act;
	unsigned int who; /* alert, version or link */
	uint16_t content; /* of the file: others may have the same */
	int64_t by_s;
	enum fate fate;
};

struct sim_alert {
	double lat, lon, radius_km;
	uint32_t lifetime_s, deadline_s;
	char case_number[8];
	/* what the world knows */
	char *id;
	unsigned int version;
	bool known, ended;
	unsigned int plans; /* of its first circle, since the process began or the last one was discarded */
	uint64_t deadline, expires, cancelled; /* in the world's time; cancelled 0 = not */
	uint64_t ring_due[RINGS];
	bool updated;
	uint8_t copies[WORDINGS][KEYS];
	bool sent[KEYS];
	uint8_t by[KEYS]; /* link of the last copy */
};

struct flight {
	struct dispatch_job *job;
	uint32_t unit;
	uint64_t answer_at;
	bool refused;
};

struct sim_link {
	struct link link;
	bool up;
	uint64_t up_at;
	uint32_t window, delay_ms;
	struct flight out[WINDOW_MAX];
	uint32_t n_out;
	uint64_t events, repeats;
};

enum write_kind { WRITE_DISPATCH, WRITE_ACCEPT, WRITE_CHANGE, WRITE_RING, WRITE_OVER };
struct write {
	struct llist_head entry;
	enum write_kind kind;
	struct store_batch *batch;
	struct alert *alert;
	int action; /* -1 = of none */
	struct trigger *trigger;
	size_t ring;
	uint64_t done_at;
};

struct world {
	const struct universe *u;
	struct sim_alerts_report *report;
	unsigned int breaks;
	uint64_t rnd, t, boot_at, fail_until, slow_until, second_at, retry_at;
	unsigned int boot_no, commit_us, version;
	bool noted; /* the ledger knows how the clocks of this run of the machine stand */
	int64_t jump_us;
	struct action *actions;
	size_t n_actions;
	struct sim_alert alert[ALERTS];
	size_t n_alerts;
	struct sim_link link[LINKS];
	struct store *store;
	bool kept[VERSIONS];
	/* of the process */
	void *process; /* NULL = down */
	uint64_t start_at;
	struct dispatch *dispatch;
	struct book *book;
	struct mapset *maps;
	struct llist_head writes, unsaved;
};

uint64_t world_rnd(struct world *w, uint64_t below);
void world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_note(struct world *w, uint64_t a, uint64_t b);
static inline uint64_t world_mono(const struct world *w)
{
	return w->t - w->boot_at;
}
static inline int64_t world_wall_us(const struct world *w)
{
	return WALL_US + (int64_t)w->t + w->jump_us;
}
static inline int64_t world_wall(const struct world *w)
{
	return world_wall_us(w) / (int64_t)SEC;
}
struct sim_alert *world_alert(struct world *w, const struct alert *a);

/* sim_alerts_plan.c: the universe, and a world from a seed */
const struct universe *universe_get(void *ctx);
void world_plan(struct world *w, bool storm);
struct mapset *universe_maps(const struct universe *u, unsigned int version);
double universe_km(const struct universe *u, const struct sim_alert *a, unsigned int key); /* from the circle's middle; < 0: not there */

/* sim_alerts_gw.c: the process: what the daemon does around the book */
void gw_boot(struct world *w);
void gw_crash(struct world *w, uint64_t off_us, bool power);
void gw_step(struct world *w);
bool gw_idle(const struct world *w); /* nothing waits to become durable */
uint64_t gw_next(const struct world *w);
void gw_reload(struct world *w, unsigned int version);
void link_down(struct world *w, struct sim_link *l, uint64_t for_us);

/* sim_alerts_check.c: the promises */
void check_accepted(struct world *w, const struct alert *a); /* also found in the ledger */
void check_submit(struct world *w, struct sim_link *l, struct dispatch_job *job, uint32_t unit);
void check_copy(struct world *w, struct sim_link *l, struct dispatch_job *job, uint32_t unit); /* it arrived */
void check_second(struct world *w);
void check_ended(struct world *w, struct sim_alert *s, const struct alert *a);
void check_end(struct world *w);
