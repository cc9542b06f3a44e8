#include "gateway/conf.h"
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gateway/conf_check.h"
#include "gateway/conf_keys.h"
#include "gateway/lexical.h"

static void lexical_found(void *arg, unsigned int line, const char *key, const char *text)
{
	conf_problem_at(arg, line, key, text);
}

static int by_line(const void *a, const void *b)
{
	const struct conf_problem *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

/* How much is looked at: the text alone, the password files too, or all that it names. */
enum depth { DEPTH_TEXT, DEPTH_PASSWORDS, DEPTH_WORLD };

static int parse(void *ctx, const char *file, const uint8_t *data, size_t len, enum depth depth,
		 struct conf **conf, struct conf_problems *problems)
{
	const struct lexical_rules rules = {.max_octets = CONF_MAX_OCTETS, .newline_in_text = true};
	struct conf *c = talloc_zero(ctx, struct conf);
	struct conf_reader r = {.conf = c, .problems_ctx = ctx, .problems = problems};
	const struct lexical_report report = {lexical_found, &r};
	config_t tree;

	OSMO_ASSERT(c);
	*conf = NULL;
	*problems = (struct conf_problems){NULL, 0};
	c->file = talloc_strdup(c, file);
	OSMO_ASSERT(c->file);
	if (lexical_read(c, data, len, &rules, &tree, &report) == 0) {
		conf_read(&r, config_root_setting(&tree), conf_keys);
		conf_check(&r);
		if (depth >= DEPTH_PASSWORDS)
			conf_read_passwords(&r);
		if (depth >= DEPTH_WORLD)
			conf_check_files(&r);
	}
	config_destroy(&tree);
	if (problems->n > 0) {
		qsort(problems->v, problems->n, sizeof(*problems->v), by_line);
		talloc_free(c);
		return -EBADMSG;
	}
	*conf = c;
	return 0;
}

int conf_parse(void *ctx, const char *file, const uint8_t *data, size_t len, struct conf **conf,
	       struct conf_problems *problems)
{
	return parse(ctx, file, data, len, DEPTH_TEXT, conf, problems);
}

/* Reads at most CONF_MAX_OCTETS + 1 octets of a regular file. */
static int read_file(void *ctx, const char *file, uint8_t **data, size_t *len)
{
	struct stat st;
	ssize_t n;
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	*len = 0;
	*data = talloc_size(ctx, CONF_MAX_OCTETS + 1);
	OSMO_ASSERT(*data);
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	while (rc == 0 && *len <= CONF_MAX_OCTETS) {
		n = read(fd, *data + *len, CONF_MAX_OCTETS + 1 - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : 0;
			break;
		}
		*len += n;
	}
	close(fd);
	return rc;
}

static int load(void *ctx, const char *file, enum depth depth, struct conf **conf, struct conf_problems *problems)
{
	struct conf about = {.file = (char *)file};
	struct conf_reader r = {.conf = &about, .problems_ctx = ctx, .problems = problems};
	uint8_t *data = NULL;
	size_t len = 0;
	int rc;

	*conf = NULL;
	*problems = (struct conf_problems){NULL, 0};
	rc = read_file(ctx, file, &data, &len);
	if (rc < 0)
		conf_problem_at(&r, 0, NULL,
				rc == -EINVAL ? "not a regular file; name a configuration file"
					      : talloc_asprintf(ctx, "cannot be read: %s; name a configuration file", strerror(-rc)));
	else
		rc = parse(ctx, file, data, len, depth, conf, problems);
	talloc_free(data);
	return rc;
}

int conf_load(void *ctx, const char *file, struct conf **conf, struct conf_problems *problems)
{
	return load(ctx, file, DEPTH_PASSWORDS, conf, problems);
}

int conf_load_whole(void *ctx, const char *file, struct conf **conf, struct conf_problems *problems)
{
	return load(ctx, file, DEPTH_WORLD, conf, problems);
}

const char *conf_problem_line(void *ctx, const struct conf_problem *p)
{
	char *line = talloc_strdup(ctx, p->file);

	if (p->line)
		line = talloc_asprintf_append_buffer(line, ":%u", p->line);
	if (p->key)
		line = talloc_asprintf_append_buffer(line, ": %s", p->key);
	return talloc_asprintf_append_buffer(line, ": %s", p->text);
}

const struct conf_agency *conf_agency(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_agencies; i++)
		if (!strcmp(conf->agencies[i].name, name))
			return &conf->agencies[i];
	return NULL;
}

const struct conf_type *conf_type(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_types; i++)
		if (!strcmp(conf->types[i].name, name))
			return &conf->types[i];
	return NULL;
}

const struct conf_carrier *conf_carrier_of(const struct conf *conf, const char *link_name,
					   const struct conf_link **link)
{
	for (size_t i = 0; i < conf->n_carriers; i++)
		for (size_t j = 0; j < conf->carriers[i].n_links; j++)
			if (!strcmp(conf->carriers[i].links[j].name, link_name)) {
				if (link)
					*link = &conf->carriers[i].links[j];
				return &conf->carriers[i];
			}
	return NULL;
}
