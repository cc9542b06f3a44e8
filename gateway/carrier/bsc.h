/* bsc: the base station controller: cells, what each of them broadcasts, and the connections of the cell
 * broadcast centre. */
#pragma once
#include "gateway/carrier/carrier.h"
#include "gateway/carrier/cbsp.h"
#include "gateway/carrier/faults.h"
#include "gateway/carrier/names.h"
#include "gateway/carrier/texts.h"

/* A message as written; several cells share it. */
struct bsc_message {
	uint16_t id, serial, count;
	uint16_t period; /* × 1.883 s */
	uint8_t dcs, pages, channel;
	char language[3];
	uint32_t text;
};

struct bsc_live {
	uint32_t message;
	uint64_t since_us;
};

struct bsc_cell {
	uint8_t plmn[3];
	uint16_t lac, ci;
	uint32_t writes, replaces, kills, failures, lost; /* lost: wiped by RESET or RESTART */
	struct bsc_live *live;
	unsigned int n, cap;
};

struct bsc_counts {
	uint64_t messages, connections, writes, write_failures, kills, kill_failures, cells_written,
		cells_failed, cells_killed, pages, resets, keepalives, queries, restarts, errors, causes[16];
};

struct bsc {
	struct carrier *c;
	struct texts *texts;
	struct names *keys; /* PLMN, LAC, CI: number in cells */
	struct bsc_cell *cells;
	uint32_t n_cells, cap_cells;
	struct bsc_message *messages;
	uint32_t n_messages, cap_messages;
	bool only_listed; /* --bsc-cells was given */
	uint8_t plmn[3];
	struct faults faults;
	struct bsc_counts n;
	uint64_t first_us, last_us, last_answer_us; /* of writes */
};

extern const struct conn_ops bsc_ops;
/* NULL with a message on stderr when plmn or the cell list cannot be read. */
struct bsc *bsc_new(struct carrier *c);
/* All messages are lost; every centre is told. */
void bsc_restart(struct bsc *b);
void bsc_disconnect_all(struct bsc *b);
/* "460-00-4301-6969" */
void bsc_cell_name(const struct bsc_cell *cell, char out[32]);
