# The SMPP link driver.
noinst_LIBRARIES += libsmpplink.a
libsmpplink_a_SOURCES = gateway/link_smpp.c gateway/link_smpp.h gateway/link_smpp_int.h gateway/link_smpp_leg.c gateway/link_smpp_listen.c \
	gateway/link_smpp_send.c gateway/link_smpp_answer.c gateway/link_smpp_flight.c gateway/link_smpp_draft.c gateway/link_smpp_aired.c gateway/link_smpp_held.c gateway/link_smpp_rehearse.c gateway/rtt.c gateway/rtt.h gateway/deadletter.c gateway/deadletter.h gateway/receipts.c gateway/receipts.h gateway/receipts_int.h gateway/receipts_log.c
