/* book: the alerts that live, from acceptance to their end. (event, time) in; records for the store and dispatch calls out.
 * The daemon (intake.c, restart.c) wires it to spools, store and links.
 *
 * An alert's document (JSON, STORE_ALERT) holds all that a restart needs; its units' progress lies in dispatch's chunks.
 * A *wording* is one version of the alert's text: the alert itself, an update, the found text. A *ring* is a step by which
 * its circle grows: rings[0] is the circle of the trigger, each further one has units that no ring before it has. Each wording
 * has one job per ring begun and group of links, over the ring's unit lists. Job ids ascend in the order of their making. */
#pragma once
#include "gateway/alert.h"
#include "gateway/dispatch.h"
#include "gateway/link.h"
#include "gateway/maps.h"
#include "gateway/plan.h"
#include "gateway/snapshot.h"
#include <osmocom/core/linuxlist.h>

#define BOOK_FOUND_LIFETIME_S 21600 /* how long a found text is still worth sending */

enum book_phase { PHASE_ALERT, PHASE_UPDATE, PHASE_FOUND };

struct alert;

struct wording {
	enum book_phase phase;
	struct alert_text *texts;
	uint16_t *codes; /* message code of each text (TS 23.041 9.4.1.2.1) */
	size_t n_texts;
	int64_t since; /* wall */
};

struct alert_ring {
	double radius_km;
	int64_t at, since; /* wall: when it is due; when it began, 0 = not yet */
	size_t wording;	   /* its first */
	struct plan *plan; /* when begun; a restart must arrive at the same lists (book_regroup.c) */
	bool pending;	   /* begun, its record not durable yet: no job */
	struct planwork *work; /* is being planned aside */
	bool failed;	   /* could not be planned: tried again at a restart, unless a later one began, which serves it too */
};

struct book_job {
	struct llist_head entry;
	uint64_t id;
	struct alert *alert;
	size_t wording, ring; /* indices */
	size_t group;	      /* index in the ring's plan->groups */
	uint16_t *link_index;	   /* in dispatch, [links of the group] */
	struct payload **payloads; /* made when first asked for */
	struct dispatch_job *job;
};

struct alert {
	struct llist_head entry;
	uint32_t number; /* acceptance number >= 1 */
	char *id, *agency, *case_number, *type;
	enum trigger_action action;
	int64_t accepted_at, reported_at, deadline_at, expires_at; /* wall, seconds */
	int64_t recalled_at;					   /* 0 = not */
	char *recall_reason;
	double lat, lon, radius_km;
	enum cell_select select; /* and max_range_m: how its circles meet cells, as configured when it came */
	double max_range_m;
	uint32_t repetition_s;
	struct wording *wordings;
	size_t n_wordings;
	struct mapset *maps;
	const struct conf *conf; /* the configuration it was planned with */
	struct alert_ring *rings; /* at least the trigger's circle */
	size_t n_rings;
	struct llist_head jobs;
	enum snap_alert_state state;
	bool draft;		  /* not in force yet */
	bool *at_risk, *missed; /* [conf->n_carriers] */
	bool over;		/* book_ended() was true, and its record says so: a restart leaves it alone */
	bool changed;		/* alerts/ID.json is older than the ledger */
	struct reached *reached; /* reached.c: alerts/ID.cells.csv in the making; told: it is as the ledger */
	bool told, untold; /* untold: it could not be written */
	int64_t ahead_us;	/* the book's, when the times above were right */
};

struct book {
	struct llist_head alerts; /* in order of acceptance */
	struct llist_head deferred; /* book_deferred.c */
	struct dispatch *dispatch;
	uint32_t next_number;
	json_t *cases;	 /* agency "/" case_number -> alert id; for ever */
	json_t *digests; /* agency "/" digest -> decision; for ever */
	json_t *serials; /* message identifier -> next message code */
	json_t *over;	 /* alert id -> document of what a restart found ended, and the ledger not yet */
	int (*link_index)(void *arg, const char *name); /* in dispatch, or -ENOENT */
	void *arg;
	bool threads; /* plans are made aside */
	int wake_fd;  /* an eventfd that tells when one is done, or -1 */
	char boot[40];	  /* this run of the machine, "" = unknown */
	int64_t ahead_us; /* wall clock minus monotonic, as the alerts' times have it */
	bool moved;	  /* times have; the alerts' records do not say so yet */
};

struct book *book_new(void *ctx, struct dispatch *dispatch, int (*link_index)(void *arg, const char *name), void *arg);
struct alert *book_find(struct book *b, const char *id);
struct alert *book_case(struct book *b, const char *agency, const char *case_number);

/* What a well-formed trigger leads to. UPDATE and CANCEL name their subject, REJECT its reasons. LATER: its case is just
 * becoming durable, or waits to. UNSENT: it cancels what was deferred, and will not go out any more. */
enum verdict { VERDICT_ACCEPT, VERDICT_CANCEL, VERDICT_UPDATE, VERDICT_DUPLICATE, VERDICT_REJECT, VERDICT_LATER, VERDICT_UNSENT };
enum verdict book_judge(struct book *b, void *ctx, const struct trigger *t, uint64_t now_us, struct alert **subject,
			struct reasons *reasons);
/* A new alert that cannot be stored now, each time that it is handed in: it may be cancelled meanwhile. */
void book_defer(struct book *b, const struct trigger *t, uint64_t now_us);
/* The stored decision for this content, or NULL (borrowed). */
json_t *book_decision(struct book *b, const struct trigger *t);
/* Records and remembers a decision on a trigger. */
void book_decide(struct book *b, const struct trigger *t, const char *decision, const char *alert_id, struct store_batch *batch);

/* Plans a new alert; nothing is in force until book_enter(). -errno with reasons. -EAGAIN (book.threads): it is still to be
 * planned; book_drafted() begins that aside, and says -EAGAIN until it is done, then as here. */
int book_drafted(struct book *b, struct alert *a, const struct trigger *t, struct reasons *reasons);
int book_draft(struct book *b, const struct conf *conf, struct mapset *maps, const struct trigger *t, int64_t now,
	       struct alert **alert, struct reasons *reasons);
void book_alert_record(struct book *b, const struct alert *a, struct store_batch *batch);
/* The records are durable: the alert is in force. */
void book_enter(struct book *b, struct alert *a, uint64_t now_us, int64_t now);
void book_discard(struct book *b, struct alert *a, const struct trigger *t); /* a draft that did not become durable */

/* The key of the decision on it in the store. */
char *book_trigger_key(void *ctx, const struct trigger *t);

/* New text to those served and onward. -errno with reasons (text too long, another area than the alert's). */
int book_update(struct book *b, struct alert *a, const struct trigger *t, int64_t now, uint64_t now_us, struct reasons *reasons);
/* Recall: what is unsent stops at once, the found text follows to those reached. -EALREADY when it was recalled before. */
int book_recall(struct book *b, struct alert *a, const char *reason, int64_t now, uint64_t now_us);

/* A ring that is due: plans it (map and time as they are now) and notes it in the alert, whose record is to be stored next;
 * no unit is given out before book_ring_enter(), which says that it is durable (rc 0) or not. Index of the ring; -EAGAIN: none
 * is due, or it is being planned (book.threads): ask again; -errno: it could not be planned. */
int book_ring_begin(struct book *b, struct alert *a, int64_t now);
void book_ring_enter(struct book *b, struct alert *a, size_t ring, int rc, int64_t now, uint64_t now_us);

/* Restart: one stored document. chunks calls dispatch_load_chunk for each stored chunk of a job. */
typedef int (*book_chunks_cb)(void *arg, struct dispatch_job *job);
int book_restore(struct book *b, const struct conf *conf, const char *state_directory, const void *json, size_t len, int64_t now,
		 uint64_t now_us, book_chunks_cb chunks, void *arg, char *err, size_t err_len);

/* book_clock.c: the wall clock may be set at any time, and no deadline, ring or expiry moves by it: the alerts' wall times move along.
 * Start: before anything is restored; boot names this run of the machine. Step: often; by_s: by how many seconds the wall was set
 * since (0: not); true when the alerts' records are to be stored again, as after a restart that found it set. */
void book_clock_start(struct book *b, const char *boot, int64_t wall_us, uint64_t now_us);
bool book_clock_step(struct book *b, int64_t wall_us, uint64_t now_us, int64_t *by_s);

/* After a restart: the records of alerts that ended meanwhile; false: none. */
bool book_over_records(struct book *b, struct store_batch *batch);

/* State by the units' progress and by time; true when the document must be stored again. */
bool book_settle(struct alert *a, int64_t now);
bool book_ended(const struct alert *a, int64_t now); /* nothing of it is on air or under way any more */
void book_forget(struct book *b, struct alert *a);

const struct plan_group *book_group(const struct book_job *j);
bool book_begun(const struct alert *a, size_t ring); /* its jobs exist */
void book_sums(const struct alert *a, bool own_text, struct unit_sums *sums);
json_t *book_plan_json(const struct alert *a);
const char *alert_state_name(int state);
extern const struct payload_ops book_payload;

/* Shared by the book's own files. */
struct alert *alert_new(struct book *b);
void book_serial(struct book *b, uint16_t identifier, uint16_t next);
void alert_untold(struct alert *a); /* it has new units: its files in alerts/ are older than it */
/* book_deferred.c: what a trigger of a case that was deferred leads to; false: to what it would without. */
bool deferred_judge(struct book *b, void *ctx, const struct trigger *t, uint64_t now_us, enum verdict *verdict, struct reasons *reasons);
/* book_clock.c */
json_t *alert_clock_json(const struct book *b, const struct alert *a);
void alert_clock_follow(struct book *b, struct alert *a);
void alert_clock_restore(struct book *b, struct alert *a, const json_t *o);
/* book_rings.c */
void alert_set_conf(struct alert *a, const struct conf *conf);
int alert_plan(struct alert *a, size_t ring, const struct conf *conf, struct reasons *reasons);
int alert_plan_aside(struct book *b, struct alert *a, size_t ring, struct reasons *reasons); /* -EAGAIN until it is done */
bool alert_grows(const struct alert *a, int64_t now); /* rings are still to come */
/* book_regroup.c: a ring's groups as the document keeps them, and the ring's new plan brought back to them: what cannot be served
 * any more is left without units (plan_group.gone), and counted in the return. -EBADMSG. */
json_t *alert_groups_json(const struct plan *plan);
int alert_regroup(struct alert *a, size_t ring, const json_t *kept);
/* book_jobs.c: the jobs of a wording over all rings begun, or one. chunks NULL: new ones. */
void alert_add_jobs(struct book *b, struct alert *a, size_t wording, uint64_t now_us, int64_t now, book_chunks_cb chunks, void *arg);
void alert_add_ring(struct book *b, struct alert *a, size_t ring, uint64_t now_us, int64_t now);
int64_t wording_expires(const struct alert *a, const struct wording *w); /* wall: no unit is sent then, nothing is on air */
void alert_stop_jobs(struct book *b, struct alert *a, uint64_t now_us);
bool alert_at_rest(const struct alert *a);
