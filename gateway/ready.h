/* ready: tells systemd that the daemon is up, alive, reloading, stopping. Without systemd every call does
 * nothing. Also the place where the watchdog's half interval is kept. sd_notify(3). */
#pragma once
#include <stdint.h>

struct ready {
	uint64_t interval_us; /* 0: no watchdog asked for */
	uint64_t next_us;
};

void ready_init(struct ready *r);  /* reads WATCHDOG_USEC once */
void ready_up(const char *status); /* READY=1, shown by systemctl status */
void ready_status(const char *status);
void ready_reloading(uint64_t now_us); /* ready_up() ends it; now_us: monotonic */
void ready_stopping(void);
/* To be called by the loop as it turns: pats the watchdog when due. Returns when to call again, UINT64_MAX:
 * never. */
uint64_t ready_tick(struct ready *r, uint64_t now_us);
