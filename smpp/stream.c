#include "smpp/stream.h"
#include <errno.h>
#include <string.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

void smpp_stream_init(struct smpp_stream *s, void *ctx)
{
	*s = (struct smpp_stream){.ctx = ctx};
}

void smpp_stream_reset(struct smpp_stream *s)
{
	TALLOC_FREE(s->buf);
	s->have = 0;
}

static void keep(struct smpp_stream *s, const uint8_t *data, size_t len)
{
	size_t size = talloc_get_size(s->buf);

	if (s->have + len > size) {
		size = OSMO_MAX(OSMO_MAX(2 * size, s->have + len), 512);
		s->buf = talloc_realloc_size(s->ctx, s->buf, size);
		OSMO_ASSERT(s->buf);
	}
	memcpy(s->buf + s->have, data, len);
	s->have += len;
}

/* Octets up to which the kept beginning must grow next: its length, then all of it. */
static size_t wanted(const struct smpp_stream *s)
{
	return s->have < 4 ? 4 : (size_t)s->buf[1] << 16 | s->buf[2] << 8 | s->buf[3];
}

/* Fills up the kept beginning of a PDU. Returns octets taken from data, or -errno. */
static int complete(struct smpp_stream *s, const uint8_t *data, size_t len, smpp_stream_cb cb, void *arg)
{
	size_t took = 0;

	while (took < len) {
		size_t n = OSMO_MIN(wanted(s) - s->have, len - took);
		int whole;

		keep(s, data + took, n);
		took += n;
		whole = smpp_frame(s->buf, s->have);
		if (whole < 0)
			return whole;
		if (whole > 0) {
			s->have = 0;
			return cb(arg, s->buf, whole) ? (int)took : -ECANCELED;
		}
	}
	return took;
}

int smpp_stream_feed(struct smpp_stream *s, const uint8_t *data, size_t len, smpp_stream_cb cb, void *arg)
{
	while (len > 0) {
		int n;

		if (s->have > 0) {
			n = complete(s, data, len, cb, arg);
			if (n < 0)
				return n;
		} else {
			n = smpp_frame(data, len);
			if (n < 0)
				return n;
			if (n == 0) {
				keep(s, data, len);
				return 0;
			}
			if (!cb(arg, data, n))
				return -ECANCELED;
		}
		data += n;
		len -= n;
	}
	return 0;
}
