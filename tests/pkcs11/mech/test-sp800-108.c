/* The three KDFs of SP 800-108: NIST's own vectors (CAVP, KBKDF, 2012), OpenSSL,
 * and what a parameter must not say. No KMS is asked. */
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include "cryptoki/derive-params.h"
#include "p11.h"

static CK_ULONG asked;
static const char key[] = "0123456789abcdef0123456789abcdef";

static CK_RV
derive(CK_MECHANISM_TYPE type, void *params, CK_ULONG len,
    CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {type, params, len};

	return (derive_open(&m, base, asked, h));
}

/* Either mode of those without a counter of their own. */
static CK_RV
derive_chain(CK_MECHANISM_TYPE mode, CK_MECHANISM_TYPE prf,
    struct prf_data_param *parts, CK_ULONG count, CK_BYTE *iv, CK_ULONG iv_len,
    CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *h)
{
	struct sp800_108_feedback_params f = {
	    prf, count, parts, iv_len, iv, 0, NULL};
	struct sp800_108_params p = {prf, count, parts, 0, NULL};

	if (mode == CKM_SP800_108_FEEDBACK_KDF)
		return (derive(mode, &f, sizeof(f), base, h));
	return (derive(mode, &p, sizeof(p), base, h));
}

/* Where the counter is. */
enum place { NO_COUNTER, BEFORE_VARIABLE, AFTER_VARIABLE, AFTER_DATA };

static const struct vector {
	const char *name;
	CK_MECHANISM_TYPE mode, prf;
	enum place place;
	CK_ULONG counter_bits;
	const char *key, *iv, *data, *output;
} vectors[] = {
    {"feedback, CMAC of AES-128, 8 bits before", CKM_SP800_108_FEEDBACK_KDF,
	CKM_AES_CMAC, BEFORE_VARIABLE, 8, "df99682e93bee8426a27ce8991929aca",
	"5c09bad80e140f4b45890d1260cc058d",
	"3c999c95f49c48696f83011ffe578b985e2b1ae9b6512f85aa0a2e54"
	"fa4a454d3bb772194e106783e34b5d5ed8b6e0a877f35f",
	"2fae1240da52986a2b7deddc35b9c17b754aee15e63a4a365be0a8c4"
	"1512234ae28aa9617509d152fbd0b87c7961c8e466165722b72f8887"
	"f83ae4ebe72cec04da1c72674b1a"},
    {"feedback, SHA-384, 8 bits before, no IV", CKM_SP800_108_FEEDBACK_KDF,
	CKM_SHA384_HMAC, BEFORE_VARIABLE, 8,
	"13920151fe32205df40866710a5d1a03b7babeb4a50ddb8a0db2d676"
	"6bf0ad34e2fdc4b31d04e898eb9eafa1f5c7be47",
	"",
	"73d35f74b7ad6848305adbaed6210938d537e2fd97fcdee3f7952d80"
	"6e61d8abb655682fb0b35d2a3ec9a2da8f9611ce60898c",
	"88a015f43ab5798f3fea4b111feeaf6ce172219ad36f3862f1f5ec31"
	"fc765826241006610cd510e62934d23b52fb32be1f9f4c29e6efe70f"
	"fe5449910ced915d3ef770abe353"},
    {"feedback, SHA-384, 16 bits before", CKM_SP800_108_FEEDBACK_KDF,
	CKM_SHA384_HMAC, BEFORE_VARIABLE, 16,
	"5a35b3bd85966f6342c8790bc24a50ea6e969307c684a0d640dc80c6"
	"a236ee77f1a2a7bf10fae17e81698a15d53addb7",
	"0e2e4fdf2b159a31a1c46eb325a24a5b8f99c4504a01c93451b5f978"
	"6a93e43329bee08c61e783a315c9cac87c25a6d7",
	"9208d9f4c657428014a1bd0fad83ec5a58cdd23e77dc6f9acaa32dd1"
	"fb0b30cf39cce1908e81051f4868fb89b769e095f5956b",
	"92678818e22388d9ff2d53b9a081fa2eb0c3add06a74d924518da958"
	"bc296d76c3ec345d738f476992312e82ac9864ccb8872fe8eef9f700"
	"63bef1de3d42adc4"},
    {"feedback, SHA-224, no counter", CKM_SP800_108_FEEDBACK_KDF,
	CKM_SHA224_HMAC, NO_COUNTER, 8,
	"e0a6218eb07f77d3d1e56762f5270b37017df4803e0e8e728be3a9be",
	"99946aa2f7a2298b5514cc4eab5bae514eb51cf53847fae74569d7ce",
	"14e1e2fa1134e3b7f9e6f88b078611901b97d068639d0be53282c5d8"
	"526a5693f9a6e35331e765e2e2bc0f78b021f9857ad68b",
	"02d6ec4a1fa982837ad36315d558864b340eb39ec036c9278fd2a568"
	"a27477a7824db22c4e778c0f6b2626484a075d3ef6a6b648019e087d"
	"8571fae1d85e09e827f8"},
    {"feedback, SHA-224, no counter and no IV", CKM_SP800_108_FEEDBACK_KDF,
	CKM_SHA224_HMAC, NO_COUNTER, 8,
	"077934f649b95a5660257116c35b0d54065fe1c4b0f92c2bfd068f70", "",
	"3a56508b7412f6ea5ced2e2b6cf8d492a9a6363af3027c5a6fc1c9ae"
	"be5c7ad2e57600c4d94334d624f63d8f019f2e2b32fc46",
	"646afe8bae20eac79373af14455dac12957a62c89908e95a04ecaa88"
	"0f3a6bb3a99f656318afa84a77d97761cce57cc97947c75140ffb3dd"
	"e1e55dcd29356265edca"},
    {"double pipeline, CMAC of AES-128, 8 bits before",
	CKM_SP800_108_DOUBLE_PIPELINE_KDF, CKM_AES_CMAC, BEFORE_VARIABLE, 8,
	"d92dc7b9d007fc49734bc931ef8554e9", "",
	"a19d29ed42b369494d6547d8b5f1203078f2e49a85bd4cc8ff71657c"
	"10dca7f78f4bb7429063976b1124b031edfeffe2cc5951",
	"de6dee3c072fdd13b14f593a6ecef83e83b8af85149be566e32ffcce"
	"afa09e6727f642b4ccd106de370cab0d24cc77ea8a309ed0ccde3261"
	"10b7bc58b07a7f82f2016df6433e"},
    {"double pipeline, SHA-256, 32 bits behind the variable",
	CKM_SP800_108_DOUBLE_PIPELINE_KDF, CKM_SHA256_HMAC, AFTER_VARIABLE, 32,
	"9306645e6b3182a66b1cca905480b7ffa8d60467a52c12202476a542"
	"87a45bc0",
	"",
	"0fc1704af3daaa5942025495c22a710ed64bba03d71f0f89ee2b3755"
	"2a073797d639a8fda73ee616332f5a54e51359ea578382",
	"a0a718541e7722e8a62b7946ea0244d1b6f3f1dc9213a880cc1c777e"
	"ad8814b51b687777258e32fe9f0e85854271d9cb029026c3c7eb9201"
	"36005634b4e1c09acffa969cd952"},
    {"double pipeline, SHA-256, 8 bits behind the data",
	CKM_SP800_108_DOUBLE_PIPELINE_KDF, CKM_SHA256_HMAC, AFTER_DATA, 8,
	"dadc0b8cdb1edd7706edadf56f5c61c2262e12a491cdc4fc0852942d"
	"955fb71b",
	"",
	"6ef98c4d98d085b2c56847486e8774c0c639ab6fe2b98e6560ff9a6d"
	"3d64b298471a6c9cedb94b28b4e875d60ca508b21acf3a",
	"fa55f907458657de81cb2f62df754b7df168f16f6df27f760b0d8a25"
	"2a2bfbb95a7c782227593d061952c9cf57521a3ad623d343733e2ffe"
	"cb8c9382b9c5617e"},
    {"double pipeline, SHA-512, no counter", CKM_SP800_108_DOUBLE_PIPELINE_KDF,
	CKM_SHA512_HMAC, NO_COUNTER, 8,
	"4c9ab93535283e55a7374836f06dc80756924258cc59f87fc57966f6"
	"b209d95b96191d652c2861176c48a762b88a1e69e44c0d371d3027a2"
	"383c00e99352a3df",
	"",
	"6e5fd82507ce4725cacc776e2d502a2e974d014c25db5bc81dc864ed"
	"53cd3082b0c543f113e4cbf92b3d36fcf246c0d048ec3c",
	"d6535ec49b5387387fa9a9702c733053ed27a912dd71a706704fe849"
	"c27877773cf2f063ef3c79726ba153cd5f1bc30bc7e277685a08093a"
	"ef20271ba1944d1d6227c4c8538b5c71aca7d1cfe3cc22bc76061878"
	"fdf611071e837fcabfcc1e2e2925f6c035dc6ad7375752e5c5333840"
	"24aa30e7345bbfff49296b9d621562a036cc"}};

static void
test_vector(const struct vector *v)
{
	CK_BYTE value[64], iv[64], data[64], want[160];
	struct sp800_108_counter_format format = {CK_FALSE, v->counter_bits};
	struct prf_data_param counter = {
	    CK_SP800_108_COUNTER, &format, sizeof(format)};
	struct prf_data_param parts[3];
	size_t value_len, iv_len, data_len, want_len;
	CK_ULONG n = 0;
	CK_OBJECT_HANDLE h;

	NEED(OPENSSL_hexstr2buf_ex(
		 value, sizeof(value), &value_len, v->key, '\0') == 1 &&
		 OPENSSL_hexstr2buf_ex(iv, sizeof(iv), &iv_len, v->iv, '\0') ==
		     1 &&
		 OPENSSL_hexstr2buf_ex(
		     data, sizeof(data), &data_len, v->data, '\0') == 1 &&
		 OPENSSL_hexstr2buf_ex(
		     want, sizeof(want), &want_len, v->output, '\0') == 1,
	    "%s is hexadecimal", v->name);
	if (v->place == BEFORE_VARIABLE)
		parts[n++] = counter;
	parts[n++] = (struct prf_data_param){
	    CK_SP800_108_ITERATION_VARIABLE, NULL, 0};
	if (v->place == AFTER_VARIABLE)
		parts[n++] = counter;
	parts[n++] = (struct prf_data_param){
	    CK_SP800_108_BYTE_ARRAY, data, data_len};
	if (v->place == AFTER_DATA)
		parts[n++] = counter;
	asked = want_len;
	RV(derive_chain(v->mode, v->prf, parts, n, iv_len != 0 ? iv : NULL,
	       iv_len,
	       base_key(v->prf == CKM_AES_CMAC ? CKK_AES : CKK_GENERIC_SECRET,
		   value, value_len, CK_TRUE),
	       &h),
	    CKR_OK, "%s", v->name);
	OK(attr_is(h, CKA_VALUE, want, want_len), "as NIST has it");
}

/* The IV of OpenSSL's side, in feedback mode as long as a block. */
static const CK_BYTE first[64] = "an IV";
static size_t block;

static void
kbkdf(const char *mode, const char *mac, const char *sub, CK_BYTE *out,
    size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string(
			      OSSL_KDF_PARAM_MAC, (char *)(uintptr_t)mac, 0),
	    OSSL_PARAM_construct_utf8_string(
		mac[0] == 'H' ? OSSL_KDF_PARAM_DIGEST : OSSL_KDF_PARAM_CIPHER,
		(char *)(uintptr_t)sub, 0),
	    OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_MODE, (char *)(uintptr_t)mode, 0),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, 32),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SALT, (void *)(uintptr_t) "label", 5),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_INFO, (void *)(uintptr_t) "context", 7),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED,
		(void *)(uintptr_t)first, mode[0] == 'F' ? block : 0),
	    OSSL_PARAM_construct_end()};

	NEED(EVP_KDF_derive(ctx, out, len, p) == 1, "KBKDF with %s", sub);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void
test_counter(void)
{
	struct sp800_108_counter_format counter = {CK_FALSE, 32}, odd = {0, 12},
					narrow = {0, 8};
	struct sp800_108_dkm_length_format length = {1, CK_FALSE, 32};
	struct prf_data_param parts[] = {{1, &counter, sizeof(counter)},
	    {4, "label\0context", 13}, {3, &length, sizeof(length)}};
	struct prf_data_param bad = {1, &odd, sizeof(odd)};
	CK_OBJECT_HANDLE more = 0, h;
	CK_ULONG more_len = 16;
	CK_ATTRIBUTE more_t[] = {A(CKA_VALUE_LEN, more_len),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes)};
	struct derived_key second = {more_t, 4, &more};
	struct sp800_108_params p = {CKM_SHA256_HMAC, 3, parts, 0, NULL};
	CK_MECHANISM m = {CKM_SP800_108_COUNTER_KDF, &p, sizeof(p)};
	CK_OBJECT_HANDLE base = base_key(CKK_GENERIC_SECRET, key, 32, CK_TRUE),
			 aes = base_key(CKK_AES, key, 32, CK_TRUE);
	CK_BYTE want[128];

	asked = 80;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h), CKR_OK,
	    "the KDF in counter mode");
	kbkdf("COUNTER", "HMAC", "SHA256", want, 80);
	OK(attr_is(h, CKA_VALUE, want, 80), "as OpenSSL has it");
	p.prfType = CKM_AES_CMAC;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), aes, &h), CKR_OK,
	    "with CMAC");
	kbkdf("COUNTER", "CMAC", "AES-256-CBC", want, 80);
	OK(attr_is(h, CKA_VALUE, want, 80), "as OpenSSL has it");
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "CMAC with a generic key");
	p.prfType = CKM_SHA256_HMAC;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), aes, &h), CKR_OK,
	    "HMAC with an AES key");
	p.prfType = CKM_SHA256;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "no MAC");
	p.prfType = CKM_SHA256_HMAC_GENERAL;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID,
	    "a MAC that is no PRF of the standard");
	p.prfType = CKM_SHA256_HMAC;
	RV(p11->C_DeriveKey(rw, &m,
	       base_key(CKK_GENERIC_SECRET, key, 32, CK_FALSE), NULL, 0, &h),
	    CKR_OK, "of a hidden key, and nothing is said");
	OK(attr_is(h, CKA_SENSITIVE, &yes, 1) &&
		attr_is(h, CKA_EXTRACTABLE, &no, 1),
	    "is hidden as that one");
	RV(p11->C_DeriveKey(rw, &m, base, NULL, 0, &h), CKR_OK,
	    "of an open one");
	OK(attr_is(h, CKA_SENSITIVE, &no, 1) &&
		attr_is(h, CKA_EXTRACTABLE, &yes, 1),
	    "is open");
	/* 40 bytes are two blocks, 16 the third: three times 32 in all */
	p.prfType = CKM_SHA256_HMAC;
	p.ulAdditionalDerivedKeys = 1;
	p.pAdditionalDerivedKeys = &second;
	length.dkmLengthMethod = CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS;
	asked = 40;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h), CKR_OK,
	    "two keys at once");
	kbkdf("COUNTER", "HMAC", "SHA256", want, 96);
	OK(attr_is(h, CKA_VALUE, want, 40), "the first");
	OK(attr_is(more, CKA_VALUE, want + 64, 16), "and the second");
	COUNT(attr_number(more, CKA_KEY_TYPE), CKK_AES, "by its template");
	more_len = 17;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "one of them cannot be");
	OK(h == CK_INVALID_HANDLE && more == CK_INVALID_HANDLE, "none is");
	p.ulAdditionalDerivedKeys = 0;
	parts[0] = (struct prf_data_param){1, &narrow, sizeof(narrow)};
	asked = 256 * 32;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "more than the counter counts");
	asked = 32;
	parts[0] = bad;
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a counter of 12 bits");
	parts[0] = parts[1];
	RV(derive(CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "no counter");
}

/* OpenSSL has the feedback mode with a counter of 32 bits behind the variable. */
static void
test_feedback(void)
{
	static const struct {
		CK_MECHANISM_TYPE prf;
		const char *mac, *sub;
		size_t block;
	} prfs[] = {{CKM_SHA_1_HMAC, "HMAC", "SHA1", 20},
	    {CKM_SHA512_HMAC, "HMAC", "SHA512", 64},
	    {CKM_SHA3_256_HMAC, "HMAC", "SHA3-256", 32},
	    {CKM_AES_CMAC, "CMAC", "AES-256-CBC", 16}};
	struct sp800_108_counter_format counter = {CK_FALSE, 32};
	struct sp800_108_dkm_length_format length = {
	    CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS, CK_FALSE, 32};
	struct prf_data_param parts[] = {
	    {CK_SP800_108_ITERATION_VARIABLE, NULL, 0},
	    {CK_SP800_108_COUNTER, &counter, sizeof(counter)},
	    {CK_SP800_108_BYTE_ARRAY, "label\0context", 13},
	    {CK_SP800_108_DKM_LENGTH, &length, sizeof(length)}};
	CK_BYTE want[150], iv[sizeof(first)];
	CK_OBJECT_HANDLE h;

	memcpy(iv, first, sizeof(iv));
	asked = sizeof(want);
	for (size_t i = 0; i < ELEMS(prfs); i++) {
		block = prfs[i].block;
		RV(derive_chain(CKM_SP800_108_FEEDBACK_KDF, prfs[i].prf, parts,
		       4, iv, block,
		       base_key(prfs[i].prf == CKM_AES_CMAC
				    ? CKK_AES
				    : CKK_GENERIC_SECRET,
			   key, 32, CK_TRUE),
		       &h),
		    CKR_OK, "feedback with %s", prfs[i].sub);
		kbkdf("FEEDBACK", prfs[i].mac, prfs[i].sub, want, sizeof(want));
		OK(attr_is(h, CKA_VALUE, want, sizeof(want)),
		    "as OpenSSL has it");
	}
}

/* The little-endian forms, and a key among the parts: the same as its bytes. */
static void
test_forms(CK_MECHANISM_TYPE mode)
{
	CK_BBOOL counts = mode == CKM_SP800_108_COUNTER_KDF;
	struct sp800_108_counter_format big = {CK_FALSE, 8},
					little = {CK_TRUE, 16};
	struct sp800_108_dkm_length_format length = {
	    CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS, CK_TRUE, 24};
	CK_OBJECT_HANDLE base = base_key(CKK_GENERIC_SECRET, key, 32, CK_TRUE),
			 other = base_key(CKK_AES, key, 16, CK_TRUE), h, same;
	/* a counter below 256 of 16 bits, little-endian, is one byte and 0;
	 * 40 bytes are 320 bits: 0x40 0x01 0x00 */
	struct prf_data_param with[] = {
	    {CK_SP800_108_ITERATION_VARIABLE, counts ? &little : NULL,
		counts ? sizeof(little) : 0},
	    {CK_SP800_108_KEY_HANDLE, &other, sizeof(other)},
	    {CK_SP800_108_DKM_LENGTH, &length, sizeof(length)},
	    {CK_SP800_108_COUNTER, &little, sizeof(little)},
	    {CK_SP800_108_KEY_HANDLE, &other, sizeof(other)}};
	struct prf_data_param plain[] = {
	    {CK_SP800_108_ITERATION_VARIABLE, counts ? &big : NULL,
		counts ? sizeof(big) : 0},
	    {CK_SP800_108_BYTE_ARRAY,
		"\0"
		"0123456789abcdef\x40\x01",
		19},
	    {CK_SP800_108_BYTE_ARRAY, "", 1},
	    {CK_SP800_108_BYTE_ARRAY, "0123456789abcdef", 16}};
	CK_BYTE want[40];

	if (counts) {
		with[3] = with[4];
	} else { /* no counter of 16 bits: neither has one */
		plain[1].pValue = "0123456789abcdef\x40\x01";
		plain[1].ulValueLen = 18;
		with[3] = with[4];
	}
	asked = sizeof(want);
	RV(derive_chain(mode, CKM_SHA256_HMAC, with, 4, NULL, 0, base, &h),
	    CKR_OK, "little-endian, with a key");
	RV(derive_chain(mode, CKM_SHA256_HMAC, plain, 4, NULL, 0, base, &same),
	    CKR_OK, "the same in bytes");
	COUNT(attr(same, CKA_VALUE, want, sizeof(want)), sizeof(want), "long");
	OK(attr_is(h, CKA_VALUE, want, sizeof(want)), "are one");
}

/* A key of whose kind the base key could be; what it hides is inherited. */
static void
test_key_parts(void)
{
	CK_OBJECT_HANDLE base = base_key(CKK_GENERIC_SECRET, key, 32, CK_TRUE),
			 other = CK_INVALID_HANDLE, h;
	CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
	CK_MECHANISM_TYPE ecb = CKM_AES_ECB;
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_SENSITIVE, yes),
	    A(CKA_EXTRACTABLE, no), A(CKA_DERIVE, yes)};
	CK_ATTRIBUTE limited[] = {A(CKA_VALUE_LEN, len), A(CKA_DERIVE, yes),
	    A(CKA_ALLOWED_MECHANISMS, ecb)};
	CK_ATTRIBUTE hides[] = {A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no)};
	struct prf_data_param parts[] = {
	    {CK_SP800_108_ITERATION_VARIABLE, NULL, 0},
	    {CK_SP800_108_KEY_HANDLE, &other, sizeof(other)}};
	struct sp800_108_params p = {CKM_SHA256_HMAC, 2, parts, 0, NULL};
	CK_MECHANISM m = {CKM_SP800_108_DOUBLE_PIPELINE_KDF, &p, sizeof(p)};

	asked = 32;
	RV(p11->C_GenerateKey(rw, &generate, t, 4, &other), CKR_OK,
	    "a key that never left");
	RV(p11->C_DeriveKey(rw, &m, base, hides, 2, &h), CKR_OK,
	    "of an open key and of that one");
	OK(attr_is(h, CKA_ALWAYS_SENSITIVE, &yes, 1) &&
		attr_is(h, CKA_NEVER_EXTRACTABLE, &yes, 1),
	    "one key that always hid is enough");
	RV(p11->C_DeriveKey(rw, &m, base, NULL, 0, &h), CKR_OK,
	    "and nothing is said");
	OK(attr_is(h, CKA_SENSITIVE, &no, 1) &&
		attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1),
	    "the base key's is the default");
	other = 77777;
	RV(derive(m.mechanism, &p, sizeof(p), base, &h), CKR_KEY_HANDLE_INVALID,
	    "no such key");
	RV(p11->C_GenerateKey(rw, &generate, t, 3, &other), CKR_OK,
	    "a key that derives nothing");
	RV(derive(m.mechanism, &p, sizeof(p), base, &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "is no part");
	RV(p11->C_GenerateKey(rw, &generate, limited, 3, &other), CKR_OK,
	    "a key for ECB alone");
	RV(derive(m.mechanism, &p, sizeof(p), base, &h), CKR_MECHANISM_INVALID,
	    "is no part");
}

/* What each mode's table of data fields forbids, and lengths that are wrong. */
static void
test_refusals(void)
{
	static struct sp800_108_counter_format counter = {CK_FALSE, 8},
					       odd = {CK_FALSE, 12},
					       wide = {CK_FALSE, 40};
	static struct sp800_108_dkm_length_format length = {1, CK_FALSE, 32},
						  method = {3, CK_FALSE, 32},
						  none = {1, CK_FALSE, 0},
						  narrow = {1, CK_FALSE, 8};
#define C(f) CK_SP800_108_COUNTER, &(f), sizeof(f)
#define L(f) CK_SP800_108_DKM_LENGTH, &(f), sizeof(f)
#define VARIABLE CK_SP800_108_ITERATION_VARIABLE, NULL, 0
	static const struct {
		const char *name;
		struct prf_data_param parts[3];
		CK_ULONG count;
		CK_RV rv;
	} rows[] = {{"all", {{VARIABLE}, {C(counter)}, {L(length)}}, 3, CKR_OK},
	    {"the variable alone", {{VARIABLE}}, 1, CKR_OK},
	    {"no variable", {{C(counter)}}, 1, CKR_MECHANISM_PARAM_INVALID},
	    {"nothing", {{VARIABLE}}, 0, CKR_MECHANISM_PARAM_INVALID},
	    {"two variables", {{VARIABLE}, {VARIABLE}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"a variable with a format",
		{{CK_SP800_108_ITERATION_VARIABLE, &counter, sizeof(counter)}},
		1, CKR_MECHANISM_PARAM_INVALID},
	    {"two counters", {{VARIABLE}, {C(counter)}, {C(counter)}}, 3,
		CKR_MECHANISM_PARAM_INVALID},
	    {"a counter of 12 bits", {{VARIABLE}, {C(odd)}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"a counter of 40 bits", {{VARIABLE}, {C(wide)}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"a counter without a format",
		{{VARIABLE}, {CK_SP800_108_COUNTER, NULL, 0}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"two lengths", {{VARIABLE}, {L(length)}, {L(length)}}, 3,
		CKR_MECHANISM_PARAM_INVALID},
	    {"a length by another method", {{VARIABLE}, {L(method)}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"a length of no bits", {{VARIABLE}, {L(none)}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"320 bits in a length of 8", {{VARIABLE}, {L(narrow)}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"bytes that are not there",
		{{VARIABLE}, {CK_SP800_108_BYTE_ARRAY, NULL, 4}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"no bytes", {{VARIABLE}, {CK_SP800_108_BYTE_ARRAY, "", 0}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"a handle of 4 bytes",
		{{VARIABLE}, {CK_SP800_108_KEY_HANDLE, "four", 4}}, 2,
		CKR_MECHANISM_PARAM_INVALID},
	    {"another type", {{VARIABLE}, {6, "", 1}}, 2,
		CKR_MECHANISM_PARAM_INVALID}};
	CK_OBJECT_HANDLE base = base_key(CKK_GENERIC_SECRET, key, 32, CK_TRUE),
			 h;
	struct prf_data_param parts[3];

	asked = 40;
	for (size_t i = 0; i < ELEMS(rows); i++) {
		memcpy(parts, rows[i].parts, sizeof(parts));
		rv_is(derive_chain(CKM_SP800_108_FEEDBACK_KDF, CKM_SHA256_HMAC,
			  parts, rows[i].count, NULL, 0, base, &h),
		    rows[i].rv, "the row's", __FILE__, __LINE__, "feedback: %s",
		    rows[i].name);
		rv_is(derive_chain(CKM_SP800_108_DOUBLE_PIPELINE_KDF,
			  CKM_SHA256_HMAC, parts, rows[i].count, NULL, 0, base,
			  &h),
		    rows[i].rv, "the row's", __FILE__, __LINE__,
		    "double pipeline: %s", rows[i].name);
	}
	/* of the counter mode, that is another part */
	parts[0] = (struct prf_data_param){
	    CK_SP800_108_ITERATION_VARIABLE, &counter, sizeof(counter)};
	parts[1] = (struct prf_data_param){C(counter)};
	RV(derive_chain(CKM_SP800_108_COUNTER_KDF, CKM_SHA256_HMAC, parts, 2,
	       NULL, 0, base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "counter: a second counter");
	parts[0] = (struct prf_data_param){VARIABLE};
	RV(derive_chain(CKM_SP800_108_COUNTER_KDF, CKM_SHA256_HMAC, parts, 1,
	       NULL, 0, base, &h),
	    CKR_MECHANISM_PARAM_INVALID,
	    "counter: a variable without a format");
	RV(derive_chain(CKM_SP800_108_FEEDBACK_KDF, CKM_SHA256_HMAC, parts, 1,
	       NULL, 16, base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "an IV that is not there");
	RV(derive(CKM_SP800_108_FEEDBACK_KDF, parts,
	       sizeof(struct sp800_108_params), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "the other structure");
	RV(derive(CKM_SP800_108_DOUBLE_PIPELINE_KDF, parts,
	       sizeof(struct sp800_108_feedback_params), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "likewise");
	asked = 256 * 32;
	RV(derive_chain(CKM_SP800_108_FEEDBACK_KDF, CKM_SHA256_HMAC, parts, 1,
	       NULL, 0, base, &h),
	    CKR_OK, "256 blocks without a counter");
	RV(derive_chain(CKM_SP800_108_FEEDBACK_KDF, CKM_SHA256_HMAC, parts, 2,
	       NULL, 0, base, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "and more than it counts");
}

/* All keys or none; the handle of the one that is wrong says which. */
static void
test_more_keys(void)
{
	struct prf_data_param part = {VARIABLE};
	CK_ULONG good = 16, bad = 17;
	CK_ATTRIBUTE right[] = {A(CKA_KEY_TYPE, aes_type),
	    A(CKA_VALUE_LEN, good), A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes)},
		     wrong[] = {
			 A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, bad)};
	CK_OBJECT_HANDLE handles[3] = {7, 7, 7}, h,
			 base = base_key(CKK_GENERIC_SECRET, key, 32, CK_TRUE);
	struct derived_key more[] = {{right, 4, &handles[0]},
	    {right, 4, &handles[1]}, {right, 4, &handles[2]}};
	struct sp800_108_feedback_params p = {
	    CKM_SHA256_HMAC, 1, &part, 0, NULL, 3, more};
	CK_BYTE one[128];

	asked = 128;
	p.ulAdditionalDerivedKeys = 0;
	RV(derive(CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p), base, &h), CKR_OK,
	    "one key of four blocks");
	COUNT(attr(h, CKA_VALUE, one, sizeof(one)), sizeof(one), "long");
	asked = 20;
	p.ulAdditionalDerivedKeys = 3;
	RV(derive(CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p), base, &h), CKR_OK,
	    "four keys");
	OK(attr_is(h, CKA_VALUE, one, 20), "the first block's");
	for (size_t i = 0; i < 3; i++) {
		OK(attr_is(handles[i], CKA_VALUE, one + 32 * (i + 1), 16),
		    "key %zu has a block of its own", i);
		handles[i] = 7;
	}
	more[1] = (struct derived_key){wrong, 2, &handles[1]};
	RV(derive(CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p), base, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "one of them cannot be");
	OK(handles[0] == 7 && handles[1] == CK_INVALID_HANDLE &&
		handles[2] == 7,
	    "which is said by its handle");
	more[1].ulAttributeCount = 1UL << 32;
	RV(derive(CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a template of 2^32 rows");
	more[1] = (struct derived_key){right, 4, NULL};
	RV(derive(CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a handle that goes nowhere");
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_counter();
	test_feedback();
	for (size_t i = 0; i < ELEMS(vectors); i++)
		test_vector(&vectors[i]);
	test_forms(CKM_SP800_108_COUNTER_KDF);
	test_forms(CKM_SP800_108_FEEDBACK_KDF);
	test_forms(CKM_SP800_108_DOUBLE_PIPELINE_KDF);
	test_key_parts();
	test_refusals();
	test_more_keys();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
