# reunion-carrier: shares no code with the gateway.
bin_PROGRAMS += reunion-carrier
noinst_LIBRARIES += libcarrier.a
libcarrier_a_SOURCES = \
	gateway/carrier/agenda.c gateway/carrier/agenda.h gateway/carrier/bsc.c gateway/carrier/bsc.h \
	gateway/carrier/bsccell.c gateway/carrier/bsccell.h gateway/carrier/carrier.h gateway/carrier/cbpage.c \
	gateway/carrier/cbpage.h gateway/carrier/cbsp.c gateway/carrier/cbsp.h gateway/carrier/chars.c \
	gateway/carrier/chars.h gateway/carrier/faults.c gateway/carrier/faults.h gateway/carrier/json.c \
	gateway/carrier/json.h gateway/carrier/loop.c gateway/carrier/loop.h gateway/carrier/names.c \
	gateway/carrier/names.h gateway/carrier/octets.h gateway/carrier/parts.c gateway/carrier/parts.h \
	gateway/carrier/pdu.c gateway/carrier/pdu.h gateway/carrier/ratewin.c gateway/carrier/ratewin.h \
	gateway/carrier/report.c gateway/carrier/report.h gateway/carrier/scenario.c gateway/carrier/scenario.h \
	gateway/carrier/settings.c gateway/carrier/settings.h gateway/carrier/smsc.c gateway/carrier/smsc.h \
	gateway/carrier/smscbcast.c gateway/carrier/smscbcast.h gateway/carrier/smscdeliver.c \
	gateway/carrier/smscdeliver.h gateway/carrier/smscsubmit.c gateway/carrier/smscsubmit.h \
	gateway/carrier/smsctext.c gateway/carrier/smsctext.h gateway/carrier/tally.c gateway/carrier/tally.h \
	gateway/carrier/texts.c gateway/carrier/texts.h gateway/carrier/whole.c gateway/carrier/whole.h
reunion_carrier_SOURCES = gateway/carrier/main.c
reunion_carrier_LDADD = libcarrier.a $(OSMO_LIBS)
dist_man_MANS += gateway/carrier/reunion-carrier.1
