# Cell broadcast: pages, CBSP codec, session, link driver.
noinst_LIBRARIES += libcbsp.a
libcbsp_a_SOURCES = gateway/page.h
