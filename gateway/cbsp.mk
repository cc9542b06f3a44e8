# Cell broadcast: pages, CBSP codec, session, link driver.
noinst_LIBRARIES += libcbsp.a
libcbsp_a_SOURCES = \
	gateway/page.c gateway/page.h \
	gateway/cbsp.c gateway/cbsp.h \
	gateway/cbsp_encode.c gateway/cbsp_encode.h
