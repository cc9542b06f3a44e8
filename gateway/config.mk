# Configuration, triggers, texts, spool.
noinst_LIBRARIES += libconf.a
libconf_a_SOURCES = gateway/conf.h gateway/alert.h
