#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "files.h"
#include "tap.h"
#include "tls-cert.h"

SSL_CTX *
tls_context(const char *name, const char **path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_subject_alt_name, name);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *pem = BIO_new(BIO_s_mem());
	char *text;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, subject);
	X509_set_pubkey(x, key);
	X509_add_ext(x, san, -1);
	NEED(X509_sign(x, key, EVP_sha256()) > 0 &&
		 SSL_CTX_use_certificate(ctx, x) == 1 &&
		 SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
		 PEM_write_bio_X509(pem, x) == 1 &&
		 BIO_write(pem, "", 1) == 1 && BIO_get_mem_data(pem, &text) > 0,
	    "a certificate for %s", name);
	*path = file_write("ca.pem", text);
	BIO_free(pem);
	X509_EXTENSION_free(san);
	X509_free(x);
	EVP_PKEY_free(key);
	return (ctx);
}
