# What the NOC sees: snapshot, AgentX, VTY, HTTP, control socket.
noinst_LIBRARIES += libnoc.a
libnoc_a_SOURCES = gateway/noc.h gateway/snapshot.c gateway/snapshot.h gateway/snapshot_json.c gateway/snapshot_json.h \
	gateway/agentx_mib.c gateway/agentx_mib.h gateway/agentx_cells.c gateway/agentx_cells.h \
	gateway/agentx.c gateway/agentx_serve.c gateway/agentx_serve.h gateway/agentx_queue.c gateway/agentx_queue.h \
	gateway/control.c gateway/control_request.c gateway/control_request.h gateway/control_ask.c \
	gateway/ready.c gateway/ready.h gateway/statusgrid.c gateway/statusgrid.h gateway/statusview.c gateway/statusview.h \
	gateway/status_cmd.c gateway/status_cmd_ask.c gateway/status_cmd_ask.h gateway/alert_cmd.c gateway/alert_cells.c gateway/alert_cells.h gateway/cells_csv.c gateway/cells_csv.h gateway/alert_svg.c gateway/link_cmd.c gateway/vty_noc.c \
	gateway/http.c gateway/http_page.c gateway/http_page.h gateway/http_metrics.c

# The MIB has one source for its counters (gateway/counters.h) and one for its root (configure).
EXTRA_PROGRAMS += gateway/agentx_mibgen
gateway_agentx_mibgen_SOURCES = gateway/agentx_mibgen.c gateway/agentx_cells.h gateway/counters.h
nodist_pkgdata_DATA += etc/REUNION-GATEWAY-MIB
CLEANFILES += etc/REUNION-GATEWAY-MIB gateway/agentx_mibgen$(EXEEXT)
EXTRA_DIST += etc/REUNION-GATEWAY-MIB.in
etc/REUNION-GATEWAY-MIB: $(srcdir)/etc/REUNION-GATEWAY-MIB.in gateway/agentx_mibgen$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) etc && gateway/agentx_mibgen$(EXEEXT) < $(srcdir)/etc/REUNION-GATEWAY-MIB.in > $@.new && mv $@.new $@
dist_man_MANS += gateway/reunion-status.1 gateway/reunion-alert.1 gateway/reunion-link.1
