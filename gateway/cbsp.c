#include "gateway/cbsp.h"
#include <errno.h>
#include <osmocom/core/bit16gen.h>
#include <osmocom/core/utils.h>

#define BIT(ie) (1u << (ie))
#define LISTED  0xFFFF /* u16 length in front */

/* clang-format off */
/* Octets of each IE's value (TS 48.049 8.2). Other tags cannot be skipped: nothing tells their length. */
static const uint16_t value_len[] = {
	[CBSP_PAGE] = 1 + PAGE_CONTENT, [CBSP_OLD_SERIAL] = 2, [CBSP_NEW_SERIAL] = 2,
	[CBSP_CELLS] = LISTED, [CBSP_CATEGORY] = 1, [CBSP_REPETITION] = 2, [CBSP_BROADCASTS] = 2,
	[CBSP_COMPLETED] = LISTED, [CBSP_FAILURES] = LISTED, [CBSP_LOADING] = LISTED, [CBSP_CAUSE] = 1,
	[CBSP_DCS] = 1, [CBSP_RECOVERY] = 1, [CBSP_MESSAGE_ID] = 2, [CBSP_EMERGENCY] = 1,
	[CBSP_WARNING_TYPE] = 2, [CBSP_SECURITY] = 50, [CBSP_CHANNEL] = 1, [CBSP_PAGES] = 1,
	[CBSP_SCHEDULE_PERIOD] = 1, [CBSP_RESERVED_SLOTS] = 1, [CBSP_BROADCAST_TYPE] = 1,
	[CBSP_WARNING_PERIOD] = 1, [CBSP_KEEP_ALIVE_PERIOD] = 1,
};

/* What a message must have. Of an answer only what tells which request it answers: BSCs leave out the rest (a
 * KILL COMPLETE without cells, a RESTART without recovery indication), and the driver can live without it. */
static const uint32_t mandatory[] = {
	[CBSP_WRITE] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_NEW_SERIAL) | BIT(CBSP_CELLS),
	[CBSP_WRITE_COMPLETE] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_NEW_SERIAL),
	[CBSP_WRITE_FAILURE] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_NEW_SERIAL),
	[CBSP_KILL] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_OLD_SERIAL) | BIT(CBSP_CELLS),
	[CBSP_KILL_COMPLETE] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_OLD_SERIAL),
	[CBSP_KILL_FAILURE] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_OLD_SERIAL),
	[CBSP_LOAD_QUERY] = BIT(CBSP_CELLS) | BIT(CBSP_CHANNEL),
	[CBSP_STATUS_QUERY] =
		BIT(CBSP_MESSAGE_ID) | BIT(CBSP_OLD_SERIAL) | BIT(CBSP_CELLS) | BIT(CBSP_CHANNEL),
	[CBSP_STATUS_COMPLETE] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_OLD_SERIAL),
	[CBSP_STATUS_FAILURE] = BIT(CBSP_MESSAGE_ID) | BIT(CBSP_OLD_SERIAL),
	[CBSP_DRX] = BIT(CBSP_CELLS),
	[CBSP_RESET] = BIT(CBSP_CELLS),
	[CBSP_FAILURE] = BIT(CBSP_FAILURES),
	[CBSP_ERROR] = BIT(CBSP_CAUSE),
	[CBSP_KEEP_ALIVE_COMPLETE] = 0,
};
#define WRITE_CBS (BIT(CBSP_CATEGORY) | BIT(CBSP_REPETITION) | BIT(CBSP_BROADCASTS) | BIT(CBSP_PAGES) | \
		   BIT(CBSP_DCS) | BIT(CBSP_PAGE))
#define WRITE_EMERGENCY (BIT(CBSP_EMERGENCY) | BIT(CBSP_WARNING_TYPE) | BIT(CBSP_SECURITY) | \
			 BIT(CBSP_WARNING_PERIOD))
/* clang-format on */

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

int cbsp_frame(const uint8_t *buf, size_t len)
{
	size_t whole;

	if (len < CBSP_HEADER)
		return 0;
	whole = CBSP_HEADER + ((size_t)buf[1] << 16 | buf[2] << 8 | buf[3]);
	if (whole > CBSP_FRAME_MAX)
		return -EMSGSIZE;
	return whole <= len ? (int)whole : 0;
}

/* Octets of a cell identification of this scope, or -1. */
static int cell_len(uint8_t scope)
{
	static const int8_t len[] = {7, 4, 2, -1, 5, 2, 0};

	return scope < ARRAY_SIZE(len) ? len[scope] : -1;
}

/* What follows a cell in each entry of a list. */
static unsigned int tail_len(uint8_t ie)
{
	return ie == CBSP_COMPLETED ? 3 : ie == CBSP_LOADING ? 2 : ie == CBSP_FAILURES ? 1 : 0;
}

static int check_failures(const uint8_t *p, size_t len, struct cbsp_list *list, const char **why)
{
	list->next = p;
	while (len > 0) {
		int cell = cell_len(p[0] & 15);

		if (cell < 0)
			return bad(why, "failure list: unknown cell identification discriminator");
		if (len < (size_t)cell + 2)
			return bad(why, "failure list: ends inside an entry");
		p += cell + 2;
		len -= cell + 2;
		list->n++;
	}
	return 0;
}

static int check_list(uint8_t ie, const uint8_t *p, size_t len, struct cbsp_list *list, const char **why)
{
	int cell;
	size_t entry;

	*list = (struct cbsp_list){.ie = ie};
	if (ie == CBSP_FAILURES)
		return check_failures(p, len, list, why);
	if (len == 0)
		return 0; /* nothing in it: some say it so instead of leaving the list out */
	cell = cell_len(p[0] & 15);
	if (cell < 0)
		return bad(why, "list: unknown cell identification discriminator");
	list->scope = p[0] & 15;
	list->next = p + 1;
	entry = (size_t)cell + tail_len(ie);
	if (entry == 0) {
		list->n = 1;
		return len == 1 ? 0 : bad(why, "list: octets after \"all cells\"");
	}
	if ((len - 1) % entry != 0)
		return bad(why, "list: ends inside an entry");
	list->n = (len - 1) / entry;
	return 0;
}

static int read_page(const uint8_t *p, struct cbsp_msg *m, const char **why)
{
	if (m->n_page == PAGE_MAX)
		return bad(why, "more than 15 pages");
	if (p[0] > PAGE_CONTENT)
		return bad(why, "page: length above 82");
	m->page[m->n_page++] = p;
	return 0;
}

static uint8_t *octet_of(struct cbsp_msg *m, uint8_t tag)
{
	switch (tag) {
	case CBSP_CATEGORY:
		return &m->category;
	case CBSP_CAUSE:
		return &m->cause;
	case CBSP_DCS:
		return &m->dcs;
	case CBSP_RECOVERY:
		return &m->recovery;
	case CBSP_EMERGENCY:
		return &m->emergency;
	case CBSP_CHANNEL:
		return &m->channel;
	case CBSP_PAGES:
		return &m->pages;
	case CBSP_SCHEDULE_PERIOD:
		return &m->schedule_period;
	case CBSP_RESERVED_SLOTS:
		return &m->reserved_slots;
	case CBSP_BROADCAST_TYPE:
		return &m->broadcast_type;
	case CBSP_WARNING_PERIOD:
		return &m->warning_period;
	default:
		return &m->keep_alive_period;
	}
}

static uint16_t *word_of(struct cbsp_msg *m, uint8_t tag)
{
	switch (tag) {
	case CBSP_OLD_SERIAL:
		return &m->old_serial;
	case CBSP_NEW_SERIAL:
		return &m->serial;
	case CBSP_REPETITION:
		return &m->repetition;
	case CBSP_BROADCASTS:
		return &m->broadcasts;
	case CBSP_WARNING_TYPE:
		return &m->warning_type;
	default:
		return &m->message_identifier;
	}
}

static struct cbsp_list *list_of(struct cbsp_msg *m, uint8_t tag)
{
	switch (tag) {
	case CBSP_CELLS:
		return &m->cells;
	case CBSP_COMPLETED:
		return &m->completed;
	case CBSP_FAILURES:
		return &m->failures;
	default:
		return &m->loading;
	}
}

static int read_value(uint8_t tag, const uint8_t *p, size_t len, struct cbsp_msg *m, const char **why)
{
	if ((m->have & BIT(tag)) && tag != CBSP_PAGE)
		return bad(why, "an information element comes twice");
	m->have |= BIT(tag);
	if (value_len[tag] == LISTED)
		return check_list(tag, p, len, list_of(m, tag), why);
	if (value_len[tag] == 1)
		*octet_of(m, tag) = p[0];
	else if (value_len[tag] == 2)
		*word_of(m, tag) = osmo_load16be(p);
	else if (tag == CBSP_PAGE)
		return read_page(p, m, why);
	else
		m->security = p;
	return 0;
}

static int check_complete(const struct cbsp_msg *m, const char **why)
{
	uint32_t must = mandatory[m->type];

	if (m->type == CBSP_WRITE) /* TS 48.049 8.1.3.1: the channel indicator makes it a CBS message */
		must |= cbsp_has(m, CBSP_CHANNEL) ? WRITE_CBS : WRITE_EMERGENCY;
	if ((m->have & must) != must)
		return bad(why, "a mandatory information element is missing");
	if (m->type == CBSP_WRITE && m->pages != m->n_page)
		return bad(why, "number of pages differs from the pages");
	return 0;
}

int cbsp_decode(const uint8_t *buf, size_t len, struct cbsp_msg *msg, const char **why)
{
	const uint8_t *p = buf + CBSP_HEADER, *end = buf + len;

	*msg = (struct cbsp_msg){0};
	*why = "";
	if (cbsp_frame(buf, len) != (int)len || len == 0)
		return bad(why, "length does not fit");
	msg->type = buf[0];
	if (msg->type < CBSP_WRITE || msg->type > CBSP_KEEP_ALIVE_COMPLETE)
		return *why = "unknown message type", -ENOMSG;
	while (p < end) {
		uint8_t tag = *p++;
		size_t n = tag < ARRAY_SIZE(value_len) ? value_len[tag] : 0;
		int rc;

		if (n == 0)
			return bad(why, "unknown information element");
		if (n == LISTED) {
			if (end - p < 2)
				return bad(why, "ends inside a list's length");
			n = osmo_load16be(p);
			p += 2;
		}
		if ((size_t)(end - p) < n)
			return bad(why, "ends inside an information element");
		rc = read_value(tag, p, n, msg, why);
		if (rc < 0)
			return rc;
		p += n;
	}
	return check_complete(msg, why);
}

bool cbsp_has(const struct cbsp_msg *msg, enum cbsp_ie ie)
{
	return msg->have & BIT(ie);
}

/* TS 24.008 10.5.1.3. Digits above 9 give numbers that match no cell of ours. */
static void read_plmn(const uint8_t *p, struct cbsp_cell *c)
{
	unsigned int third = p[1] >> 4;

	c->mcc = (p[0] & 15) * 100 + (p[0] >> 4) * 10 + (p[1] & 15);
	c->mnc_digits = third == 15 ? 2 : 3;
	c->mnc = (p[2] & 15) * 10 + (p[2] >> 4);
	if (third != 15)
		c->mnc = c->mnc * 10 + third;
}

static const uint8_t *read_cell(const uint8_t *p, uint8_t scope, struct cbsp_cell *c)
{
	*c = (struct cbsp_cell){.scope = scope};
	if (scope == CBSP_CGI || scope == CBSP_LAI) {
		read_plmn(p, c);
		p += 3;
	}
	if (scope != CBSP_CI && scope != CBSP_ALL) {
		c->lac = osmo_load16be(p);
		p += 2;
	}
	if (scope <= CBSP_CI) {
		c->ci = osmo_load16be(p);
		p += 2;
	}
	return p;
}

bool cbsp_next(struct cbsp_list *list, struct cbsp_entry *entry)
{
	const uint8_t *p = list->next;
	uint8_t scope = list->scope;

	*entry = (struct cbsp_entry){0};
	if (list->n == 0)
		return false;
	list->n--;
	if (list->ie == CBSP_FAILURES)
		scope = *p++ & 15;
	p = read_cell(p, scope, &entry->cell);
	if (list->ie == CBSP_FAILURES) {
		entry->cause = p[0];
	} else if (list->ie == CBSP_COMPLETED) {
		entry->broadcasts = osmo_load16be(p);
		entry->info = p[2];
	} else if (list->ie == CBSP_LOADING) {
		entry->load1 = p[0];
		entry->load2 = p[1];
	}
	list->next = p + tail_len(list->ie);
	return true;
}

bool cbsp_covers(const struct cbsp_cell *entry, const struct cbsp_cell *cgi)
{
	bool plmn = entry->mcc == cgi->mcc && entry->mnc == cgi->mnc, lac = entry->lac == cgi->lac;

	switch (entry->scope) {
	case CBSP_CGI:
		return entry->ci == cgi->ci && lac && plmn;
	case CBSP_LAC_CI:
		return entry->ci == cgi->ci && lac;
	case CBSP_CI:
		return entry->ci == cgi->ci;
	case CBSP_LAI:
		return lac && plmn;
	case CBSP_LAC:
		return lac;
	default:
		return entry->scope == CBSP_ALL;
	}
}

const char *cbsp_cause_name(uint8_t cause)
{
	static const char *const names[] = {"parameter not recognised",
					    "parameter value invalid",
					    "message reference not identified",
					    "cell identity not valid",
					    "unrecognised message",
					    "missing mandatory element",
					    "BSC capacity exceeded",
					    "cell memory exceeded",
					    "BSC memory exceeded",
					    "cell broadcast not supported",
					    "cell broadcast not operational",
					    "incompatible DRX parameter",
					    "extended channel not supported",
					    "message reference already used",
					    "unspecified error",
					    "LAI or LAC not valid"};

	return cause < ARRAY_SIZE(names) ? names[cause] : "unknown cause";
}

const char *cbsp_type_name(uint8_t type)
{
	static const char *const names[] = {"",
					    "WRITE-REPLACE",
					    "WRITE-REPLACE COMPLETE",
					    "WRITE-REPLACE FAILURE",
					    "KILL",
					    "KILL COMPLETE",
					    "KILL FAILURE",
					    "LOAD QUERY",
					    "LOAD QUERY COMPLETE",
					    "LOAD QUERY FAILURE",
					    "MESSAGE STATUS QUERY",
					    "MESSAGE STATUS QUERY COMPLETE",
					    "MESSAGE STATUS QUERY FAILURE",
					    "SET-DRX",
					    "SET-DRX COMPLETE",
					    "SET-DRX FAILURE",
					    "RESET",
					    "RESET COMPLETE",
					    "RESET FAILURE",
					    "RESTART",
					    "FAILURE",
					    "ERROR INDICATION",
					    "KEEP-ALIVE",
					    "KEEP-ALIVE COMPLETE"};

	return type > 0 && type < ARRAY_SIZE(names) ? names[type] : "unknown message";
}

unsigned int cbsp_period_s(uint8_t code)
{
	if (code <= 10)
		return code;
	if (code <= 20)
		return 10 + 2 * (code - 10);
	if (code <= 38)
		return 30 + 5 * (code - 20);
	if (code <= 86)
		return 120 + 10 * (code - 38);
	return code <= 186 ? 600 + 30 * (code - 86) : 0;
}

unsigned int cbsp_repetition(uint16_t wire, bool u16)
{
	return u16 ? wire : (wire >> 8 << 4 | (wire & 15));
}
