#include "gateway/snapshot.h"
#include <errno.h>
#include <osmocom/core/utils.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The one place where the loop and the watching threads meet. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snapshot *current;

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	OSMO_ASSERT(p);
	return p;
}

struct snapshot *snapshot_new(size_t n_links, size_t n_alerts, size_t n_carriers)
{
	struct snapshot *s = zeroed(1, sizeof(*s));

	s->refs = 1;
	s->links = zeroed(n_links, sizeof(*s->links));
	s->n_links = n_links;
	s->alerts = zeroed(n_alerts, sizeof(*s->alerts));
	s->n_alerts = n_alerts;
	s->carriers = zeroed(n_carriers, sizeof(*s->carriers));
	s->n_carriers = n_carriers;
	s->agencies = zeroed(0, sizeof(*s->agencies));
	return s;
}

void snapshot_agencies(struct snapshot *s, size_t n)
{
	free(s->agencies);
	s->agencies = zeroed(n, sizeof(*s->agencies));
	s->n_agencies = n;
}

int snapshot_alert_links(struct snapshot *s, size_t alert, size_t n)
{
	if (alert >= s->n_alerts)
		return -EINVAL;
	free(s->alerts[alert].links);
	s->alerts[alert].links = zeroed(n, sizeof(*s->alerts[alert].links));
	s->alerts[alert].n_links = n;
	return 0;
}

int snapshot_alert_parts(struct snapshot *s, size_t alert, size_t n_carriers, size_t n_rings)
{
	struct snap_alert *a = &s->alerts[alert];

	if (alert >= s->n_alerts)
		return -EINVAL;
	free(a->carriers);
	free(a->rings);
	a->carriers = zeroed(n_carriers, sizeof(*a->carriers));
	a->n_carriers = n_carriers;
	a->rings = zeroed(n_rings, sizeof(*a->rings));
	a->n_rings = n_rings;
	return 0;
}

static void destroy(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_alerts; i++) {
		free(s->alerts[i].links);
		free(s->alerts[i].carriers);
		free(s->alerts[i].rings);
	}
	free(s->alerts);
	free(s->links);
	free(s->carriers);
	free(s->agencies);
	free(s);
}

/* Octets of the well-formed UTF-8 sequence at p (RFC 3629), 0 if there is none. p is terminated by NUL. */
static size_t utf8_len(const unsigned char *p)
{
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xC2 ? 0
		   : p[0] < 0xE0 ? 2
		   : p[0] < 0xF0 ? 3
		   : p[0] < 0xF5 ? 4
				 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
	    (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

void snapshot_text(char *dst, size_t size, const char *src)
{
	const unsigned char *p = (const unsigned char *)(src ? src : "");
	size_t used = 0;

	while (*p) {
		size_t n = utf8_len(p);
		bool control =
			n == 0 || p[0] < 0x20 || p[0] == 0x7F || (n == 2 && p[0] == 0xC2 && p[1] < 0xA0);

		if (used + (control ? 1 : n) >= size)
			break;
		if (control)
			dst[used++] = '?';
		else
			memcpy(dst + used, p, n);
		used += control ? 0 : n;
		p += n ? n : 1;
	}
	dst[used] = '\0';
}

void snapshot_publish(struct snapshot *take)
{
	struct snapshot *old;

	pthread_mutex_lock(&lock);
	old = current;
	current = take;
	pthread_mutex_unlock(&lock);
	snapshot_put(old);
}

struct snapshot *snapshot_get(void)
{
	struct snapshot *s;

	pthread_mutex_lock(&lock);
	s = current;
	if (s)
		s->refs++;
	pthread_mutex_unlock(&lock);
	return s;
}

void snapshot_put(struct snapshot *s)
{
	bool last;

	if (!s)
		return;
	pthread_mutex_lock(&lock);
	last = --s->refs == 0;
	pthread_mutex_unlock(&lock);
	if (last)
		destroy(s);
}
