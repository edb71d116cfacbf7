#include <string.h>
#include <time.h>
#include <openssl/x509v3.h>
#include "cryptoki/der.h"
#include "hex.h"
#include "keydata/der-read.h"
#include "keydata/number.h"
#include "token/attr-value.h"
#include "x509.h"

#define CHECK_LEN 3 /* bytes of CKA_CHECK_VALUE */

static enum err
set_attribute(
    struct attrset *b, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	struct view before;

	if (attrset_get(b, type, &before))
		return (ERR_OK);
	return (attrset_set(b, type, VIEW(value, len), false));
}

static enum err
put_ulong(struct attrset *b, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	return (set_attribute(b, type, &value, sizeof(value)));
}

/* What OpenSSL has encoded, len of i2d_...(). */
static enum err
put_der(struct attrset *b, CK_ATTRIBUTE_TYPE type, unsigned char *der, int len)
{
	enum err e = len <= 0 ? ERR_DATA
			      : set_attribute(b, type, der, (size_t)len);

	OPENSSL_free(der);
	return (e);
}

static enum err
put_names(struct attrset *b, X509 *x)
{
	unsigned char *der = NULL;
	enum err e;
	int len;

	len = i2d_X509_NAME(X509_get_subject_name(x), &der);
	if ((e = put_der(b, CKA_SUBJECT, der, len)) != ERR_OK)
		return (e);
	der = NULL;
	len = i2d_X509_NAME(X509_get_issuer_name(x), &der);
	if ((e = put_der(b, CKA_ISSUER, der, len)) != ERR_OK)
		return (e);
	der = NULL;
	len = i2d_ASN1_INTEGER(X509_get_serialNumber(x), &der);
	if ((e = put_der(b, CKA_SERIAL_NUMBER, der, len)) != ERR_OK)
		return (e);
	der = NULL;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	return (put_der(b, CKA_PUBLIC_KEY_INFO, der, len));
}

static enum err
put_date(struct attrset *b, CK_ATTRIBUTE_TYPE type, const ASN1_TIME *at)
{
	char text[sizeof("YYYYMMDD")];
	struct tm tm;

	/* a date that cannot be told is not there */
	if (ASN1_TIME_to_tm(at, &tm) != 1 ||
	    strftime(text, sizeof(text), "%Y%m%d", &tm) != sizeof(CK_DATE))
		return (ERR_OK);
	return (set_attribute(b, type, text, sizeof(CK_DATE)));
}

static enum err
put_rest(struct attrset *b, X509 *x)
{
	enum err e;

	if ((e = put_ulong(b, CKA_CERTIFICATE_TYPE, CKC_X_509)) != ERR_OK ||
	    (e = put_ulong(b, CKA_CERTIFICATE_CATEGORY,
		 X509_check_ca(x) != 0
		     ? CK_CERTIFICATE_CATEGORY_AUTHORITY
		     : CK_CERTIFICATE_CATEGORY_UNSPECIFIED)) != ERR_OK ||
	    (e = put_ulong(b, CKA_NAME_HASH_ALGORITHM, CKM_SHA_1)) != ERR_OK ||
	    (e = put_ulong(b, CKA_JAVA_MIDP_SECURITY_DOMAIN,
		 CK_SECURITY_DOMAIN_UNSPECIFIED)) != ERR_OK ||
	    (e = put_date(b, CKA_START_DATE, X509_get0_notBefore(x))) != ERR_OK)
		return (e);
	return (put_date(b, CKA_END_DATE, X509_get0_notAfter(x)));
}

static enum err
put_hashes(struct call *c, struct attrset *b)
{
	struct view der = attrset_view(b, CKA_VALUE);
	unsigned char hash[32];
	char text[2 * sizeof(hash) + 1];
	size_t n = 0;
	enum err e;

	if (EVP_Q_digest(c->module->crypto->lib, "SHA1", NULL, der.ptr, der.len,
		hash, &n) != 1)
		return (ERR_INTERNAL);
	if ((e = set_attribute(b, CKA_CHECK_VALUE, hash, CHECK_LEN)) !=
		ERR_OK ||
	    !attrset_bool(b, CKA_TOKEN, false))
		return (e);
	if (EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, der.ptr,
		der.len, hash, &n) != 1)
		return (ERR_INTERNAL);
	hex_write(hash, sizeof(hash), text);
	return (set_attribute(b, CKA_UNIQUE_ID, text, 2 * sizeof(hash)));
}

static X509 *
read_der(struct view v)
{
	const unsigned char *at = v.ptr;
	X509 *x = d2i_X509(NULL, &at, (long)v.len);

	if (x != NULL && at != v.ptr + v.len) {
		X509_free(x);
		x = NULL;
	}
	return (x);
}

enum err
x509_set_attrs(struct call *c, struct attrset *b)
{
	X509 *x = read_der(attrset_view(b, CKA_VALUE));
	enum err e;

	if (x == NULL)
		return (ERR_DATA);
	if ((e = put_names(b, x)) == ERR_OK && (e = put_rest(b, x)) == ERR_OK)
		e = put_hashes(c, b);
	X509_free(x);
	return (e);
}

CK_RV
x509_key_hash(struct call *c, const struct attrset *b, struct buf *out)
{
	struct view info = attrset_view(b, CKA_PUBLIC_KEY_INFO);
	const unsigned char *der = info.ptr, *bits = NULL;
	unsigned char hash[20];
	X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &der, (long)info.len);
	size_t n = 0;
	int len = 0;
	bool fine;

	fine = key != NULL &&
	       X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, key) == 1 &&
	       EVP_Q_digest(c->module->crypto->lib, "SHA1", NULL, bits,
		   (size_t)len, hash, &n) == 1;
	X509_PUBKEY_free(key);
	return (fine ? attr_put(c, out, VIEW(hash, n))
		     : call_fail(c, ERR_INTERNAL));
}

CK_RV
x509_common_name(struct call *c, const struct attrset *b, struct buf *out)
{
	struct view v = attrset_view(b, CKA_SUBJECT);
	const unsigned char *der = v.ptr;
	X509_NAME *name = d2i_X509_NAME(NULL, &der, (long)v.len);
	unsigned char *text = NULL;
	int at = -1, len = -1;
	CK_RV rv = CKR_OK;

	if (name != NULL)
		at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	if (at >= 0)
		len = ASN1_STRING_to_UTF8(&text,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len > 0)
		rv = attr_put(c, out, VIEW(text, (size_t)len));
	OPENSSL_free(text);
	X509_NAME_free(name);
	return (rv);
}

static struct view
serial_number(struct view serial)
{
	struct view rest = serial, number;

	return (number_trim(
	    der_take(&rest, DER_INTEGER, &number) && rest.len == 0 ? number
								   : serial));
}

bool
x509_is_same_serial(struct view a, struct view b)
{
	return (view_equal(a, b) ||
		(a.len != 0 && b.len != 0 &&
		    view_equal(serial_number(a), serial_number(b))));
}
