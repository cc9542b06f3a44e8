#include "gateway/carrier/whole.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(const char *path, int rc)
{
	if (rc == -EEXIST)
		fprintf(stderr, "reunion-carrier: %s: is not a regular file and is not replaced; name another\n",
			path);
	else
		fprintf(stderr, "reunion-carrier: %s: cannot be written: %s\n", path, strerror(-rc));
	return rc;
}

int whole_check(const char *path)
{
	struct stat st;

	if (path && lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return complain(path, -EEXIST);
	return 0;
}

/* An old file of that name is left over from a run that was killed; anything else is not touched. */
static FILE *open_beside(const char *beside)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	struct stat st;
	FILE *f;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EEXIST;
	else if (ftruncate(fd, 0) == 0 && (f = fdopen(fd, "w")))
		return f;
	close(fd);
	return NULL;
}

int whole_write(const char *path, void (*put)(const void *arg, FILE *f), const void *arg)
{
	char beside[4096];
	FILE *f;
	int rc = whole_check(path);

	if (!path || rc < 0)
		return rc;
	snprintf(beside, sizeof(beside), "%s.new", path);
	f = open_beside(beside);
	if (!f)
		return complain(beside, -errno);
	put(arg, f);
	rc = fflush(f) == 0 && !ferror(f) && fsync(fileno(f)) == 0 ? 0 : -1;
	if (fclose(f) != 0 || (rc == 0 && rename(beside, path) != 0))
		rc = -1;
	if (rc == 0)
		return 0;
	rc = complain(path, -errno);
	unlink(beside);
	return rc;
}
