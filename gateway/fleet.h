/* fleet: all links of the configuration, their drivers, sockets, rates; what makes them move. On the loop. */
#pragma once
#include "gateway/dispatch.h"
#include "gateway/link.h"
#include "gateway/linksock.h"

#define RATE_SECONDS 10 /* measured rates are means over so many seconds */

struct fleet_link {
	struct link *link;
	struct linksock *sock;
	bool retired;	/* gone from the configuration */
	uint64_t accepted_at[RATE_SECONDS + 1], submitted_at[RATE_SECONDS + 1]; /* ring of counters, one a second */
	double accepted_rate, submitted_rate;
	char last_text[160]; /* of the last event, to sum up repetitions */
	unsigned int repeats;
	int64_t summed_at;
	int64_t minute; /* in which so many lines were told of the link, and so many not */
	unsigned int told, untold;
};

struct fleet_carrier {
	const struct conf_carrier *cfg;
	struct throttle throttle;
	struct receipts *receipts;
};

struct fleet_events {
	void (*event)(void *arg, struct fleet_link *fl, enum link_event ev, const char *text);
	void (*clue)(void *arg, struct fleet_link *fl, const struct link_clue *clue, uint64_t token);
	void *arg;
	void (*aired)(void *arg, struct fleet_link *fl, uint64_t job, const char *message_id, bool on);
	void (*held)(void *arg, struct fleet_link *fl, uint64_t job, uint32_t seq, const void *ids, size_t len);
	void (*dead)(void *arg, struct fleet_link *fl, uint64_t job, const struct dead_letter *letter);
};

struct fleet {
	struct fleet_link *links; /* index = dispatch's */
	size_t n_links;
	struct fleet_carrier *carriers;
	size_t n_carriers;
	struct dispatch *dispatch;
	struct hot *hot; /* watches their descriptors */
	struct link_env env;
	const struct fleet_events *events;
	unsigned int second;
	size_t first; /* link that the next pump begins with */
	bool stopping;
};

struct fleet *fleet_new(void *ctx, const struct conf *conf, struct dispatch *d, struct hot *hot, const struct fleet_events *ev,
			uint64_t now_us);
void fleet_start(struct fleet *f, uint64_t now_us);
int fleet_index(const struct fleet *f, const char *name); /* or -ENOENT */
/* Lets every link send what it may; returns when to come again. */
uint64_t fleet_pump(struct fleet *f, uint64_t now_us);
void fleet_second(struct fleet *f); /* once a second: rates */
/* 0, or -EINVAL and why a link cannot be taken over as conf has it: its jobs and its driver are of another kind. */
int fleet_check(const struct fleet *f, const struct conf *conf, char *err, size_t err_len);
/* A new configuration that fleet_check() accepts: changed rates and windows are taken over, new links added, gone ones stopped, changed addresses redialled. */
void fleet_reload(struct fleet *f, const struct conf *conf, uint64_t now_us);
/* rate: parts (or requests) a second until the next reload, < 0 as configured; returns what holds then. */
double fleet_set_rate(struct fleet *f, size_t link, double rate, uint64_t now_us);
/* Receipts of all carriers, for the store (receipts.h). */
bool fleet_receipts_due(const struct fleet *f, uint64_t now_us);
bool fleet_receipts_batch(struct fleet *f, struct store_batch *b); /* true: its outcome is awaited by: */
void fleet_receipts_done(struct fleet *f, int rc, uint64_t now_us);
/* A row of the store. Not 0: nobody's any more, or unreadable: to be deleted. */
int fleet_receipts_load(struct fleet *f, const char *key, const void *value, size_t len, uint64_t now_us);
void fleet_receipts_end(struct fleet *f, uint64_t job, struct store_batch *b);
void fleet_stop(struct fleet *f, uint64_t now_us);
bool fleet_stopped(const struct fleet *f);
double fleet_carrier_rate(const struct fleet *f, const struct conf_carrier *carrier, bool accepted);
