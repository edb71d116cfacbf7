#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include "crypto.h"
#include "base/file.h"
#include "http/tls.h"

#define DAY (24 * 3600L)
#define VALID_DAYS 730
#define RENEW_DAYS 30 /* before the end */
#define PEM_MAX (64 * 1024)
#define CERTIFICATE_FILE "tls-certificate.pem"
#define KEY_FILE "tls-key.pem"

/* The whole file with a NUL behind it; NULL: none. */
static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, PEM_MAX);

	if (f == NULL || text == NULL || fread(text, 1, PEM_MAX - 1, f) == 0) {
		free(text);
		text = NULL;
	}
	if (f != NULL)
		fclose(f);
	return (text);
}

/* Copies the content of a memory BIO into a string. */
static char *
take_text(BIO *b)
{
	char *data;
	long len = BIO_get_mem_data(b, &data);

	return (len > 0 ? strndup(data, (size_t)len) : NULL);
}

/* Whether key and certificate exist, match, name the host and do not expire
 * soon. */
static bool
is_good(const struct tls *t, const char *host)
{
	time_t limit = time(NULL) + RENEW_DAYS * DAY;
	BIO *c = NULL, *k = NULL;
	X509 *x = NULL;
	EVP_PKEY *pkey = NULL;
	bool ok = false;

	if (t->certificate == NULL || t->key == NULL ||
	    (c = BIO_new_mem_buf(t->certificate, -1)) == NULL ||
	    (k = BIO_new_mem_buf(t->key, -1)) == NULL)
		goto out;
	x = PEM_read_bio_X509(c, NULL, crypto_no_passphrase, NULL);
	pkey = PEM_read_bio_PrivateKey(k, NULL, crypto_no_passphrase, NULL);
	ok = x != NULL && pkey != NULL &&
	     X509_check_private_key(x, pkey) == 1 &&
	     X509_check_ip_asc(x, host, 0) == 1 &&
	     X509_cmp_time(X509_get0_notAfter(x), &limit) > 0;
out:
	X509_free(x);
	EVP_PKEY_free(pkey);
	BIO_free(c);
	BIO_free(k);
	return (ok);
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	if ((e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value)) == NULL)
		return (false);
	ok = X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return (ok);
}

/* Names host, this machine and its loopback addresses. */
static bool
add_names(X509 *x, const char *host)
{
	char machine[256] = "localhost", names[1024];

	(void)gethostname(machine, sizeof(machine) - 1);
	snprintf(names, sizeof(names),
	    "DNS:localhost,IP:127.0.0.1,IP:::1,IP:%s,DNS:%s", host, machine);
	return (add_extension(x, NID_subject_alt_name, names));
}

static bool
fill_certificate(X509 *x, EVP_PKEY *pkey, const char *host)
{
	static const unsigned char cn[] = "keyferry-localkms";
	X509_NAME *name = X509_get_subject_name(x);
	uint64_t serial;

	return (
	    RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	    ASN1_INTEGER_set_uint64(
		X509_get_serialNumber(x), serial >> 1 | 1) == 1 &&
	    X509_set_version(x, X509_VERSION_3) == 1 &&
	    X509_NAME_add_entry_by_NID(
		name, NID_commonName, MBSTRING_ASC, cn, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, name) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -DAY) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), VALID_DAYS * DAY) != NULL &&
	    X509_set_pubkey(x, pkey) == 1 &&
	    /* no authority for others: clients that distinguish refuse
		 * one as a server */
	    add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(x, NID_ext_key_usage, "serverAuth") &&
	    add_extension(x, NID_subject_key_identifier, "hash") &&
	    add_names(x, host) && X509_sign(x, pkey, EVP_sha256()) > 0);
}

/* A new pair, in place of what *t holds. */
static bool
make_certificate(struct tls *t, const char *host)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *c = BIO_new(BIO_s_mem()), *k = BIO_new(BIO_s_mem());

	tls_free(t);
	if (pkey != NULL && x != NULL && c != NULL && k != NULL &&
	    fill_certificate(x, pkey, host) && PEM_write_bio_X509(c, x) == 1 &&
	    PEM_write_bio_PKCS8PrivateKey(k, pkey, NULL, NULL, 0, NULL, NULL) ==
		1) {
		t->certificate = take_text(c);
		t->key = take_text(k);
	}
	BIO_free(c);
	BIO_free(k);
	X509_free(x);
	EVP_PKEY_free(pkey);
	return (t->certificate != NULL && t->key != NULL);
}

bool
tls_open(
    const char *dir, const char *host, struct tls *t, char *why, size_t size)
{
	char whole[PATH_MAX], key[PATH_MAX + sizeof(KEY_FILE)];
	int n;

	memset(t, 0, sizeof(*t));
	if (realpath(dir, whole) == NULL) {
		snprintf(why, size, "%s: %s", dir, strerror(errno));
		return (false);
	}
	n = snprintf(
	    t->path, sizeof(t->path), "%s/%s", whole, CERTIFICATE_FILE);
	snprintf(key, sizeof(key), "%s/%s", whole, KEY_FILE);
	if (n < 0 || (size_t)n >= sizeof(t->path)) {
		snprintf(why, size, "%s: too long a path", dir);
		return (false);
	}
	t->certificate = read_file(t->path);
	t->key = read_file(key);
	if (is_good(t, host))
		return (true);
	snprintf(why, size, "%s: no certificate can be made", dir);
	/* the key first: a certificate without it is not good, see above */
	return (make_certificate(t, host) && file_replace(key, t->key) &&
		file_replace(t->path, t->certificate));
}

void
tls_free(struct tls *t)
{
	if (t->key != NULL)
		OPENSSL_cleanse(t->key, strlen(t->key));
	free(t->certificate);
	free(t->key);
	t->certificate = t->key = NULL;
}
