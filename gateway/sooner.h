/* sooner: the earlier of two monotonic times. A function, since OSMO_MIN evaluates the chosen argument twice. */
#pragma once
#include <stdint.h>

static inline uint64_t sooner(uint64_t a_us, uint64_t b_us)
{
	return a_us < b_us ? a_us : b_us;
}
