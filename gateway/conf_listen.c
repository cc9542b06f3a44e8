#include <arpa/inet.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include "gateway/conf_check.h"

/* A place that the gateway listens on. */
struct listener {
	const char *who; /* vty, http, or a link's name */
	const char *address;
	const uint16_t *port;
	int family;
	uint8_t octets[sizeof(struct in6_addr)];
};

static bool is_any(const struct listener *l)
{
	static const uint8_t zero[sizeof(l->octets)];

	return !memcmp(l->octets, zero, sizeof(zero));
}

/* 0.0.0.0 has all addresses of IPv4; :: has those of both families, unless the system says otherwise. */
static bool overlap(const struct listener *a, const struct listener *b)
{
	if (*a->port != *b->port)
		return false;
	if (a->family != b->family)
		return is_any(a->family == AF_INET6 ? a : b);
	return is_any(a) || is_any(b) || !memcmp(a->octets, b->octets, sizeof(a->octets));
}

/* One that is faulty itself is left out: that was told. */
static void add(struct conf_reader *r, struct listener *all, size_t *n, struct listener new)
{
	if (!new.address || !*new.port)
		return;
	new.family = strchr(new.address, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(new.family, new.address, new.octets) != 1)
		return;
	for (size_t i = 0; i < *n; i++)
		if (overlap(&all[i], &new)) {
			conf_problem(r, new.port, "%s listens on port %u of %s already", all[i].who, *all[i].port,
				     all[i].address);
			return;
		}
	all[(*n)++] = new;
}

static void add_link(struct conf_reader *r, struct listener *all, size_t *n, const struct conf_link *l)
{
	uint8_t octets[sizeof(struct in6_addr)];

	if (l->mode != MODE_LISTEN || !l->address)
		return;
	if (inet_pton(strchr(l->address, ':') ? AF_INET6 : AF_INET, l->address, octets) != 1)
		conf_problem(r, &l->address, "expected an address to listen on, IPv4 or IPv6 in digits");
	if (l->name)
		add(r, all, n, (struct listener){.who = l->name, .address = l->address, .port = &l->port});
}

void conf_check_listeners(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	struct listener *all;
	size_t n = 2;

	for (size_t i = 0; i < c->n_carriers; i++)
		n += c->carriers[i].n_links;
	all = talloc_array(NULL, struct listener, n);
	OSMO_ASSERT(all);
	n = 0;
	add(r, all, &n, (struct listener){.who = "vty", .address = c->vty.address, .port = &c->vty.port});
	add(r, all, &n, (struct listener){.who = "http", .address = c->http.address, .port = &c->http.port});
	for (size_t i = 0; i < c->n_carriers; i++)
		for (size_t j = 0; j < c->carriers[i].n_links; j++)
			add_link(r, all, &n, &c->carriers[i].links[j]);
	talloc_free(all);
}
