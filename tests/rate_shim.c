/* Tells what a process sends of SMPP and when, for LD_PRELOAD: a line "PORT MICROSECONDS SUBMITS" in the file RATE_LOG for
 * each send() that completed submit_sm PDUs to a port of IPv4. Written when the process ends in good order. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FDS   1024
#define SENDS (8 << 20)

/* The PDU that is under way on a descriptor. */
static struct pdu {
	uint8_t header[8];
	uint32_t have; /* octets of it */
	uint16_t port; /* 0: not asked yet */
} pdus[FDS];

static struct sent {
	uint64_t at_us;
	uint32_t submits;
	uint16_t port;
} *sents;
static size_t n_sents;

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Submits that end within these octets. */
static uint32_t count(struct pdu *pdu, const uint8_t *p, size_t n)
{
	uint32_t submits = 0;

	for (size_t take; n > 0; p += take, n -= take) {
		take = n;
		if (pdu->have < 8) {
			take = n < 8 - pdu->have ? n : 8 - pdu->have;
			memcpy(pdu->header + pdu->have, p, take);
		} else if (word(pdu->header) - pdu->have < n) {
			take = word(pdu->header) - pdu->have;
		}
		pdu->have += take;
		if (pdu->have >= 8 && pdu->have == word(pdu->header)) {
			submits += word(pdu->header + 4) == 4;
			pdu->have = 0;
		}
	}
	return submits;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);

	if (pdus[fd].port == 0 && getpeername(fd, (struct sockaddr *)&to, &len) == 0)
		pdus[fd].port = ntohs(to.sin_port);
	return pdus[fd].port;
}

static void note(int fd, const void *octets, ssize_t n)
{
	struct timespec t;
	uint32_t submits = n > 0 && fd < FDS ? count(&pdus[fd], octets, n) : 0;

	if (!submits || n_sents == SENDS)
		return;
	if (!sents)
		sents = malloc(SENDS * sizeof(*sents));
	clock_gettime(CLOCK_MONOTONIC, &t);
	sents[n_sents++] = (struct sent){t.tv_sec * 1000000ull + t.tv_nsec / 1000, submits, port_of(fd)};
}

ssize_t send(int fd, const void *octets, size_t len, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);
	ssize_t n;

	if (!real)
		real = (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
	n = real(fd, octets, len, flags);
	note(fd, octets, n);
	return n;
}

int close(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");

	if (fd >= 0 && fd < FDS)
		pdus[fd] = (struct pdu){0};
	return real(fd);
}

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("RATE_LOG");
	FILE *f = path && n_sents ? fopen(path, "w") : NULL;

	for (size_t i = 0; f && i < n_sents; i++)
		fprintf(f, "%u %llu %u\n", sents[i].port, (unsigned long long)sents[i].at_us, sents[i].submits);
	if (f)
		fclose(f);
}
