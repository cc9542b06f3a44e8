/* One agency's folder: real files, told time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <osmocom/core/application.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gateway/log.h"
#include "gateway/spool.h"

#define S(n)      ((uint64_t)(n)*1000000)
#define MAX_ITEMS 64

static void *ctx;
static char dir[64];
static struct spool *spool;
static struct spool_item *items[MAX_ITEMS];
static size_t n_items;

static void claimed(void *arg, struct spool_item *item)
{
	assert_true(n_items < MAX_ITEMS);
	items[n_items++] = item;
}

static const struct spool_ops ops = {claimed};

static void open_spool(void)
{
	assert_int_equal(spool_open(ctx, dir, &ops, NULL, &spool), 0);
	spool_wait_signature(spool, false);
	n_items = 0;
}

static int setup(void **state)
{
	ctx = talloc_new(NULL);
	strcpy(dir, "/tmp/spool-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	open_spool();
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	talloc_free(ctx);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static const char *path(const char *name)
{
	return talloc_asprintf(ctx, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool exists(const char *name)
{
	struct stat st;

	return lstat(path(name), &st) == 0;
}

static json_t *read_json(const char *name)
{
	json_t *j = json_load_file(path(name), 0, NULL);

	if (!j)
		fail_msg("%s is not there or no JSON", name);
	return j;
}

static void decision_in(const char *name, const char *decision)
{
	json_t *j = read_json(name);

	assert_string_equal(json_string_value(json_object_get(j, "decision")), decision);
	json_decref(j);
}

static int finish(struct spool_item *item, enum spool_decision d, uint64_t now)
{
	static const char *const names[] = {"accepted", "rejected", "duplicate", "deferred"};
	json_t *j = json_pack("{s:s, s:n, s:[]}", "decision", names[d], "alert_id", "reasons");
	int rc = spool_finish(item, d, j, now);

	json_decref(j);
	return rc;
}

static void test_write_and_close(void **state)
{
	put("x.trigger", "hello");
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 1);
	assert_string_equal(items[0]->name, "x.trigger");
	assert_int_equal(items[0]->len, 5);
	assert_memory_equal(items[0]->data, "hello", 5);
	assert_null(items[0]->sig);
	assert_null(items[0]->trouble);
	assert_false(items[0]->leftover);
	assert_true(exists("claimed/x.trigger"));
	assert_false(exists("x.trigger"));
	assert_int_equal(finish(items[0], SPOOL_ACCEPTED, S(1)), 0);
	assert_true(exists("accepted/x.trigger"));
	decision_in("accepted/x.result.json", "accepted");
	assert_false(exists("claimed/x.trigger"));
}

static void test_rename_and_rejected(void **state)
{
	put(".tmp", "a");
	assert_int_equal(rename(path(".tmp"), path("y.xml")), 0);
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 1);
	assert_string_equal(items[0]->name, "y.xml");
	finish(items[0], SPOOL_REJECTED, S(1));
	assert_true(exists("rejected/y.xml"));
	decision_in("rejected/y.result.json", "rejected");
}

static void test_duplicate_goes_to_rejected(void **state)
{
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	finish(items[0], SPOOL_DUPLICATE, S(1));
	decision_in("rejected/x.result.json", "duplicate");
}

static void test_ignored_names(void **state)
{
	put(".x.trigger", "a");
	put("x.trigger.tmp", "a");
	put("x.txt", "a");
	put(".trigger", "a");
	put("x.trigger.minisig", "a");
	spool_ready(spool, S(1));
	spool_tick(spool, S(1));
	spool_tick(spool, S(20));
	assert_int_equal(n_items, 0);
}

static void test_half_written_is_not_taken(void **state)
{
	int fd = open(path("x.trigger"), O_WRONLY | O_CREAT, 0644);

	assert_int_equal(write(fd, "half", 4), 4);
	spool_ready(spool, S(1));
	spool_tick(spool, S(3));
	spool_tick(spool, S(6));
	assert_int_equal(n_items, 0);
	assert_int_equal(write(fd, "whole", 5), 5);
	close(fd);
	spool_ready(spool, S(7));
	assert_int_equal(n_items, 1);
	assert_int_equal(items[0]->len, 9);
	finish(items[0], SPOOL_ACCEPTED, S(7));
}

static void test_scan_finds_what_was_there_before(void **state)
{
	struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	talloc_free(spool);
	put("b-alert.trigger", "1");
	put("a-cancel.trigger", "2");
	assert_int_equal(utimensat(AT_FDCWD, path("b-alert.trigger"), old, 0), 0);
	open_spool();
	spool_tick(spool, S(1));
	assert_int_equal(n_items, 0); /* may still be written to */
	spool_tick(spool, S(3) + 1);
	assert_int_equal(n_items, 2);
	assert_string_equal(items[0]->name, "b-alert.trigger"); /* oldest first */
	finish(items[0], SPOOL_ACCEPTED, S(3));
	finish(items[1], SPOOL_ACCEPTED, S(3));
}

static void test_tick_tells_when_next(void **state)
{
	assert_int_equal(spool_tick(spool, S(1)), S(6));
	put("x.trigger", "a");
	spool_wait_signature(spool, true);
	spool_ready(spool, S(2));
	assert_int_equal(spool_tick(spool, S(2)), S(4));
}

static void test_waits_for_signature(void **state)
{
	spool_wait_signature(spool, true);
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	spool_tick(spool, S(2));
	assert_int_equal(n_items, 0);
	put("x.trigger.minisig", "sig");
	spool_ready(spool, S(2));
	assert_int_equal(n_items, 1);
	assert_memory_equal(items[0]->sig, "sig", 3);
	assert_int_equal(items[0]->sig_len, 3);
	finish(items[0], SPOOL_ACCEPTED, S(2));
	assert_true(exists("accepted/x.trigger.minisig"));
	assert_false(exists("claimed/x.trigger.minisig"));
}

static void test_signature_being_written(void **state)
{
	int fd;

	spool_wait_signature(spool, true);
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	fd = open(path("x.trigger.minisig"), O_WRONLY | O_CREAT, 0644);
	spool_ready(spool, S(1));
	assert_int_equal(write(fd, "si", 2), 2);
	spool_tick(spool, S(2));
	assert_int_equal(n_items, 0);
	assert_int_equal(write(fd, "g", 1), 1);
	close(fd);
	spool_ready(spool, S(2));
	assert_int_equal(n_items, 1);
	assert_int_equal(items[0]->sig_len, 3);
	finish(items[0], SPOOL_ACCEPTED, S(2));
}

static void test_signature_first(void **state)
{
	spool_wait_signature(spool, true);
	put("x.trigger.minisig", "sig");
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 1);
	assert_non_null(items[0]->sig);
	finish(items[0], SPOOL_ACCEPTED, S(1));
}

static void test_signature_never_comes(void **state)
{
	spool_wait_signature(spool, true);
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	spool_tick(spool, S(3));
	assert_int_equal(n_items, 1);
	assert_null(items[0]->sig);
	finish(items[0], SPOOL_REJECTED, S(3));
}

static void test_never_opened(void **state)
{
	put("real", "a");
	assert_int_equal(symlink("/etc/passwd", path("s.trigger")), 0);
	assert_int_equal(mkfifo(path("f.trigger"), 0600), 0);
	assert_int_equal(mkdir(path("d.trigger"), 0700), 0);
	assert_int_equal(link(path("real"), path("h.trigger")), 0);
	spool_ready(spool, S(1));
	for (int i = 1; i < 60; i++)
		spool_tick(spool, S(i));
	assert_int_equal(n_items, 0);
	assert_true(exists("s.trigger") && exists("f.trigger") && exists("d.trigger") && exists("h.trigger"));
	unlink(path("real")); /* dropped by link and unlink: now it is plain */
	spool_tick(spool, S(70));
	spool_tick(spool, S(90));
	assert_int_equal(n_items, 1);
	assert_string_equal(items[0]->name, "h.trigger");
	finish(items[0], SPOOL_ACCEPTED, S(90));
}

static void test_too_large(void **state)
{
	char *big = talloc_size(ctx, SPOOL_MAX_OCTETS + 100);

	memset(big, 'x', SPOOL_MAX_OCTETS + 99);
	big[SPOOL_MAX_OCTETS + 99] = '\0';
	put("x.trigger", big);
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 1);
	assert_non_null(strstr(items[0]->trouble, "65536"));
	assert_int_equal(items[0]->len, SPOOL_MAX_OCTETS + 1);
	finish(items[0], SPOOL_REJECTED, S(1));
	assert_true(exists("rejected/x.trigger"));
}

static void test_unusable_names(void **state)
{
	char longer[160];

	memset(longer, 'a', 150);
	strcpy(longer + 130, ".trigger");
	put("a\nb.trigger", "a");
	put(longer, "a");
	spool_ready(spool, S(1));
	put("\xff.trigger", "a");
	put("a\\b.trigger", "a");
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_non_null(strstr(items[i]->trouble, "name"));
		assert_int_equal(strncmp(items[i]->name, "badname-", 8), 0);
		assert_int_equal(finish(items[i], SPOOL_REJECTED, S(1)), 0);
	}
}

/* People name files as they like. */
static void test_odd_names(void **state)
{
	static const char *const stems[] = {"朝阳 走失", "$(touch x) ;", "-rf", "it's", "%s%n"};

	for (size_t i = 0; i < ARRAY_SIZE(stems); i++) {
		put(talloc_asprintf(ctx, "%s.trigger", stems[i]), "a");
		spool_ready(spool, S(1));
		assert_int_equal(n_items, i + 1);
		assert_null(items[i]->trouble);
		assert_int_equal(finish(items[i], SPOOL_ACCEPTED, S(1)), 0);
		decision_in(talloc_asprintf(ctx, "accepted/%s.result.json", stems[i]), "accepted");
	}
}

static void test_empty_file_rests_first(void **state)
{
	put("x.trigger", "");
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 0);
	put("x.trigger", "now");
	spool_ready(spool, S(2));
	assert_int_equal(n_items, 1);
	assert_int_equal(items[0]->len, 3);
	finish(items[0], SPOOL_ACCEPTED, S(2));
}

static void test_nothing_is_overwritten(void **state)
{
	for (int i = 0; i < 3; i++) {
		put("x.trigger", i == 0 ? "first" : "later");
		spool_ready(spool, S(1 + i));
		assert_int_equal(n_items, i + 1);
		finish(items[i], SPOOL_ACCEPTED, S(1 + i));
	}
	assert_true(exists("accepted/x.trigger") && exists("accepted/x.result.json"));
	assert_true(exists("accepted/x.2.trigger") && exists("accepted/x.2.result.json"));
	assert_true(exists("accepted/x.3.trigger") && exists("accepted/x.3.result.json"));
}

static void test_same_name_while_deciding(void **state)
{
	put("x.trigger", "one");
	spool_ready(spool, S(1));
	put("x.trigger", "two");
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 1); /* waits until the first is decided */
	finish(items[0], SPOOL_ACCEPTED, S(1));
	spool_tick(spool, S(3));
	assert_int_equal(n_items, 2);
	assert_memory_equal(items[1]->data, "two", 3);
	finish(items[1], SPOOL_ACCEPTED, S(3));
}

static void test_leftovers_are_handed_out_again(void **state)
{
	put("x.trigger.minisig", "sig");
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 1);
	talloc_free(spool); /* killed before the decision */
	open_spool();
	spool_tick(spool, S(2));
	assert_int_equal(n_items, 1);
	assert_true(items[0]->leftover);
	assert_non_null(items[0]->sig);
	assert_string_equal(items[0]->name, "x.trigger");
	finish(items[0], SPOOL_ACCEPTED, S(2));
	assert_true(exists("accepted/x.trigger"));
}

/* An alert's cancel must not come before it. */
static void test_leftovers_by_age(void **state)
{
	static const char *const names[] = {"m.trigger", "c.trigger", "z.trigger", "a.trigger", "k.trigger"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000 + i / 3, .tv_nsec = i}};

		put(names[i], "a");
		assert_int_equal(utimensat(AT_FDCWD, path(names[i]), times, 0), 0);
	}
	spool_ready(spool, S(1));
	assert_int_equal(n_items, ARRAY_SIZE(names));
	talloc_free(spool);
	open_spool();
	spool_tick(spool, S(2));
	assert_int_equal(n_items, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(items[i]->name, names[i]);
}

static void test_killed_between_result_and_move(void **state)
{
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	talloc_free(spool);
	put("accepted/x.result.json", "{\"decision\":\"accepted\"}");
	open_spool();
	spool_tick(spool, S(2));
	finish(items[0], SPOOL_ACCEPTED, S(2));
	assert_true(exists("accepted/x.trigger"));
	assert_false(exists("accepted/x.2.result.json")); /* the same result, not a second one */
}

static void test_deferred(void **state)
{
	put("x.trigger.minisig", "sig");
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	assert_int_equal(finish(items[0], SPOOL_DEFERRED, S(1)), 0);
	assert_true(exists("x.trigger") && exists("x.trigger.minisig"));
	decision_in("x.result.json", "deferred");
	spool_ready(spool, S(1)); /* our own renames */
	assert_int_equal(n_items, 1);
	spool_tick(spool, S(3));
	assert_int_equal(n_items, 2);
	assert_true(items[1]->again);
	assert_int_equal(finish(items[1], SPOOL_DEFERRED, S(3)), 0);
	spool_ready(spool, S(3));
	spool_retry(spool);
	spool_tick(spool, S(3));
	assert_int_equal(n_items, 3);
	assert_memory_equal(items[2]->sig, "sig", 3);
	finish(items[2], SPOOL_ACCEPTED, S(3));
	assert_true(exists("accepted/x.trigger") && exists("accepted/x.trigger.minisig"));
	assert_false(exists("x.result.json"));
}

static void test_deferred_inside_the_callback(void **state)
{
	put("x.trigger", "a");
	put("y.trigger", "a");
	spool_ready(spool, S(1));
	assert_int_equal(n_items, 2);
	finish(items[0], SPOOL_DEFERRED, S(1));
	put("x.trigger.new", "b");
	assert_int_equal(rename(path("x.trigger.new"), path("x.trigger")), 0);
	spool_ready(spool, S(1));
	finish(items[1], SPOOL_DEFERRED, S(1));
	spool_tick(spool, S(4));
	assert_int_equal(n_items, 4);
	finish(items[2], SPOOL_ACCEPTED, S(4));
	finish(items[3], SPOOL_ACCEPTED, S(4));
}

/* A folder in the result's way stands for a disk that takes no file. */
static void test_result_that_cannot_be_written(void **state)
{
	assert_int_equal(mkdir(path("accepted/x.result.json"), 0700), 0);
	put("x.trigger", "a");
	spool_ready(spool, S(1));
	assert_int_not_equal(finish(items[0], SPOOL_ACCEPTED, S(1)), 0);
	assert_int_equal(spool_unwritten(spool), 1);
	assert_true(exists("claimed/x.trigger"));
	assert_false(exists("accepted/x.trigger"));
	assert_true(spool_tick(spool, S(1) + 1) <= S(2));
	assert_int_equal(spool_unwritten(spool), 1);
	rmdir(path("accepted/x.result.json"));
	spool_tick(spool, S(2));
	assert_int_equal(spool_unwritten(spool), 0);
	assert_true(exists("accepted/x.trigger"));
	decision_in("accepted/x.result.json", "accepted");
}

static void test_alert_file(void **state)
{
	json_t *j = json_pack("{s:s, s:s}", "alert_id", "A1", "state", "running");

	assert_int_equal(spool_alert_file(spool, "A1", j), 0);
	json_object_set_new(j, "state", json_string("completed"));
	assert_int_equal(spool_alert_file(spool, "A1", j), 0);
	assert_int_equal(spool_alert_file(spool, "../A1", j), -EINVAL);
	assert_int_equal(spool_alert_file(spool, "", j), -EINVAL);
	json_decref(j);
	j = read_json("alerts/A1.json");
	assert_string_equal(json_string_value(json_object_get(j, "state")), "completed");
	json_decref(j);
}

static size_t count(const char *name)
{
	DIR *d = opendir(path(name));
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void test_clues(void **state)
{
	json_t *a = json_pack("{s:s, s:i, s:s}", "link", "cm-1", "received_at", 1795393951, "text",
			      "seen at the station");
	json_t *b = json_pack("{s:s, s:i, s:s}", "link", "../x", "received_at", 1795393951, "text", "other");

	assert_int_equal(spool_clue(spool, a), 0);
	assert_int_equal(spool_clue(spool, a), 0); /* sent again by the carrier */
	assert_int_equal(spool_clue(spool, b), 0);
	assert_int_equal(count("clues"), 2);
	assert_int_equal(spool_clue_in(path("alerts"), a), 0);
	assert_int_equal(count("alerts/clues"), 1);
	assert_true(spool_clue_in(path("nowhere"), a) < 0);
	json_decref(a);
	json_decref(b);
}

static void test_folder_goes_and_comes_back(void **state)
{
	char away[80];

	snprintf(away, sizeof(away), "%s.away", dir);
	assert_int_equal(rename(dir, away), 0);
	spool_ready(spool, S(1));
	spool_tick(spool, S(6));
	assert_int_equal(mkdir(dir, 0700), 0);
	spool_tick(spool, S(12));
	put("x.trigger", "a");
	spool_ready(spool, S(12));
	assert_int_equal(n_items, 1);
	finish(items[0], SPOOL_ACCEPTED, S(12));
	assert_true(exists("accepted/x.trigger"));
	assert_int_equal(system(talloc_asprintf(ctx, "rm -rf '%s'", away)), 0);
}

static void test_folder_missing(void **state)
{
	struct spool *s;

	assert_int_equal(spool_open(ctx, path("missing"), &ops, NULL, &s), -ENOENT);
	put("file", "a");
	assert_int_equal(spool_open(ctx, path("file"), &ops, NULL, &s), -ENOTDIR);
}

static void test_subfolder_is_a_symlink(void **state)
{
	struct spool *s;

	assert_int_equal(mkdir(path("other"), 0700), 0);
	assert_int_equal(symlink("/tmp", path("other/accepted")), 0);
	assert_true(spool_open(ctx, path("other"), &ops, NULL, &s) < 0);
}

static void test_modes(void **state)
{
	struct stat st;

	assert_int_equal(stat(path("claimed"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(path("accepted"), &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
}

static void test_many_at_once(void **state)
{
	char name[32];

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "x%02d.trigger", i);
		put(name, "a");
	}
	spool_ready(spool, S(1));
	assert_true(n_items < 50); /* the loop has other work too */
	for (int i = 0; i < 5 && n_items < 50; i++)
		assert_true(spool_tick(spool, S(1)) >= S(1));
	assert_int_equal(n_items, 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(finish(items[i], SPOOL_ACCEPTED, S(1)), 0);
}

#define SPOOL_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPOOL_TEST(test_write_and_close),
		SPOOL_TEST(test_rename_and_rejected),
		SPOOL_TEST(test_duplicate_goes_to_rejected),
		SPOOL_TEST(test_ignored_names),
		SPOOL_TEST(test_half_written_is_not_taken),
		SPOOL_TEST(test_scan_finds_what_was_there_before),
		SPOOL_TEST(test_tick_tells_when_next),
		SPOOL_TEST(test_waits_for_signature),
		SPOOL_TEST(test_signature_first),
		SPOOL_TEST(test_signature_never_comes),
		SPOOL_TEST(test_never_opened),
		SPOOL_TEST(test_too_large),
		SPOOL_TEST(test_unusable_names), SPOOL_TEST(test_odd_names), SPOOL_TEST(test_signature_being_written),
		SPOOL_TEST(test_empty_file_rests_first),
		SPOOL_TEST(test_nothing_is_overwritten),
		SPOOL_TEST(test_same_name_while_deciding),
		SPOOL_TEST(test_leftovers_are_handed_out_again),
		SPOOL_TEST(test_leftovers_by_age),
		SPOOL_TEST(test_killed_between_result_and_move),
		SPOOL_TEST(test_deferred),
		SPOOL_TEST(test_deferred_inside_the_callback),
		SPOOL_TEST(test_result_that_cannot_be_written),
		SPOOL_TEST(test_alert_file),
		SPOOL_TEST(test_clues),
		SPOOL_TEST(test_folder_goes_and_comes_back),
		SPOOL_TEST(test_folder_missing),
		SPOOL_TEST(test_subfolder_is_a_symlink),
		SPOOL_TEST(test_modes),
		SPOOL_TEST(test_many_at_once),
	};

	log_start(NULL, LOGL_FATAL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
