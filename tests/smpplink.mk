# Tests of smpplink.
