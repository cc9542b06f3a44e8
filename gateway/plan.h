/* plan: alert x carriers -> groups of links with their ordered units, and the figures of it. Pure but for the map and
 * subscriber files given to it. The same map, subscribers and spec give the same list on every run (ledger relies on it). */
#pragma once
#include <jansson.h>
#include "gateway/alert.h"
#include "gateway/conf.h"
#include "gateway/payload.h"
#include "gateway/subs.h"

enum group_kind { GROUP_SUBSCRIBERS, GROUP_CELLS, GROUP_CBSP, GROUP_BROADCAST };

/* One list of units and the links that share it. */
struct plan_group {
	const struct conf_carrier *carrier;
	enum group_kind kind;
	const struct conf_link **links;
	size_t n_links;
	double *shares;	     /* by what each link manages a second */
	uint32_t *link_units; /* planned of each, sum n_units */
	uint32_t *link_parts; /* per unit; 0 on CBSP */
	uint64_t *link_total; /* parts, or requests on CBSP, that the link will send */
	double *link_seconds;
	uint32_t *units;     /* SUBSCRIBERS: ids for subs_msisdn(); else map indices; nearest first */
	uint32_t n_units;
	float *distance_m;   /* of cells; NULL for subscribers */
	uint32_t cells;	     /* cells of the carrier that the group covers */
	uint32_t parts;	     /* per unit: SMS parts over all texts, of the link with most; CBSP: 1 */
	uint32_t pages;	     /* CBSP: pages over all texts */
	double seconds;	     /* at the agreed rate, or as window and round trip (50 ms) allow */
	uint64_t sum;	     /* of the unit list, never 0 */
	bool gone;	     /* left the configuration while its alert ran: nothing more can be sent */
};

struct plan_warning {
	char *text;
};

struct plan_carrier {
	uint32_t cells; /* in the circle */
	uint32_t unaddressable, unserved; /* of these: can never be addressed; have no broadcast path */
};

struct plan {
	struct plan_carrier *carriers; /* [conf->n_carriers] */
	struct plan_group *groups; /* those without a unit are there for the figures: they make no job */
	size_t n_groups;
	struct plan_warning *warnings;
	size_t n_warnings;
	uint32_t *unserved; /* map indices of cells that no broadcast path serves, carrier by carrier, nearest first */
	size_t n_unserved;
	uint64_t cells_total;
};

/* A step by which the alert grows. */
struct plan_ring {
	double radius_km;
	int64_t at;		 /* wall */
	const struct plan *plan; /* only what the steps before do not serve; NULL = not planned yet */
};

struct plan_input {
	const struct conf *conf;
	const struct cellmap *map;
	struct subs *const *subs; /* [conf->n_carriers], NULL where the carrier has none */
	double lat, lon, radius_km;
	enum cell_select select; /* what the circle touches: as struct cell_query has it */
	double max_range_m;
	const double *inner_km; /* a ring: radii of the steps before, ascending, whose cells and recipients it leaves out */
	size_t n_inner;
	const struct plan_ring *rings; /* to come: only to be shown */
	size_t n_rings;
	bool exercise;		  /* SMS only to test_numbers */
	bool accepted;		  /* before: its texts are not checked again, a link that cannot carry them takes no part */
	const struct alert_text *texts;
	size_t n_texts;
	int64_t reported_at, deadline_at;
	int64_t start_at; /* sending begins; 0 = reported_at */
};

/* 0, or -errno with reasons (text too long for 15 pages / 10 parts, no cell of any carrier ...). Child of ctx. */
int plan_make(void *ctx, const struct plan_input *in, struct plan **plan, struct reasons *reasons);
/* Steps of a type for an alert of this agency that begins at radius_km: larger than what is before, and within the agency's
 * max_ring_km. Times count from `from`. Child of ctx. */
struct plan_ring *plan_rings(void *ctx, const struct conf_type *type, const struct conf_agency *agency, double radius_km,
			     int64_t from, size_t *n);
#define PLAN_UNSERVED_LISTED 1000 /* of each carrier; counts are always true */
json_t *plan_json(const struct plan *plan, const struct plan_input *in, const char *alert_id); /* SPEC 2 */
/* Parts or requests a second that a link can manage: agreed rate, or what window and round trip (50 ms) allow. n_texts: CBSP. */
double plan_link_rate(const struct conf_link *link, unsigned int n_texts);
int64_t plan_finish_at(const struct plan_input *in, double seconds);
/* The payload of one link for these texts (which of SMS or pages depends on the link's type). */
int plan_payload(const struct conf_link *link, const struct alert_text *texts, size_t n_texts, bool found, struct payload *p,
		 struct reasons *reasons, void *ctx);
/* Message parts, and pages, over all its texts. */
uint32_t plan_payload_parts(const struct conf_link *link, const struct payload *p);
uint32_t plan_payload_pages(const struct payload *p);
/* Width of the cell's MNC as the configuration writes it, else 2. */
uint8_t plan_mnc_digits(const struct conf_carrier *carrier, const struct cell_id *id);
/* Exercise: the number of unit i of a SUBSCRIBERS group (the test_numbers of its links, each once, in order). */
int plan_test_number(const struct plan_group *group, uint32_t unit, char out[16]); /* how many digits, or -ERANGE */
