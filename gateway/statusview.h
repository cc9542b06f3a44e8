/* statusview: what `reunion status`, `reunion alert` and the VTY print, made from the JSON of snapshot_json.h
 * (so also from the answer of another version: a missing member is shown as nothing). Children of ctx; lines
 * end in "\n". */
#pragma once
#include <jansson.h>
#include "gateway/statusgrid.h"

char *statusview_head(void *ctx, const json_t *status, const struct statusgrid_style *style);
char *statusview_links(void *ctx, const json_t *status, const struct statusgrid_style *style);
char *statusview_link(void *ctx, const json_t *link, const struct statusgrid_style *style); /* all there is of one */
char *statusview_alerts(void *ctx, const json_t *status, const struct statusgrid_style *style);
char *statusview_alert(void *ctx, const json_t *alert, const struct statusgrid_style *style);
char *statusview_cells(void *ctx, const json_t *alert, const struct statusgrid_style *style);
char *statusview_cellmap(void *ctx, const json_t *status, const struct statusgrid_style *style);
