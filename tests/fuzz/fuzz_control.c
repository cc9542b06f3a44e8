/* Requests of the control socket: any octets get one line of JSON, and only well-formed requests reach an
 * operation. */
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include "gateway/control_request.h"
#include "tests/noc_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_text(const char *text, size_t max)
{
	OSMO_ASSERT(strlen(text) > 0 && strlen(text) <= max);
	for (; *text; text++)
		OSMO_ASSERT((unsigned char)*text >= 0x20);
}

static json_t *op_cancel(void *arg, const char *alert_id, const char *reason, const char *who)
{
	check_text(alert_id, 64);
	check_text(reason, CONTROL_REASON_MAX);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *op_block(void *arg, const char *link, bool block, const char *who)
{
	check_text(link, 32);
	return json_pack("{s:b}", "ok", block);
}

static json_t *op_alert_show(void *arg, const char *alert_id)
{
	check_text(alert_id, 64);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct control_ops ops = {
		.cancel = op_cancel, .block = op_block, .alert_show = op_alert_show};
	void *ctx = talloc_named_const(NULL, 0, "fuzz");
	json_t *answer;
	char *text;

	if (len > CONTROL_REQUEST_MAX)
		len = CONTROL_REQUEST_MAX;
	text = control_request(ctx, &ops, (const char *)data, len, "fuzz");
	OSMO_ASSERT(strchr(text, '\n') == text + strlen(text) - 1);
	answer = json_loads(text, 0, NULL);
	OSMO_ASSERT(json_is_object(answer));
	json_decref(answer);
	talloc_free(ctx);
	return 0;
}
