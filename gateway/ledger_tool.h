/* ledger_tool: `reunion ledger check|salvage|dead|dump PATH`, on the file itself, without a configuration. Exit statuses. */
#pragma once
int ledger_tool_check(const char *path);		     /* 0 sound, 1 damaged or unreadable */
int ledger_tool_salvage(const char *path, const char *out); /* out NULL: PATH.salvaged; 0 all was whole, 1 something was lost */
int ledger_tool_dead(const char *path, const char *alert_id); /* a line per dead letter; alert_id NULL: of all */
int ledger_tool_rows(const char *path);			     /* a line per row */
