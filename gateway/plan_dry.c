#include "gateway/plan_dry.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/trigger_read.h"
#include "gateway/trigger_time.h"

#define FUTURE_S 300 /* what the gateway lets clocks differ (SPEC 4) */

static int load_conf(struct plan_dry *d, const char *command, const char *config)
{
	struct conf_problems problems = {0};

	if (conf_load(d, config, &d->conf, &problems) == 0)
		return 0;
	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "%s\n", conf_problem_line(d, &problems.v[i]));
	fprintf(stderr, "reunion %s: %s: is not a valid configuration\n", command, config);
	return 1;
}

static int choose_agency(struct plan_dry *d, const char *command, const char *config, const char *name)
{
	if (name)
		d->agency = conf_agency(d->conf, name);
	else if (d->conf->n_agencies == 1)
		d->agency = &d->conf->agencies[0];
	if (d->agency)
		return 0;
	if (name)
		fprintf(stderr, "reunion %s: %s: has no agency \"%s\"\n", command, config,
			log_safe(name, strlen(name)));
	else
		fprintf(stderr, "reunion %s: %s: has %zu agencies; choose one with --agency NAME\n", command,
			config, d->conf->n_agencies);
	return 1;
}

/* The trigger's octets, or NULL after a line on stderr. */
static uint8_t *read_trigger(void *ctx, const char *command, const char *file, size_t *len)
{
	uint8_t *data = talloc_size(ctx, TRIGGER_MAX_OCTETS + 1);
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *fault = NULL;
	struct stat st;
	ssize_t n = 0;

	OSMO_ASSERT(data);
	*len = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		fault = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		fault = "is not a regular file";
	while (!fault && *len <= TRIGGER_MAX_OCTETS &&
	       (n = read(fd, data + *len, TRIGGER_MAX_OCTETS + 1 - *len)) > 0)
		*len += (size_t)n;
	if (n < 0)
		fault = strerror(errno);
	else if (*len > TRIGGER_MAX_OCTETS)
		fault = "is larger than 65536 octets";
	if (fd >= 0)
		close(fd);
	if (fault)
		fprintf(stderr, "reunion %s: %s: %s\n", command, file, fault);
	return fault ? NULL : data;
}

/* The trigger's own clock; the wall's when that cannot be read (the parser says why). */
static int64_t clock_of(void *ctx, const struct conf_agency *agency, const uint8_t *data, size_t len)
{
	struct reasons ignored = {0};
	struct trigger_file file = {.agency = agency, .ctx = ctx, .reasons = &ignored};
	const struct trigger_field *f = &file.field[TK_REPORTED_AT];
	int64_t at;

	if (trigger_read(ctx, trigger_scan(ctx, data, len), &file) == 0 && f->given && !f->wrong && f->text &&
	    trigger_time_parse(f->text, &at) == 0)
		return at;
	return clock_wall_s();
}

static void warn_of_age(const char *command, const char *file, const struct trigger *t)
{
	int64_t age = clock_wall_s() - t->reported_at;

	if (t->action == ACTION_CANCEL)
		return;
	if (age > t->conf_type->lifetime_s)
		fprintf(stderr,
			"reunion %s: %s: warning: reported_at is %lld h ago: the gateway would reject it\n",
			command, file, (long long)(age / 3600));
	else if (age < -FUTURE_S)
		fprintf(stderr,
			"reunion %s: %s: warning: reported_at lies in the future: the gateway would reject "
			"it\n",
			command, file);
}

static void print_reasons(const char *file, const struct reasons *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].line)
			fprintf(stderr, "%s:%u: ", file, r->v[i].line);
		else
			fprintf(stderr, "%s: ", file);
		fprintf(stderr, "%s%s%s\n", r->v[i].key ? r->v[i].key : "", r->v[i].key ? ": " : "",
			r->v[i].text);
	}
}

static int parse(struct plan_dry *d, const char *command, const char *file)
{
	size_t len;
	uint8_t *data = read_trigger(d, command, file, &len);
	const char *slash = strrchr(file, '/');
	int64_t now;

	if (!data)
		return 1;
	now = clock_of(d, d->agency, data, len);
	if (trigger_parse(d, d->conf, d->agency, slash ? slash + 1 : file, data, len, now, &d->trigger,
			  &d->reasons) < 0) {
		print_reasons(file, &d->reasons);
		return -EBADMSG;
	}
	warn_of_age(command, file, d->trigger);
	if (d->trigger->has_location)
		return 0;
	fprintf(stderr,
		"reunion %s: %s: is a cancel: it goes where the alert went, there is nothing to plan\n",
		command, file);
	return 1;
}

static int open_world(struct plan_dry *d, const char *command)
{
	char err[512] = "";
	int rc = cellmap_open(d, d->conf->cellmap.map, &d->map, err, sizeof(err));

	d->subs = talloc_zero_array(d, struct subs *, d->conf->n_carriers + 1);
	OSMO_ASSERT(d->subs);
	for (size_t c = 0; rc == 0 && c < d->conf->n_carriers; c++) {
		if (!d->conf->carriers[c].subscribers)
			continue;
		rc = subs_open(d, d->conf->carriers[c].subscribers, &d->subs[c], err, sizeof(err));
		if (rc == 0) {
			rc = subs_resolve(d->subs[c], d->map, NULL);
			snprintf(err, sizeof(err),
				 "%s: is damaged; build it anew with `reunion cellmap build`",
				 d->conf->cellmap.map);
		}
	}
	if (rc < 0)
		fprintf(stderr, "reunion %s: %s\n", command, err);
	return rc < 0;
}

static void fill_input(struct plan_dry *d)
{
	const struct trigger *t = d->trigger;

	d->in = (struct plan_input){.conf = d->conf,
				    .map = d->map,
				    .subs = d->subs,
				    .lat = t->lat,
				    .lon = t->lon,
				    .radius_km = t->radius_km,
				    .select = d->conf->cellmap.select,
				    .max_range_m = d->conf->cellmap.max_range_m,
				    .exercise = t->action == ACTION_EXERCISE,
				    .texts = t->texts,
				    .n_texts = t->n_texts,
				    .reported_at = t->reported_at,
				    .deadline_at = t->reported_at + t->conf_type->deadline_s};
}

/* Each step as it would be planned when its time has come. */
static int plan_steps(struct plan_dry *d)
{
	const struct trigger *t = d->trigger;
	struct plan_ring *ring = plan_rings(d, t->conf_type, d->agency, t->radius_km, t->missing_since ? t->missing_since : t->reported_at,
					    &d->in.n_rings);
	double *inner = talloc_array(d, double, d->in.n_rings + 1);
	struct plan_input in = d->in;
	int rc = 0;

	OSMO_ASSERT(inner);
	d->in.rings = ring;
	in.inner_km = inner;
	for (size_t i = 0; rc == 0 && i < d->in.n_rings; i++) {
		inner[i] = in.radius_km;
		in.n_inner = i + 1;
		in.radius_km = ring[i].radius_km;
		rc = plan_make(d, &in, (struct plan **)&ring[i].plan, &d->reasons);
	}
	return rc;
}

int plan_dry_run(void *ctx, const char *command, const char *config, const char *agency, const char *file,
		 struct plan_dry **dry)
{
	struct plan_dry *d = talloc_zero(ctx, struct plan_dry);
	int rc;

	OSMO_ASSERT(d);
	*dry = d;
	rc = load_conf(d, command, config);
	if (rc == 0)
		rc = choose_agency(d, command, config, agency);
	if (rc == 0)
		rc = parse(d, command, file);
	if (rc == 0)
		rc = open_world(d, command);
	if (rc != 0)
		return rc;
	fill_input(d);
	if (plan_make(d, &d->in, &d->plan, &d->reasons) == 0 && plan_steps(d) == 0)
		return 0;
	print_reasons(file, &d->reasons);
	return -EBADMSG;
}

int plan_dry_options(int argc, char **argv, const char *shorts, const struct option *longs, struct plan_dry_options *o,
		     bool (*take)(void *arg, int c, const char *value), void *arg)
{
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == 'c')
			o->config = optarg;
		else if (c == 'a')
			o->agency = optarg;
		else if (c == 'h')
			o->help = true;
		else if (!take(arg, c, optarg))
			return 2;
	}
	if (o->help)
		return 0;
	if (o->config && optind + 1 == argc) {
		o->trigger = argv[optind];
		return 0;
	}
	fprintf(stderr, "reunion %s: wants -c CFG and one trigger file; see reunion %s --help\n", argv[0], argv[0]);
	return 2;
}
