/* C_GetOperationState and C_SetOperationState: digests that go on. */
#include <string.h>
#include <openssl/sha.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"
#include "token/saved-states.h"

static CK_BYTE text[] = "the same beginning, and two ends",
	       mac_value[32] = {4, 5, 6}, state[SAVED_STATE_BYTES];
#define TEXT_LEN (sizeof(text) - 1)
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0},
		    hmac = {CKM_SHA256_HMAC, NULL, 0};

static CK_SESSION_HANDLE other, read_only;

static CK_RV
save(CK_SESSION_HANDLE s, CK_BYTE *to)
{
	CK_ULONG n = SAVED_STATE_BYTES;
	CK_RV rv = p11->C_GetOperationState(s, to, &n);

	return (
	    rv == CKR_OK && n != SAVED_STATE_BYTES ? CKR_GENERAL_ERROR : rv);
}

static CK_RV
restore(CK_SESSION_HANDLE s, CK_BYTE *from)
{
	return (p11->C_SetOperationState(s, from, SAVED_STATE_BYTES, 0, 0));
}

/* The digest that the session has under way ends as the one of so much. */
static void
ends_as(CK_SESSION_HANDLE s, size_t len, const char *what)
{
	CK_BYTE hash[32], want[32];
	CK_ULONG n = sizeof(hash);

	SHA256(text, len, want);
	RV(p11->C_DigestFinal(s, hash, &n), CKR_OK, "%s", what);
	OK(n == 32 && memcmp(hash, want, 32) == 0, "is of %zu bytes", len);
}

static void
test_arguments(void)
{
	CK_BYTE few[SAVED_STATE_BYTES - 1];
	CK_ULONG n = 0;

	RV(p11->C_GetOperationState(rw, state, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the length");
	RV(save(rw, state), CKR_OPERATION_NOT_INITIALIZED,
	    "nothing is under way");
	NEED(p11->C_DigestInit(rw, &sha256) == CKR_OK, "a digest");
	RV(p11->C_GetOperationState(rw, NULL, &n), CKR_OK, "how long");
	COUNT(n, SAVED_STATE_BYTES, "a state is");
	n = sizeof(few);
	RV(p11->C_GetOperationState(rw, few, &n), CKR_BUFFER_TOO_SMALL,
	    "too little room");
	RV(p11->C_SetOperationState(rw, NULL, 32, 0, 0), CKR_ARGUMENTS_BAD,
	    "no state");
	RV(p11->C_SetOperationState(rw, few, sizeof(few), 0, 0),
	    CKR_SAVED_STATE_INVALID, "half a state");
	memset(state, 0, sizeof(state));
	RV(restore(rw, state), CKR_SAVED_STATE_INVALID, "an invented one");
	RV(save(rw, state), CKR_OK, "before any input");
	RV(p11->C_SetOperationState(rw, state, sizeof(state), 1, 0),
	    CKR_KEY_NOT_NEEDED, "a key to encrypt with");
	RV(p11->C_SetOperationState(rw, state, sizeof(state), 0, 1),
	    CKR_KEY_NOT_NEEDED, "a key to sign with");
	ends_as(rw, 0, "what was refused changed nothing: the digest");
	RV(restore(rw, state), CKR_OK, "it begins anew");
	NEED(p11->C_DigestUpdate(rw, text, TEXT_LEN) == CKR_OK, "with all");
	ends_as(rw, TEXT_LEN, "and");
}

/* One beginning, saved once, ends in two sessions and twice in one. */
static void
test_goes_on(void)
{
	NEED(p11->C_DigestInit(rw, &sha256) == CKR_OK &&
		 p11->C_DigestUpdate(rw, text, 19) == CKR_OK,
	    "a digest of 19 bytes");
	RV(save(rw, state), CKR_OK, "is saved");
	NEED(p11->C_DigestUpdate(rw, text, 3) == CKR_OK, "and goes astray");
	RV(restore(rw, state), CKR_OK, "restored over it");
	NEED(p11->C_DigestUpdate(rw, text + 19, 5) == CKR_OK, "it goes on");
	RV(restore(other, state), CKR_OK, "in another session");
	RV(restore(read_only, state), CKR_SAVED_STATE_INVALID,
	    "not in one of another state");
	ends_as(rw, 24, "the first");
	ends_as(other, 19, "the other");
	RV(restore(rw, state), CKR_OK, "once more");
	ends_as(rw, 19, "the same");
}

static void
test_other_operations(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic), A_BYTES(CKA_VALUE, mac_value, 32),
	    A(CKA_SIGN, yes)};
	CK_OBJECT_HANDLE mac;
	CK_BYTE hash[32], empty[SAVED_STATE_BYTES];
	CK_ULONG n = sizeof(hash);
	CK_FUNCTION_LIST_3_2 *v3 = p11_list_3_2();

	NEED(p11->C_CreateObject(rw, t, ELEMS(t), &mac) == CKR_OK &&
		 p11->C_SignInit(rw, &hmac, mac) == CKR_OK,
	    "a signature under way");
	RV(save(rw, state), CKR_STATE_UNSAVEABLE, "is not saved");
	NEED(p11->C_DigestInit(other, &sha256) == CKR_OK &&
		 save(other, state) == CKR_OK,
	    "a digest");
	NEED(p11->C_DigestInit(rw, &sha256) == CKR_OK, "beside a digest");
	RV(save(rw, empty), CKR_STATE_UNSAVEABLE, "nor do both go");
	NEED(p11->C_FindObjectsInit(rw, t, 1) == CKR_OK, "and a search");
	RV(p11->C_SetOperationState(rw, state, sizeof(state), 1, 0),
	    CKR_KEY_NOT_NEEDED, "what is refused");
	NEED(p11->C_SignUpdate(rw, text, 4) == CKR_OK, "ends none of them");
	RV(restore(rw, state), CKR_OK, "a saved digest takes their place");
	RV(p11->C_SignFinal(rw, hash, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "the signature is cancelled");
	RV(p11->C_FindObjectsFinal(rw), CKR_OPERATION_NOT_INITIALIZED,
	    "and the search");
	ends_as(rw, 0, "what was saved");
	NEED(p11->C_FindObjectsInit(rw, t, 1) == CKR_OK, "a search alone");
	RV(save(rw, empty), CKR_OPERATION_NOT_INITIALIZED,
	    "is nothing to be saved");
	NEED(p11->C_FindObjectsFinal(rw) == CKR_OK, "its end");
	NEED(v3->C_MessageSignInit(rw, &hmac, mac) == CKR_OK, "messages alone");
	RV(save(rw, empty), CKR_OPERATION_NOT_INITIALIZED, "are not, either");
	NEED(v3->C_MessageSignFinal(rw) == CKR_OK, "their end");
	NEED(p11->C_DigestInit(rw, &sha256) == CKR_OK, "a digest");
	n = sizeof(hash);
	RV(p11->C_Digest(rw, text, 4, NULL, &n), CKR_OK, "how long a digest");
	RV(save(rw, state), CKR_STATE_UNSAVEABLE, "between two such calls");
	NEED(p11->C_Digest(rw, text, 4, hash, &n) == CKR_OK, "the digest");
	ends_as(other, 0, "the other session's");
}

/* The oldest gives way, and C_Finalize ends all. */
static void
test_end(void)
{
	CK_BYTE first[SAVED_STATE_BYTES];

	NEED(p11->C_DigestInit(rw, &sha256) == CKR_OK &&
		 save(rw, first) == CKR_OK,
	    "a first one");
	for (size_t i = 1; i < SAVED_STATES_MAX; i++)
		NEED(save(rw, state) == CKR_OK, "saved, %zu", i);
	RV(restore(other, first), CKR_OK, "as many as are kept");
	RV(save(rw, state), CKR_OK, "one more");
	RV(restore(rw, first), CKR_SAVED_STATE_INVALID, "the oldest is gone");
	RV(restore(rw, state), CKR_OK, "the last is there");
	p11_stop();
	p11_start();
	RV(restore(rw, state), CKR_SAVED_STATE_INVALID, "after C_Finalize");
}

int
main(void)
{
	testenv_start();
	p11_start();
	other = p11_session(CKF_RW_SESSION);
	read_only = p11_session(0);
	test_arguments();
	test_goes_on();
	test_other_operations();
	test_end();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
