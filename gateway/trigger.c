#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include "gateway/log.h"
#include "gateway/trigger_parts.h"
#include "gateway/trigger_time.h"

#define CASE_MAX          64  /* characters */
#define FUTURE_S          300 /* what clocks may differ */
#define SAY(file, k, ...) TRIGGER_SAY(file, k, __VA_ARGS__)

static const char *const actions[] = {[ACTION_ALERT] = "alert",
				      [ACTION_UPDATE] = "update",
				      [ACTION_CANCEL] = "cancel",
				      [ACTION_EXERCISE] = "exercise"};

const char *trigger_action_name(enum trigger_action a)
{
	return actions[a];
}

/* The text of a key that must be there, or NULL after a reason. */
static const char *need_text(struct trigger_file *file, enum trigger_key k)
{
	if (!file->field[k].given)
		SAY(file, k, "missing; it is required");
	return file->field[k].wrong ? NULL : file->field[k].text;
}

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xC0) != 0x80;
	return n;
}

static void check_case(struct trigger_file *file, struct trigger *t)
{
	const char *text = need_text(file, TK_CASE_NUMBER);

	if (!text)
		return;
	if (characters(text) < 1 || characters(text) > CASE_MAX)
		SAY(file, TK_CASE_NUMBER, "has %zu characters; expected 1 to %d", characters(text), CASE_MAX);
	else if (strchr(text, '/') || strstr(text, ".."))
		SAY(file, TK_CASE_NUMBER, "holds / or .., which are not allowed");
	else if (text[strspn(text, " ")] == '\0')
		SAY(file, TK_CASE_NUMBER, "is blank");
	t->case_number = talloc_strdup(t, text);
}

/* Unknown actions are told and taken for an alert, whose checks are the strictest. */
static void check_action(struct trigger_file *file, struct trigger *t)
{
	const char *text = need_text(file, TK_ACTION);

	t->action = ACTION_ALERT;
	if (!text)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcmp(text, actions[i])) {
			t->action = (enum trigger_action)i;
			return;
		}
	SAY(file, TK_ACTION, "\"%s\" is not known; expected alert, update, cancel or exercise",
	    log_safe(text, strlen(text)));
}

static bool may_use(const struct conf_agency *a, const char *type)
{
	for (size_t i = 0; i < a->n_types; i++)
		if (!strcmp(a->types[i], type))
			return true;
	return false;
}

static void check_type(struct trigger_file *file, const struct conf *conf, struct trigger *t)
{
	const char *text = need_text(file, TK_TYPE);

	if (!text)
		return;
	t->type = talloc_strdup(t, text);
	t->conf_type = conf_type(conf, text);
	if (t->action == ACTION_CANCEL)
		return; /* the alert may be older than what the configuration has of types */
	if (!t->conf_type)
		SAY(file, TK_TYPE, "\"%s\" is no alert type of this gateway", log_safe(text, strlen(text)));
	else if (!may_use(file->agency, text))
		SAY(file, TK_TYPE, "%s may not use the alert type %s", file->agency->name, text);
}

/* 0 when absent or not readable (told). */
static int64_t read_time(struct trigger_file *file, enum trigger_key k)
{
	const struct trigger_field *f = &file->field[k];
	int64_t when = 0;
	int rc = f->given && !f->wrong ? trigger_time_parse(f->text, &when) : 0;

	if (rc == -ENODATA)
		SAY(file, k, "has no zone; write one, such as +08:00");
	else if (rc < 0)
		SAY(file, k, "is no date and time; expected one such as 2026-11-23T08:32:31+08:00");
	return rc < 0 ? 0 : when;
}

static void check_times(struct trigger_file *file, struct trigger *t, int64_t now)
{
	int64_t age;

	need_text(file, TK_REPORTED_AT);
	t->reported_at = read_time(file, TK_REPORTED_AT);
	if (t->action == ACTION_CANCEL)
		return; /* neither its age nor anything else must keep a cancel back */
	t->missing_since = read_time(file, TK_MISSING_SINCE);
	age = now - t->reported_at;
	if (t->reported_at && age < -FUTURE_S)
		SAY(file, TK_REPORTED_AT,
		    "lies %lld s in the future; at most %d s are allowed (check clock and zone)",
		    (long long)-age, FUTURE_S);
	else if (t->reported_at && t->conf_type && age > t->conf_type->lifetime_s)
		SAY(file, TK_REPORTED_AT, "is %lld s old; an alert of type %s ends after %u s",
		    (long long)age, t->conf_type->name, t->conf_type->lifetime_s);
	if (t->missing_since && t->reported_at && t->missing_since > t->reported_at + FUTURE_S)
		SAY(file, TK_MISSING_SINCE, "is later than %s", file->field[TK_REPORTED_AT].key);
}

static void check_range(struct trigger_file *file, enum trigger_key k, double min, double max)
{
	const struct trigger_field *f = &file->field[k];

	if (f->given && !f->wrong && !(f->number >= min && f->number <= max))
		SAY(file, k, "%.10g is not plausible; expected %.10g to %.10g", f->number, min, max);
}

static void check_child(struct trigger_file *file)
{
	const struct trigger_field *sex = &file->field[TK_CHILD_SEX], *photo = &file->field[TK_CHILD_PHOTO];

	check_range(file, TK_CHILD_AGE, 0, 130);
	check_range(file, TK_CHILD_HEIGHT_CM, 20, 260);
	if (sex->text && strcmp(sex->text, "female") && strcmp(sex->text, "male"))
		SAY(file, TK_CHILD_SEX, "\"%s\" is not known; expected female or male",
		    log_safe(sex->text, strlen(sex->text)));
	if (photo->text && strncmp(photo->text, "https://", 8) && strncmp(photo->text, "http://", 7))
		SAY(file, TK_CHILD_PHOTO, "is no web address; expected https://...");
}

static bool needed_by_cancel(enum trigger_key k)
{
	return k == TK_CASE_NUMBER || k == TK_TYPE || k == TK_ACTION || k == TK_REPORTED_AT;
}

/* Values of another kind than their key's, and texts that are empty. */
static void check_kinds(struct trigger_file *file, enum trigger_action action)
{
	for (int k = 0; k < TK_N; k++) {
		struct trigger_field *f = &file->field[k];

		if (!f->given || (action == ACTION_CANCEL && !needed_by_cancel(k)))
			continue;
		if (f->wrong)
			SAY(file, k, "expected %s, found %s",
			    trigger_key_is_number(k) ? "a number" : "a text in quotes", f->found);
		else if (f->text && !f->text[0] && k != TK_CASE_NUMBER)
			SAY(file, k, "is empty; leave the key out instead");
	}
}

static void check_all(struct trigger_file *file, const struct conf *conf, struct trigger *t, int64_t now)
{
	check_action(file, t);
	check_kinds(file, t->action);
	check_case(file, t);
	check_type(file, conf, t);
	check_times(file, t, now);
	if (t->action == ACTION_CANCEL)
		return;
	trigger_geo(file, t);
	check_child(file);
	if (t->conf_type)
		trigger_texts(file, t);
}

bool trigger_cap(const char *name, const uint8_t *data, size_t len, struct reasons *reasons, void *ctx)
{
	size_t n = strlen(name), at = 0;
	bool cap = n >= 4 && !strcasecmp(name + n - 4, ".xml");

	while (at < len && isspace(data[at]))
		at++;
	cap |= at < len && data[at] == '<';
	if (cap)
		reasons_add(ctx, reasons, 1, NULL,
			    "CAP (XML) is not understood by this gateway yet; drop a .trigger file");
	return cap;
}

int trigger_check(void *ctx, const struct conf *conf, const struct conf_agency *agency,
		  const struct trigger_scan *scan, int64_t now, struct trigger **trigger,
		  struct reasons *reasons)
{
	struct trigger *t = talloc_zero(ctx, struct trigger);
	struct trigger_file file = {.agency = agency, .ctx = ctx, .reasons = reasons};
	size_t before = reasons->n;
	void *scratch = talloc_new(t);

	OSMO_ASSERT(t && scratch);
	*trigger = NULL;
	if (trigger_read(scratch, scan, &file) == 0)
		check_all(&file, conf, t, now);
	if (reasons->n > before) {
		talloc_free(t);
		return -EBADMSG;
	}
	t->agency = talloc_strdup(t, agency->name);
	trigger_digest(&file, t->digest);
	talloc_free(scratch);
	*trigger = t;
	return 0;
}

int trigger_parse(void *ctx, const struct conf *conf, const struct conf_agency *agency, const char *name,
		  const uint8_t *data, size_t len, int64_t now, struct trigger **trigger,
		  struct reasons *reasons)
{
	struct trigger_scan *scan;
	int rc;

	*trigger = NULL;
	if (trigger_cap(name, data, len, reasons, ctx))
		return -EBADMSG;
	scan = trigger_scan(ctx, data, len);
	rc = trigger_check(ctx, conf, agency, scan, now, trigger, reasons);
	talloc_free(scan);
	return rc;
}
