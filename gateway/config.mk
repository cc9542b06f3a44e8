# Configuration, triggers, texts, spool.
noinst_LIBRARIES += libconf.a
libconf_a_SOURCES = gateway/conf.h gateway/conf.c gateway/conf_read.h gateway/conf_read.c \
	gateway/conf_keys.h gateway/conf_keys.c gateway/conf_timers.h gateway/conf_timers.c gateway/conf_take.h gateway/conf_take.c \
	gateway/conf_check.h gateway/conf_check.c gateway/conf_link.c gateway/conf_listen.c gateway/conf_world.c gateway/minisign.h gateway/minisign.c \
	gateway/lexical.h gateway/lexical.c gateway/lexical_words.c gateway/texts.h gateway/texts.c \
	gateway/alert.h gateway/trigger.c \
	gateway/trigger_keys.h gateway/trigger_keys.c gateway/trigger_scan.h gateway/trigger_scan.c gateway/trigger_scan_wire.c \
	gateway/trigger_read.h gateway/trigger_read.c \
	gateway/trigger_parts.h gateway/trigger_geo.c gateway/trigger_texts.c gateway/trigger_reasons.c gateway/trigger_verify.c \
	gateway/trigger_time.h gateway/trigger_time.c gateway/spool.h gateway/spool.c gateway/spool_parts.h gateway/spool_claim.c \
	gateway/spool_finish.c gateway/spool_file.h gateway/spool_file.c
