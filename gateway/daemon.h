/* daemon: what reuniond is made of. Only its edge files (reuniond.c, intake*.c, restart.c, watch.c) see this struct. */
#pragma once
#include "gateway/book.h"
#include "gateway/fleet.h"
#include "gateway/noc.h"
#include "gateway/parser.h"
#include "gateway/ready.h"
#include "gateway/spool.h"
#include "gateway/store.h"
#include "gateway/storethread.h"
#include "gateway/warm.h"
#include <osmocom/core/select.h>

struct daemon;

/* Of an agency, whatever folder is its. */
struct intake_count {
	struct llist_head entry;
	char *agency;
	uint64_t accepted, rejected, duplicate;
};

/* A folder that is, or was, an agency's. */
struct intake {
	struct daemon *d;
	struct conf_agency *agency; /* of the configuration in force, or that was when it was retired */
	struct intake_count *count;
	char *folder;
	bool retired; /* by a reload */
	struct spool *spool;
	struct osmo_fd ofd;
};

/* Records under way to the store, and what follows when they are durable (rc 0) or not. */
struct pending {
	struct llist_head entry;
	uint64_t tag;
	void (*done)(struct daemon *d, struct pending *p, int rc);
	struct intake *intake;
	struct spool_item *item;
	struct trigger *trigger;
	struct alert *alert;
	char *undo_alert, *undo_trigger; /* keys of a refused acceptance, to be deleted, or NULL */
	int *fate; /* where the outcome goes for who awaits it, or NULL */
	size_t ring;
	uint64_t due_us; /* of a result: not later */
	char *told;  /* key of what a carrier told (onair.c), or NULL; its value, NULL = it is over */
	void *value;
	size_t len;
	const char *remark; /* static */
};

struct daemon {
	char *conf_file;
	struct conf *conf;
	struct mapset *maps; /* in force for new alerts */
	struct warm *warm;   /* reads them in, or NULL */
	struct store *store;
	struct storethread *storethread;
	struct dispatch *dispatch;
	struct hot *hot;
	struct fleet *fleet;
	struct book *book;
	struct intake **intakes;
	size_t n_intakes;
	struct llist_head intake_counts;
	struct parser *parser;
	struct predict *predict;
	struct agentx *agentx;
	struct total_counters total;
	struct llist_head drafts; /* alerts that are being planned, in the order of their files */
	struct llist_head tell;	  /* alerts in force whose result is to be written */
	struct llist_head pending, unsaved; /* unsaved: changes in force whose record could not be written yet */
	uint64_t next_tag, receipts_tag; /* receipts_tag: of the batch that receipts ride in, 0 = none */
	bool store_failing, store_full;
	struct llist_head dead;
	unsigned int undoing; /* refused acceptances that may still stand in the ledger */
	uint64_t store_retry_us, started_us, next_second_us, stop_by_us;
	uint64_t wake_us; /* when the alarm rings */
	int64_t started_at;
	bool stopping, reload, changed;
	int build_pid; /* child that builds a map for a reload, 0 = none */
	struct fleet_events fleet_events;
	struct control_ops control;
	struct ready ready;
	uint64_t late_us; /* of the running second: how late the loop came at worst to what was due */
	struct osmo_fd wake, store_fd, plan_fd, signal_fd;
};

/* reuniond.c */
static inline struct store_batch *daemon_batch(struct daemon *d)
{
	(void)d;
	return store_batch_new(NULL);
}
/* Hands the records over; done is called when their fate is known. p may be NULL: nothing follows. */
void daemon_store(struct daemon *d, struct store_batch *take, struct pending *p);
/* Blocks until *fate is not -EINPROGRESS, at most so long: for who must not answer before it is durable. */
void daemon_await(struct daemon *d, const int *fate, unsigned int timeout_ms);
void daemon_wake(struct daemon *d); /* the loop's step runs again at once */

/* intake_folder.c: the agencies' folders. Those of conf that are not open yet are opened; 0, or -errno and nothing is changed. */
int intake_open(struct daemon *d, const struct conf *conf);
void intake_apply(struct daemon *d); /* d->conf is in force: its folders are watched, others no more */
struct intake_count *intake_count(struct daemon *d, const char *agency);
uint64_t intake_tick(struct daemon *d, uint64_t now_us);
/* intake.c: trigger files, clues, operator's cancel */
void intake_clue(void *arg, struct fleet_link *fl, const struct link_clue *clue, uint64_t token);
void intake_save(struct daemon *d, struct alert *a); /* its record, again and again until it is durable */
void intake_drafts(struct daemon *d); /* goes on with those that are planned now */
uint64_t intake_tell(struct daemon *d, uint64_t now_us); /* results of alerts that were accepted */
bool intake_changing(const struct daemon *d); /* a change is in force whose record is not durable yet */
void intake_save_again(struct daemon *d); /* changes whose record could not be written */
void intake_write(struct daemon *d, struct pending *p); /* hands a pending change over to the store */
void intake_results(struct daemon *d); /* alerts/ID.json of what changed */
json_t *intake_cancel(void *arg, const char *alert_id, const char *reason, const char *who);

/* onair.c: broadcasts on air and messages to be asked back. STORE_META keys: ONAIR_KEY job "/" link "/" id in hex, and
 * ONAIR_HELD job "/" link "/" number, whose value is ids */
#define ONAIR_KEY  "aired/"
#define ONAIR_HELD "sent1/" /* as long */
void onair_event(void *arg, struct fleet_link *fl, uint64_t job, const char *message_id, bool on);
void onair_held(void *arg, struct fleet_link *fl, uint64_t job, uint32_t seq, const void *ids, size_t len);
bool onair_receipts(struct daemon *d, struct store_batch *b);	    /* adds what is due; its outcome is awaited */
int onair_restore(struct daemon *d);				    /* after a restart, with the receipts */
void onair_recall(struct daemon *d, const struct alert *a);	    /* asks back what was sent, where the links say so */
void onair_kill(struct daemon *d, struct alert *a, size_t wording); /* what came before this wording */
void onair_end(struct daemon *d, const struct alert *a);	     /* the alert is over */

void onair_keep(struct daemon *d, const char *key, const void *value, size_t len); /* value NULL: no longer */

/* deadbook.c: why units ended refused or unknown, as rows of deadletter.h. STORE_META keys: DEAD_KEY job "/" link "/" number. At
 * most a second passes before a letter is durable; they go with their alert. */
#define DEAD_KEY "dead/"
void deadbook_letter(void *arg, struct fleet_link *fl, uint64_t job, const struct dead_letter *letter);
void deadbook_second(struct daemon *d);
bool deadbook_load(struct daemon *d, const struct store_rec *rec); /* after a restart; false: of an alert that is over */
void deadbook_end(struct daemon *d, const struct alert *a);

/* reached.c: whether alerts/ID.cells.csv tells how the alert stands, now that it is at rest; goes on writing it, some ms. */
bool reached_told(struct daemon *d, struct alert *a);
/* reload.c */
int reload_read(void *ctx, const char *file, struct conf **conf); /* prints what is wrong */
void reload_begin(struct daemon *d); /* SIGHUP */
void reload_reap(struct daemon *d);  /* while d->build_pid: is the map there? */

/* restart.c: from the ledger back into memory */
int restart_load(struct daemon *d, char *err, size_t err_len);

/* watch.c: counters, predictions, snapshots, notifications */
void watch_second(struct daemon *d, uint64_t now_us, int64_t now);
void watch_clock(struct daemon *d, uint64_t now_us); /* was the wall clock set? */
void watch_judge(struct daemon *d, struct alert *a); /* is it at risk by plan? Else each second asks */
void watch_publish(void *arg);
void watch_fill_link(struct daemon *d, struct snap_link *s, const struct fleet_link *fl, uint64_t now_us);
/* Operations of struct control_ops. */
struct osmo_tdef *watch_timers(void *arg, void *ctx, size_t place, const char **link);
json_t *watch_block(void *arg, const char *name, bool block, const char *who);
json_t *watch_rate(void *arg, const char *name, double rate, const char *who);
void watch_links_second(struct daemon *d, int64_t now); /* once a second: sums up what was not told */
void watch_event(void *arg, struct fleet_link *fl, enum link_event ev, const char *text);
void watch_store(struct daemon *d, int rc);
void watch_leases(struct daemon *d, uint64_t now_us); /* looks at chunks that may be another gateway's */
/* Why no new alert should be accepted now, as -errno; 0 = it may. */
int watch_trouble(struct daemon *d);
json_t *watch_alert(void *arg, const char *alert_id);
json_t *watch_cells(void *arg, const char *alert_id, const char *from);
