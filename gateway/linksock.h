/* linksock: the sockets of links. Owns descriptors, knows no protocol: octets go between them and the link's driver. */
#pragma once
#include "gateway/hot.h"
#include "gateway/link.h"

/* Descriptors for a link: used as link->edge. connect_timeout by cfg. hot outlives it. */
struct linksock;
struct linksock *linksock_new(void *ctx, struct link *link, struct hot *hot);
/* Dials the link's address. By name: the peer's addresses in turn, one with each attempt, from the one on which the peer spoke
 * last; where the name cannot be resolved, those that are known. Never waits. */
void linksock_connect(struct linksock *s, unsigned int leg);
void linksock_close(struct linksock *s, unsigned int leg);
/* Listens (anew) at the link's address for the carrier's connection (mode = "listen"). 0 or -errno; 0 also when a name is
 * being resolved now, without linksock_listening(): to be called again. */
int linksock_listen(struct linksock *s);
bool linksock_listening(const struct linksock *s);
void linksock_deaf(struct linksock *s); /* listens no more; connections that stand stay */
/* Ticks the driver, writes what it has; returns when it wants to be called again. */
uint64_t linksock_pump(struct linksock *s, uint64_t now_us);
void linksock_free(struct linksock *s);
