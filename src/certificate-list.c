#include <string.h>
#include <time.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include "certificate-list.h"

static void
name_write(const X509_NAME *name, char *out, size_t size)
{
	BIO *b = BIO_new(BIO_s_mem());
	int n = 0;

	if (b != NULL && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_read(b, out, (int)size - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(b);
}

static void
certificate_write(const X509 *x, struct certificate *out)
{
	struct tm t;

	memset(out, 0, sizeof(*out));
	name_write(
	    X509_get_subject_name(x), out->subject, sizeof(out->subject));
	name_write(X509_get_issuer_name(x), out->issuer, sizeof(out->issuer));
	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &t) == 1)
		out->end = timegm(&t);
}

static int
verify(X509_STORE_CTX *v, void *arg)
{
	struct certificate_list *l = arg;
	int ok = X509_verify_cert(v);
	const STACK_OF(X509) *chain = ok == 1
					  ? X509_STORE_CTX_get0_chain(v)
					  : X509_STORE_CTX_get0_untrusted(v);

	l->accepted = ok == 1;
	l->count = 0;
	while (
	    l->count < CERTIFICATES_MAX && (int)l->count < sk_X509_num(chain)) {
		certificate_write(
		    sk_X509_value(chain, (int)l->count), &l->of[l->count]);
		l->count++;
	}
	return (ok);
}

void
certificate_list_watch(SSL_CTX *ctx, struct certificate_list *l)
{
	SSL_CTX_set_cert_verify_callback(ctx, verify, l);
}
