#include "gateway/forecast.h"
#include <math.h>

#define DOWN_PATIENCE_S 60 /* shorter outages are not extrapolated */
#define UNLIMITED	1e6

double forecast_seconds(const struct forecast_rate *r, double parts)
{
	double agreed = r->agreed > 0 ? r->agreed : UNLIMITED;

	if (parts <= 0)
		return 0;
	if (r->down)
		return r->down_s < DOWN_PATIENCE_S ? parts / agreed : INFINITY;
	if (!r->trusted)
		return parts / agreed;
	return r->measured > 0 ? parts / fmin(r->measured, agreed) : INFINITY;
}

int64_t forecast_finish(const struct forecast_rate *r, double parts, int64_t now)
{
	double s = forecast_seconds(r, parts);

	return isfinite(s) && s < 1e9 ? now + (int64_t)ceil(s) : FORECAST_NEVER;
}
