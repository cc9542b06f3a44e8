/* Makes REUNION-GATEWAY-MIB from its template: the root from configure, the counters from gateway/counters.h.
 * agentx_mibgen < TEMPLATE > MIB. Lines that are @NAME@ alone are replaced. */
#include <stdio.h>
#include <string.h>
#include "gateway/agentx_cells.h"
#include "reunion-config.h"

struct line {
	const char *suffix, *text;
};

#define LINE(field, mib, text) {mib, text},
static const struct line totals[] = {TOTAL_COUNTERS(LINE)}, links[] = {LINK_COUNTERS(LINE)};
#undef LINE
#define LINE(field, mib, unit, text) {mib, text},
static const struct line gauges[] = {LINK_GAUGES(LINE)};
#undef LINE
#define UNIT(field, mib, unit, text) unit,
static const char *const units[] = {LINK_GAUGES(UNIT)};
#undef UNIT

/* { enterprises 8072 9999 } rather than { iso 3 6 1 4 1 8072 9999 }, where it can be. */
static void root(const char *oid)
{
	static const char enterprises[] = "1.3.6.1.4.1.";
	char text[256];

	if (!strncmp(oid, enterprises, strlen(enterprises)))
		snprintf(text, sizeof(text), "enterprises %s", oid + strlen(enterprises));
	else
		snprintf(text, sizeof(text), "iso%s", strncmp(oid, "1.", 2) ? "" : oid + 1);
	for (char *p = text; *p; p++)
		if (*p == '.')
			*p = ' ';
	printf("    ::= { %s }\n", text);
}

static void objects(const struct line *l, size_t n, const char *prefix, const char *parent,
		    unsigned int first)
{
	for (size_t i = 0; i < n; i++)
		printf("reunion%s%s OBJECT-TYPE\n    SYNTAX      Counter64\n    MAX-ACCESS  read-only\n"
		       "    STATUS      current\n    DESCRIPTION\n        \"%s.\"\n    ::= { %s %u }\n\n",
		       prefix, l[i].suffix, l[i].text, parent, first + (unsigned int)i);
}

static void gauge_objects(void)
{
	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		printf("reunionLink%s OBJECT-TYPE\n    SYNTAX      Gauge32\n    UNITS       \"%s\"\n    MAX-ACCESS  read-only\n"
		       "    STATUS      current\n    DESCRIPTION\n        \"%s.\"\n    ::= { reunionLinkEntry %u }\n\n",
		       gauges[i].suffix, units[i], gauges[i].text, CELL_LINK_GAUGES + (unsigned int)i);
}

static void names(const struct line *l, size_t n, const char *prefix, const char *indent, const char *type,
		  const char *last)
{
	for (size_t i = 0; i < n; i++)
		printf("%sreunion%s%s%s%s\n", indent, prefix, l[i].suffix, type, i + 1 < n ? "," : last);
}

static void fill(const char *line)
{
	if (!strcmp(line, "    ::= { @ROOT@ }\n"))
		root(REUNION_ROOT_OID);
	else if (!strcmp(line, "@TOTAL_OBJECTS@\n"))
		objects(totals, CELL_TOTALS, "Total", "reunionTotals", 1);
	else if (!strcmp(line, "@TOTAL_NAMES@\n"))
		names(totals, CELL_TOTALS, "Total", "        ", "", "");
	else if (!strcmp(line, "@LINK_GAUGE_OBJECTS@\n"))
		gauge_objects();
	else if (!strcmp(line, "@LINK_GAUGE_COLUMNS@\n"))
		names(gauges, sizeof(gauges) / sizeof(gauges[0]), "Link", "    ", " Gauge32", ",");
	else if (!strcmp(line, "@LINK_GAUGE_NAMES@\n"))
		names(gauges, sizeof(gauges) / sizeof(gauges[0]), "Link", "        ", "", ",");
	else if (!strcmp(line, "@LINK_OBJECTS@\n"))
		objects(links, CELL_LINK_COUNTERS, "Link", "reunionLinkEntry", CELL_COUNTERS);
	else if (!strcmp(line, "@LINK_COLUMNS@\n"))
		names(links, CELL_LINK_COUNTERS, "Link", "    ", " Counter64", "");
	else if (!strcmp(line, "@LINK_NAMES@\n"))
		names(links, CELL_LINK_COUNTERS, "Link", "        ", "", "");
	else if (strncmp(line, "-- Template:", 12) && strncmp(line, "-- gateway/counters.h.", 22))
		fputs(line, stdout);
}

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin))
		fill(line);
	return ferror(stdin) || fflush(stdout) != 0 ? 1 : 0;
}
