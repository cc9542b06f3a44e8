/* sim_driver: a real link driver in the simulated world: its environment, and the line between it and its
 * peer. */
#pragma once
#include "gateway/link.h"
#include "gateway/sim_int.h"

/* The driver under test; dies with the process. */
struct sim_driver {
	const struct sim_protocol *protocol;
	struct link *link;
	struct sim *s;
	struct sim_link *l;
	struct conf_link conf;
	struct conf_carrier carrier;
	struct payload_ops payload_ops;
	struct link_env env;
	struct payload *payload[SIM_JOBS];
};

struct sim_protocol {
	const struct link_ops *ops;
	bool strict; /* this peer never breaks the protocol: what the driver reports is a fault of its own */
	size_t header;
	size_t (*octets)(const uint8_t *header); /* of the whole message */
	void (*check)(struct sim_driver *d, const uint8_t *message,
		      size_t len); /* before it goes on the line */
	void (*fill)(struct payload *payload, const struct sim_driver *d, const struct dispatch_job *job,
		     unsigned int no);
};

/* conf, payload_ops without .job, and what env needs beyond connect, close and event must be set; then start.
 */
struct sim_driver *sim_driver_new(void *ctx, const struct sim_protocol *protocol, struct sim *s,
				  struct sim_link *l);
void sim_driver_start(struct sim_driver *d, struct throttle *carrier);
void sim_driver_pump(struct sim_driver *d); /* what the driver wrote goes on the line, message by message */
struct sim_driver *sim_driver_of(const struct link *link);

/* For struct sim_driver_ops. */
void sim_driver_connected(void *driver, uint64_t now_us);
void sim_driver_closed(void *driver, uint64_t now_us);
void sim_driver_input(void *driver, const uint8_t *data, size_t len, uint64_t now_us);
uint64_t sim_driver_tick(void *driver, uint64_t now_us);
struct link *sim_driver_link(void *driver);
