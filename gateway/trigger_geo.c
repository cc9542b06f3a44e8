#include "gateway/trigger_parts.h"
#include <math.h>
#include <string.h>
#include "cellmap/geo.h"

static bool in_box(const struct conf_box *b, double lat, double lon)
{
	bool across = b->west > b->east; /* over 180 degrees */

	return lat >= b->south && lat <= b->north &&
	       (across ? lon >= b->west || lon <= b->east : lon >= b->west && lon <= b->east);
}

static bool in_jurisdiction(const struct conf_agency *a, double lat, double lon)
{
	for (size_t i = 0; i < a->n_jurisdiction; i++)
		if (in_box(&a->jurisdiction[i], lat, lon))
			return true;
	return a->n_jurisdiction == 0;
}

/* A number that can be a coordinate; 0 is what a form writes that was not filled in. */
static bool usable(struct trigger_file *file, enum trigger_key k, double limit)
{
	const struct trigger_field *f = &file->field[k];

	if (!f->given)
		TRIGGER_SAY(file, k, "missing; without it no area is known");
	else if (f->wrong)
		return false; /* told already */
	else if (f->number == 0)
		TRIGGER_SAY(file, k, "is 0, as if it was not filled in; give the place");
	else if (!(fabs(f->number) <= limit))
		TRIGGER_SAY(file, k, "%.10g is out of range; expected -%.0f to %.0f", f->number, limit,
			    limit);
	else
		return true;
	return false;
}

static bool position(struct trigger_file *file, double *lat, double *lon)
{
	const struct trigger_field *a = &file->field[TK_LAT], *o = &file->field[TK_LON];

	if (a->given && o->given && !a->wrong && !o->wrong && fabs(a->number) > 90 &&
	    fabs(a->number) <= 180 && fabs(o->number) <= 90) {
		TRIGGER_SAY(file, TK_LAT, "%.10g is no latitude: latitude and longitude look swapped",
			    a->number);
		return false;
	}
	*lat = a->number;
	*lon = o->number;
	return usable(file, TK_LAT, 90) & usable(file, TK_LON, 180);
}

/* GEO_WGS84 when the trigger names none. */
static int datum_of(struct trigger_file *file)
{
	const struct trigger_field *f = &file->field[TK_DATUM];
	int datum = f->given ? geo_datum_parse(f->text) : GEO_WGS84;

	if (f->given && !f->wrong && datum < 0)
		TRIGGER_SAY(file, TK_DATUM, "not known; expected wgs84, gcj02 or bd09");
	return datum;
}

static void check_place(struct trigger_file *file, double lat, double lon)
{
	if (in_jurisdiction(file->agency, lat, lon))
		return;
	if (fabs(lon) <= 90 && in_jurisdiction(file->agency, lon, lat))
		TRIGGER_SAY(file, TK_LAT,
			    "%.6f, %.6f is outside the jurisdiction of %s, but %.6f, %.6f is inside: "
			    "latitude and longitude look swapped",
			    lat, lon, file->agency->name, lon, lat);
	else
		TRIGGER_SAY(file, TK_LAT, "%.6f, %.6f is outside the jurisdiction of %s", lat, lon,
			    file->agency->name);
}

static double radius_of(struct trigger_file *file, const struct conf_type *type)
{
	const struct trigger_field *f = &file->field[TK_RADIUS_KM];
	double radius = f->given ? f->number : type ? type->radius_km : 1;

	if (f->given && f->wrong)
		return 0;
	if (!(radius > 0))
		TRIGGER_SAY(file, TK_RADIUS_KM, "%.10g is no radius; expected more than 0", radius);
	else if (radius > file->agency->max_radius_km)
		TRIGGER_SAY(file, TK_RADIUS_KM, "%.10g km is more than the %.10g km that %s may alert",
			    radius, file->agency->max_radius_km, file->agency->name);
	return radius;
}

void trigger_geo(struct trigger_file *file, struct trigger *t)
{
	int datum = datum_of(file);

	if (position(file, &t->lat, &t->lon) && datum >= 0) {
		geo_to_wgs84((enum geo_datum)datum, &t->lat, &t->lon);
		check_place(file, t->lat, t->lon);
		t->has_location = true;
	}
	t->has_radius = file->field[TK_RADIUS_KM].given;
	t->radius_km = radius_of(file, t->conf_type);
}
