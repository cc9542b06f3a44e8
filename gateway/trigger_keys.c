#include "gateway/trigger_keys.h"
#include <errno.h>
#include <string.h>
#include "gateway/lexical.h"

static const struct {
	const char *name;
	bool number;
} keys[TK_N] = {
	[TK_CASE_NUMBER] = {"case_number", false},
	[TK_TYPE] = {"type", false},
	[TK_ACTION] = {"action", false},
	[TK_REPORTED_AT] = {"reported_at", false},
	[TK_MISSING_SINCE] = {"missing_since", false},
	[TK_LAT] = {"location.lat", true},
	[TK_LON] = {"location.lon", true},
	[TK_DATUM] = {"location.datum", false},
	[TK_PLACE] = {"location.place", false},
	[TK_RADIUS_KM] = {"radius_km", true},
	[TK_CHILD_NAME] = {"child.name", false},
	[TK_CHILD_AGE] = {"child.age", true},
	[TK_CHILD_SEX] = {"child.sex", false},
	[TK_CHILD_HEIGHT_CM] = {"child.height_cm", true},
	[TK_CHILD_WEARING] = {"child.wearing", false},
	[TK_CHILD_PHOTO] = {"child.photo", false},
	[TK_CONTACT] = {"contact", false},
};

const char *trigger_key_name(enum trigger_key key)
{
	return keys[key].name;
}

bool trigger_key_is_number(enum trigger_key key)
{
	return keys[key].number;
}

int trigger_key_find(const char *name, size_t len)
{
	for (int i = 0; i < TK_N; i++)
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, name, len))
			return i;
	return -ENOENT;
}

const char *trigger_key_near(const char *name)
{
	const char *near = NULL;
	unsigned int best = 3, d;

	for (int i = 0; i < TK_N; i++) {
		d = lexical_distance(name, keys[i].name);
		if (d < best) {
			best = d;
			near = keys[i].name;
		}
	}
	return near;
}
