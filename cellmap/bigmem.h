/* bigmem: zeroed memory of any size (talloc stops at 256 MiB), freed with its talloc parent. Aborts when
 * there is none. */
#pragma once
#include <stddef.h>
void *bigmem(void *ctx, size_t size);
/* The same without a parent, for threads. */
void *bigmem_take(size_t size);
void bigmem_drop(void *base, size_t size);
