/* plain: received text as UTF-8, for people to read. Pure; allocates nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* data_coding 0 is taken as GSM 03.38 when gsm7, else as Latin-1. A user data header (esm_class 0x40) is
 * skipped. Octets written without NUL (out is NUL-terminated), or -ENOTSUP (binary or unknown coding),
 * -EILSEQ, -ENOSPC. */
int smpp_plain(uint8_t data_coding, uint8_t esm_class, bool gsm7, const uint8_t *octets, size_t len,
	       char *out, size_t size);
