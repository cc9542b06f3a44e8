/* What the configuration says of the world (password files, folders, tables, keys), and what we ship: the
 * example loads, the manual says what the reader reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <osmocom/core/talloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gateway/conf.h"
#include "gateway/conf_keys.h"
#include "tests/conf_base.h"

static void *ctx;
static char *dir;

static int setup(void **state)
{
	char name[] = "/tmp/conf-test-XXXXXX";

	ctx = talloc_new(NULL);
	dir = talloc_strdup(ctx, mkdtemp(name));
	return dir ? 0 : -1;
}

static int teardown(void **state)
{
	char *command = talloc_asprintf(ctx, "rm -rf '%s'", dir);
	int rc = system(command);

	talloc_free(ctx);
	return rc;
}

static const char *put(const char *name, const char *text, mode_t mode)
{
	char *path = talloc_asprintf(ctx, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void folder(const char *name)
{
	assert_int_equal(mkdir(talloc_asprintf(ctx, "%s/%s", dir, name), 0700), 0);
}

static char *replace(const char *text, const char *old, const char *new)
{
	char *out = talloc_strdup(ctx, "");
	const char *at;

	while ((at = strstr(text, old))) {
		out = talloc_asprintf(ctx, "%s%.*s%s", out, (int)(at - text), text, new);
		text = at + strlen(old);
	}
	return talloc_asprintf(ctx, "%s%s", out, text);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = talloc_zero_size(ctx, 1 << 20);

	if (!f)
		fail_msg("%s cannot be opened", path);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static struct conf *load(const char *path, struct conf_problems *p)
{
	struct conf *c = NULL;

	conf_load(ctx, path, &c, p);
	return c;
}

/* The only problem of loading BASE next to this password file. */
static const char *password_problem(const char *text, mode_t mode)
{
	struct conf_problems p;
	struct conf *c;

	put("pw", text, mode);
	c = load(put("t.cfg", BASE, 0644), &p);
	if (c)
		return c->carriers[0].links[0].password;
	assert_int_equal(p.n, 1);
	assert_int_equal(p.v[0].line, 5);
	assert_string_equal(p.v[0].key, "carriers[0].links[0].password_file");
	return p.v[0].text;
}

static void test_password(void **state)
{
	assert_string_equal(password_problem("secret\n", 0600), "secret");
	assert_string_equal(password_problem("12345678", 0400), "12345678");
	assert_non_null(strstr(password_problem("secret\n", 0604), "chmod 600"));
	assert_non_null(strstr(password_problem("secret\n", 0640), "chmod 600"));
	assert_non_null(strstr(password_problem("123456789", 0600), "more than 8"));
	assert_non_null(strstr(password_problem("\n", 0600), "empty"));
}

static void test_password_missing_or_no_file(void **state)
{
	struct conf_problems p;

	assert_null(load(put("t.cfg", BASE, 0644), &p));
	assert_non_null(strstr(p.v[0].text, "No such file"));
	assert_int_equal(mkfifo(talloc_asprintf(ctx, "%s/pw", dir), 0600), 0);
	assert_null(load(put("t.cfg", BASE, 0644), &p));
	assert_non_null(strstr(p.v[0].text, "not a regular file"));
}

static void test_no_configuration(void **state)
{
	struct conf_problems p;

	assert_null(load(talloc_asprintf(ctx, "%s/none.cfg", dir), &p));
	assert_non_null(strstr(conf_problem_line(ctx, &p.v[0]), "none.cfg: cannot be read: No such file"));
	assert_null(load(dir, &p));
	assert_int_equal(p.n, 1);
	assert_int_equal(mkfifo(talloc_asprintf(ctx, "%s/fifo", dir), 0600), 0);
	assert_null(load(talloc_asprintf(ctx, "%s/fifo", dir), &p));
	assert_non_null(strstr(p.v[0].text, "regular file"));
}

/* The example with its paths below dir. */
static const char *example(void)
{
	char *text = slurp(talloc_asprintf(ctx, "%s/etc/reunion.cfg.example", getenv("SRCDIR")));

	text = replace(text, "/var/lib/reunion", talloc_asprintf(ctx, "%s/lib", dir));
	text = replace(text, "/var/spool/reunion", talloc_asprintf(ctx, "%s/spool", dir));
	text = replace(text, "/etc/reunion", dir);
	put("cm-1.password", "secret\n", 0600);
	return put("example.cfg", text, 0644);
}

static void test_example_loads(void **state)
{
	struct conf_problems p;
	struct conf *c = load(example(), &p);

	if (!c)
		fail_msg("%s", conf_problem_line(ctx, &p.v[0]));
	assert_string_equal(c->agencies[0].name, "beijing");
	assert_int_equal(c->carriers[0].links[1].burst, 2);
}

static void test_world(void **state)
{
	struct conf_problems p;
	struct conf *c = load(example(), &p);
	int rc;

	assert_non_null(c);
	assert_int_not_equal(conf_check_world(ctx, c, &p), 0);
	assert_int_equal(p.n, 5); /* state, table, spool, key, subscribers */
	for (size_t i = 0; i < p.n; i++)
		assert_true(p.v[i].line > 0 && p.v[i].key);
	folder("lib");
	folder("spool");
	folder("spool/beijing");
	put("lib/cells.csv.gz", "x", 0644);
	put("lib/cm.subs", "x", 0644);
	rc = conf_check_world(ctx, c, &p);
	assert_int_not_equal(rc, 0);
	assert_int_equal(p.n, 1); /* the example's key is nobody's */
	assert_non_null(strstr(p.v[0].text, "example's key"));
	c->agencies[0].keys[0] = "RWQ...";
	assert_int_not_equal(conf_check_world(ctx, c, &p), 0);
	assert_non_null(strstr(p.v[0].text, "not a minisign public key"));
	c->agencies[0].keys[0] = "RWQBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwgBAgMEBQYHCAECAwQFBgcI";
	assert_int_equal(conf_check_world(ctx, c, &p), 0);
	assert_int_equal(p.n, 0);
}

/* The problem of a link's tls.KEY, or "". */
static const char *tls_problem(const char *key)
{
	char *tls = talloc_asprintf(ctx,
				    BASE_SMPP "tls = { ca_file = \"%s/ca\"; certificate_file = \"%s/crt\"; "
					      "key_file = \"%s/key\"; }; ",
				    dir, dir, dir);
	struct conf_problems p;
	struct conf *c = load(put("t.cfg", replace(BASE, BASE_SMPP, tls), 0644), &p);

	assert_non_null(c);
	conf_check_world(ctx, c, &p);
	for (size_t i = 0; i < p.n; i++)
		if (!strcmp(p.v[i].key, talloc_asprintf(ctx, "carriers[0].links[0].tls.%s", key)))
			return p.v[i].text;
	return "";
}

static void test_tls_files(void **state)
{
	put("pw", "x", 0600);
	assert_non_null(strstr(tls_problem("ca_file"), "No such file"));
	assert_non_null(strstr(tls_problem("certificate_file"), "No such file"));
	assert_non_null(strstr(tls_problem("key_file"), "No such file"));
	put("ca", "x", 0644);
	put("crt", "x", 0644);
	put("key", "x", 0644);
	assert_string_equal(tls_problem("ca_file"), "");
	assert_string_equal(tls_problem("certificate_file"), "");
	assert_non_null(strstr(tls_problem("key_file"), "chmod 600"));
	put("key", "x", 0600);
	assert_string_equal(tls_problem("key_file"), "");
}

/* Exactly these keys have a problem, each one. */
static void tells(const char *text, const char *const *keys, size_t n)
{
	struct conf_problems p;
	struct conf *c;

	assert_int_not_equal(conf_load_whole(ctx, put("t.cfg", text, 0644), &c, &p), 0);
	assert_null(c);
	for (size_t i = 0; i < n; i++) {
		unsigned int times = 0;

		for (size_t j = 0; j < p.n; j++)
			times += p.v[j].key && !strcmp(p.v[j].key, keys[i]);
		if (times != 1)
			fail_msg("%s is told %u times", keys[i], times);
	}
	for (size_t i = 0; i < p.n && p.n != n; i++)
		print_error("%s\n", conf_problem_line(ctx, &p.v[i]));
	assert_int_equal(p.n, n);
}

static void test_text_and_world_in_one_run(void **state)
{
	static const char *const all[] = {"gateway.state_directory", "gateway.nmae",
					  "cellmap.map",             "agencies[0].spool",
					  "agencies[0].keys[0]",     "carriers[0].links[0].password_file",
					  "carriers[0].links[1].port"};
	char *text = replace(BASE, "state_directory", "nmae = \"x\"; state_directory");

	tells(replace(text, "port = 48049", "port = 0"), all, 7);
}

static void test_no_problem_follows_from_another(void **state)
{
	static const char *const read[] = {"gateway.state_directory", "cellmap.tables", "agencies[0].spool",
					   "agencies[0].keys[0]", "carriers[0].links[0].password_file"};
	char *text = replace(BASE, "\"/s\"", "7");

	put("pw", "x", 0644);
	text = replace(text, "map =", "tables = \"t\"; map =");
	text = replace(text, "spool = \"/p\"", "spool = 1");
	tells(replace(text, "\"RWQ\"", "3"), read, 5);
}

static void test_agency_folder_missing(void **state)
{
	struct conf_problems p;
	struct conf *c;

	put("pw", "x", 0600);
	c = load(put("t.cfg", replace(BASE, "/s", dir), 0644), &p);
	assert_non_null(c);
	conf_check_world(ctx, c, &p);
	for (size_t i = 0; i < p.n; i++)
		if (!strcmp(p.v[i].key, "agencies[0].spool") && strstr(p.v[i].text, "/p: No such file"))
			return;
	fail_msg("the missing folder is not told");
}

/* The section between the two marks of the manual is what conf_print_keys() prints: they cannot drift apart.
 */
static void test_manual_is_the_table(void **state)
{
	char *manual = slurp(talloc_asprintf(ctx, "%s/etc/reunion.cfg.5", getenv("SRCDIR")));
	char *from = strstr(manual, ".\\\" keys begin"), *to = strstr(manual, ".\\\" keys end"), *printed;
	size_t len;
	FILE *f = open_memstream(&printed, &len);

	assert_true(from && to);
	from = strchr(from, '\n') + 1;
	conf_print_keys(f);
	fclose(f);
	*to = '\0';
	assert_string_equal(from, printed);
	free(printed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_password_missing_or_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_example_loads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_world, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tls_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text_and_world_in_one_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_problem_follows_from_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_agency_folder_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_manual_is_the_table, setup, teardown),
	};

	if (argc > 1 && !strcmp(argv[1], "print")) { /* to renew the manual's section */
		conf_print_keys(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
