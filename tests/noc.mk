# Tests of what the NOC sees.
NOC_FAKE = tests/noc_fake.c tests/noc_fake.h
NOC_LIBS = libnoc.a libconf.a libcore.a libcellmap.a
NOC_SYSLIBS = $(PROJ_LIBS) $(ZLIB_LIBS) $(NETSNMP_LIBS) $(MHD_LIBS) $(JANSSON_LIBS) $(SYSTEMD_LIBS) $(OSMO_LIBS)

check_PROGRAMS += tests/noc_probe tests/test_snapshot tests/test_noc_mib tests/test_noc_agentx tests/test_noc_control \
	tests/test_noc_view tests/test_noc_http tests/test_noc_ready
tests_noc_probe_SOURCES = tests/noc_probe.c $(NOC_FAKE)
tests_noc_probe_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS)
tests_test_snapshot_SOURCES = tests/test_snapshot.c $(NOC_FAKE)
tests_test_snapshot_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS) $(CMOCKA_LIBS)
tests_test_noc_mib_SOURCES = tests/test_noc_mib.c $(NOC_FAKE)
tests_test_noc_mib_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS) $(CMOCKA_LIBS)
tests_test_noc_agentx_SOURCES = tests/test_noc_agentx.c $(NOC_FAKE)
tests_test_noc_agentx_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS) $(CMOCKA_LIBS)
tests_test_noc_control_SOURCES = tests/test_noc_control.c $(NOC_FAKE)
tests_test_noc_control_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS) $(CMOCKA_LIBS)
tests_test_noc_view_SOURCES = tests/test_noc_view.c $(NOC_FAKE)
tests_test_noc_view_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS) $(CMOCKA_LIBS)
tests_test_noc_http_SOURCES = tests/test_noc_http.c $(NOC_FAKE)
tests_test_noc_http_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS) $(CMOCKA_LIBS)
tests_test_noc_ready_SOURCES = tests/test_noc_ready.c
tests_test_noc_ready_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS) $(CMOCKA_LIBS)

# Requests of the control socket.
check_PROGRAMS += tests/fuzz/fuzz_control
tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c $(NOC_FAKE)
tests_fuzz_fuzz_control_LDADD = $(NOC_LIBS) $(NOC_SYSLIBS)
if FUZZING
tests_fuzz_fuzz_control_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_fuzz_control_SOURCES += tests/fuzz/replay.c
endif

TESTS += tests/test_snapshot tests/test_noc_mib tests/test_noc_agentx tests/test_noc_control tests/test_noc_view \
	tests/test_noc_http tests/test_noc_ready tests/fuzz/fuzz_control tests/noc_mib.sh tests/noc_snmp.sh tests/noc_doors.sh
EXTRA_DIST += tests/noc_mib.sh tests/noc_snmp.sh tests/noc_doors.sh tests/fuzz/seeds/control
