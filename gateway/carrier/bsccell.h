/* bsccell: writes and kills in cells: the rules of TS 48.049 8.2.13 that lead to a cause. */
#pragma once
#include "gateway/carrier/bsc.h"

#define BSCCELL_OK 0xFF

/* The cell's number; a cell not known yet is made when every cell exists. -1: *cause says why there is none.
 */
int64_t bsccell_find(struct bsc *b, const uint8_t plmn[3], uint16_t lac, uint16_t ci, uint8_t *cause);
/* Number of this content; one for each (id, serial, content). */
uint32_t bsccell_message(struct bsc *b, const struct cbsp *m);
/* BSCCELL_OK or a cause. old_serial only when m has it. */
uint8_t bsccell_write(struct bsc *b, uint32_t cell, uint32_t message, const struct cbsp *m);
uint8_t bsccell_kill(struct bsc *b, uint32_t cell, const struct cbsp *m);
void bsccell_wipe(struct bsc *b, uint32_t cell);
/* Times that (id, serial) has been broadcast so far; -1: it is not active there. */
int bsccell_done(const struct bsc *b, uint32_t cell, uint16_t id, uint16_t serial);
/* Does entry (of a list with this discriminator) mean this cell? Lists by area name many. */
bool bsccell_matches(const struct bsc *b, const struct bsc_cell *cell, uint8_t how, const uint8_t *entry);
