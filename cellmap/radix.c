#include "cellmap/radix.h"
#include <string.h>

#define BITS   11
#define PASSES 3
#define DIGITS (1 << BITS)

/* Where each digit's pairs begin; false when all pairs have the same. */
static int begins(uint32_t *count, size_t n)
{
	uint32_t sum = 0;

	for (int i = 0; i < DIGITS; i++) {
		uint32_t each = count[i];

		if (each == n)
			return 0;
		count[i] = sum;
		sum += each;
	}
	return 1;
}

static void few(struct radix_pair *pairs, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct radix_pair p = pairs[i];
		size_t k = i;

		for (; k > 0 && pairs[k - 1].key > p.key; k--)
			pairs[k] = pairs[k - 1];
		pairs[k] = p;
	}
}

void radix_sort(struct radix_pair *pairs, struct radix_pair *spare, size_t n)
{
	uint32_t count[PASSES][DIGITS];
	struct radix_pair *from = pairs, *to = spare;

	if (n < 32) {
		few(pairs, n);
		return;
	}
	memset(count, 0, sizeof(count));
	for (size_t i = 0; i < n; i++)
		for (int p = 0; p < PASSES; p++)
			count[p][from[i].key >> p * BITS & (DIGITS - 1)]++;
	for (int p = 0; p < PASSES; p++) {
		struct radix_pair *swap;

		if (!begins(count[p], n))
			continue;
		for (size_t i = 0; i < n; i++)
			to[count[p][from[i].key >> p * BITS & (DIGITS - 1)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != pairs)
		memcpy(pairs, from, n * sizeof(*pairs));
}
