#include "cellmap/bigmem.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <sys/mman.h>

#define HUGE_FROM (2 << 20)

struct region {
	void *base;
	size_t size;
};

void *bigmem_take(size_t size)
{
	void *p = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	OSMO_ASSERT(p != MAP_FAILED);
	if (size >= HUGE_FROM)
		madvise(p, size, MADV_HUGEPAGE); /* a wish: fewer faults and misses */
	return p;
}

void bigmem_drop(void *base, size_t size)
{
	munmap(base, size ? size : 1);
}

static int release(struct region *r)
{
	bigmem_drop(r->base, r->size);
	return 0;
}

void *bigmem(void *ctx, size_t size)
{
	struct region *r = talloc(ctx, struct region);

	OSMO_ASSERT(r);
	r->size = size;
	r->base = bigmem_take(size);
	talloc_set_destructor(r, release);
	return r->base;
}
