#include "gateway/linktls.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

struct linktls {
	SSL_CTX *context;
	SSL *ssl;
	const char *pin;
	bool wants_write;
	char why[200];
};

static int destroy(struct linktls *t)
{
	if (t->ssl)
		SSL_shutdown(t->ssl); /* a last word, if it can be said at once */
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	ERR_clear_error();
	return 0;
}

/* What OpenSSL last complained of. */
static const char *complaint(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "refused";
}

static const char *load(SSL_CTX *context, const struct conf_tls *tls, bool server)
{
	if (tls->ca_file && SSL_CTX_load_verify_locations(context, tls->ca_file, NULL) != 1)
		return "tls.ca_file cannot be read";
	if (tls->certificate_file && SSL_CTX_use_certificate_chain_file(context, tls->certificate_file) != 1)
		return "tls.certificate_file cannot be read";
	if (tls->key_file && SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM) != 1)
		return "tls.key_file cannot be read, or is of another certificate";
	if (server && tls->ca_file) /* told to clients that have several */
		SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(tls->ca_file));
	return NULL;
}

/* The name that the certificate must have. An address is compared with its addresses, and not asked for by SNI. */
static bool expect_name(SSL *ssl, const char *name, bool server)
{
	uint8_t octets[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, octets) == 1 || inet_pton(AF_INET6, name, octets) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && (server || SSL_set_tlsext_host_name(ssl, name) == 1);
}

static SSL_CTX *context_new(const struct conf_tls *tls, bool server)
{
	SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	int verify = !server || tls->ca_file ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE;

	OSMO_ASSERT(context);
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, verify, NULL);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Each caller proves itself anew: no sessions to come back to. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | (server ? SSL_OP_NO_TICKET : 0));
	return context;
}

/* What the peer's certificate must say besides its chain; a caller's need not have a name. */
static bool expects(SSL *ssl, const struct conf_link *cfg, bool server)
{
	if (server && !cfg->tls.name)
		return true;
	return expect_name(ssl, cfg->tls.name ? cfg->tls.name : cfg->address, server);
}

struct linktls *linktls_new(void *ctx, const struct conf_link *cfg, int fd, const char **why)
{
	struct linktls *t = talloc_zero(ctx, struct linktls);
	bool server = cfg->mode == MODE_LISTEN;

	OSMO_ASSERT(t);
	talloc_set_destructor(t, destroy);
	t->pin = cfg->tls.pin;
	t->context = context_new(&cfg->tls, server);
	*why = load(t->context, &cfg->tls, server);
	t->ssl = *why ? NULL : SSL_new(t->context);
	if (t->ssl && (!expects(t->ssl, cfg, server) || SSL_set_fd(t->ssl, fd) != 1))
		*why = "tls.name cannot be used";
	if (t->ssl && server)
		SSL_set_accept_state(t->ssl);
	else if (t->ssl)
		SSL_set_connect_state(t->ssl);
	ERR_clear_error();
	if (!*why)
		return t;
	talloc_free(t);
	return NULL;
}

static int again(struct linktls *t, int rc)
{
	int error = SSL_get_error(t->ssl, rc);

	t->wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ)
		return -EAGAIN;
	return error == SSL_ERROR_ZERO_RETURN ? 0 : -EPROTO;
}

/* SHA-256 of the peer's SubjectPublicKeyInfo. */
static bool pinned(const struct linktls *t)
{
	X509 *certificate = SSL_get1_peer_certificate(t->ssl);
	unsigned char *der = NULL, hash[EVP_MAX_MD_SIZE];
	int len = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
	unsigned int n = 0;
	char hex[65] = "";

	if (len > 0 && EVP_Digest(der, len, hash, &n, EVP_sha256(), NULL) == 1 && n == 32)
		for (unsigned int i = 0; i < n; i++)
			snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	OPENSSL_free(der);
	X509_free(certificate);
	return !strcasecmp(hex, t->pin);
}

int linktls_handshake(struct linktls *t, const char **why)
{
	long verified;
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1 && (!t->pin || pinned(t)))
		return 0;
	*why = t->why;
	if (rc == 1) {
		snprintf(t->why, sizeof(t->why), "TLS: the peer's key is not the pinned one");
		return -EPROTO;
	}
	if (again(t, rc) == -EAGAIN)
		return -EAGAIN;
	verified = SSL_get_verify_result(t->ssl);
	snprintf(t->why, sizeof(t->why), "TLS: %s",
		 verified != X509_V_OK ? X509_verify_cert_error_string(verified) : complaint());
	ERR_clear_error();
	return -EPROTO;
}

ssize_t linktls_read(struct linktls *t, void *buf, size_t len)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read(t->ssl, buf, OSMO_MIN(len, 1u << 20));
	return rc > 0 ? rc : again(t, rc);
}

ssize_t linktls_write(struct linktls *t, const void *buf, size_t len)
{
	int rc;

	ERR_clear_error();
	rc = SSL_write(t->ssl, buf, OSMO_MIN(len, 1u << 20));
	if (rc > 0)
		return rc;
	rc = again(t, rc);
	return rc == 0 ? -EPROTO : rc;
}

bool linktls_wants_write(const struct linktls *t)
{
	return t->wants_write;
}

bool linktls_pending(const struct linktls *t)
{
	return SSL_pending(t->ssl) > 0;
}
