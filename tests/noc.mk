# Tests of what the NOC sees.
NOC_FAKE = tests/noc_fake.c tests/noc_fake.h
NOC_LIBS = libnoc.a libconf.a libcore.a
NOC_SYSLIBS = $(NETSNMP_LIBS) $(MHD_LIBS) $(JANSSON_LIBS) $(SYSTEMD_LIBS) $(OSMO_LIBS)
check_PROGRAMS += tests/noc_probe
tests_noc_probe_SOURCES = tests/noc_probe.c $(NOC_FAKE)
tests_noc_probe_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS)
TESTS += tests/noc_snmp.sh
EXTRA_DIST += tests/noc_snmp.sh
