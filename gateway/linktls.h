/* linktls: TLS 1.2 or newer around a link's socket (OpenSSL), as client or, with mode = "listen", as server. Chain, name
 * and, when configured, key of the peer are verified; whatever is not in order ends the connection: nothing is ever sent in
 * clear. */
#pragma once
#include <sys/types.h>
#include "gateway/conf.h"

struct linktls;
/* Around a connected non-blocking socket, which stays the caller's. NULL: *why says what is wrong with the files. */
struct linktls *linktls_new(void *ctx, const struct conf_link *cfg, int fd, const char **why);
/* 0 when all is verified, -EAGAIN, or -EPROTO with *why. */
int linktls_handshake(struct linktls *t, const char **why);
/* As recv() and send(): octets, 0 at the peer's end, -EAGAIN, -EPROTO. */
ssize_t linktls_read(struct linktls *t, void *buf, size_t len);
ssize_t linktls_write(struct linktls *t, const void *buf, size_t len);
bool linktls_wants_write(const struct linktls *t); /* -EAGAIN waits for the socket to be writable */
bool linktls_pending(const struct linktls *t);	   /* octets are here that the socket does not show */
