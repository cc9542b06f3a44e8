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

	clock_gettime(CLOCK_MONOTONIC, &t);
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

static double bench_encode(bool library, unsigned int rounds)
{
	static uint8_t out[2048];
	double start = now_ns();

	for (unsigned int r = 0; r < rounds; r++)
		for (unsigned int i = 0; i < N; i++) {
			struct smpp_pdu pdu = submit_to(numbers[i]);

			pdu.sequence = i + 1;
			sink += library ? smpp_pack34(&pdu, out, sizeof(out))
					: smpp_encode(&pdu, out, sizeof(out));
		}
	return (now_ns() - start) / rounds / N;
}

/* Responses as they come by the million, and the submit_sm itself. */
static double bench_decode(bool library, bool response, unsigned int rounds)
{
	static uint8_t in[64][512];
	static int len[64];
	union {
		submit_sm_t submit;
		submit_sm_resp_t resp;
	} theirs;
	double start;

	for (unsigned int i = 0; i < 64; i++) {
		struct smpp_pdu pdu = submit_to(numbers[i]);

		if (response)
			pdu = (struct smpp_pdu){.id = SMPP_SUBMIT_SM | SMPP_RESP, .message_id = numbers[i]};
		pdu.sequence = i + 1;
		len[i] = smpp_encode(&pdu, in[i], sizeof(in[i]));
	}
	start = now_ns();
	for (unsigned int r = 0; r < rounds * N; r++) {
		struct smpp_pdu pdu;
		uint32_t fault;

		if (library) {
			memset(&theirs, 0, sizeof(theirs));
			sink += smpp34_unpack(response ? SUBMIT_SM_RESP : SUBMIT_SM, &theirs, in[r % 64],
					      len[r % 64]);
		} else {
			sink += smpp_decode(in[r % 64], len[r % 64], &pdu, &fault);
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

static void row(const char *what, double ours, double theirs)
{
	if (theirs > 0)
		printf("%-42s %9.1f %12.1f %8.0f x\n", what, ours, theirs, theirs / ours);
	else
		printf("%-42s %9.1f\n", what, ours);
}

int main(void)
{
	for (unsigned int i = 0; i < N; i++)
		snprintf(numbers[i], sizeof(numbers[i]), "86138%08u", i * 7919u % 100000000);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i * 37;
	printf("%-42s %9s %12s %10s\n", "ns per PDU", "ours", "libsmpp34", "ratio");
	row("submit_sm, template and patch", bench_template(500), bench_encode(true, 20));
	row("submit_sm, encoder", bench_encode(false, 100), bench_encode(true, 20));
	row("submit_sm, decoder", bench_decode(false, false, 100), bench_decode(true, false, 10));
	row("submit_sm_resp, decoder", bench_decode(false, true, 100), bench_decode(true, true, 10));
	row("session, submit + answer, window 10", bench_session(10, 2000000), 0);
	row("session, submit + answer, window 100", bench_session(100, 2000000), 0);
	row("session, submit + answer, window 1000", bench_session(1000, 2000000), 0);
	return 0;
}
