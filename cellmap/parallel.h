/* parallel: numbered jobs on several threads. */
#pragma once

unsigned int parallel_threads(unsigned int asked); /* 0: one per core; at most 32 */
/* run(arg, job) for job 0 .. jobs-1, in any order; returns when all are done. */
void parallel(unsigned int threads, unsigned int jobs, void (*run)(void *arg, unsigned int job), void *arg);
