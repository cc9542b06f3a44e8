# Tests of smpp.
