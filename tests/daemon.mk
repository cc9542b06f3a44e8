# Tests of the whole: real programs, real sockets.
EXTRA_DIST += tests/lib.sh
