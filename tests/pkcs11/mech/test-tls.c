/* TLS 1.2's keys: NIST's vectors (CAVP, SP 800-135), the PRF by OpenSSL, what
 * pkcs11-provider asks for, and what a parameter or a template must not say. */
#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include "cryptoki/derive-params.h"
#include "p11.h"

static const char pre_master[] =
    "f8938ecc9edebc5030c0c6a441e213cd24e6f770a50dda07876f8d55da062bca"
    "db386b411fd4fe4313a604fce6c17fbc";
static const char client_hello[] =
    "36c129d01a3200894b9179faac589d9835d58775f9b5ea3587cb8fd0364cae8c";
static const char server_hello[] =
    "f6c9575ed7ddd73e1f7d16eca115415812a43c2b747daaaae043abfb50053fce";
static const char master[] =
    "202c88c00f84a17a20027079604787461176455539e705be730890602c289a50"
    "01e34eeb3a043e5d52a65e66125188bf";
static const char server_random[] =
    "ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868";
static const char client_random[] =
    "62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616";
static const char key_block[] =
    "d06139889fffac1e3a71865f504aa5d0d2a2e89506c6f2279b670c3e1b74f531"
    "016a2530c51a3a0f7e1d6590d0f0566b2f387f8d11fd4f731cdd572d2eae927f"
    "6f2f81410b25e6960be68985add6c38445ad9f8c64bf8068bf9a6679485d966f"
    "1ad6f68b43495b10a683755ea2b858d70ccac7ec8b053c6bd41ca299d4e51928";

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static CK_ULONG len_48 = 48, len_16 = 16;
static CK_BYTE block[128], client[32], server[32], client_1[32], server_1[32];
static struct ssl3_random_data hellos = {client_1, 32, server_1, 32},
			       randoms = {client, 32, server, 32};

static size_t
bytes(const char *digits, CK_BYTE *out, size_t room)
{
	size_t len = 0;

	NEED(OPENSSL_hexstr2buf_ex(out, room, &len, digits, '\0') == 1,
	    "hexadecimal");
	return (len);
}

static CK_OBJECT_HANDLE
secret(const char *digits, CK_BBOOL open)
{
	CK_BYTE value[128];
	size_t len = bytes(digits, value, sizeof(value));

	return (base_key(CKK_GENERIC_SECRET, value, len, open));
}

/* OpenSSL's PRF with SHA-256 of a label and what follows it. */
static void
prf(const char *label, const CK_BYTE *seed, size_t seed_len, CK_BYTE *out,
    size_t len)
{
	CK_BYTE value[48];
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string(
			      OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SECRET, value, bytes(master, value, 48)),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)label, strlen(label)),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed, seed_len),
	    OSSL_PARAM_construct_end()};

	NEED(EVP_KDF_derive(ctx, out, len, p) == 1, "OpenSSL's PRF");
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static CK_RV
derive(CK_MECHANISM_TYPE type, void *params, CK_ULONG len,
    CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {type, params, len};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_VALUE_LEN, len_48),
	    A(CKA_SIGN, yes), A(CKA_VERIFY, yes), A(CKA_DERIVE, yes),
	    A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};

	return (p11->C_DeriveKey(rw, &m, base, t, ELEMS(t), h));
}

static void
test_master(void)
{
	CK_BYTE want[64];
	CK_VERSION version = {0, 0};
	struct tls12_master_key_derive_params p = {
	    hellos, &version, CKM_SHA256};
	CK_MECHANISM m = {CKM_TLS12_MASTER_KEY_DERIVE, &p, sizeof(p)};
	CK_MECHANISM_TYPE all[6], ecb = CKM_AES_ECB, mac = CKM_TLS_MAC;
	CK_ATTRIBUTE aes[] = {A(CKA_KEY_TYPE, aes_type)},
		     shorter[] = {A(CKA_VALUE_LEN, len_16)},
		     more[] = {A(CKA_ALLOWED_MECHANISMS, ecb)},
		     less[] = {A(CKA_ALLOWED_MECHANISMS, mac)};
	CK_OBJECT_HANDLE base = secret(pre_master, CK_TRUE),
			 hidden = secret(pre_master, CK_FALSE),
			 little = secret("0102030405", CK_TRUE), h;

	RV(derive(m.mechanism, &p, sizeof(p), base, &h), CKR_OK,
	    "a master secret");
	OK(attr_is(h, CKA_VALUE, want, bytes(master, want, sizeof(want))),
	    "as NIST has it");
	OK(version.major == 0xf8 && version.minor == 0x93,
	    "the version is the first bytes of what RSA carried");
	COUNT(attr(h, CKA_ALLOWED_MECHANISMS, all, sizeof(all)), sizeof(all),
	    "it is for mechanisms of TLS");
	RV(p11->C_DeriveKey(rw, &m, base, aes, 1, &h),
	    CKR_TEMPLATE_INCONSISTENT, "of another type");
	RV(p11->C_DeriveKey(rw, &m, base, shorter, 1, &h),
	    CKR_TEMPLATE_INCONSISTENT, "of another length");
	RV(p11->C_DeriveKey(rw, &m, base, more, 1, &h),
	    CKR_TEMPLATE_INCONSISTENT, "for another mechanism");
	RV(p11->C_DeriveKey(rw, &m, base, less, 1, &h), CKR_OK, "for one");
	RV(p11->C_DeriveKey(rw, &m, base, NULL, 0, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the handle");
	RV(p11->C_DeriveKey(rw, &m, hidden, NULL, 0, &h), CKR_OK,
	    "of a hidden secret");
	OK(attr_is(h, CKA_SENSITIVE, &no, 1), "the default is its own");
	RV(derive(m.mechanism, &p, sizeof(p), little, &h), CKR_KEY_SIZE_RANGE,
	    "what RSA carries has 48 bytes");
	RV(derive(m.mechanism, &p, sizeof(p),
	       base_key(CKK_AES, server, 32, CK_TRUE), &h),
	    CKR_KEY_TYPE_INCONSISTENT, "a key of AES");
	RV(derive(m.mechanism, &p, sizeof(p) - 8, base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a shorter structure");
	RV(derive(m.mechanism, NULL, 0, base, &h), CKR_MECHANISM_PARAM_INVALID,
	    "none");
	RV(derive(CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a version from Diffie-Hellman");
	p.pVersion = NULL;
	RV(derive(CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, &h),
	    CKR_OK, "as pkcs11-provider asks");
	OK(attr_is(h, CKA_VALUE, want, 48), "the same secret");
	RV(derive(CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), little, &h),
	    CKR_OK, "of any length");
	p.prfHashMechanism = CKM_TLS_PRF;
	RV(derive(m.mechanism, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "the PRF of TLS 1.1 has MD5");
	p.prfHashMechanism = CKM_SHA256;
	p.RandomInfo.pServerRandom = NULL;
	RV(derive(m.mechanism, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "random data that is not there");
	p.RandomInfo.pServerRandom = server_1;
	p.RandomInfo.ulServerRandomLen = 1UL << 40;
	RV(derive(m.mechanism, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "or more than can be");
}

static void
test_extended_master(void)
{
	CK_BYTE want[48];
	CK_VERSION version = {0, 0};
	struct tls12_extended_master_key_derive_params p = {
	    CKM_SHA256, client, 32, &version};
	CK_OBJECT_HANDLE base = secret(master, CK_TRUE), h;

	prf("extended master secret", client, 32, want, sizeof(want));
	RV(derive(
	       CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE, &p, sizeof(p), base, &h),
	    CKR_OK, "an extended master secret");
	OK(attr_is(h, CKA_VALUE, want, sizeof(want)), "as OpenSSL has it");
	OK(version.major == 0x20 && version.minor == 0x2c, "and the version");
	RV(derive(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base,
	       &h),
	    CKR_MECHANISM_PARAM_INVALID, "a version from Diffie-Hellman");
	p.pVersion = NULL;
	RV(derive(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base,
	       &h),
	    CKR_OK, "as pkcs11-provider asks");
	OK(attr_is(h, CKA_VALUE, want, sizeof(want)), "the same");
	p.ulSessionHashLen = 0;
	RV(derive(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base,
	       &h),
	    CKR_MECHANISM_PARAM_INVALID, "no session hash");
	RV(derive(CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p) + 1,
	       base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a longer structure");
}

/* The key block: 2 x 20 bytes of MAC keys, 2 x 16 of keys, 2 x 16 of IVs. */
static CK_RV
connection_keys(CK_MECHANISM_TYPE type, struct tls12_key_mat_params *p,
    CK_OBJECT_HANDLE base, CK_ATTRIBUTE *more)
{
	CK_MECHANISM m = {type, p, sizeof(*p)};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_TOKEN, no),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, len_16),
	    A(CKA_ENCRYPT, yes), A(CKA_DECRYPT, yes), {0}};

	if (more != NULL)
		t[6] = *more;
	return (p11->C_DeriveKey(rw, &m, base, t, more != NULL ? 7 : 6, NULL));
}

static void
test_connection(void)
{
	CK_BYTE iv[2][16];
	struct ssl3_key_mat_out out = {7, 7, 7, 7, iv[0], iv[1]};
	struct tls12_key_mat_params p = {
	    160, 128, 128, CK_FALSE, randoms, &out, CKM_SHA256};
	CK_ATTRIBUTE open = A(CKA_SENSITIVE, no), hides = A(CKA_SENSITIVE, yes),
		     leaves = A(CKA_EXTRACTABLE, yes),
		     wrong = A_BYTES(CKA_CHECK_VALUE, "123", 3);
	CK_OBJECT_HANDLE base = secret(master, CK_TRUE),
			 hidden = secret(master, CK_FALSE);

	RV(connection_keys(CKM_TLS12_KEY_AND_MAC_DERIVE, &p, base, &open),
	    CKR_OK, "the keys of a connection, as pkcs11-provider asks");
	OK(attr_is(out.hClientMacSecret, CKA_VALUE, block, 20) &&
		attr_is(out.hServerMacSecret, CKA_VALUE, block + 20, 20),
	    "NIST's MAC keys");
	OK(attr_is(out.hClientKey, CKA_VALUE, block + 40, 16) &&
		attr_is(out.hServerKey, CKA_VALUE, block + 56, 16),
	    "and keys");
	OK(memcmp(iv[0], block + 72, 16) == 0 &&
		memcmp(iv[1], block + 88, 16) == 0,
	    "and IVs");
	COUNT(attr_number(out.hClientMacSecret, CKA_KEY_TYPE),
	    CKK_GENERIC_SECRET, "a MAC key is generic");
	COUNT(attr_number(out.hServerKey, CKA_KEY_TYPE), CKK_AES,
	    "the other kind as the template says");
	OK(attr_is(out.hClientMacSecret, CKA_SIGN, &yes, 1) &&
		attr_is(out.hClientMacSecret, CKA_VERIFY, &yes, 1) &&
		attr_is(out.hClientKey, CKA_DERIVE, &yes, 1),
	    "with their uses");
	p.ulMacSizeInBits = 0;
	p.ulIVSizeInBits = 32;
	memset(iv, 7, sizeof(iv));
	RV(connection_keys(CKM_TLS12_KEY_AND_MAC_DERIVE, &p, hidden, NULL),
	    CKR_OK, "of a hidden secret, for GCM");
	OK(out.hClientMacSecret == 0 && out.hServerMacSecret == 0,
	    "no MAC keys");
	OK(attr_is(out.hServerKey, CKA_SENSITIVE, &yes, 1) &&
		attr_is(out.hServerKey, CKA_EXTRACTABLE, &no, 1),
	    "they are as it is");
	OK(memcmp(iv[1], block + 36, 4) == 0 && iv[1][4] == 7,
	    "IVs of 4 bytes");
	RV(connection_keys(CKM_TLS12_KEY_AND_MAC_DERIVE, &p, hidden, &open),
	    CKR_TEMPLATE_INCONSISTENT, "in the open");
	RV(connection_keys(CKM_TLS12_KEY_AND_MAC_DERIVE, &p, hidden, &leaves),
	    CKR_TEMPLATE_INCONSISTENT, "or extractable");
	RV(connection_keys(CKM_TLS12_KEY_AND_MAC_DERIVE, &p, base, &hides),
	    CKR_TEMPLATE_INCONSISTENT, "nor hidden, of an open one");
	memset(iv, 7, sizeof(iv));
	RV(connection_keys(CKM_TLS12_KEY_AND_MAC_DERIVE, &p, base, &wrong),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a key's check value is another's");
	OK(iv[0][0] == 7 && iv[1][0] == 7, "no IV is shown");
	out.pIVClient = NULL;
	RV(connection_keys(CKM_TLS12_KEY_SAFE_DERIVE, &p, base, NULL), CKR_OK,
	    "keys without IVs");
	OK(iv[0][0] == 7 && iv[1][0] == 7, "none is written");
	RV(connection_keys(CKM_TLS12_KEY_AND_MAC_DERIVE, &p, base, NULL),
	    CKR_MECHANISM_PARAM_INVALID, "no place for an IV");
}

/* What would have keys of a hidden secret among its IVs. */
static void
test_hidden_ivs(void)
{
	static const struct {
		const char *name;
		CK_ULONG mac, key, iv; /* in bits */
		CK_RV rv;
	} rows[] = {{"no keys", 0, 0, 1024, CKR_MECHANISM_PARAM_INVALID},
	    {"short keys", 0, 64, 64, CKR_MECHANISM_PARAM_INVALID},
	    {"long IVs", 0, 128, 128, CKR_MECHANISM_PARAM_INVALID},
	    {"12 bytes behind 128 bits", 0, 128, 96,
		CKR_MECHANISM_PARAM_INVALID},
	    {"IVs for CBC", 160, 128, 128, CKR_MECHANISM_PARAM_INVALID},
	    {"AES-256-GCM", 0, 256, 32, CKR_OK},
	    {"ChaCha20", 0, 256, 96, CKR_OK}, {"CBC", 160, 128, 0, CKR_OK}};
	CK_BYTE iv[2][128], nothing[128];
	struct ssl3_key_mat_out out = {7, 7, 7, 7, iv[0], iv[1]};
	struct tls12_key_mat_params p = {
	    0, 0, 0, CK_FALSE, randoms, &out, CKM_SHA256};
	CK_MECHANISM m = {CKM_TLS12_KEY_AND_MAC_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE hidden = secret(master, CK_FALSE);

	memset(nothing, 7, sizeof(nothing));
	for (size_t i = 0; i < ELEMS(rows); i++) {
		memset(iv, 7, sizeof(iv));
		p.ulMacSizeInBits = rows[i].mac;
		p.ulKeySizeInBits = rows[i].key;
		p.ulIVSizeInBits = rows[i].iv;
		rv_is(p11->C_DeriveKey(rw, &m, hidden, NULL, 0, NULL),
		    rows[i].rv, "the row's", __FILE__, __LINE__,
		    "of a hidden secret: %s", rows[i].name);
		OK(rows[i].rv == CKR_OK ||
			memcmp(iv[0], nothing, sizeof(nothing)) == 0,
		    "what is refused shows nothing");
	}
}

static void
test_connection_refusals(void)
{
	CK_BYTE iv[2][16];
	struct ssl3_key_mat_out out = {7, 7, 7, 7, iv[0], iv[1]};
	struct tls12_key_mat_params good = {160, 128, 128, CK_FALSE, randoms,
					&out, CKM_SHA256},
				    p = good;
	CK_OBJECT_HANDLE base = secret(master, CK_TRUE);
	const CK_MECHANISM_TYPE type = CKM_TLS12_KEY_AND_MAC_DERIVE;

	p.bIsExport = CK_TRUE;
	RV(connection_keys(type, &p, base, NULL), CKR_MECHANISM_PARAM_INVALID,
	    "for export");
	p = good;
	p.ulMacSizeInBits = 161;
	RV(connection_keys(type, &p, base, NULL), CKR_MECHANISM_PARAM_INVALID,
	    "a part of a byte");
	p = good;
	p.ulKeySizeInBits = ~0UL - 7;
	RV(connection_keys(type, &p, base, NULL), CKR_MECHANISM_PARAM_INVALID,
	    "a key without end");
	p = good;
	p.ulKeySizeInBits = 256;
	RV(connection_keys(type, &p, base, NULL), CKR_TEMPLATE_INCONSISTENT,
	    "another length than CKA_VALUE_LEN");
	p = good;
	p.pReturnedKeyMaterial = NULL;
	RV(connection_keys(type, &p, base, NULL), CKR_MECHANISM_PARAM_INVALID,
	    "no place for keys");
	RV(connection_keys(type, &good, secret("00", CK_TRUE), NULL),
	    CKR_KEY_SIZE_RANGE, "a master secret of one byte");
}

static void
test_exported(void)
{
	CK_BYTE seed[128], want[48];
	struct tls_kdf_params p = {CKM_SHA256, (CK_BYTE *)"test label", 10,
	    {client, 32, server, 32}, NULL, 0};
	CK_MECHANISM m = {CKM_TLS_KDF, &p, sizeof(p)};
	CK_ATTRIBUTE no_length[] = {A(CKA_SENSITIVE, no)},
		     length[] = {A(CKA_VALUE_LEN, len_16)},
		     open[] = {A(CKA_VALUE_LEN, len_16), A(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE base = secret(master, CK_TRUE),
			 hidden = secret(master, CK_FALSE), h;

	memcpy(seed, client, 32);
	memcpy(seed + 32, server, 32);
	prf("test label", seed, 64, want, sizeof(want));
	RV(derive(CKM_TLS_KDF, &p, sizeof(p), base, &h), CKR_OK, "exported");
	OK(attr_is(h, CKA_VALUE, want, sizeof(want)), "as OpenSSL has it");
	RV(derive(CKM_TLS12_KDF, &p, sizeof(p), base, &h), CKR_OK,
	    "by its older name");
	OK(attr_is(h, CKA_VALUE, want, sizeof(want)), "the same");
	p.pContextData = (CK_BYTE *)"context";
	p.ulContextDataLength = 7;
	memcpy(seed + 64, "\0\7context", 9);
	prf("test label", seed, 73, want, sizeof(want));
	RV(derive(CKM_TLS_KDF, &p, sizeof(p), base, &h), CKR_OK,
	    "with a context");
	OK(attr_is(h, CKA_VALUE, want, sizeof(want)), "its length before it");
	p.ulContextDataLength = 0;
	seed[65] = 0;
	prf("test label", seed, 66, want, sizeof(want));
	RV(derive(CKM_TLS_KDF, &p, sizeof(p), base, &h), CKR_OK,
	    "with an empty one");
	OK(attr_is(h, CKA_VALUE, want, sizeof(want)), "is not without one");
	RV(p11->C_DeriveKey(rw, &m, base, no_length, 1, &h),
	    CKR_TEMPLATE_INCOMPLETE, "without a length");
	RV(p11->C_DeriveKey(rw, &m, base, length, 1, &h), CKR_OK,
	    "of an open key, nothing said");
	OK(attr_is(h, CKA_SENSITIVE, &no, 1) &&
		attr_is(h, CKA_EXTRACTABLE, &yes, 1),
	    "is open");
	RV(p11->C_DeriveKey(rw, &m, hidden, length, 1, &h), CKR_OK,
	    "of a hidden one");
	OK(attr_is(h, CKA_SENSITIVE, &yes, 1) &&
		attr_is(h, CKA_EXTRACTABLE, &no, 1),
	    "is hidden");
	RV(p11->C_DeriveKey(rw, &m, hidden, open, 2, &h),
	    CKR_TEMPLATE_INCONSISTENT, "and stays so");
	p.ulContextDataLength = 65536;
	RV(derive(CKM_TLS_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a context of 65536 bytes");
	p.pContextData = NULL;
	RV(derive(CKM_TLS_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "one that is not there");
	RV(derive(CKM_TLS_KDF, &p, sizeof(p) - 1, base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a shorter structure");
}

static CK_RV
finished(
    struct tls_mac_params *p, CK_OBJECT_HANDLE key, CK_BYTE *mac, CK_ULONG *len)
{
	CK_MECHANISM m = {CKM_TLS_MAC, p, sizeof(*p)};
	CK_RV rv = p11->C_SignInit(rw, &m, key);

	if (rv == CKR_OK)
		rv = p11->C_Sign(rw, client, 32, mac, len);
	return (rv);
}

static void
test_finished(void)
{
	CK_BYTE want[32], mac[64];
	CK_ULONG len = sizeof(mac);
	struct tls_mac_params p = {CKM_SHA256, 12, 1};
	CK_MECHANISM m = {CKM_TLS12_MAC, &p, sizeof(p)};
	CK_OBJECT_HANDLE base = secret(master, CK_TRUE), key;
	struct tls12_master_key_derive_params from = {hellos, NULL, CKM_SHA256};

	RV(derive(CKM_TLS12_MASTER_KEY_DERIVE, &from, sizeof(from),
	       secret(pre_master, CK_TRUE), &key),
	    CKR_OK, "the master secret");
	prf("server finished", client, 32, want, 12);
	RV(finished(&p, key, mac, &len), CKR_OK, "the server is finished");
	OK(len == 12 && memcmp(mac, want, 12) == 0, "as OpenSSL has it");
	RV(p11->C_VerifyInit(rw, &m, key), CKR_OK, "by its older name");
	RV(p11->C_VerifyUpdate(rw, client, 10), CKR_OK, "in parts");
	RV(p11->C_VerifyUpdate(rw, client + 10, 22), CKR_OK, "of the hash");
	RV(p11->C_VerifyFinal(rw, mac, 12), CKR_OK, "verified");
	mac[11] ^= 1;
	RV(p11->C_VerifyInit(rw, &m, key), CKR_OK, "again");
	RV(p11->C_Verify(rw, client, 32, mac, 12), CKR_SIGNATURE_INVALID,
	    "another");
	RV(p11->C_VerifyInit(rw, &m, key), CKR_OK, "again");
	RV(p11->C_Verify(rw, client, 32, mac, 11), CKR_SIGNATURE_LEN_RANGE,
	    "a shorter one");
	p.ulServerOrClient = 2;
	p.ulMacLength = 32;
	prf("client finished", client, 32, want, 32);
	len = sizeof(mac);
	RV(finished(&p, key, mac, &len), CKR_OK, "the client, in 32 bytes");
	OK(len == 32 && memcmp(mac, want, 32) == 0, "as OpenSSL has it");
	p.ulServerOrClient = 3;
	RV(finished(&p, key, mac, &len), CKR_MECHANISM_PARAM_INVALID,
	    "somebody else");
	p.ulServerOrClient = 2;
	p.ulMacLength = 11;
	RV(finished(&p, key, mac, &len), CKR_MECHANISM_PARAM_INVALID,
	    "11 bytes");
	p.ulMacLength = 12;
	p.prfHashMechanism = CKM_TLS_PRF;
	RV(finished(&p, key, mac, &len), CKR_MECHANISM_PARAM_INVALID,
	    "TLS 1.1 has MD5");
	m.ulParameterLen--;
	RV(p11->C_SignInit(rw, &m, key), CKR_MECHANISM_PARAM_INVALID,
	    "a shorter structure");
	p.prfHashMechanism = CKM_SHA256;
	RV(finished(&p, base, mac, &len), CKR_OK,
	    "with an open key that derives, as pkcs11-provider has it");
	RV(finished(&p, secret(master, CK_FALSE), mac, &len),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "with a hidden one");
}

/* TLS 1.3's first secrets (RFC 8448, section 3), as pkcs11-provider asks. */
static void
test_tls_1_3(void)
{
	static const char early[] =
	    "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a";
	static const char derived[] =
	    "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba";
	static const char label[] = "00200d746c7331332064657269766564"
				    "20e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
				    "649b934ca495991b7852b855";
	CK_BYTE zeros[32] = {0}, info[64], want[32];
	CK_OBJECT_CLASS data_class = CKO_DATA;
	CK_ULONG len = 32;
	struct hkdf_params p = {.bExtract = CK_TRUE,
	    .prfHashMechanism = CKM_SHA256,
	    .ulSaltType = CKF_HKDF_SALT_DATA,
	    .pSalt = zeros,
	    .ulSaltLen = sizeof(zeros)};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE key[] = {A(CKA_CLASS, secret_class), A(CKA_TOKEN, no),
	    A(CKA_VALUE_LEN, len), A(CKA_KEY_TYPE, generic_type),
	    A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes), A(CKA_DERIVE, yes)},
		     data[] = {A(CKA_CLASS, data_class), A(CKA_TOKEN, no),
			 A(CKA_VALUE_LEN, len)};
	CK_OBJECT_HANDLE h, next;

	RV(p11->C_DeriveKey(rw, &m,
	       base_key(CKK_GENERIC_SECRET, zeros, 32, CK_TRUE), key,
	       ELEMS(key), &h),
	    CKR_OK, "the early secret");
	OK(attr_is(h, CKA_VALUE, want, bytes(early, want, sizeof(want))),
	    "as RFC 8448 has it");
	p = (struct hkdf_params){.bExpand = CK_TRUE,
	    .prfHashMechanism = CKM_SHA256,
	    .pInfo = info,
	    .ulInfoLen = bytes(label, info, sizeof(info))};
	m.mechanism = CKM_HKDF_DATA;
	RV(p11->C_DeriveKey(rw, &m, h, data, ELEMS(data), &next), CKR_OK,
	    "what is derived of it");
	OK(attr_is(next, CKA_VALUE, want, bytes(derived, want, sizeof(want))),
	    "as RFC 8448 has it");
}

int
main(void)
{
	testenv_start();
	p11_start();
	bytes(client_hello, client_1, sizeof(client_1));
	bytes(server_hello, server_1, sizeof(server_1));
	bytes(client_random, client, sizeof(client));
	bytes(server_random, server, sizeof(server));
	bytes(key_block, block, sizeof(block));
	test_master();
	test_extended_master();
	test_connection();
	test_hidden_ivs();
	test_connection_refusals();
	test_exported();
	test_finished();
	test_tls_1_3();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
