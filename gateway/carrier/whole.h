/* whole: files that appear whole: written beside (FILE.new), synced, then renamed. Only regular files are
 * replaced, never a device, a folder or a link. */
#pragma once
#include <stdio.h>

/* 0, or -errno with a line on stderr: it could not be replaced. A file that is not there or none (NULL) is good. */
int whole_check(const char *path);
/* put(arg, f) writes it. No path: nothing is done. 0, or -errno with a line on stderr. */
int whole_write(const char *path, void (*put)(const void *arg, FILE *f), const void *arg);
