/* outfile: a file that appears whole or not at all. Written without a name where the file system can, named
 * beside the target, synced, then renamed over it. Only regular files are replaced. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct outfile;

/* 0 or -errno with a sentence in err. Child of ctx; freed without outfile_commit() it leaves nothing behind.
 */
int outfile_open(void *ctx, const char *path, struct outfile **out, char *err, size_t err_len);
/* Do both paths name one file? Also when it is not there yet: then by its folder and its name in it. */
bool outfile_same(const char *a, const char *b);
/* -EINVAL with a sentence when the output PATH is the input IN itself, by whatever name; writing it would
 * destroy it. */
int outfile_not(const char *path, const char *in, char *err, size_t err_len);
int outfile_fd(const struct outfile *out);
/* All of it, or -errno with a sentence in err. Offset < 0: at the end of what was written so. */
int outfile_write(struct outfile *out, const void *data, size_t len, long long offset, char *err,
		  size_t err_len);
int outfile_commit(struct outfile *out, char *err, size_t err_len); /* frees out in any case */
