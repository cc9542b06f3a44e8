/* Octets from a BSC: through the decoder alone, and as a story (see play()) through a link that has work to
 * do. */
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/link_cbsp.h"
#include "tests/cbsp_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void drain(struct cbsp_list list)
{
	static const struct cbsp_cell cgi = {
		.scope = CBSP_CGI, .mcc = 460, .mnc_digits = 2, .lac = 1, .ci = 100};
	struct cbsp_entry e;
	uint32_t n = list.n;

	while (cbsp_next(&list, &e)) {
		cbsp_covers(&e.cell, &cgi);
		cbsp_cause_name(e.cause);
		n--;
	}
	OSMO_ASSERT(n == 0);
}

static void decode(const uint8_t *data, size_t len)
{
	struct cbsp_msg m;
	const char *why;

	if (cbsp_decode(data, len, &m, &why) < 0)
		return;
	drain(m.cells);
	drain(m.completed);
	drain(m.failures);
	drain(m.loading);
	OSMO_ASSERT(m.n_page <= PAGE_MAX);
}

static void reconnect(struct fake *f)
{
	static const uint8_t complete[] = {0x11, 0, 0, 4, 0x04, 0, 1, 6};

	link_cbsp.connected(f->link, 0, f->now_us);
	fake_input(f, complete, sizeof(complete));
}

/* Records: what, how many octets follow, the octets. */
static void play(struct fake *f, const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 2) {
		uint8_t what = p[0], n = p[1];

		p += 2;
		n = OSMO_MIN(n, end - p);
		switch (what % 8) {
		case 1:
			fake_run(f, n * 100000);
			n = 0;
			break;
		case 2:
			link_cbsp.closed(f->link, 0, "gone", f->now_us);
			n = 0;
			break;
		case 3:
			reconnect(f);
			n = 0;
			break;
		case 4:
			f->dispatch.job[n % f->dispatch.n_jobs].pub.state = JOB_WITHDRAWN;
			link_cbsp_kill(f->link, &f->dispatch.job[n % f->dispatch.n_jobs].pub);
			n = 0;
			break;
		default:
			fake_input(f, p, n);
		}
		f->sent_len = 0;
		p += n;
	}
}

/* Every unit that was given out comes back exactly once: dispatch_answer() of the fake asserts the rest. */
static void check(struct fake *f)
{
	link_cbsp.closed(f->link, 0, "the end", f->now_us);
	for (size_t j = 0; j < f->dispatch.n_jobs; j++)
		OSMO_ASSERT(fake_count(&f->dispatch.job[j], UNIT_HANDED) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct fake f;
	void *ctx = talloc_new(NULL);

	decode(data, len);
	fake_init(&f, ctx);
	f.cfg.cells_per_request = 4;
	f.cfg.window = 3;
	f.cfg.rate = 20;
	fake_create(&f, ctx);
	fake_job(&f, 6, 2);
	fake_job(&f, 3, 1)->payload.old_serial[0] = 0x4001;
	reconnect(&f);
	play(&f, data, data + len);
	check(&f);
	talloc_free(ctx);
	return 0;
}
