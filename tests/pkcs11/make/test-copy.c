/* C_CopyObject: here, into KMS, and not out of it. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_BYTE value[32];
static CK_OBJECT_HANDLE original;

static CK_RV
copy(
    CK_OBJECT_HANDLE from, CK_ATTRIBUTE *t, CK_ULONG count, CK_OBJECT_HANDLE *h)
{
	*h = CK_INVALID_HANDLE;
	return (p11->C_CopyObject(rw, from, t, count, h));
}

static void
make(CK_ATTRIBUTE_TYPE more, CK_BBOOL *truth, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE, value),
	    A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, no),
	    A_BYTES(CKA_LABEL, "first", 5), A_BYTES(more, truth, 1)};

	RV(p11->C_CreateObject(rw, t, truth != NULL ? 7 : 6, h), CKR_OK,
	    "a session key");
}

static void
test_here(void)
{
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "second", 6);
	CK_ATTRIBUTE t[] = {A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no)};
	CK_ATTRIBUTE loose[] = {A(CKA_SENSITIVE, no)};
	CK_ATTRIBUTE public[] = {A(CKA_PRIVATE, no)};
	CK_ATTRIBUTE other = A(CKA_KEY_TYPE, aes_type);
	CK_OBJECT_HANDLE h, hidden;
	CK_BYTE id[2][32];

	calls_clear();
	RV(copy(original, NULL, 0, &h), CKR_OK, "a copy");
	OK(h != original, "is another object");
	OK(attr_is(h, CKA_VALUE, value, 32), "with the same value");
	OK(attr_is_text(h, CKA_LABEL, "first"), "and label");
	OK(attr(h, CKA_UNIQUE_ID, id[0], 32) == 32 &&
		attr(original, CKA_UNIQUE_ID, id[1], 32) == 32 &&
		memcmp(id[0], id[1], 32) != 0,
	    "and an id of its own");
	RV(copy(original, &label, 1, &h), CKR_OK, "one with another label");
	OK(attr_is_text(h, CKA_LABEL, "second"), "has it");
	OK(attr_is_text(original, CKA_LABEL, "first"), "the first has its own");
	RV(copy(original, t, 2, &hidden), CKR_OK, "one that is sensitive");
	OK(attr(hidden, CKA_VALUE, NULL, 0) == CK_UNAVAILABLE_INFORMATION,
	    "shows no value");
	OK(attr_is(hidden, CKA_ALWAYS_SENSITIVE, &no, 1),
	    "but was not always so");
	RV(copy(hidden, loose, 1, &h), CKR_ATTRIBUTE_READ_ONLY,
	    "no copy of it is not");
	RV(copy(original, public, 1, &h), CKR_TEMPLATE_INCONSISTENT,
	    "what is private stays so");
	RV(copy(original, &other, 1, &h), CKR_ATTRIBUTE_READ_ONLY,
	    "the key type stays");
	other = (CK_ATTRIBUTE){CKA_MODULUS, value, 32};
	RV(copy(original, &other, 1, &h), CKR_TEMPLATE_INCONSISTENT,
	    "no attribute of others");
	RV(copy(77777, NULL, 0, &h), CKR_OBJECT_HANDLE_INVALID,
	    "no such object");
	RV(p11->C_CopyObject(rw, original, NULL, 0, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the handle");
	RV(p11->C_CopyObject(rw, original, NULL, 1, &h), CKR_ARGUMENTS_BAD,
	    "no template of one attribute");
	make(CKA_COPYABLE, &no, &h);
	RV(copy(h, NULL, 0, &h), CKR_ACTION_PROHIBITED,
	    "one that is not copyable");
	make(CKA_MODIFIABLE, &no, &h);
	RV(copy(h, &label, 1, &h), CKR_OK, "one that is not modifiable is");
	COUNT(calls(NULL), 0, "KMS heard nothing of that");
}

static void
test_into_kms(void)
{
	CK_ATTRIBUTE t[] = {
	    A(CKA_TOKEN, yes), A_BYTES(CKA_LABEL, "carried", 7)};
	CK_ATTRIBUTE loose[] = {A(CKA_TOKEN, yes), A(CKA_EXTRACTABLE, yes)};
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_OBJECT_HANDLE h, again;

	RV(p11->C_CopyObject(ro, original, t, 2, &h), CKR_SESSION_READ_ONLY,
	    "not from a read-only session");
	RV(copy(original, loose, 2, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "nothing in KMS is extractable");
	COUNT(calls(NULL), 0, "which is known before");
	RV(copy(original, t, 2, &h), CKR_OK, "a session key goes into KMS");
	OK(attr_is(h, CKA_TOKEN, &yes, 1), "as a token object");
	OK(attr_is_text(h, CKA_LABEL, "carried"), "by its name");
	OK(attr_is(h, CKA_EXTRACTABLE, &no, 1), "not extractable there");
	again = key_make(value, "carried");
	OK(again == h && same_key(h, again), "it is the same material");
	t[0] = (CK_ATTRIBUTE)A(CKA_TOKEN, no);
	RV(copy(h, t, 1, &again), CKR_ACTION_PROHIBITED, "not out of KMS");
	RV(copy(h, NULL, 0, &again), CKR_ACTION_PROHIBITED, "nor within");
	t[0] = (CK_ATTRIBUTE)A(CKA_MODIFIABLE, no);
	RV(copy(h, t, 1, &again), CKR_ACTION_PROHIBITED,
	    "nor for Hyperledger Fabric, which makes its keys immutable so");
	OK(testenv_logged_last("CKA_MODIFIABLE"), "the log says so");
	OK(attr_is(h, CKA_COPYABLE, &no, 1), "as it says");
}

int
main(void)
{
	memcpy(value, material(3), sizeof(value));
	testenv_start();
	testenv_log("info");
	p11_start();
	make(CKA_COPYABLE, NULL, &original);
	test_here();
	test_into_kms();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
