#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gateway/conf_check.h"
#include "gateway/conf_keys.h"

#define PASSWORD_MAX 8 /* SMPP 3.4 5.2.2: 9 octets with the NUL */

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* What stands in the file for this key, or NULL: its field; of a group the flag that it is there, or the first
 * of its keys. */
static const void *given(const struct conf *c, const struct conf_link *l, const struct conf_key *k)
{
	const char *at = (const char *)l + (k->kind == CONF_GROUP ? k->at_n : k->at);

	if (k->kind != CONF_GROUP || k->at_n)
		return conf_given(c, at) ? at : NULL;
	for (const struct conf_key *in = k->keys; in->name; in++)
		if (conf_given(c, (const char *)l + k->at + in->at))
			return (const char *)l + k->at + in->at;
	return NULL;
}

/* Keys that belong to the other protocol. */
static void check_protocol(struct conf_reader *r, const struct conf_link *l)
{
	unsigned int mine = l->type == LINK_SMPP ? CONF_ONLY_SMPP : CONF_ONLY_CBSP;

	for (const struct conf_key *k = conf_keys_link; k->name; k++) {
		const void *at = k->only && k->only != mine ? given(r->conf, l, k) : NULL;

		if (at)
			conf_problem(r, at, "this key is only for %s links", mine == CONF_ONLY_SMPP ? "cbsp" : "smpp");
	}
}

static void set_defaults(struct conf_reader *r, struct conf_link *l)
{
	if (!conf_given(r->conf, &l->burst))
		l->burst = fmax(1, l->rate / 10);
	if (!conf_given(r->conf, &l->window))
		l->window = l->type == LINK_SMPP ? 10 : 4;
	if (!conf_given(r->conf, &l->binds))
		l->binds = l->mode == MODE_LISTEN && l->type == LINK_SMPP ? 4 : 1;
	if (!l->gsm7 && !conf_given(r->conf, &l->alphabet))
		l->alphabet = ALPHABET_UCS2;
	if (!l->source.address)
		l->source.address = talloc_strdup(r->conf, "");
}

static bool has_language(const struct conf *c, const char *language)
{
	for (size_t t = 0; t < c->n_types; t++)
		for (size_t i = 0; i < c->types[t].n_texts; i++)
			if (same(c->types[t].texts[i].language, language))
				return true;
	return false;
}

static void check_languages(struct conf_reader *r, const struct conf_link *l)
{
	for (size_t i = 0; i < l->n_languages; i++) {
		if (l->languages[i] && r->conf->n_types && !has_language(r->conf, l->languages[i]))
			conf_problem(r, &l->languages[i], "no alert type has a text in the language %s",
				     l->languages[i]);
		for (size_t j = 0; j < i; j++)
			if (same(l->languages[i], l->languages[j]))
				conf_problem(r, &l->languages[i], "the language %s is listed twice",
					     l->languages[i]);
	}
}

static void check_tls(struct conf_reader *r, const struct conf_link *l)
{
	bool listens = l->mode == MODE_LISTEN;

	if (!l->tls.on)
		return;
	if (!l->tls.certificate_file != !l->tls.key_file)
		conf_problem(r, l->tls.key_file ? &l->tls.key_file : &l->tls.certificate_file,
			     "certificate_file and key_file go together");
	if (!listens && !l->tls.ca_file)
		conf_problem_in(r, l, "tls.ca_file", "missing key; without it nobody could be trusted");
	if (listens && !l->tls.certificate_file && !l->tls.key_file)
		conf_problem_in(r, l, "tls.certificate_file", "missing key; who listens shows a certificate");
	if (listens && !l->tls.ca_file && (l->tls.name || l->tls.pin))
		conf_problem(r, l->tls.name ? &l->tls.name : &l->tls.pin,
			     "callers are asked for a certificate only with ca_file");
}

static void check_smpp(struct conf_reader *r, const struct conf_link *l)
{
	static const char why[] = "missing key; an smpp link needs it";

	if (!conf_given(r->conf, &l->system_id))
		conf_problem_in(r, l, "system_id", "%s", why);
	if (!conf_given(r->conf, &l->password_file))
		conf_problem_in(r, l, "password_file", "%s", why);
	if (l->source.ton == 5 && strlen(l->source.address) > 11)
		conf_problem(r, &l->source.address,
			     "an alphanumeric sender (ton 5) has at most 11 characters");
	check_tls(r, l);
	if (!l->gsm7 && l->alphabet == ALPHABET_GSM7)
		conf_problem(r, &l->alphabet, "gsm7 = false says that this carrier has no GSM 7-bit alphabet");
	if (l->n_shifts && l->alphabet != ALPHABET_GSM7)
		conf_problem(r, &l->shifts, "shift tables belong to alphabet = \"gsm7\"");
	if (l->n_locks && l->alphabet != ALPHABET_GSM7)
		conf_problem(r, &l->locks, "locking tables belong to alphabet = \"gsm7\"");
	if (l->reconnect_max_s < l->reconnect_s)
		conf_problem(r, &l->reconnect_s, "more than reconnect_max_s (%u)", l->reconnect_max_s);
	if (l->rehearse_number && !l->rehearse_min)
		conf_problem(r, &l->rehearse_number, "without rehearse_min nothing is tried");
	if (l->addressing == ADDR_BROADCAST && l->areas != AREAS_CELLS)
		conf_problem(r, &l->areas, "only areas = \"cells\" is built: circles and names would reach cells that other paths have");
	if (l->addressing == ADDR_BROADCAST && l->interface_version == 0x34)
		conf_problem(r, &l->addressing, "broadcast_sm needs interface_version = \"5.0\"");
	if (l->bind == BIND_RECEIVER && l->mode == MODE_CONNECT)
		conf_problem(r, &l->bind,
			     "a receiver cannot send alerts; expected transceiver, transmitter or pair");
}

static void check_link(struct conf_reader *r, const struct conf_carrier *c, struct conf_link *l)
{
	l->line = conf_line(r->conf, l);
	if (conf_given(r->conf, &l->type)) {
		check_protocol(r, l);
		set_defaults(r, l);
		if (l->type == LINK_SMPP)
			check_smpp(r, l);
	}
	check_languages(r, l);
	if (l->rate > 0 && l->rate < CONF_RATE_LEAST)
		conf_problem(r, &l->rate, "%.10g is less than %.10g; 0 is no limit", l->rate, CONF_RATE_LEAST);
	for (const struct conf_carrier *d = r->conf->carriers; d <= c; d++)
		for (size_t i = 0; i < d->n_links && &d->links[i] != l; i++)
			if (same(l->name, d->links[i].name))
				conf_problem(r, &l->name, "two links have the name %s", l->name);
}

static void check_network(struct conf_reader *r, const struct conf_carrier *c, const struct conf_network *n)
{
	for (const struct conf_carrier *d = r->conf->carriers; n->mcc && d <= c; d++)
		for (size_t i = 0; i < d->n_networks && &d->networks[i] != n; i++)
			if (d->networks[i].mcc == n->mcc && d->networks[i].mnc == n->mnc)
				conf_problem(
					r, n,
					"network %03u-%02u stands twice; a cell is served by one carrier",
					n->mcc, n->mnc);
}

void conf_check_carriers(struct conf_reader *r)
{
	struct conf *conf = r->conf;

	for (size_t n = 0; n < conf->n_carriers; n++) {
		struct conf_carrier *c = &conf->carriers[n];

		for (size_t i = 0; i < c->n_networks; i++)
			check_network(r, c, &c->networks[i]);
		if (c->rate > 0 && c->rate < CONF_RATE_LEAST)
			conf_problem(r, &c->rate, "%.10g is less than %.10g; 0 is no limit", c->rate, CONF_RATE_LEAST);
		for (size_t i = 0; i < c->n_links; i++)
			check_link(r, c, &c->links[i]);
		for (const struct conf_carrier *d = conf->carriers; d < c; d++)
			if (same(c->name, d->name))
				conf_problem(r, &c->name, "two carriers have the name %s", c->name);
	}
}

/* The password of one line, or a sentence on what is wrong with the file. */
static const char *read_password(int fd, char password[PASSWORD_MAX + 1])
{
	char buf[PASSWORD_MAX + 3];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "is not a regular file; put the password into a file of its own";
	if (st.st_mode & 0077)
		return "may be read or written by others; chmod 600";
	n = read(fd, buf, sizeof(buf) - 1);
	if (n < 0)
		return strerror(errno);
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	if (buf[0] == '\0')
		return "is empty; expected the password in its first line";
	if (strlen(buf) > PASSWORD_MAX)
		return "holds more than 8 characters; SMPP allows no longer password";
	strcpy(password, buf);
	explicit_bzero(buf, sizeof(buf));
	return NULL;
}

static void take_password(struct conf_reader *r, struct conf_link *l)
{
	int fd = open(l->password_file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char password[PASSWORD_MAX + 1];
	const char *wrong;

	if (fd < 0) {
		if (errno != EACCES)
			conf_problem(r, &l->password_file,
				     "%s: %s; write the password into this file, then chmod 600",
				     l->password_file, strerror(errno));
		return;
	}
	wrong = read_password(fd, password);
	close(fd);
	if (wrong)
		conf_problem(r, &l->password_file, "%s %s", l->password_file, wrong);
	else
		l->password = talloc_strdup(r->conf, password);
	explicit_bzero(password, sizeof(password));
}

void conf_read_passwords(struct conf_reader *r)
{
	for (size_t i = 0; i < r->conf->n_carriers; i++)
		for (size_t j = 0; j < r->conf->carriers[i].n_links; j++)
			if (r->conf->carriers[i].links[j].password_file)
				take_password(r, &r->conf->carriers[i].links[j]);
}
