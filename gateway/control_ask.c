#include <errno.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "gateway/noc.h"

#define ANSWER_MAX (64 << 20)
#define TIMEOUT_S  10

static int connect_to(const char *path, char *err, size_t err_len)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int fd, rc;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		snprintf(err, err_len, "%s: too long for the path of a socket", path);
		return -ENAMETOOLONG;
	}
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		snprintf(err, err_len, "%s: no gateway listens there; is reuniond running?", path);
	else
		snprintf(err, err_len, "%s: %s", path, strerror(-rc));
	return rc;
}

static int send_request(int fd, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len, sent = 0;
	int rc = 0;

	if (!text)
		return -EINVAL;
	len = strlen(text);
	text[len++] = '\n'; /* in place of the NUL */
	while (sent < len && rc == 0) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			rc = -errno;
	}
	free(text);
	return rc;
}

/* Reads to the peer's end. */
static int read_answer(void *ctx, int fd, char **text, size_t *len)
{
	size_t room = 0;

	*len = 0;
	*text = NULL;
	for (;;) {
		ssize_t n;

		if (*len == room) {
			room = room ? room * 2 : 65536;
			if (room > ANSWER_MAX)
				return -EMSGSIZE;
			*text = talloc_realloc_size(ctx, *text, room);
			OSMO_ASSERT(*text);
		}
		n = recv(fd, *text + *len, room - *len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 0 : errno == EAGAIN ? -ETIMEDOUT : -errno;
		*len += (size_t)n;
	}
}

static int exchange(void *ctx, int fd, json_t *request, json_t **answer)
{
	size_t len;
	char *text;
	int rc = send_request(fd, request);

	if (rc == 0)
		rc = read_answer(ctx, fd, &text, &len);
	if (rc != 0)
		return rc;
	if (len == 0)
		return -EBUSY;
	*answer = json_loadb(text, len, 0, NULL);
	return json_is_object(*answer) ? 0 : -EBADMSG;
}

int control_ask(const char *path, json_t *request, json_t **answer, char *err, size_t err_len)
{
	void *ctx = talloc_named_const(NULL, 0, "control_ask");
	int fd, rc;
	const char *error;

	*answer = NULL;
	snprintf(err, err_len, "%s: no socket could be made", path);
	fd = rc = connect_to(path, err, err_len);
	if (fd >= 0) {
		rc = exchange(ctx, fd, request, answer);
		close(fd);
		snprintf(err, err_len, "%s: %s", path,
			 rc == -EBUSY       ? "the gateway is busy; try again"
			 : rc == -EBADMSG   ? "what answers there is no gateway"
			 : rc == -ETIMEDOUT ? "the gateway does not answer"
					    : strerror(-rc));
	}
	talloc_free(ctx);
	error = rc == 0 ? json_string_value(json_object_get(*answer, "error")) : NULL;
	if (error) {
		snprintf(err, err_len, "%s", error);
		rc = -EREMOTEIO;
	}
	if (rc != 0) {
		json_decref(*answer);
		*answer = NULL;
	}
	return rc;
}
