/* The state of operations, the same for all kinds: what begins, goes on, ends,
 * and what does not fit. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

typedef CK_RV init_fn(CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE);
typedef CK_RV single_fn(
    CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
typedef CK_RV final_fn(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *);

static CK_BYTE in[64], out[512];
static CK_ULONG n;
static struct keypair_ref rsa;
static CK_OBJECT_HANDLE aes, hmac;

/* Updates and Inits that lack an argument of the others. */
static CK_RV
digest_init(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	(void)key;
	return (p11->C_DigestInit(s, m));
}

static CK_RV
digest_update(CK_SESSION_HANDLE s, CK_BYTE *p, CK_ULONG len, CK_BYTE *to,
    CK_ULONG *to_len)
{
	(void)to, (void)to_len;
	return (p11->C_DigestUpdate(s, p, len));
}

static CK_RV
sign_update(CK_SESSION_HANDLE s, CK_BYTE *p, CK_ULONG len, CK_BYTE *to,
    CK_ULONG *to_len)
{
	(void)to, (void)to_len;
	return (p11->C_SignUpdate(s, p, len));
}

struct kind {
	const char *what;
	init_fn *init;
	single_fn *single, *update;
	final_fn *final;
	CK_MECHANISM m;
	const CK_OBJECT_HANDLE *key;
	CK_ULONG whole; /* bytes that 32 bytes in one part give */
	CK_ULONG final_len; /* bytes that Final gives after them */
	bool gives; /* Update takes a place for its result */
};

#define NONE 0

static void
begin(const struct kind *k)
{
	CK_MECHANISM m = k->m;

	if (!RV(k->init(rw, &m, *k->key), CKR_OK, "%s begins", k->what))
		tap_bail();
}

static bool
is_over(const struct kind *k)
{
	n = sizeof(out);
	return (
	    k->single(rw, in, 32, out, &n) == CKR_OPERATION_NOT_INITIALIZED);
}

static void
test_begin(const struct kind *k)
{
	CK_MECHANISM m = k->m, none = {CKM_VENDOR_DEFINED | 0x999, NULL, 0};

	OK(is_over(k), "%s: nothing has begun", k->what);
	n = sizeof(out);
	RV(k->update(rw, in, 32, out, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "nor in parts");
	RV(k->final(rw, out, &n), CKR_OPERATION_NOT_INITIALIZED, "nor its end");
	RV(k->init(rw, NULL, *k->key), CKR_ARGUMENTS_BAD, "no mechanism");
	RV(k->init(rw, &none, *k->key), CKR_MECHANISM_INVALID, "no such");
	if (k->key != NULL && *k->key != NONE)
		RV(k->init(rw, &m, 777777), CKR_KEY_HANDLE_INVALID, "no key");
	begin(k);
	RV(k->init(rw, &m, *k->key), CKR_OPERATION_ACTIVE, "not twice");
	RV(k->init(rw, NULL, NONE), CKR_OK, "no mechanism ends it");
	OK(is_over(k), "it is over");
}

static void
test_single(const struct kind *k)
{
	begin(k);
	n = 0;
	RV(k->single(rw, in, 32, NULL, &n), CKR_OK, "%s: a length", k->what);
	COUNT(n, k->whole, "is right");
	n--;
	memset(out, 0xab, sizeof(out));
	RV(k->single(rw, in, 32, out, &n), CKR_BUFFER_TOO_SMALL,
	    "one byte too little");
	COUNT(n, k->whole, "says how much it takes");
	OK(out[0] == 0xab && out[n - 2] == 0xab, "and writes nothing");
	RV(k->single(rw, in, 32, out, &n), CKR_OK, "just enough");
	COUNT(n, k->whole, "as much as was said");
	OK(out[n] == 0xab, "and no more");
	OK(is_over(k), "it is over");
}

/* A single part that did not fit, and then another Init. */
static void
test_given_up(const struct kind *k)
{
	CK_MECHANISM m = k->m;

	begin(k);
	RV(k->single(rw, in, 32, NULL, &n), CKR_OK, "%s: a length", k->what);
	RV(k->init(rw, &m, *k->key), CKR_OPERATION_ACTIVE,
	    "and another Init: not yet");
	n--;
	RV(k->single(rw, in, 32, out, &n), CKR_BUFFER_TOO_SMALL, "too little");
	begin(k);
	n = sizeof(out);
	RV(k->single(rw, in, 32, out, &n), CKR_OK, "begun anew");
	COUNT(n, k->whole, "it gives all");
	OK(is_over(k), "it is over");
}

/* A single part and parts do not mix. */
static void
test_mix(const struct kind *k)
{
	begin(k);
	n = sizeof(out);
	RV(k->update(rw, in, 16, out, &n), CKR_OK, "%s: a part", k->what);
	n = sizeof(out);
	RV(k->single(rw, in, 32, out, &n), CKR_OPERATION_ACTIVE,
	    "is not all of it");
	n = sizeof(out);
	RV(k->update(rw, in, 16, out, &n), CKR_OK, "another part");
	RV(k->final(rw, NULL, &n), CKR_OK, "the length of the end");
	/* never 0, which PyKCS11 takes for nothing to be done */
	COUNT(n, k->final_len != 0 ? k->final_len : 1, "is right");
	if (k->final_len != 0) {
		n--;
		RV(k->final(rw, out, &n), CKR_BUFFER_TOO_SMALL, "too little");
		COUNT(n, k->final_len, "says how much it takes");
	}
	RV(k->final(rw, out, &n), CKR_OK, "the end");
	COUNT(n, k->final_len, "as long as was said");
	RV(k->final(rw, out, &n), CKR_OPERATION_NOT_INITIALIZED, "over");
	/* the other way */
	begin(k);
	RV(k->single(rw, in, 32, NULL, &n), CKR_OK, "a length");
	n = sizeof(out);
	RV(k->update(rw, in, 16, out, &n), CKR_OPERATION_ACTIVE, "no parts");
	OK(is_over(k), "which ends it");
	begin(k);
	RV(k->single(rw, in, 32, NULL, &n), CKR_OK, "a length");
	n = sizeof(out);
	RV(k->final(rw, out, &n), CKR_OPERATION_ACTIVE, "no end of parts");
	OK(is_over(k), "which ends it");
}

/* Each error ends it. */
static void
test_errors(const struct kind *k)
{
	begin(k);
	RV(k->single(rw, in, 32, out, NULL), CKR_ARGUMENTS_BAD,
	    "%s: no place for a length", k->what);
	OK(is_over(k), "ends it");
	begin(k);
	n = sizeof(out);
	RV(k->single(rw, NULL, 32, out, &n), CKR_ARGUMENTS_BAD, "no input");
	OK(is_over(k), "ends it");
	begin(k);
	n = sizeof(out);
	RV(k->update(rw, NULL, 32, out, &n), CKR_ARGUMENTS_BAD, "no part");
	OK(is_over(k), "ends it");
	if (k->gives) {
		begin(k);
		RV(k->update(rw, in, 32, out, NULL), CKR_ARGUMENTS_BAD,
		    "no place for the part's length");
		OK(is_over(k), "ends it");
	}
	begin(k);
	RV(k->final(rw, out, NULL), CKR_ARGUMENTS_BAD, "no place at the end");
	OK(is_over(k), "ends it");
	/* a wrong session does nothing to it */
	begin(k);
	n = sizeof(out);
	RV(k->single(777777, in, 32, out, &n), CKR_SESSION_HANDLE_INVALID,
	    "another session");
	RV(k->single(rw, in, 32, out, &n), CKR_OK, "does not end it");
}

/* A part of no bytes is a part; none at all is an input as well. */
static void
test_empty(const struct kind *k)
{
	begin(k);
	n = sizeof(out);
	RV(k->update(rw, NULL, 0, out, &n), CKR_OK, "%s: no bytes", k->what);
	n = sizeof(out);
	RV(k->update(rw, in, 0, out, &n), CKR_OK, "twice");
	n = sizeof(out);
	RV(k->update(rw, in, 32, out, &n), CKR_OK, "then some");
	n = sizeof(out);
	RV(k->final(rw, out, &n), CKR_OK, "the end");
	begin(k);
	n = sizeof(out);
	RV(k->final(rw, out, &n), CKR_OK, "the end at once");
	begin(k);
	n = sizeof(out);
	RV(k->single(rw, NULL, 0, out, &n), CKR_OK, "nothing in one part");
}

static void
test_verify(void)
{
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE sig[256];
	CK_ULONG len = sizeof(sig);

	RV(p11->C_Verify(rw, in, 32, sig, len), CKR_OPERATION_NOT_INITIALIZED,
	    "C_Verify: nothing has begun");
	RV(p11->C_SignInit(rw, &m, rsa.private), CKR_OK, "C_SignInit");
	RV(p11->C_VerifyInit(rw, &m, rsa.public), CKR_OK, "and beside it");
	RV(p11->C_Sign(rw, in, 32, sig, &len), CKR_OK, "signed");
	RV(p11->C_VerifyUpdate(rw, in, 10), CKR_OK, "a part");
	RV(p11->C_Verify(rw, in, 32, sig, len), CKR_OPERATION_ACTIVE,
	    "C_Verify does not end parts");
	RV(p11->C_VerifyUpdate(rw, in + 10, 22), CKR_OK, "the rest");
	RV(p11->C_VerifyFinal(rw, sig, len), CKR_OK, "verified");
	RV(p11->C_VerifyFinal(rw, sig, len), CKR_OPERATION_NOT_INITIALIZED,
	    "over");
	RV(p11->C_VerifyInit(rw, &m, rsa.public), CKR_OK, "Init");
	RV(p11->C_Verify(rw, in, 31, sig, len), CKR_SIGNATURE_INVALID, "wrong");
	RV(p11->C_Verify(rw, in, 32, sig, len), CKR_OPERATION_NOT_INITIALIZED,
	    "ends it");
	RV(p11->C_VerifyInit(rw, &m, rsa.public), CKR_OK, "Init");
	RV(p11->C_Verify(rw, in, 32, NULL, len), CKR_ARGUMENTS_BAD, "none");
	RV(p11->C_VerifyFinal(rw, sig, len), CKR_OPERATION_NOT_INITIALIZED,
	    "ends it");
}

/* An operation holds its key: it goes on when the object goes. */
static void
test_key_goes(void)
{
	CK_OBJECT_HANDLE h = secret_make(CKK_AES, material(4), 16);
	CK_MECHANISM m = {CKM_AES_ECB, NULL, 0};

	RV(p11->C_EncryptInit(rw, &m, h), CKR_OK, "C_EncryptInit");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "its key is destroyed");
	n = sizeof(out);
	RV(p11->C_Encrypt(rw, in, 32, out, &n), CKR_OK,
	    "it is done all the same");
	RV(p11->C_EncryptInit(rw, &m, h), CKR_KEY_HANDLE_INVALID,
	    "but not once more");
}

int
main(void)
{
	static const CK_OBJECT_HANDLE no_key = NONE;
	CK_BYTE iv[16] = {0};
	CK_GCM_PARAMS gcm = {.pIv = iv, .ulIvLen = 12, .ulTagBits = 128};

	testenv_start();
	p11_start();
	rsa = keypair_ref_rsa(2048);
	aes = secret_make(CKK_AES, material(1), 32);
	hmac = secret_make(CKK_GENERIC_SECRET, material(2), 32);
	const struct kind kinds[] = {
	    {"C_Digest", digest_init, p11->C_Digest, digest_update,
		p11->C_DigestFinal, {CKM_SHA256, NULL, 0}, &no_key, 32, 32,
		false},
	    {"C_Encrypt, CBC", p11->C_EncryptInit, p11->C_Encrypt,
		p11->C_EncryptUpdate, p11->C_EncryptFinal,
		{CKM_AES_CBC, iv, 16}, &aes, 32, 0, true},
	    {"C_Encrypt, GCM", p11->C_EncryptInit, p11->C_Encrypt,
		p11->C_EncryptUpdate, p11->C_EncryptFinal,
		{CKM_AES_GCM, &gcm, sizeof(gcm)}, &aes, 48, 16, true},
	    {"C_Decrypt, OFB", p11->C_DecryptInit, p11->C_Decrypt,
		p11->C_DecryptUpdate, p11->C_DecryptFinal,
		{CKM_AES_OFB, iv, 16}, &aes, 32, 0, true},
	    {"C_Sign, HMAC", p11->C_SignInit, p11->C_Sign, sign_update,
		p11->C_SignFinal, {CKM_SHA384_HMAC, NULL, 0}, &hmac, 48, 48,
		false},
	    {"C_Sign, RSA", p11->C_SignInit, p11->C_Sign, sign_update,
		p11->C_SignFinal, {CKM_SHA256_RSA_PKCS, NULL, 0}, &rsa.private,
		256, 256, false},
	};
	for (size_t i = 0; i < ELEMS(kinds); i++) {
		test_begin(&kinds[i]);
		test_single(&kinds[i]);
		test_given_up(&kinds[i]);
		test_mix(&kinds[i]);
		test_errors(&kinds[i]);
		test_empty(&kinds[i]);
	}
	test_verify();
	test_key_goes();
	keypair_ref_free(&rsa);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
