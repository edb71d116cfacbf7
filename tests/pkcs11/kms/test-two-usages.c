/* Programs ask for two usages of one key; KMS gives one. By configuration two
 * KMS keys of the same material make up one object. */
#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "account.h"
#include "p11.h"
#include "cryptoki/cryptoki.h"

static EVP_PKEY *pkey;
static CK_BYTE parts[8][512];
static size_t lens[8];

static void
make_rsa(void)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N,
	    OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	    OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	    OSSL_PKEY_PARAM_RSA_COEFFICIENT1};

	NEED((pkey = EVP_RSA_gen(2048)) != NULL, "an RSA key");
	for (size_t i = 0; i < ELEMS(names); i++) {
		BIGNUM *n = NULL;

		NEED(EVP_PKEY_get_bn_param(pkey, names[i], &n) == 1, "a part");
		lens[i] = (size_t)BN_bn2bin(n, parts[i]);
		BN_free(n);
	}
}

static bool decrypts_only, no_usage; /* bring() */

static CK_RV
bring(const char *label, bool both, CK_OBJECT_HANDLE *h)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_MODULUS,
	    CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2,
	    CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT};
	CK_ATTRIBUTE t[16] = {A(CKA_CLASS, private_class), A(CKA_TOKEN, yes),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_SIGN, yes)};
	CK_ULONG n = 4;

	t[n++] = (CK_ATTRIBUTE)A_BYTES(
	    CKA_LABEL, (void *)(uintptr_t)label, strlen(label));
	if (both)
		t[n++] = (CK_ATTRIBUTE)A(CKA_DECRYPT, yes);
	if (decrypts_only)
		t[3].type = CKA_DECRYPT;
	if (no_usage)
		t[3] = t[--n];
	for (size_t i = 0; i < ELEMS(types); i++)
		t[n++] = (CK_ATTRIBUTE)A_BYTES(types[i], parts[i], lens[i]);
	return (p11->C_CreateObject(rw, t, n, h));
}

static bool
signs(CK_OBJECT_HANDLE h)
{
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE sig[256];
	CK_ULONG n = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	good = p11->C_SignInit(rw, &m, h) == CKR_OK &&
	       p11->C_Sign(rw, parts[0], 32, sig, &n) == CKR_OK &&
	       EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
	       EVP_DigestVerify(ctx, sig, n, parts[0], 32) == 1;
	EVP_MD_CTX_free(ctx);
	return (good);
}

static bool
opens(CK_OBJECT_HANDLE h)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	unsigned char sealed[256];
	size_t len = sizeof(sealed);
	CK_BYTE out[256];
	CK_ULONG n = sizeof(out);
	bool good;

	good = EVP_PKEY_encrypt_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
	       EVP_PKEY_encrypt(
		   ctx, sealed, &len, (const unsigned char *)"hello", 5) == 1 &&
	       p11->C_DecryptInit(rw, &m, h) == CKR_OK &&
	       p11->C_Decrypt(rw, sealed, len, out, &n) == CKR_OK && n == 5 &&
	       memcmp(out, "hello", 5) == 0;
	EVP_PKEY_CTX_free(ctx);
	return (good);
}

static bool
is_yes(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	return (attr_is(h, type, &yes, sizeof(yes)));
}

static size_t
alive(void)
{
	struct account a;

	account_read(&a);
	return (account_in(&a, "Enabled") + account_in(&a, "PendingImport"));
}

static CK_ULONG
private_keys(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class)};
	CK_OBJECT_HANDLE h[16];

	return (find(rw, t, 1, h, ELEMS(h)));
}

static void
use(const char *two_usages)
{
	char line[128];

	p11_stop();
	snprintf(line, sizeof(line), "two-usages = %s", two_usages);
	testenv_config(NULL, line, NULL);
	p11_start();
}

static void
test_prefer(void)
{
	CK_OBJECT_HANDLE h = 0;

	RV(bring("preferred", true, &h), CKR_OK, "two usages");
	OK(is_yes(h, CKA_SIGN) && !is_yes(h, CKA_DECRYPT), "become signing");
	OK(signs(h) && !opens(h), "which works, and the other does not");
	COUNT(alive(), 1, "there is one key");
	use("refuse");
	RV(bring("refused", true, &h), CKR_TEMPLATE_INCONSISTENT,
	    "two usages, refused");
	RV(bring("preferred", false, &h), CKR_OK, "one is fine");
	COUNT(alive(), 1, "nothing came of the other");
}

static void
test_both(void)
{
	CK_OBJECT_HANDLE h = 0, again = 0;

	use("both");
	RV(bring("double", true, &h), CKR_OK, "two usages, both");
	COUNT(alive(), 3, "are two keys");
	OK(is_yes(h, CKA_SIGN) && is_yes(h, CKA_DECRYPT), "and one object");
	OK(signs(h), "that signs");
	OK(opens(h), "and decrypts");
	COUNT(private_keys(), 2, "a listing shows one object more than before");
	RV(bring("double", true, &again), CKR_OK, "brought again");
	COUNT(alive(), 3, "no key is new");
	use("both");
	h = find_label("double", CKO_PRIVATE_KEY);
	OK(signs(h) && opens(h), "another process finds both by the label");
	use("both");
	COUNT(private_keys(), 2, "and another in a listing");
	h = find_label("double", CKO_PRIVATE_KEY);
	OK(signs(h) && opens(h), "both as well");
	use("prefer");
	h = find_label("double", CKO_PRIVATE_KEY);
	OK(signs(h) && !opens(h), "without two-usages = both they are two");
	COUNT(private_keys(), 3, "objects");
}

/* No usage is named: all that KMS has for such a key. */
static void
test_no_usage(void)
{
	CK_OBJECT_HANDLE h = 0;
	size_t before = alive();

	use("both");
	no_usage = true;
	RV(bring("any", false, &h), CKR_OK, "no usage is named");
	COUNT(alive(), before + 2, "that is two keys");
	OK(signs(h) && opens(h), "for both usages");
	RV(bring("any", false, &h), CKR_OK, "brought again");
	COUNT(alive(), before + 2, "no key is new");
	use("both\ndestroy = schedule-deletion");
	RV(p11->C_DestroyObject(rw, find_label("any", private_class)), CKR_OK,
	    "destroyed");
	use("prefer");
	RV(bring("any", false, &h), CKR_OK, "without two-usages = both");
	COUNT(alive(), before + 1, "it is one key");
	use("prefer\ndestroy = schedule-deletion");
	RV(p11->C_DestroyObject(rw, find_label("any", private_class)), CKR_OK,
	    "destroyed");
	no_usage = false;
}

/* Pairs that are generated: KMS makes no two alike. */
static void
test_generated(void)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM rsa = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		     ec = {CKM_EC_KEY_PAIR_GEN, NULL, 0},
		     pkcs1 = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_ATTRIBUTE here[] = {A(CKA_TOKEN, no)};
	CK_OBJECT_HANDLE left[4];
	CK_BYTE sig[256];
	CK_ULONG n = sizeof(sig);
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {A(CKA_TOKEN, yes), A(CKA_MODULUS_BITS, bits)},
		     curve[] = {A(CKA_TOKEN, yes), A(CKA_EC_PARAMS, p256)};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), A(CKA_PRIVATE, no),
	    A(CKA_SIGN, yes), A(CKA_DECRYPT, yes), {CKA_LABEL, "made", 4},
	    {CKA_ID, "\x5a", 1}};
	struct pair_handles h = {0, 0};
	size_t before = alive();

	use("both");
	RV(p11->C_GenerateKeyPair(rw, &rsa, pub, ELEMS(pub), priv, ELEMS(priv),
	       &h.public, &h.private),
	    CKR_OK, "a pair that signs and decrypts");
	COUNT(alive(), before + 2, "is two keys");
	OK(is_yes(h.private, CKA_SIGN) && is_yes(h.private, CKA_DECRYPT) &&
		is_yes(h.public, CKA_VERIFY) && is_yes(h.public, CKA_ENCRYPT),
	    "both halves have both usages");
	OK(is_yes(h.private, CKA_TOKEN) &&
		attr_is_text(h.private, CKA_LABEL, "made") &&
		!is_yes(h.private, CKA_LOCAL),
	    "on the token, under its name, and not made there");
	RV(p11->C_SignInit(rw, &pkcs1, h.private), CKR_OK, "it takes");
	RV(p11->C_Sign(rw, p256, sizeof(p256), sig, &n), CKR_OK, "it signs");
	RV(p11->C_GenerateKeyPair(rw, &rsa, pub, ELEMS(pub), priv, ELEMS(priv),
	       &h.public, &h.private),
	    CKR_ATTRIBUTE_VALUE_INVALID, "its id is taken");
	COUNT(alive(), before + 2, "and nothing is made for another");
	COUNT(find(rw, here, 1, left, ELEMS(left)), 0,
	    "nothing of it stays in this process");
	priv[3].type = CKA_DERIVE;
	priv[4].pValue = "bent";
	priv[5].pValue = "\x5b";
	RV(p11->C_GenerateKeyPair(rw, &ec, curve, ELEMS(curve), priv,
	       ELEMS(priv), &h.public, &h.private),
	    CKR_OK, "one that signs and derives");
	OK(is_yes(h.private, CKA_SIGN) && is_yes(h.private, CKA_DERIVE),
	    "does both");
	priv[3].pValue = &no;
	priv[4].pValue = "sole";
	priv[5].pValue = "\x5c";
	RV(p11->C_GenerateKeyPair(rw, &ec, curve, ELEMS(curve), priv,
	       ELEMS(priv), &h.public, &h.private),
	    CKR_OK, "one that only signs");
	OK(is_yes(h.private, CKA_LOCAL), "is made by KMS");
	COUNT(alive(), before + 5, "as one key");
	use("both\ndestroy = schedule-deletion");
	RV(p11->C_DestroyObject(rw, find_label("made", private_class)), CKR_OK,
	    "away with it");
	RV(p11->C_DestroyObject(rw, find_label("bent", private_class)), CKR_OK,
	    "away with it");
	RV(p11->C_DestroyObject(rw, find_label("sole", private_class)), CKR_OK,
	    "away with it");
	COUNT(alive(), before, "all are gone");
}

static void
test_failure(void)
{
	CK_OBJECT_HANDLE h = 0;

	use("both");
	for (unsigned skip = 0; skip < 2; skip++) {
		control("POST",
		    "/faults?operation=ImportKeyMaterial&skip=%u&fault=error"
		    "&error=AccessDeniedException",
		    skip);
		RV(bring("failed", true, &h), CKR_ACTION_PROHIBITED,
		    "import %u of two fails", skip);
		control("DELETE", "/faults");
		COUNT(alive(), 3, "nothing is left of it");
		RV(bring("failed", true, &h), CKR_OK, "the next try works");
		OK(signs(h) && opens(h), "whole");
		RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed");
		COUNT(find_label("failed", CKO_SECRET_KEY), 0, "it is gone");
		use("both");
		RV(bring("failed", true, &h), CKR_OK, "and brought back");
		OK(signs(h) && opens(h), "both usages");
		control("POST", "/reset");
		use("both\ndestroy = schedule-deletion");
		h = find_label("failed", CKO_PRIVATE_KEY);
		RV(p11->C_DestroyObject(rw, h), CKR_OK, "deleted for good");
		COUNT(alive(), 3, "both keys are");
	}
}

/* KMS schedules the second usage and refuses the first. */
static void
test_refused(void)
{
	CK_OBJECT_HANDLE h = 0;
	size_t others = alive();

	use("both\ndestroy = schedule-deletion");
	RV(bring("refused", true, &h), CKR_OK, "two usages");
	control("POST", "/faults?operation=ScheduleKeyDeletion&skip=1&count=0"
			"&fault=error&error=AccessDeniedException");
	/* more often than one request is repeated */
	control("POST", "/faults?operation=EnableKey&count=4&fault=internal");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "one of them is not deleted");
	control("DELETE", "/faults");
	COUNT(alive(), others + 2, "nor is the other");
	use("both\ndestroy = schedule-deletion");
	h = find_label("refused", CKO_PRIVATE_KEY);
	OK(signs(h) && opens(h), "they are one object as before");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed for good");
	COUNT(alive(), others, "both");
}

/* KMS schedules the second usage, and then answers no more while the first has
 * its names: nothing has happened to it, and so to the second. */
static void
test_unanswered(void)
{
	CK_OBJECT_HANDLE h = 0;
	size_t others = alive();

	use("both\ndestroy = schedule-deletion");
	RV(bring("unanswered", true, &h), CKR_OK, "two usages");
	control("POST", "/faults?operation=DeleteAlias&skip=1&count=0"
			"&fault=internal");
	RV(p11->C_DestroyObject(rw, h), CKR_DEVICE_ERROR,
	    "the names of one cannot be freed");
	control("DELETE", "/faults");
	COUNT(alive(), others + 2, "neither is deleted");
	use("both\ndestroy = schedule-deletion");
	h = find_label("unanswered", CKO_PRIVATE_KEY);
	OK(signs(h) && opens(h), "they are one object as before");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed for good");
	COUNT(alive(), others, "both");
}

/* Somebody says of a key of his own, by description and alias, that it is the
 * second usage of another's: then he could decrypt what is for that one. */
static void
test_planted(void)
{
	struct kms k = account_kms();
	struct account_key victim, planted;
	char text[300];
	CK_OBJECT_HANDLE h = 0;

	use("prefer");
	RV(bring("victim", false, &h), CKR_OK, "a key that signs");
	EVP_PKEY_free(pkey);
	make_rsa();
	decrypts_only = true;
	RV(bring("planted", false, &h), CKR_OK, "another's, which decrypts");
	decrypts_only = false;
	NEED(account_alias("alias/victim", &victim) &&
		 account_alias("alias/planted", &planted),
	    "both are there");
	snprintf(text, sizeof(text), "Keyferry also %s x", victim.id);
	NEED(kms_update_key_description(&k, planted.id, text) == ERR_OK,
	    "its description says whose it is");
	snprintf(text, sizeof(text), "alias/keyferry/also/%s", victim.id);
	NEED(kms_create_alias(&k, text, planted.id) == ERR_OK,
	    "and so does an alias");
	for (int listed = 0; listed < 2; listed++) {
		use("both");
		if (listed)
			(void)private_keys();
		h = find_label("victim", CKO_PUBLIC_KEY);
		OK(h != 0 && is_yes(h, CKA_VERIFY) && !is_yes(h, CKA_ENCRYPT),
		    "nobody encrypts for the victim with it");
		h = find_label("victim", CKO_PRIVATE_KEY);
		OK(is_yes(h, CKA_SIGN) && !is_yes(h, CKA_DECRYPT),
		    "the victim's key signs, and no more");
		OK(find_label("planted", CKO_PRIVATE_KEY) != 0,
		    "the other is an object of its own");
	}
}

/* The same alias at an import pair that is destroyed: the key in use, which was
 * made here, stays. */
static void
test_planted_at_pair(void)
{
	struct kms k = account_kms();
	struct account_key waiting, production;
	struct pair_handles pair;
	char alias[300];

	use("both\nimport = RSA_2048\ndestroy = schedule-deletion");
	pair = pair_make("waiting");
	NEED(account_alias("alias/waiting", &waiting) &&
		 account_alias("alias/planted", &production),
	    "a pair and a key in use");
	snprintf(alias, sizeof(alias), "alias/keyferry/also/%s", waiting.id);
	NEED(kms_create_alias(&k, alias, production.id) == ERR_OK,
	    "an alias calls that the pair's second usage");
	RV(p11->C_DestroyObject(rw, pair.private), CKR_OK,
	    "the pair is destroyed");
	OK(account_alias("alias/planted", &production) &&
		strcmp(production.state, "Enabled") == 0,
	    "the key in use stays");
	OK(account_alias(waiting.id, &waiting) &&
		strcmp(waiting.state, "PendingDeletion") == 0,
	    "the pair goes");
}

int
main(void)
{
	testenv_start();
	make_rsa();
	p11_start();
	test_prefer();
	test_both();
	test_no_usage();
	test_generated();
	test_failure();
	test_refused();
	test_unanswered();
	test_planted();
	test_planted_at_pair();
	p11_stop();
	EVP_PKEY_free(pkey);
	testenv_stop();
	return (tap_done());
}
