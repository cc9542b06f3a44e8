/* Signatures by the real minisign, and what becomes of them when something is changed. */
#include "reunion-config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <osmocom/core/talloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gateway/alert.h"
#include "gateway/minisign.h"

static const char data[] = "case_number = \"1\";\n";
static char dir[] = "/tmp/sign-test-XXXXXX", public[128], other[128];
static uint8_t hashed[2048], legacy[2048];
static size_t hashed_len, legacy_len;
static bool have_minisign;

static int run(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

static size_t slurp(const char *name, void *buf, size_t len)
{
	char path[256];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		return 0;
	n = fread(buf, 1, len, f);
	fclose(f);
	return n;
}

static void read_key(const char *name, char out[128])
{
	char text[512] = {0}, *line;

	slurp(name, text, sizeof(text) - 1);
	line = strchr(text, '\n');
	snprintf(out, 128, "%s", line ? line + 1 : "");
	out[strcspn(out, "\n")] = '\0';
}

static int setup(void **state)
{
	if (!mkdtemp(dir) || sodium_init() < 0)
		return -1;
	have_minisign = run("command -v minisign >/dev/null") == 0;
	if (!have_minisign)
		return 0;
	if (run("cd %s && printf 'case_number = \"1\";\\n' > t && minisign -G -W -p k.pub -s k.key "
		">/dev/null && "
		"minisign -G -W -p o.pub -s o.key >/dev/null && minisign -S -W -s k.key -m t -t 'said by k' "
		">/dev/null && "
		"mv t.minisig h.minisig && minisign -S -W -l -s k.key -m t >/dev/null && mv t.minisig "
		"l.minisig",
		dir))
		return -1;
	read_key("k.pub", public);
	read_key("o.pub", other);
	hashed_len = slurp("h.minisig", hashed, sizeof(hashed));
	legacy_len = slurp("l.minisig", legacy, sizeof(legacy));
	return hashed_len && legacy_len ? 0 : -1;
}

static int teardown(void **state)
{
	return run("rm -rf %s", dir);
}

/* The first reason, or "" when the signature holds. */
static const char *verify(char *const *keys, size_t n, const void *text, size_t len, const uint8_t *sig,
			  size_t sig_len)
{
	static char text_of_reason[256];
	struct conf_agency agency = {.name = "beijing", .keys = (char **)keys, .n_keys = n};
	struct reasons r = {NULL, 0};
	void *ctx = talloc_new(NULL);
	int rc = trigger_verify(ctx, &agency, text, len, sig, sig_len, &r);

	assert_int_equal(rc, r.n ? -EKEYREJECTED : 0);
	snprintf(text_of_reason, sizeof(text_of_reason), "%s", r.n ? r.v[0].text : "");
	talloc_free(ctx);
	return text_of_reason;
}

static const char *verify_data(const uint8_t *sig, size_t sig_len)
{
	char *keys[] = {other, public};

	return verify(keys, 2, data, strlen(data), sig, sig_len);
}

static void need_minisign(void)
{
	if (!have_minisign)
		skip();
}

static void test_holds(void **state)
{
	need_minisign();
	assert_string_equal(verify_data(hashed, hashed_len), "");
	assert_string_equal(verify_data(legacy, legacy_len), "");
}

static void test_other_key(void **state)
{
	char *keys[] = {other};

	need_minisign();
	assert_non_null(strstr(verify(keys, 1, data, strlen(data), hashed, hashed_len),
			       "none of the keys of beijing"));
	assert_non_null(strstr(verify(keys, 0, data, strlen(data), hashed, hashed_len), "none of the keys"));
}

static void test_changed_data(void **state)
{
	char *keys[] = {public};

	need_minisign();
	assert_non_null(strstr(verify(keys, 1, "case_number = \"2\";\n", 19, hashed, hashed_len),
			       "changed after signing"));
	assert_non_null(
		strstr(verify(keys, 1, data, strlen(data) - 1, hashed, hashed_len), "changed after signing"));
	assert_non_null(strstr(verify(keys, 1, data, 0, legacy, legacy_len), "changed after signing"));
}

static void test_changed_comment(void **state)
{
	uint8_t copy[2048];
	uint8_t *at;

	need_minisign();
	memcpy(copy, hashed, hashed_len);
	at = memmem(copy, hashed_len, "said by k", 9);
	assert_non_null(at);
	at[8] = 'x';
	assert_non_null(strstr(verify_data(copy, hashed_len), "trusted comment"));
}

/* No octet of the three lines that count may be changed. */
static void test_every_octet_counts(void **state)
{
	uint8_t copy[2048];
	size_t from;

	need_minisign();
	memcpy(copy, hashed, hashed_len);
	from = (uint8_t *)memchr(copy, '\n', hashed_len) - copy + 1;
	for (size_t i = from; i + 1 < hashed_len; i++) {
		copy[i] ^= 1;
		if (verify_data(copy, hashed_len)[0] == '\0')
			fail_msg("octet %zu may be changed", i);
		copy[i] ^= 1;
	}
}

static void test_cut_short(void **state)
{
	need_minisign();
	for (size_t n = 0; n + 1 < hashed_len; n++)
		assert_true(verify_data(hashed, n)[0] != '\0');
	assert_non_null(strstr(verify_data(hashed, 0), "no signature"));
	assert_non_null(strstr(verify_data(NULL, 0), "no signature"));
	assert_non_null(strstr(verify_data((const uint8_t *)"x", 1), "not a minisign signature"));
}

static void test_line_ends_of_windows(void **state)
{
	uint8_t copy[2048];
	size_t n = 0;

	need_minisign();
	for (size_t i = 0; i < hashed_len; i++) {
		if (hashed[i] == '\n')
			copy[n++] = '\r';
		copy[n++] = hashed[i];
	}
	assert_string_equal(verify_data(copy, n), "");
}

static void test_keys(void **state)
{
	struct minisign_key key;
	char id[17];

	assert_int_equal(minisign_key_parse("RWQBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwgBAgMEBQYHCAECAwQFBgcI", &key),
			 0);
	assert_string_equal(minisign_id(key.id, id), "0807060504030201");
	assert_int_not_equal(minisign_key_parse("RWQ...", &key), 0);
	assert_int_not_equal(minisign_key_parse("", &key), 0);
	assert_int_not_equal(
		minisign_key_parse("RWQBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwgBAgMEBQYHCAECAwQFBgcIAA==", &key), 0);
	assert_int_not_equal(
		minisign_key_parse("AAQBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwgBAgMEBQYHCAECAwQFBgcI", &key), 0);
}

/* Without the program: a signature of our own making in its format. */
static void test_own_signature(void **state)
{
	uint8_t pk[32], sk[64], raw_key[42] = "Ed12345678", raw[74] = "ED12345678", hash[64], both[64 + 2],
				global[64];
	char key[64], line[128], last[128], sig[512], *keys[] = {key};

	crypto_sign_keypair(pk, sk);
	memcpy(raw_key + 10, pk, 32);
	sodium_bin2base64(key, sizeof(key), raw_key, 42, sodium_base64_VARIANT_ORIGINAL);
	crypto_generichash(hash, 64, (const uint8_t *)data, strlen(data), NULL, 0);
	crypto_sign_detached(raw + 10, NULL, hash, 64, sk);
	memcpy(both, raw + 10, 64);
	memcpy(both + 64, "hi", 2);
	crypto_sign_detached(global, NULL, both, 66, sk);
	sodium_bin2base64(line, sizeof(line), raw, 74, sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(last, sizeof(last), global, 64, sodium_base64_VARIANT_ORIGINAL);
	snprintf(sig, sizeof(sig), "untrusted comment: x\n%s\ntrusted comment: hi\n%s\n", line, last);
	assert_string_equal(verify(keys, 1, data, strlen(data), (uint8_t *)sig, strlen(sig)), "");
	memset(global, 0, 64);
	sodium_bin2base64(last, sizeof(last), global, 64, sodium_base64_VARIANT_ORIGINAL);
	snprintf(sig, sizeof(sig), "untrusted comment: x\n%s\ntrusted comment: hi\n%s\n", line, last);
	assert_non_null(
		strstr(verify(keys, 1, data, strlen(data), (uint8_t *)sig, strlen(sig)), "trusted comment"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_changed_data),
		cmocka_unit_test(test_changed_comment),
		cmocka_unit_test(test_every_octet_counts),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_line_ends_of_windows),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_own_signature),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
