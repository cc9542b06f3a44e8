# What the NOC sees: snapshot, AgentX, VTY, HTTP, control socket.
noinst_LIBRARIES += libnoc.a
libnoc_a_SOURCES = gateway/noc.h gateway/snapshot.h
