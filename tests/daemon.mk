# Tests of the whole: real programs, real sockets.
E2E = tests/e2e_alert.sh tests/e2e_bad.sh
TESTS += $(E2E)
EXTRA_DIST += $(E2E) tests/lib.sh
