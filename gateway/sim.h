/* sim: the gateway's core in a simulated world: carriers that delay, throttle, refuse, drop, repeat and
 * disconnect; a store that is slow, fails or loses power; crashes at any step. A plan (from a seed, or a
 * scenario text) says what the world does; the same plan gives the same run, step by step. After each step
 * the promises of SPEC 5-6 are checked against what the carriers counted and what the store holds, never
 * against what the core believes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "gateway/ledger.h"

#define SIM_LINKS 8
#define SIM_JOBS  12

struct sim_link_plan {
	char name[16];
	unsigned int group, carrier; /* links of a group share jobs; those of a carrier its rate */
	double rate;                 /* parts a second, 0 = unlimited */
	uint32_t burst, window;
	uint32_t delay_ms, spread_ms,
		latency_ms; /* of answers: delay .. delay + spread; of the line, one way */
	/* of 1000 units */
	uint32_t refuse, transient, throttle, drop, late, repeat;
	uint32_t accept_rate; /* parts a second above which the peer answers "too fast"; 0 = any */
	bool smpp;            /* the SMPP driver and an SMSC's octets; else a driver without a protocol */
	uint32_t cells; /* > 0: the CBSP driver and a BSC's octets, so many cells a request; window and rate
			   count requests, the chances cells */
};

struct sim_job_plan {
	uint64_t at_us;
	unsigned int group;
	bool broadcast;
	uint32_t units, parts; /* CBSP: 1 part */
	uint32_t found;        /* 1 + the earlier job whose reached units alone it is for; 0 = none */
	uint64_t deadline_us, expires_us; /* after at_us */
};

enum sim_act {
	ACT_LINK_DOWN,
	ACT_LINK_UP,
	ACT_DROP,
	ACT_CRASH,
	ACT_POWER,
	ACT_CANCEL,
	ACT_STORE_FAIL,
	ACT_STORE_SLOW,
	ACT_BLOCK, /* the operator's */
	ACT_UNBLOCK,
	ACT_WIDEN,  /* the window is now so many percent of the plan's */
	ACT_RATE,   /* a reload: the rate is now so many percent of the plan's, at most 100 */
	ACT_RESTART /* a BSC's cells come back empty */
};
struct sim_action {
	uint64_t at_us, for_us; /* crash, power: off for so long; store: so long */
	enum sim_act act;
	unsigned int who; /* link or job */
	uint32_t percent;
};

struct sim_expect {
	int job;               /* index, -1: the whole run */
	enum unit_state state; /* of the job's units at the end */
	char figure[16];       /* of the run: repeats, crashes, copies */
	char op;               /* '=', '<' (at most), '>' (at least) */
	uint64_t value;
};

/* Told once a second of the world's time, while the process lives: parts that have their final state, and that are still to do, of
 * all jobs. */
struct sim_watch {
	void (*second)(void *arg, uint64_t now_us, double done, double left);
	void *arg;
};

struct sim_plan {
	uint64_t seed;
	const struct sim_watch *watch; /* or NULL */
	struct sim_link_plan link[SIM_LINKS];
	size_t n_links;
	double carrier_rate[SIM_LINKS];
	struct sim_job_plan job[SIM_JOBS];
	size_t n_jobs;
	struct sim_action *action; /* child of the plan's context */
	size_t n_actions;
	struct sim_expect expect[32];
	size_t n_expects;
	uint32_t commit_us; /* usual time of a commit */
	/* Rules broken on purpose, to see that it is noticed. */
	unsigned int faults; /* dispatch_int.h */
	bool full_bucket, lost_is_accepted, lying_disk;
	bool no_recall, quiet_restart,
		found_to_all; /* KILLs are forgotten; a BSC does not say that it lost all */
	bool resend; /* a driver sends some messages once more on its own account */
};

struct sim_report {
	char error[200]; /* empty: every promise was kept */
	uint64_t hash, steps, end_us;
	uint64_t submits, copies, repeats, crashes, breaks, commits, failed_commits;
	uint32_t worst_event, worst_person; /* repeats in doubt by one event on a link; copies of one unit */
	struct unit_sums sums[SIM_JOBS];
};

/* A world from a seed. */
void sim_plan_random(void *ctx, uint64_t seed, struct sim_plan *plan);
/* Makes some of its links CBSP, and adds found texts, blocks, changed windows, restarts. Before the drivers
 * of the other links are chosen. */
void sim_plan_broadcast(void *ctx, struct sim_plan *plan);
/* Many alerts at once for the same links, most of them recalled while they are sent; reloads. */
void sim_plan_storm(void *ctx, struct sim_plan *plan);
/* The same world over a day instead of a minute. */
void sim_plan_day(struct sim_plan *plan);
/* Scenario text (tests/scenarios/README). 0 or -EBADMSG with "line N: what" in err. */
int sim_plan_parse(void *ctx, const char *text, struct sim_plan *plan, char *err, size_t err_len);
void sim_plan_print(const struct sim_plan *plan, FILE *f); /* as scenario text */
/* Runs it to the end. 0, or -1 with report->error. */
int sim_run(const struct sim_plan *plan, struct sim_report *report);
