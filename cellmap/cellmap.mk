# cellmap: library and commands. Owner of cellmap/.
noinst_LIBRARIES += libcellmap.a
libcellmap_a_SOURCES = cellmap/cellmap.h cellmap/cmd.h
