# Tests of carrier.
