#include "gateway/trigger_time.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct when {
	int year, month, day, hour, minute, second;
};

/* Exactly n digits at *p. */
static bool number(const char **p, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (!isdigit((uint8_t) * *p))
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool sign(const char **p, char c)
{
	if (tolower((uint8_t) * *p) != c)
		return false;
	(*p)++;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 of the Gregorian calendar: whole years, then months. */
static int64_t day_number(int year, int month, int day)
{
	int64_t y = year - 1;
	int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;

	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days + day - 1;
}

static bool local_time(const char **p, struct when *w)
{
	if (!number(p, 4, &w->year) || !sign(p, '-') || !number(p, 2, &w->month) || !sign(p, '-') ||
	    !number(p, 2, &w->day))
		return false;
	if (!sign(p, 't') && !sign(p, ' '))
		return false;
	if (!number(p, 2, &w->hour) || !sign(p, ':') || !number(p, 2, &w->minute) || !sign(p, ':') ||
	    !number(p, 2, &w->second))
		return false;
	if (sign(p, '.')) {
		if (!isdigit((uint8_t) * *p))
			return false;
		while (isdigit((uint8_t) * *p))
			(*p)++;
	}
	return w->year >= 1970 && w->month >= 1 && w->month <= 12 && w->day >= 1 &&
	       w->day <= days_in(w->year, w->month) && w->hour <= 23 && w->minute <= 59 && w->second <= 60;
}

/* Seconds east of UTC. */
static int zone(const char **p, int *east)
{
	int hours, minutes, way;

	*east = 0;
	if (sign(p, 'z'))
		return 0;
	if (**p == '\0')
		return -ENODATA;
	if (**p != '+' && **p != '-')
		return -EINVAL;
	way = *(*p)++ == '-' ? -1 : 1;
	if (!number(p, 2, &hours) || !sign(p, ':') || !number(p, 2, &minutes) || hours > 23 || minutes > 59)
		return -EINVAL;
	*east = way * (hours * 3600 + minutes * 60);
	return 0;
}

int trigger_time_parse(const char *text, int64_t *seconds)
{
	const char *p = text;
	struct when w;
	int east, rc;

	if (!local_time(&p, &w))
		return -EINVAL;
	rc = zone(&p, &east);
	if (rc < 0 || *p)
		return rc < 0 ? rc : -EINVAL;
	*seconds =
		day_number(w.year, w.month, w.day) * 86400 + w.hour * 3600 + w.minute * 60 + w.second - east;
	return 0;
}

void trigger_time_show(const char *text, char out[17])
{
	snprintf(out, 17, "%.10s %.5s", text, text + 11);
}
