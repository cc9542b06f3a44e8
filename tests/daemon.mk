# Tests of the whole: real programs, real sockets.
E2E = tests/e2e_alert.sh tests/e2e_bad.sh tests/e2e_nodesmpp.sh tests/e2e_onair.sh tests/e2e_tshark.sh tests/e2e_snmp.sh
E2E += tests/e2e_fair.sh
E2E += tests/e2e_hostile.sh
E2E += tests/e2e_spec.sh
TESTS += $(E2E)
EXTRA_DIST += $(E2E) tests/lib.sh tests/peers/smsc.js tests/peers/hostile.js tests/peers/osmobsc.sh
