#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gateway/conf_check.h"
#include "gateway/minisign.h"
#include "gateway/texts.h"

/* Fields that could not be read are NULL: that was told. */
static void need_folder(struct conf_reader *r, char *const *field, const char *hint)
{
	struct stat st;

	if (!*field)
		return;
	if (stat(*field, &st) < 0)
		conf_problem(r, field, "%s: %s; %s", *field, strerror(errno), hint);
	else if (!S_ISDIR(st.st_mode))
		conf_problem(r, field, "%s is not a folder; %s", *field, hint);
	else if (access(*field, R_OK | W_OK | X_OK) < 0)
		conf_problem(r, field, "%s: not writable by this user; %s", *field, hint);
}

static void need_file(struct conf_reader *r, char *const *field, const char *hint)
{
	struct stat st;

	if (!*field)
		return;
	if (stat(*field, &st) < 0)
		conf_problem(r, field, "%s: %s; %s", *field, strerror(errno), hint);
	else if (!S_ISREG(st.st_mode))
		conf_problem(r, field, "%s is not a regular file; %s", *field, hint);
	else if (access(*field, R_OK) < 0)
		conf_problem(r, field, "%s: not readable by this user", *field);
}

static void check_agency(struct conf_reader *r, const struct conf_agency *a)
{
	struct minisign_key key;

	need_folder(r, &a->spool, "the agency's folder must exist and be writable");
	for (size_t i = 0; i < a->n_keys; i++) {
		if (!a->keys[i])
			continue;
		if (minisign_key_parse(a->keys[i], &key) == 0 && sodium_is_zero(key.point, sizeof(key.point)))
			conf_problem(r, &a->keys[i],
				     "this is the example's key, which nobody can sign with; put in the "
				     "agency's own");
		if (minisign_key_parse(a->keys[i], &key) < 0)
			conf_problem(r, &a->keys[i],
				     "not a minisign public key; expected the line of 56 characters that "
				     "begins with RW");
	}
}

static void check_tls(struct conf_reader *r, const struct conf_link *l)
{
	struct stat st;

	need_file(r, &l->tls.ca_file, "the authority's certificates must be there");
	need_file(r, &l->tls.certificate_file, "our certificate must be there");
	need_file(r, &l->tls.key_file, "the certificate's key must be there");
	if (l->tls.key_file && stat(l->tls.key_file, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0077)
		conf_problem(r, &l->tls.key_file, "%s may be read or written by others; chmod 600", l->tls.key_file);
}

static void check_link(struct conf_reader *r, const struct conf_link *l)
{
	if (l->type == LINK_SMPP)
		check_tls(r, l);
	if (l->password_file && !l->password && access(l->password_file, R_OK) < 0 && errno == EACCES)
		conf_problem(r, &l->password_file, "%s: not readable by this user", l->password_file);
}

static void check_carrier(struct conf_reader *r, const struct conf_carrier *c)
{
	need_file(r, &c->subscribers, "make it with reunion subscribers build, or leave the key out");
	for (size_t i = 0; i < c->n_links; i++)
		check_link(r, &c->links[i]);
}

static void check_cellmap(struct conf_reader *r, const struct conf *c)
{
	bool faulty = conf_given(c, &c->cellmap.tables) && !c->cellmap.tables;

	for (size_t i = 0; i < c->cellmap.n_tables; i++)
		need_file(r, &c->cellmap.tables[i].file, "the cell table must be there");
	if (!c->cellmap.n_tables && !faulty)
		need_file(r, &c->cellmap.map, "make it with reunion cellmap build, or name its tables");
}

void conf_check_files(struct conf_reader *r)
{
	const struct conf *conf = r->conf;

	need_folder(r, &conf->state_directory, "the state directory must exist and be writable");
	check_cellmap(r, conf);
	for (size_t i = 0; i < conf->n_agencies; i++)
		check_agency(r, &conf->agencies[i]);
	for (size_t i = 0; i < conf->n_carriers; i++)
		check_carrier(r, &conf->carriers[i]);
}

int conf_check_world(void *ctx, const struct conf *conf, struct conf_problems *problems)
{
	struct conf_reader r = {.conf = (struct conf *)conf, .problems_ctx = ctx, .problems = problems};

	*problems = (struct conf_problems){NULL, 0};
	conf_check_files(&r);
	return problems->n ? -EBADMSG : 0;
}

static void warn_type(struct conf_reader *r, const struct conf_agency *a, const struct conf_type *t)
{
	if (t->radius_km > a->max_radius_km)
		conf_problem(r, &a->max_radius_km,
			     "%.10g is less than the usual radius of %s (%.10g): triggers without radius_km "
			     "will be rejected",
			     a->max_radius_km, t->name, t->radius_km);
	for (size_t i = 0; i < t->n_rings; i++)
		if (t->rings[i].radius_km > a->max_ring_km)
			conf_problem(r, &t->rings[i].radius_km,
				     "the ring of %.10g km is beyond max_ring_km %.10g of agency %s: it will "
				     "not be served",
				     t->rings[i].radius_km, a->max_ring_km, a->name);
}

static void warn_agency(struct conf_reader *r, const struct conf_agency *a)
{
	if (a->allow_unsigned)
		conf_problem(r, &a->allow_unsigned,
			     "agency %s may alert without a signature: only for trials", a->name);
	if (!a->n_jurisdiction)
		conf_problem_in(r, a, "jurisdiction", "agency %s may alert anywhere", a->name);
	for (size_t i = 0; i < a->n_types; i++)
		if (conf_type(r->conf, a->types[i]))
			warn_type(r, a, conf_type(r->conf, a->types[i]));
}

static void warn_carrier(struct conf_reader *r, const struct conf_carrier *c)
{
	if (c->rate == 0 && conf_given(r->conf, &c->rate))
		conf_problem(r, &c->rate, "rate 0: carrier %s has no limit over all its links; only for trials", c->name);
	for (size_t i = 0; i < c->n_links; i++) {
		const struct conf_link *l = &c->links[i];

		if (l->rate == 0)
			conf_problem(r, &l->rate, "rate 0: link %s sends without a limit; only for trials",
				     l->name);
		if (l->type == LINK_SMPP && l->addressing == ADDR_SUBSCRIBERS && !c->subscribers)
			conf_problem_in(r, l, "addressing",
					"carrier %s has no subscribers: link %s reaches test_numbers only",
					c->name, l->name);
	}
}

static void warn_template(struct conf_reader *r, char *const *field)
{
	char err[256];
	bool idle = false;

	if (texts_check(*field, &idle, err, sizeof(err)) == 0 && idle)
		conf_problem(r, field,
			     "[ ] without a field in it is always there; write \\\\[ and \\\\] for the "
			     "characters themselves");
}

void conf_warnings(void *ctx, const struct conf *conf, struct conf_problems *warnings)
{
	struct conf_reader r = {.conf = (struct conf *)conf, .problems_ctx = ctx, .problems = warnings};

	*warnings = (struct conf_problems){NULL, 0};
	for (size_t i = 0; i < conf->n_agencies; i++)
		warn_agency(&r, &conf->agencies[i]);
	for (size_t i = 0; i < conf->n_types; i++)
		for (size_t j = 0; j < conf->types[i].n_texts; j++) {
			warn_template(&r, &conf->types[i].texts[j].broadcast);
			warn_template(&r, &conf->types[i].texts[j].sms);
			warn_template(&r, &conf->types[i].texts[j].found);
		}
	for (size_t i = 0; i < conf->n_carriers; i++)
		warn_carrier(&r, &conf->carriers[i]);
}
