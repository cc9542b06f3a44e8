/* cbsp_probe ADDRESS PORT: talks to osmo-bsc with our codec, then with the link driver, and prints TAP. Used
 * by cbsp_osmobsc.sh; the cells are those of its configuration: CI 6969 in LAC 1 and CI 6971 in LAC 2
 * broadcast, CI 6970 in LAC 1 has no CBCH. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "gateway/cbsp_encode.h"
#include "gateway/link_cbsp.h"
#include "gateway/page.h"
#include "tests/cbsp_fake.h"

#define MESSAGE 4379

struct probe {
	int fd;
	unsigned int tests, failed;
	uint8_t in[65536];
	size_t len;
	struct cbsp_msg msg;
	uint8_t frame[65536];
};

static void check(struct probe *p, int ok, const char *what)
{
	p->tests++;
	p->failed += !ok;
	printf("%s %u - %s\n", ok ? "ok" : "not ok", p->tests, what);
}

static int dial(const char *address, int port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, address, &sin.sin_addr);
	for (int i = 0; i < 100; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
			return fd;
		close(fd);
		usleep(100000);
	}
	return -1;
}

static void describe(const struct cbsp_msg *m)
{
	struct cbsp_list list = m->failures, cells = m->cells;
	struct cbsp_entry e;

	printf("# < %s id %u serial %04x old %04x", cbsp_type_name(m->type), m->message_identifier, m->serial,
	       m->old_serial);
	while (cbsp_next(&list, &e))
		printf(" [failed: scope %u %03u-%02u lac %u ci %u cause %u %s]", e.cell.scope, e.cell.mcc,
		       e.cell.mnc, e.cell.lac, e.cell.ci, e.cause, cbsp_cause_name(e.cause));
	while (cbsp_next(&cells, &e))
		printf(" [scope %u lac %u ci %u]", e.cell.scope, e.cell.lac, e.cell.ci);
	printf("\n");
}

/* Next message of one of two types; 0 when none came in three seconds. */
static int wait_for(struct probe *p, uint8_t a, uint8_t b)
{
	for (;;) {
		struct pollfd pfd = {.fd = p->fd, .events = POLLIN};
		int n = cbsp_frame(p->in, p->len);
		const char *why;
		ssize_t got;

		if (n > 0) {
			memcpy(p->frame, p->in, n);
			memmove(p->in, p->in + n, p->len - n);
			p->len -= n;
			if (cbsp_decode(p->frame, n, &p->msg, &why) < 0) {
				printf("# cannot be read: %s\n", why);
				continue;
			}
			describe(&p->msg);
			if (p->msg.type == a || p->msg.type == b)
				return p->msg.type;
			continue;
		}
		if (n < 0 || poll(&pfd, 1, 3000) <= 0)
			return 0;
		got = read(p->fd, p->in + p->len, sizeof(p->in) - p->len);
		if (got <= 0)
			return 0;
		p->len += got;
	}
}

static int ask(struct probe *p, const uint8_t *buf, int n, uint8_t yes, uint8_t no)
{
	if (n < 0 || write(p->fd, buf, n) != n)
		return 0;
	return wait_for(p, yes, no);
}

static int write_to(struct probe *p, const struct page_set *pages, uint16_t serial, uint16_t old,
		    uint16_t lac, uint16_t ci)
{
	struct cbsp_cell cell = {
		.scope = CBSP_CGI, .mcc = 1, .mnc = 1, .mnc_digits = 2, .lac = lac, .ci = ci};
	struct cbsp_write w = {.message_identifier = MESSAGE,
			       .serial = serial,
			       .old_serial = old,
			       .replace = old != 0,
			       .cells = &cell,
			       .n_cells = 1,
			       .pages = pages,
			       .repetition = 32,
			       .repetition_u16 = true,
			       .broadcasts = 100};
	uint8_t buf[2048];

	return ask(p, buf, cbsp_encode_write(buf, sizeof(buf), &w), CBSP_WRITE_COMPLETE, CBSP_WRITE_FAILURE);
}

static int kill_all(struct probe *p, uint16_t serial)
{
	uint8_t buf[64];

	return ask(p, buf, cbsp_encode_kill(buf, sizeof(buf), MESSAGE, serial, NULL, 0, true),
		   CBSP_KILL_COMPLETE, CBSP_KILL_FAILURE);
}

static int first_cause(const struct probe *p)
{
	struct cbsp_list list = p->msg.failures;
	struct cbsp_entry e;

	return cbsp_next(&list, &e) ? e.cause : -1;
}

static void session(struct probe *p)
{
	uint8_t buf[64];
	uint16_t s1 = page_serial(1, 7, 0), s2 = page_serial(1, 7, 1);
	struct page_set pages;

	check(p, page_encode("寻人：朝阳区女童", "zh", &pages, NULL) == 0, "text becomes a page");
	check(p,
	      ask(p, buf, cbsp_encode_reset(buf, sizeof(buf)), CBSP_RESET_COMPLETE, CBSP_RESET_FAILURE) != 0,
	      "RESET is answered");
	check(p, ask(p, buf, cbsp_encode_keep_alive(buf, sizeof(buf), 30), CBSP_KEEP_ALIVE_COMPLETE, 0) != 0,
	      "KEEP-ALIVE is answered");
	check(p, write_to(p, &pages, s1, 0, 1, 6969) == CBSP_WRITE_COMPLETE,
	      "WRITE-REPLACE by CGI is complete");
	check(p,
	      write_to(p, &pages, s1, 0, 1, 6969) == CBSP_WRITE_FAILURE &&
		      first_cause(p) == CBSP_REFERENCE_USED,
	      "the same again fails with cause 0D");
	check(p, write_to(p, &pages, s1, 0, 9, 999) == CBSP_WRITE_FAILURE && first_cause(p) >= 0,
	      "an unknown cell is in the failure list");
	check(p,
	      write_to(p, &pages, s1, 0, 1, 6970) == CBSP_WRITE_FAILURE &&
		      first_cause(p) == CBSP_NOT_SUPPORTED,
	      "a cell without CBCH fails with cause 9");
	check(p, write_to(p, &pages, s2, s1, 1, 6969) == CBSP_WRITE_COMPLETE,
	      "it is replaced by its old serial");
	check(p,
	      write_to(p, &pages, s1, page_serial(1, 9, 0), 2, 6971) == CBSP_WRITE_FAILURE &&
		      first_cause(p) == CBSP_REFERENCE_UNKNOWN,
	      "replacing what is not there fails with cause 2");
	check(p, kill_all(p, s2) != 0, "KILL of all cells is answered");
	check(p, write_to(p, &pages, s2, 0, 1, 6969) == CBSP_WRITE_COMPLETE,
	      "after it the reference is free again");
}

static int cell_of(void *arg, const struct dispatch_job *job, uint32_t unit, struct cell_id *id,
		   uint8_t *digits)
{
	static const uint16_t lac_ci[][2] = {{1, 6969}, {2, 6971}, {1, 6970}, {9, 999}};

	*id = (struct cell_id){
		.radio = CELL_GSM, .mcc = 1, .mnc = 1, .area = lac_ci[unit][0], .cell = lac_ci[unit][1]};
	*digits = 2;
	return 0;
}

/* The edge: carries octets between the link and the socket until `done` or three seconds are over. */
static int carry(struct fake *f, int fd, int (*done)(struct fake *f))
{
	uint8_t buf[4096];

	for (int i = 0; i < 300; i++) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};

		fake_run(f, 10000);
		if (f->sent_len > 0 && write(fd, f->sent, f->sent_len) != (ssize_t)f->sent_len)
			return 0;
		f->sent_len = 0;
		if (done(f))
			return 1;
		if (poll(&pfd, 1, 10) > 0) {
			ssize_t n = read(fd, buf, sizeof(buf));

			if (n <= 0)
				return 0;
			fake_input(f, buf, n);
		}
	}
	return 0;
}

static int is_up(struct fake *f)
{
	return f->link->state == LINK_UP;
}

static int all_answered(struct fake *f)
{
	return is_up(f) &&
	       fake_count(&f->dispatch.job[0], UNIT_WAITING) + fake_count(&f->dispatch.job[0], UNIT_HANDED) ==
		       0;
}

static int written_again(struct fake *f)
{
	return is_up(f) && f->link->count.submitted == 2 && f->link->count.accepted == 1;
}

static int killed(struct fake *f)
{
	return !link_cbsp_killing(f->link);
}

static int attach(struct fake *f, const char *address, int port)
{
	int fd;

	sleep(1); /* osmo-bsc takes one CBC at a time and needs a moment to see the last one go */
	fd = dial(address, port);
	link_cbsp.connected(f->link, 0, f->now_us);
	return fd;
}

static void drive(struct probe *p, const char *address, int port)
{
	static struct fake f;
	struct fake_job *j;
	int fd;

	fake_init(&f, NULL);
	f.cfg.repetition_u16 = true;
	f.payload.cell = cell_of;
	fake_create(&f, NULL);
	j = fake_job(&f, 4, 1);
	page_encode("寻人：朝阳区女童", "zh", &j->payload.pages[0], NULL);
	fd = attach(&f, address, port);
	check(p, carry(&f, fd, all_answered), "the driver's link comes up and all cells are answered");
	check(p, j->unit[0] == UNIT_ACCEPTED && j->unit[1] == UNIT_ACCEPTED, "cells with CBCH have accepted");
	check(p, j->unit[2] == UNIT_REFUSED && j->unit[3] == UNIT_REFUSED,
	      "cells without CBCH or unknown have refused");
	printf("# %s\n", f.last_event);
	close(fd);
	link_cbsp.closed(f.link, 0, "test", f.now_us);
	fd = attach(&f, address, port);
	check(p, carry(&f, fd, written_again), "after a reconnect the accepted cells are written again");
	j->pub.state = JOB_WITHDRAWN;
	link_cbsp_kill(f.link, &j->pub);
	check(p, carry(&f, fd, killed), "the broadcast is killed");
	close(fd);
}

int main(int argc, char **argv)
{
	static struct probe p;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	p.fd = dial(argv[1], atoi(argv[2]));
	check(&p, p.fd >= 0, "connected");
	if (p.fd >= 0) {
		session(&p);
		close(p.fd);
		drive(&p, argv[1], atoi(argv[2]));
	}
	printf("1..%u\n", p.tests);
	return p.failed > 0;
}
