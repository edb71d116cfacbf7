/* Parameters in the forms that programs send: with session keys and with keys
 * in KMS, of every length around the right one, by the rules of old headers and
 * new ones. A parameter that is wrong asks KMS nothing. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/derive-params.h"
#include "keypair-ref.h"
#include "p11.h"

static CK_BYTE iv[16], aad[4], point[67], compressed[35], x_point[34];
static CK_GCM_PARAMS gcm = {.pIv = iv,
    .ulIvLen = 12,
    .ulIvBits = 96,
    .pAAD = aad,
    .ulAADLen = 4,
    .ulTagBits = 128};
static struct ck_ccm ccm = {.ulDataLen = 16,
    .pNonce = iv,
    .ulNonceLen = 12,
    .pAAD = aad,
    .ulAADLen = 4,
    .ulMACLen = 16};
static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_RSA_PKCS_OAEP_PARAMS oaep = {
    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_ECDH1_DERIVE_PARAMS ecdh = {.kdf = CKD_SHA256_KDF,
    .pSharedData = aad,
    .ulSharedDataLen = 4,
    .pPublicData = point,
    .ulPublicDataLen = 67};

enum where { HERE, IN_KMS, WHERE };
static const char *const where_names[] = {"session key", "key in KMS"};

static const struct form {
	const char *name;
	CK_MECHANISM_TYPE type;
	CK_FLAGS flag;
	void *params;
	CK_ULONG len, old_len; /* old_len: of a form that is taken as well */
	bool in_kms;
} forms[] = {
    {"GCM", CKM_AES_GCM, CKF_ENCRYPT, &gcm, sizeof(gcm), sizeof(gcm) - 8, true},
    {"CCM", CKM_AES_CCM, CKF_ENCRYPT, &ccm, sizeof(ccm), 0, false},
    {"PSS", CKM_RSA_PKCS_PSS, CKF_SIGN, &pss, sizeof(pss), 0, true},
    {"PSS with a hash", CKM_SHA256_RSA_PKCS_PSS, CKF_SIGN, &pss, sizeof(pss), 0,
	true},
    {"OAEP", CKM_RSA_PKCS_OAEP, CKF_DECRYPT, &oaep, sizeof(oaep), 0, true},
    {"ECDH", CKM_ECDH1_DERIVE, CKF_DERIVE, &ecdh, sizeof(ecdh), 0, true},
    {"ECDH with cofactor", CKM_ECDH1_COFACTOR_DERIVE, CKF_DERIVE, &ecdh,
	sizeof(ecdh), 0, true},
};
static CK_OBJECT_HANDLE keys[ELEMS(forms)][WHERE], x_key;

static CK_RV
begin(const struct form *f, CK_OBJECT_HANDLE key, void *params, CK_ULONG len)
{
	CK_MECHANISM m = {f->type, params, len};
	CK_ULONG value_len = 16;
	CK_ATTRIBUTE t = A(CKA_VALUE_LEN, value_len);
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	switch (f->flag) {
	case CKF_ENCRYPT:
		if ((rv = p11->C_EncryptInit(rw, &m, key)) == CKR_OK)
			p11->C_EncryptInit(rw, NULL, 0);
		return (rv);
	case CKF_DECRYPT:
		if ((rv = p11->C_DecryptInit(rw, &m, key)) == CKR_OK)
			p11->C_DecryptInit(rw, NULL, 0);
		return (rv);
	case CKF_SIGN:
		if ((rv = p11->C_SignInit(rw, &m, key)) == CKR_OK)
			p11->C_SignInit(rw, NULL, 0);
		return (rv);
	}
	return (p11->C_DeriveKey(rw, &m, key, &t, 1, &h));
}

/* A structure that is longer, shorter, or not there. */
static void
test_lengths(size_t n, enum where w)
{
	const struct form *f = &forms[n];
	const CK_ULONG lens[] = {0, 1, 4, 8, f->len / 2, f->len - 8, f->len - 1,
	    f->len + 1, f->len + 8, 2 * f->len};
	CK_BYTE room[256] = {0};

	NEED(2 * f->len <= sizeof(room), "room");
	memcpy(room, f->params, f->len);
	RV(begin(f, keys[n][w], room, f->len), CKR_OK, "%s with a %s", f->name,
	    where_names[w]);
	calls_clear();
	for (size_t i = 0; i < ELEMS(lens); i++)
		if (lens[i] != f->old_len || lens[i] == 0)
			RV(begin(f, keys[n][w], lens[i] == 0 ? NULL : room,
			       lens[i]),
			    CKR_MECHANISM_PARAM_INVALID,
			    "%s with a %s: %lu bytes instead of %lu", f->name,
			    where_names[w], lens[i], f->len);
	COUNT(calls(NULL), 0, "KMS is asked nothing");
}

/* One member that is changed: at its place, in words. */
static const struct change {
	size_t form;
	const char *name;
	size_t at; /* of the member */
	CK_ULONG value;
	size_t also_at; /* of another; the same: none */
	CK_ULONG also;
	CK_RV here, in_kms;
} changes[] = {
#define AT(type, member) offsetof(type, member)
#define NO CKR_MECHANISM_PARAM_INVALID
#define ONE(type, member, value) AT(type, member), (value), 0, 0
#define TWO(type, a, value, b, also) AT(type, a), (value), AT(type, b), (also)
#define G CK_GCM_PARAMS
    {0, "no vector", ONE(G, pIv, 0), NO, NO},
    /* KMS makes its own: keyferry(7) */
    {0, "a vector of no bytes", ONE(G, ulIvLen, 0), NO, CKR_OK},
    {0, "ulIvBits that nobody set", ONE(G, ulIvBits, 0), CKR_OK, CKR_OK},
    {0, "ulIvBits of another length", ONE(G, ulIvBits, 128), CKR_OK, CKR_OK},
    {0, "additional data of no bytes", ONE(G, ulAADLen, 0), CKR_OK, CKR_OK},
    {0, "none", TWO(G, pAAD, 0, ulAADLen, 0), CKR_OK, CKR_OK},
    {0, "some that are not there", ONE(G, pAAD, 0), NO, NO},
    {0, "more than can be", ONE(G, ulAADLen, ~0UL), NO, NO},
    {0, "a tag of 129 bits", ONE(G, ulTagBits, 129), NO, NO},
    {0, "a tag of 100 bits", ONE(G, ulTagBits, 100), NO, NO},
#define C struct ck_ccm
    {1, "no nonce", ONE(C, pNonce, 0), NO, NO},
    {1, "a nonce of 6 bytes", ONE(C, ulNonceLen, 6), NO, NO},
    {1, "a nonce of 14 bytes", ONE(C, ulNonceLen, 14), NO, NO},
    {1, "additional data of no bytes", ONE(C, ulAADLen, 0), CKR_OK, NO},
    {1, "some that are not there", ONE(C, pAAD, 0), NO, NO},
    {1, "a MAC of 5 bytes", ONE(C, ulMACLen, 5), NO, NO},
    {1, "data without end", ONE(C, ulDataLen, ~0UL), NO, NO},
#define P CK_RSA_PKCS_PSS_PARAMS
    {2, "a hash that is none", ONE(P, hashAlg, CKM_AES_ECB), NO, NO},
    {2, "an MGF that is none", ONE(P, mgf, 0), NO, NO},
    {2, "another MGF", ONE(P, mgf, CKG_MGF1_SHA1), CKR_OK, NO},
    {2, "another salt", ONE(P, sLen, 20), CKR_OK, NO},
    {2, "a salt without end", ONE(P, sLen, ~0UL), NO, NO},
    {3, "another hash than the mechanism's", ONE(P, hashAlg, CKM_SHA384), NO,
	NO},
#define O CK_RSA_PKCS_OAEP_PARAMS
    {4, "no source and no data", ONE(O, source, 0), CKR_OK, CKR_OK},
    {4, "a source of no bytes", ONE(O, pSourceData, (CK_ULONG)aad), CKR_OK,
	CKR_OK},
    {4, "a label", TWO(O, pSourceData, (CK_ULONG)aad, ulSourceDataLen, 4),
	CKR_OK, NO},
    {4, "a label that is not there", ONE(O, ulSourceDataLen, 4), NO, NO},
    {4, "a label without end",
	TWO(O, pSourceData, (CK_ULONG)aad, ulSourceDataLen, ~0UL), NO, NO},
    {4, "another source", ONE(O, source, 2), NO, NO},
    {4, "an MGF that is none", ONE(O, mgf, 77), NO, NO},
#define E CK_ECDH1_DERIVE_PARAMS
    {5, "the point as it is",
	TWO(E, pPublicData, (CK_ULONG)(point + 2), ulPublicDataLen, 65), CKR_OK,
	CKR_OK},
    {5, "compressed",
	TWO(E, pPublicData, (CK_ULONG)(compressed + 2), ulPublicDataLen, 33),
	CKR_OK, CKR_OK},
    {5, "compressed, in DER",
	TWO(E, pPublicData, (CK_ULONG)compressed, ulPublicDataLen, 35), CKR_OK,
	CKR_OK},
    {5, "no point", ONE(E, pPublicData, 0), NO, NO},
    {5, "a point of no bytes", ONE(E, ulPublicDataLen, 0), NO, NO},
    {5, "a point cut short", ONE(E, ulPublicDataLen, 66), NO, NO},
    {5, "a point without end", ONE(E, ulPublicDataLen, ~0UL), NO, NO},
    {5, "no shared data", TWO(E, pSharedData, 0, ulSharedDataLen, 0), CKR_OK,
	CKR_OK},
    {5, "shared data of no bytes", ONE(E, ulSharedDataLen, 0), CKR_OK, CKR_OK},
    {5, "some that is not there", ONE(E, pSharedData, 0), NO, NO},
    {5, "shared data without end", ONE(E, ulSharedDataLen, ~0UL), NO, NO},
    {5, "no function, and shared data", ONE(E, kdf, CKD_NULL), NO, NO},
    {5, "no function and none", TWO(E, kdf, CKD_NULL, ulSharedDataLen, 0),
	CKR_OK, CKR_OK},
    {5, "a function that is none", ONE(E, kdf, 0), NO, NO},
};

static void
test_change(const struct change *change, enum where w)
{
	const struct form *f = &forms[change->form];
	CK_ULONG room[16];

	NEED(f->len <= sizeof(room), "room");
	memcpy(room, f->params, f->len);
	room[change->at / sizeof(room[0])] = change->value;
	if (change->also_at != 0)
		room[change->also_at / sizeof(room[0])] = change->also;
	rv_is(begin(f, keys[change->form][w], room, f->len),
	    w == HERE ? change->here : change->in_kms, "the row's", __FILE__,
	    __LINE__, "%s with a %s: %s", f->name, where_names[w],
	    change->name);
}

/* The points of the other side, in all their forms. */
static void
points_make(void)
{
	EVP_PKEY *p = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY *x = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	size_t len = 0;

	NEED(EVP_PKEY_get_octet_string_param(
		 p, OSSL_PKEY_PARAM_PUB_KEY, point + 2, 65, &len) == 1 &&
		 len == 65 &&
		 EVP_PKEY_get_octet_string_param(
		     x, OSSL_PKEY_PARAM_PUB_KEY, x_point + 2, 32, &len) == 1,
	    "another side");
	point[0] = compressed[0] = x_point[0] = 4;
	point[1] = 65;
	compressed[1] = 33;
	x_point[1] = 32;
	memcpy(compressed + 2, point + 2, 33);
	compressed[2] = 2 + (point[66] & 1);
	EVP_PKEY_free(p);
	EVP_PKEY_free(x);
}

static void
keys_make(void)
{
	struct keypair_ref rsa = keypair_ref_rsa(2048),
			   kms_sign = keypair_ref_kms(
			       "RSA_2048", "SIGN_VERIFY", "signs"),
			   kms_decrypt = keypair_ref_kms(
			       "RSA_2048", "ENCRYPT_DECRYPT", "decrypts"),
			   agrees = keypair_ref_kms(
			       "ECC_NIST_P256", "KEY_AGREEMENT", "agrees");
	CK_OBJECT_HANDLE aes = secret_make(CKK_AES, material(1), 32),
			 kms_aes = key_make(material(2), "aes"),
			 ec = derive_pair(CKM_EC_KEY_PAIR_GEN,
			     "\6\10\x2a\x86\x48\xce\x3d\3\1\7", 10);
	const CK_OBJECT_HANDLE all[ELEMS(forms)][WHERE] = {{aes, kms_aes},
	    {aes, kms_aes}, {rsa.private, kms_sign.private},
	    {rsa.private, kms_sign.private}, {rsa.private, kms_decrypt.private},
	    {ec, agrees.private}, {ec, agrees.private}};

	memcpy(keys, all, sizeof(keys));
	x_key = derive_pair(
	    CKM_EC_MONTGOMERY_KEY_PAIR_GEN, "\6\3\x2b\x65\x6e", 5);
	keypair_ref_free(&rsa);
	keypair_ref_free(&kms_sign);
	keypair_ref_free(&kms_decrypt);
	keypair_ref_free(&agrees);
}

/* X25519 in the form of PKCS#11 3.1, and in that of 3.0. */
static void
test_montgomery(void)
{
	CK_ECDH1_DERIVE_PARAMS p = {
	    .kdf = CKD_NULL, .pPublicData = x_point + 2, .ulPublicDataLen = 32};

	RV(begin(&forms[5], x_key, &p, sizeof(p)), CKR_OK, "32 bytes");
	p.pPublicData = x_point;
	p.ulPublicDataLen = 34;
	RV(begin(&forms[5], x_key, &p, sizeof(p)), CKR_OK, "in DER");
	p.ulPublicDataLen = 33;
	RV(begin(&forms[5], x_key, &p, sizeof(p)), NO, "cut short");
	p.ulPublicDataLen = 31;
	p.pPublicData = x_point + 2;
	RV(begin(&forms[5], x_key, &p, sizeof(p)), NO, "31 bytes");
}

/* PKCS#11 2.30's draft and headers of its time have no ulIvBits. */
static void
test_old_gcm(void)
{
	struct {
		CK_BYTE_PTR pIv;
		CK_ULONG ulIvLen;
		CK_BYTE_PTR pAAD;
		CK_ULONG ulAADLen, ulTagBits;
	} old = {iv, 12, aad, 4, 128};

	for (int w = HERE; w < WHERE; w++) {
		old.ulTagBits = 128;
		RV(begin(&forms[0], keys[0][w], &old, sizeof(old)), CKR_OK,
		    "GCM of old headers with a %s", where_names[w]);
		old.ulTagBits = 12;
		RV(begin(&forms[0], keys[0][w], &old, sizeof(old)), NO,
		    "and a tag of 12 bits");
	}
}

int
main(void)
{
	testenv_start();
	p11_start();
	points_make();
	keys_make();
	for (size_t i = 0; i < ELEMS(forms); i++)
		for (unsigned w = HERE; w < WHERE; w++)
			if (w == HERE || forms[i].in_kms)
				test_lengths(i, (enum where)w);
	for (size_t i = 0; i < ELEMS(changes); i++)
		for (unsigned w = HERE; w < WHERE; w++)
			if (w == HERE || forms[changes[i].form].in_kms)
				test_change(&changes[i], (enum where)w);
	test_old_gcm();
	test_montgomery();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
