#include "gateway/spool.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gateway/log.h"
#include "gateway/spool_file.h"
#include "gateway/spool_parts.h"

#define SIG_ENDING     ".minisig"
#define CLAIMS_AT_ONCE 16 /* then the loop gets its turn */
#define ODD_LINES      10 /* about what is no plain file, between two scans */

static bool ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), e = strlen(ending);

	return n > e && !strcmp(name + n - e, ending);
}

bool spool_is_trigger(const char *name)
{
	return name[0] != '.' && (ends_with(name, ".trigger") || ends_with(name, ".xml"));
}

bool spool_name_ok(const char *name, size_t len)
{
	return len >= 1 && len <= SPOOL_NAME_OCTETS && name[0] != '.' && !strpbrk(name, "/\\") &&
	       log_plain(name, len);
}

/* ---- entries ---- */

static struct llist_head *bucket_of(struct spool *s, const char *name)
{
	uint32_t sum = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		sum = (sum ^ (uint8_t)*name) * 16777619u;
	return &s->bucket[(sum ^ sum >> 16) & (SPOOL_BUCKETS - 1)];
}

struct spool_entry *spool_entry(struct spool *s, const char *name, uint64_t now_us)
{
	struct llist_head *bucket = bucket_of(s, name);
	struct spool_entry *e;

	llist_for_each_entry (e, bucket, bucket)
		if (!strcmp(e->name, name))
			return e;
	if (s->n_entries >= SPOOL_MAX_ENTRIES)
		return NULL;
	e = talloc_zero(s, struct spool_entry);
	OSMO_ASSERT(e);
	e->name = talloc_strdup(e, name);
	e->changed_us = now_us;
	llist_add_tail(&e->list, &s->entries);
	llist_add_tail(&e->bucket, bucket);
	s->n_entries++;
	return e;
}

void spool_entry_forget(struct spool *s, struct spool_entry *e)
{
	llist_del(&e->list);
	llist_del(&e->bucket);
	s->n_entries--;
}

static void entry_free(struct spool *s, struct spool_entry *e)
{
	spool_entry_forget(s, e);
	talloc_free(e);
}

static bool plain(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1;
}

/* One line for what is never opened, a few at most between two scans; the scan tells how many there are. */
static void refuse(struct spool *s, const char *name, const struct stat *st)
{
	if (s->lines++ >= ODD_LINES)
		return;
	s->n_odd++;
	LOGP(DSPOOL, LOGL_NOTICE, "%s/%s is %s; it is left alone\n", s->dir, log_safe(name, strlen(name)),
	     S_ISREG(st->st_mode) ? "a file with more than one link" : "not a plain file");
}

static bool changed(const struct spool_entry *e, const struct stat *st)
{
	return e->size != st->st_size || e->inode != st->st_ino || e->mtime.tv_sec != st->st_mtim.tv_sec ||
	       e->mtime.tv_nsec != st->st_mtim.tv_nsec;
}

/* Looks at the file. False: it is gone, or not to be opened, and so is the entry. */
static bool look(struct spool *s, struct spool_entry *e, uint64_t now_us)
{
	struct stat st;

	if (fstatat(s->fd, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		entry_free(s, e);
		return false;
	}
	if (!plain(&st)) {
		refuse(s, e->name, &st);
		entry_free(s, e);
		return false;
	}
	if (changed(e, &st)) {
		e->changed_us = now_us;
		e->ready = false;
		e->size = st.st_size;
		e->inode = st.st_ino;
		e->mtime = st.st_mtim;
	}
	e->told = false;
	return true;
}

/* When the file may be claimed: at once after its writer closed it; else when it has rested. An empty one may
 * be a writer's first step. */
static uint64_t rest_us(const struct spool_entry *e)
{
	if (e->closed && e->size > 0)
		return e->due_us;
	return OSMO_MAX(e->due_us, e->changed_us + (e->writing ? SPOOL_WRITING_US : SPOOL_SETTLE_US));
}

static bool has_signature(const struct spool *s, const struct spool_entry *e)
{
	char *sig = talloc_asprintf(NULL, "%s" SIG_ENDING, e->name);
	struct stat st;
	bool has = fstatat(s->fd, sig, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
		   !e->sig_writing;

	talloc_free(sig);
	return has;
}

/* When e may be claimed; 0 = now. */
static uint64_t wait_until(const struct spool *s, struct spool_entry *e, uint64_t now_us)
{
	if (rest_us(e) > now_us)
		return rest_us(e);
	if (!e->ready) {
		e->ready = true;
		e->ready_us = now_us;
	}
	if (s->signatures && now_us < e->ready_us + SPOOL_SIG_WAIT_US && !has_signature(s, e))
		return e->ready_us + SPOOL_SIG_WAIT_US;
	return 0;
}

/* Claims what is due; returns when the next may be. */
static uint64_t process(struct spool *s, uint64_t now_us)
{
	struct spool_entry *e, *next_entry;
	uint64_t next = UINT64_MAX, until;
	int claims = 0;

	llist_for_each_entry_safe (e, next_entry, &s->entries, list) {
		if (s->n_out >= SPOOL_MAX_OUT)
			return next; /* who decides on one calls again */
		if (!e->leftover && !look(s, e, now_us))
			continue;
		until = e->leftover ? e->due_us : wait_until(s, e, now_us);
		if (until > now_us) {
			next = OSMO_MIN(next, until);
		} else if (++claims > CLAIMS_AT_ONCE) {
			return now_us;
		} else if (spool_claim(s, e, now_us) == -EAGAIN) {
			next = OSMO_MIN(next, now_us + SPOOL_RETRY_US);
		}
	}
	return next;
}

/* ---- folders and events ---- */

static void close_folders(struct spool *s)
{
	int *const all[] = {&s->fd, &s->claimed, &s->accepted, &s->rejected, &s->alerts, &s->clues};

	if (s->watch >= 0)
		inotify_rm_watch(s->inotify, s->watch);
	s->watch = -1;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}

static void watch(struct spool *s)
{
	s->watch = inotify_add_watch(s->inotify, s->dir,
				     IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR | IN_DELETE_SELF |
					     IN_MOVE_SELF);
	if (s->watch < 0)
		LOGP(DSPOOL, LOGL_ERROR, "%s: cannot be watched (%s); it is scanned every 5 s\n", s->dir,
		     strerror(errno));
}

static int open_folders(struct spool *s)
{
	static const struct {
		const char *name;
		size_t at;
		unsigned int mode;
		bool mine;
	} folders[] = {
		{"claimed", offsetof(struct spool, claimed), 0700, true},
		{"accepted", offsetof(struct spool, accepted), 0750, false},
		{"rejected", offsetof(struct spool, rejected), 0750, false},
		{"alerts", offsetof(struct spool, alerts), 0750, false},
		{"clues", offsetof(struct spool, clues), 0750, false},
	};
	const char *what = ".";
	int fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = fd < 0 ? -errno : 0;

	s->fd = fd;
	for (size_t i = 0; i < ARRAY_SIZE(folders) && rc == 0; i++) {
		what = folders[i].name;
		fd = spool_folder(s->fd, what, folders[i].mode, folders[i].mine);
		*(int *)((char *)s + folders[i].at) = fd;
		rc = OSMO_MIN(fd, 0);
	}
	if (rc < 0) {
		LOGP(DSPOOL, LOGL_ERROR, "%s/%s: %s\n", s->dir, what, strerror(-rc));
		close_folders(s);
		return rc;
	}
	watch(s); /* before the first scan: nothing falls between them */
	spool_list_leftovers(s);
	return 0;
}

/* The folder may have been replaced, or be gone and come back. */
static bool still_there(struct spool *s)
{
	struct stat now, then;

	if (s->fd >= 0 && stat(s->dir, &now) == 0 && fstat(s->fd, &then) == 0 && now.st_ino == then.st_ino &&
	    now.st_dev == then.st_dev)
		return true;
	if (!s->gone)
		LOGP(DSPOOL, LOGL_ERROR, "%s: the agency's folder is gone; waiting for it\n", s->dir);
	s->gone = true;
	if (stat(s->dir, &now) < 0)
		return false;
	close_folders(s);
	if (open_folders(s) < 0)
		return false;
	LOGP(DSPOOL, LOGL_NOTICE, "%s: the agency's folder is back\n", s->dir);
	s->gone = false;
	return true;
}

struct seen {
	char *name;
	struct timespec mtime;
};

int spool_by_age(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec == b->tv_nsec ? 0 : a->tv_nsec < b->tv_nsec ? -1 : 1;
}

static int by_age(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int order = spool_by_age(&x->mtime, &y->mtime);

	return order ? order : strcmp(x->name, y->name);
}

/* Of what is no plain file only the number is kept, and told when it has grown. */
static void tell_odd(struct spool *s, size_t n, const char *such)
{
	if (n > s->n_odd)
		LOGP(DSPOOL, LOGL_NOTICE, "%s: %zu triggers are no plain files of one link, such as %s; they are left alone\n", s->dir, n,
		     log_safe(such, strlen(such)));
	s->n_odd = n;
	s->lines = 0;
}

/* The folder's triggers, oldest first: an alert comes before its cancel. Children of the returned array. */
static struct seen *list_triggers(struct spool *s, size_t *n)
{
	struct seen *seen = talloc_array(s, struct seen, SPOOL_MAX_ENTRIES);
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	char odd[256] = "";
	size_t n_odd = 0;
	struct dirent *d;
	struct stat st;

	OSMO_ASSERT(seen);
	*n = 0;
	if (!dir && fd >= 0)
		close(fd);
	while (dir && *n < SPOOL_MAX_ENTRIES && (d = readdir(dir))) {
		if (!spool_is_trigger(d->d_name) || fstatat(s->fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (plain(&st))
			seen[(*n)++] = (struct seen){talloc_strdup(seen, d->d_name), st.st_mtim};
		else if (n_odd++ == 0)
			snprintf(odd, sizeof(odd), "%s", d->d_name);
	}
	if (dir)
		closedir(dir);
	tell_odd(s, n_odd, odd);
	if (*n)
		qsort(seen, *n, sizeof(*seen), by_age);
	return seen;
}

static void scan(struct spool *s, uint64_t now_us)
{
	struct seen *seen;
	bool full = false;
	size_t n;

	s->next_scan_us = now_us + SPOOL_RESCAN_US;
	if (!still_there(s))
		return;
	seen = list_triggers(s, &n);
	for (size_t i = 0; i < n; i++)
		full |= !spool_entry(s, seen[i].name, now_us);
	full |= n == SPOOL_MAX_ENTRIES;
	if (full && !s->full)
		LOGP(DSPOOL, LOGL_NOTICE, "%s: %d files or more wait; they are taken in turn\n", s->dir, SPOOL_MAX_ENTRIES);
	s->full = full;
	talloc_free(seen);
}

/* A signature that comes after its trigger counts from when its writer has closed it. */
static void take_signature(struct spool *s, const struct inotify_event *ev)
{
	size_t stem = strlen(ev->name) - strlen(SIG_ENDING);
	struct spool_entry *e;

	llist_for_each_entry (e, &s->entries, list)
		if (strlen(e->name) == stem && !strncmp(e->name, ev->name, stem))
			e->sig_writing = !(ev->mask & (IN_CLOSE_WRITE | IN_MOVED_TO));
}

static void take_event(struct spool *s, const struct inotify_event *ev, uint64_t now_us)
{
	struct spool_entry *e;
	struct stat st;

	if (ev->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
		s->next_scan_us = now_us;
	if (ev->len > 0 && ends_with(ev->name, SIG_ENDING))
		take_signature(s, ev);
	if (ev->len == 0 || !spool_is_trigger(ev->name))
		return;
	if (fstatat(s->fd, ev->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!plain(&st)) {
		refuse(s, ev->name, &st);
		return;
	}
	e = spool_entry(s, ev->name, now_us);
	if (!e) {
		s->full = true; /* a scan finds it when there is room */
		return;
	}
	if (ev->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) {
		e->closed = true;
		e->writing = false;
	} else if (!e->closed) {
		e->writing = true;
	}
}

void spool_ready(struct spool *s, uint64_t now_us)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(s->inotify, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *ev = (const struct inotify_event *)p;

			if (!s->deaf)
				take_event(s, ev, now_us);
			p += sizeof(*ev) + ev->len;
		}
	if (!s->deaf)
		process(s, now_us);
}

uint64_t spool_tick(struct spool *s, uint64_t now_us)
{
	uint64_t next = UINT64_MAX;

	if (!s->deaf && (now_us >= s->next_scan_us || (s->full && s->n_entries < SPOOL_MAX_ENTRIES / 4)))
		scan(s, now_us);
	spool_write_verdicts(s, now_us);
	if (!s->deaf) {
		next = process(s, now_us);
		next = OSMO_MIN(next, s->next_scan_us);
	}
	if (next > now_us && spool_sync_some(s))
		next = now_us;
	return s->n_verdicts ? OSMO_MIN(next, s->next_write_us) : next;
}

/* ---- life ---- */

static int spool_destroy(struct spool *s)
{
	struct spool_verdict *v;

	llist_for_each_entry (v, &s->verdicts, list)
		json_decref(v->result);
	close_folders(s);
	if (s->inotify >= 0)
		close(s->inotify);
	return 0;
}

int spool_open(void *ctx, const char *dir, const struct spool_ops *ops, void *arg, struct spool **spool)
{
	struct spool *s = talloc_zero(ctx, struct spool);
	int rc;

	OSMO_ASSERT(s);
	s->dir = talloc_strdup(s, dir);
	s->ops = ops;
	s->arg = arg;
	s->signatures = true;
	s->watch = s->fd = s->claimed = s->accepted = s->rejected = s->alerts = s->clues = -1;
	INIT_LLIST_HEAD(&s->entries);
	INIT_LLIST_HEAD(&s->verdicts);
	INIT_LLIST_HEAD(&s->unsynced);
	for (size_t i = 0; i < SPOOL_BUCKETS; i++)
		INIT_LLIST_HEAD(&s->bucket[i]);
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	talloc_set_destructor(s, spool_destroy);
	rc = s->inotify < 0 ? -errno : open_folders(s);
	if (rc < 0) {
		if (s->inotify < 0)
			LOGP(DSPOOL, LOGL_ERROR, "%s: inotify: %s\n", dir, strerror(-rc));
		talloc_free(s);
		return rc;
	}
	*spool = s;
	return 0;
}

void spool_wait_signature(struct spool *s, bool wait)
{
	s->signatures = wait;
}

void spool_watch(struct spool *s, bool on)
{
	struct spool_entry *e, *next;

	if (s->deaf == !on)
		return;
	s->deaf = !on;
	if (on) {
		watch(s);
		s->next_scan_us = 0;
		return;
	}
	if (s->watch >= 0)
		inotify_rm_watch(s->inotify, s->watch);
	s->watch = -1;
	llist_for_each_entry_safe (e, next, &s->entries, list)
		if (!e->leftover)
			entry_free(s, e);
}

int spool_fd(const struct spool *s)
{
	return s->inotify;
}

void spool_retry(struct spool *s)
{
	struct spool_entry *e;

	llist_for_each_entry (e, &s->entries, list)
		if (e->again)
			e->due_us = 0;
}

size_t spool_unwritten(const struct spool *s)
{
	return s->n_verdicts;
}
