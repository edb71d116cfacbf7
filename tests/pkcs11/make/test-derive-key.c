/* C_DeriveKey, whatever the mechanism: lengths at their ends, where nothing
 * becomes another length, and several keys that appear together or not at all. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/derive-params.h"
#include "p11.h"

#define LONG_LEN ((1UL << 20) + 1)
#define HUGE_LEN ((1UL << 32) + 16) /* 16, if it is narrowed */
#define MOST 16320 /* 255 hashes of the longest */
#define ROOM 20000
#define VARIABLE CK_SP800_108_ITERATION_VARIABLE, NULL, 0

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static CK_BYTE value[32] = {1, 2, 3}, data[64] = {9, 8, 7}, got[ROOM],
	       whole[ROOM];
static CK_OBJECT_HANDLE generic, aes, second, private;

/* What the mechanisms are given. */
static CK_KEY_DERIVATION_STRING_DATA string = {data, sizeof(data)};
static struct {
	CK_BYTE iv[16];
	CK_BYTE_PTR data;
	CK_ULONG len;
} cbc = {{0}, data, sizeof(data)};
static CK_ULONG bit;
static struct hkdf_params hkdf = {.bExpand = CK_TRUE,
			      .prfHashMechanism = CKM_SHA256,
			      .pInfo = data},
			  extracts = {.bExtract = CK_TRUE,
			      .prfHashMechanism = CKM_SHA256,
			      .ulSaltType = CKF_HKDF_SALT_NULL};
static struct sp800_108_counter_format counter = {CK_FALSE, 8};
static struct prf_data_param counts = {CK_SP800_108_ITERATION_VARIABLE,
				 &counter, sizeof(counter)},
			     variable = {VARIABLE};
static struct sp800_108_params sp = {CKM_SHA256_HMAC, 1, &counts, 0, NULL};
static struct sp800_108_feedback_params feedback = {
    CKM_SHA256_HMAC, 1, &variable, 0, data, 0, NULL};
static struct tls_kdf_params tls = {.prfMechanism = CKM_SHA256,
    .pLabel = data,
    .ulLabelLength = 8,
    .RandomInfo = {data, 32, data, 32},
    .pContextData = data};
static CK_BYTE point[67] = {4, 65};
static CK_ECDH1_DERIVE_PARAMS ecdh = {CKD_NULL, 0, NULL, 67, point},
			      x963 = {CKD_SHA256_KDF, 0, data, 67, point};

static CK_RV
derive_len(
    CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ULONG len, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_KEY_TYPE, generic_type), A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes), A(CKA_VALUE_LEN, len)};

	*h = CK_INVALID_HANDLE;
	return (p11->C_DeriveKey(rw, m, base, t, ELEMS(t), h));
}

static const struct row {
	const char *name;
	CK_OBJECT_HANDLE *base;
	CK_MECHANISM m;
	CK_ULONG max; /* bytes that there are */
	bool from_end; /* less is what is at the end of more */
} rows[] = {
    {"extract", &generic, {CKM_EXTRACT_KEY_FROM_KEY, &bit, sizeof(bit)}, 32,
	false},
    {"base and data", &generic,
	{CKM_CONCATENATE_BASE_AND_DATA, &string, sizeof(string)}, 96, false},
    {"data and base", &generic,
	{CKM_CONCATENATE_DATA_AND_BASE, &string, sizeof(string)}, 96, false},
    {"base and key", &generic,
	{CKM_CONCATENATE_BASE_AND_KEY, &second, sizeof(second)}, 64, false},
    {"XOR", &generic, {CKM_XOR_BASE_AND_DATA, &string, sizeof(string)}, 32,
	false},
    {"ECB", &aes, {CKM_AES_ECB_ENCRYPT_DATA, &string, sizeof(string)}, 64,
	false},
    {"CBC", &aes, {CKM_AES_CBC_ENCRYPT_DATA, &cbc, sizeof(cbc)}, 64, false},
    {"HKDF expands", &generic, {CKM_HKDF_DERIVE, &hkdf, sizeof(hkdf)}, 255 * 32,
	false},
    {"HKDF extracts", &generic, {CKM_HKDF_DERIVE, &extracts, sizeof(extracts)},
	32, false},
    {"SP 800-108, 8 bits", &generic,
	{CKM_SP800_108_COUNTER_KDF, &sp, sizeof(sp)}, 255 * 32, false},
    {"SP 800-108, feedback", &generic,
	{CKM_SP800_108_FEEDBACK_KDF, &feedback, sizeof(feedback)}, MOST, false},
    {"TLS", &generic, {CKM_TLS_KDF, &tls, sizeof(tls)}, MOST, false},
    {"ECDH", &private, {CKM_ECDH1_DERIVE, &ecdh, sizeof(ecdh)}, 32, true},
    {"ECDH, cofactor", &private,
	{CKM_ECDH1_COFACTOR_DERIVE, &ecdh, sizeof(ecdh)}, 32, true},
    {"ECDH, X9.63", &private, {CKM_ECDH1_DERIVE, &x963, sizeof(x963)}, MOST,
	false},
};

/* A key has the length that was asked for, of the bytes that there are. */
static void
test_length(const struct row *r, CK_ULONG len)
{
	CK_MECHANISM m = r->m;
	CK_OBJECT_HANDLE h;
	CK_RV rv = derive_len(&m, *r->base, len, &h);

	if (len == 0 || len > r->max) {
		RV(rv, CKR_ATTRIBUTE_VALUE_INVALID, "%s: %lu bytes", r->name,
		    len);
		OK(h == CK_INVALID_HANDLE, "no key");
		return;
	}
	if (!RV(rv, CKR_OK, "%s: %lu bytes", r->name, len))
		return;
	COUNT(attr_number(h, CKA_VALUE_LEN), len, "it has them");
	OK(attr(h, CKA_VALUE, got, ROOM) == len &&
		memcmp(got, whole + (r->from_end ? r->max - len : 0), len) == 0,
	    "they are those of the longest");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "it goes");
}

static void
test_lengths(void)
{
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		const struct row *r = &rows[i];
		const CK_ULONG lens[] = {0, 1, 17, r->max - 1, r->max,
		    r->max + 1, HUGE_LEN, 1UL << 32, ~0UL, ~0UL / 8 + 2};
		CK_MECHANISM m = r->m;

		NEED(derive_len(&m, *r->base, r->max, &h) == CKR_OK &&
			 attr(h, CKA_VALUE, whole, ROOM) == r->max,
		    "%s: the longest", r->name);
		for (size_t k = 0; k < ELEMS(lens); k++)
			test_length(r, lens[k]);
	}
}

/* Lengths in the parameter: each with all mechanisms that take it. */
static const struct {
	const char *name;
	const void *parameter;
	CK_ULONG *len, wrong;
} wrong_lengths[] = {
    {"no data", &string, &string.ulLen, 0},
    {"data of 2^32 + 16 bytes", &string, &string.ulLen, HUGE_LEN},
    {"data without end", &string, &string.ulLen, ~0UL - 15},
    {"no blocks", &cbc, &cbc.len, 0},
    {"a part of a block", &cbc, &cbc.len, 15},
    {"2^32 + 16 bytes of blocks", &cbc, &cbc.len, HUGE_LEN},
    {"blocks without end", &cbc, &cbc.len, ~0UL - 15},
    {"a bit behind the key", &bit, &bit, 256},
    {"bit 2^32 + 16", &bit, &bit, HUGE_LEN},
    {"a bit that comes round", &bit, &bit, ~0UL},
    {"info of 2^32 + 16 bytes", &hkdf, &hkdf.ulInfoLen, HUGE_LEN},
    {"more info than OpenSSL takes", &hkdf, &hkdf.ulInfoLen, 32769},
    {"info without end", &hkdf, &hkdf.ulInfoLen, ~0UL},
    {"a counter of 0 bits", &sp, &counter.ulWidthInBits, 0},
    {"a counter of 9 bits", &sp, &counter.ulWidthInBits, 9},
    {"a counter of 64 bits", &sp, &counter.ulWidthInBits, 64},
    {"a counter of 2^32 + 16 bits", &sp, &counter.ulWidthInBits, HUGE_LEN},
    {"an IV of 2^32 + 16 bytes", &feedback, &feedback.ulIVLen, HUGE_LEN},
    {"parts without end", &feedback, &feedback.ulNumberOfDataParams, ~0UL},
    {"no parts", &feedback, &feedback.ulNumberOfDataParams, 0},
    {"keys without end", &feedback, &feedback.ulAdditionalDerivedKeys, ~0UL},
    {"a label of 2^32 + 16 bytes", &tls, &tls.ulLabelLength, HUGE_LEN},
    {"random data without end", &tls, &tls.RandomInfo.ulClientRandomLen, ~0UL},
    {"a context of 65,536 bytes", &tls, &tls.ulContextDataLength, 65536},
    {"a point of 2^32 + 67 bytes", &ecdh, &ecdh.ulPublicDataLen,
	(1UL << 32) + 67},
    {"no point", &ecdh, &ecdh.ulPublicDataLen, 0},
    {"shared data of 2^32 + 16 bytes", &x963, &x963.ulSharedDataLen, HUGE_LEN},
    {"shared data of a megabyte and more", &x963, &x963.ulSharedDataLen,
	LONG_LEN},
    {"shared data without end", &x963, &x963.ulSharedDataLen, ~0UL},
};

static void
test_parameter_lengths(void)
{
	for (size_t i = 0; i < ELEMS(wrong_lengths); i++) {
		CK_ULONG right = *wrong_lengths[i].len;
		CK_OBJECT_HANDLE h;

		*wrong_lengths[i].len = wrong_lengths[i].wrong;
		for (size_t k = 0; k < ELEMS(rows); k++) {
			CK_MECHANISM m = rows[k].m;

			if (m.pParameter != wrong_lengths[i].parameter)
				continue;
			RV(derive_len(&m, *rows[k].base, 16, &h),
			    CKR_MECHANISM_PARAM_INVALID, "%s: %s", rows[k].name,
			    wrong_lengths[i].name);
			OK(h == CK_INVALID_HANDLE, "no key");
		}
		*wrong_lengths[i].len = right;
	}
}

/* Each block costs a MAC of all parts: no call goes on for minutes. */
static void
test_work(void)
{
	static CK_BYTE part[1UL << 20];
	struct prf_data_param parts[] = {variable,
	    {CK_SP800_108_BYTE_ARRAY, part, sizeof(part)},
	    {CK_SP800_108_BYTE_ARRAY, part, sizeof(part)},
	    {CK_SP800_108_BYTE_ARRAY, part, sizeof(part)}};
	struct sp800_108_feedback_params p = feedback;
	CK_MECHANISM m = {CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p)};
	CK_OBJECT_HANDLE h;

	p.ulNumberOfDataParams = ELEMS(parts);
	p.pDataParams = parts;
	RV(derive_len(&m, generic, 32, &h), CKR_OK, "three megabytes, once");
	RV(derive_len(&m, generic, MOST, &h), CKR_MECHANISM_PARAM_INVALID,
	    "or for 510 blocks");
}

/* The bits of a key go round its end; without a length nothing tells how
 * many. */
static void
test_extract(void)
{
	static const struct {
		CK_ULONG bit;
		CK_BYTE want[4];
	} bits[] = {{0, {1, 2, 3, 0}}, {4, {0x10, 0x20, 0x30, 0}},
	    {248, {0, 1, 2, 3}}, {255, {0, 0x81, 1, 0x80}}};
	CK_MECHANISM m = {CKM_EXTRACT_KEY_FROM_KEY, &bit, sizeof(bit)};
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(bits); i++) {
		bit = bits[i].bit;
		RV(derive_len(&m, generic, 4, &h), CKR_OK, "from bit %lu", bit);
		OK(attr_is(h, CKA_VALUE, bits[i].want, 4),
		    "the bits from there on");
	}
	bit = 0;
	RV(derive_open(&m, generic, 0, &h), CKR_TEMPLATE_INCOMPLETE,
	    "without a length");
}

/* A data object, whose length is said in the same way. */
static void
test_data_length(void)
{
	CK_MECHANISM m = {CKM_HKDF_DATA, &hkdf, sizeof(hkdf)};
	static const CK_ULONG lens[] = {0, 255 * 32 + 1, HUGE_LEN, ~0UL};
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ULONG len = 16;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_VALUE_LEN, len)};
	CK_OBJECT_HANDLE h;

	RV(p11->C_DeriveKey(rw, &m, generic, t, 2, &h), CKR_OK, "data");
	COUNT(attr(h, CKA_VALUE, got, ROOM), 16, "of that length");
	for (size_t i = 0; i < ELEMS(lens); i++) {
		len = lens[i];
		RV(p11->C_DeriveKey(rw, &m, generic, t, 2, &h),
		    CKR_ATTRIBUTE_VALUE_INVALID, "of %lu bytes", len);
	}
	t[1].ulValueLen = 4;
	RV(p11->C_DeriveKey(rw, &m, generic, t, 2, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a length of 4 bytes");
}

/* What HKDF does not take: no length where it expands, nothing to do, and salts
 * of lengths and kinds that there are not. */
static void
test_hkdf(void)
{
	struct hkdf_params p = {.bExtract = CK_TRUE,
	    .bExpand = CK_TRUE,
	    .prfHashMechanism = CKM_SHA256,
	    .ulSaltType = CKF_HKDF_SALT_NULL,
	    .pSalt = data};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	static const CK_ULONG salts[] = {(1UL << 32) + 8, ~0UL};
	CK_OBJECT_HANDLE h;

	RV(derive_open(&m, generic, 0, &h), CKR_TEMPLATE_INCOMPLETE,
	    "extract and expand, without a length");
	p.bExtract = CK_FALSE;
	RV(derive_open(&m, generic, 0, &h), CKR_TEMPLATE_INCOMPLETE,
	    "expand alone");
	p.bExpand = CK_FALSE;
	RV(derive_open(&m, generic, 0, &h), CKR_MECHANISM_PARAM_INVALID,
	    "neither");
	p.bExtract = CK_TRUE;
	RV(derive_open(&m, generic, 0, &h), CKR_OK, "extract alone");
	COUNT(attr_number(h, CKA_VALUE_LEN), 32, "has the hash's length");
	p.ulSaltType = CKF_HKDF_SALT_DATA;
	for (size_t i = 0; i < ELEMS(salts); i++) {
		p.ulSaltLen = salts[i];
		RV(derive_open(&m, generic, 0, &h), CKR_MECHANISM_PARAM_INVALID,
		    "a salt of %lu bytes", salts[i]);
	}
	p.ulSaltType = 3;
	p.ulSaltLen = 4;
	RV(derive_open(&m, generic, 0, &h), CKR_MECHANISM_PARAM_INVALID,
	    "a salt of no kind");
}

static size_t
session_keys(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, no), A(CKA_CLASS, secret_class)};
	CK_OBJECT_HANDLE h[64];

	return (find(rw, t, ELEMS(t), h, ELEMS(h)));
}

/* A later key that cannot be imported: what the call made is not left in KMS,
 * even as a key that waits for its material; what was there stays. */
static void
test_token_keys(void)
{
	CK_ATTRIBUTE fresh[] = {A(CKA_TOKEN, yes), A(CKA_KEY_TYPE, aes_type),
	    A(CKA_EXTRACTABLE, no), A_BYTES(CKA_LABEL, "first", 5)},
		     taken[] = {A(CKA_TOKEN, yes), A(CKA_KEY_TYPE, aes_type),
			 A(CKA_EXTRACTABLE, no),
			 A_BYTES(CKA_LABEL, "taken", 5)};
	CK_OBJECT_HANDLE handles[2] = {7, 7}, h;
	struct derived_key more[] = {{fresh, ELEMS(fresh), &handles[0]},
	    {taken, ELEMS(taken), &handles[1]}};
	struct sp800_108_feedback_params p = {
	    CKM_SHA256_HMAC, 1, &variable, 0, NULL, 2, more};
	CK_MECHANISM m = {CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p)};
	struct account a;
	size_t before = session_keys();

	key_make(material(1), "taken");
	RV(derive_len(&m, generic, 16, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "the last key's label is another's");
	OK(handles[0] == 7 && handles[1] == CK_INVALID_HANDLE,
	    "its handle says so");
	COUNT(session_keys(), before, "the session key is gone");
	COUNT(find_label("first", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "and so is the token's");
	account_read(&a);
	COUNT(account_in(&a, "PendingDeletion"), 1, "in KMS it is to go");
	COUNT(account_in(&a, "Enabled"), 1, "the other's key stays");
	p.ulAdditionalDerivedKeys = 1;
	RV(derive_len(&m, generic, 16, &h), CKR_OK, "the first keys alone");
	p.ulAdditionalDerivedKeys = 2;
	RV(derive_len(&m, generic, 16, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "and all once more");
	OK(find_label("first", CKO_SECRET_KEY) == handles[0],
	    "a key that was there before stays");
	account_read(&a);
	COUNT(account_in(&a, "PendingDeletion"), 1, "in KMS, too");
}

int
main(void)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE curve = A(CKA_EC_PARAMS, p256),
		     derives = A(CKA_DERIVE, yes);
	CK_OBJECT_HANDLE public;

	testenv_start();
	p11_start();
	generic = base_key(CKK_GENERIC_SECRET, value, sizeof(value), CK_TRUE);
	second = base_key(CKK_GENERIC_SECRET, value, sizeof(value), CK_TRUE);
	aes = base_key(CKK_AES, value, sizeof(value), CK_TRUE);
	NEED(p11->C_GenerateKeyPair(rw, &gen, &curve, 1, &derives, 1, &public,
		 &private) == CKR_OK &&
		 attr(public, CKA_EC_POINT, point, sizeof(point)) ==
		     sizeof(point),
	    "a pair");
	test_lengths();
	test_parameter_lengths();
	test_work();
	test_extract();
	test_data_length();
	test_hkdf();
	test_token_keys();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
