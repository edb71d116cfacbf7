/* Each mechanism with each kind of key in KMS: what KMS has for the key begins;
 * for all else the code says what is wrong: CKR_KEY_TYPE_INCONSISTENT, or
 * CKR_KEY_FUNCTION_NOT_PERMITTED. A mechanism that is listed is never invalid. */
#include <stdio.h>
#include <string.h>
#include "keypair-ref.h"
#include "mechanisms.h"

enum key { AES, HMAC_256, RSA_SIGNS, RSA_DECRYPTS, EC_SIGNS, EC_AGREES, ED };
static struct {
	const char *spec, *usage;
	const char *type; /* as type_of() has it */
	struct keypair_ref k;
} keys[] = {
    [AES] = {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AES", {.pkey = NULL}},
    [HMAC_256] = {"HMAC_256", "GENERATE_VERIFY_MAC", "secret", {.pkey = NULL}},
    [RSA_SIGNS] = {"RSA_2048", "SIGN_VERIFY", "RSA", {.pkey = NULL}},
    [RSA_DECRYPTS] = {"RSA_3072", "ENCRYPT_DECRYPT", "RSA", {.pkey = NULL}},
    [EC_SIGNS] = {"ECC_NIST_P384", "SIGN_VERIFY", "EC", {.pkey = NULL}},
    [EC_AGREES] = {"ECC_NIST_P256", "KEY_AGREEMENT", "EC", {.pkey = NULL}},
    [ED] = {"ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "Edwards", {.pkey = NULL}},
};
static CK_OBJECT_HANDLE wrapped;

/* What KMS has for them: the functions of the private or secret key, and those of
 * the public half. Parameters of other mechanisms are refused by their form. */
static const struct {
	enum key key;
	const char *mechanism; /* begins so */
	const char *end; /* and ends so; "": is that, "*": ends anyhow */
	CK_FLAGS flags, public_flags;
} does[] = {
    {AES, "CKM_AES_GCM", "", CRYPT | WRAP, 0},
    {HMAC_256, "CKM_SHA256_HMAC", "", SIGN, 0},
    {HMAC_256, "CKM_SHA256_HMAC_GENERAL", "", SIGN, 0},
    {RSA_SIGNS, "CKM_RSA_PKCS", "", CKF_SIGN | CKF_SIGN_RECOVER,
	CKF_VERIFY | CKF_VERIFY_RECOVER},
    {RSA_SIGNS, "CKM_RSA_PKCS_PSS", "", CKF_SIGN, CKF_VERIFY},
    {RSA_SIGNS, "CKM_SHA256_", "RSA_PKCS", CKF_SIGN, CKF_VERIFY},
    {RSA_SIGNS, "CKM_SHA384_", "RSA_PKCS", CKF_SIGN, CKF_VERIFY},
    {RSA_SIGNS, "CKM_SHA512_", "RSA_PKCS", CKF_SIGN, CKF_VERIFY},
    {RSA_SIGNS, "CKM_SHA256_", "RSA_PKCS_PSS", CKF_SIGN, CKF_VERIFY},
    {RSA_SIGNS, "CKM_SHA384_", "RSA_PKCS_PSS", CKF_SIGN, CKF_VERIFY},
    {RSA_SIGNS, "CKM_SHA512_", "RSA_PKCS_PSS", CKF_SIGN, CKF_VERIFY},
    {RSA_DECRYPTS, "CKM_RSA_PKCS_OAEP", "", CKF_DECRYPT | CKF_UNWRAP,
	CKF_ENCRYPT | CKF_WRAP},
    {EC_SIGNS, "CKM_ECDSA", "*", CKF_SIGN, CKF_VERIFY}, /* hashes are cut */
    {EC_AGREES, "CKM_ECDH1_", "*", CKF_DERIVE, 0},
    {RSA_DECRYPTS, "CKM_RSA_AES_KEY_WRAP", "", CKF_UNWRAP, CKF_WRAP},
    {ED, "CKM_EDDSA", "", CKF_SIGN, CKF_VERIFY},
};

static bool
is_of(const char *name, const char *start, const char *end)
{
	size_t n = strlen(start);

	if (strcmp(end, "*") == 0)
		return (strncmp(name, start, n) == 0);
	return (strncmp(name, start, n) == 0 && strcmp(name + n, end) == 0);
}

static bool
is_done(const struct row *r, size_t key, bool public, CK_FLAGS flag)
{
	for (size_t i = 0; i < ELEMS(does); i++)
		if (does[i].key == key &&
		    is_of(r->name, does[i].mechanism, does[i].end) &&
		    ((public ? does[i].public_flags : does[i].flags) & flag) !=
			0)
			return (true);
	return (false);
}

/* What keys a mechanism is for; "secret": any of those that derive, and HMAC;
 * "pair": of any pair. */
static const char *
type_of(const struct row *r)
{
	static const struct {
		const char *part, *type;
	} names[] = {{"RSA", "RSA"}, {"ECD", "EC"}, {"EDDSA", "Edwards"},
	    {"ML_", "PQ"}, {"CKM_DSA", "DSA"}, {"CKM_DH_", "DH"},
	    {"XTS", "XTS"}, {"CHACHA", "ChaCha20"}, {"POLY1305", "Poly1305"},
	    {"PUB_KEY", "pair"}, {"CKM_AES", "AES"}};

	for (size_t i = 0; i < ELEMS(names); i++)
		if (strstr(r->name, names[i].part) != NULL)
			return (names[i].type);
	return ("secret");
}

static bool
type_fits(const struct row *r, size_t key)
{
	const char *type = type_of(r);

	/* any secret key is a base key */
	return (strcmp(type, keys[key].type) == 0 ||
		(strcmp(type, "pair") == 0 && key != AES &&
		    strcmp(keys[key].type, "secret") != 0) ||
		(strcmp(type, "secret") == 0 && key == AES &&
		    (r->functions & DERIVE) != 0));
}

/* KMS's salts are as long as the hash. */
static CK_MECHANISM
kms_parameter(const struct row *r)
{
	CK_MECHANISM m = mechanism(r);
	CK_RSA_PKCS_PSS_PARAMS *p = m.pParameter;

	if (r->parameter == PARAMETER_PSS)
		p->sLen = strstr(r->name, "384") != NULL   ? 48
			  : strstr(r->name, "512") != NULL ? 64
							   : 32;
	return (m);
}

/* Of the codes that say that the key's type is another, that of the function. */
static CK_RV
other_type(CK_FLAGS flag)
{
	return (flag == CKF_WRAP     ? CKR_WRAPPING_KEY_TYPE_INCONSISTENT
		: flag == CKF_UNWRAP ? CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT
				     : CKR_KEY_TYPE_INCONSISTENT);
}

/* What is unwrapped is nothing, and ECDH without a point has no parameter: they
 * come to that. */
static bool
begins(const struct row *r, CK_FLAGS flag, CK_RV rv)
{
	return (rv == CKR_OK ||
		(flag == CKF_UNWRAP && (rv == CKR_WRAPPED_KEY_INVALID ||
					   rv == CKR_WRAPPED_KEY_LEN_RANGE)) ||
		(r->parameter == PARAMETER_OTHER &&
		    rv == CKR_MECHANISM_PARAM_INVALID));
}

static void
test_begin(const struct row *r, CK_FLAGS flag, size_t key, bool public)
{
	CK_OBJECT_HANDLE h = public ? keys[key].k.public : keys[key].k.private;
	CK_MECHANISM m = kms_parameter(r);
	/* C_WrapKey and the like tell the halves apart by type */
	bool is_half = (flag & (WRAP | DERIVE)) != 0 && key != AES &&
		       key != HMAC_256 && public != (flag == CKF_WRAP);
	CK_RV rv = begin(flag, &m, h, wrapped);

	if (is_done(r, key, public, flag))
		OK(begins(r, flag, rv), "%s of %s, function 0x%lx: 0x%lx",
		    r->name, keys[key].spec, flag, rv);
	else if (!type_fits(r, key) || is_half)
		RV(rv, other_type(flag), "%s of %s %d, function 0x%lx", r->name,
		    keys[key].spec, public, flag);
	else
		RV(rv, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "%s of %s %d, function 0x%lx", r->name, keys[key].spec,
		    public, flag);
}

/* A parameter that is too short, too long, or not there; one where there is none.
 * The mechanism's other parameters have their own lengths. */
static void
test_parameter(const struct row *r, CK_FLAGS flag, size_t key, bool public)
{
	CK_OBJECT_HANDLE h = public ? keys[key].k.public : keys[key].k.private;
	CK_MECHANISM good = kms_parameter(r), m = good;
	CK_BYTE bytes[128] = {0};

	if (!is_done(r, key, public, flag) || r->parameter == PARAMETER_OTHER)
		return;
	memcpy(bytes, good.pParameter != NULL ? good.pParameter : bytes,
	    good.ulParameterLen);
	m.pParameter = bytes;
	m.ulParameterLen = good.ulParameterLen + 1;
	RV(begin(flag, &m, h, wrapped), CKR_MECHANISM_PARAM_INVALID,
	    "%s, function 0x%lx: a longer parameter", r->name, flag);
	m.pParameter = NULL;
	RV(begin(flag, &m, h, wrapped), CKR_ARGUMENTS_BAD,
	    "a length of nothing");
	if (good.ulParameterLen == 0)
		return;
	m.pParameter = bytes;
	m.ulParameterLen = good.ulParameterLen - 1;
	RV(begin(flag, &m, h, wrapped), CKR_MECHANISM_PARAM_INVALID,
	    "a shorter one");
	m = (CK_MECHANISM){r->type, NULL, 0};
	RV(begin(flag, &m, h, wrapped), CKR_MECHANISM_PARAM_INVALID, "none");
}

static void
test_row(const struct row *r)
{
	static const CK_FLAGS flags[] = {CKF_ENCRYPT, CKF_DECRYPT, CKF_SIGN,
	    CKF_SIGN_RECOVER, CKF_VERIFY, CKF_VERIFY_RECOVER, CKF_WRAP,
	    CKF_UNWRAP, CKF_DERIVE};
	CK_MECHANISM_INFO info;

	if (p11->C_GetMechanismInfo(0, r->type, &info) != CKR_OK)
		return;
	for (size_t i = 0; i < ELEMS(flags); i++)
		for (size_t key = 0; key < ELEMS(keys); key++)
			for (int public = 0; public < 2; public ++) {
				if ((info.flags & flags[i]) == 0 ||
				    (public && keys[key].k.public == 0))
					continue;
				test_begin(r, flags[i], key, public);
				test_parameter(r, flags[i], key, public);
			}
}

/* Data beyond the limit of what KMS takes, and of what the key has room for. */
static void
test_lengths(void)
{
	static CK_BYTE data[5000], out[6000];
	static const struct {
		enum key key;
		CK_MECHANISM_TYPE type;
		CK_FLAGS flag;
		CK_ULONG most; /* bytes */
	} lengths[] = {{AES, CKM_AES_GCM, CKF_ENCRYPT, 4096},
	    {HMAC_256, CKM_SHA256_HMAC, CKF_SIGN, 4096},
	    {HMAC_256, CKM_SHA256_HMAC_GENERAL, CKF_SIGN, 4096},
	    {ED, CKM_EDDSA, CKF_SIGN, 4096},
	    {RSA_SIGNS, CKM_SHA256_RSA_PKCS, CKF_SIGN, 5000},
	    {EC_SIGNS, CKM_ECDSA_SHA384, CKF_SIGN, 5000},
	    {RSA_SIGNS, CKM_RSA_PKCS_PSS, CKF_SIGN, 32},
	    {RSA_DECRYPTS, CKM_RSA_PKCS_OAEP, CKF_ENCRYPT, 384 - 2 * 32 - 2}};
	const struct row *r;

	for (size_t i = 0; i < ELEMS(lengths); i++)
		for (CK_ULONG more = 0; more < 2; more++) {
			CK_OBJECT_HANDLE h = keys[lengths[i].key].k.private;
			CK_ULONG n = sizeof(out), len = lengths[i].most + more;
			CK_MECHANISM m;
			CK_RV rv;

			if (len > sizeof(data))
				continue;
			for (r = rows; r->type != lengths[i].type;)
				r++;
			m = kms_parameter(r);
			if (lengths[i].flag == CKF_SIGN) {
				NEED(p11->C_SignInit(rw, &m, h) == CKR_OK, "%s",
				    r->name);
				rv = p11->C_Sign(rw, data, len, out, &n);
			} else {
				if (lengths[i].key != AES)
					h = keys[lengths[i].key].k.public;
				NEED(p11->C_EncryptInit(rw, &m, h) == CKR_OK,
				    "%s", r->name);
				rv = p11->C_Encrypt(rw, data, len, out, &n);
			}
			RV(rv, more == 0 ? CKR_OK : CKR_DATA_LEN_RANGE,
			    "%s of %lu bytes", r->name, len);
		}
}

int
main(void)
{
	char label[16];

	testenv_start();
	testenv_config("digests = yes", NULL, NULL);
	p11_start();
	wrapped = secret_make(CKK_AES, material(3), 16);
	for (size_t i = 0; i < ELEMS(keys); i++) {
		snprintf(label, sizeof(label), "key-%zu", i);
		keys[i].k = keypair_ref_kms(keys[i].spec, keys[i].usage, label);
	}
	for (size_t i = 0; i < row_count; i++)
		test_row(&rows[i]);
	test_lengths();
	for (size_t i = 0; i < ELEMS(keys); i++)
		keypair_ref_free(&keys[i].k);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
