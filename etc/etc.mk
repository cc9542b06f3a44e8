# Examples and manuals of the files people write; the systemd unit.
dist_pkgdata_DATA += etc/reunion.cfg.example etc/missing-child.trigger.example etc/found.trigger.example etc/exercise.trigger.example
dist_man_MANS += etc/reunion.cfg.5 etc/reunion.trigger.5
dist_man_MANS += cellmap/reunion-cellmap.1 gateway/reunion.1 gateway/reuniond.8
unitdir = $(prefix)/lib/systemd/system
nodist_unit_DATA = etc/reunion.service
EXTRA_DIST += etc/reunion.service.in
CLEANFILES += etc/reunion.service
etc/reunion.service: $(srcdir)/etc/reunion.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && sed 's|@sbindir[@]|$(sbindir)|' $(srcdir)/etc/reunion.service.in > $@.new && mv $@.new $@
