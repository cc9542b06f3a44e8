/* Plays every scenario of tests/scenarios, and checks that wrong ones are refused. */
#include "gateway/sim.h"
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>

static char *read_file(void *ctx, const char *dir, const char *name)
{
	char *path = talloc_asprintf(ctx, "%s/%s", dir, name), *text = talloc_zero_size(ctx, 65536);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static int play(void *ctx, const char *name, const char *text)
{
	struct sim_plan plan;
	struct sim_report r;
	char err[120];

	if (sim_plan_parse(ctx, text, &plan, err, sizeof(err)) < 0) {
		print_error("%s: %s\n", name, err);
		return -1;
	}
	if (sim_run(&plan, &r) == 0)
		return 0;
	print_error("%s: %s\n", name, r.error);
	return -1;
}

static void test_scenarios(void **state)
{
	const char *top = getenv("SRCDIR");
	void *ctx = talloc_new(NULL);
	char *dir = talloc_asprintf(ctx, "%s/tests/scenarios", top ? top : ".");
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort), played = 0, failed = 0;

	(void)state;
	for (int i = 0; i < n; i++) {
		size_t len = strlen(list[i]->d_name);

		if (len > 4 && !strcmp(list[i]->d_name + len - 4, ".txt")) {
			failed += play(ctx, list[i]->d_name, read_file(ctx, dir, list[i]->d_name)) < 0;
			played++;
		}
		free(list[i]);
	}
	free(n >= 0 ? list : NULL);
	talloc_free(ctx);
	assert_true(played >= 10);
	assert_int_equal(failed, 0);
}

static void test_expectations_can_fail(void **state)
{
	static const char *const wrong[] = {"EXPECT JOB 1 accepted = 9", "EXPECT JOB 1 accepted < 9",
					    "EXPECT JOB 1 refused > 1", "EXPECT repeats > 1",
					    "EXPECT seconds > 99"};
	void *ctx = talloc_new(NULL);
	struct sim_plan plan;
	struct sim_report r;
	char text[200], err[120];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(text, sizeof(text), "LINK a\nJOB UNITS 10\n%s\n", wrong[i]);
		assert_int_equal(sim_plan_parse(ctx, text, &plan, err, sizeof(err)), 0);
		assert_int_equal(sim_run(&plan, &r), -1);
		assert_non_null(strstr(r.error, "expected"));
	}
	talloc_free(ctx);
}

static void test_bad_text_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "JOB UNITS 5",
					  "LINK",
					  "LINK a WINDOW 0",
					  "LINK a SPEED 3",
					  "LINK a RATE -1",
					  "LINK a CARRIER 9",
					  "LINK a\nJOB GROUP 2",
					  "LINK a\nJOB PARTS 99",
					  "LINK a\nAT 5 CRASH 1s",
					  "LINK a\nAT 5s LINK b DOWN",
					  "LINK a\nAT 5s CRASH",
					  "LINK a\nAT 5s JUMP 1s",
					  "LINK a\nJOB UNITS 1\nAT 1s CANCEL 2",
					  "LINK a\nEXPECT JOB 1 accepted = 3",
					  "LINK a\nEXPECT repeats ~ 3",
					  "LINK a\nSEED x",
					  "LINK a\nSEED 1 2",
					  "LINK a\nCARRIER 8 100",
					  "LINK a\nWHAT 8"};
	void *ctx = talloc_new(NULL);
	struct sim_plan plan;
	char err[120];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err[0] = '\0';
		assert_int_equal(sim_plan_parse(ctx, bad[i], &plan, err, sizeof(err)), -EBADMSG);
		assert_true(err[0] != '\0');
	}
	talloc_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_expectations_can_fail),
		cmocka_unit_test(test_bad_text_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
