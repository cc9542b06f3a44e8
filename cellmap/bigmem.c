#include "cellmap/bigmem.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <sys/mman.h>

#define HUGE_FROM (8 << 20)

struct region {
	void *base;
	size_t size;
};

static int release(struct region *r)
{
	munmap(r->base, r->size);
	return 0;
}

void *bigmem(void *ctx, size_t size)
{
	struct region *r = talloc(ctx, struct region);

	OSMO_ASSERT(r);
	r->size = size ? size : 1;
	r->base = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	OSMO_ASSERT(r->base != MAP_FAILED);
	if (size >= HUGE_FROM)
		madvise(r->base, r->size, MADV_HUGEPAGE); /* a wish: fewer faults and misses */
	talloc_set_destructor(r, release);
	return r->base;
}
