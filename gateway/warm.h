/* warm: what the first alert would wait for is done before it comes. Memory that is touched for the first time, and map blocks whose
 * checksums nobody has looked at, make a plan several times as slow. So a thread of low priority reads the map through and plans
 * a few circles for nobody, and memory that was used once stays. At last it copies the subscriber files that alerts will keep. */
#pragma once
#include "gateway/maps.h"

struct warm;
void warm_memory(void); /* first in the process */
/* conf and maps must last until warm_end(); its uses are not counted. NULL: no thread can be had, which is no harm. */
struct warm *warm_start(const struct conf *conf, const struct mapset *maps);
bool warm_done(const struct warm *w);
void warm_end(struct warm *w); /* waits for a few dozen ms, or until a file is copied */
