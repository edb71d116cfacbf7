/* login = required: what is private is not there before a login. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_UTF8CHAR pin[256] = "1234";
static CK_FUNCTION_LIST_3_2 *v3;
static CK_SESSION_HANDLE ro;

static CK_RV
login(CK_USER_TYPE user, CK_ULONG len)
{
	return (p11->C_Login(rw, user, pin, len));
}

static CK_STATE
state_of(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info = {.state = 77};

	(void)p11->C_GetSessionInfo(s, &info);
	return (info.state);
}

static CK_ULONG
count(CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG len)
{
	CK_ATTRIBUTE t = A_BYTES(type, value, len);
	CK_OBJECT_HANDLE h[16];

	return (find(rw, &t, 1, h, ELEMS(h)));
}

static CK_RV
make_local(CK_BBOOL *private, CK_OBJECT_HANDLE *h)
{
	static CK_OBJECT_CLASS data = CKO_DATA;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, data),
	    {CKA_PRIVATE, private, sizeof(*private)},
	    A_BYTES(CKA_VALUE, "value", 5)};

	return (p11->C_CreateObject(rw, t, ELEMS(t), h));
}

static void
test_token(void)
{
	CK_TOKEN_INFO info;

	RV(p11->C_GetTokenInfo(0, &info), CKR_OK, "C_GetTokenInfo");
	OK((info.flags & CKF_LOGIN_REQUIRED) != 0 &&
		(info.flags & CKF_USER_PIN_INITIALIZED) != 0 &&
		(info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0,
	    "it asks for a login");
	OK(info.ulMinPinLen == 4 && info.ulMaxPinLen == 255,
	    "by a PIN of 4 to 255 bytes");
}

static void
test_refused(void)
{
	RV(p11->C_Logout(rw), CKR_USER_NOT_LOGGED_IN, "C_Logout before");
	RV(login(CKU_USER, 3), CKR_PIN_INCORRECT, "a PIN too short");
	RV(login(CKU_USER, 256), CKR_PIN_INCORRECT, "a PIN too long");
	RV(login(CKU_USER, 0), CKR_PIN_INCORRECT, "an empty PIN");
	RV(p11->C_Login(rw, CKU_USER, NULL, 0), CKR_ARGUMENTS_BAD, "no PIN");
	RV(p11->C_Login(rw, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD,
	    "no PIN of some length");
	RV(login(77, 4), CKR_USER_TYPE_INVALID, "a user that is none");
	RV(login(CKU_CONTEXT_SPECIFIC, 4), CKR_OPERATION_NOT_INITIALIZED,
	    "nothing asks once more");
	RV(login(CKU_SO, 4), CKR_SESSION_READ_ONLY_EXISTS,
	    "the officer beside a read-only session");
	RV(p11->C_CloseSession(ro), CKR_OK, "without that");
	RV(login(CKU_SO, 4), CKR_USER_TYPE_INVALID, "there is no officer");
	ro = p11_session(0);
	OK(state_of(rw) == CKS_RW_PUBLIC_SESSION &&
		state_of(ro) == CKS_RO_PUBLIC_SESSION,
	    "nobody is logged in");
}

static void
test_pins(void)
{
	RV(p11->C_InitPIN(rw, pin, 4), CKR_USER_NOT_LOGGED_IN,
	    "C_InitPIN is the officer's");
	RV(p11->C_InitPIN(rw, NULL, 4), CKR_ARGUMENTS_BAD,
	    "C_InitPIN without a PIN");
	RV(p11->C_InitPIN(77777, pin, 4), CKR_SESSION_HANDLE_INVALID,
	    "C_InitPIN without a session");
	RV(p11->C_SetPIN(ro, pin, 4, pin, 4), CKR_SESSION_READ_ONLY,
	    "C_SetPIN in a read-only session");
	RV(p11->C_SetPIN(rw, NULL, 4, pin, 4), CKR_ARGUMENTS_BAD,
	    "C_SetPIN without a PIN");
	RV(p11->C_SetPIN(rw, pin, 4, pin, 4), CKR_FUNCTION_NOT_SUPPORTED,
	    "C_SetPIN");
	RV(p11->C_SetPIN(77777, pin, 4, pin, 4), CKR_SESSION_HANDLE_INVALID,
	    "C_SetPIN without a session");
	RV(p11->C_InitToken(0, pin, 4, pin), CKR_SESSION_EXISTS,
	    "C_InitToken beside sessions");
	RV(p11->C_InitToken(0, pin, 4, NULL), CKR_ARGUMENTS_BAD,
	    "C_InitToken without a label");
	RV(p11->C_InitToken(77, pin, 4, pin), CKR_SLOT_ID_INVALID,
	    "C_InitToken of no slot");
}

/* What is made while logged in. */
static struct {
	CK_OBJECT_HANDLE aes, private, public, local_private, local_public;
} made;

static void
test_before(void)
{
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "other", 5);
	struct key_template t;
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG n = 0;

	calls_clear();
	COUNT(count(CKA_CLASS, &private_class, sizeof(private_class)), 0,
	    "no private key is found");
	COUNT(count(CKA_CLASS, &secret_class, sizeof(secret_class)), 0,
	    "no secret key is found");
	COUNT(calls(NULL), 0, "and KMS is not asked");
	OK(find_label("pair", CKO_PUBLIC_KEY) != CK_INVALID_HANDLE,
	    "a public key is");
	COUNT(find(rw, NULL, 0, &h, 1), 1, "and of all objects no other");
	COUNT(find_label("aes", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "a secret key's name finds nothing");
	key_template(&t, material(2), "refused");
	RV(p11->C_CreateObject(rw, t.t, t.count, &h), CKR_USER_NOT_LOGGED_IN,
	    "a key in KMS cannot be made");
	RV(p11->C_CreateObject(ro, t.t, t.count, &h), CKR_SESSION_READ_ONLY,
	    "in a read-only session a login would not help");
	RV(make_local(&yes, &h), CKR_USER_NOT_LOGGED_IN,
	    "nor a private session object");
	RV(make_local(&no, &made.local_public), CKR_OK, "a public one");
	if (made.aes == 0)
		return;
	n = attr(made.aes, CKA_LABEL, NULL, 0);
	COUNT(n, CK_UNAVAILABLE_INFORMATION, "a handle from before is none");
	RV(p11->C_GetObjectSize(rw, made.private, &n),
	    CKR_OBJECT_HANDLE_INVALID, "C_GetObjectSize");
	RV(p11->C_SetAttributeValue(rw, made.private, &label, 1),
	    CKR_OBJECT_HANDLE_INVALID, "C_SetAttributeValue");
	RV(p11->C_DestroyObject(rw, made.aes), CKR_OBJECT_HANDLE_INVALID,
	    "C_DestroyObject");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, made.aes),
	    CKR_KEY_HANDLE_INVALID, "C_EncryptInit");
}

static void
test_after(void)
{
	CK_ULONG all;
	CK_OBJECT_HANDLE h[16];

	RV(login(CKU_USER, 4), CKR_OK, "any PIN");
	RV(login(CKU_USER, 4), CKR_USER_ALREADY_LOGGED_IN, "twice");
	RV(login(CKU_USER, 3), CKR_USER_ALREADY_LOGGED_IN, "with a bad one");
	RV(login(CKU_SO, 4), CKR_SESSION_READ_ONLY_EXISTS, "the officer");
	RV(p11->C_CloseSession(ro), CKR_OK, "without a read-only session");
	RV(login(CKU_SO, 4), CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
	    "the officer while the user is there");
	ro = p11_session(0);
	OK(state_of(rw) == CKS_RW_USER_FUNCTIONS &&
		state_of(ro) == CKS_RO_USER_FUNCTIONS,
	    "every session is the user's");
	made.aes = key_make(material(1), "aes");
	made.private = find_label("pair", CKO_PRIVATE_KEY);
	made.public = find_label("pair", CKO_PUBLIC_KEY);
	OK(made.private != CK_INVALID_HANDLE, "the private key is there");
	OK(attr_is(made.aes, CKA_PRIVATE, &yes, 1) &&
		attr_is(made.private, CKA_PRIVATE, &yes, 1) &&
		attr_is(made.public, CKA_PRIVATE, &no, 1),
	    "CKA_PRIVATE tells which need the login");
	COUNT(count(CKA_PRIVATE, &yes, 1), 2, "and finds them");
	RV(make_local(&yes, &made.local_private), CKR_OK,
	    "a private session object");
	COUNT(count(CKA_PRIVATE, &yes, 1), 3, "is found with them");
	all = find(rw, NULL, 0, h, ELEMS(h));
	COUNT(all, 5, "all objects");
}

static void
test_logout(void)
{
	CK_BYTE out[512];
	CK_ULONG n = sizeof(out);
	CK_MECHANISM sha = {CKM_SHA256, NULL, 0};

	RV(p11->C_EncryptInit(rw, &kms_mechanism, made.aes), CKR_OK,
	    "an operation with a private key");
	RV(p11->C_DigestInit(rw, &sha), CKR_OK, "and one without a key");
	RV(p11->C_Logout(ro), CKR_OK, "C_Logout");
	RV(p11->C_Encrypt(rw, out, 4, out, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "ends the first");
	n = sizeof(out);
	RV(p11->C_Digest(rw, out, 4, out, &n), CKR_OK, "but not the other");
	OK(state_of(rw) == CKS_RW_PUBLIC_SESSION, "nobody is logged in");
	COUNT(attr(made.local_public, CKA_VALUE, NULL, 0), 5,
	    "the public session object stays");
	RV(p11->C_DestroyObject(rw, made.local_public), CKR_OK, "until then");
	test_before();
	RV(login(CKU_USER, 255), CKR_OK, "the longest PIN");
	COUNT(attr(made.aes, CKA_VALUE_LEN, NULL, 0),
	    CK_UNAVAILABLE_INFORMATION, "a handle from before stays none");
	OK(find_label("aes", CKO_SECRET_KEY) != CK_INVALID_HANDLE &&
		find_label("aes", CKO_SECRET_KEY) != made.aes,
	    "the key in KMS is there again, by another");
	OK(find_label("pair", CKO_PUBLIC_KEY) == made.public,
	    "a public key by the same");
	COUNT(attr(made.local_private, CKA_VALUE, NULL, 0),
	    CK_UNAVAILABLE_INFORMATION, "the private session object is not");
	COUNT(count(CKA_PRIVATE, &yes, 1), 2, "nor found");
	p11->C_CloseAllSessions(0);
	rw = p11_session(CKF_RW_SESSION);
	ro = p11_session(0);
	OK(state_of(rw) == CKS_RW_PUBLIC_SESSION,
	    "the last session takes the login with it");
}

static void
test_login_user(void)
{
	RV(v3->C_LoginUser(rw, CKU_USER, pin, 4, NULL, 3), CKR_ARGUMENTS_BAD,
	    "C_LoginUser with no name of some length");
	RV(v3->C_LoginUser(rw, CKU_USER, pin, 3, pin, 4), CKR_PIN_INCORRECT,
	    "C_LoginUser with a short PIN");
	RV(v3->C_LoginUser(77777, CKU_USER, pin, 4, pin, 4),
	    CKR_SESSION_HANDLE_INVALID, "C_LoginUser without a session");
	RV(v3->C_LoginUser(rw, CKU_USER, pin, 4, pin, 4), CKR_OK,
	    "C_LoginUser");
	RV(login(CKU_USER, 4), CKR_USER_ALREADY_LOGGED_IN, "C_Login then");
	RV(p11->C_Logout(rw), CKR_OK, "C_Logout");
}

/* An object of the session that does not say whether it is private. */
static void
test_default_of_session_objects(void)
{
	static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic), A_BYTES(CKA_VALUE, "value", 5)};
	CK_OBJECT_HANDLE before = 0, after = 0;

	RV(p11->C_CreateObject(rw, t, ELEMS(t), &before), CKR_OK,
	    "a session key before the login");
	OK(attr_is(before, CKA_PRIVATE, &no, 1), "is public");
	RV(login(CKU_USER, 4), CKR_OK, "C_Login");
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &after), CKR_OK, "after it");
	OK(attr_is(after, CKA_PRIVATE, &yes, 1), "it is private");
	RV(p11->C_Logout(rw), CKR_OK, "C_Logout");
	OK(attr_is(before, CKA_PRIVATE, &no, 1), "the first is still there");
	COUNT(attr(after, CKA_PRIVATE, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "the second is not");
	RV(p11->C_DestroyObject(rw, before), CKR_OK, "C_DestroyObject");
}

/* A key that asks before each operation. */
static void
test_always(void)
{
	static CK_BYTE d[32] = {[31] = 3};
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_KEY_TYPE ec = CKK_EC;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, ec),
	    A(CKA_PRIVATE, yes), A(CKA_SIGN, yes),
	    A(CKA_ALWAYS_AUTHENTICATE, yes),
	    A_BYTES(CKA_EC_PARAMS, p256, sizeof(p256)),
	    A_BYTES(CKA_VALUE, d, sizeof(d))};
	CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
	CK_OBJECT_HANDLE h = 0;
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	RV(login(CKU_USER, 4), CKR_OK, "C_Login");
	t[2].pValue = &no;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_TEMPLATE_INCONSISTENT,
	    "a public key object cannot ask for a PIN");
	t[2].pValue = &yes;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK,
	    "a key with CKA_ALWAYS_AUTHENTICATE");
	RV(p11->C_SignInit(rw, &ecdsa, h), CKR_OK, "C_SignInit");
	RV(p11->C_Sign(rw, out, 4, out, &n), CKR_USER_NOT_LOGGED_IN,
	    "it asks once more");
	RV(p11->C_SignUpdate(rw, out, 4), CKR_OPERATION_NOT_INITIALIZED,
	    "which ends the operation");
	RV(p11->C_SignInit(rw, &ecdsa, h), CKR_OK, "C_SignInit");
	RV(p11->C_SignUpdate(rw, out, 4), CKR_USER_NOT_LOGGED_IN,
	    "for each part, too");
	RV(p11->C_SignInit(rw, &ecdsa, h), CKR_OK, "C_SignInit");
	RV(login(CKU_CONTEXT_SPECIFIC, 3), CKR_PIN_INCORRECT, "a short PIN");
	RV(login(CKU_CONTEXT_SPECIFIC, 4), CKR_OK, "for this operation");
	RV(login(CKU_CONTEXT_SPECIFIC, 4), CKR_OPERATION_NOT_INITIALIZED,
	    "which is enough");
	n = sizeof(out);
	RV(p11->C_Sign(rw, out, 4, out, &n), CKR_OK, "C_Sign");
	RV(p11->C_SignInit(rw, &ecdsa, h), CKR_OK, "C_SignInit");
	RV(p11->C_Sign(rw, out, 4, out, &n), CKR_USER_NOT_LOGGED_IN,
	    "and for the next");
	RV(p11->C_Logout(rw), CKR_OK, "C_Logout");
}

static CK_RV
find_init(void)
{
	CK_RV rv = p11->C_FindObjectsInit(rw, NULL, 0);

	(void)p11->C_FindObjectsFinal(rw);
	return (rv);
}

/* There is nothing to be found yet, which is no failure: only the log says
 * what to do. What this process keeps is found. */
static void
test_search_before(void)
{
	CK_OBJECT_HANDLE h;

	RV(find_init(), CKR_OK, "a search of all before it");
	OK(strstr(testenv_read("log"),
	       "C_FindObjectsInit: no keys are found: profile \"mfa\" needs a "
	       "code of the MFA device arn:aws:iam::111122223333:mfa/me: log "
	       "in "
	       "with it as the PIN") != NULL,
	    "the log says to log in");
	OK(find_label("pair", CKO_PRIVATE_KEY) == CK_INVALID_HANDLE &&
		find_label("pair", CKO_PUBLIC_KEY) == CK_INVALID_HANDLE,
	    "a search by name finds nothing");
	RV(make_local(&no, &h), CKR_OK, "an object of the session");
	COUNT(count(CKA_VALUE, "value", 5), 1, "is found");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "C_DestroyObject");
	OK(strstr(testenv_read("log"), "CKR_") == NULL, "no call failed");
}

/* A role that wants a code of an MFA device: the PIN is the code. */
static void
test_mfa(void)
{
	char text[2048], url[96];
	CK_ATTRIBUTE point = {CKA_EC_POINT, NULL, 0};
	CK_TOKEN_INFO info;
	CK_OBJECT_HANDLE h, public_half;

	snprintf(url, sizeof(url), "http://%s", testenv_address());
	snprintf(text, sizeof(text),
	    "[profile base]\naws_access_key_id = %s\naws_secret_access_key = "
	    "%s\n[profile mfa]\nsource_profile = base\nrole_arn = "
	    "arn:aws:iam::111122223333:role/mfa-x\nmfa_serial = "
	    "arn:aws:iam::111122223333:mfa/me\n",
	    getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"));
	testenv_write("aws-config", text);
	setenv("AWS_CONFIG_FILE", testenv_path("aws-config"), 1);
	setenv("AWS_ENDPOINT_URL_STS", url, 1);
	snprintf(text, sizeof(text), "log = %s", testenv_path("log"));
	testenv_config(text, "profile = mfa", NULL);
	p11_start();
	RV(p11->C_GetTokenInfo(0, &info), CKR_OK, "C_GetTokenInfo");
	OK((info.flags & CKF_LOGIN_REQUIRED) != 0, "MFA: it asks for a login");
	test_search_before();
	memcpy(pin, "000000", 6);
	RV(login(CKU_USER, 6), CKR_PIN_INCORRECT, "a wrong code");
	OK(state_of(rw) == CKS_RW_PUBLIC_SESSION, "logs nobody in");
	memcpy(pin, "123456", 6);
	RV(login(CKU_USER, 6), CKR_OK, "a code");
	OK(state_of(rw) == CKS_RW_USER_FUNCTIONS, "logs the user in");
	OK(find_label("pair", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE,
	    "the keys are there");
	RV(p11->C_GetTokenInfo(0, &info), CKR_OK, "C_GetTokenInfo");
	OK((info.flags & CKF_LOGIN_REQUIRED) == 0, "which is enough");
	OK(strstr(testenv_read("log"),
	       "credentials from role, profile mfa, access key ") != NULL,
	    "the log tells where the credentials come from");
	OK(strstr(testenv_read("log"),
	       ", caller arn:aws:sts::111122223333:assumed-role/mfa-x/") !=
		NULL,
	    "and whose they are, by STS");
	control("POST", "/faults?operation=ListAliases&fault=error&"
			"error=ExpiredTokenException&count=0");
	RV(find_init(), CKR_DEVICE_ERROR, "a search when the session ended");
	control("DELETE", "/faults");
	h = find_label("pair", CKO_PRIVATE_KEY);
	public_half = find_label("pair", CKO_PUBLIC_KEY);
	control("POST", "/faults?fault=error&error=ExpiredTokenException&"
			"count=0");
	RV(p11->C_DestroyObject(rw, h), CKR_DEVICE_ERROR,
	    "C_DestroyObject has no code for a login that must come first");
	RV(p11->C_GetAttributeValue(rw, public_half, &point, 1),
	    CKR_DEVICE_ERROR, "nor has C_GetAttributeValue");
	control("DELETE", "/faults");
	p11_stop();
}

int
main(void)
{
	testenv_start();
	testenv_config(NULL, "login = required", NULL);
	(void)account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/pair");
	p11_start();
	v3 = p11_list_3_2();
	ro = p11_session(0);
	test_token();
	test_refused();
	test_pins();
	test_before();
	RV(p11->C_DestroyObject(rw, made.local_public), CKR_OK, "public");
	RV(make_local(&no, &made.local_public), CKR_OK, "a public one");
	test_after();
	test_logout();
	test_login_user();
	test_default_of_session_objects();
	test_always();
	p11->C_CloseAllSessions(0);
	RV(p11->C_InitToken(0, pin, 4, pin), CKR_FUNCTION_NOT_SUPPORTED,
	    "C_InitToken");
	p11_stop();
	test_mfa();
	testenv_stop();
	return (tap_done());
}
