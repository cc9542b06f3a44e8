#include "cellmap/geojson.h"
#include "cellmap/cellmap.h"
#include "cellmap/json.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 63

struct geojson {
	struct csv_layout layout; /* only names and texts are used */
	const char *p, *end;
	char *feature; /* what there is of the one under way */
	size_t len;
	bool inside, too_long;
	uint64_t line, first_line, made; /* lines read; where the feature began; lines made */
	uint32_t depth, list;            /* of brackets; depth at which features begin, 0: not known */
	bool in_string, escaped;
	char word[9]; /* the string under way, as far as it goes */
	uint8_t word_len;
	bool features; /* the last string was "features" */
	bool ready;    /* the feature is whole */
};

struct geojson *geojson_new(void *ctx, const struct csv_layout *layout)
{
	struct geojson *g = talloc_zero(ctx, struct geojson);

	OSMO_ASSERT(g);
	if (layout)
		g->layout = *layout;
	else
		g->layout.radio = -1;
	g->feature = talloc_size(g, GEOJSON_FEATURE_MAX);
	OSMO_ASSERT(g->feature);
	return g;
}

bool geojson_begins(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
			return text[i] == '{' || text[i] == '[';
	return false;
}

void geojson_feed(struct geojson *g, const char *text, size_t len)
{
	g->p = text;
	g->end = text + len;
}

bool geojson_whole(const struct geojson *g)
{
	return g->depth == 0 && !g->in_string;
}

static void in_string(struct geojson *g, char c)
{
	if (g->escaped) {
		g->escaped = false;
	} else if (c == '\\') {
		g->escaped = true;
	} else if (c == '"') {
		g->in_string = false;
		g->features = g->word_len == 8 && !memcmp(g->word, "features", 8);
		return;
	}
	if (g->word_len < sizeof(g->word))
		g->word[g->word_len++] = c;
}

/* An object at depth 0 may be a feature, until it turns out to hold a list of them. */
static void opens(struct geojson *g, char c)
{
	g->depth += g->depth < UINT32_MAX;
	if (c == '[' && (g->depth == 1 || (g->depth == 2 && g->features && !g->list))) {
		g->list = g->depth;
		g->inside = false;
	} else if (c == '{' && g->depth == g->list + 1 && !g->inside) {
		g->inside = true;
		g->too_long = false;
		g->len = 0;
		g->first_line = g->line;
	}
	g->features = false;
}

static void closes(struct geojson *g, char c)
{
	g->depth -= g->depth > 0;
	if (c == '}' && g->inside && g->depth == g->list) {
		g->inside = false;
		g->ready = true;
	}
	if (g->depth < g->list)
		g->list = 0;
	g->features = false;
}

static void take(struct geojson *g, char c)
{
	g->line += c == '\n';
	if (g->in_string) {
		in_string(g, c);
	} else if (c == '"') {
		g->in_string = true;
		g->word_len = 0;
	} else if (c == '{' || c == '[') {
		opens(g, c);
	}
	if (g->inside && g->len < GEOJSON_FEATURE_MAX)
		g->feature[g->len++] = c;
	else if (g->inside)
		g->too_long = true;
	if (!g->in_string && (c == '}' || c == ']'))
		closes(g, c);
}

struct values {
	char text[CSV_FIELDS][VALUE_MAX + 1];
	int numbers; /* of the position so far; 3: not a point */
};

static void set(char *to, const struct json_token *t)
{
	size_t len = t->len < VALUE_MAX ? t->len : VALUE_MAX;

	if (t->kind == JSON_WORD && t->len == 4 && !memcmp(t->at, "null", 4))
		len = 0;
	for (size_t i = 0; i < len; i++)
		to[i] = t->at[i] > ' ' && t->at[i] < 0x7F && t->at[i] != ',' && t->at[i] != '"' ? t->at[i]
												: '?';
	to[len] = 0;
}

static enum csv_field field_of(const struct geojson *g, const struct json_token *key)
{
	enum csv_field field;

	for (int i = 0; i < CSV_FIELDS; i++)
		if (g->layout.named >> i & 1 && json_is(key, g->layout.text[i]))
			return (enum csv_field)i;
	field = csv_field_named(key->at, key->len);
	if (field == CSV_FIELDS || g->layout.text[field][0] || (field == CSV_RADIO && g->layout.radio >= 0))
		return CSV_FIELDS; /* another property is named for it, or all have one value */
	return field;
}

/* "coordinates" of a point: longitude, latitude, and whatever follows. j stands behind the key. */
static void take_position(struct json *j, struct values *v)
{
	struct json_token t = json_next(j);
	int depth = 1, n = 0;

	if (t.kind != JSON_ARRAY)
		return;
	while (depth > 0) {
		t = json_next(j);
		if (t.kind == JSON_END || t.kind == JSON_BAD)
			return;
		if (t.kind == JSON_ARRAY || t.kind == JSON_OBJECT) {
			depth++;
			v->numbers = 3;
		} else if (t.kind == JSON_ARRAY_END || t.kind == JSON_OBJECT_END) {
			depth--;
		} else if (depth == 1 && n < 2) {
			set(v->text[n++ ? CSV_LAT : CSV_LON], &t);
		}
	}
	v->numbers = v->numbers == 3 ? 3 : n;
}

/* Scalars of the object itself and of its properties; a position of the geometry wins over lat and lon. */
static void read_feature(const struct geojson *g, struct values *v)
{
	struct json j = {g->feature, g->feature + g->len};
	char lat[VALUE_MAX + 1], lon[VALUE_MAX + 1];
	struct values point = {.numbers = 0};

	for (int depth = 0;;) {
		struct json_token t = json_next(&j);
		struct json value = j;
		enum csv_field field;

		if (t.kind == JSON_END || t.kind == JSON_BAD)
			break;
		depth += (t.kind == JSON_OBJECT || t.kind == JSON_ARRAY) -
			 (t.kind == JSON_OBJECT_END || t.kind == JSON_ARRAY_END);
		if (!t.key || depth > 2)
			continue;
		if (json_is(&t, "coordinates")) {
			take_position(&j, &point);
			continue;
		}
		field = field_of(g, &t);
		t = json_next(&value);
		if (field < CSV_FIELDS && !t.key &&
		    (t.kind == JSON_STRING || t.kind == JSON_NUMBER || t.kind == JSON_WORD)) {
			set(v->text[field], &t);
			j = value;
		}
	}
	if (point.numbers == 0)
		return;
	strcpy(lat, point.numbers == 2 ? point.text[CSV_LAT] : "no-point");
	strcpy(lon, point.numbers == 2 ? point.text[CSV_LON] : "no-point");
	strcpy(v->text[CSV_LAT], lat);
	strcpy(v->text[CSV_LON], lon);
}

static size_t make_line(struct geojson *g, char *line)
{
	struct values v = {.numbers = 0};

	g->ready = false;
	g->made++;
	for (int i = 0; i < CSV_FIELDS; i++)
		if (g->layout.text[i][0] && !(g->layout.named >> i & 1))
			set(v.text[i], &(struct json_token){JSON_STRING, false, g->layout.text[i],
							    strlen(g->layout.text[i])});
	if (g->layout.radio >= 0)
		strcpy(v.text[CSV_RADIO], cell_radio_name((enum cell_radio)g->layout.radio));
	if (g->too_long)
		strcpy(v.text[CSV_LAT], "no-point");
	else
		read_feature(g, &v);
	return (size_t)snprintf(line, GEOJSON_LINE_MAX, "%s,%s,%s,%s,%s,,%s,%s,%s,%s,,,%s\n",
				v.text[CSV_RADIO], v.text[CSV_MCC], v.text[CSV_NET], v.text[CSV_AREA],
				v.text[CSV_CELL], v.text[CSV_LON], v.text[CSV_LAT], v.text[CSV_RANGE],
				v.text[CSV_SAMPLES], v.text[CSV_UPDATED]);
}

size_t geojson_next(struct geojson *g, char *line)
{
	while (!g->ready && g->p < g->end)
		take(g, *g->p++);
	if (!g->ready)
		return 0;
	if (g->made < g->first_line) { /* keep step with the lines of the text */
		g->made++;
		line[0] = '\n';
		return 1;
	}
	return make_line(g, line);
}
