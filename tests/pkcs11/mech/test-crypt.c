/* C_Encrypt and C_Decrypt with a KMS key: parts, lengths, room, contexts, and
 * what each call costs. */
#include <stdio.h>
#include <string.h>
#include "p11.h"
#include "cryptoki/cryptoki.h"

#define ROOM 8192

static CK_OBJECT_HANDLE key, other;
static CK_BYTE text[5000], sealed[ROOM], clear[ROOM];
static CK_ULONG sealed_len, clear_len;

static bool
is_clear(const void *want, size_t len)
{
	return (clear_len == len && memcmp(clear, want, len) == 0);
}

static CK_RV
seal(CK_MECHANISM *m, size_t len)
{
	sealed_len = sizeof(sealed);
	return (encrypt(key, m, text, len, sealed, &sealed_len));
}

static CK_RV
open_with(CK_OBJECT_HANDLE h, CK_MECHANISM *m)
{
	clear_len = sizeof(clear);
	return (decrypt(h, m, sealed, sealed_len, clear, &clear_len));
}

static void
test_lengths(void)
{
	static const size_t good[] = {1, 2, 16, 31, 4095, 4096};

	for (size_t i = 0; i < ELEMS(good); i++) {
		calls_clear();
		RV(seal(&kms_mechanism, good[i]), CKR_OK, "%zu bytes", good[i]);
		COUNT(calls("Encrypt"), 1, "one call");
		COUNT(calls(NULL), 1, "and no other");
		RV(open_with(key, &kms_mechanism), CKR_OK, "and back");
		OK(is_clear(text, good[i]), "they are the same");
		COUNT(calls("Decrypt"), 1, "one call");
	}
	calls_clear();
	RV(seal(&kms_mechanism, 4097), CKR_DATA_LEN_RANGE, "4097 bytes");
	RV(seal(&kms_mechanism, 0), CKR_DATA_LEN_RANGE, "no bytes");
	COUNT(calls(NULL), 0, "KMS is not asked");
	RV(p11->C_Encrypt(rw, text, 1, sealed, &sealed_len),
	    CKR_OPERATION_NOT_INITIALIZED, "an error ends the operation");
	sealed_len = 6145;
	RV(open_with(key, &kms_mechanism), CKR_ENCRYPTED_DATA_LEN_RANGE,
	    "6145 bytes to decrypt");
	sealed_len = 0;
	RV(open_with(key, &kms_mechanism), CKR_ENCRYPTED_DATA_LEN_RANGE,
	    "none to decrypt");
	COUNT(calls(NULL), 0, "KMS is not asked");
}

static void
test_size_query(void)
{
	CK_ULONG n = 0, small;

	calls_clear();
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "Init");
	RV(p11->C_Encrypt(rw, text, 100, NULL, &n), CKR_OK, "a size query");
	OK(n >= 100, "it gives a bound");
	COUNT(calls(NULL), 0, "without a call");
	sealed_len = n;
	RV(p11->C_Encrypt(rw, text, 100, sealed, &sealed_len), CKR_OK,
	    "the bound is enough");
	COUNT(calls(NULL), 1, "for one call");
	/* too little room keeps the result */
	calls_clear();
	small = 10;
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "Init");
	RV(p11->C_Encrypt(rw, text, 100, sealed, &small), CKR_BUFFER_TOO_SMALL,
	    "too little room");
	OK(small > 100, "says how much it takes");
	n = small - 1;
	RV(p11->C_Encrypt(rw, text, 100, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "one byte too little");
	RV(p11->C_Encrypt(rw, text, 100, NULL, &n), CKR_OK,
	    "the length is asked for");
	COUNT(n, small, "it is known now");
	RV(p11->C_Encrypt(rw, text, 100, sealed, &n), CKR_OK, "room enough");
	COUNT(calls("Encrypt"), 1, "all of it with one call");
	sealed_len = n;
	RV(open_with(key, &kms_mechanism), CKR_OK, "and it decrypts");
	OK(is_clear(text, 100), "to what it was");
	n = 5;
	RV(p11->C_DecryptInit(rw, &kms_mechanism, key), CKR_OK, "Init");
	calls_clear();
	RV(p11->C_Decrypt(rw, sealed, sealed_len, clear, &n),
	    CKR_BUFFER_TOO_SMALL, "too little room to decrypt");
	COUNT(n, 100, "says how much it takes");
	RV(p11->C_Decrypt(rw, sealed, sealed_len, clear, &n), CKR_OK,
	    "room enough");
	COUNT(calls("Decrypt"), 1, "all of it with one call");
}

/* pkcs11-tool's and Java's way: Init again after CKR_BUFFER_TOO_SMALL. */
static void
test_init_again(void)
{
	CK_ULONG n = 10;

	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "Init");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OPERATION_ACTIVE,
	    "not twice");
	RV(p11->C_Encrypt(rw, text, 100, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "too little room");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, other), CKR_OK,
	    "an Init with another key begins anew");
	OK(strstr(testenv_read("log"), "that result is lost") != NULL,
	    "and the log says so");
	n = 10;
	RV(p11->C_Encrypt(rw, text, 100, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "too little room");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK,
	    "so does the same Init");
	RV(p11->C_EncryptUpdate(rw, text, 100, sealed, &n), CKR_OK,
	    "in parts, now");
	n = sizeof(sealed);
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_OK, "to the end");
	/* Java's AES-CBC comes in parts */
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "Init");
	RV(p11->C_EncryptUpdate(rw, text, 100, sealed, &n), CKR_OK, "a part");
	n = 10;
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "too little room for the end");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, other), CKR_OK,
	    "another Init begins anew");
	RV(p11->C_EncryptInit(rw, NULL, 0), CKR_OK, "no mechanism ends it");
	/* other input after CKR_BUFFER_TOO_SMALL is other input */
	n = 10;
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "Init");
	RV(p11->C_Encrypt(rw, text, 100, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "too little room");
	n = sizeof(sealed);
	RV(p11->C_Encrypt(rw, text + 1, 50, sealed, &n), CKR_OK, "other input");
	sealed_len = n;
	RV(open_with(key, &kms_mechanism), CKR_OK, "decrypts");
	OK(is_clear(text + 1, 50), "to itself");
}

static void
test_parts(void)
{
	CK_ULONG n;

	calls_clear();
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "in parts");
	for (size_t at = 0; at < 4096; at += 1024) {
		n = sizeof(sealed);
		if (p11->C_EncryptUpdate(rw, text + at, 1024, sealed, &n) !=
			CKR_OK ||
		    n != 0)
			OK(false, "a part gives nothing back");
	}
	n = sizeof(sealed);
	RV(p11->C_Encrypt(rw, text, 1, sealed, &n), CKR_OPERATION_ACTIVE,
	    "C_Encrypt does not end it");
	COUNT(calls(NULL), 0, "KMS is not asked before the end");
	n = 0;
	RV(p11->C_EncryptFinal(rw, NULL, &n), CKR_OK, "the size");
	OK(n >= 4096, "is a bound");
	n = 5;
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "too little room");
	n = sizeof(sealed);
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_OK, "room enough");
	COUNT(calls("Encrypt"), 1, "one call for all of it");
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "it is over");
	sealed_len = n;
	RV(p11->C_DecryptInit(rw, &kms_mechanism, key), CKR_OK,
	    "back in parts");
	for (size_t at = 0; at < sealed_len; at += 1000) {
		CK_ULONG part = sealed_len - at < 1000 ? sealed_len - at : 1000;

		n = sizeof(clear);
		if (p11->C_DecryptUpdate(rw, sealed + at, part, clear, &n) !=
			CKR_OK ||
		    n != 0)
			OK(false, "a part gives nothing back");
	}
	clear_len = sizeof(clear);
	RV(p11->C_DecryptFinal(rw, clear, &clear_len), CKR_OK, "to the end");
	OK(is_clear(text, 4096), "it is the same");
	/* too much of it */
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "once more");
	n = sizeof(sealed);
	RV(p11->C_EncryptUpdate(rw, text, 4096, sealed, &n), CKR_OK,
	    "4096 bytes");
	RV(p11->C_EncryptUpdate(rw, text, 1, sealed, &n), CKR_DATA_LEN_RANGE,
	    "and one more");
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "ends it");
}

static void
test_gcm(void)
{
	CK_BYTE iv[] = "an iv of 12b", iv2[] = "another iv..", aad[] = "aad";
	CK_GCM_PARAMS p = {.pIv = iv,
	    .ulIvLen = 12,
	    .ulIvBits = 96,
	    .pAAD = aad,
	    .ulAADLen = 3,
	    .ulTagBits = 128};
	CK_GCM_PARAMS q;
	CK_ULONG old_form[] = {(CK_ULONG)iv, 12, (CK_ULONG)aad, 3, 128};
	CK_MECHANISM old = {CKM_AES_GCM, old_form, sizeof(old_form)};
	CK_MECHANISM m = {CKM_AES_GCM, &p, sizeof(p)};
	CK_MECHANISM with_q = {CKM_AES_GCM, &q, sizeof(q)};

	RV(seal(&m, 100), CKR_OK, "GCM with iv and aad");
	q = p;
	RV(open_with(key, &with_q), CKR_OK, "and back");
	OK(is_clear(text, 100), "it is the same");
	q.pIv = iv2;
	RV(open_with(key, &with_q), CKR_ENCRYPTED_DATA_INVALID, "another iv");
	q = p;
	q.ulAADLen = 2;
	RV(open_with(key, &with_q), CKR_ENCRYPTED_DATA_INVALID, "another aad");
	q.ulAADLen = 0;
	q.pAAD = NULL;
	RV(open_with(key, &with_q), CKR_ENCRYPTED_DATA_INVALID, "no aad");
	RV(open_with(key, &kms_mechanism), CKR_ENCRYPTED_DATA_INVALID,
	    "no context at all");
	RV(seal(&with_q, 10), CKR_OK, "GCM without aad");
	RV(open_with(key, &with_q), CKR_OK, "and back");
	calls_clear();
	q = p;
	q.ulTagBits = 96;
	RV(seal(&with_q, 10), CKR_MECHANISM_PARAM_INVALID, "a tag of 96 bits");
	RV(seal(&old, 10), CKR_OK, "in the form of old headers");
	RV(open_with(key, &m), CKR_OK, "which is the same");
	calls_clear();
	q = p;
	q.ulIvLen = 0;
	q.pIv = NULL;
	RV(seal(&with_q, 10), CKR_OK, "no iv: KMS makes its own");
	RV(open_with(key, &with_q), CKR_OK, "and back");
	OK(is_clear(text, 10), "it is the same");
	RV(open_with(key, &m), CKR_ENCRYPTED_DATA_INVALID, "not with an iv");
	calls_clear();
	q = p;
	q.pIv = NULL;
	RV(seal(&with_q, 10), CKR_MECHANISM_PARAM_INVALID, "an iv of no bytes");
	q = p;
	q.pAAD = NULL;
	RV(seal(&with_q, 10), CKR_MECHANISM_PARAM_INVALID,
	    "an aad of no bytes");
	with_q.ulParameterLen--;
	RV(seal(&with_q, 10), CKR_MECHANISM_PARAM_INVALID,
	    "parameters of the wrong size");
	with_q.pParameter = NULL;
	with_q.ulParameterLen = 0;
	RV(seal(&with_q, 10), CKR_MECHANISM_PARAM_INVALID, "no parameters");
	with_q.ulParameterLen = sizeof(q);
	RV(seal(&with_q, 10), CKR_ARGUMENTS_BAD,
	    "parameters of no bytes and some length");
	COUNT(calls(NULL), 0, "KMS is asked none of that");
}

static void
test_context(void)
{
	static char one[] = "purpose\0test", two[] = "a\0b\0purpose\0test",
		    mixed[] = "purpose\0test\0a\0b";
	static char no_end[] = {'a', '\0', 'b'}, odd[] = "a\0b\0c",
		    no_name[] = "\0b", twice[] = "a\0b\0a\0c";
	const struct {
		const char *what;
		void *p;
		CK_ULONG len;
		CK_RV rv;
	} cases[] = {
	    {"the same context", mixed, sizeof(mixed), CKR_OK},
	    {"the same in another order", two, sizeof(two), CKR_OK},
	    {"a part of it", one, sizeof(one), CKR_ENCRYPTED_DATA_INVALID},
	    {"no context", NULL, 0, CKR_ENCRYPTED_DATA_INVALID},
	    {"a context without an end", no_end, sizeof(no_end),
		CKR_MECHANISM_PARAM_INVALID},
	    {"a name without a value", odd, sizeof(odd),
		CKR_MECHANISM_PARAM_INVALID},
	    {"a value without a name", no_name, sizeof(no_name),
		CKR_MECHANISM_PARAM_INVALID},
	    {"a name twice", twice, sizeof(twice), CKR_MECHANISM_PARAM_INVALID},
	};
	CK_MECHANISM m = {CKM_KEYFERRY_KMS, mixed, sizeof(mixed)};

	RV(seal(&m, 20), CKR_OK, "with an encryption context");
	for (size_t i = 0; i < ELEMS(cases); i++) {
		m.pParameter = cases[i].p;
		m.ulParameterLen = cases[i].len;
		rv_is(open_with(key, &m), cases[i].rv, "as listed", __FILE__,
		    __LINE__, "%s", cases[i].what);
	}
}

static void
test_wrong_ciphertext(void)
{
	RV(seal(&kms_mechanism, 50), CKR_OK, "a ciphertext");
	RV(open_with(other, &kms_mechanism), CKR_ENCRYPTED_DATA_INVALID,
	    "another key does not decrypt it");
	sealed[sealed_len - 1] ^= 1;
	RV(open_with(key, &kms_mechanism), CKR_ENCRYPTED_DATA_INVALID,
	    "damaged at its end");
	sealed[sealed_len - 1] ^= 1;
	sealed[5] ^= 1;
	OK(open_with(key, &kms_mechanism) == CKR_ENCRYPTED_DATA_INVALID,
	    "damaged at its start");
	sealed[5] ^= 1;
	sealed_len--;
	RV(open_with(key, &kms_mechanism), CKR_ENCRYPTED_DATA_INVALID,
	    "cut short");
	memset(sealed, 0x55, 200);
	sealed_len = 200;
	RV(open_with(key, &kms_mechanism), CKR_ENCRYPTED_DATA_INVALID,
	    "garbage");
}

static void
test_init_rules(void)
{
	CK_MECHANISM sha = {CKM_SHA256, NULL, 0}, cbc = {CKM_AES_CBC, text, 16},
		     pad = {CKM_AES_CBC_PAD, text, 16},
		     oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
	struct pair_handles pair = pair_make("waits");
	CK_ULONG n = sizeof(sealed);

	RV(p11->C_EncryptInit(rw, NULL, key), CKR_ARGUMENTS_BAD,
	    "no mechanism");
	RV(p11->C_EncryptInit(rw, &sha, key), CKR_MECHANISM_INVALID,
	    "a digest");
	RV(p11->C_EncryptInit(rw, &cbc, key), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "CBC, which KMS has not");
	RV(p11->C_EncryptInit(rw, &pad, key), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "CBC-PAD, unless it is asked for");
	RV(p11->C_DecryptInit(rw, &oaep, pair.private),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "OAEP with a key that waits");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, 77777),
	    CKR_KEY_HANDLE_INVALID, "no such key");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, pair.public),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "a key that waits");
	RV(p11->C_Encrypt(rw, text, 1, sealed, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "no operation");
	RV(p11->C_EncryptUpdate(rw, text, 1, sealed, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "nor one in parts");
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "nor its end");
	RV(p11->C_EncryptInit(rw, &kms_mechanism, key), CKR_OK, "one begins");
	RV(p11->C_DecryptInit(rw, &kms_mechanism, key), CKR_OK,
	    "another kind goes beside it");
	RV(p11->C_Encrypt(rw, text, 1, sealed, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the length");
	RV(p11->C_EncryptFinal(rw, sealed, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "an error ends it");
	RV(p11->C_DecryptInit(rw, NULL, CK_INVALID_HANDLE), CKR_OK,
	    "Init without a mechanism ends the other");
	RV(p11->C_EncryptInit(77777, &kms_mechanism, key),
	    CKR_SESSION_HANDLE_INVALID, "no such session");
}

static void
test_cbc_pad(void)
{
	CK_BYTE iv[16] = {1}, iv2[16] = {2};
	CK_MECHANISM m = {CKM_AES_CBC_PAD, iv, 16},
		     m2 = {CKM_AES_CBC_PAD, iv2, 16},
		     bad = {CKM_AES_CBC_PAD, iv, 15};

	p11_stop();
	testenv_config(NULL, "aes-cbc-pad = yes", NULL);
	p11_start();
	key = find_label("key", CKO_SECRET_KEY);
	RV(seal(&m, 900), CKR_OK, "CBC-PAD where it is asked for");
	RV(open_with(key, &m2), CKR_OK, "whatever the iv");
	OK(is_clear(text, 900), "decrypts");
	RV(open_with(key, &kms_mechanism), CKR_OK, "KMS's own way, too");
	RV(seal(&bad, 10), CKR_MECHANISM_PARAM_INVALID, "an iv of 15 bytes");
}

int
main(void)
{
	char log[256];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (CK_BYTE)(i * 7);
	testenv_start();
	snprintf(log, sizeof(log), "log = info:%s", testenv_path("log"));
	testenv_config(log, NULL, NULL);
	p11_start();
	key = key_make(material(1), "key");
	other = key_make(material(2), "other");
	test_lengths();
	test_size_query();
	test_init_again();
	test_parts();
	test_gcm();
	test_context();
	test_wrong_ciphertext();
	test_init_rules();
	test_cbc_pad();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
