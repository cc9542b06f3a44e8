/* sim_alerts: worlds of whole alerts: the real book, plans, dispatch and documents over maps and a store in memory, with peers
 * that answer late, refuse and break; alerts whose circles overlap and grow, updates and cancels in flight, reloads with another
 * map, a wall clock that is set, crashes and power cuts. What went over the line is held against a plan of the test's own: who
 * lives within which circle of which map. A seed makes the world; the same seed gives the same run. All in one process. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Rules broken on purpose, to see that it is noticed. */
enum {
	BREAK_CLOCK = 1,    /* nobody is told that the wall clock was set */
	BREAK_MAP = 2,	    /* a restart takes the newest map instead of the alert's */
	BREAK_SWEEP = 4,    /* maps in use are thrown away */
	BREAK_SPOOL = 8,    /* a cancel that is not durable yet is forgotten in a crash */
	BREAK_RECALL = 16,  /* a cancel does not stop what waits */
	BREAK_FORGET = 32,  /* an alert is forgotten as soon as it is at rest */
	BREAK_LOST = 64,    /* what a broken link had under way is taken for accepted */
	BREAK_ORDER = 256,  /* progress is written before the change that it follows on */
	BREAK_RESEND = 512, /* a link sends some messages once more on its own account */
	BREAK_WINDOW = 1024, /* slots are reserved anew though their answers are not durable */
	BREAK_TRIES = 2048, /* attempts are not counted */
	BREAK_RELOAD = 128, /* a reload gives running alerts the new map */
	BREAK_TWICE = 512,  /* a file is taken though one of its case is becoming durable */
};

struct sim_alerts_report {
	char error[200]; /* empty: every promise was kept */
	uint64_t hash, steps, seconds;
	uint64_t alerts, again, rings, updates, cancels, reloads, jumps, crashes, flaps, failed_commits;
	uint64_t submits, copies, repeats, unknown;
	unsigned int worst_person; /* copies of one text to one person */
};

/* storm: many alerts at once. 0, or -1 with report->error. */
int sim_alerts_run(uint64_t seed, bool storm, unsigned int breaks, struct sim_alerts_report *report);
