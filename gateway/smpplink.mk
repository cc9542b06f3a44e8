# The SMPP link driver.
noinst_LIBRARIES += libsmpplink.a
libsmpplink_a_SOURCES =
