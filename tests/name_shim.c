/* A resolver at the test's will, for LD_PRELOAD: names under .test are answered as the file NAMES says when they are asked for:
 * "silent" (and the question waits), "fail", or addresses apart by blanks. hung.test never has an answer; two.test is always ::1
 * and 127.0.0.1. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*resolver)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static void say(char *to, size_t size, const char *name)
{
	const char *path = getenv("NAMES");
	FILE *f = path ? fopen(path, "r") : NULL;

	snprintf(to, size, "%s", !strcmp(name, "hung.test") ? "silent" : !strcmp(name, "two.test") ? "::1 127.0.0.1" : "");
	if (f && !*to && !fgets(to, size, f))
		*to = 0;
	if (f)
		fclose(f);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **all)
{
	resolver real = (resolver)dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo digits = *hints;
	size_t len = name ? strlen(name) : 0;
	char text[100], *rest = text, *word;

	if (len < 5 || strcmp(name + len - 5, ".test") || hints->ai_flags & AI_NUMERICHOST)
		return real(name, service, hints, all);
	for (say(text, sizeof(text), name); !strncmp(text, "silent", 6); say(text, sizeof(text), name))
		usleep(20000);
	digits.ai_flags |= AI_NUMERICHOST;
	*all = NULL;
	while ((word = strsep(&rest, " \n"))) {
		struct addrinfo **end = all;

		while (*end)
			end = &(*end)->ai_next;
		if (*word && real(word, service, &digits, end) != 0)
			*end = NULL;
	}
	return *all ? 0 : EAI_AGAIN;
}
