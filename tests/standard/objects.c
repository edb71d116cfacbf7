#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "cryptoki/derive-params.h"
#include "ffc-key.h"
#include "objects.h"

bool on_token;

static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_BYTE ed25519[] = {6, 3, 0x2b, 0x65, 0x70};
static CK_BYTE x25519[] = {6, 3, 0x2b, 0x65, 0x6e};
static CK_ULONG len_32 = 32, bits_512 = 512, bits_2048 = 2048;
static CK_CERTIFICATE_TYPE x509 = CKC_X_509;
static struct ffc_key group; /* of RFC 6979, A.2.1 */
static CK_ULONG set_44 = CKP_ML_DSA_44, set_512 = CKP_ML_KEM_512;
/* Of a session one that says nothing, of the token a true one. */
static CK_BYTE nothing[] = {0x30, 0};
static CK_ATTRIBUTE certificates[2][3] = {
    {A(CKA_CERTIFICATE_TYPE, x509), A(CKA_SUBJECT, nothing),
	A(CKA_VALUE, nothing)},
    {A(CKA_CERTIFICATE_TYPE, x509), {CKA_SUBJECT, NULL, 0},
	{CKA_VALUE, NULL, 0}}};
static CK_OBJECT_HANDLE wrapping_key, deriving_key;
static CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};

#define SECRET(type, mechanism, more)                                         \
	{                                                                     \
		"CKO_SECRET_KEY", #type, CKO_SECRET_KEY, type, mechanism,     \
		    {A(CKA_VALUE_LEN, len_32)}, false, IN_SESSION | (more), 0 \
	}
#define PAIR(type, mechanism, size, is_slow, places)                        \
	{"CKO_PUBLIC_KEY", #type, CKO_PUBLIC_KEY, type, mechanism, {size},  \
	    is_slow, places, 0},                                            \
	{                                                                   \
		"CKO_PRIVATE_KEY", #type, CKO_PRIVATE_KEY, type, mechanism, \
		    {size}, is_slow, places, 0                              \
	}
#define BYTES(type, value)                    \
	{                                     \
		type, &(value), sizeof(value) \
	}
#define GENERATED GENERATED_IN_KMS
#define IN_KMS (GENERATED_IN_KMS | IMPORTED_INTO_KMS)
struct kind kinds[] = {
    SECRET(CKK_AES, CKM_AES_KEY_GEN, IN_KMS),
    SECRET(CKK_GENERIC_SECRET, CKM_GENERIC_SECRET_KEY_GEN, IN_KMS),
    SECRET(CKK_HKDF, CKM_HKDF_KEY_GEN, 0),
    SECRET(CKK_SHA256_HMAC, CKM_SHA256_KEY_GEN, IN_KMS),
    PAIR(CKK_EC, CKM_EC_KEY_PAIR_GEN, BYTES(CKA_EC_PARAMS, p256), false,
	IN_SESSION | IN_KMS),
    PAIR(CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN,
	BYTES(CKA_EC_PARAMS, ed25519), false, IN_SESSION | GENERATED),
    PAIR(CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
	BYTES(CKA_EC_PARAMS, x25519), false, IN_SESSION),
    PAIR(CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN, BYTES(CKA_MODULUS_BITS, bits_2048),
	true, IN_SESSION | IN_KMS),
    PAIR(CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN, BYTES(CKA_PARAMETER_SET, set_44),
	false, IN_SESSION | GENERATED),
    PAIR(CKK_ML_KEM, CKM_ML_KEM_KEY_PAIR_GEN, BYTES(CKA_PARAMETER_SET, set_512),
	false, IN_SESSION | GENERATED),
#define DH_GROUP                                     \
	A_BYTES(CKA_PRIME, group.p.bytes, 1024 / 8), \
	    A_BYTES(CKA_BASE, group.g.bytes, 1024 / 8)
#define DSA_GROUP A_BYTES(CKA_SUBPRIME, group.q.bytes, 160 / 8), DH_GROUP
#define GROUP(type, mechanism, ...)                                         \
	{"CKO_PUBLIC_KEY", #type, CKO_PUBLIC_KEY, type, mechanism,          \
	    {__VA_ARGS__}, false, IN_SESSION, 0},                           \
	{                                                                   \
		"CKO_PRIVATE_KEY", #type, CKO_PRIVATE_KEY, type, mechanism, \
		    {__VA_ARGS__}, false, IN_SESSION, 0                     \
	}
    GROUP(CKK_DSA, CKM_DSA_KEY_PAIR_GEN, DSA_GROUP),
    GROUP(CKK_DH, CKM_DH_PKCS_KEY_PAIR_GEN, DH_GROUP),
    {"CKO_DOMAIN_PARAMETERS", "CKK_DSA", CKO_DOMAIN_PARAMETERS, CKK_DSA,
	CKM_DSA_PARAMETER_GEN, {A(CKA_PRIME_BITS, bits_512)}, false, IN_SESSION,
	0},
    {"CKO_DOMAIN_PARAMETERS", "CKK_DH", CKO_DOMAIN_PARAMETERS, CKK_DH,
	CKM_DH_PKCS_PARAMETER_GEN, {A(CKA_PRIME_BITS, bits_2048)}, false,
	IN_SESSION, 0},
    {"CKO_DATA", "-", CKO_DATA, 0, NOT_GENERATED, {{0, NULL, 0}}, false,
	IN_SESSION, 0},
    {"CKO_CERTIFICATE", "CKC_X_509", CKO_CERTIFICATE, 0, NOT_GENERATED,
	{{0, NULL, 0}}, false, IN_SESSION | ON_TOKEN, 0},
};
const size_t kind_count = ELEMS(kinds);

/* The standard's members are not const; nothing is written there. */
static void *
unconst(const void *p)
{
	return ((void *)(uintptr_t)p);
}

bool
row_is_of_type(const struct attribute_row *r, const struct kind *k)
{
	return (strcmp(r->class, k->class) == 0 &&
		strcmp(r->key_type, k->key_type) == 0);
}

bool
kind_is_generated(const struct kind *k)
{
	return (k->generate != NOT_GENERATED);
}

bool
kind_is_key(const struct kind *k)
{
	return (kind_is_generated(k) && k->c != CKO_DOMAIN_PARAMETERS);
}

bool
kind_is_in_openssl(const struct kind *k)
{
	bool is_pq = k->t == CKK_ML_DSA || k->t == CKK_ML_KEM;
	EVP_PKEY *key;

	if (!is_pq || !kind_is_key(k) || k->c == CKO_SECRET_KEY)
		return (true);
	key = EVP_PKEY_Q_keygen(
	    NULL, NULL, k->t == CKK_ML_DSA ? "ML-DSA-44" : "ML-KEM-512");
	EVP_PKEY_free(key);
	return (key != NULL);
}

bool
row_is_of(const struct attribute_row *r, const struct kind *k)
{
	if (strcmp(r->class, "*key") == 0)
		return (kind_is_key(k));
	return (r->class[0] == '*' ||
		(strcmp(r->class, k->class) == 0 &&
		    (strcmp(r->key_type, "*") == 0 || row_is_of_type(r, k))));
}

bool
follows_from_key(CK_ATTRIBUTE_TYPE type)
{
	return (type == CKA_CHECK_VALUE || type == CKA_PUBLIC_KEY_INFO);
}

bool
value_read(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, struct value *v)
{
	v->a = (CK_ATTRIBUTE){type, v->bytes, sizeof(v->bytes)};
	return (p11->C_GetAttributeValue(rw, h, &v->a, 1) == CKR_OK);
}

void
value_other(const struct kind *k, const struct attribute_row *r,
    CK_OBJECT_HANDLE h, struct value *v)
{
	static CK_MECHANISM_TYPE mechanism = CKM_SHA_1;
	static CK_ULONG number = 1;
	static unsigned others;
	char bytes[9] = "20991231";
	const void *p = bytes;
	CK_ULONG len = sizeof(CK_DATE);

	if (r->form == FORM_TEMPLATE) {
		v->inner = (CK_ATTRIBUTE){CKA_LABEL, v->bytes, 1};
		v->a = (CK_ATTRIBUTE){r->type, &v->inner, sizeof(v->inner)};
		return;
	}
	if (value_read(r->form == FORM_BOOL || follows_from_key(r->type)
			   ? h
			   : k->model,
		r->type, v) &&
	    v->a.ulValueLen != 0) {
		if (r->form == FORM_BOOL)
			v->bytes[0] = !v->bytes[0];
		return;
	}
	if (r->form == FORM_BYTES) { /* no two keys in KMS have the same */
		snprintf(bytes, sizeof(bytes), "%08u", ++others);
	} else if (r->form == FORM_MECHANISMS) {
		p = &mechanism;
		len = sizeof(mechanism);
	} else if (r->form == FORM_ULONG) {
		p = &number;
		len = sizeof(number);
	} else if (r->form == FORM_BOOL) {
		p = "\1";
		len = 1;
	}
	memcpy(v->bytes, p, len);
	v->a = (CK_ATTRIBUTE){r->type, v->bytes, len};
}

void
object_template_drop(struct object_template *t, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < t->count; i++)
		if (t->rows[i].type == type) {
			t->rows[i] = t->rows[--t->count];
			return;
		}
}

void
object_template_set(struct object_template *t, const CK_ATTRIBUTE *a)
{
	object_template_drop(t, a->type);
	if (t->count == ELEMS(t->rows))
		tap_bail();
	t->rows[t->count++] = *a;
}

static void
set_kind(const struct kind *k, struct object_template *t)
{
	CK_ATTRIBUTE rows[] = {{CKA_CLASS, unconst(&k->c), sizeof(k->c)},
	    {CKA_KEY_TYPE, unconst(&k->t), sizeof(k->t)}, A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE token = A(CKA_TOKEN, yes);
	size_t count = ELEMS(rows);

	if (!kind_is_generated(k))
		count = 1;
	else if (k->c == CKO_PUBLIC_KEY || !kind_is_key(k) || on_token)
		count = 2;
	t->count = 0;
	t->used = 0;
	for (size_t i = 0; i < count; i++)
		object_template_set(t, &rows[i]);
	if (on_token)
		object_template_set(t, &token);
	for (size_t i = 0; k->c == CKO_CERTIFICATE && i < 3; i++)
		object_template_set(t, &certificates[on_token][i]);
}

void
create_template(
    const struct kind *k, CK_OBJECT_HANDLE from, struct object_template *t)
{
	size_t count;
	const struct attribute_row *rows = attribute_rows(&count);

	set_kind(k, t);
	for (size_t i = 0; i < count; i++)
		if (kind_is_generated(k) && row_is_of_type(&rows[i], k) &&
		    (rows[i].footnotes & NOTE(1)) != 0) {
			struct value *v = &t->values[t->used++];

			if (!value_read(from, rows[i].type, v))
				tap_bail();
			object_template_set(t, &v->a);
		}
}

void
unwrap_template(const struct kind *k, struct object_template *t)
{
	set_kind(k, t);
}

void
derive_template(const struct kind *k, struct object_template *t)
{
	CK_ATTRIBUTE len = A(CKA_VALUE_LEN, len_32);

	set_kind(k, t);
	object_template_set(t, &len);
}

CK_RV
create(const struct object_template *t, CK_OBJECT_HANDLE *h)
{
	return (p11->C_CreateObject(rw, unconst(t->rows), t->count, h));
}

/* The rows, and one more, in place of ours of its type. */
static void
add_row(struct object_template *t, const CK_ATTRIBUTE *more)
{
	if (more != NULL)
		object_template_set(t, more);
}

CK_RV
generate(const struct kind *k, const CK_ATTRIBUTE *more,
    CK_ATTRIBUTE_TYPE without, CK_OBJECT_HANDLE *h)
{
	static unsigned n; /* a label of its own for each */
	char label[7];
	CK_MECHANISM m = {k->generate, NULL, 0};
	CK_ATTRIBUTE seen[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)},
		     kept[] = {A(CKA_TOKEN, yes),
			 A_BYTES(CKA_LABEL, label, sizeof(label) - 1)};
	struct object_template public = {.count = 0}, secret = {.count = 0};
	CK_OBJECT_HANDLE other;

	bool in_one = k->c == CKO_SECRET_KEY || !kind_is_key(k);

	snprintf(label, sizeof(label), "%06u", ++n % 1000000);
	for (size_t i = 0; i < 2 && kind_is_key(k); i++) {
		object_template_set(&secret, on_token ? &kept[i] : &seen[i]);
		if (on_token)
			object_template_set(&public, &kept[i]);
	}
	for (size_t i = 0; i < ELEMS(k->size); i++)
		if (k->size[i].pValue != NULL && k->size[i].type != without)
			object_template_set(
			    in_one ? &secret : &public, &k->size[i]);
	add_row(k->c == CKO_PUBLIC_KEY ? &public : &secret, more);
	if (in_one)
		return (
		    p11->C_GenerateKey(rw, &m, secret.rows, secret.count, h));
	return (p11->C_GenerateKeyPair(rw, &m, public.rows, public.count,
	    secret.rows, secret.count, k->c == CKO_PUBLIC_KEY ? h : &other,
	    k->c == CKO_PUBLIC_KEY ? &other : h));
}

CK_RV
unwrap(
    const struct kind *k, const struct object_template *t, CK_OBJECT_HANDLE *h)
{
	CK_BYTE wrapped[VALUE_ROOM];
	CK_ULONG n = sizeof(wrapped);
	CK_RV rv = p11->C_WrapKey(
	    rw, &kwp, wrapping_key, k->model, wrapped, &n);

	if (rv != CKR_OK)
		tap_bail();
	return (p11->C_UnwrapKey(
	    rw, &kwp, wrapping_key, wrapped, n, unconst(t->rows), t->count, h));
}

/* The model of a class and type, or 0. */
static CK_OBJECT_HANDLE
model(CK_OBJECT_CLASS c, CK_KEY_TYPE t)
{
	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i].c == c && kinds[i].t == t)
			return (kinds[i].model);
	return (CK_INVALID_HANDLE);
}

bool
derive(
    size_t way, const struct object_template *t, CK_OBJECT_HANDLE *h, CK_RV *rv)
{
	static CK_BYTE ciphertext[768]; /* of ML-KEM-512, once made */
	struct hkdf_params hkdf = {CK_TRUE, CK_TRUE, CKM_SHA256,
	    1 /* no salt */, NULL, 0, CK_INVALID_HANDLE, NULL, 0};
	CK_MECHANISM derives = {CKM_HKDF_DERIVE, &hkdf, sizeof(hkdf)},
		     kem = {CKM_ML_KEM, NULL, 0};
	CK_OBJECT_HANDLE public = model(CKO_PUBLIC_KEY, CKK_ML_KEM);
	CK_ULONG n = sizeof(ciphertext);

	*h = CK_INVALID_HANDLE;
	if (way == 0)
		*rv = p11->C_DeriveKey(
		    rw, &derives, deriving_key, unconst(t->rows), t->count, h);
	else if (public == CK_INVALID_HANDLE)
		return (false);
	else if (way == 1)
		*rv = p11_list_3_2()->C_EncapsulateKey(rw, &kem, public,
		    unconst(t->rows), t->count, ciphertext, &n, h);
	else
		*rv = p11_list_3_2()->C_DecapsulateKey(rw, &kem,
		    model(CKO_PRIVATE_KEY, CKK_ML_KEM), unconst(t->rows),
		    t->count, ciphertext, n, h);
	return (true);
}

/* One that its own key signed. */
static void
certificate_make(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	unsigned char *der = NULL, *name = NULL;

	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)"a name", -1, -1, 0);
	X509_set_issuer_name(x, subject);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 77);
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20250203040506Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20560708091011Z");
	X509_set_pubkey(x, key);
	NEED(X509_sign(x, key, EVP_sha256()) > 0, "a certificate");
	certificates[1][1].ulValueLen = (CK_ULONG)i2d_X509_NAME(subject, &name);
	certificates[1][1].pValue = name;
	certificates[1][2].ulValueLen = (CK_ULONG)i2d_X509(x, &der);
	certificates[1][2].pValue = der;
	X509_free(x);
	EVP_PKEY_free(key);
}

void
kinds_end(void)
{
	OPENSSL_free(certificates[1][1].pValue);
	OPENSSL_free(certificates[1][2].pValue);
}

void
kinds_begin(void)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0},
		     base = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len_32), A(CKA_DERIVE, yes)};

	NEED(p11->C_GenerateKey(rw, &m, t, 1, &wrapping_key) == CKR_OK,
	    "a wrapping key");
	NEED(p11->C_GenerateKey(rw, &base, t, 2, &deriving_key) == CKR_OK,
	    "a key to derive from");
	certificate_make();
	ffc_key_1024(&group);
	for (size_t i = 0; i < kind_count; i++) {
		struct kind *k = &kinds[i];
		struct object_template plain;

		if (!kind_is_in_openssl(k))
			k->places &= ~IN_SESSION;
		if ((k->places & IN_SESSION) == 0)
			continue;
		set_kind(k, &plain);
		NEED((kind_is_generated(k)
			     ? generate(k, NULL, CK_UNAVAILABLE_INFORMATION,
				   &k->model)
			     : create(&plain, &k->model)) == CKR_OK,
		    "a model of %s %s", k->class, k->key_type);
	}
}
