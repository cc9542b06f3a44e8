#include "gateway/lexical.h"
#include <ctype.h>
#include <osmocom/core/utils.h>
#include <string.h>

size_t lexical_utf8(const uint8_t *p, size_t len, uint32_t *code_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80             ? 1
		   : (p[0] & 0xE0) == 0xC0 ? 2
		   : (p[0] & 0xF0) == 0xE0 ? 3
		   : (p[0] & 0xF8) == 0xF0 ? 4
					   : 0;
	uint32_t c;

	if (n == 0 || n > len)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0x7F >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	*code_point = c;
	return n;
}

bool lexical_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

bool lexical_clean(const char *text, size_t len)
{
	uint32_t c;

	for (size_t i = 0, n; i < len; i += n) {
		n = lexical_utf8((const uint8_t *)text + i, len - i, &c);
		if (n == 0 || lexical_control(c))
			return false;
	}
	return true;
}

static bool name_start(uint8_t c)
{
	return isalpha(c) && c < 0x80;
}

bool lexical_name_char(uint8_t c)
{
	return c < 0x80 && (isalnum(c) || c == '_' || c == '-');
}

bool lexical_name(const char *text, size_t len)
{
	if (len == 0 || !name_start(text[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!lexical_name_char(text[i]))
			return false;
	return true;
}

unsigned int lexical_distance(const char *a, const char *b)
{
	unsigned int row[64], n = strlen(b);

	if (n >= ARRAY_SIZE(row) || strlen(a) >= ARRAY_SIZE(row))
		return 99;
	for (unsigned int j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned int i = 1; a[i - 1]; i++) {
		unsigned int corner = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= n; j++) {
			unsigned int change = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = OSMO_MIN(change, OSMO_MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}
