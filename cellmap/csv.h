/* csv: one row of a cell-site table. Pure; every octet is hostile. A field never reaches over a line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cellmap/geo.h"

#define CSV_LINE_MAX    65536
#define CSV_COLUMNS_MAX 64
#define CSV_TEXT_MAX    47 /* octets of a column's name or a value for all rows */

enum csv_field {
	CSV_RADIO,
	CSV_MCC,
	CSV_NET,
	CSV_AREA,
	CSV_CELL,
	CSV_LON,
	CSV_LAT,
	CSV_RANGE,
	CSV_SAMPLES,
	CSV_UPDATED,
	CSV_FIELDS
};

/* Which column (from 1; 0 = none) holds which field; CSV_COLUMNS_MAX + 1 + field: none does, all rows have
 * text[]. */
struct csv_layout {
	uint8_t column[CSV_FIELDS];
	uint8_t last; /* highest column in use */
	int8_t radio; /* enum cell_radio of every row when no column tells it, else -1 */
	char separator;
	enum geo_datum datum;
	bool texts;     /* any text[] in use */
	uint16_t named; /* bit per field: text[] is the name of its column */
	char text[CSV_FIELDS][CSV_TEXT_MAX + 1];
};

struct csv_row {
	int64_t cell;     /* may be <= 0 */
	int32_t lat, lon; /* 1e-7 degree, WGS-84 */
	uint32_t area, range_m, samples, updated;
	uint16_t mcc, mnc;
	uint8_t radio;      /* enum cell_radio */
	uint8_t mnc_digits; /* when written with a leading zero, else 0 */
};

enum csv_result {
	CSV_OK = 0,
	CSV_BLANK,
	CSV_HEADER, /* no rows */
	CSV_BAD_COLUMNS,
	CSV_BAD_QUOTES,
	CSV_BAD_LENGTH,
	CSV_BAD_RADIO,
	CSV_BAD_MCC,
	CSV_BAD_ID,
	CSV_BAD_CELL,
	CSV_POSITION_ABSENT,
	CSV_POSITION_UNREADABLE,
	CSV_POSITION_DECIMAL_COMMA,
	CSV_POSITION_NOT_FINITE,
	CSV_POSITION_RANGE,
	CSV_POSITION_ZERO,
	CSV_RESULTS
};

const char *
csv_result_name(enum csv_result r); /* "position_zero": key of the JSON report and of the rejects file */

/* The 14 columns of OpenCelliD. */
void csv_layout_opencellid(struct csv_layout *l);
/* "radio=1,mcc=2,net=3,area=4,cell=5,lon=7,lat=8[,range=9,samples=10,updated=13]"; "radio=LTE" for a table of
 * one radio; "mcc:505" for one value in all rows; "lat=LATITUDE" for the column of that name. 0, or -EINVAL
 * with a sentence in err. */
int csv_layout_parse(struct csv_layout *l, const char *text, char *err, size_t err_len);
/* Finds the columns that were given by name in a table's first line. 0, or -EINVAL with a sentence in err. */
int csv_layout_resolve(struct csv_layout *l, const char *line, size_t len, char *err, size_t err_len);
/* Of a first line that names latitude and longitude: the needed columns that it does not name, as "radio,
 * area". false when it is no header, or a whole one. */
bool csv_header_lacks(const char *line, size_t len, char separator, char *names, size_t names_len);
enum csv_field csv_field_named(const char *name,
			       size_t len); /* also mnc, lac, cid, long ...; CSV_FIELDS: none */
/* The same from a table's first line, when that names all needed columns (also mnc, lac, cid, long ...).
 * Takes over the separator; false, and nothing changed, when the line is no such header. */
bool csv_layout_header(struct csv_layout *l, const char *line, size_t len);

/* line without its end (a CR before it is taken off here). *row is only set on CSV_OK. */
enum csv_result csv_parse(const struct csv_layout *l, const char *line, size_t len, struct csv_row *row);
