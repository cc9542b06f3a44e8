/* cities: where the people of China live, roughly; for made-up tables. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct city {
	const char *name;
	uint16_t lat, lon;  /* 1/100 degree north and east */
	uint16_t thousands; /* inhabitants of the built-up area and around */
};

const struct city *cities(size_t *n);
