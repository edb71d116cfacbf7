/* The calls of the test cases of PKCS#11 Profiles 3.2, in their order: BL-M-1-32,
 * EXT-M-1-32, AUTH-M-1-32 and CERT-M-1-32. Names and values are this token's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_FUNCTION_LIST_3_2 *list;
static CK_SLOT_ID slots[8];
static CK_SESSION_HANDLE session;
static CK_UTF8CHAR pin[] = "1234";

/* How all of them begin: the library, its slots, a session. */
static void
begin(bool describes_slot, CK_FLAGS flags)
{
	CK_INFO info;
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token_info;
	CK_ULONG n = 0;

	RV(list->C_Initialize(NULL), CKR_OK, "C_Initialize");
	RV(list->C_GetInfo(&info), CKR_OK, "C_GetInfo");
	OK(info.cryptokiVersion.major == 3 && info.cryptokiVersion.minor == 2 &&
		info.flags == 0,
	    "3.2, and no flags");
	RV(list->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK, "how many slots");
	OK(n > 0 && n <= ELEMS(slots), "there are slots with tokens");
	RV(list->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK, "which");
	if (describes_slot) {
		RV(list->C_GetSlotInfo(slots[0], &slot_info), CKR_OK,
		    "C_GetSlotInfo");
		OK((slot_info.flags & CKF_TOKEN_PRESENT) != 0, "a token");
		RV(list->C_GetTokenInfo(slots[0], &token_info), CKR_OK,
		    "C_GetTokenInfo");
		OK((~token_info.flags & (CKF_RNG | CKF_LOGIN_REQUIRED |
					    CKF_USER_PIN_INITIALIZED |
					    CKF_TOKEN_INITIALIZED)) == 0,
		    "a token to log in to");
	}
	RV(list->C_OpenSession(
	       slots[0], flags | CKF_SERIAL_SESSION, NULL, NULL, &session),
	    CKR_OK, "C_OpenSession");
}

static void
end(void)
{
	RV(list->C_CloseSession(session), CKR_OK, "C_CloseSession");
	RV(list->C_CloseAllSessions(slots[0]), CKR_OK, "C_CloseAllSessions");
	RV(list->C_Finalize(NULL), CKR_OK, "C_Finalize");
}

/* One C_FindObjects of up to max. */
static CK_ULONG
find_once(CK_ATTRIBUTE *t, CK_ULONG count, CK_OBJECT_HANDLE *h, CK_ULONG max)
{
	CK_ULONG n = 0;

	RV(list->C_FindObjectsInit(session, t, count), CKR_OK,
	    "C_FindObjectsInit");
	RV(list->C_FindObjects(session, h, max, &n), CKR_OK, "C_FindObjects");
	return (n);
}

static void
test_baseline(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h;

	begin(true, 0);
	COUNT(find_once(t, 1, &h, 1), 1, "an object of the token");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	end();
}

static void
test_extended(void)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		CK_FLAGS flags;
	} rows[] = {{CKM_SHA512, CKF_DIGEST},
	    {CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR},
	    {CKM_RSA_PKCS, CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_VERIFY |
			       CKF_WRAP | CKF_UNWRAP}};
	CK_MECHANISM_TYPE types[256];
	CK_MECHANISM_INFO info;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h;
	CK_ULONG n = 0;

	begin(true, CKF_RW_SESSION);
	RV(list->C_GetMechanismList(slots[0], NULL, &n), CKR_OK, "how many");
	NEED(n > 0 && n <= ELEMS(types), "mechanisms");
	RV(list->C_GetMechanismList(slots[0], types, &n), CKR_OK, "which");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		RV(list->C_GetMechanismInfo(slots[0], rows[i].type, &info),
		    CKR_OK, "C_GetMechanismInfo");
		OK((~info.flags & rows[i].flags) == 0, "0x%lx", rows[i].type);
	}
	RV(list->C_Login(session, CKU_USER, pin, 4), CKR_OK, "C_Login");
	COUNT(find_once(t, 1, &h, 1), 1, "an object of the token");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_Logout(session), CKR_OK, "C_Logout");
	end();
}

/* The modulus, the text and the signature of AUTH-M-1-32. */
#define MODULUS                                                            \
	"dee53f9d7b97ebd0724cf4874cd1d16a24e4fa36642aedd57b7ae1bf238e4128" \
	"8ec90745b86a336eb580add41f359d44e9b526723b14165e797696ca306dd47e" \
	"576830e16795858d6e6c2ca8474945578df6ea9936424dd9c5535cd926295001" \
	"70a108b4bd6faeb132f98648b77cef07bf9dcd78838b2e25935cc5b500fec1d9" \
	"859c201f819266e80fd743c6a2c12d859640979aeac0971da6ec6c1786f3054b" \
	"870ad9f3bc7019fa36aaefd1ec27803c89b7770b4244fb5bc950d3527771eec1" \
	"10104e01a94cadd37a20536ade3f290e3e7881846cdeed32379832a6658fbd4c" \
	"c60b6fa7c0d5640fe8be45b5581225fd0d69cc2d7b1e91fce9dafc917fcfd045"
static const char
    case_modulus[] = MODULUS,
    case_text[] =
	"308201830201003056310b300906035504061302415531153013060355040a0c"
	"0c4f7267616e69736174696f6e311a3018060355040b0c114f7267616e697361"
	"74696f6e20556e69743114301206035504030c0b436f6d6d6f6e204e616d6530"
	"820122300d06092a864886f70d01010105000382010f003082010a028201010"
	"0" MODULUS "0203010001a000",
    case_signature[] =
	"1a7d66b88de270da0cee9039c0a1eedf1312118b578d7eb9bbb45b0ea64a58d3"
	"82942cf4009ae094cc03b63dba899d392c52371fffb46f57e442dc4d632b8c8e"
	"383df32a9fe2a0f455c54a5f9691bc5b65cfd965a658e76ef38e2c65ed231396"
	"dc56c1ba0adf6624d45b5fb8af299fa94a85dc7289732af95a085fd03a66c435"
	"de5204f522a3d10b2efe3540e175b379ae1299fb33b166c2d50a155ad7d69467"
	"a37fe7e2c040f9a2c9059ddbaf84167e5de2b8dc2eae99ea349af9e05226d5ce"
	"62cfdb2a7bf51479ba3761f3603904099423a191a987d8dbc54162aaa3a83ae9"
	"f7198dc50cb251c7f57b905015f3876d2be27a79ebd8b0cebd68ddac9113464b";

/* The signature of the published case, with the public key that it has. */
static void
test_published_signature(void)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BYTE modulus[256], text[400], signature[256];
	CK_ULONG text_len = from_hex(case_text, text);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, type),
	    A(CKA_MODULUS, modulus), A_BYTES(CKA_PUBLIC_EXPONENT, "\1\0\1", 3),
	    A(CKA_VERIFY, yes)};
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE h;

	COUNT(from_hex(case_modulus, modulus), 256, "its modulus");
	COUNT(from_hex(case_signature, signature), 256, "its signature");
	RV(list->C_CreateObject(session, t, ELEMS(t), &h), CKR_OK,
	    "the public key of AUTH-M-1-32");
	RV(list->C_VerifyInit(session, &m, h), CKR_OK, "C_VerifyInit");
	RV(list->C_Verify(session, text, text_len, signature, 256), CKR_OK,
	    "its signature is good");
}

/* The halves of a key in KMS have one label; each of its aliases finds them. */
static void
test_authentication(void)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, "testrsa-pub", 11), A(CKA_CLASS, class)};
	CK_BYTE modulus[1024], exponent[1024], text[400], signature[256];
	CK_ULONG text_len = from_hex(case_text, text);
	CK_ATTRIBUTE numbers[] = {
	    A(CKA_MODULUS, modulus), A(CKA_PUBLIC_EXPONENT, exponent)};
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_ULONG n = sizeof(signature);
	CK_OBJECT_HANDLE public, private;

	begin(false, CKF_RW_SESSION);
	RV(list->C_Login(session, CKU_USER, pin, 4), CKR_OK, "C_Login");
	COUNT(find_once(t, 3, &public, 1), 1, "the public half");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_GetAttributeValue(session, public, numbers, 2), CKR_OK,
	    "its numbers");
	OK(numbers[0].ulValueLen == 256 && numbers[1].ulValueLen == 3 &&
		memcmp(exponent, "\1\0\1", 3) == 0,
	    "are there");
	class = CKO_PRIVATE_KEY;
	t[1] = (CK_ATTRIBUTE)A_BYTES(CKA_LABEL, "testrsa-pri", 11);
	COUNT(find_once(t, 3, &private, 1), 1, "the private half");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_SignInit(session, &m, private), CKR_OK, "C_SignInit");
	RV(list->C_Sign(session, text, text_len, signature, &n), CKR_OK,
	    "C_Sign");
	COUNT(n, 256, "a signature");
	RV(list->C_VerifyInit(session, &m, public), CKR_OK, "C_VerifyInit");
	RV(list->C_Verify(session, text, text_len, signature, n), CKR_OK,
	    "which is good");
	test_published_signature();
	RV(list->C_Logout(session), CKR_OK, "C_Logout");
	end();
}

/* A certificate of the key, in the token's folder. */
static void
add_certificate(void)
{
	struct kms k = account_kms();
	struct buf info = BUF_INIT(8192);
	EVP_PKEY *ca = EVP_EC_gen("P-256"), *of;
	X509 *x = X509_new();
	const unsigned char *p;
	unsigned char *der = NULL, *name = NULL;
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_OBJECT_HANDLE h;

	NEED(kms_get_public_key(&k, "alias/rsa", &info) == ERR_OK, "the key");
	p = info.ptr;
	of = d2i_PUBKEY(NULL, &p, (long)info.len);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_UTF8, (const unsigned char *)"rsa", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20250203040506Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20560708091011Z");
	X509_set_pubkey(x, of);
	NEED(X509_sign(x, ca, EVP_sha256()) > 0, "a certificate");
	{
		CK_ULONG n = (CK_ULONG)i2d_X509(x, &der);
		CK_ULONG m = (CK_ULONG)i2d_X509_NAME(
		    X509_get_subject_name(x), &name);
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, class),
		    A(CKA_CERTIFICATE_TYPE, type), A(CKA_TOKEN, yes),
		    A_BYTES(CKA_VALUE, der, n), A_BYTES(CKA_SUBJECT, name, m)};

		NEED(list->C_Initialize(NULL) == CKR_OK, "C_Initialize");
		rw = p11_session(CKF_RW_SESSION);
		NEED(p11->C_CreateObject(rw, t, ELEMS(t), &h) == CKR_OK,
		    "the token has it");
		RV(list->C_Finalize(NULL), CKR_OK, "C_Finalize");
	}
	OPENSSL_free(der);
	OPENSSL_free(name);
	X509_free(x);
	EVP_PKEY_free(of);
	EVP_PKEY_free(ca);
	buf_free(&info);
}

/* The certificate of CERT-M-1-32. */
static const char case_certificate[] =
    "308203753082025da003020102020b040000000001154b5ac394300d06092a86"
    "4886f70d01010505003057310b30090603550406130242453119301706035504"
    "0a1310476c6f62616c5369676e206e762d73613110300e060355040b1307526f"
    "6f74204341311b301906035504031312476c6f62616c5369676e20526f6f7420"
    "4341301e170d3938303930313132303030305a170d3238303132383132303030"
    "305a3057310b300906035504061302424531193017060355040a1310476c6f62"
    "616c5369676e206e762d73613110300e060355040b1307526f6f74204341311b"
    "301906035504031312476c6f62616c5369676e20526f6f742043413082012230"
    "0d06092a864886f70d01010105000382010f003082010a0282010100da0ee699"
    "8dcea3e34f8a7efbf18b83256bea481ff12ab0b9951104bdf063d1e26766cf1c"
    "ddcf1b482bee8d898e9aaf298065abe9c72d12cbab1c4c7007a13d0a30cd158d"
    "4ff8ddd48c50151cef50eec42ef7fce952f2917de06dd535308e5e4373f241e9"
    "d56ae3b2893a5639386f063c88695b2a4dc5a754b86c89cc9bf93ccae5fd89f5"
    "123c927896d6dc746e934461d18dc746b2750e86e8198ad56d6cd5781695a2e9"
    "c80a38ebf224134f73549313853a1bbc1e34b58b058cb9778bb1db1f2091ab09"
    "536e90ce7b3774b97047912251631679aeb1ae412608c8192bd146aa48d6642a"
    "d78334ff2c2ac16c19434a0785e7d37cf62168efeaf2529f7f9390cf02030100"
    "01a3423040300e0603551d0f0101ff040403020106300f0603551d130101ff04"
    "0530030101ff301d0603551d0e04160414607b661a450d97ca89502f7d04cd34"
    "a8fffcfd4b300d06092a864886f70d01010505000382010100d673e77c4f76d0"
    "8dbfecbaa2be34c52832b57cfc6c9c2c2bbd099e53bf6b5eaa1148b6e508a3b3"
    "ca3d614dd34609b33ec3a0e363551bf2baefad39e143b938a3e62f8a263befa0"
    "5056f9c60afd38cdc40b705194979804dfc35f94d515c914419cc45d7564150d"
    "ff5530ec868fff0def2cb96346f6aafcdfbc69fd2e1248649ae095f0a6ef298f"
    "01b115b50c1da5fe692c6924781eb3a71c7162eecac897ac175d8ac2f847866e"
    "2ac4563195d06789852bf96ca65d469d0caa82e49951dd70b7db563d61e46ae1"
    "5cd6f6fe3dde41cc07ae6352bf5353f42be9c7fdb6f7825f85d24118db81b304"
    "1cc51fa4806f1520c9de0c880a1dd66655e2fc48c9292669e0";

/* In the token's folder, beside that of the key. */
static void
add_published_certificate(void)
{
	CK_BYTE der[1000];
	CK_ULONG n = from_hex(case_certificate, der);
	FILE *f = fopen(testenv_path("certificates/published.der"), "wb");

	NEED(f != NULL && fwrite(der, 1, n, f) == n && fclose(f) == 0,
	    "the published certificate");
}

/* Where the token has one certificate alone, it is the second object: the case
 * reads the label of the first and the value of the second. */
static void
test_single_certificate(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_BYTE bytes[4096];
	CK_ATTRIBUTE label = {CKA_LABEL, NULL, 0},
		     value = {CKA_VALUE, bytes, sizeof(bytes)};
	CK_OBJECT_HANDLE h[5];

	begin(false, 0);
	NEED(find_once(t, 1, h, ELEMS(h)) >= 2, "objects of the token");
	RV(list->C_GetAttributeValue(session, h[0], &label, 1), CKR_OK,
	    "the label of the first");
	RV(list->C_GetAttributeValue(session, h[1], &value, 1), CKR_OK,
	    "the value of the second");
	OK(bytes[0] == 0x30, "a certificate");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	end();
}

/* In the order of the case: up to five objects, the label of the first, and the
 * value of the second, each after its length. */
static void
test_published_certificate(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE label = {CKA_LABEL, NULL, 0}, value = {CKA_VALUE, NULL, 0};
	CK_BYTE bytes[4096], der[1000];
	CK_ULONG der_len = from_hex(case_certificate, der), n, same = 0;
	CK_OBJECT_HANDLE h[5];

	begin(false, 0);
	n = find_once(t, 1, h, ELEMS(h));
	NEED(n >= 2, "objects of the token");
	RV(list->C_GetAttributeValue(session, h[0], &label, 1), CKR_OK,
	    "how long the label of the first is");
	NEED(label.ulValueLen <= sizeof(bytes), "a label");
	label.pValue = bytes;
	RV(list->C_GetAttributeValue(session, h[0], &label, 1), CKR_OK,
	    "the label");
	RV(list->C_GetAttributeValue(session, h[1], &value, 1), CKR_OK,
	    "how long the value of the second is");
	for (CK_ULONG i = 0; i < 2; i++) {
		value = (CK_ATTRIBUTE){CKA_VALUE, bytes, sizeof(bytes)};
		RV(list->C_GetAttributeValue(session, h[i], &value, 1), CKR_OK,
		    "the value");
		same += value.ulValueLen == der_len &&
			memcmp(bytes, der, der_len) == 0;
	}
	COUNT(same, 1, "one of the two is the published certificate");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	end();
}

/* Without a login. */
static void
test_certificates(void)
{
	CK_OBJECT_CLASS class = 0;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0}, id = {CKA_ID, NULL, 0},
		     kind = A(CKA_CLASS, class);
	CK_BYTE bytes[4096], id_bytes[64];
	CK_OBJECT_HANDLE h[16], of_id[4];
	CK_ULONG n, certificates = 0;

	begin(false, 0);
	n = find_once(t, 1, h, ELEMS(h));
	for (CK_ULONG i = 0; i < n; i++) {
		RV(list->C_GetAttributeValue(session, h[i], &kind, 1), CKR_OK,
		    "the class");
		if (class != CKO_CERTIFICATE)
			continue;
		certificates++;
		value.pValue = NULL;
		RV(list->C_GetAttributeValue(session, h[i], &value, 1), CKR_OK,
		    "how long it is");
		NEED(value.ulValueLen <= sizeof(bytes), "a certificate");
		value.pValue = bytes;
		RV(list->C_GetAttributeValue(session, h[i], &value, 1), CKR_OK,
		    "the certificate");
		OK(bytes[0] == 0x30, "in DER");
		id.pValue = id_bytes;
		id.ulValueLen = sizeof(id_bytes);
		RV(list->C_GetAttributeValue(session, h[i], &id, 1), CKR_OK,
		    "its id");
	}
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	COUNT(certificates, 1, "the token's certificate");
	/* section 5.5: a half of its key is found by that id */
	OK(find_once(&id, 1, of_id, ELEMS(of_id)) >= 2, "and its key");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	end();
}

/* No module here is validated by anybody: there are no validation objects. */
static void
test_validation(void)
{
	CK_OBJECT_CLASS class = 0xa; /* CKO_VALIDATION */
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class)};
	CK_OBJECT_HANDLE h;
	CK_FLAGS flags = 77;

	RV(list->C_GetSessionValidationFlags(session, 1, &flags),
	    CKR_CRYPTOKI_NOT_INITIALIZED, "before C_Initialize");
	begin(false, CKF_RW_SESSION);
	COUNT(find_once(t, 1, &h, 1), 0, "no validation object");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_CreateObject(session, t, 1, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "nor one by C_CreateObject");
	RV(list->C_GetSessionValidationFlags(session, 1, &flags), CKR_OK,
	    "C_GetSessionValidationFlags");
	COUNT(flags, 0, "nothing was validated");
	flags = 77;
	RV(list->C_GetSessionValidationFlags(session, 0x777, &flags), CKR_OK,
	    "of another type");
	COUNT(flags, 0, "no more so");
	RV(list->C_GetSessionValidationFlags(77777, 1, &flags),
	    CKR_SESSION_HANDLE_INVALID, "no session");
	RV(list->C_GetSessionValidationFlags(session, 1, NULL),
	    CKR_ARGUMENTS_BAD, "no place for them");
	RV(list->C_AsyncJoin(77777, pin, 1, NULL, 0),
	    CKR_SESSION_HANDLE_INVALID, "C_AsyncJoin of no session");
	RV(list->C_AsyncGetID(session, pin, &flags), CKR_FUNCTION_NOT_SUPPORTED,
	    "nothing is under way elsewhere");
	end();
}

int
main(void)
{
	char line[512];
	const char *id;
	struct kms k;

	testenv_start();
	id = account_make("RSA_2048", "SIGN_VERIFY", "alias/rsa");
	k = account_kms();
	NEED(kms_create_alias(&k, "alias/testrsa-pub", id) == ERR_OK &&
		 kms_create_alias(&k, "alias/testrsa-pri", id) == ERR_OK,
	    "the names of AUTH-M-1-32");
	NEED(mkdir(testenv_path("certificates"), 0700) == 0, "a folder");
	snprintf(line, sizeof(line), "certificates = %s",
	    testenv_path("certificates"));
	testenv_config("digests = yes", line, NULL);
	p11_load();
	list = p11_list_3_2();
	add_certificate();
	test_certificates();
	test_single_certificate();
	add_published_certificate();
	test_published_certificate();
	test_validation();
	testenv_config("digests = yes", "login = required", NULL);
	test_baseline();
	test_extended();
	test_authentication();
	testenv_stop();
	return (tap_done());
}
