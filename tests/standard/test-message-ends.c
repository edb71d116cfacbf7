/* What ends a message, and what its process: message-ends.def, row by row. And
 * what C_SessionCancel, C_CloseSession and C_Logout end, of each kind of
 * operation. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "ends.h"
#include "keypair-ref.h"

enum kind { ENCRYPT, DECRYPT, SIGN, VERIFY, KINDS };
enum role { WHOLE, BEGIN, PART, LAST, FINAL };

/* How an answer comes about. */
enum way {
	DONE,
	LENGTH_ASKED,
	NO_ROOM,
	NO_PLACE, /* for the length, or no signature */
	NO_INPUT,
	NO_SESSION,
	NO_PROCESS,
	NO_MESSAGE, /* nothing began it */
	BETWEEN, /* the parts of a message */
	BAD_PARAMETER,
	TOO_LONG,
	WRONG_DATA,
	WRONG_SIGNATURE,
	SHORT_SIGNATURE,
	NO_LOGIN, /* of a key with CKA_ALWAYS_AUTHENTICATE */
	KEY_DISABLED, /* in KMS, after Init */
	KMS_FAILS
};
enum effect { MESSAGE_GOES_ON, MESSAGE_ENDS, PROCESS_ENDS, NOTHING };

/* All that a call can have. */
struct trial {
	CK_SESSION_HANDLE session;
	CK_MECHANISM m;
	CK_OBJECT_HANDLE key;
	void *param;
	CK_ULONG param_len;
	CK_BYTE *aad, *in, *out, *signature;
	CK_ULONG in_len, out_len, signature_len, *out_len_ptr;
};

static CK_FUNCTION_LIST_3_2 *list;
static CK_BYTE iv[12], tag[16], good_tag[16], text[5000], sealed[30],
    garbage[256], signature[256], out[5000];
static struct gcm_message_params gcm = {iv, sizeof(iv), 0, 0, tag, 128};
static struct keypair_ref rsa, ec_in_kms;
static CK_OBJECT_HANDLE aes, asking;

/* clang-format off */
#define FUNCTION(name, args)						\
	static CK_RV call_##name(const struct trial *t)			\
	{ return (list->name args); }
#define MESSAGE t->session, t->param, t->param_len
#define AAD t->aad, 4
#define INPUT t->in, t->in_len
#define OUTPUT t->out, t->out_len_ptr
#define SIGNATURE t->signature, t->signature_len
#define PART_OF(name, args)						\
	static CK_RV part_##name(const struct trial *t)			\
	{ return (list->name args); }
FUNCTION(C_EncryptMessage, (MESSAGE, AAD, INPUT, OUTPUT))
FUNCTION(C_EncryptMessageBegin, (MESSAGE, AAD))
PART_OF(C_EncryptMessageNext, (MESSAGE, INPUT, OUTPUT, 0))
FUNCTION(C_EncryptMessageNext, (MESSAGE, INPUT, OUTPUT, CKF_END_OF_MESSAGE))
FUNCTION(C_MessageEncryptFinal, (t->session))
FUNCTION(C_DecryptMessage, (MESSAGE, AAD, INPUT, OUTPUT))
FUNCTION(C_DecryptMessageBegin, (MESSAGE, AAD))
PART_OF(C_DecryptMessageNext, (MESSAGE, INPUT, OUTPUT, 0))
FUNCTION(C_DecryptMessageNext, (MESSAGE, INPUT, OUTPUT, CKF_END_OF_MESSAGE))
FUNCTION(C_MessageDecryptFinal, (t->session))
FUNCTION(C_SignMessage, (MESSAGE, INPUT, OUTPUT))
FUNCTION(C_SignMessageBegin, (MESSAGE))
PART_OF(C_SignMessageNext, (MESSAGE, INPUT, NULL, NULL))
FUNCTION(C_SignMessageNext, (MESSAGE, INPUT, OUTPUT))
FUNCTION(C_MessageSignFinal, (t->session))
FUNCTION(C_VerifyMessage, (MESSAGE, INPUT, SIGNATURE))
FUNCTION(C_VerifyMessageBegin, (MESSAGE))
PART_OF(C_VerifyMessageNext, (MESSAGE, INPUT, NULL, 0))
FUNCTION(C_VerifyMessageNext, (MESSAGE, INPUT, SIGNATURE))
FUNCTION(C_MessageVerifyFinal, (t->session))

static const struct function {
	const char *name;
	CK_RV (*call)(const struct trial *);
	enum kind kind;
	enum role role;
} functions[] = {
#define IS(name, kind, role) { #name, call_##name, kind, role }
#define IS_PART(name, kind) { #name, part_##name, kind, PART }
	IS(C_EncryptMessage, ENCRYPT, WHOLE),
	IS(C_EncryptMessageBegin, ENCRYPT, BEGIN),
	IS_PART(C_EncryptMessageNext, ENCRYPT),
	IS(C_EncryptMessageNext, ENCRYPT, LAST),
	IS(C_MessageEncryptFinal, ENCRYPT, FINAL),
	IS(C_DecryptMessage, DECRYPT, WHOLE),
	IS(C_DecryptMessageBegin, DECRYPT, BEGIN),
	IS_PART(C_DecryptMessageNext, DECRYPT),
	IS(C_DecryptMessageNext, DECRYPT, LAST),
	IS(C_MessageDecryptFinal, DECRYPT, FINAL),
	IS(C_SignMessage, SIGN, WHOLE), IS(C_SignMessageBegin, SIGN, BEGIN),
	IS_PART(C_SignMessageNext, SIGN), IS(C_SignMessageNext, SIGN, LAST),
	IS(C_MessageSignFinal, SIGN, FINAL),
	IS(C_VerifyMessage, VERIFY, WHOLE),
	IS(C_VerifyMessageBegin, VERIFY, BEGIN),
	IS_PART(C_VerifyMessageNext, VERIFY),
	IS(C_VerifyMessageNext, VERIFY, LAST),
	IS(C_MessageVerifyFinal, VERIFY, FINAL),
};
#undef PART_OF
#undef INPUT
#undef OUTPUT
#undef IS_PART

static const struct row {
	const char *function;
	enum role role;
	enum way way;
	CK_RV rv;
	enum effect effect;
	const char *role_name, *way_name, *rv_name;
} rows[] = {
#define END(function, role, way, rv, effect)				\
	{ #function, role, way, rv, effect, #role, #way, #rv },
#define NEVER(function, rv)
#include "message-ends.def"
#undef END
#undef NEVER
};
/* clang-format on */

static const struct function *
function_of(const char *name, enum kind kind, enum role role)
{
	for (size_t i = 0; i < ELEMS(functions); i++)
		if (functions[i].role == role &&
		    (name != NULL ? strcmp(functions[i].name, name) == 0
				  : functions[i].kind == kind))
			return (&functions[i]);
	printf("# no such function: %s\n", name != NULL ? name : "-");
	tap_bail();
}

/* m: NULL ends the process. */
static CK_RV
init(enum kind kind, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	switch (kind) {
	case ENCRYPT:
		return (list->C_MessageEncryptInit(rw, m, key));
	case DECRYPT:
		return (list->C_MessageDecryptInit(rw, m, key));
	case SIGN:
		return (list->C_MessageSignInit(rw, m, key));
	default:
		return (list->C_MessageVerifyInit(rw, m, key));
	}
}

/* What a program does that has no trouble. */
static void
set_good(struct trial *t, enum kind kind)
{
	bool crypts = kind == ENCRYPT || kind == DECRYPT;

	memcpy(tag, good_tag, sizeof(tag));
	*t = (struct trial){.session = rw,
	    .m = {crypts ? CKM_AES_GCM : CKM_SHA256_RSA_PKCS, NULL, 0},
	    .key = crypts	  ? aes
		   : kind == SIGN ? rsa.private
				  : rsa.public,
	    .param = crypts ? &gcm : NULL,
	    .param_len = crypts ? sizeof(gcm) : 0,
	    .aad = text,
	    .in = kind == DECRYPT ? sealed : text,
	    .in_len = sizeof(sealed),
	    .out = out,
	    .out_len = sizeof(out),
	    .signature = signature,
	    .signature_len = sizeof(signature)};
	t->out_len_ptr = &t->out_len;
}

static void
set_key_in_kms(struct trial *t, const char *exception)
{
	char body[80];

	t->m.mechanism = CKM_ECDSA_SHA256;
	t->key = ec_in_kms.private;
	snprintf(body, sizeof(body), "{\"__type\":\"%s\"}", exception);
	replace_replies("Sign", 400, body);
}

static void
set_wrong_data(struct trial *t, enum kind kind)
{
	tag[0] ^= 1;
	if (kind != SIGN)
		return;
	/* a number that is not below the modulus */
	t->m.mechanism = CKM_RSA_X_509;
	t->in = garbage;
	t->in_len = sizeof(garbage);
}

static void
set(struct trial *t, const struct row *r, enum kind kind)
{
	set_good(t, kind);
	switch (r->way) {
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
		if (r->role == BEGIN)
			t->aad = NULL;
		break;
	case NO_SESSION:
		t->session = 777777;
		break;
	case BAD_PARAMETER:
		t->param = out;
		t->param_len = 1;
		break;
	case TOO_LONG:
		t->m.mechanism = CKM_RSA_PKCS;
		t->in_len = sizeof(text);
		break;
	case WRONG_DATA:
		set_wrong_data(t, kind);
		break;
	case WRONG_SIGNATURE:
		t->signature = garbage;
		break;
	case SHORT_SIGNATURE:
		t->signature_len--;
		break;
	case NO_LOGIN:
		t->m.mechanism = CKM_ECDSA_SHA256;
		t->key = asking;
		break;
	case KEY_DISABLED:
		set_key_in_kms(t, "DisabledException");
		break;
	case KMS_FAILS:
		set_key_in_kms(t, "SomeException");
		break;
	default:
		break;
	}
}

static CK_RV
begin(enum kind kind)
{
	struct trial t;

	set_good(&t, kind);
	return (function_of(NULL, kind, BEGIN)->call(&t));
}

static bool
needs_message(const struct row *r)
{
	return (r->way == BETWEEN ||
		((r->role == PART || r->role == LAST) && r->way != NO_MESSAGE &&
		    r->way != NO_PROCESS));
}

/* No process is under way any more. */
static void
check_effect(const struct row *r, enum kind kind)
{
	static const char *const names[] = {"the message goes on",
	    "the message ends", "the process ends", "nothing changes"};
	bool message = r->effect == MESSAGE_GOES_ON,
	     process = r->effect != PROCESS_ENDS;

	if (r->effect == NOTHING) {
		message = needs_message(r);
		process = r->way != NO_PROCESS;
	}
	OK((begin(kind) == CKR_OPERATION_ACTIVE) == message &&
		(init(kind, NULL, 0) == CKR_OK) == process,
	    "%s", names[r->effect]);
}

static void
test(const struct row *r)
{
	const struct function *f = function_of(r->function, 0, r->role);
	struct trial t;
	CK_RV rv = CKR_OK;

	set(&t, r, f->kind);
	if (r->way != NO_PROCESS)
		rv = init(f->kind, &t.m, t.key);
	if (rv == CKR_OK && needs_message(r)) {
		rv = begin(f->kind);
		if (r->way == WRONG_DATA)
			tag[0] ^= 1;
	}
	if (OK(rv == CKR_OK, "%s, %s, %s: begun", f->name, r->role_name,
		r->way_name)) {
		rv_is(f->call(&t), r->rv, r->rv_name, __FILE__, __LINE__,
		    "%s, %s, %s", f->name, r->role_name, r->way_name);
		check_effect(r, f->kind);
	}
	(void)init(f->kind, NULL, 0);
	if (r->way == KEY_DISABLED || r->way == KMS_FAILS)
		faults_clear();
}

static bool
is_tested(const char *function)
{
	for (size_t i = 0; i < ELEMS(functions); i++)
		if (functions[i].role != PART &&
		    strcmp(functions[i].name, function) == 0)
			return (true);
	return (false);
}

static void
test_codes(void)
{
	static const struct end_code codes[] = {
#define END(function, role, way, rv, effect) {#function, rv},
#define NEVER(function, rv) {#function, rv},
#include "message-ends.def"
	};

	ends_check_codes(is_tested, CKR_PIN_EXPIRED, codes, ELEMS(codes));
}

/* Of all operations at once, C_SessionCancel ends those that it names. */
static const struct {
	const char *name;
	CK_FLAGS flag;
	CK_MECHANISM_TYPE mechanism;
	bool encrypts, is_public;
} operations[] = {
    {"C_EncryptInit", CKF_ENCRYPT, CKM_AES_ECB, true, false},
    {"C_DecryptInit", CKF_DECRYPT, CKM_AES_ECB, true, false},
    {"C_DigestInit", CKF_DIGEST, CKM_SHA256, false, false},
    {"C_SignInit", CKF_SIGN, CKM_RSA_PKCS, false, false},
    {"C_SignRecoverInit", CKF_SIGN_RECOVER, CKM_RSA_PKCS, false, false},
    {"C_VerifyInit", CKF_VERIFY, CKM_RSA_PKCS, false, true},
    {"C_VerifyRecoverInit", CKF_VERIFY_RECOVER, CKM_RSA_PKCS, false, true},
    {"C_MessageEncryptInit", CKF_MESSAGE_ENCRYPT, CKM_AES_GCM, true, false},
    {"C_MessageDecryptInit", CKF_MESSAGE_DECRYPT, CKM_AES_GCM, true, false},
    {"C_MessageSignInit", CKF_MESSAGE_SIGN, CKM_RSA_PKCS, false, false},
    {"C_MessageVerifyInit", CKF_MESSAGE_VERIFY, CKM_RSA_PKCS, false, true},
};

static CK_RV
init_any(
    CK_SESSION_HANDLE s, CK_FLAGS flag, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	switch (flag) {
	case CKF_ENCRYPT:
		return (list->C_EncryptInit(s, m, key));
	case CKF_DECRYPT:
		return (list->C_DecryptInit(s, m, key));
	case CKF_DIGEST:
		return (list->C_DigestInit(s, m));
	case CKF_SIGN:
		return (list->C_SignInit(s, m, key));
	case CKF_SIGN_RECOVER:
		return (list->C_SignRecoverInit(s, m, key));
	case CKF_VERIFY:
		return (list->C_VerifyInit(s, m, key));
	case CKF_VERIFY_RECOVER:
		return (list->C_VerifyRecoverInit(s, m, key));
	case CKF_MESSAGE_ENCRYPT:
		return (list->C_MessageEncryptInit(s, m, key));
	case CKF_MESSAGE_DECRYPT:
		return (list->C_MessageDecryptInit(s, m, key));
	case CKF_MESSAGE_SIGN:
		return (list->C_MessageSignInit(s, m, key));
	default:
		return (list->C_MessageVerifyInit(s, m, key));
	}
}

static void
begin_all(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE none = A(CKA_TOKEN, no);
	bool begun = list->C_FindObjectsInit(s, &none, 1) == CKR_OK;

	for (size_t i = 0; i < ELEMS(operations); i++) {
		CK_MECHANISM m = {operations[i].mechanism, NULL, 0};

		begun &= init_any(s, operations[i].flag, &m,
			     operations[i].encrypts    ? aes
			     : operations[i].is_public ? rsa.public
						       : rsa.private) == CKR_OK;
	}
	OK(begun, "each operation at once");
}

/* All of them, and those under way end. */
static void
check_left(CK_SESSION_HANDLE s, CK_FLAGS cancelled)
{
	OK((list->C_FindObjectsFinal(s) == CKR_OK) ==
		((cancelled & CKF_FIND_OBJECTS) == 0),
	    "C_FindObjectsInit");
	for (size_t i = 0; i < ELEMS(operations); i++)
		OK((init_any(s, operations[i].flag, NULL, 0) == CKR_OK) ==
			((cancelled & operations[i].flag) == 0),
		    "%s: %s", operations[i].name,
		    (cancelled & operations[i].flag) != 0 ? "ended"
							  : "goes on");
}

static void
test_cancel(void)
{
	CK_SESSION_HANDLE s;

	RV(list->C_SessionCancel(777777, CKF_SIGN), CKR_SESSION_HANDLE_INVALID,
	    "no session");
	for (size_t i = 0; i <= ELEMS(operations); i++) {
		CK_FLAGS flag = i == ELEMS(operations) ? CKF_FIND_OBJECTS
						       : operations[i].flag;

		begin_all(rw);
		RV(list->C_SessionCancel(rw, flag), CKR_OK, "C_SessionCancel");
		check_left(rw, flag);
		RV(list->C_SessionCancel(rw, flag), CKR_OK, "of nothing");
	}
	begin_all(rw);
	RV(list->C_SessionCancel(rw, 0), CKR_OK, "C_SessionCancel of none");
	check_left(rw, 0);
	begin_all(rw);
	s = p11_session(0);
	begin_all(s);
	RV(list->C_CloseSession(s), CKR_OK, "C_CloseSession in the midst");
	RV(list->C_SessionCancel(s, CKF_SIGN), CKR_SESSION_HANDLE_INVALID,
	    "the session is gone");
	check_left(rw, 0);
}

/* What is done with private keys, in each session. */
static void
test_logout(void)
{
	CK_FLAGS ended = CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN |
			 CKF_SIGN_RECOVER | CKF_MESSAGE_ENCRYPT |
			 CKF_MESSAGE_DECRYPT | CKF_MESSAGE_SIGN;
	CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
	CK_SESSION_HANDLE other = p11_session(0), third = p11_session(0);
	CK_ULONG n = sizeof(out);

	begin_all(rw);
	begin_all(other);
	RV(list->C_SignInit(third, &ecdsa, ec_in_kms.private), CKR_OK,
	    "with a key in KMS");
	calls_clear();
	RV(list->C_Logout(rw), CKR_OK, "C_Logout in the midst");
	check_left(rw, ended);
	check_left(other, ended);
	RV(list->C_Sign(third, text, 10, out, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "that ended, too");
	COUNT(calls(NULL), 0, "and KMS heard nothing of it");
}

/* A private key that asks before each operation. */
static void
make_asking_key(void)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE curve = A(CKA_EC_PARAMS, p256);
	CK_ATTRIBUTE uses[] = {A(CKA_PRIVATE, yes), A(CKA_SIGN, yes),
	    A(CKA_ALWAYS_AUTHENTICATE, yes)};
	CK_OBJECT_HANDLE unused;

	NEED(list->C_GenerateKeyPair(
		 rw, &gen, &curve, 1, uses, 3, &unused, &asking) == CKR_OK,
	    "a key with CKA_ALWAYS_AUTHENTICATE");
}

static void
make_all(void)
{
	CK_MECHANISM sign = {CKM_SHA256_RSA_PKCS, NULL, 0},
		     crypt = {CKM_AES_GCM, NULL, 0};
	CK_ULONG n = sizeof(signature), m = sizeof(sealed);

	memset(garbage, 0xff, sizeof(garbage));
	rsa = keypair_ref_rsa(2048);
	aes = secret_make(CKK_AES, material(1), 32);
	ec_in_kms = keypair_ref_kms("ECC_NIST_P256", "SIGN_VERIFY", "ec");
	make_asking_key();
	NEED(list->C_SignInit(rw, &sign, rsa.private) == CKR_OK &&
		 list->C_Sign(rw, text, sizeof(sealed), signature, &n) ==
		     CKR_OK &&
		 list->C_MessageEncryptInit(rw, &crypt, aes) == CKR_OK &&
		 list->C_EncryptMessage(rw, &gcm, sizeof(gcm), text, 4, text,
		     sizeof(sealed), sealed, &m) == CKR_OK &&
		 list->C_MessageEncryptFinal(rw) == CKR_OK,
	    "what is decrypted and verified");
	memcpy(good_tag, tag, sizeof(tag));
}

int
main(void)
{
	static CK_UTF8CHAR pin[] = "1234";

	testenv_start();
	testenv_config(NULL, "login = required", NULL);
	p11_start();
	list = p11_list_3_2();
	NEED(list->C_Login(rw, CKU_USER, pin, 4) == CKR_OK, "C_Login");
	make_all();
	for (size_t i = 0; i < ELEMS(rows); i++)
		test(&rows[i]);
	test_codes();
	test_cancel();
	test_logout();
	keypair_ref_free(&rsa);
	keypair_ref_free(&ec_in_kms);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
