/* resolve: the addresses of a host, asked for beside the loop: while a name server does not answer, getaddrinfo(3) waits half
 * a minute, which other links must not notice. A thread for each question, so none waits for another; the last good answer is
 * kept. Edge code, on the loop. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>
#include "gateway/hot.h"

#define RESOLVE_MAX 16 /* addresses of a host that count */

struct resolve_list {
	unsigned int n;
	struct sockaddr_storage v[RESOLVE_MAX]; /* IPv4 and IPv6, best first; port 0 */
};

/* done() is called on the loop for each question that got an answer, good or bad. hot outlives it. To free it while a question
 * is under way is allowed at any time: its thread ends by itself. */
struct resolve;
struct resolve *resolve_new(void *ctx, struct hot *hot, void (*done)(void *arg), void *arg);
/* 0: host is an address in digits, resolve_known() has it. -EINPROGRESS: now it is asked, -EALREADY: it was before; done()
 * follows. Else -errno: there are no means to ask. Another host than before: what was known is forgotten. */
int resolve_ask(struct resolve *r, const char *host);
/* The last good answer about the host that was asked for last; n = 0: none yet. */
const struct resolve_list *resolve_known(const struct resolve *r);
/* Why the last question had no good answer (valid until the next), NULL: it had, or there is none yet. */
const char *resolve_error(const struct resolve *r);
