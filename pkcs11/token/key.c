#include <stdlib.h>
#include <string.h>
#include "keydata/curve.h"
#include "keydata/hash.h"
#include "key.h"

#define BYTES(...)                                   \
	{                                            \
		(const uint8_t[]){__VA_ARGS__},      \
		    sizeof((uint8_t[]){__VA_ARGS__}) \
	}
#define NONE            \
	{               \
		NULL, 0 \
	}
/* Named curves (RFC 5480); Ed25519 by name, as PKCS#11 3.0 has it first. */
#define P256 BYTES(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7)
#define P384 BYTES(6, 5, 0x2b, 0x81, 4, 0, 34)
#define P521 BYTES(6, 5, 0x2b, 0x81, 4, 0, 35)
#define P256K1 BYTES(6, 5, 0x2b, 0x81, 4, 0, 10)
#define ED25519                                                              \
	BYTES(19, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', \
	    '9')

#define OAEP "RSAES_OAEP_SHA_256"
#define RSA_AES "RSA_AES_KEY_WRAP_SHA_256"
#define SECRET CKO_SECRET_KEY
#define PRIVATE CKO_PRIVATE_KEY

/* clang-format off */
static const struct key_spec specs[] = {
	/* KeySpec, class, type, bits, uses;
	 *   material, wrapping, digest, params */
	{ "SYMMETRIC_DEFAULT", SECRET, CKK_AES, 256, ENCRYPT_DECRYPT,
	    32, 32, OAEP, NULL, NONE },
#define HMAC(n)								\
	{ "HMAC_" #n, SECRET, CKK_GENERIC_SECRET, n,		\
	    GENERATE_VERIFY_MAC,					\
	    n / 8, 128, OAEP, DIGEST_SHA##n, NONE }
	HMAC(224), HMAC(256), HMAC(384), HMAC(512),
#define RSA(n)								\
	{ "RSA_" #n, PRIVATE, CKK_RSA, n, SIGN_VERIFY | ENCRYPT_DECRYPT,	\
	    0, 0, RSA_AES, NULL, NONE }
	RSA(2048), RSA(3072), RSA(4096),
	{ "ECC_NIST_P256", PRIVATE, CKK_EC, 256, SIGN_VERIFY | KEY_AGREEMENT,
	    0, 0, RSA_AES, DIGEST_SHA256, P256 },
	{ "ECC_NIST_P384", PRIVATE, CKK_EC, 384, SIGN_VERIFY | KEY_AGREEMENT,
	    0, 0, RSA_AES, DIGEST_SHA384, P384 },
	{ "ECC_NIST_P521", PRIVATE, CKK_EC, 521, SIGN_VERIFY | KEY_AGREEMENT,
	    0, 0, RSA_AES, DIGEST_SHA512, P521 },
	{ "ECC_SECG_P256K1", PRIVATE, CKK_EC, 256, SIGN_VERIFY,
	    0, 0, RSA_AES, DIGEST_SHA256, P256K1 },
	{ "ECC_NIST_EDWARDS25519", PRIVATE, CKK_EC_EDWARDS, 255, SIGN_VERIFY,
	    0, 0, NULL, NULL, ED25519 },
#define PQ(kms, type, set, usage)					\
	{ kms, PRIVATE, type, set, usage, 0, 0, NULL, NULL, NONE }
	PQ("ML_DSA_44", CKK_ML_DSA, CKP_ML_DSA_44, SIGN_VERIFY),
	PQ("ML_DSA_65", CKK_ML_DSA, CKP_ML_DSA_65, SIGN_VERIFY),
	PQ("ML_DSA_87", CKK_ML_DSA, CKP_ML_DSA_87, SIGN_VERIFY),
	PQ("ML_KEM_512", CKK_ML_KEM, CKP_ML_KEM_512, ENCAPSULATE_DECAPSULATE),
	PQ("ML_KEM_768", CKK_ML_KEM, CKP_ML_KEM_768, ENCAPSULATE_DECAPSULATE),
	PQ("ML_KEM_1024", CKK_ML_KEM, CKP_ML_KEM_1024, ENCAPSULATE_DECAPSULATE),
};

static const struct {
	CK_KEY_TYPE type;
	CK_MECHANISM_TYPE mechanism;
} generators[] = {
	{ CKK_AES, CKM_AES_KEY_GEN },
	{ CKK_GENERIC_SECRET, CKM_GENERIC_SECRET_KEY_GEN },
	{ CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN },
	{ CKK_EC, CKM_EC_KEY_PAIR_GEN },
	{ CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN },
	{ CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN },
	{ CKK_ML_KEM, CKM_ML_KEM_KEY_PAIR_GEN },
};
/* clang-format on */
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const struct key_spec *
key_spec_find(const char *kms)
{
	for (size_t i = 0; i < COUNT(specs); i++)
		if (strcmp(specs[i].kms, kms) == 0)
			return (&specs[i]);
	return (NULL);
}

/* The longest that fits is last: HMAC keys of KMS are never too short. */
const struct key_spec *
key_spec_of_secret(CK_KEY_TYPE type, size_t len, CK_ULONG bits)
{
	const struct key_spec *found = NULL;

	for (size_t i = 0; i < COUNT(specs); i++)
		if (specs[i].class == SECRET && specs[i].type == type &&
		    len >= specs[i].min_len && len <= specs[i].max_len &&
		    (bits == 0 || specs[i].bits == bits))
			found = &specs[i];
	return (found);
}

const struct key_spec *
key_spec_of_hmac(const struct digest *digest)
{
	for (size_t i = 0; i < COUNT(specs); i++)
		if (specs[i].class == SECRET && specs[i].digest == digest)
			return (&specs[i]);
	return (NULL);
}

/* Ed25519 goes by its OID, too: 1.3.101.112. */
static bool
names_curve(const struct key_spec *s, struct view oid)
{
	const struct curve *curve = curve_find(s->type, s->params);

	return (view_equal(curve != NULL ? curve->params : s->params, oid));
}

const struct key_spec *
key_spec_of_pair(CK_KEY_TYPE type, CK_ULONG bits, struct view params)
{
	const struct curve *curve = curve_find(type, params);

	/* one curve has more than one form */
	if (curve != NULL)
		params = curve->params;
	for (size_t i = 0; i < COUNT(specs); i++)
		if (specs[i].class == PRIVATE && specs[i].type == type &&
		    (specs[i].params.len == 0 ? specs[i].bits == bits
					      : names_curve(&specs[i], params)))
			return (&specs[i]);
	return (NULL);
}

CK_MECHANISM_TYPE
key_spec_generator(const struct key_spec *s)
{
	for (size_t i = 0; i < COUNT(generators); i++)
		if (generators[i].type == s->type)
			return (generators[i].mechanism);
	return (CK_UNAVAILABLE_INFORMATION);
}

struct key *
key_new(struct kms_key *meta)
{
	static const struct kms_key empty = KMS_KEY_INIT;
	struct key *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return (NULL);
	k->refs = 1;
	k->spec = key_spec_find(meta->spec);
	k->meta = *meta;
	*meta = empty;
	return (k);
}

struct key *
key_copy(const struct key *from)
{
	struct kms_key meta = from->meta;
	struct key *k = NULL;

	meta.description = (struct buf)BUF_INIT(KMS_DESCRIPTION_SIZE);
	meta.algorithms = (struct buf)BUF_INIT(from->meta.algorithms.max);
	if (buf_append(&meta.description, buf_view(&from->meta.description)) ==
		ERR_OK &&
	    buf_append(&meta.algorithms, buf_view(&from->meta.algorithms)) ==
		ERR_OK)
		k = key_new(&meta);
	if (k != NULL) {
		k->names = from->names;
		k->is_companion = from->is_companion;
		k->by_set = from->by_set;
		k->is_outside = from->is_outside;
		k->has_renewal_pair = from->has_renewal_pair;
		k->companion = from->companion == NULL
				   ? NULL
				   : key_ref(from->companion);
	}
	kms_key_free(&meta);
	return (k);
}

int
key_order(const void *a, const void *b)
{
	const struct key *const *x = a, *const *y = b;

	return (strcmp((*x)->meta.id, (*y)->meta.id));
}

struct key *
key_ref(struct key *k)
{
	__atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
	return (k);
}

void
key_unref(struct key *k)
{
	if (k == NULL || __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	key_unref(k->companion);
	kms_key_free(&k->meta);
	free(k);
}

/* Whether the two have the same key beside them, in the same state. */
static bool
is_same_companion(const struct key *a, const struct key *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (strcmp(a->meta.id, b->meta.id) == 0 &&
		a->meta.state == b->meta.state);
}

bool
key_says_same(const struct key *a, const struct key *b)
{
	return (a->meta.state == b->meta.state &&
		strcmp(a->meta.material_id, b->meta.material_id) == 0 &&
		!(a->meta.deletion < b->meta.deletion) &&
		!(a->meta.deletion > b->meta.deletion) &&
		a->meta.expiration_model == b->meta.expiration_model &&
		!(a->meta.valid_to < b->meta.valid_to) &&
		!(a->meta.valid_to > b->meta.valid_to) &&
		view_equal(buf_view(&a->meta.description),
		    buf_view(&b->meta.description)) &&
		a->names.known == b->names.known &&
		a->names.withheld == b->names.withheld &&
		a->names.labels == b->names.labels &&
		strcmp(a->names.label, b->names.label) == 0 &&
		strcmp(a->names.id, b->names.id) == 0 &&
		a->is_companion == b->is_companion && a->by_set == b->by_set &&
		a->is_outside == b->is_outside &&
		a->has_renewal_pair == b->has_renewal_pair &&
		is_same_companion(a->companion, b->companion));
}

struct key *
key_for_usage(struct key *k, enum key_usage usage)
{
	if (k->meta.usage == usage)
		return (k);
	if (k->companion != NULL && k->companion->meta.usage == usage)
		return (k->companion);
	return (NULL);
}

bool
key_is_imported(const struct key *k)
{
	return (k->meta.origin == KMS_ORIGIN_EXTERNAL);
}

bool
key_is_made_by_kms(const struct key *k)
{
	return (k->meta.origin == KMS_ORIGIN_AWS_KMS ||
		k->meta.origin == KMS_ORIGIN_AWS_CLOUDHSM);
}

bool
key_is_pending_import(const struct key *k)
{
	return (
	    key_is_imported(k) && k->meta.state == KMS_STATE_PENDING_IMPORT);
}

bool
key_has_algorithm(const struct key *k, const char *name, bool prefix)
{
	struct view names = buf_view(&k->meta.algorithms);
	size_t len = strlen(name) + !prefix;
	const char *s;

	while ((s = view_take_string(&names)) != NULL)
		if (strncmp(s, name, len) == 0)
			return (true);
	return (false);
}

bool
key_is_usable(const struct key *k)
{
	return (kms_key_is_usable(&k->meta));
}

bool
key_is_pending_deletion(const struct key *k)
{
	return (kms_key_is_pending_deletion(&k->meta));
}

/* AWS's own keys serve AWS's services alone. */
size_t
key_classes(const struct key *k, bool pair, CK_OBJECT_CLASS classes[2])
{
	if (k->spec == NULL || k->meta.usage == 0 ||
	    k->meta.manager == KMS_MANAGER_AWS)
		return (0);
	classes[0] = pair ? CKO_PUBLIC_KEY : k->spec->class;
	classes[1] = pair ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
	return (classes[0] == CKO_SECRET_KEY ? 1 : 2);
}
