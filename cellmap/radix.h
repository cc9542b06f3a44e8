/* radix: sorting of rows by a number. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct radix_pair {
	uint32_t key, row;
};

/* Stable, ascending by key. spare: as large as pairs. */
void radix_sort(struct radix_pair *pairs, struct radix_pair *spare, size_t n);
