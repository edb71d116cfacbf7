/* Of two faults in one call, check-order.def says which is the answer: each pair
 * of them is tried, on objects of the session and on keys in KMS. What is refused
 * has asked KMS nothing, and given no handle. */
#include <string.h>
#include "order-ways.h"

#define NOBODY 77777 /* no handle */
static CK_SESSION_HANDLE sessions[2][2]; /* no login, read-only */
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_ULONG bits_1024 = 1024;

enum fault {
	NO_SESSION,
	NO_ARGUMENT, /* a pointer that must not be NULL is */
	NO_PARAMETER, /* the mechanism's has a length alone */
	ACTIVE, /* an operation of that kind is under way */
	NO_LOGIN,
	READ_ONLY,
	OTHER_MECHANISM, /* that the function is not for */
	NO_KEY,
	NO_WRAPPED_KEY,
	OTHER_TYPE, /* of key, with no use either */
	OTHER_USE, /* the key is not for it; an object that stays as it is */
	BAD_PARAMETER,
	KEY_STAYS, /* it is not extractable */
	TWO_LABELS,
	TWO_PUBLIC_LABELS,
	NOT_IN_KMS, /* a key that KMS cannot hold */
	CURVE_NOT_IN_KMS
};

/* clang-format off */
static const struct row {
	const char *function;
	enum fault fault;
	enum place places;
	CK_RV rv;
	const char *fault_name, *rv_name;
} rows[] = {
#define CHECK(function, fault, places, rv)				\
	{ #function, fault, places, rv, #fault, #rv },
#include "check-order.def"
};
/* clang-format on */

static void
add_label(struct rows *r)
{
	if (r->n == 0 || r->t[r->n - 1].type != CKA_LABEL)
		r->t[r->n++] = (CK_ATTRIBUTE)A_BYTES(CKA_LABEL, "one", 3);
	r->t[r->n++] = (CK_ATTRIBUTE)A_BYTES(CKA_LABEL, "two", 3);
}

static void
set_unheld(struct trial *t)
{
	bool in_public = t->public.n != 0;

	if (t->unheld_key != 0)
		t->key = t->unheld_key;
	else
		set_row(in_public ? &t->public : &t->rows, t->unheld);
}

static void
set_fault(struct trial *t, const struct way *w, enum fault fault)
{
	static const CK_BYTE one = 1;

	switch (fault) {
	case NO_SESSION:
		t->no_session = true;
		break;
	case NO_ARGUMENT:
		t->no_argument = true;
		break;
	case NO_PARAMETER:
		t->m.pParameter = NULL;
		t->m.ulParameterLen = 1;
		break;
	case ACTIVE:
		t->active = true;
		break;
	case NO_LOGIN:
		t->no_login = true;
		ROW(&t->rows, CKA_PRIVATE, yes);
		break;
	case READ_ONLY:
		t->read_only = true;
		break;
	case OTHER_MECHANISM:
		t->m.mechanism = strstr(w->function, "Generate") != NULL ||
					 strstr(w->function, "Digest") != NULL
				     ? CKM_AES_ECB
				     : CKM_AES_KEY_GEN;
		break;
	case NO_KEY:
		t->key = NOBODY;
		break;
	case NO_WRAPPED_KEY:
		t->wrapped = NOBODY;
		break;
	case OTHER_TYPE:
		t->key = t->other_type;
		break;
	case OTHER_USE:
		t->key = t->other_use;
		break;
	case BAD_PARAMETER:
		t->m.pParameter = (void *)(uintptr_t)&one;
		t->m.ulParameterLen = sizeof(one);
		break;
	case KEY_STAYS:
		t->wrapped = here.stays;
		break;
	case TWO_LABELS:
		add_label(&t->rows);
		break;
	case TWO_PUBLIC_LABELS:
		add_label(&t->public);
		break;
	case NOT_IN_KMS:
	case CURVE_NOT_IN_KMS:
		set_unheld(t);
		break;
	}
}

static CK_RV
call(const struct way *w, struct trial *t)
{
	bool gone = t->no_argument;
	CK_ULONG len = sizeof(bytes);

	t->session = t->no_session
			 ? NOBODY
			 : sessions[t->no_login ? 1 : 0][t->read_only ? 1 : 0];
	t->mechanism = gone && (w->is & IS_INIT) != 0 ? NULL : &t->m;
	t->handle = gone ? NULL : made;
	t->t = gone ? NULL : t->rows.t;
	t->public_t = t->public.t;
	t->in = gone ? NULL : wrapped;
	t->len = gone ? NULL : &len;
	return (w->call(t));
}

/* Nothing is wrong with it. */
static void
set_good(struct trial *t, const struct way *w, enum place place)
{
	*t = (struct trial){.key = 0};
	w->set(t, place);
	if (place == TOKEN && (w->is & IS_OF_OBJECT) == 0)
		ROW(&t->rows, CKA_TOKEN, yes);
}

static void
begin(const struct way *w, enum place place, bool read_only)
{
	struct trial t;

	set_good(&t, w, place);
	t.read_only = read_only;
	RV(call(w, &t), CKR_OK, "%s: begun", w->function);
}

static void
end_all(void)
{
	for (int i = 0; i < 2; i++) {
		(void)list->C_SessionCancel(sessions[0][i], ~(CK_FLAGS)0);
		(void)list->C_FindObjectsFinal(sessions[0][i]);
	}
}

static bool
applies(const struct row *r, const struct way *w, enum place place)
{
	if ((r->fault == NOT_IN_KMS &&
		(w->is & (IS_EC | IS_OF_SESSION)) != 0) ||
	    (r->fault == CURVE_NOT_IN_KMS && (w->is & IS_EC) == 0) ||
	    (r->fault == BAD_PARAMETER && (w->is & IS_IMPORT) != 0))
		return (false);
	return (
	    strcmp(r->function, w->function) == 0 && (r->places & place) != 0);
}

/* b: NULL, or another fault, which is of no account. */
static void
test_pair(const struct way *w, enum place place, const struct row *a,
    const struct row *b)
{
	struct trial t;

	if (b != NULL && (w->is & IS_INIT) != 0 && a->fault == NO_ARGUMENT)
		return;
	set_good(&t, w, place);
	if (b != NULL)
		set_fault(&t, w, b->fault);
	set_fault(&t, w, a->fault);
	if (t.active && !t.no_session)
		begin(w, place, t.read_only);
	made[0] = made[1] = NOBODY;
	rv_is(call(w, &t), a->rv, a->rv_name, __FILE__, __LINE__,
	    "%s, %s, %s: %s%s%s", w->function, w->name,
	    place == TOKEN ? "token" : "session", a->fault_name,
	    b != NULL ? " before " : "", b != NULL ? b->fault_name : "");
	if (made[0] != NOBODY || made[1] != NOBODY)
		OK(false, "no handle comes of it");
	if (t.active)
		end_all();
}

/* A key that is used the first time has KMS asked for its public half. */
static void
test(const struct way *w, enum place place)
{
	if ((w->is & IS_INIT) != 0)
		begin(w, place, false);
	end_all();
	calls_clear();
	for (size_t i = 0; i < ELEMS(rows); i++) {
		if (!applies(&rows[i], w, place))
			continue;
		test_pair(w, place, &rows[i], NULL);
		for (size_t j = i + 1; j < ELEMS(rows); j++)
			if (applies(&rows[j], w, place))
				test_pair(w, place, &rows[i], &rows[j]);
	}
	COUNT(calls(NULL), 0, "%s, %s: KMS heard nothing of it", w->function,
	    w->name);
}

/* Nothing is looked at before C_Initialize. */
static void
test_not_initialized(void)
{
	struct trial t;

	RV(list->C_Finalize(NULL), CKR_OK, "C_Finalize");
	for (size_t i = 0; i < way_count; i++) {
		set_good(&t, &ways[i], BOTH);
		t.no_session = t.no_argument = true;
		RV(call(&ways[i], &t), CKR_CRYPTOKI_NOT_INITIALIZED, "%s",
		    ways[i].function);
	}
	RV(list->C_Initialize(NULL), CKR_OK, "C_Initialize");
}

static CK_OBJECT_HANDLE
secret(CK_KEY_TYPE type, CK_ULONG len, bool uses, bool stays)
{
	static const CK_ATTRIBUTE_TYPE usages[] = {CKA_ENCRYPT, CKA_DECRYPT,
	    CKA_WRAP, CKA_UNWRAP, CKA_SIGN, CKA_VERIFY, CKA_DERIVE};
	struct rows r = {.n = 0};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	ROW(&r, CKA_CLASS, secret_class);
	ROW(&r, CKA_KEY_TYPE, type);
	set_row(&r, (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, bytes, len));
	for (size_t i = 0; i < ELEMS(usages); i++)
		set_row(
		    &r, (CK_ATTRIBUTE)A_BYTES(usages[i], uses ? &yes : &no, 1));
	if (stays) {
		ROW(&r, CKA_EXTRACTABLE, no);
		r.t[6] = (CK_ATTRIBUTE)A(CKA_COPYABLE, no);
		r.t[7] = (CK_ATTRIBUTE)A(CKA_MODIFIABLE, no);
		r.t[8] = (CK_ATTRIBUTE)A(CKA_DESTROYABLE, no);
	}
	NEED(list->C_CreateObject(rw, r.t, r.n, &h) == CKR_OK, "a secret key");
	return (h);
}

static CK_RV
pair(CK_MECHANISM_TYPE type, CK_ATTRIBUTE kind, bool uses, CK_BBOOL *token,
    struct pair_handles *p)
{
	static CK_UTF8CHAR label[] = "kem";
	CK_MECHANISM m = {type, NULL, 0};
	CK_BBOOL *on = uses ? &yes : &no;
	CK_ATTRIBUTE public[] = {kind, {CKA_TOKEN, token, 1},
	    {CKA_VERIFY, on, 1}, {CKA_VERIFY_RECOVER, on, 1},
	    {CKA_ENCRYPT, on, 1}, {CKA_WRAP, on, 1}};
	CK_ATTRIBUTE private[] = {{CKA_TOKEN, token, 1},
	    A_BYTES(CKA_LABEL, label, 3), {CKA_SIGN, on, 1},
	    {CKA_SIGN_RECOVER, on, 1}, {CKA_DECRYPT, on, 1},
	    {CKA_UNWRAP, on, 1}, {CKA_DERIVE, on, 1}};
	bool kem = type == CKM_ML_KEM_KEY_PAIR_GEN;

	return (list->C_GenerateKeyPair(rw, &m, public, kem ? 2 : 6, private,
	    kem ? 2 : 7, &p->public, &p->private));
}

static void
make_here(void)
{
	CK_ATTRIBUTE bits = A(CKA_MODULUS_BITS, bits_1024),
		     curve = A(CKA_EC_PARAMS, p256);
	CK_BYTE point[2 + sizeof(peer)];

	here.aes = secret(CKK_AES, 32, true, false);
	here.aes128 = secret(CKK_AES, 16, true, false);
	here.no_aes = secret(CKK_AES, 32, false, false);
	here.base = secret(CKK_GENERIC_SECRET, 32, true, false);
	here.no_base = secret(CKK_GENERIC_SECRET, 32, false, false);
	here.stays = secret(CKK_AES, 16, true, true);
	NEED(pair(CKM_RSA_PKCS_KEY_PAIR_GEN, bits, true, &no, &here.rsa) ==
		     CKR_OK &&
		 pair(CKM_RSA_PKCS_KEY_PAIR_GEN, bits, false, &no,
		     &here.no_rsa) == CKR_OK &&
		 pair(CKM_EC_KEY_PAIR_GEN, curve, true, &no, &here.ec) ==
		     CKR_OK &&
		 pair(CKM_EC_KEY_PAIR_GEN, curve, false, &no, &here.no_ec) ==
		     CKR_OK,
	    "pairs, with and without uses");
	COUNT(attr(here.ec.public, CKA_EC_POINT, point, sizeof(point)),
	    sizeof(point), "a point");
	memcpy(peer, point + 2, sizeof(peer));
}

static void
make_in_kms(void)
{
	CK_ULONG n = sizeof(wrapped);

	kms.aes = key_make(material(2), "aes");
	kms.hmac =
	    keypair_ref_kms("HMAC_256", "GENERATE_VERIFY_MAC", "hmac").private;
	kms.signs = keypair_ref_kms("RSA_2048", "SIGN_VERIFY", "signs");
	kms.decrypts = keypair_ref_kms("RSA_2048", "ENCRYPT_DECRYPT", "opens");
	kms.agrees = keypair_ref_kms(
	    "ECC_NIST_P256", "KEY_AGREEMENT", "agrees");
	kms.import = pair_make("import");
	NEED(encrypt(kms.aes,
		 &(CK_MECHANISM){CKM_AES_GCM, &gcm_params, sizeof(gcm_params)},
		 bytes, 32, wrapped, &n) == CKR_OK,
	    "a wrapped key");
	wrapped_len = n;
}

static void
open_sessions(void)
{
	for (CK_SLOT_ID slot = 0; slot < 2; slot++)
		for (int ro = 0; ro < 2; ro++)
			NEED(list->C_OpenSession(slot,
				 CKF_SERIAL_SESSION | (ro ? 0 : CKF_RW_SESSION),
				 NULL, NULL, &sessions[slot][ro]) == CKR_OK,
			    "a session");
}

int
main(void)
{
	static CK_ULONG set = CKP_ML_KEM_512;
	CK_ATTRIBUTE kind = A(CKA_PARAMETER_SET, set);
	bool has_kem;

	testenv_start();
	testenv_config(NULL, "destroy-generated = refuse",
	    "[token closed]\nlogin = required\nslot = 1\n");
	p11_start();
	list = p11_list_3_2();
	open_sessions();
	make_here();
	make_in_kms();
	has_kem = pair(CKM_ML_KEM_KEY_PAIR_GEN, kind, true, &yes, &kms.kem) ==
		  CKR_OK;
	if (!has_kem)
		tap_skip("OpenSSL 3.5 has it", "ML-KEM");
	for (size_t i = 0; i < way_count; i++)
		for (enum place p = SESSION; p <= TOKEN; p++)
			if ((ways[i].places & p) != 0 &&
			    (has_kem ||
				strstr(ways[i].function, "caps") == NULL))
				test(&ways[i], p);
	test_not_initialized();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
