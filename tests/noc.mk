# Tests of noc.
