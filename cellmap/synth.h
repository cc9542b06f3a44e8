/* synth: a made-up OpenCelliD table of China for trials: cells where people live, four networks, plausible
 * identities and ranges, and the dirt of real tables. Integers only, so that a seed gives the same octets on
 * every machine. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct synth {
	uint64_t cells; /* rows with distinct keys; dirt comes on top */
	uint64_t seed;
	bool clean; /* no dirt */
	/* Takes len octets; not 0 stops the work and is what synth_write() returns. */
	int (*put)(void *arg, const char *data, size_t len);
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total); /* or NULL */
	void *put_arg, *progress_arg;
};

int synth_write(const struct synth *s);
