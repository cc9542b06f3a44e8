/* cbsp_dump: our CBSP messages as text2pcap reads them, for cbsp_tshark.sh. */
#include <stdio.h>
#include <string.h>
#include "gateway/cbsp_encode.h"
#include "gateway/page.h"

static const struct cbsp_cell cells[] = {
	{.scope = CBSP_CGI, .mcc = 460, .mnc = 0, .mnc_digits = 2, .lac = 4301, .ci = 6969},
	{.scope = CBSP_CGI, .mcc = 460, .mnc = 1, .mnc_digits = 2, .lac = 4302, .ci = 6971},
	{.scope = CBSP_CGI, .mcc = 310, .mnc = 260, .mnc_digits = 3, .lac = 4303, .ci = 6972},
};

static void dump(const uint8_t *o, int n)
{
	for (int i = 0; i < n; i++) {
		if (i % 16 == 0)
			printf("%s%06x", i ? "\n" : "", (unsigned int)i);
		printf(" %02x", o[i]);
	}
	printf("\n\n");
}

static void write_replace(const char *text, const char *language, uint16_t old, uint8_t *o, size_t size)
{
	struct page_set pages;
	struct cbsp_write w = {.message_identifier = 4379,
			       .serial = page_serial(1, 7, 1),
			       .old_serial = old,
			       .replace = old != 0,
			       .cells = cells,
			       .n_cells = 3,
			       .pages = &pages,
			       .repetition = 32,
			       .broadcasts = 1434};

	if (page_encode(text, language, &pages, NULL) == 0)
		dump(o, cbsp_encode_write(o, size, &w));
}

int main(void)
{
	static uint8_t o[4096];

	dump(o, cbsp_encode_reset(o, sizeof(o)));
	dump(o, cbsp_encode_keep_alive(o, sizeof(o), 30));
	dump(o, cbsp_encode_keep_alive_complete(o, sizeof(o)));
	write_replace("Missing child: girl, 6 years", "en", 0, o, sizeof(o));
	write_replace("寻人：女，6岁", "zh", page_serial(1, 7, 0), o, sizeof(o));
	dump(o, cbsp_encode_status_query(o, sizeof(o), 4379, page_serial(1, 7, 1), cells, 3, 0));
	dump(o, cbsp_encode_load_query(o, sizeof(o), cells, 3, 0));
	dump(o, cbsp_encode_kill(o, sizeof(o), 4379, page_serial(1, 7, 1), NULL, 0, true));
	return 0;
}
