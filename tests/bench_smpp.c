/* Nanoseconds per PDU, ours against libsmpp34's, in one run on the same varied input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <osmocom/core/utils.h>
#include "smpp/pack34.h"
#include "smpp/session.h"
#include "smpp/submit.h"
#include <smpp34.h>
#include <smpp34_structs.h>

#define N 4096 /* numbers to send to */

static char numbers[N][16];
static uint8_t text[140];
static volatile uint32_t sink;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others may use the machine, too */
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static struct smpp_pdu submit_to(const char *number)
{
	return (struct smpp_pdu){.id = SMPP_SUBMIT_SM,
				 .sequence = 1,
				 .service_type = "",
				 .source = {5, 0, "POLICE"},
				 .dest = {1, 1, number},
				 .esm_class = 0x40,
				 .schedule = "",
				 .validity = "000000060000000R",
				 .data_coding = 8,
				 .message = text,
				 .message_len = sizeof(text)};
}

static double bench_template(unsigned int rounds)
{
	struct smpp_pdu pdu = submit_to("");
	struct smpp_submit t;
	static uint8_t out[512];
	double start;

	OSMO_ASSERT(smpp_submit_make(NULL, &pdu, &t) == 0);
	start = now_ns();
	for (unsigned int r = 0; r < rounds; r++)
		for (unsigned int i = 0; i < N; i++) {
			sink += smpp_submit_write(&t, out, numbers[i], 13, i + 1, i & 1);
			sink += out[100];
		}
	return (now_ns() - start) / rounds / N;
}

enum mix { RESPONSES, SUBMITS, VARIED };
#define MIX 64

union theirs {
	submit_sm_t submit;
	submit_sm_resp_t resp;
	deliver_sm_t deliver;
	deliver_sm_resp_t deliver_resp;
	enquire_link_t enquire;
	data_sm_t data;
};

/* One PDU of a mix: what a gateway hears (answers, receipts, the public's replies) and what it says. */
static struct smpp_pdu sample(enum mix mix, unsigned int i)
{
	static const uint8_t tlvs[] = "\x00\x1E\0\x09\x31\x38\x64\x30\x65\x30\x33\x61\0\x04\x27\0\x01\x02";
	static char receipt[MIX][160];
	struct smpp_pdu pdu = submit_to(numbers[i]);

	if (mix == RESPONSES || (mix == VARIED && i % 4 < 2))
		return (struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .message_id = numbers[i] + i % 6};
	if (mix == SUBMITS || i % 8 == 2)
		return pdu;
	if (i % 8 == 6)
		return (struct smpp_pdu){.id = i % 16 == 6 ? SMPP_ENQUIRE_LINK : SMPP_DELIVER_SM | SMPP_RESP};
	pdu = (struct smpp_pdu){.id = SMPP_DELIVER_SM, .esm_class = 4, .source = {1, 1, numbers[i]}, .dest = {5, 0, "POLICE"}};
	pdu.message = (const uint8_t *)receipt[i];
	pdu.message_len = snprintf(receipt[i], sizeof(receipt[i]),
				   "id:%u sub:001 dlvrd:001 submit date:2611230830 done date:2611230831 stat:DELIVRD err:000 text:%.*s",
				   i * 7919, i % 20, "find a missing child");
	if (i % 3) {
		pdu.tlvs = tlvs;
		pdu.tlvs_len = sizeof(tlvs) - 1;
	}
	return pdu;
}

static double bench_encode(bool library, enum mix mix, unsigned int rounds)
{
	static uint8_t out[2048];
	struct smpp_pdu pdus[MIX];
	double start;

	for (unsigned int i = 0; i < MIX; i++) {
		pdus[i] = sample(mix, i);
		pdus[i].sequence = i + 1;
	}
	start = now_ns();
	for (unsigned int r = 0; r < rounds * N; r++)
		sink += library ? smpp_pack34(&pdus[r % MIX], out, sizeof(out))
				: smpp_encode(&pdus[r % MIX], out, sizeof(out));
	return (now_ns() - start) / rounds / N;
}

static double bench_decode(bool library, enum mix mix, unsigned int rounds)
{
	static uint8_t in[MIX][512];
	static int len[MIX];
	static union theirs theirs;
	double start;

	for (unsigned int i = 0; i < MIX; i++) {
		struct smpp_pdu pdu = sample(mix, i);

		pdu.sequence = i + 1;
		len[i] = smpp_encode(&pdu, in[i], sizeof(in[i]));
		OSMO_ASSERT(len[i] > 0);
	}
	start = now_ns();
	for (unsigned int r = 0; r < rounds * N; r++) {
		const uint8_t *frame = in[r % MIX];
		struct smpp_pdu pdu;
		uint32_t fault;

		if (library) {
			uint32_t id = (uint32_t)frame[4] << 24 | frame[5] << 16 | frame[6] << 8 | frame[7];

			memset(&theirs, 0, sizeof(theirs));
			sink += smpp34_unpack(id, &theirs, (uint8_t *)frame, len[r % MIX]);
		} else {
			sink += smpp_decode(frame, len[r % MIX], &pdu, &fault);
			sink += pdu.sequence;
		}
	}
	return (now_ns() - start) / rounds / N;
}

static void on_bound(void *arg, uint64_t now_us)
{
}

static void on_answer(void *arg, const struct smpp_answer *a, uint64_t now_us)
{
	sink += a->tag;
}

static void on_timeout(void *arg, uint64_t tag, uint64_t now_us)
{
}

static uint32_t on_message(void *arg, const struct smpp_pdu *pdu, uint64_t now_us)
{
	return 0;
}

/* Submit and answer through a session, without a socket. */
static double bench_session(uint32_t window, unsigned int total)
{
	static const struct smpp_session_ops ops = {.bound = on_bound, .answer = on_answer, .timeout = on_timeout, .message = on_message};
	static const uint8_t bind_resp[] = {0, 0, 0, 17, 0x80, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0};
	const struct smpp_session_conf conf = {.bind = SMPP_BIND_TRANSCEIVER,
					       .window = window,
					       .system_id = "a",
					       .password = "b",
					       .system_type = "",
					       .enquire_us = 30000000,
					       .response_us = 10000000};
	struct smpp_session *s = smpp_session_new(NULL, &conf, &ops, NULL);
	struct smpp_pdu pdu = submit_to("");
	static uint8_t in[4096 * 32];
	struct smpp_submit t;
	double start;
	size_t out;

	OSMO_ASSERT(smpp_submit_make(NULL, &pdu, &t) == 0);
	smpp_session_open(s, 0x34, 1);
	smpp_session_input(s, bind_resp, sizeof(bind_resp), 1);
	smpp_session_output(s, &out);
	smpp_session_written(s, out, 1);
	start = now_ns();
	for (unsigned int done = 0; done < total;) {
		uint32_t sequence = 0, n = 0;
		uint8_t *room;

		while (smpp_session_room(s) > 0 && (room = smpp_session_begin(s, 320, &sequence))) {
			const uint8_t resp[] = {0,
						0,
						0,
						25,
						0x80,
						0,
						0,
						4,
						0,
						0,
						0,
						0,
						sequence >> 24,
						sequence >> 16,
						sequence >> 8,
						sequence,
						'0',
						'0',
						'a',
						'b',
						'c',
						'd',
						'e',
						'f',
						0};

			smpp_session_commit(s,
					    smpp_submit_write(&t, room, numbers[done % N], 13, sequence, 0),
					    sequence, done, 2);
			memcpy(in + 25 * n++, resp, 25);
			done++;
		}
		smpp_session_output(s, &out);
		smpp_session_written(s, out, 2);
		smpp_session_input(s, in, 25 * n, 3);
	}
	return (now_ns() - start) / total;
}

/* The better of several runs, each side in turn: what the machine does beside it is nobody's fault. */
#define BEST(best, run)                                                                                      \
	do {                                                                                                 \
		double ns = run;                                                                             \
		best = best == 0 || ns < best ? ns : best;                                                   \
	} while (0)

static void row(const char *what, double ours, double theirs)
{
	if (theirs > 0)
		printf("%-42s %9.1f %12.1f %8.0f x\n", what, ours, theirs, theirs / ours);
	else
		printf("%-42s %9.1f\n", what, ours);
}

static void template(void)
{
	double ours = 0, library = 0;

	for (unsigned int i = 0; i < 5; i++) {
		BEST(ours, bench_template(100));
		BEST(library, bench_encode(true, SUBMITS, 2));
	}
	row("submit_sm, template and patch", ours, library);
}

static void encoders(const char *what, enum mix mix)
{
	double ours = 0, library = 0;

	for (unsigned int i = 0; i < 5; i++) {
		BEST(ours, bench_encode(false, mix, 20));
		BEST(library, bench_encode(true, mix, 2));
	}
	row(what, ours, library);
}

static void decoders(const char *what, enum mix mix)
{
	double ours = 0, library = 0;

	for (unsigned int i = 0; i < 5; i++) {
		BEST(ours, bench_decode(false, mix, 20));
		BEST(library, bench_decode(true, mix, 2));
	}
	row(what, ours, library);
}

static void sessions(uint32_t window)
{
	double ours = 0;
	char what[64];

	for (unsigned int i = 0; i < 5; i++)
		BEST(ours, bench_session(window, 400000));
	snprintf(what, sizeof(what), "session, submit + answer, window %u", window);
	row(what, ours, 0);
}

int main(void)
{
	for (unsigned int i = 0; i < N; i++)
		snprintf(numbers[i], sizeof(numbers[i]), "86138%08u", i * 7919u % 100000000);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i * 37;
	printf("%-42s %9s %12s %10s\n", "ns per PDU", "ours", "libsmpp34", "ratio");
	template();
	encoders("submit_sm, encoder", SUBMITS);
	encoders("submit_sm_resp, encoder", RESPONSES);
	encoders("varied, encoder", VARIED);
	decoders("submit_sm, decoder", SUBMITS);
	decoders("submit_sm_resp, decoder", RESPONSES);
	decoders("varied, decoder", VARIED);
	sessions(10);
	sessions(100);
	sessions(1000);
	return 0;
}
