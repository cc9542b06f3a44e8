/* Unions and differences of answers, and what they list. */
#include "cellmap/cellmap.h"
#include <string.h>

#define LANES 16

typedef uint32_t vu __attribute__((vector_size(4 * LANES)));

struct sink {
	struct cell_span *spans;
	size_t max, n;
};

static void put(struct sink *s, uint32_t first, uint32_t end)
{
	if (first >= end)
		return;
	if (s->n < s->max)
		s->spans[s->n] = (struct cell_span){first, end - first};
	s->n++;
}

size_t cell_spans_join(const struct cell_span *a, size_t n_a, const struct cell_span *b, size_t n_b,
		       struct cell_span *spans, size_t max)
{
	struct sink s = {spans, max, 0};
	uint32_t first = 0, end = 0; /* of the span that grows */
	size_t i = 0, k = 0;

	while (i < n_a || k < n_b) {
		const struct cell_span *next =
			k == n_b || (i < n_a && a[i].first <= b[k].first) ? &a[i++] : &b[k++];

		/* Neighbours stay apart: they may be of two networks. */
		if (next->first >= end) {
			put(&s, first, end);
			first = next->first;
			end = first;
		}
		if (next->first + next->count > end)
			end = next->first + next->count;
	}
	put(&s, first, end);
	return s.n;
}

size_t cell_spans_without(const struct cell_span *a, size_t n_a, const struct cell_span *b, size_t n_b,
			  struct cell_span *spans, size_t max)
{
	struct sink s = {spans, max, 0};
	size_t k = 0;

	for (size_t i = 0; i < n_a; i++) {
		uint32_t first = a[i].first, end = first + a[i].count;

		while (k < n_b && b[k].first + b[k].count <= first)
			k++;
		for (size_t j = k; j < n_b && b[j].first < end; j++) {
			put(&s, first, b[j].first);
			if (b[j].first + b[j].count > first)
				first = b[j].first + b[j].count;
		}
		put(&s, first, end);
	}
	return s.n;
}

size_t cell_spans_indices(const struct cell_span *spans, size_t n, uint32_t *indices)
{
	const vu step = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	uint32_t *at = indices;

	for (size_t i = 0; i < n; i++) {
		uint32_t k = 0, count = spans[i].count;

		for (; count - k >= LANES; k += LANES) {
			vu some = step + (spans[i].first + k);

			memcpy(at + k, &some, sizeof(some));
		}
		for (; k < count; k++)
			at[k] = spans[i].first + k;
		at += count;
	}
	return (size_t)(at - indices);
}
