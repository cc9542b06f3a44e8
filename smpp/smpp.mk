# smpp: text, PDUs, sessions, receipts.
noinst_LIBRARIES += libreusmpp.a
libreusmpp_a_SOURCES = smpp/text.h smpp/shift.c smpp/shift.h smpp/text.c smpp/grapheme.c smpp/cursor.h smpp/pdu.h smpp/pdu.c smpp/status.h smpp/status.c \
	smpp/pack34.h smpp/pack34.c smpp/stream.h smpp/stream.c smpp/window.h smpp/window.c \
	smpp/outbuf.h smpp/outbuf.c smpp/session.h smpp/session_int.h smpp/session.c smpp/session_accept.c smpp/session_tick.c smpp/receipt.h smpp/receipt.c smpp/plain.h smpp/plain.c \
	smpp/submit.h smpp/submit.c

# What a submit_sm costs, against others: tests/bench_smpp.sh.
bench-smpp: tests/bench_smpp tests/bench_smpp_wire tests/reuniond_memory reuniond reunion reunion-carrier
	@SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_builddir)' bash $(srcdir)/tests/bench_smpp.sh
.PHONY: bench-smpp
