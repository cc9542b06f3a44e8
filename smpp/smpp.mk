# smpp: text, PDUs, sessions, receipts.
noinst_LIBRARIES += libreusmpp.a
libreusmpp_a_SOURCES = smpp/text.h smpp/text.c smpp/grapheme.c
