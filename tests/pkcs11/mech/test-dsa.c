/* DSA with session keys: published signatures, and OpenSSL on the other side. */
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"
#include "keypair-ref.h"

static struct ffc_key small, large;
static CK_BYTE message[3000], signature[80];
static CK_ULONG signature_len;

static const struct hash {
	CK_MECHANISM_TYPE type;
	const char *name; /* NULL: the hash itself is signed */
} hashes[] = {
    {CKM_DSA, NULL},
    {CKM_DSA_SHA1, "SHA1"},
    {CKM_DSA_SHA224, "SHA224"},
    {CKM_DSA_SHA256, "SHA256"},
    {CKM_DSA_SHA384, "SHA384"},
    {CKM_DSA_SHA512, "SHA512"},
    {CKM_DSA_SHA3_224, "SHA3-224"},
    {CKM_DSA_SHA3_256, "SHA3-256"},
    {CKM_DSA_SHA3_384, "SHA3-384"},
    {CKM_DSA_SHA3_512, "SHA3-512"},
};

static CK_RV
sign(CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type, CK_ULONG len, bool in_parts)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_RV rv = p11->C_SignInit(rw, &m, key);

	signature_len = sizeof(signature);
	if (rv != CKR_OK || !in_parts)
		return (rv != CKR_OK ? rv
				     : p11->C_Sign(rw, message, len, signature,
					   &signature_len));
	rv = p11->C_SignUpdate(rw, message, len / 3);
	if (rv == CKR_OK)
		rv = p11->C_SignUpdate(rw, message + len / 3, len - len / 3);
	return (rv == CKR_OK ? p11->C_SignFinal(rw, signature, &signature_len)
			     : rv);
}

static CK_RV
verify(CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type, void *text, CK_ULONG len)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_RV rv = p11->C_VerifyInit(rw, &m, key);

	return (rv == CKR_OK
		    ? p11->C_Verify(rw, text, len, signature, signature_len)
		    : rv);
}

/* OpenSSL's opinion of the signature; the hash is the message where it has no
 * name. */
static bool
openssl_verifies(EVP_PKEY *k, const char *hash, CK_ULONG len)
{
	DSA_SIG *s = DSA_SIG_new();
	int half = (int)signature_len / 2, n;
	unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = (unsigned int)len;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k, NULL);
	bool good;

	memcpy(digest, message, hash == NULL ? len : 0);
	DSA_SIG_set0(s, BN_bin2bn(signature, half, NULL),
	    BN_bin2bn(signature + half, half, NULL));
	n = i2d_DSA_SIG(s, &der);
	good = n > 0 &&
	       (hash == NULL || EVP_Digest(message, len, digest, &digest_len,
				    EVP_get_digestbyname(hash), NULL) == 1) &&
	       EVP_PKEY_verify_init(ctx) == 1 &&
	       EVP_PKEY_verify(ctx, der, (size_t)n, digest, digest_len) == 1;
	OPENSSL_free(der);
	DSA_SIG_free(s);
	EVP_PKEY_CTX_free(ctx);
	return (good);
}

static void
test_signatures(struct pair_handles p, CK_ULONG len)
{
	EVP_PKEY *k = ffc_key_openssl(p.public);

	for (size_t i = 0; i < 2 * ELEMS(hashes); i++) {
		const struct hash *h = &hashes[i / 2];
		CK_ULONG n = h->name == NULL ? 32 : 2999;

		RV(sign(p.private, h->type, n, i % 2 != 0), CKR_OK,
		    "signed, %s", h->name == NULL ? "a hash" : h->name);
		COUNT(signature_len, len, "r and s, as long as q");
		OK(openssl_verifies(k, h->name, n), "OpenSSL verifies it");
		RV(verify(p.public, h->type, message, n), CKR_OK, "so do we");
		message[0] ^= 1;
		RV(verify(p.public, h->type, message, n), CKR_SIGNATURE_INVALID,
		    "of this message alone");
		message[0] ^= 1;
	}
	EVP_PKEY_free(k);
}

static void
test_known_key(struct ffc_key *k, struct pair_handles *p)
{
	EVP_PKEY *of_public, *of_private;

	NEED(ffc_key_create(k, CKO_PUBLIC_KEY, &p->public) == CKR_OK &&
		 ffc_key_create(k, CKO_PRIVATE_KEY, &p->private) == CKR_OK,
	    "a published pair");
	of_public = ffc_key_openssl(p->public);
	of_private = ffc_key_openssl(p->private);
	OK(EVP_PKEY_is_a(of_public, "DSA") &&
		ffc_key_has(of_public, OSSL_PKEY_PARAM_FFC_P, &k->p) &&
		ffc_key_has(of_public, OSSL_PKEY_PARAM_FFC_Q, &k->q) &&
		ffc_key_has(of_public, OSSL_PKEY_PARAM_FFC_G, &k->g) &&
		ffc_key_has(of_public, OSSL_PKEY_PARAM_PUB_KEY, &k->y),
	    "OpenSSL reads the public half");
	OK(EVP_PKEY_eq(of_public, of_private) == 1,
	    "of the private half the public one is computed");
	OK(attr_is(p->private, CKA_LOCAL, &no, 1) &&
		attr_is(p->private, CKA_ALWAYS_SENSITIVE, &no, 1),
	    "it comes from elsewhere");
	EVP_PKEY_free(of_public);
	EVP_PKEY_free(of_private);
	test_signatures(*p, 2 * k->q.len);
}

/* RFC 6979, sections A.2.1 and A.2.2: the text is "sample". */
static void
test_known_signatures(struct pair_handles a, struct pair_handles b)
{
	const struct {
		CK_OBJECT_HANDLE key;
		CK_MECHANISM_TYPE type;
		const char *digits;
	} rows[] = {
	    {a.public, CKM_DSA_SHA1,
		"2e1a0c2562b2912caaf89186fb0f42001585da55"
		"29efb6b0aff2d7a68eb70ca313022253b9a88df5"},
	    {a.public, CKM_DSA_SHA224,
		"4bc3b686aea70145856814a6f1bb53346f02101e"
		"410697b92295d994d21edd2f4ada85566f6f94c1"},
	    {b.public, CKM_DSA_SHA1,
		"3a1b2dbd7489d6ed7e608fd036c83af396e290dbd602408e8677daabd6e74"
		"45ad26fcba19fa3e3058ffc02ca1596cdbb6e0d20cb37b06054f7e36ded0c"
		"dbbccf"},
	    {b.public, CKM_DSA_SHA256,
		"eace8bdbbe353c432a795d9ec556c6d021f7a03f42c36e9bc87e4ac7932cc"
		"8097081e175455f9247b812b74583e9e94f9ea79bd640dc962533b0680793"
		"a38d53"},
	    {b.public, CKM_DSA_SHA384,
		"b2da945e91858834fd9bf616ebac151edbc4b45d27d0dd4a7f6a22739f45c"
		"00b19048b63d9fd6bca1d9bae3664e1bcb97f7276c306130969f63f38fa83"
		"19021b"},
	    {b.public, CKM_DSA_SHA512,
		"2016ed092dc5fb669b8efb3d1f31a91eecb199879be0cf78f02ba062cb4c9"
		"42ed0c76f84b5f091e141572a639a4fb8c230807eea7d55c8a154a224400a"
		"ff2351"},
	};
	char text[] = "sample";

	for (size_t i = 0; i < ELEMS(rows); i++) {
		signature_len = from_hex(rows[i].digits, signature);
		RV(verify(rows[i].key, rows[i].type, text, 6), CKR_OK,
		    "published signature %zu", i);
		signature[signature_len - 1] ^= 1;
		RV(verify(rows[i].key, rows[i].type, text, 6),
		    CKR_SIGNATURE_INVALID, "and no other");
	}
}

/* r and s lie between 0 and q, and are as long as q. */
static void
test_corners(struct pair_handles p)
{
	static const CK_ULONG lens[] = {0, 1, 19, 20, 21, 27, 28, 29, 31, 32,
	    33, 47, 48, 49, 63, 64, 65, 128};
	CK_BYTE good[80];

	for (size_t i = 0; i < ELEMS(lens); i++) {
		bool fits = lens[i] == 20 || lens[i] == 28 || lens[i] == 32 ||
			    lens[i] == 48 || lens[i] == 64;
		RV(sign(p.private, CKM_DSA, lens[i], false),
		    fits ? CKR_OK : CKR_DATA_LEN_RANGE, "%lu bytes as a hash",
		    lens[i]);
		signature_len = 40;
		RV(verify(p.public, CKM_DSA, message, lens[i]),
		    fits ? CKR_OK : CKR_DATA_LEN_RANGE, "verified");
	}
	NEED(sign(p.private, CKM_DSA_SHA1, 10, false) == CKR_OK, "signed");
	memcpy(good, signature, 40);
	for (CK_ULONG n = 0; n <= 42; n++) {
		signature_len = n;
		RV(verify(p.public, CKM_DSA_SHA1, message, 10),
		    n == 40 ? CKR_OK : CKR_SIGNATURE_LEN_RANGE,
		    "a signature of %lu bytes", n);
	}
	signature_len = 40;
	for (size_t i = 0; i < 6; i++) {
		CK_BYTE *half = signature + (i % 2 == 0 ? 0 : 20);

		memcpy(signature, good, 40);
		memset(half, i < 2 ? 0 : 0xff, 20);
		if (i >= 4)
			memcpy(half, small.q.bytes, 20);
		RV(verify(p.public, CKM_DSA_SHA1, message, 10),
		    CKR_SIGNATURE_INVALID, "a half out of range");
	}
}

static void
test_generate(struct ffc_key *group)
{
	struct pair_handles p;
	struct ffc_key of_public, of_private;
	CK_OBJECT_HANDLE h;
	CK_BYTE value[256];

	NEED(ffc_key_generate(group, CKM_DSA_KEY_PAIR_GEN, NULL, &p) == CKR_OK,
	    "a new pair of %lu bytes", group->p.len);
	ffc_key_read(p.public, &of_public);
	ffc_key_read(p.private, &of_private);
	COUNT(of_public.y.len, group->p.len, "the public value");
	COUNT(of_private.x.len, group->q.len, "the private value");
	OK(memcmp(of_private.p.bytes, group->p.bytes, group->p.len) == 0 &&
		memcmp(of_private.q.bytes, group->q.bytes, group->q.len) == 0 &&
		memcmp(of_private.g.bytes, group->g.bytes, group->g.len) == 0,
	    "of that group");
	COUNT(attr_number(p.private, CKA_KEY_GEN_MECHANISM),
	    CKM_DSA_KEY_PAIR_GEN, "made by it");
	OK(attr_is(p.private, CKA_LOCAL, &yes, 1), "here");
	test_signatures(p, 2 * group->q.len);
	RV(p11->C_CopyObject(rw, p.private, NULL, 0, &h), CKR_OK, "a copy");
	NEED(sign(h, CKM_DSA_SHA256, 10, false) == CKR_OK, "signs");
	RV(verify(p.public, CKM_DSA_SHA256, message, 10), CKR_OK,
	    "as the original");
	RV(ffc_key_generate(group, CKM_DSA_KEY_PAIR_GEN,
	       &(CK_ATTRIBUTE)A(CKA_SENSITIVE, yes), &p),
	    CKR_OK, "a sensitive one");
	COUNT(attr(p.private, CKA_VALUE, value, sizeof(value)),
	    CK_UNAVAILABLE_INFORMATION, "hides its value");
	NEED(sign(p.private, CKM_DSA_SHA256, 10, false) == CKR_OK, "signs");
}

/* One number is wrong; the others are those of the published key. */
static void
test_wrong_numbers(void)
{
	enum { P, Q, G, X, Y };
	static const struct {
		const char *what;
		int which, byte; /* the byte: of which the last, if negative */
		CK_BYTE flip;
		CK_ULONG len; /* what is left of it; 0: all */
		CK_RV rv;
	} rows[] = {
	    {"an even prime", P, -1, 1, 0, CKR_DOMAIN_PARAMS_INVALID},
	    {"another prime", P, 5, 1, 0, CKR_DOMAIN_PARAMS_INVALID},
	    {"a short prime", P, -1, 0, 63, CKR_DOMAIN_PARAMS_INVALID},
	    {"another subprime", Q, 5, 1, 0, CKR_DOMAIN_PARAMS_INVALID},
	    {"a short subprime", Q, -1, 0, 19, CKR_DOMAIN_PARAMS_INVALID},
	    {"another base", G, 5, 1, 0, CKR_DOMAIN_PARAMS_INVALID},
	    {"a private value too long", X, 0, 0xff, 0,
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"a public value out of the group", Y, 5, 1, 0,
		CKR_ATTRIBUTE_VALUE_INVALID},
	};

	for (size_t i = 0; i < ELEMS(rows); i++) {
		struct ffc_key k = small;
		struct number *numbers[] = {&k.p, &k.q, &k.g, &k.x, &k.y};
		struct number *n = numbers[rows[i].which];
		CK_OBJECT_HANDLE h;

		n->bytes[rows[i].byte < 0 ? n->len - 1
					  : (CK_ULONG)rows[i].byte] ^=
		    rows[i].flip;
		if (rows[i].len != 0)
			n->len = rows[i].len;
		if (rows[i].which != X)
			RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), rows[i].rv,
			    "public: %s", rows[i].what);
		if (rows[i].which != Y)
			RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &h), rows[i].rv,
			    "private: %s", rows[i].what);
	}
}

/* The subprime is 3^141, the base of order 3. By that private value each
 * signature of a hash of 0 has an s of 0. */
static void
test_composite_subprime(void)
{
	static const char p[] =
	    "b8db928f3cdce946b3fd602aa16799070bbec1765635efd196e3908163a33d8a"
	    "b08ca37fa2ee997e88d7cbb92f1d30b097fa65f5c921128ead2e21e1890909cb";
	static const char q[] =
	    "b27ddb5e6b78a67bda52df0f5f3b5d29c342079d0f41e34a367ce1d3";
	static const char g[] =
	    "69f88452a3218bd37f77c6c052e1dbcd00937fcc11e925034be8e6920abf2758"
	    "1f7c19ec2797aaab164cec4a2ab7f048d4a863db98bcb79967974ccfbeed1e40";
	static const char x[] =
	    "3b7f491f7928377e9e1b9fafca691f0debc0ad345a6b4bc3677ef5f1";
	struct ffc_key k = {.type = CKK_DSA};
	struct pair_handles pair;

	k.p.len = from_hex(p, k.p.bytes);
	k.q.len = from_hex(q, k.q.bytes);
	k.g.len = from_hex(g, k.g.bytes);
	k.x.len = from_hex(x, k.x.bytes);
	k.y = k.g;
	RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &pair.private),
	    CKR_DOMAIN_PARAMS_INVALID, "a subprime that is none");
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &pair.public),
	    CKR_DOMAIN_PARAMS_INVALID, "of a public key");
	RV(ffc_key_generate(&k, CKM_DSA_KEY_PAIR_GEN, NULL, &pair),
	    CKR_DOMAIN_PARAMS_INVALID, "to generate with");
}

static void
set_small(struct number *n, CK_BYTE value)
{
	n->bytes[0] = value;
	n->len = 1;
}

static void
test_range(void)
{
	struct ffc_key k = small;
	struct pair_handles p;
	CK_OBJECT_HANDLE h;

	for (CK_BYTE i = 0; i < 2; i++) {
		set_small(&k.y, i);
		RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h),
		    CKR_ATTRIBUTE_VALUE_INVALID, "a public value of %d", i);
		set_small(&k.g, i);
		RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &h),
		    CKR_DOMAIN_PARAMS_INVALID, "a base of %d", i);
		RV(ffc_key_generate(&k, CKM_DSA_KEY_PAIR_GEN, NULL, &p),
		    CKR_DOMAIN_PARAMS_INVALID, "to generate with");
		k = small;
	}
	set_small(&k.x, 0);
	RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a private value of 0");
	set_small(&k.x, 1);
	RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &h), CKR_OK, "1 is one");
	k.x = small.q;
	RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "the subprime is none");
	k.x.bytes[19] ^= 1;
	RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &h), CKR_OK, "but for 1 it is");
	k.y = small.p;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "the prime is no public value");
	k.y.bytes[k.y.len - 1] ^= 1;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "nor is it less 1");
	k.y.bytes[k.y.len++] = 1;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "nor a longer one");
	k = small;
	k.q.len = 0;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_DOMAIN_PARAMS_INVALID,
	    "an empty subprime");
	k.y.len = 0;
	k.q = small.q;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "an empty value");
}

/* A prime of a megabyte costs nothing. */
static void
test_huge(void)
{
	static CK_BYTE huge[1024 * 1024];
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE t[FFC_ROWS];
	struct ffc_key k = small;
	CK_ULONG n = ffc_key_template(&k, &class, t);
	CK_OBJECT_HANDLE h;

	memset(huge, 0xff, sizeof(huge));
	for (CK_ULONG i = 2; i < n; i++) {
		CK_ATTRIBUTE was = t[i];

		t[i].pValue = huge;
		t[i].ulValueLen = sizeof(huge);
		RV(p11->C_CreateObject(rw, t, n, &h),
		    t[i].type == CKA_VALUE ? CKR_ATTRIBUTE_VALUE_INVALID
					   : CKR_DOMAIN_PARAMS_INVALID,
		    "attribute 0x%lx is huge", t[i].type);
		t[i] = was;
	}
}

static void
test_wrap(struct ffc_key *k, CK_OBJECT_HANDLE key)
{
	CK_BYTE der[3000];
	const unsigned char *p = der;
	CK_ULONG len = pkcs8_of(key, der, sizeof(der));
	CK_OBJECT_HANDLE h;
	EVP_PKEY *pkey;

	pkey = d2i_AutoPrivateKey_ex(NULL, &p, (long)len, NULL, NULL);
	NEED(pkey != NULL && EVP_PKEY_is_a(pkey, "DSA"), "OpenSSL reads it");
	OK(ffc_key_has(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &k->x) &&
		ffc_key_has(pkey, OSSL_PKEY_PARAM_FFC_Q, &k->q),
	    "it is that key");
	RV(pkcs8_unwrap(CKK_DSA, der, len, &h), CKR_OK, "unwrapped");
	OK(attr_is(h, CKA_VALUE, k->x.bytes, k->x.len) &&
		attr_is(h, CKA_EXTRACTABLE, &yes, 1),
	    "it is that key");
	RV(sign(h, CKM_DSA_SHA1, 10, false), CKR_OK, "and signs");
	RV(pkcs8_unwrap(CKK_EC, der, len, &h), CKR_WRAPPED_KEY_INVALID,
	    "of another type");
	RV(pkcs8_unwrap(CKK_DH, der, len, &h), CKR_WRAPPED_KEY_INVALID,
	    "either");
	for (CK_ULONG i = 1; i < len; i += 1 + len / 40)
		RV(pkcs8_unwrap(CKK_DSA, der, len - i, &h),
		    CKR_WRAPPED_KEY_INVALID, "cut by %lu", i);
	der[len - 1] ^= 1;
	RV(pkcs8_unwrap(CKK_DSA, der, len, &h), CKR_OK, "another key");
	OK(!attr_is(h, CKA_VALUE, k->x.bytes, k->x.len), "is another");
	EVP_PKEY_free(pkey);
}

static void
test_refusals(struct pair_handles p)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[FFC_ROWS + 1], on_token = A(CKA_TOKEN, yes);
	CK_ATTRIBUTE token_pair[] = {A(CKA_TOKEN, yes),
	    A_BYTES(CKA_PRIME, small.p.bytes, small.p.len),
	    A_BYTES(CKA_SUBPRIME, small.q.bytes, small.q.len),
	    A_BYTES(CKA_BASE, small.g.bytes, small.g.len)};
	CK_MECHANISM m = {CKM_DSA_KEY_PAIR_GEN, NULL, 0};
	CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
	CK_BYTE info[1000];
	CK_OBJECT_HANDLE h, g;
	CK_ULONG n, rows;

	RV(p11->C_SignInit(rw, &ecdsa, p.private), CKR_KEY_TYPE_INCONSISTENT,
	    "another mechanism");
	RV(sign(p.public, CKM_DSA, 20, false), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "the public half does not sign");
	RV(p11->C_CopyObject(rw, p.private, &on_token, 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "KMS does not import it");
	n = ffc_key_template(&small, &class, t);
	t[n] = on_token;
	RV(p11->C_CreateObject(rw, t, n + 1, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "nor by value");
	RV(p11->C_GenerateKeyPair(rw, &m, token_pair, 4, token_pair, 1, &h, &g),
	    CKR_ATTRIBUTE_VALUE_INVALID, "nor does it make one");
	for (CK_ULONG i = 1; i < 4; i++) {
		CK_ATTRIBUTE less[3];

		memcpy(less, token_pair + 1, sizeof(less));
		less[i - 1] = less[2];
		RV(p11->C_GenerateKeyPair(rw, &m, less, 2, NULL, 0, &h, &g),
		    CKR_TEMPLATE_INCOMPLETE, "one number is missing");
	}
	n = attr(p.public, CKA_PUBLIC_KEY_INFO, info, sizeof(info));
	class = CKO_PUBLIC_KEY;
	rows = ffc_key_template(&small, &class, t);
	t[rows] = on_token;
	RV(p11->C_CreateObject(rw, t, rows + 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "KMS has no public key of it");
	t[rows] = (CK_ATTRIBUTE)A_BYTES(CKA_PUBLIC_KEY_INFO, info, n);
	RV(p11->C_CreateObject(rw, t, rows + 1, &h), CKR_OK,
	    "with its CKA_PUBLIC_KEY_INFO");
	info[n - 1] ^= 1;
	RV(p11->C_CreateObject(rw, t, rows + 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "not with another's");
}

int
main(void)
{
	struct pair_handles a, b;

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (CK_BYTE)(i * 7);
	testenv_open();
	p11_start();
	ffc_key_1024(&small);
	ffc_key_2048(&large);
	test_known_key(&small, &a);
	test_known_key(&large, &b);
	test_known_signatures(a, b);
	test_corners(a);
	test_generate(&small);
	test_generate(&large);
	test_wrong_numbers();
	test_composite_subprime();
	test_range();
	test_huge();
	test_wrap(&small, a.private);
	test_wrap(&large, b.private);
	test_refusals(a);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
