/* hot: the loop's wait. Descriptors of links, of the store and of the alarm stand in an epoll of their own, which is itself one
 * of libosmocore's descriptors. While something happens there it alone is asked, which costs the same however many others there
 * are; the others (control, VTY, HTTP, spools) have their turn every five milliseconds. Edge code. */
#pragma once
#include <stdint.h>
#include <osmocom/core/select.h>

struct hot;
struct hot *hot_new(void *ctx);
/* As osmo_fd_register(), osmo_fd_unregister() and osmo_fd_update_when(). ofd's callback is called with what is ready of when. */
int hot_add(struct hot *h, struct osmo_fd *ofd); /* 0 or -errno */
void hot_remove(struct hot *h, struct osmo_fd *ofd);
void hot_when(struct hot *h, struct osmo_fd *ofd, unsigned int when);
/* Waits until something happens on any descriptor, at most five milliseconds while links are busy, and serves it. */
void hot_turn(struct hot *h, uint64_t now_us);
