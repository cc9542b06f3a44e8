/* The wall clock may be set while alerts run: by an operator, by a time server that is reached at last. What an alert has left
 * is counted on the monotonic clock; so its wall times move along with the wall. */
#include "gateway/book.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US 1000000
#define STEP_US	  (2 * SECOND_US) /* less is the jitter of reading two clocks, or a leap second */

void book_clock_start(struct book *b, const char *boot, int64_t wall_us, uint64_t now_us)
{
	snprintf(b->boot, sizeof(b->boot), "%s", boot);
	b->ahead_us = wall_us - (int64_t)now_us;
}

static void move(int64_t *when, int64_t by)
{
	if (*when)
		*when += by;
}

static void move_alert(struct alert *a, int64_t by)
{
	struct book_job *j;

	move(&a->accepted_at, by);
	move(&a->reported_at, by);
	move(&a->deadline_at, by);
	move(&a->expires_at, by);
	move(&a->recalled_at, by);
	for (size_t r = 0; r < a->n_rings; r++) {
		move(&a->rings[r].at, by);
		move(&a->rings[r].since, by);
	}
	for (size_t w = 0; w < a->n_wordings; w++)
		move(&a->wordings[w].since, by);
	llist_for_each_entry(j, &a->jobs, entry)
		for (size_t l = 0; l < book_group(j)->n_links; l++)
			if (j->payloads[l])
				move(&j->payloads[l]->expires_at, by);
	a->changed = true;
}

/* Whole seconds by which the wall clock was set, of so many microseconds; the rest waits until it is one. */
static int64_t steps(int64_t us)
{
	if (us > -STEP_US && us < STEP_US)
		return 0;
	return (us + (us < 0 ? -SECOND_US : SECOND_US) / 2) / SECOND_US;
}

/* Brings the alert's times to the book's clock. */
void alert_clock_follow(struct book *b, struct alert *a)
{
	int64_t by = steps(b->ahead_us - a->ahead_us);

	if (by)
		move_alert(a, by);
	b->moved |= by != 0;
	a->ahead_us = b->ahead_us;
}

bool book_clock_step(struct book *b, int64_t wall_us, uint64_t now_us, int64_t *by_s)
{
	struct alert *a;
	bool moved;

	*by_s = steps(wall_us - (int64_t)now_us - b->ahead_us);
	b->ahead_us += *by_s * SECOND_US;
	llist_for_each_entry(a, &b->alerts, entry)
		alert_clock_follow(b, a);
	moved = b->moved;
	b->moved = false;
	return moved;
}

json_t *alert_clock_json(const struct book *b, const struct alert *a)
{
	return b->boot[0] ? json_pack("{s:s, s:I}", "boot", b->boot, "ahead_us", (json_int_t)a->ahead_us) : json_null();
}

/* Set while the gateway was down; after a new start of the machine its wall clock is all that there is. */
void alert_clock_restore(struct book *b, struct alert *a, const json_t *o)
{
	const char *boot = json_string_value(json_object_get(o, "boot"));
	bool same = boot && !strcmp(boot, b->boot);

	if (same)
		a->ahead_us = json_integer_value(json_object_get(o, "ahead_us"));
	b->moved |= b->boot[0] && !same;
	alert_clock_follow(b, a);
}
