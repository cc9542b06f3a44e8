#include "gateway/conf_check.h"
#include <math.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include "gateway/lexical.h"
#include "gateway/texts.h"

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void check_box(struct conf_reader *r, const struct conf_box *b)
{
	if (conf_given(r->conf, &b->south) && conf_given(r->conf, &b->north) && b->south >= b->north)
		conf_problem(r, &b->south, "south %.10g is not below north %.10g", b->south, b->north);
	if (conf_given(r->conf, &b->west) && conf_given(r->conf, &b->east) && b->west == b->east)
		conf_problem(r, &b->west, "west and east are equal; the box has no width");
}

static bool legal_path(const char *p)
{
	for (size_t n; *p; p += n) {
		n = strcspn(p, ".");
		if (!lexical_name(p, n))
			return false;
		if (p[n] == '.')
			n++;
		if (p[n - 1] == '.' && !p[n])
			return false;
	}
	return true;
}

static void check_field(struct conf_reader *r, const struct conf_agency *a, const struct conf_field *f)
{
	int known, ours;

	if (!f->ours || !f->theirs)
		return;
	ours = trigger_key_find(f->ours, strlen(f->ours));
	known = trigger_key_find(f->theirs, strlen(f->theirs));
	if (ours < 0)
		conf_problem(r, &f->ours, "%s is no key of a trigger; see reunion.trigger(5)", f->ours);
	if (!legal_path(f->theirs))
		conf_problem(
			r, &f->theirs,
			"%s cannot be a key: letters, digits, _ and - after a letter; dots between groups",
			f->theirs);
	else if (known >= 0 && known != ours)
		conf_problem(r, &f->theirs, "%s is the name of another key of triggers", f->theirs);
	for (const struct conf_field *g = a->fields; g < f; g++) {
		if (same(g->ours, f->ours))
			conf_problem(r, &f->ours, "%s is mapped twice", f->ours);
		if (same(g->theirs, f->theirs))
			conf_problem(r, &f->theirs, "%s stands for two keys", f->theirs);
	}
}

static void check_allowed_types(struct conf_reader *r, const struct conf_agency *a)
{
	for (size_t i = 0; i < a->n_types; i++) {
		bool known = !a->types[i] || !r->conf->n_types;

		for (size_t t = 0; t < r->conf->n_types; t++)
			known |= same(r->conf->types[t].name, a->types[i]);
		if (!known)
			conf_problem(r, &a->types[i],
				     "no alert type has this name; it must be one of alert_types");
	}
}

static void check_agency(struct conf_reader *r, struct conf_agency *a)
{
	if (!a->n_keys && !a->allow_unsigned && !conf_given(r->conf, &a->keys))
		conf_problem_in(r, a, "keys",
				"missing key; without minisign public keys no trigger can be accepted "
				"(trials: allow_unsigned = true)");
	else if (!a->n_keys && !a->allow_unsigned)
		conf_problem(r, &a->keys, "no public key in it; without one no trigger can be accepted");
	if (!conf_given(r->conf, &a->max_ring_km))
		a->max_ring_km = a->max_radius_km;
	else if (a->max_ring_km < a->max_radius_km)
		conf_problem(r, &a->max_ring_km, "%.10g is less than max_radius_km %.10g", a->max_ring_km,
			     a->max_radius_km);
	check_allowed_types(r, a);
	for (size_t i = 0; i < a->n_jurisdiction; i++)
		check_box(r, &a->jurisdiction[i]);
	for (size_t i = 0; i < a->n_fields; i++)
		check_field(r, a, &a->fields[i]);
	for (const struct conf_agency *b = r->conf->agencies; b < a; b++) {
		if (same(a->name, b->name))
			conf_problem(r, &a->name, "two agencies have the name %s", a->name);
		if (same(a->spool, b->spool))
			conf_problem(r, &a->spool, "two agencies share this folder");
	}
}

static void check_rings(struct conf_reader *r, const struct conf_type *t)
{
	double radius = t->radius_km;
	uint32_t after = 0;

	for (size_t i = 0; i < t->n_rings; i++) {
		const struct conf_ring *g = &t->rings[i];

		if (!g->after_s || !(g->radius_km > 0))
			continue;
		if (g->after_s <= after)
			conf_problem(r, &g->after_s, "%u is not later than the step before (%u)", g->after_s,
				     after);
		if (g->radius_km <= radius)
			conf_problem(r, &g->radius_km, "%.10g is not larger than the step before (%.10g)",
				     g->radius_km, radius);
		if (t->lifetime_s && g->after_s >= t->lifetime_s)
			conf_problem(r, &g->after_s, "%u is not before the alert ends (lifetime_s %u)",
				     g->after_s, t->lifetime_s);
		after = g->after_s;
		radius = g->radius_km;
	}
}

static void check_template(struct conf_reader *r, char *const *field)
{
	char err[256];

	if (*field && texts_check(*field, NULL, err, sizeof(err)) < 0)
		conf_problem(r, field, "%s", err);
}

/* Message identifiers of the public warning system (TS 23.041 9.4.1.2.2), and those of tests and exercises
 * among them. */
static bool is_public(uint16_t id)
{
	bool test = (id >= 4380 && id <= 4382) || (id >= 4393 && id <= 4395) || id == 4398;

	return id >= 4352 && id <= 6399 && !test;
}

static void check_text(struct conf_reader *r, const struct conf_type *t, struct conf_text *x)
{
	bool first = x == t->texts;

	x->line = conf_line(r->conf, x);
	if (!conf_given(r->conf, &x->message_identifier))
		x->message_identifier = first ? 4379 : 4392;
	if (!conf_given(r->conf, &x->exercise_identifier))
		x->exercise_identifier = first ? 4381 : 4394;
	if (is_public(x->exercise_identifier) || x->exercise_identifier == x->message_identifier)
		conf_problem(
			r, &x->exercise_identifier,
			"%u reaches the public; an exercise needs a test identifier such as 4381 or 4394",
			x->exercise_identifier);
	check_template(r, &x->broadcast);
	check_template(r, &x->sms);
	check_template(r, &x->found);
	for (const struct conf_text *y = t->texts; y < x; y++)
		if (same(x->language, y->language))
			conf_problem(r, &x->language, "two texts have the language %s", x->language);
}

static void check_type(struct conf_reader *r, struct conf_type *t)
{
	if (t->lifetime_s && t->lifetime_s < t->deadline_s)
		conf_problem(r, &t->lifetime_s, "lifetime_s %u is shorter than deadline_s %u", t->lifetime_s,
			     t->deadline_s);
	check_rings(r, t);
	for (size_t i = 0; i < t->n_texts; i++)
		check_text(r, t, &t->texts[i]);
	for (const struct conf_type *u = r->conf->types; u < t; u++)
		if (same(t->name, u->name))
			conf_problem(r, &t->name, "two alert types have the name %s", t->name);
}

void conf_check(struct conf_reader *r)
{
	struct conf *c = r->conf;

	for (size_t i = 0; i < c->n_types; i++)
		check_type(r, &c->types[i]);
	for (size_t i = 0; i < c->n_agencies; i++)
		check_agency(r, &c->agencies[i]);
	conf_check_carriers(r);
	conf_check_listeners(r);
}
