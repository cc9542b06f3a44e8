/* Preloaded into osmo-msc, which does not start where the kernel has no SCTP: its sockets become TCP ones. Nothing is
 * said over them in the test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

int socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = dlsym(RTLD_NEXT, "socket");

	return next(domain, type, protocol == IPPROTO_SCTP ? IPPROTO_TCP : protocol);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int (*next)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");

	return level == IPPROTO_SCTP ? 0 : next(fd, level, name, value, len);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	int (*next)(int, int, int, void *, socklen_t *) = dlsym(RTLD_NEXT, "getsockopt");

	return level == IPPROTO_SCTP ? 0 : next(fd, level, name, value, len);
}
