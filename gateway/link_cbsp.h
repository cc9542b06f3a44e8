/* link_cbsp: a link to a BSC (TS 48.049), seen as a CBC: what the driver offers beyond link_ops.
 *
 * The driver (const struct link_ops link_cbsp, gateway/link.h) resets the BSC after every connect and then
 * writes all that is still to be on air again, from the ledger's accepted units; so a kill outlives a
 * connection by being forgotten. */
#pragma once
#include "gateway/cbsp.h"
#include "gateway/link.h"

/* Stops the job's broadcasts in all cells of this BSC; call it after dispatch_withdraw(). Sent as KILL for
 * each text, in turn with the link's rate, and repeated until the BSC answers; "not identified" is success.
 * Also cells whose answer was lost, and cells that took only some of the texts, are meant: the KILLs name all
 * cells. 0, also when there is nothing to do because the link is down (the next connect begins with a RESET);
 * -EINVAL when the job has no texts here. */
int link_cbsp_kill(struct link *link, struct dispatch_job *job);
/* True while KILLs are still to be answered. */
bool link_cbsp_killing(const struct link *link);

/* A cell of the map as CBSP names it; -EINVAL when it is no GSM cell or its ids do not fit. */
int link_cbsp_cell(const struct cell_id *id, uint8_t mnc_digits, struct cbsp_cell *cell);
/* One WRITE-REPLACE of text t to these cells (0 = all), as the driver would send it with remaining_s of life
 * left. Octets in buf, or -errno as in cbsp_encode_write(). */
int link_cbsp_write(const struct conf_link *cfg, const struct payload *p, unsigned int t, bool replace,
		    const struct cbsp_cell *cells, size_t n, uint32_t remaining_s, uint8_t *buf, size_t size);
