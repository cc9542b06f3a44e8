/* conf_read: reads a libconfig tree into structs as a table of keys says, telling every problem with line and
 * key path.
 *
 * Pure. A field's place in the file stays known (struct conf_spot), so that later checks can name the line
 * too. */
#pragma once
#include <libconfig.h>
#include <stdio.h>
#include "gateway/conf.h"

enum conf_kind {
	CONF_TEXT,
	CONF_PATH, /* relative to the configuration's folder */
	CONF_U8,
	CONF_U16,
	CONF_U32,
	CONF_REAL,
	CONF_FLAG,
	CONF_CHOICE, /* an enum: index into choices */
	CONF_TAKE,   /* a text that take() turns into the field */
	CONF_GROUP,
	CONF_LIST,  /* of groups */
	CONF_TEXTS, /* list of texts */
	CONF_U16S,  /* list of whole numbers */
	CONF_TAKES, /* list of texts, each element by take() */
};

enum { CONF_ONLY_SMPP = 1, CONF_ONLY_CBSP = 2 };

struct conf_key {
	const char *name;
	enum conf_kind kind;
	size_t at, at_n;      /* offset of the field, and of the count of a list; of a bool: the group is there */
	size_t size;          /* of an element of CONF_LIST, CONF_TAKES */
	double min, max;      /* of a number; octets of a text (0, 0: 1..255); elements of a list */
	bool required, above; /* above: min itself is not allowed */
	bool newline;         /* a text may hold line ends */
	unsigned int only;
	const char *preset;       /* as it would be written; NULL: zero or nothing */
	const char *preset_shown; /* for the manual, when it is computed */
	const char *const *choices;
	const struct conf_key *keys; /* of a group, ended by .name = NULL */
	/* Text to field or element. NULL, or what is expected. */
	const char *(*take)(void *ctx, void *field, const char *text);
	const char *doc;
};

struct conf_reader {
	struct conf *conf;
	void *problems_ctx;
	struct conf_problems *problems;
};

/* Reads the file's root into r->conf. */
void conf_read(struct conf_reader *r, const config_setting_t *root, const struct conf_key *keys);
/* A problem at a field (any address inside the tree that was read from the file), with its line and key. */
void conf_problem(struct conf_reader *r, const void *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A problem of an element as a whole (missing key, for example); key is appended to its path, may be NULL. */
void conf_problem_in(struct conf_reader *r, const void *element, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void conf_problem_at(struct conf_reader *r, unsigned int line, const char *key, const char *text);
unsigned int conf_line(const struct conf *conf, const void *element); /* of a list; 0: none */
bool conf_given(const struct conf *conf, const void *field); /* stands in the file (not by default) */
