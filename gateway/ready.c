#include "gateway/ready.h"
#include <inttypes.h>
#include <systemd/sd-daemon.h>

void ready_init(struct ready *r)
{
	uint64_t usec = 0;

	r->interval_us = sd_watchdog_enabled(0, &usec) > 0 ? usec / 2 : 0;
	r->next_us = 0;
}

void ready_up(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void ready_status(const char *status)
{
	sd_notifyf(0, "STATUS=%s", status);
}

void ready_reloading(uint64_t now_us)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_us);
}

void ready_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

uint64_t ready_tick(struct ready *r, uint64_t now_us)
{
	if (r->interval_us == 0)
		return UINT64_MAX;
	if (now_us >= r->next_us) {
		sd_notify(0, "WATCHDOG=1");
		r->next_us = now_us + r->interval_us;
	}
	return r->next_us;
}
