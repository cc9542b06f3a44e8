/* New alerts that cannot be stored lie in their folders and are handed in again until they can. Who recalls such a one must not be
 * told that it is unknown: it is refused when it is handed in next, so that it never goes out, and then the recall is answered.
 * All of this is forgotten in a crash: then both files are handed in anew, the alert first. */
#include "gateway/book.h"

#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define GONE_US 60000000 /* not handed in for so long: somebody took its file away */

struct deferred {
	struct llist_head entry;
	char *agency, *case_number;
	uint64_t seen_us; /* handed in */
	enum { DEFERRED, RECALLED, REFUSED } fate;
};

static struct deferred *find(struct book *b, const struct trigger *t, uint64_t now_us)
{
	struct deferred *d, *next, *found = NULL;

	llist_for_each_entry_safe(d, next, &b->deferred, entry) {
		if (now_us - d->seen_us > GONE_US) {
			llist_del(&d->entry);
			talloc_free(d);
		} else if (!strcmp(d->agency, t->agency) && !strcmp(d->case_number, t->case_number)) {
			found = d;
		}
	}
	return found;
}

void book_defer(struct book *b, const struct trigger *t, uint64_t now_us)
{
	struct deferred *d = find(b, t, now_us);

	if (!d) {
		d = talloc_zero(b, struct deferred);
		OSMO_ASSERT(d);
		d->agency = talloc_strdup(d, t->agency);
		d->case_number = talloc_strdup(d, t->case_number);
		OSMO_ASSERT(d->agency && d->case_number);
		llist_add_tail(&d->entry, &b->deferred);
	}
	d->seen_us = now_us;
}

bool deferred_judge(struct book *b, void *ctx, const struct trigger *t, uint64_t now_us, enum verdict *verdict, struct reasons *reasons)
{
	struct deferred *d = find(b, t, now_us);

	if (!d)
		return false;
	switch (t->action) {
	case ACTION_CANCEL:
		*verdict = d->fate == REFUSED ? VERDICT_UNSENT : VERDICT_LATER;
		if (d->fate == DEFERRED)
			d->fate = RECALLED;
		return true;
	case ACTION_UPDATE:
		*verdict = VERDICT_LATER;
		return d->fate == DEFERRED;
	default:
		if (d->fate == DEFERRED)
			return false;
		d->fate = REFUSED;
		d->seen_us = now_us;
		reasons_add(ctx, reasons, 0, "case_number", "cancelled before it went out: nothing of it was sent");
		*verdict = VERDICT_REJECT;
		return true;
	}
}
