# Tests of cbsp.
