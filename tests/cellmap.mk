# Tests of cellmap.
