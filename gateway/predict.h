/* predict: when each carrier will be done, from what is left, the pace measured and the plan. Part of the daemon; what it
 * reckons with is forecast.h. */
#pragma once
#include <stdint.h>

struct book_job;
struct daemon;

void predict_second(struct daemon *d, uint64_t now_us); /* once a second: measures */
void predict_refresh(struct daemon *d);			/* what is owed now, before any question */
double predict_left(const struct book_job *j);		/* parts */
/* Seconds until the job, and all that is more urgent, will have gone out; INFINITY when nothing moves. */
double predict_seconds(struct daemon *d, const struct book_job *j, uint64_t now_us);
