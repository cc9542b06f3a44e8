/* The form of a scan between two processes: numbers as the machine has them, texts with their length in front. */
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include "gateway/lexical.h"
#include "gateway/trigger_scan.h"

#define NO_TEXT      UINT32_MAX
#define MAX_FINDINGS (LEXICAL_MAX_REPORTS + 8)
#define MAX_LINE     (TRIGGER_MAX_OCTETS + 1)

struct writer {
	uint8_t *octets;
	size_t len;
};

static void put(struct writer *w, const void *p, size_t len)
{
	w->octets = talloc_realloc_size(talloc_parent(w->octets), w->octets, w->len + len + 1);
	OSMO_ASSERT(w->octets);
	memcpy(w->octets + w->len, p, len);
	w->len += len;
}

static void put_u32(struct writer *w, uint32_t v)
{
	put(w, &v, sizeof(v));
}

static void put_text(struct writer *w, const char *text)
{
	put_u32(w, text ? strlen(text) : NO_TEXT);
	if (text)
		put(w, text, strlen(text));
}

uint8_t *trigger_scan_pack(void *ctx, const struct trigger_scan *scan, size_t *len)
{
	struct writer w = {.octets = talloc_size(ctx, 1)};

	put_u32(&w, scan->findings.n);
	for (size_t i = 0; i < scan->findings.n; i++) {
		put_u32(&w, scan->findings.v[i].line);
		put_text(&w, scan->findings.v[i].key);
		put_text(&w, scan->findings.v[i].text);
	}
	put_u32(&w, scan->n);
	for (size_t i = 0; i < scan->n; i++) {
		put_u32(&w, scan->v[i].kind);
		put_u32(&w, scan->v[i].line);
		put_text(&w, scan->v[i].path);
		put_text(&w, scan->v[i].text);
		put(&w, &scan->v[i].number, sizeof(double));
	}
	*len = w.len;
	return w.octets;
}

struct reader {
	void *ctx;
	const uint8_t *at;
	size_t left;
	bool bad; /* sticks: what is read after it is empty */
};

static void get(struct reader *r, void *p, size_t len)
{
	memset(p, 0, len);
	r->bad |= r->left < len;
	if (r->bad)
		return;
	memcpy(p, r->at, len);
	r->at += len;
	r->left -= len;
}

static uint32_t get_u32(struct reader *r, uint32_t max)
{
	uint32_t v;

	get(r, &v, sizeof(v));
	r->bad |= v > max;
	return r->bad ? 0 : v;
}

static char *get_text(struct reader *r)
{
	uint32_t len = get_u32(r, UINT32_MAX);
	char *text;

	if (r->bad || len == NO_TEXT)
		return NULL;
	r->bad |= r->left < len || !lexical_clean((const char *)r->at, len);
	if (r->bad)
		return NULL;
	text = talloc_strndup(r->ctx, (const char *)r->at, len);
	OSMO_ASSERT(text);
	r->at += len;
	r->left -= len;
	return text;
}

static void get_findings(struct reader *r, struct trigger_scan *scan)
{
	uint32_t n = get_u32(r, MAX_FINDINGS);

	for (uint32_t i = 0; i < n && !r->bad; i++) {
		unsigned int line = get_u32(r, MAX_LINE);
		const char *key = get_text(r), *text = get_text(r);

		r->bad |= !text;
		if (!r->bad)
			reasons_add(scan, &scan->findings, line, key, "%s", text);
	}
}

static void get_values(struct reader *r, struct trigger_scan *scan)
{
	uint32_t n = get_u32(r, SCAN_MAX_VALUES);

	scan->v = talloc_zero_array(scan, struct scan_value, n + 1);
	OSMO_ASSERT(scan->v);
	for (; scan->n < n && !r->bad; scan->n++) {
		struct scan_value *v = &scan->v[scan->n];

		v->kind = get_u32(r, SCAN_KINDS - 1);
		v->line = get_u32(r, MAX_LINE);
		v->path = get_text(r);
		v->text = get_text(r);
		get(r, &v->number, sizeof(v->number));
		r->bad |= !v->path || !!v->text != (v->kind == SCAN_TEXT) || !isfinite(v->number);
	}
}

int trigger_scan_unpack(void *ctx, const uint8_t *data, size_t len, struct trigger_scan **out)
{
	struct trigger_scan *scan = talloc_zero(ctx, struct trigger_scan);
	struct reader r = {.ctx = scan, .at = data, .left = len};

	OSMO_ASSERT(scan);
	get_findings(&r, scan);
	get_values(&r, scan);
	*out = scan;
	if (!r.bad && r.left == 0 && (scan->findings.n == 0 || scan->n == 0))
		return 0;
	talloc_free(scan);
	*out = NULL;
	return -EBADMSG;
}
