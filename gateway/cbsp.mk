# Cell broadcast: pages, CBSP codec, session, link driver.
noinst_LIBRARIES += libcbsp.a
libcbsp_a_SOURCES = \
	gateway/page.c gateway/page.h \
	gateway/cbsp.c gateway/cbsp.h \
	gateway/cbsp_encode.c gateway/cbsp_encode.h \
	gateway/link_cbsp.c gateway/link_cbsp.h \
	gateway/link_cbsp_batch.c gateway/link_cbsp_batch.h \
	gateway/link_cbsp_work.c gateway/link_cbsp_work.h \
	gateway/link_cbsp_dead.c gateway/link_cbsp_dead.h \
	gateway/link_cbsp_sweep.c gateway/link_cbsp_sweep.h
