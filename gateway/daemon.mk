# reuniond and reunion: the edges, and what binds the rooms together.
noinst_LIBRARIES += libdaemon.a
libdaemon_a_SOURCES = gateway/book.c gateway/book.h gateway/book_clock.c gateway/book_doc.c gateway/book_jobs.c \
	gateway/book_payload.c gateway/book_rings.c gateway/book_regroup.c gateway/book_deferred.c gateway/daemon.h gateway/fleet.c gateway/fleet.h \
	gateway/forecast.c gateway/forecast.h gateway/intake.c gateway/intake_folder.c gateway/intake_parts.h gateway/onair.c gateway/deadbook.c gateway/hot.c gateway/hot.h gateway/linksock.c gateway/linksock.h gateway/linktls.c gateway/linktls.h \
	gateway/maps.c gateway/maps.h gateway/parser.c gateway/parser.h gateway/parser_child.c gateway/parser_parts.h gateway/planwork.c gateway/planwork.h gateway/predict.c gateway/predict.h gateway/reach.c gateway/reach.h gateway/reached.c gateway/reload.c gateway/resolve.c gateway/resolve.h gateway/restart.c gateway/warm.c gateway/warm.h gateway/watch.c gateway/watch_link.c

sbin_PROGRAMS += reuniond
reuniond_SOURCES = gateway/reuniond.c
REUNION_LIBS = libdaemon.a libplan.a libconf.a libsmpplink.a libcbsp.a libnoc.a libcore.a libstore.a libreusmpp.a libcellmap.a
REUNION_SYSTEM_LIBS = $(NETSNMP_LIBS) $(MHD_LIBS) $(SYSTEMD_LIBS) $(LIBCONFIG_LIBS) $(SMPP34_LIBS) $(SQLITE_LIBS) $(PROJ_LIBS) \
	$(ZLIB_LIBS) $(OPENSSL_LIBS) $(SODIUM_LIBS) $(JANSSON_LIBS) $(OSMO_LIBS)
reuniond_LDADD = $(REUNION_LIBS) $(REUNION_SYSTEM_LIBS)
# For figures only: the same without a disk.
EXTRA_PROGRAMS += tests/reuniond_memory
tests_reuniond_memory_SOURCES = gateway/reuniond.c
tests_reuniond_memory_CPPFLAGS = $(AM_CPPFLAGS) -DSTORE_URI='"memory:%.0s"'
tests_reuniond_memory_LDADD = $(reuniond_LDADD)

bin_PROGRAMS += reunion
reunion_SOURCES = gateway/reunion.c gateway/ledger_cmd.c gateway/ledger_tool.c gateway/ledger_tool.h gateway/ledger_file.c \
	gateway/ledger_file.h gateway/cmd.h
reunion_LDADD = $(REUNION_LIBS) $(REUNION_SYSTEM_LIBS)
dist_man_MANS += gateway/reunion-ledger.1
EXTRA_DIST += tests/demo.sh
