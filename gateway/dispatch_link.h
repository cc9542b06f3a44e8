/* dispatch_link: what the links and their drivers have to do with dispatch.h, which includes this. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dispatch;
struct dispatch_job;

/* A link's index, from 0. window: parts in flight; rate: parts a second, 0 = unlimited; max_tries as
 * configured. Down. */
uint16_t dispatch_add_link(struct dispatch *d, const char *name, uint32_t window, double rate,
			   uint32_t max_tries);
void dispatch_link_params(struct dispatch *d, uint16_t link, uint32_t window, double rate);
void dispatch_link_window(struct dispatch *d, uint16_t link, uint32_t window); /* that alone */
/* It is up, but a trial over it failed: while it has a sibling that works it begins with its farthest chunk, the nearest ones go to
 * the siblings. */
void dispatch_link_suspect(struct dispatch *d, uint16_t link, bool suspect);
void dispatch_link_up(struct dispatch *d, uint16_t link, bool up, uint64_t now_us);

enum outcome {
	OUT_ACCEPTED,
	OUT_REFUSED,   /* permanent */
	OUT_TRANSIENT, /* again later: fails + 1; at max_tries REFUSED; the attempt is given back, since it
			  was answered */
	OUT_LOST, /* sent, no answer (timeout, connection lost): attempts stay; again, or UNKNOWN after three
		   */
	OUT_UNSENT, /* reserved but never written to the wire: stays reserved for this link, or given back if
		       it is down */
	OUT_THROTTLED, /* "too fast": comes again first, in order, under the same attempt; costs no try */
};

/* What the link may send next, in order: durable reservations. Gives out a unit once. */
struct handed {
	struct dispatch_job *job;
	uint32_t unit;
};
bool dispatch_peek(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h);
bool dispatch_next(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *h);
/* Up to max units of one job at once (CBSP requests, submit_multi). */
size_t dispatch_next_many(struct dispatch *d, uint16_t link, uint64_t now_us, struct handed *first,
			  uint32_t *units, size_t max);
/* Exactly once for every unit given out, while the job exists. */
void dispatch_answer(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t unit,
		     enum outcome outcome, uint64_t now_us);
/* The same for n units of a job that were all accepted: cheapest when they are in the order in which they were given out. */
void dispatch_accepted(struct dispatch *d, uint16_t link, struct dispatch_job *job, const uint32_t *units, size_t n,
		       uint64_t now_us);
/* Units >= from that the peer of this link may have: ACCEPTED, UNKNOWN, or given out; ascending, of chunks it
 * owns. */
size_t dispatch_accepted_many(struct dispatch *d, uint16_t link, struct dispatch_job *job, uint32_t from,
			      uint32_t *units, size_t max);
uint32_t dispatch_window_used(const struct dispatch *d, uint16_t link);
uint64_t dispatch_link_waiting(const struct dispatch *d, uint16_t link); /* units still to do by it */
