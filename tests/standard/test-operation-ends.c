/* What ends an operation, and what does not: operation-ends.def, row by row. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "ends.h"
#include "keypair-ref.h"

enum kind {
	ENCRYPT,
	DECRYPT,
	DIGEST,
	SIGN,
	SIGN_RECOVER,
	VERIFY,
	VERIFY_RECOVER,
	VERIFY_SIGNATURE
};
enum role { SINGLE_PART, PART, LAST_PART };

/* How an answer comes about. */
enum way {
	DONE,
	LENGTH_ASKED,
	NO_ROOM,
	NO_PLACE, /* for the length, or no signature */
	NO_INPUT,
	NOT_BEGUN,
	NO_SESSION,
	AFTER_PART, /* a single part that comes after another */
	AFTER_LENGTH, /* a part after the length of a single part */
	ONE_PART_ONLY, /* the mechanism knows no parts */
	WRONG_LENGTH,
	WRONG_LENGTH_ASKED, /* the length of what cannot be */
	WRONG_DATA,
	WRONG_SIGNATURE,
	SHORT_SIGNATURE,
	NO_KEY,
	PRIVATE_KEY,
	NO_LOGIN, /* of a key with CKA_ALWAYS_AUTHENTICATE */
	KEY_DISABLED, /* in KMS, after Init */
	KMS_FAILS
};
enum effect { ENDS, GOES_ON };

/* All that a call can have, and what it begins with. */
struct trial {
	CK_MECHANISM m;
	CK_OBJECT_HANDLE key, digested;
	CK_SESSION_HANDLE session;
	CK_BYTE *in, *signature, *out;
	CK_ULONG in_len, signature_len, out_len, *out_len_ptr;
	CK_ULONG before; /* bytes of an Update before the last part */
};

static CK_FUNCTION_LIST_3_2 *list;
static CK_BYTE iv[16], text[5000], sealed[64], sealed_by_kms[512], garbage[256],
    signature[256], out[5000];
static CK_ULONG sealed_len = sizeof(sealed),
		sealed_by_kms_len = sizeof(sealed_by_kms);
static struct keypair_ref rsa, ec_in_kms;
static CK_OBJECT_HANDLE aes, aes_in_kms, asking_rsa, asking_ec;

static CK_RV
begin(enum kind kind, const struct trial *t)
{
	CK_MECHANISM m = t->m;

	switch (kind) {
	case ENCRYPT:
		return (list->C_EncryptInit(rw, &m, t->key));
	case DECRYPT:
		return (list->C_DecryptInit(rw, &m, t->key));
	case DIGEST:
		return (list->C_DigestInit(rw, &m));
	case SIGN:
		return (list->C_SignInit(rw, &m, t->key));
	case SIGN_RECOVER:
		return (list->C_SignRecoverInit(rw, &m, t->key));
	case VERIFY:
		return (list->C_VerifyInit(rw, &m, t->key));
	case VERIFY_RECOVER:
		return (list->C_VerifyRecoverInit(rw, &m, t->key));
	default:
		return (list->C_VerifySignatureInit(
		    rw, &m, t->key, t->signature, t->signature_len));
	}
}

/* Whether an operation is under way; none is any more. */
static bool
is_active(enum kind kind)
{
	switch (kind) {
	case ENCRYPT:
		return (list->C_EncryptInit(rw, NULL, 0) == CKR_OK);
	case DECRYPT:
		return (list->C_DecryptInit(rw, NULL, 0) == CKR_OK);
	case DIGEST:
		return (list->C_DigestInit(rw, NULL) == CKR_OK);
	case SIGN:
		return (list->C_SignInit(rw, NULL, 0) == CKR_OK);
	case SIGN_RECOVER:
		return (list->C_SignRecoverInit(rw, NULL, 0) == CKR_OK);
	case VERIFY:
		return (list->C_VerifyInit(rw, NULL, 0) == CKR_OK);
	case VERIFY_RECOVER:
		return (list->C_VerifyRecoverInit(rw, NULL, 0) == CKR_OK);
	default:
		return (list->C_VerifySignatureInit(rw, NULL, 0, NULL, 0) ==
			CKR_OK);
	}
}

/* clang-format off */
#define FUNCTION(name, args)						\
	static CK_RV call_##name(const struct trial *t)			\
	{ return (list->name args); }
#define INPUT t->session, t->in, t->in_len
FUNCTION(C_Encrypt, (INPUT, t->out, t->out_len_ptr))
FUNCTION(C_EncryptUpdate, (INPUT, t->out, t->out_len_ptr))
FUNCTION(C_EncryptFinal, (t->session, t->out, t->out_len_ptr))
FUNCTION(C_Decrypt, (INPUT, t->out, t->out_len_ptr))
FUNCTION(C_DecryptUpdate, (INPUT, t->out, t->out_len_ptr))
FUNCTION(C_DecryptFinal, (t->session, t->out, t->out_len_ptr))
FUNCTION(C_Digest, (INPUT, t->out, t->out_len_ptr))
FUNCTION(C_DigestUpdate, (INPUT))
FUNCTION(C_DigestKey, (t->session, t->digested))
FUNCTION(C_DigestFinal, (t->session, t->out, t->out_len_ptr))
FUNCTION(C_Sign, (INPUT, t->out, t->out_len_ptr))
FUNCTION(C_SignUpdate, (INPUT))
FUNCTION(C_SignFinal, (t->session, t->out, t->out_len_ptr))
FUNCTION(C_SignRecover, (INPUT, t->out, t->out_len_ptr))
FUNCTION(C_Verify, (INPUT, t->signature, t->signature_len))
FUNCTION(C_VerifyUpdate, (INPUT))
FUNCTION(C_VerifyFinal, (t->session, t->signature, t->signature_len))
FUNCTION(C_VerifyRecover,
    (t->session, t->signature, t->signature_len, t->out, t->out_len_ptr))
FUNCTION(C_VerifySignature, (INPUT))
FUNCTION(C_VerifySignatureUpdate, (INPUT))
FUNCTION(C_VerifySignatureFinal, (t->session))

static const struct function {
	const char *name;
	CK_RV (*call)(const struct trial *);
	enum kind kind;
	enum role role;
} functions[] = {
#define IS(name, kind, role) { #name, call_##name, kind, role }
	IS(C_Encrypt, ENCRYPT, SINGLE_PART), IS(C_EncryptUpdate, ENCRYPT, PART),
	IS(C_EncryptFinal, ENCRYPT, LAST_PART),
	IS(C_Decrypt, DECRYPT, SINGLE_PART), IS(C_DecryptUpdate, DECRYPT, PART),
	IS(C_DecryptFinal, DECRYPT, LAST_PART),
	IS(C_Digest, DIGEST, SINGLE_PART), IS(C_DigestUpdate, DIGEST, PART),
	IS(C_DigestKey, DIGEST, PART), IS(C_DigestFinal, DIGEST, LAST_PART),
	IS(C_Sign, SIGN, SINGLE_PART), IS(C_SignUpdate, SIGN, PART),
	IS(C_SignFinal, SIGN, LAST_PART),
	IS(C_SignRecover, SIGN_RECOVER, SINGLE_PART),
	IS(C_Verify, VERIFY, SINGLE_PART), IS(C_VerifyUpdate, VERIFY, PART),
	IS(C_VerifyFinal, VERIFY, LAST_PART),
	IS(C_VerifyRecover, VERIFY_RECOVER, SINGLE_PART),
	IS(C_VerifySignature, VERIFY_SIGNATURE, SINGLE_PART),
	IS(C_VerifySignatureUpdate, VERIFY_SIGNATURE, PART),
	IS(C_VerifySignatureFinal, VERIFY_SIGNATURE, LAST_PART),
};

static const struct row {
	const char *function;
	enum way way;
	CK_RV rv;
	enum effect effect;
	const char *way_name, *rv_name;
} rows[] = {
#define END(function, way, rv, effect)					\
	{ #function, way, rv, effect, #way, #rv },
#define NEVER(function, rv)
#include "operation-ends.def"
#undef END
#undef NEVER
};
/* clang-format on */

/* What a program does that has no trouble. */
static void
set_good(struct trial *t, enum kind kind)
{
	*t = (struct trial){.session = rw,
	    .digested = aes,
	    .in = text,
	    .in_len = 30,
	    .signature = signature,
	    .signature_len = sizeof(signature),
	    .out = out,
	    .out_len = sizeof(out)};
	t->m = (CK_MECHANISM){CKM_SHA256_RSA_PKCS, NULL, 0};
	t->key = rsa.public;
	switch (kind) {
	case DECRYPT:
		t->in = sealed;
		t->in_len = sealed_len;
		/* fallthrough */
	case ENCRYPT:
		t->m = (CK_MECHANISM){CKM_AES_CBC_PAD, iv, sizeof(iv)};
		t->key = aes;
		break;
	case DIGEST:
		t->m.mechanism = CKM_SHA256;
		break;
	case SIGN_RECOVER:
		t->m.mechanism = CKM_RSA_PKCS;
		/* fallthrough */
	case SIGN:
		t->key = rsa.private;
		break;
	case VERIFY_RECOVER:
		t->m.mechanism = CKM_RSA_PKCS;
		break;
	default:
		break;
	}
	t->before = t->in_len;
}

static void
set_wrong_length(struct trial *t, const struct function *f)
{
	/* which counts 256 blocks */
	static CK_AES_CTR_PARAMS ctr = {.ulCounterBits = 8};

	t->m.mechanism = CKM_RSA_PKCS;
	switch (f->kind) {
	case ENCRYPT:
	case DECRYPT:
		t->m.mechanism = CKM_AES_CBC;
		t->in_len = t->before = 15;
		if (f->role != PART)
			return;
		t->m = (CK_MECHANISM){CKM_AES_CTR, &ctr, sizeof(ctr)};
		t->in = text;
		t->in_len = 257 * 16;
		return;
	default:
		t->in_len = f->role == PART ? sizeof(text) : 300;
		t->before = 300;
	}
}

static void
set_wrong_data(struct trial *t, enum kind kind)
{
	t->in = garbage;
	if (kind == DECRYPT)
		return;
	/* a number that is not below the modulus */
	t->m.mechanism = CKM_RSA_X_509;
	t->m.pParameter = NULL;
	t->m.ulParameterLen = 0;
	t->key = kind == ENCRYPT ? rsa.public : rsa.private;
	t->in_len = sizeof(garbage);
}

static void
set_key_in_kms(struct trial *t, enum kind kind, const char *exception)
{
	char body[80];

	t->m = kind == SIGN ? (CK_MECHANISM){CKM_ECDSA_SHA256, NULL, 0}
			    : kms_mechanism;
	t->key = kind == SIGN ? ec_in_kms.private : aes_in_kms;
	if (kind == DECRYPT) {
		t->in = sealed_by_kms;
		t->in_len = sealed_by_kms_len;
	}
	snprintf(body, sizeof(body), "{\"__type\":\"%s\"}", exception);
	replace_replies(kind == SIGN	  ? "Sign"
			: kind == ENCRYPT ? "Encrypt"
					  : "Decrypt",
	    400, body);
}

static void
set(struct trial *t, const struct function *f, enum way way)
{
	set_good(t, f->kind);
	t->out_len_ptr = &t->out_len;
	switch (way) {
	case LENGTH_ASKED:
		t->out = NULL;
		break;
	case NO_ROOM:
		t->out_len = 0;
		break;
	case NO_PLACE:
		t->out_len_ptr = NULL;
		t->signature = NULL;
		break;
	case NO_INPUT:
		t->in = NULL;
		if (f->kind == VERIFY_RECOVER)
			t->signature = NULL;
		break;
	case NO_SESSION:
		t->session = 777777;
		break;
	case ONE_PART_ONLY:
		t->m = (CK_MECHANISM){CKM_AES_KEY_WRAP, NULL, 0};
		break;
	case WRONG_LENGTH_ASKED:
		t->out = NULL;
		set_wrong_length(t, f);
		break;
	case WRONG_LENGTH:
		set_wrong_length(t, f);
		break;
	case WRONG_DATA:
		set_wrong_data(t, f->kind);
		break;
	case WRONG_SIGNATURE:
		t->signature = garbage;
		break;
	case SHORT_SIGNATURE:
		t->signature_len--;
		break;
	case NO_KEY:
		t->digested = 777777;
		break;
	case PRIVATE_KEY:
		t->digested = rsa.private;
		break;
	case NO_LOGIN:
		t->m.mechanism = f->kind == SIGN ? CKM_ECDSA_SHA256
						 : CKM_RSA_PKCS;
		t->m.pParameter = NULL;
		t->m.ulParameterLen = 0;
		t->key = f->kind == SIGN ? asking_ec : asking_rsa;
		t->before = 0;
		break;
	case KEY_DISABLED:
		set_key_in_kms(t, f->kind, "DisabledException");
		break;
	case KMS_FAILS:
		set_key_in_kms(t, f->kind, "SomeException");
		break;
	default:
		break;
	}
}

static const struct function *
function_of(const char *name, enum kind kind, enum role role)
{
	for (size_t i = 0; i < ELEMS(functions); i++)
		if (name != NULL ? strcmp(functions[i].name, name) == 0
				 : functions[i].kind == kind &&
				       functions[i].role == role)
			return (&functions[i]);
	printf("# no such function: %s\n", name != NULL ? name : "-");
	tap_bail();
}

/* What comes before the call. */
static bool
prepare(const struct trial *t, const struct function *f, enum way way)
{
	struct trial before = *t;
	CK_ULONG n = sizeof(out);

	if (way == NOT_BEGUN)
		return (true);
	if (begin(f->kind, t) != CKR_OK)
		return (false);
	before.session = rw;
	before.out = out;
	before.out_len_ptr = &n;
	before.signature = signature;
	if (way == AFTER_LENGTH) {
		before.out = NULL;
		return (
		    function_of(NULL, f->kind, SINGLE_PART)->call(&before) ==
		    CKR_OK);
	}
	if (way == AFTER_PART || (f->role == LAST_PART && t->before != 0)) {
		before.in_len = t->before;
		return (
		    function_of(NULL, f->kind, PART)->call(&before) == CKR_OK);
	}
	return (true);
}

static void
test(const struct row *r)
{
	const struct function *f = function_of(r->function, 0, 0);
	struct trial t;

	set(&t, f, r->way);
	if (OK(prepare(&t, f, r->way), "%s, %s: begun", f->name, r->way_name)) {
		rv_is(f->call(&t), r->rv, r->rv_name, __FILE__, __LINE__,
		    "%s, %s", f->name, r->way_name);
		OK(is_active(f->kind) == (r->effect == GOES_ON), "%s it",
		    r->effect == GOES_ON ? "does not end" : "ends");
	}
	is_active(f->kind);
	if (r->way == KEY_DISABLED || r->way == KMS_FAILS)
		faults_clear();
}

/* Younger than the header. */

static bool
is_tested(const char *function)
{
	for (size_t i = 0; i < ELEMS(functions); i++)
		if (strcmp(functions[i].name, function) == 0)
			return (true);
	return (false);
}

static void
test_codes(void)
{
	static const struct end_code codes[] = {
#define END(function, way, rv, effect) {#function, rv},
#define NEVER(function, rv) {#function, rv},
#include "operation-ends.def"
	};

	ends_check_codes(is_tested, CKR_KEY_SIZE_RANGE, codes, ELEMS(codes));
}

/* Private keys that ask before each operation. */
static void
make_asking_keys(void)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_ULONG bits = 1024;
	CK_MECHANISM rsa_gen = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		     ec_gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE size[] = {A(CKA_MODULUS_BITS, bits)},
		     curve[] = {A_BYTES(CKA_EC_PARAMS, p256, sizeof(p256))};
	CK_ATTRIBUTE uses[] = {A(CKA_PRIVATE, yes), A(CKA_SIGN, yes),
	    A(CKA_ALWAYS_AUTHENTICATE, yes), A(CKA_SIGN_RECOVER, yes),
	    A(CKA_DECRYPT, yes)};
	CK_OBJECT_HANDLE unused;

	NEED(list->C_GenerateKeyPair(rw, &rsa_gen, size, 1, uses, 5, &unused,
		 &asking_rsa) == CKR_OK &&
		 list->C_GenerateKeyPair(rw, &ec_gen, curve, 1, uses, 3,
		     &unused, &asking_ec) == CKR_OK,
	    "keys with CKA_ALWAYS_AUTHENTICATE");
}

static void
make_all(void)
{
	CK_MECHANISM sign = {CKM_SHA256_RSA_PKCS, NULL, 0},
		     seal = {CKM_AES_CBC_PAD, iv, sizeof(iv)};
	CK_ULONG n = sizeof(signature);

	list = p11_list_3_2();
	memset(garbage, 0xff, sizeof(garbage));
	rsa = keypair_ref_rsa(2048);
	aes = secret_make(CKK_AES, material(1), 32);
	aes_in_kms = key_make(material(2), "aes");
	ec_in_kms = keypair_ref_kms("ECC_NIST_P256", "SIGN_VERIFY", "ec");
	make_asking_keys();
	NEED(encrypt(aes, &seal, text, 30, sealed, &sealed_len) == CKR_OK &&
		 encrypt(aes_in_kms, &kms_mechanism, text, 30, sealed_by_kms,
		     &sealed_by_kms_len) == CKR_OK &&
		 list->C_SignInit(rw, &sign, rsa.private) == CKR_OK &&
		 list->C_Sign(rw, text, 30, signature, &n) == CKR_OK,
	    "what is decrypted and verified");
}

int
main(void)
{
	testenv_start();
	p11_start();
	make_all();
	for (size_t i = 0; i < ELEMS(rows); i++)
		test(&rows[i]);
	test_codes();
	keypair_ref_free(&rsa);
	keypair_ref_free(&ec_in_kms);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
