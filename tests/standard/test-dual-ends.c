/* What goes on after a part for two operations: dual-ends.def, row by row. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

/* How an answer comes about. */
enum way {
	DONE,
	LENGTH_ASKED,
	NO_ROOM,
	NO_PLACE, /* for the length */
	NO_INPUT,
	NO_SESSION,
	NO_CIPHER,
	NO_OTHER,
	AFTER_LENGTH, /* of a single part for the cipher */
	CIPHER_FULL, /* a counter that ends */
	CIPHER_IN_ONE_PART,
	CIPHER_NO_LOGIN, /* of a key with CKA_ALWAYS_AUTHENTICATE */
	OTHER_FULL,
	OTHER_NO_LOGIN
};
/* What goes on. */
enum left { NEITHER, CIPHER, OTHER, BOTH };
enum other { DIGEST, SIGN, VERIFY };

static CK_FUNCTION_LIST_3_2 *list;
static CK_BYTE text[5000], out[5000];
static struct keypair_ref rsa;
static CK_OBJECT_HANDLE aes, asking, asking_rsa;

static const struct function {
	const char *name;
	size_t offset; /* in the list */
	bool decrypts;
	enum other other;
} functions[] = {
#define IS(name, decrypts, other)                                            \
	{                                                                    \
#name, offsetof(CK_FUNCTION_LIST_3_2, name), decrypts, other \
	}
    IS(C_DigestEncryptUpdate, false, DIGEST),
    IS(C_DecryptDigestUpdate, true, DIGEST),
    IS(C_SignEncryptUpdate, false, SIGN),
    IS(C_DecryptVerifyUpdate, true, VERIFY),
};

static const struct row {
	const char *function;
	enum way way;
	CK_RV rv;
	enum left left;
	const char *way_name, *rv_name;
} rows[] = {
#define END(function, way, rv, left) {#function, way, rv, left, #way, #rv},
#include "dual-ends.def"
};

static const struct function *
function_of(const char *name)
{
	for (size_t i = 0; i < ELEMS(functions); i++)
		if (strcmp(functions[i].name, name) == 0)
			return (&functions[i]);
	tap_bail();
}

typedef CK_RV run_part(
    CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);

static CK_RV
call(const struct function *f, CK_SESSION_HANDLE s, CK_BYTE *in,
    CK_ULONG in_len, CK_BYTE *to, CK_ULONG *to_len)
{
	run_part *run;

	memcpy(&run, (const char *)list + f->offset, sizeof(run));
	return (run(s, in, in_len, to, to_len));
}

static CK_RV
init_cipher(const struct function *f, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return (f->decrypts ? list->C_DecryptInit(rw, m, key)
			    : list->C_EncryptInit(rw, m, key));
}

static CK_RV
init_other(const struct function *f, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	switch (f->other) {
	case DIGEST:
		return (list->C_DigestInit(rw, m));
	case SIGN:
		return (list->C_SignInit(rw, m, key));
	default:
		return (list->C_VerifyInit(rw, m, key));
	}
}

static bool
begin_cipher(const struct function *f, enum way way)
{
	CK_AES_CTR_PARAMS counter = {
	    .ulCounterBits = way == CIPHER_FULL ? 8 : 128};
	CK_MECHANISM ctr = {CKM_AES_CTR, &counter, sizeof(counter)},
		     wrap = {CKM_AES_KEY_WRAP, NULL, 0},
		     pkcs = {CKM_RSA_PKCS, NULL, 0};
	CK_ULONG n = 0;

	if (way == NO_CIPHER)
		return (true);
	if (way == CIPHER_NO_LOGIN)
		return (init_cipher(f, &pkcs, asking_rsa) == CKR_OK);
	if (init_cipher(f, way == CIPHER_IN_ONE_PART ? &wrap : &ctr, aes) !=
	    CKR_OK)
		return (false);
	if (way != AFTER_LENGTH)
		return (true);
	return (
	    (f->decrypts ? list->C_Decrypt(rw, text, 16, NULL, &n)
			 : list->C_Encrypt(rw, text, 16, NULL, &n)) == CKR_OK);
}

static bool
begin_other(const struct function *f, enum way way)
{
	CK_MECHANISM m = {f->other == DIGEST	  ? CKM_SHA256
			  : way == OTHER_FULL	  ? CKM_RSA_PKCS
			  : way == OTHER_NO_LOGIN ? CKM_ECDSA_SHA256
						  : CKM_SHA256_RSA_PKCS,
	    NULL, 0};

	return (way == NO_OTHER ||
		init_other(f, &m,
		    way == OTHER_NO_LOGIN ? asking
		    : f->other == VERIFY  ? rsa.public
					  : rsa.private) == CKR_OK);
}

static void
test(const struct row *r)
{
	const struct function *f = function_of(r->function);
	CK_ULONG n = r->way == NO_ROOM ? 0 : sizeof(out);
	bool long_part = r->way == CIPHER_FULL || r->way == OTHER_FULL;
	bool cipher, other;

	if (!OK(begin_cipher(f, r->way) && begin_other(f, r->way),
		"%s, %s: begun", f->name, r->way_name))
		return;
	rv_is(
	    call(f, r->way == NO_SESSION ? 777777 : rw,
		r->way == NO_INPUT ? NULL : text, long_part ? sizeof(text) : 30,
		r->way == LENGTH_ASKED ? NULL : out,
		r->way == NO_PLACE ? NULL : &n),
	    r->rv, r->rv_name, __FILE__, __LINE__, "%s, %s", f->name,
	    r->way_name);
	cipher = init_cipher(f, NULL, 0) == CKR_OK;
	other = init_other(f, NULL, 0) == CKR_OK;
	OK(cipher == ((r->left & CIPHER) != 0), "the cipher %s",
	    cipher ? "goes on" : "ended");
	OK(other == ((r->left & OTHER) != 0), "the other %s",
	    other ? "goes on" : "ended");
}

/* Private keys that ask before each operation. */
static void
make_asking_keys(void)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_ULONG bits = 1024;
	CK_MECHANISM rsa_gen = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		     ec_gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE size = A(CKA_MODULUS_BITS, bits),
		     curve = A(CKA_EC_PARAMS, p256);
	CK_ATTRIBUTE uses[] = {A(CKA_PRIVATE, yes), A(CKA_SIGN, yes),
	    A(CKA_ALWAYS_AUTHENTICATE, yes), A(CKA_DECRYPT, yes)};
	CK_OBJECT_HANDLE unused;

	NEED(list->C_GenerateKeyPair(rw, &rsa_gen, &size, 1, uses, 4, &unused,
		 &asking_rsa) == CKR_OK &&
		 list->C_GenerateKeyPair(rw, &ec_gen, &curve, 1, uses, 3,
		     &unused, &asking) == CKR_OK,
	    "keys with CKA_ALWAYS_AUTHENTICATE");
}

int
main(void)
{
	testenv_open();
	p11_start();
	list = p11_list_3_2();
	rsa = keypair_ref_rsa(2048);
	aes = secret_make(CKK_AES, material(1), 32);
	make_asking_keys();
	for (size_t i = 0; i < ELEMS(rows); i++)
		test(&rows[i]);
	keypair_ref_free(&rsa);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
