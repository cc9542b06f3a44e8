/* smpp_peer: an SMPP link between fakes: a dispatch that hands out units 0..n-1 and notes outcomes, a
 * throttle that is a number, an edge that notes calls, and a peer in memory that answers as told. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "gateway/link.h"
#include "smpp/pdu.h"

#define PEER_UNITS 512
#define PEER_S     1000000ull

struct dispatch {
	struct dispatch_job job;
	uint32_t next, n;
	uint32_t window; /* as told last; 0 = never */
	uint8_t octet[PEER_UNITS]; /* as the ledger has it */
	bool up, suspect;
	int outcome[PEER_UNITS]; /* -1 none yet */
	unsigned int answers[PEER_UNITS];
	uint32_t again[PEER_UNITS];
	uint32_t n_again; /* given back: handed out first */
};

struct peer_seen {
	uint32_t id, sequence, status, n_dests;
	unsigned int leg;
	uint8_t esm_class, registered, data_coding, part;
	char message_id[24], dest[24], validity[17], dests[8][24];
};

struct peer {
	struct dispatch dispatch;
	uint32_t tokens, taken, backoffs; /* throttle */
	struct conf_carrier carrier;
	struct conf_link cfg;
	struct payload payload;
	struct cell_id cells[4];
	struct link_env env;
	struct link *link;
	/* edge */
	unsigned int connects[LINK_LEGS], closes[LINK_LEGS], clues, events[8];
	uint64_t clue_token;
	unsigned int aired_on, aired_off; /* broadcasts */
	char aired_id[66];
	unsigned int held_on, held_off; /* rows of ids to be asked back */
	uint8_t held_ids[64];
	size_t held_len;
	struct dead_letter dead; /* the last */
	unsigned int n_dead;
	char clue_text[64], event_text[160];
	bool refuse_connect;
	/* what the link sent, oldest first */
	struct peer_seen seen[1024];
	unsigned int n_seen;
	uint64_t now_us, next_us;
};
extern struct peer peer;

void peer_start(void);  /* zeroes all, gives a working configuration; adjust peer.cfg and then ... */
void peer_create(void); /* ... make the link and dial */
void peer_connected(unsigned int leg);
void peer_bind(unsigned int leg, uint32_t status); /* connected, and the bind answered */
void peer_read(unsigned int leg);                  /* takes what the link has to say into peer.seen */
void peer_tick(void);                              /* tick, then read leg 0 */
void peer_send(unsigned int leg, const struct smpp_pdu *pdu);
void peer_answer(const struct peer_seen *request, uint32_t status);
void peer_answer_all(uint32_t status); /* every submit in peer.seen, which is emptied */
void peer_stop(void);
int peer_teardown(void **state);
