#include <stdio.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"
#include "keypair-ref.h"

#define NUMBER_MAX 1024

static CK_KEY_TYPE ec_type = CKK_EC, edwards_type = CKK_EC_EDWARDS;

/* A template whose values are kept beside it. */
struct made {
	struct key_template k;
	CK_BYTE bytes[KEY_TEMPLATE_MAX][NUMBER_MAX];
};

static void
begin(struct made *m, CK_OBJECT_CLASS *class, CK_KEY_TYPE *type)
{
	m->k.count = 0;
	template_add(&m->k, CKA_CLASS, class, sizeof(*class));
	template_add(&m->k, CKA_KEY_TYPE, type, sizeof(*type));
	template_add(&m->k, CKA_TOKEN, &no, sizeof(no));
}

static void
add_bytes(struct made *m, CK_ATTRIBUTE_TYPE type, const void *p, size_t len)
{
	CK_BYTE *to = m->bytes[m->k.count];

	NEED(len <= NUMBER_MAX, "an attribute fits");
	memcpy(to, p, len);
	template_add(&m->k, type, to, len);
}

static void
add_number(
    struct made *m, CK_ATTRIBUTE_TYPE type, const EVP_PKEY *k, const char *name)
{
	CK_BYTE number[NUMBER_MAX];
	BIGNUM *n = NULL;
	int len;

	NEED(EVP_PKEY_get_bn_param(k, name, &n) == 1, "a number of the key");
	len = BN_bn2bin(n, number);
	add_bytes(m, type, number, (size_t)len);
	BN_free(n);
}

static CK_OBJECT_HANDLE
create(struct made *m)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = p11->C_CreateObject(rw, m->k.t, m->k.count, &h);

	if (!RV(rv, CKR_OK, "a session key"))
		tap_bail();
	return (h);
}

static CK_OBJECT_HANDLE
create_rsa(const EVP_PKEY *k, bool private, bool bare)
{
	struct made m;

	begin(&m, private ? &private_class : &public_class, &rsa_type);
	for (size_t i = 0; i < (private ? bare ? 3 : ELEMS(rsa_parts) : 2); i++)
		add_number(&m, rsa_parts[i].type, k, rsa_parts[i].name);
	return (create(&m));
}

/* An OCTET STRING around it. */
static size_t
wrap_point(CK_BYTE *out, const CK_BYTE *point, size_t len)
{
	size_t n = 0;

	out[n++] = 4;
	if (len > 127)
		out[n++] = 0x81;
	out[n++] = (CK_BYTE)len;
	memcpy(out + n, point, len);
	return (n + len);
}

static CK_OBJECT_HANDLE
create_ec(const EVP_PKEY *k, bool private)
{
	CK_BYTE point[300], der[NUMBER_MAX];
	unsigned char *p = NULL;
	char name[64];
	struct made m;
	size_t len;
	int n;

	begin(&m, private ? &private_class : &public_class, &ec_type);
	NEED(EVP_PKEY_get_group_name(k, name, sizeof(name), NULL) == 1,
	    "a curve's name");
	n = i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_sn2nid(name)), &p);
	add_bytes(&m, CKA_EC_PARAMS, p, (size_t)n);
	OPENSSL_free(p);
	if (private)
		add_number(&m, CKA_VALUE, k, OSSL_PKEY_PARAM_PRIV_KEY);
	NEED(EVP_PKEY_get_octet_string_param(
		 k, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) == 1,
	    "a point");
	/* of a private key the point is not asked for: it can be computed */
	if (!private)
		add_bytes(&m, CKA_EC_POINT, der, wrap_point(der, point, len));
	return (create(&m));
}

static CK_OBJECT_HANDLE
create_raw(const EVP_PKEY *k, bool private)
{
	CK_BYTE oid[] = {6, 3, 0x2b, 0x65, 112}, raw[64], der[80];
	size_t len = sizeof(raw);
	struct made m;

	if (EVP_PKEY_is_a(k, "ED448"))
		oid[4] = 113;
	begin(&m, private ? &private_class : &public_class, &edwards_type);
	add_bytes(&m, CKA_EC_PARAMS, oid, sizeof(oid));
	NEED((private ? EVP_PKEY_get_raw_private_key(k, raw, &len)
		      : EVP_PKEY_get_raw_public_key(k, raw, &len)) == 1,
	    "a raw key");
	if (private)
		add_bytes(&m, CKA_VALUE, raw, len);
	else
		add_bytes(&m, CKA_EC_POINT, der, wrap_point(der, raw, len));
	return (create(&m));
}

struct keypair_ref
keypair_ref_rsa(unsigned bits)
{
	struct keypair_ref t = {.pkey = EVP_RSA_gen(bits)};

	NEED(t.pkey != NULL, "an RSA key of %u bits", bits);
	t.private = create_rsa(t.pkey, true, false);
	t.public = create_rsa(t.pkey, false, false);
	return (t);
}

struct keypair_ref
keypair_ref_ec(const char *curve)
{
	struct keypair_ref t = {.pkey = EVP_EC_gen(curve)};

	NEED(t.pkey != NULL, "a key on %s", curve);
	t.private = create_ec(t.pkey, true);
	t.public = create_ec(t.pkey, false);
	return (t);
}

struct keypair_ref
keypair_ref_raw(const char *name)
{
	struct keypair_ref t = {.pkey = EVP_PKEY_Q_keygen(NULL, NULL, name)};

	NEED(t.pkey != NULL, "a key of %s", name);
	t.private = create_raw(t.pkey, true);
	t.public = create_raw(t.pkey, false);
	return (t);
}

CK_OBJECT_HANDLE
keypair_ref_bare(const struct keypair_ref *t)
{
	return (create_rsa(t->pkey, true, true));
}

void
keypair_ref_free(struct keypair_ref *t)
{
	EVP_PKEY_free(t->pkey);
	t->pkey = NULL;
}

struct keypair_ref
keypair_ref_kms(const char *spec, const char *usage, const char *label)
{
	struct kms_create_key_in in = {
	    .spec = spec, .usage = usage, .origin = "AWS_KMS"};
	struct kms k = account_kms();
	struct kms_key meta = KMS_KEY_INIT;
	struct buf info = BUF_INIT(KMS_PUBLIC_KEY_MAX);
	char alias[KMS_ALIAS_SIZE];
	const unsigned char *der;
	struct keypair_ref t = {.pkey = NULL};
	bool pair = strncmp(spec, "HMAC", 4) != 0 &&
		    strcmp(spec, "SYMMETRIC_DEFAULT") != 0;

	snprintf(alias, sizeof(alias), "alias/%s", label);
	NEED(kms_create_key(&k, &in, &meta) == ERR_OK &&
		 kms_create_alias(&k, alias, meta.id) == ERR_OK,
	    "KMS makes a key: %s", spec);
	if (pair) {
		NEED(kms_get_public_key(&k, meta.id, &info) == ERR_OK,
		    "its public half");
		der = info.ptr;
		t.pkey = d2i_PUBKEY(NULL, &der, (long)info.len);
		t.public = find_label(label, CKO_PUBLIC_KEY);
	}
	t.private = find_label(label, pair ? CKO_PRIVATE_KEY : CKO_SECRET_KEY);
	NEED(t.private != CK_INVALID_HANDLE, "the token has it: %s", label);
	buf_free(&info);
	kms_key_free(&meta);
	return (t);
}

CK_OBJECT_HANDLE
secret_make(CK_KEY_TYPE type, const void *value, size_t len)
{
	struct made m;

	begin(&m, &secret_class, &type);
	add_bytes(&m, CKA_VALUE, value, len);
	return (create(&m));
}

static CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};

CK_ULONG
pkcs8_of(CK_OBJECT_HANDLE private, CK_BYTE *der, CK_ULONG room)
{
	CK_OBJECT_HANDLE with = secret_make(CKK_AES, material(1), 32);
	CK_BYTE wrapped[8192];
	CK_ULONG n = sizeof(wrapped);

	RV(p11->C_WrapKey(rw, &kwp, with, private, wrapped, &n), CKR_OK,
	    "wrapped");
	NEED(decrypt(with, &kwp, wrapped, n, der, &room) == CKR_OK,
	    "opened by hand");
	return (room);
}

CK_RV
pkcs8_unwrap(CK_KEY_TYPE type, CK_BYTE *der, CK_ULONG len, CK_OBJECT_HANDLE *h)
{
	CK_OBJECT_HANDLE with = secret_make(CKK_AES, material(1), 32);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, type),
	    A(CKA_SENSITIVE, no)};
	CK_BYTE wrapped[8192];
	CK_ULONG n = sizeof(wrapped);

	NEED(encrypt(with, &kwp, der, len, wrapped, &n) == CKR_OK,
	    "wrapped by hand");
	return (p11->C_UnwrapKey(rw, &kwp, with, wrapped, n, t, ELEMS(t), h));
}
