/* Slots, tokens, mechanisms, sessions, login, randomness, digests: all that
 * never asks the KMS anything. None is there to be asked. */
#include <stdio.h>
#include <string.h>
#include "p11.h"
#include "cryptoki/cryptoki.h"

static CK_SLOT_ID slot;

static void
test_slots(void)
{
	CK_SLOT_ID list[4];
	CK_SLOT_INFO info;
	CK_ULONG n;

	RV(p11->C_GetSlotList(CK_TRUE, NULL, NULL), CKR_ARGUMENTS_BAD,
	    "no count");
	RV(p11->C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK, "all slots");
	COUNT(n, 3, "a section is a slot");
	RV(p11->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK, "slots with a token");
	COUNT(n, 2, "one without a good endpoint has no token");
	n = 1;
	RV(p11->C_GetSlotList(CK_TRUE, list, &n), CKR_BUFFER_TOO_SMALL,
	    "too small");
	COUNT(n, 2, "which says how many");
	n = 4;
	RV(p11->C_GetSlotList(CK_FALSE, list, &n), CKR_OK, "the list");
	COUNT(n, 3, "is as long as it was said");
	RV(p11->C_GetSlotInfo(list[0], &info), CKR_OK, "C_GetSlotInfo");
	OK(info.flags == CKF_TOKEN_PRESENT, "its token is there");
	RV(p11->C_GetSlotInfo(list[2], &info), CKR_OK,
	    "C_GetSlotInfo without a token");
	OK(info.flags == CKF_REMOVABLE_DEVICE,
	    "its token is not, and so could be put in");
	RV(p11->C_GetSlotInfo(list[1], &info), CKR_OK,
	    "C_GetSlotInfo of a removable token");
	OK(info.flags == (CKF_TOKEN_PRESENT | CKF_REMOVABLE_DEVICE),
	    "is so as configured");
	RV(p11->C_GetSlotInfo(list[0], NULL), CKR_ARGUMENTS_BAD,
	    "no place for it");
	RV(p11->C_GetSlotInfo(77, &info), CKR_SLOT_ID_INVALID, "no such slot");
	slot = list[0];
}

static void
test_tokens(void)
{
	CK_TOKEN_INFO a, b;
	CK_MECHANISM_INFO m;
	CK_SESSION_HANDLE s;
	CK_ULONG n;

	RV(p11->C_GetTokenInfo(0, &a), CKR_OK, "C_GetTokenInfo");
	OK((a.flags & (CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED)) ==
		CKF_USER_PIN_INITIALIZED,
	    "no login is required, and no PIN is to be set first");
	OK(memcmp(a.label, "test                            ", 32) == 0,
	    "the label is the section's name");
	OK((a.flags & (CKF_TOKEN_INITIALIZED | CKF_RNG)) ==
		    (CKF_TOKEN_INITIALIZED | CKF_RNG) &&
		(a.flags & (CKF_LOGIN_REQUIRED | CKF_WRITE_PROTECTED)) == 0,
	    "it asks for no login");
	RV(p11->C_GetTokenInfo(1, &b), CKR_OK, "another token");
	OK(memcmp(a.serialNumber, b.serialNumber, 16) != 0,
	    "no two have one serial number");
	RV(p11->C_GetTokenInfo(0, NULL), CKR_ARGUMENTS_BAD, "no place for it");
	RV(p11->C_GetTokenInfo(77, &a), CKR_SLOT_ID_INVALID, "no such slot");
	RV(p11->C_GetTokenInfo(2, &a), CKR_TOKEN_NOT_PRESENT,
	    "C_GetTokenInfo without a token");
	RV(p11->C_GetMechanismList(2, NULL, &n), CKR_TOKEN_NOT_PRESENT,
	    "C_GetMechanismList without a token");
	RV(p11->C_GetMechanismInfo(2, CKM_AES_GCM, &m), CKR_TOKEN_NOT_PRESENT,
	    "C_GetMechanismInfo without a token");
	RV(p11->C_OpenSession(2, CKF_SERIAL_SESSION, NULL, NULL, &s),
	    CKR_TOKEN_NOT_PRESENT, "C_OpenSession without a token");
	RV(p11->C_CloseAllSessions(2), CKR_TOKEN_NOT_PRESENT,
	    "C_CloseAllSessions without a token");
}

static bool
is_listed(CK_SLOT_ID s, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_TYPE list[256];
	CK_ULONG n = ELEMS(list);
	CK_RV rv = p11->C_GetMechanismList(s, list, &n);

	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++)
		if (list[i] == type)
			return (true);
	return (false);
}

static void
test_mechanisms(void)
{
	const struct {
		CK_MECHANISM_TYPE type;
		const char *name;
		CK_FLAGS flags;
		CK_ULONG min, max;
	} cases[] = {
	    {CKM_KEYFERRY_KMS, "KMS",
		CKF_ENCRYPT | CKF_DECRYPT | CKF_WRAP | CKF_UNWRAP, 32, 32},
	    {CKM_AES_GCM, "GCM",
		CKF_ENCRYPT | CKF_DECRYPT | CKF_MESSAGE_ENCRYPT |
		    CKF_MESSAGE_DECRYPT | CKF_MULTI_MESSAGE | CKF_WRAP |
		    CKF_UNWRAP,
		16, 32},
	    {CKM_RSA_PKCS_OAEP, "OAEP",
		CKF_ENCRYPT | CKF_DECRYPT | CKF_WRAP | CKF_UNWRAP, 1024, 8192},
	    {CKM_RSA_PKCS_KEY_PAIR_GEN, "pair generation",
		CKF_GENERATE_KEY_PAIR, 512, 4096},
	};
	CK_MECHANISM_TYPE list[256];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 0;

	RV(p11->C_GetMechanismList(slot, NULL, NULL), CKR_ARGUMENTS_BAD,
	    "no count");
	RV(p11->C_GetMechanismList(slot, NULL, &n), CKR_OK,
	    "how many mechanisms");
	n--;
	RV(p11->C_GetMechanismList(slot, list, &n), CKR_BUFFER_TOO_SMALL,
	    "too small");
	RV(p11->C_GetMechanismInfo(slot, CKM_AES_GCM, NULL), CKR_ARGUMENTS_BAD,
	    "no place for it");
	RV(p11->C_GetMechanismInfo(slot, CKM_DES_CBC, &info),
	    CKR_MECHANISM_INVALID, "no such mechanism");
	for (size_t i = 0; i < ELEMS(cases); i++) {
		OK(is_listed(slot, cases[i].type), "%s is listed",
		    cases[i].name);
		RV(p11->C_GetMechanismInfo(slot, cases[i].type, &info), CKR_OK,
		    "%s", cases[i].name);
		OK(info.flags == cases[i].flags &&
			info.ulMinKeySize == cases[i].min &&
			info.ulMaxKeySize == cases[i].max,
		    "its flags and sizes");
	}
	OK(is_listed(slot, CKM_AES_CBC_PAD), "CBC-PAD is, for session keys");
	OK(!is_listed(slot, CKM_SHA256), "digests are not listed");
}

static void
test_sessions(void)
{
	CK_SESSION_HANDLE a = 0, b = 0, c = 0;
	CK_SESSION_INFO info;
	CK_TOKEN_INFO token;

	RV(p11->C_OpenSession(slot, 0, NULL, NULL, &a),
	    CKR_SESSION_PARALLEL_NOT_SUPPORTED, "a parallel session");
	RV(p11->C_OpenSession(
	       slot, CKF_SERIAL_SESSION | CKF_ASYNC_SESSION, NULL, NULL, &a),
	    CKR_SESSION_ASYNC_NOT_SUPPORTED, "one that may answer later");
	RV(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, NULL),
	    CKR_ARGUMENTS_BAD, "no place for the handle");
	RV(p11->C_OpenSession(77, CKF_SERIAL_SESSION, NULL, NULL, &a),
	    CKR_SLOT_ID_INVALID, "no such slot");
	a = p11_session(0);
	b = p11_session(CKF_RW_SESSION);
	RV(p11->C_GetSessionInfo(a, &info), CKR_OK, "a read-only one");
	OK(info.state == CKS_RO_PUBLIC_SESSION &&
		info.flags == CKF_SERIAL_SESSION && info.slotID == slot,
	    "it is what was asked for");
	RV(p11->C_GetSessionInfo(b, &info), CKR_OK, "a read-write one");
	OK(info.state == CKS_RW_PUBLIC_SESSION &&
		info.flags == (CKF_SERIAL_SESSION | CKF_RW_SESSION),
	    "it is what was asked for");
	RV(p11->C_GetSessionInfo(b, NULL), CKR_ARGUMENTS_BAD,
	    "no place for it");
	RV(p11->C_GetTokenInfo(slot, &token), CKR_OK, "the token counts them");
	OK(token.ulSessionCount == 3 && token.ulRwSessionCount == 2,
	    "three, two of them read-write");
	RV(p11->C_CloseSession(a), CKR_OK, "one is closed");
	RV(p11->C_CloseSession(a), CKR_SESSION_HANDLE_INVALID, "but once");
	RV(p11->C_GetSessionInfo(a, &info), CKR_SESSION_HANDLE_INVALID,
	    "its handle is no longer good");
	c = p11_session(0);
	OK(c != a && c != b, "and is not used again");
	RV(p11->C_CloseSession(CK_INVALID_HANDLE), CKR_SESSION_HANDLE_INVALID,
	    "the invalid handle");
	/* another token's session stays */
	RV(p11->C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &a), CKR_OK,
	    "a session with the other token");
	RV(p11->C_CloseAllSessions(slot), CKR_OK, "C_CloseAllSessions");
	RV(p11->C_GetSessionInfo(c, &info), CKR_SESSION_HANDLE_INVALID,
	    "closes those of the slot");
	RV(p11->C_GetSessionInfo(a, &info), CKR_OK, "and no others");
	RV(p11->C_CloseSession(a), CKR_OK, "which end one by one");
	rw = p11_session(CKF_RW_SESSION);
}

static void
test_many_sessions(void)
{
	enum { MANY = 1000 };
	CK_SESSION_HANDLE h[MANY];
	size_t bad = 0;

	for (size_t i = 0; i < MANY; i++)
		bad += p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL,
			   &h[i]) != CKR_OK;
	for (size_t i = 0; i < MANY; i += 2)
		bad += p11->C_CloseSession(h[i]) != CKR_OK;
	for (size_t i = 1; i < MANY; i += 2)
		bad += p11->C_CloseSession(h[i]) != CKR_OK;
	COUNT(bad, 0, "%d sessions open and close in any order", MANY);
}

static CK_STATE
state_of(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info = {.state = 77};

	(void)p11->C_GetSessionInfo(s, &info);
	return (info.state);
}

static void
test_login(void)
{
	CK_UTF8CHAR pin[] = "any will do";
	CK_SESSION_HANDLE ro = p11_session(0);

	RV(p11->C_Logout(rw), CKR_USER_NOT_LOGGED_IN, "no login to end");
	RV(p11->C_Login(rw, CKU_SO, pin, 4), CKR_SESSION_READ_ONLY_EXISTS,
	    "no security officer beside a read-only session");
	RV(p11->C_Login(rw, CKU_CONTEXT_SPECIFIC, pin, 4),
	    CKR_OPERATION_NOT_INITIALIZED, "nothing asks for a login again");
	RV(p11->C_Login(rw, 77, pin, 4), CKR_USER_TYPE_INVALID,
	    "a user that is none");
	RV(p11->C_Login(rw, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD,
	    "a PIN of no bytes and some length");
	RV(p11->C_Login(rw, CKU_USER, pin, sizeof(pin) - 1), CKR_OK, "any PIN");
	OK(state_of(rw) == CKS_RW_USER_FUNCTIONS &&
		state_of(ro) == CKS_RO_USER_FUNCTIONS,
	    "all sessions of the token are logged in");
	RV(p11->C_Login(ro, CKU_USER, pin, 4), CKR_USER_ALREADY_LOGGED_IN,
	    "twice");
	RV(p11->C_Logout(ro), CKR_OK, "C_Logout");
	OK(state_of(rw) == CKS_RW_PUBLIC_SESSION, "for all of them");
	RV(p11->C_Login(rw, CKU_USER, NULL, 0), CKR_OK, "no PIN");
	p11->C_CloseAllSessions(slot);
	rw = p11_session(CKF_RW_SESSION);
	OK(state_of(rw) == CKS_RW_PUBLIC_SESSION,
	    "the last session takes the login with it");
	RV(p11->C_Login(77777, CKU_USER, NULL, 0), CKR_SESSION_HANDLE_INVALID,
	    "no such session");
}

static void
test_random(void)
{
	CK_BYTE a[64] = {0}, b[64] = {0}, zero[64] = {0};

	RV(p11->C_GenerateRandom(rw, a, sizeof(a)), CKR_OK, "randomness");
	RV(p11->C_GenerateRandom(rw, b, sizeof(b)), CKR_OK, "more of it");
	OK(memcmp(a, b, sizeof(a)) != 0 && memcmp(a, zero, sizeof(a)) != 0,
	    "it differs");
	RV(p11->C_GenerateRandom(rw, a, 0), CKR_OK, "none of it");
	RV(p11->C_GenerateRandom(rw, NULL, 1), CKR_ARGUMENTS_BAD,
	    "no place for it");
	RV(p11->C_GenerateRandom(77777, a, 1), CKR_SESSION_HANDLE_INVALID,
	    "no such session");
	RV(p11->C_SeedRandom(rw, a, sizeof(a)), CKR_OK, "it takes a seed");
	RV(p11->C_SeedRandom(rw, NULL, 0), CKR_OK, "an empty one");
	RV(p11->C_SeedRandom(rw, NULL, 1), CKR_ARGUMENTS_BAD, "none of a byte");
	RV(p11->C_SeedRandom(77777, a, 1), CKR_SESSION_HANDLE_INVALID,
	    "no such session");
	RV(p11->C_GenerateRandom(rw, b, sizeof(b)), CKR_OK, "and goes on");
	OK(memcmp(a, b, sizeof(a)) != 0, "with other numbers");
}

/* SHA of "abc": FIPS 180-4 and FIPS 202. */
static const struct {
	CK_MECHANISM_TYPE type;
	const char *name, *hex;
} vectors[] = {
    {CKM_SHA_1, "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {CKM_SHA224, "SHA-224",
	"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {CKM_SHA256, "SHA-256",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {CKM_SHA384, "SHA-384",
	"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	"8086072ba1e7cc2358baeca134c825a7"},
    {CKM_SHA512, "SHA-512",
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {CKM_SHA512_224, "SHA-512/224",
	"4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"},
    {CKM_SHA512_256, "SHA-512/256",
	"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
    {CKM_SHA3_224, "SHA3-224",
	"e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"},
    {CKM_SHA3_256, "SHA3-256",
	"3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    {CKM_SHA3_384, "SHA3-384",
	"ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
	"98d88cea927ac7f539f1edf228376d25"},
    {CKM_SHA3_512, "SHA3-512",
	"b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
	"10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
};

static void
test_digest(CK_MECHANISM_TYPE type, const char *name, const char *hex)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_BYTE abc[] = {'a', 'b', 'c'}, out[64];
	CK_ULONG want = strlen(hex) / 2, n = 0;

	RV(p11->C_DigestInit(rw, &m), CKR_OK, "%s", name);
	RV(p11->C_Digest(rw, abc, 3, NULL, &n), CKR_OK, "its length");
	COUNT(n, want, "is known");
	n--;
	RV(p11->C_Digest(rw, abc, 3, out, &n), CKR_BUFFER_TOO_SMALL,
	    "too small");
	RV(p11->C_Digest(rw, abc, 3, out, &n), CKR_OK, "and again");
	OK(n == want && is_hex(out, n, hex), "%s of \"abc\"", name);
	RV(p11->C_Digest(rw, abc, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "it is over");
	RV(p11->C_DigestInit(rw, &m), CKR_OK, "in parts");
	RV(p11->C_DigestUpdate(rw, abc, 1), CKR_OK, "the first");
	RV(p11->C_DigestUpdate(rw, abc, 0), CKR_OK, "an empty one");
	RV(p11->C_DigestUpdate(rw, abc + 1, 2), CKR_OK, "the last");
	n = sizeof(out);
	RV(p11->C_Digest(rw, abc, 3, out, &n), CKR_OPERATION_ACTIVE,
	    "C_Digest does not end what came in parts");
	n = sizeof(out);
	RV(p11->C_DigestFinal(rw, out, &n), CKR_OK, "C_DigestFinal");
	OK(n == want && is_hex(out, n, hex), "%s in parts", name);
}

static void
test_digest_rules(void)
{
	CK_MECHANISM m = {CKM_SHA256, NULL, 0}, bad = {CKM_SHA256, &m, 1};
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	RV(p11->C_DigestInit(rw, &bad), CKR_MECHANISM_PARAM_INVALID,
	    "a parameter where none belongs");
	RV(p11->C_DigestInit(rw, NULL), CKR_ARGUMENTS_BAD, "no mechanism");
	RV(p11->C_DigestInit(rw, &kms_mechanism), CKR_MECHANISM_INVALID,
	    "one that is no digest");
	RV(p11->C_DigestFinal(rw, out, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "none under way");
	RV(p11->C_DigestInit(rw, &m), CKR_OK, "one begins");
	RV(p11->C_DigestInit(rw, &m), CKR_OPERATION_ACTIVE, "not two");
	RV(p11->C_DigestInit(rw, NULL), CKR_OK,
	    "C_DigestInit without a mechanism ends it");
	RV(p11->C_DigestInit(rw, &m), CKR_OK, "another begins");
	RV(p11->C_DigestUpdate(rw, NULL, 1), CKR_ARGUMENTS_BAD,
	    "no bytes and some length");
	RV(p11->C_DigestFinal(rw, out, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "an error ends it");
	RV(p11->C_DigestInit(rw, &m), CKR_OK, "another begins");
	RV(p11->C_DigestFinal(rw, out, &n), CKR_OK, "and ends without input");
	OK(is_hex(out, n,
	       "e3b0c44298fc1c149afbf4c8996fb924"
	       "27ae41e4649b934ca495991b7852b855"),
	    "SHA-256 of nothing");
}

static void
test_listed_digests(void)
{
	p11_stop();
	testenv_config("digests = yes", NULL, NULL);
	p11_start();
	for (size_t i = 0; i < ELEMS(vectors); i++)
		OK(is_listed(slot, vectors[i].type), "%s is listed when asked",
		    vectors[i].name);
}

int
main(void)
{
	testenv_open();
	testenv_config(NULL, NULL,
	    "[token other]\nslot = 1\nremovable = yes\naes-cbc-pad = yes\n"
	    "[token broken]\nslot = 2\nremovable = no\nendpoint = "
	    "http://192.0.2.1/\n");
	p11_start();
	test_slots();
	test_tokens();
	test_mechanisms();
	test_sessions();
	test_many_sessions();
	test_login();
	test_random();
	for (size_t i = 0; i < ELEMS(vectors); i++)
		test_digest(vectors[i].type, vectors[i].name, vectors[i].hex);
	test_digest_rules();
	test_listed_digests();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
