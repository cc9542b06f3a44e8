/* plan_svg: a plan as a picture: the circle, its cells by network, and the rings that follow later. */
#pragma once
#include "gateway/plan_dry.h"

/* Written whole or not at all. 0 or -errno with a sentence in err. */
int plan_svg(const struct plan_dry *d, const char *file, char *err, size_t err_len);
