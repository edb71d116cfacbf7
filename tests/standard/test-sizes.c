/* What functions with parts say about the room that they need, by each mechanism
 * that encrypts, with keys of the session and in KMS: never nothing for some
 * input, which programs take for "there is no output"; what is too little keeps
 * the operation and the data. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"
#include "mechanisms.h"

#define TEXT_LEN 64
#define ROOM 2048

static CK_BYTE text[TEXT_LEN], sealed[ROOM], clear[ROOM];

/* One direction. */
typedef CK_RV init_fn(CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE);
typedef CK_RV update_fn(
    CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
typedef CK_RV final_fn(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *);
struct direction {
	const char *name;
	init_fn *init;
	update_fn *update;
	final_fn *final;
};

/* How a mechanism is tried. */
struct trial {
	const char *name;
	CK_MECHANISM m;
	CK_OBJECT_HANDLE encrypts, decrypts;
};

/* A part, or the end (in is NULL): its length is asked for, then there is no
 * room, then just as much as was said. Appends to out. */
static bool
step(const struct trial *t, const struct direction *d, CK_BYTE *in,
    CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len)
{
	CK_ULONG asked = 0, n = 0;
	CK_BYTE none[1];
	CK_RV rv = in != NULL ? d->update(rw, in, in_len, NULL, &asked)
			      : d->final(rw, NULL, &asked);

	if (!RV(rv, CKR_OK, "%s, %s of %lu: its length", t->name, d->name,
		in_len))
		return (false);
	if (in != NULL)
		OK(asked != 0, "is not nothing");
	rv = in != NULL ? d->update(rw, in, in_len, none, &n)
			: d->final(rw, none, &n);
	if (rv == CKR_OK && n == 0)
		return (true); /* there was nothing to put out */
	if (!RV(rv, CKR_BUFFER_TOO_SMALL, "no room"))
		return (false);
	OK(n != 0 && n <= asked, "%lu bytes are said, %lu before", n, asked);
	NEED(*out_len + n <= ROOM, "room here");
	rv = in != NULL ? d->update(rw, in, in_len, out + *out_len, &n)
			: d->final(rw, out + *out_len, &n);
	*out_len += n;
	return (RV(rv, CKR_OK, "room enough"));
}

/* In parts of that size. False: the mechanism knows no parts. */
static bool
in_parts(const struct trial *t, const struct direction *d, CK_OBJECT_HANDLE key,
    CK_ULONG part, CK_BYTE *in, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	CK_MECHANISM m = t->m;
	CK_ULONG n = 0;
	CK_RV rv;

	*out_len = 0;
	NEED(d->init(rw, &m, key) == CKR_OK, "%s, %s", t->name, d->name);
	rv = d->update(rw, in, part, NULL, &n);
	if (rv == CKR_FUNCTION_NOT_SUPPORTED) {
		RV(d->update(rw, in, part, NULL, &n),
		    CKR_OPERATION_NOT_INITIALIZED, "%s: one part", t->name);
		return (false);
	}
	for (CK_ULONG at = 0; at < len; at += part)
		if (!step(t, d, in + at, len - at < part ? len - at : part, out,
			out_len))
			return (false);
	return (step(t, d, NULL, 0, out, out_len));
}

/* Raw RSA gives the text behind zeros, as long as the modulus. */
static bool
is_text(const struct trial *t, CK_ULONG n)
{
	CK_ULONG before = t->m.mechanism == CKM_RSA_X_509 ? n - TEXT_LEN : 0;

	return (n >= TEXT_LEN && n == before + TEXT_LEN &&
		memcmp(clear + before, text, TEXT_LEN) == 0);
}

static void
test(const struct trial *t)
{
	static const CK_ULONG parts[] = {1, 15, 16, 17, 1000};
	const struct direction encrypts = {"C_EncryptUpdate",
	    p11->C_EncryptInit, p11->C_EncryptUpdate, p11->C_EncryptFinal};
	const struct direction decrypts = {"C_DecryptUpdate",
	    p11->C_DecryptInit, p11->C_DecryptUpdate, p11->C_DecryptFinal};
	CK_MECHANISM m = t->m;
	CK_ULONG n = ROOM, sealed_len;

	for (size_t i = 0; i < ELEMS(parts); i++) {
		if (!in_parts(t, &encrypts, t->encrypts, parts[i], text,
			TEXT_LEN, sealed, &sealed_len)) {
			(void)p11->C_EncryptInit(rw, NULL, 0);
			return;
		}
		n = ROOM;
		m = t->m;
		RV(decrypt(t->decrypts, &m, sealed, sealed_len, clear, &n),
		    CKR_OK, "%s: what came of parts of %lu", t->name, parts[i]);
		OK(is_text(t, n), "the text");
		if (!in_parts(t, &decrypts, t->decrypts, parts[i], sealed,
			sealed_len, clear, &n)) {
			(void)p11->C_DecryptInit(rw, NULL, 0);
			return;
		}
		OK(is_text(t, n), "%s: the text in parts of %lu", t->name,
		    parts[i]);
	}
}

/* Length queries of a single part, and too little room for it. */
static void
test_single(const struct trial *t)
{
	CK_MECHANISM m = t->m;
	CK_ULONG asked = 0, n = 1, clear_len = ROOM;

	NEED(p11->C_EncryptInit(rw, &m, t->encrypts) == CKR_OK, "%s", t->name);
	RV(p11->C_Encrypt(rw, text, TEXT_LEN, NULL, &asked), CKR_OK,
	    "%s: how long", t->name);
	OK(asked >= TEXT_LEN && asked <= ROOM, "%lu bytes", asked);
	RV(p11->C_Encrypt(rw, text, TEXT_LEN, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "too little");
	n = asked;
	RV(p11->C_Encrypt(rw, text, TEXT_LEN, sealed, &n), CKR_OK, "enough");
	m = t->m;
	NEED(p11->C_DecryptInit(rw, &m, t->decrypts) == CKR_OK, "back");
	RV(p11->C_Decrypt(rw, sealed, n, NULL, &asked), CKR_OK, "how long");
	OK(asked >= TEXT_LEN, "%lu bytes", asked);
	clear_len = 1;
	RV(p11->C_Decrypt(rw, sealed, n, clear, &clear_len),
	    CKR_BUFFER_TOO_SMALL, "too little");
	clear_len = asked;
	RV(p11->C_Decrypt(rw, sealed, n, clear, &clear_len), CKR_OK, "enough");
	OK(is_text(t, clear_len), "the text");
}

/* What a single part says when its length is asked for agrees with what it says
 * when it is done: the code for a length that cannot be, which ends the operation.
 * Who has no input yet is told a length. */
static void
test_lengths_asked(const struct trial *t, const char *name,
    CK_OBJECT_HANDLE key, init_fn *init, update_fn *single, CK_RV refusal)
{
	static const CK_ULONG lens[] = {0, 1, 7, 8, 12, 15, 16, 17, 24, 32, 64,
	    127, 128, 129, 256, 257, 4096, 4097, 6145, 70000};
	static CK_BYTE in[70000], out[80000];

	for (size_t i = 0; i < ELEMS(lens); i++) {
		CK_MECHANISM m = t->m;
		CK_ULONG n = sizeof(out), asked = 0;
		CK_RV done, rv;

		NEED(init(rw, &m, key) == CKR_OK, "%s", t->name);
		done = single(rw, in, lens[i], out, &n);
		NEED(init(rw, &m, key) == CKR_OK, "%s again", t->name);
		rv = single(rw, in, lens[i], NULL, &asked);
		if (done != refusal || lens[i] == 0) {
			RV(rv, CKR_OK, "%s, %s: %lu bytes", t->name, name,
			    lens[i]);
			OK(done != CKR_OK || asked >= n, "%lu, and %lu come",
			    asked, n);
			(void)init(rw, NULL, 0);
			continue;
		}
		rv_is(rv, refusal, "refused", __FILE__, __LINE__,
		    "%s, %s: %lu bytes cannot be", t->name, name, lens[i]);
		RV(single(rw, in, lens[i], NULL, &asked),
		    CKR_OPERATION_NOT_INITIALIZED, "the operation has ended");
	}
}

static void
test_all(const struct trial *t)
{
	test_single(t);
	test(t);
	test_lengths_asked(t, "C_Encrypt", t->encrypts, p11->C_EncryptInit,
	    p11->C_Encrypt, CKR_DATA_LEN_RANGE);
	test_lengths_asked(t, "C_Decrypt", t->decrypts, p11->C_DecryptInit,
	    p11->C_Decrypt, CKR_ENCRYPTED_DATA_LEN_RANGE);
}

static CK_OBJECT_HANDLE
secret_for(const struct row *r)
{
	CK_BYTE value[64];

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (CK_BYTE)(i * i);
	if (strstr(r->name, "XTS") != NULL)
		return (secret_make(CKK_AES_XTS, value, 64));
	if (strstr(r->name, "CHACHA") != NULL)
		return (secret_make(CKK_CHACHA20, value, 32));
	return (secret_make(CKK_AES, value, 32));
}

int
main(void)
{
	struct keypair_ref rsa, kms_rsa;
	struct trial t;
	CK_OBJECT_HANDLE aes;
	CK_MECHANISM_INFO info;

	for (size_t i = 0; i < TEXT_LEN; i++)
		text[i] = (CK_BYTE)(i + 1);
	testenv_start();
	testenv_config(NULL, "aes-cbc-pad = yes", NULL);
	p11_start();
	rsa = keypair_ref_rsa(2048);
	kms_rsa = keypair_ref_kms("RSA_2048", "ENCRYPT_DECRYPT", "rsa");
	aes = key_make(material(1), "aes");
	for (size_t i = 0; i < row_count; i++) {
		const struct row *r = &rows[i];
		bool is_rsa = strncmp(r->name, "CKM_RSA", 7) == 0;

		if (p11->C_GetMechanismInfo(0, r->type, &info) != CKR_OK ||
		    (info.flags & CKF_ENCRYPT) == 0)
			continue;
		t = (struct trial){.name = r->name, .m = mechanism(r)};
		if (r->type == CKM_AES_CCM)
			((struct ck_ccm *)t.m.pParameter)->ulDataLen = TEXT_LEN;
		t.encrypts = is_rsa ? rsa.public : secret_for(r);
		t.decrypts = is_rsa ? rsa.private : t.encrypts;
		test_all(&t);
		t.encrypts = is_rsa ? kms_rsa.public : aes;
		t.decrypts = is_rsa ? kms_rsa.private : aes;
		if (r->type != CKM_AES_GCM && r->type != CKM_AES_CBC_PAD &&
		    r->type != CKM_RSA_PKCS_OAEP)
			continue;
		test_all(&t);
	}
	t = (struct trial){"KMS's own", kms_mechanism, aes, aes};
	test_all(&t);
	keypair_ref_free(&rsa);
	keypair_ref_free(&kms_rsa);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
