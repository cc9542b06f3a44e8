#include "gateway/control_request.h"
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/conf.h"
#include "gateway/log.h"

json_t *control_error(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return json_pack("{s:s}", "error", text);
}

static json_t *no_answer(json_t *answer)
{
	return answer ? answer : control_error("the gateway did not answer");
}

/* Names and reasons go to logs, files and terminals. */
static bool plain(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len == 0 || len > max)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
			return false;
	return true;
}

json_t *control_status(const struct control_ops *ops)
{
	struct snapshot *s;
	json_t *o;

	if (ops->refresh)
		ops->refresh(ops->arg);
	s = snapshot_get();
	if (!s)
		return control_error("the gateway is still starting");
	o = snapshot_json(s);
	snapshot_put(s);
	return o;
}

json_t *control_alert(const struct control_ops *ops, const char *alert_id)
{
	json_t *o = NULL;

	if (plain(alert_id, 64) && ops->alert_show)
		o = ops->alert_show(ops->arg, alert_id);
	return o ? o : control_error("no alert is called %s", log_safe(alert_id, strlen(alert_id)));
}

json_t *control_cancel(const struct control_ops *ops, const char *alert_id, const char *reason,
		       const char *who)
{
	if (!plain(alert_id, 64))
		return control_error("no alert is called %s", log_safe(alert_id, strlen(alert_id)));
	if (!plain(reason, CONTROL_REASON_MAX))
		return control_error("the reason must be 1 to %d octets on one line", CONTROL_REASON_MAX);
	if (!ops->cancel)
		return control_error("this gateway cannot cancel");
	return no_answer(ops->cancel(ops->arg, alert_id, reason, who));
}

/* Who asked, and why, in one: NULL when a reason is given that is no plain line. */
static const char *with_reason(const char *who, const char *reason, char *out, size_t size)
{
	if (!reason)
		return who;
	if (!plain(reason, CONTROL_REASON_MAX))
		return NULL;
	snprintf(out, size, "%s: %s", who, log_safe(reason, strlen(reason)));
	return out;
}

static json_t *bad_reason(void)
{
	return control_error("the reason must be 1 to %d octets on one line", CONTROL_REASON_MAX);
}

json_t *control_rate(const struct control_ops *ops, const char *link, double rate, const char *reason, const char *who)
{
	char text[CONTROL_REASON_MAX + 256];
	const char *both = with_reason(who, reason, text, sizeof(text));

	if (!plain(link, 32))
		return control_error("no link is called %s", log_safe(link, strlen(link)));
	if (!both)
		return bad_reason();
	if ((rate >= 0 && rate < CONF_RATE_LEAST) || rate > 1000000)
		return control_error("a rate is from %.10g to 1000000 parts a second", CONF_RATE_LEAST);
	if (!ops->rate)
		return control_error("this gateway cannot change rates");
	return no_answer(ops->rate(ops->arg, link, rate, both));
}

json_t *control_block(const struct control_ops *ops, const char *link, bool block, const char *reason, const char *who)
{
	char text[CONTROL_REASON_MAX + 256];
	const char *both = with_reason(who, reason, text, sizeof(text));

	if (!both)
		return bad_reason();
	if (!plain(link, 32))
		return control_error("no link is called %s", log_safe(link, strlen(link)));
	if (!ops->block)
		return control_error("this gateway cannot block links");
	return no_answer(ops->block(ops->arg, link, block, both));
}

/* Cells come in parts: the first with the alert itself, each further one alone. */
static json_t *alert_answer(const struct control_ops *ops, const char *id, const json_t *request)
{
	const char *from = json_string_value(json_object_get(request, "from"));
	json_t *o = from ? json_object() : control_alert(ops, id), *part;

	if (!json_is_true(json_object_get(request, "cells")) || json_object_get(o, "error"))
		return o;
	part = ops->alert_cells && plain(id, 64) ? ops->alert_cells(ops->arg, id, from) : NULL;
	if (!part) {
		json_decref(o);
		return control_error("the cells of this alert are not known from there on");
	}
	json_object_update(o, part);
	json_decref(part);
	return o;
}

static json_t *link_request(const struct control_ops *ops, json_t *request, const char *cmd, const char *who)
{
	const char *link = json_string_value(json_object_get(request, "link"));
	const char *reason = json_string_value(json_object_get(request, "reason"));
	const json_t *block = json_object_get(request, "block"), *rate = json_object_get(request, "rate");

	if (link && !strcmp(cmd, "block") && json_is_boolean(block))
		return control_block(ops, link, json_is_true(block), reason, who);
	if (link && !strcmp(cmd, "rate") && json_is_number(rate) && json_number_value(rate) >= 0)
		return control_rate(ops, link, json_number_value(rate), reason, who);
	if (link && !strcmp(cmd, "rate") && json_is_null(rate))
		return control_rate(ops, link, -1, reason, who);
	return NULL;
}

static json_t *dispatch(const struct control_ops *ops, json_t *request, const char *who)
{
	const char *cmd = NULL, *id = NULL, *reason = NULL;
	json_error_t e;
	json_t *answer;

	if (json_unpack_ex(request, &e, 0, "{s:s}", "cmd", &cmd) != 0)
		return control_error("a request is {\"cmd\":...}");
	if (!strcmp(cmd, "status"))
		return control_status(ops);
	if (!strcmp(cmd, "alert") && !json_unpack_ex(request, &e, 0, "{s:s}", "alert_id", &id))
		return alert_answer(ops, id, request);
	if (!strcmp(cmd, "cancel") &&
	    !json_unpack_ex(request, &e, 0, "{s:s,s:s}", "alert_id", &id, "reason", &reason))
		return control_cancel(ops, id, reason, who);
	answer = link_request(ops, request, cmd, who);
	if (answer)
		return answer;
	return control_error("no such request, or a member is missing: %s", log_safe(cmd, strlen(cmd)));
}

char *control_request(void *ctx, const struct control_ops *ops, const char *line, size_t len, const char *who)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL), *answer;
	char *text, *out;

	answer = request ? dispatch(ops, request, who) : control_error("the request is not one JSON object");
	json_decref(request);
	text = json_dumps(answer, SNAPSHOT_DUMP);
	json_decref(answer);
	OSMO_ASSERT(text);
	out = talloc_asprintf(ctx, "%s\n", text);
	OSMO_ASSERT(out);
	free(text);
	return out;
}
