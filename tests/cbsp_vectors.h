/* Rows of the public vectors (SHARED_DATA/vectors/vectors.tsv): name, protocol, kind, hex. Not part of the
 * project. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <osmocom/core/utils.h>

struct vector {
	char name[128], protocol[32], kind[32];
	uint8_t octets[4096];
	int len;
};

static inline FILE *vectors_open(void)
{
	const char *top = getenv("SHARED_DATA");
	char path[4096];

	snprintf(path, sizeof(path), "%s/vectors/vectors.tsv", top ? top : ".");
	return fopen(path, "r");
}

static inline int vectors_next(FILE *f, struct vector *v)
{
	static char line[32768], hex[8193];

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%127[^\t]\t%31[^\t]\t%31[^\t]\t%8192[0-9a-fA-F]", v->name, v->protocol,
			   v->kind, hex) != 4)
			continue;
		v->len = osmo_hexparse(hex, v->octets, sizeof(v->octets));
		if (v->len > 0)
			return 1;
	}
	return 0;
}
