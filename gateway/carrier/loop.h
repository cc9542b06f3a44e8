/* loop: the one place with descriptors: listeners, dialled connections, signals, epoll. Octets go up in
 * batches. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct carrier;
struct loop;
struct conn;

#define CONN_CLOSE ((size_t)-1)

/* What a protocol does with its connections. */
struct conn_ops {
	const char *name;
	void (*opened)(struct conn *conn);
	/* Returns how many octets were used, or CONN_CLOSE. The rest comes again with what follows. */
	size_t (*input)(struct conn *conn, const uint8_t *data, size_t len);
	void (*closed)(struct conn *conn);
};

struct conn {
	uint32_t id; /* never used again while events may name it */
	bool dialled;
	bool stalled;   /* reading is stopped on purpose */
	bool finishing; /* to be closed when its output is gone */
	char peer[64];
	uint64_t arrived_us; /* when the last of what was read came in; it may have waited to be read */
	struct carrier *carrier;
	const struct conn_ops *ops;
	void *session; /* the protocol's */
	struct loop_io *io;
};

struct loop *loop_new(struct carrier *c);
/* where: "[ADDR:]PORT"; the listener is opened (0) or not (-errno); *port gets the port taken. */
int loop_listen(struct loop *l, const struct conn_ops *ops, const char *where, uint16_t *port);
/* Dials again and again, 200 ms to 5 s apart, as long as it is not shut. where: "ADDR:PORT". */
int loop_dial(struct loop *l, const struct conn_ops *ops, const char *where);
/* Takes every listener and connection of the protocol down, or lets them come up again. NULL: of all. */
void loop_shut(struct loop *l, const struct conn_ops *ops, bool shut);
/* One turn: waits until something happens or until_us, then serves what is there. False: asked to end by a
 * signal. */
bool loop_turn(struct loop *l, uint64_t until_us);
bool loop_report_asked(struct loop *l); /* SIGUSR1 came; asking clears it */

struct conn *loop_conn(struct loop *l, uint32_t id); /* NULL: gone */
void loop_each(struct loop *l, const struct conn_ops *ops, void (*fn)(struct conn *conn));
/* Room for n octets at the end of the output, to be filled at once; conn_wrote() then counts them. */
uint8_t *conn_room(struct conn *conn, size_t n);
void conn_wrote(struct conn *conn, size_t n);
void conn_stall(struct conn *conn, bool stall);
/* Closes at the end of this turn; what has not been written is lost. */
void conn_drop(struct conn *conn);
void conn_finish(struct conn *conn); /* closes after the output is written */
uint64_t loop_clock_us(void);        /* monotonic */
uint64_t loop_wall_us(void);         /* since 1970 */
