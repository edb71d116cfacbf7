/* What libraries and servers call that no package of the release brings, replayed:
 * their templates, their order, and the codes that they get. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_KEY_TYPE ec_type = CKK_EC, generic_type = CKK_GENERIC_SECRET;
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_BYTE exponent[] = {1, 0, 1};
static CK_ULONG bits = 2048, bytes_32 = 32;
static CK_BYTE digest[32] = {"what the program signs"};
static CK_MECHANISM_TYPE ecdsas[] = {CKM_ECDSA};
static CK_MECHANISM_TYPE rsas[] = {CKM_RSA_PKCS, CKM_RSA_PKCS_PSS};

/* Mechanisms with their parameters. */
static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_RSA_PKCS_OAEP_PARAMS oaep = {
    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_BYTE iv[12] = {7};
static CK_GCM_PARAMS gcm = {iv, 12, 96, NULL, 0, 128};
static CK_MECHANISM ec_pair = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
static CK_MECHANISM rsa_pair = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
static CK_MECHANISM aes_key = {CKM_AES_KEY_GEN, NULL, 0};
static CK_MECHANISM generic_key = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
static CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
static CK_MECHANISM rsa_pss = {CKM_RSA_PKCS_PSS, &pss, sizeof(pss)};
static CK_MECHANISM rsa_sha256 = {CKM_SHA256_RSA_PKCS, NULL, 0};
static CK_MECHANISM rsa_oaep = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
static CK_MECHANISM aes_gcm = {CKM_AES_GCM, &gcm, sizeof(gcm)};
static CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};

/* Templates. */
#define TEXT(type, text) A_BYTES(type, (void *)(text), sizeof(text) - 1)
#define YES(type) A(type, yes)
#define NO(type) A(type, no)
#define EC_PUBLIC                                                             \
	A(CKA_CLASS, public_class), A(CKA_KEY_TYPE, ec_type), YES(CKA_TOKEN), \
	    YES(CKA_VERIFY), A(CKA_EC_PARAMS, p256)
#define HIDDEN YES(CKA_SENSITIVE), NO(CKA_EXTRACTABLE)
#define BOTH(id, label) TEXT(CKA_ID, id), TEXT(CKA_LABEL, label)

static CK_ATTRIBUTE fabric_public[] = {EC_PUBLIC, BOTH("BCPUB1", "BCPUB1")};
static CK_ATTRIBUTE fabric_private[] = {A(CKA_CLASS, private_class),
    A(CKA_KEY_TYPE, ec_type), YES(CKA_TOKEN), YES(CKA_PRIVATE), YES(CKA_SIGN),
    BOTH("BCPRV1", "BCPRV1"), HIDDEN};
static CK_ATTRIBUTE fabric_name[] = {BOTH("\x5a\x01", "5a01")};
static CK_ATTRIBUTE fabric_fixed[] = {NO(CKA_MODIFIABLE)};
static CK_ATTRIBUTE fabric_find[] = {
    A(CKA_CLASS, private_class), TEXT(CKA_ID, "\x5a\x01")};
static CK_ATTRIBUTE fabric_find_public[] = {
    A(CKA_CLASS, public_class), TEXT(CKA_ID, "\x5a\x01")};

static CK_ATTRIBUTE parsec_ec_public[] = {TEXT(CKA_ID, "\0\0\0\1"),
    YES(CKA_TOKEN), NO(CKA_PRIVATE), YES(CKA_VERIFY), A(CKA_EC_PARAMS, p256)};
static CK_ATTRIBUTE parsec_ec_private[] = {TEXT(CKA_ID, "\0\0\0\1"),
    YES(CKA_TOKEN), YES(CKA_SIGN), HIDDEN, A(CKA_ALLOWED_MECHANISMS, ecdsas)};
static CK_ATTRIBUTE parsec_rsa_public[] = {TEXT(CKA_ID, "\0\0\0\2"),
    YES(CKA_TOKEN), NO(CKA_PRIVATE), YES(CKA_VERIFY),
    A(CKA_PUBLIC_EXPONENT, exponent), A(CKA_MODULUS_BITS, bits)};
static CK_ATTRIBUTE parsec_rsa_private[] = {TEXT(CKA_ID, "\0\0\0\2"),
    YES(CKA_TOKEN), YES(CKA_SIGN), HIDDEN, A(CKA_ALLOWED_MECHANISMS, rsas)};
static CK_ATTRIBUTE parsec_find[] = {
    A(CKA_CLASS, private_class), TEXT(CKA_ID, "\0\0\0\2")};

static CK_ATTRIBUTE thin_edge_public[] = {YES(CKA_TOKEN), NO(CKA_PRIVATE),
    YES(CKA_VERIFY), BOTH("\x7e", "tedge"), A(CKA_EC_PARAMS, p256)};
static CK_ATTRIBUTE thin_edge_private[] = {YES(CKA_TOKEN), YES(CKA_PRIVATE),
    HIDDEN, YES(CKA_SIGN), BOTH("\x7e", "tedge")};
static CK_ATTRIBUTE thin_edge_find[] = {YES(CKA_TOKEN),
    A(CKA_CLASS, private_class), YES(CKA_PRIVATE), TEXT(CKA_LABEL, "tedge")};

static CK_ATTRIBUTE boulder_public[] = {BOTH("\xb0", "ceremony"),
    YES(CKA_VERIFY), YES(CKA_TOKEN), A(CKA_MODULUS_BITS, bits),
    A(CKA_PUBLIC_EXPONENT, exponent)};
static CK_ATTRIBUTE boulder_private[] = {
    BOTH("\xb0", "ceremony"), HIDDEN, YES(CKA_TOKEN), YES(CKA_SIGN)};
static CK_ATTRIBUTE boulder_find[] = {
    A(CKA_CLASS, private_class), BOTH("\xb0", "ceremony")};

/* crypto11, with which step and cosign find and make their keys */
static CK_ATTRIBUTE crypto11_public[] = {A(CKA_CLASS, public_class),
    A(CKA_KEY_TYPE, rsa_type), YES(CKA_TOKEN), YES(CKA_VERIFY),
    YES(CKA_ENCRYPT), A(CKA_PUBLIC_EXPONENT, exponent),
    A(CKA_MODULUS_BITS, bits), BOTH("\xc1", "release")};
static CK_ATTRIBUTE crypto11_private[] = {YES(CKA_TOKEN), YES(CKA_SIGN),
    YES(CKA_DECRYPT), HIDDEN, BOTH("\xc1", "release")};
static CK_ATTRIBUTE crypto11_find[] = {
    A(CKA_CLASS, private_class), TEXT(CKA_LABEL, "release")};
static CK_ATTRIBUTE crypto11_ec_public[] = {EC_PUBLIC, BOTH("\xc2", "step")};
static CK_ATTRIBUTE crypto11_ec_private[] = {
    YES(CKA_TOKEN), YES(CKA_SIGN), HIDDEN, BOTH("\xc2", "step")};

static CK_ATTRIBUTE bao_aes[] = {A(CKA_CLASS, secret_class),
    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, bytes_32),
    TEXT(CKA_LABEL, "bao"), YES(CKA_ENCRYPT), YES(CKA_DECRYPT), YES(CKA_TOKEN),
    YES(CKA_PRIVATE), HIDDEN};
static CK_ATTRIBUTE bao_hmac[] = {A(CKA_CLASS, secret_class),
    A(CKA_KEY_TYPE, generic_type), A(CKA_VALUE_LEN, bytes_32),
    TEXT(CKA_LABEL, "bao-hmac"), YES(CKA_SIGN), YES(CKA_VERIFY), YES(CKA_TOKEN),
    YES(CKA_PRIVATE), HIDDEN};
static CK_ATTRIBUTE bao_find[] = {
    A(CKA_CLASS, secret_class), TEXT(CKA_LABEL, "bao")};
static CK_ATTRIBUTE bao_rsa_public[] = {YES(CKA_TOKEN), YES(CKA_ENCRYPT),
    A(CKA_PUBLIC_EXPONENT, exponent), A(CKA_MODULUS_BITS, bits),
    TEXT(CKA_LABEL, "bao-rsa")};
static CK_ATTRIBUTE bao_rsa_private[] = {
    YES(CKA_TOKEN), YES(CKA_DECRYPT), HIDDEN, TEXT(CKA_LABEL, "bao-rsa")};

/* The calls. A call's objects are kept: a pair's halves, a secret key twice. */
static CK_OBJECT_HANDLE made[2];
enum half { PUBLIC, PRIVATE };
static CK_BYTE result[1024];
static CK_ULONG result_len;

struct call;
typedef CK_RV call_fn(const struct call *);
struct call {
	const char *what;
	call_fn *run;
	CK_MECHANISM *mechanism;
	CK_ATTRIBUTE *t;
	CK_ULONG count;
	CK_ATTRIBUTE *private_t;
	CK_ULONG private_count;
	enum half on;
	CK_RV want;
};

static CK_RV
generate_pair(const struct call *c)
{
	return (p11->C_GenerateKeyPair(rw, c->mechanism, c->t, c->count,
	    c->private_t, c->private_count, &made[PUBLIC], &made[PRIVATE]));
}

static CK_RV
generate(const struct call *c)
{
	CK_RV rv = p11->C_GenerateKey(
	    rw, c->mechanism, c->t, c->count, &made[PRIVATE]);

	made[PUBLIC] = made[PRIVATE];
	return (rv);
}

static CK_RV
set(const struct call *c)
{
	return (p11->C_SetAttributeValue(rw, made[c->on], c->t, c->count));
}

static CK_RV
copy(const struct call *c)
{
	CK_OBJECT_HANDLE h;

	return (p11->C_CopyObject(rw, made[c->on], c->t, c->count, &h));
}

/* One object, and it is the one that is known. */
static CK_RV
find_it(const struct call *c)
{
	CK_OBJECT_HANDLE h[2] = {CK_INVALID_HANDLE};

	return (find(rw, c->t, c->count, h, 2) == 1 && h[0] == made[c->on]
		    ? CKR_OK
		    : CKR_OBJECT_HANDLE_INVALID);
}

/* What is read of a public key. */
static CK_RV
read_public(const struct call *c)
{
	CK_BYTE room[2][1024];
	CK_ATTRIBUTE ec[] = {
	    A(CKA_EC_PARAMS, room[0]), A(CKA_EC_POINT, room[1])};
	CK_ATTRIBUTE rsa[] = {
	    A(CKA_MODULUS, room[0]), A(CKA_PUBLIC_EXPONENT, room[1])};
	bool is_ec = attr_number(made[c->on], CKA_KEY_TYPE) == CKK_EC;

	return (p11->C_GetAttributeValue(rw, made[c->on], is_ec ? ec : rsa, 2));
}

static CK_RV
sign(const struct call *c)
{
	CK_RV rv = p11->C_SignInit(rw, c->mechanism, made[PRIVATE]);

	result_len = sizeof(result);
	return (rv != CKR_OK ? rv
			     : p11->C_Sign(rw, digest, sizeof(digest), result,
				   &result_len));
}

static CK_RV
verify(const struct call *c)
{
	CK_RV rv = p11->C_VerifyInit(rw, c->mechanism, made[PUBLIC]);

	return (rv != CKR_OK ? rv
			     : p11->C_Verify(rw, digest, sizeof(digest), result,
				   result_len));
}

static CK_RV
seal(const struct call *c)
{
	result_len = sizeof(result);
	return (encrypt(made[PUBLIC], c->mechanism, digest, sizeof(digest),
	    result, &result_len));
}

static CK_RV
unseal(const struct call *c)
{
	CK_BYTE clear[sizeof(result)];
	CK_ULONG n = sizeof(clear);
	CK_RV rv = decrypt(
	    made[PRIVATE], c->mechanism, result, result_len, clear, &n);

	if (rv == CKR_OK &&
	    (n != sizeof(digest) || memcmp(clear, digest, n) != 0))
		rv = CKR_DATA_INVALID;
	return (rv);
}

static CK_RV
destroy(const struct call *c)
{
	return (p11->C_DestroyObject(rw, made[c->on]));
}

/* clang-format off */
#define T(template) .t = (template), .count = ELEMS(template)
#define PAIR(mechanism_, public_, private_)				\
	{ .what = "C_GenerateKeyPair", .run = generate_pair,		\
	    .mechanism = &(mechanism_), T(public_),			\
	    .private_t = (private_), .private_count = ELEMS(private_) }
#define KEY(mechanism_, template)					\
	{ .what = "C_GenerateKey", .run = generate,			\
	    .mechanism = &(mechanism_), T(template) }
#define ON(what_, run_, on_, template)					\
	{ .what = (what_), .run = (run_), .on = (on_), T(template) }
#define USE(what_, run_, mechanism_)					\
	{ .what = (what_), .run = (run_), .mechanism = &(mechanism_) }
#define READ { .what = "a public key is read", .run = read_public, .on = PUBLIC }
#define SIGN(m) USE("C_Sign", sign, m), USE("C_Verify", verify, m)
#define SEAL(m) USE("C_Encrypt", seal, m), USE("C_Decrypt", unseal, m)
#define AWAY(on_) { .what = "C_DestroyObject", .run = destroy, .on = (on_) }
/* clang-format on */

static const struct program {
	const char *name;
	const char *options; /* that the program needs, or NULL */
	struct call calls[12];
} programs[] = {
    {"Hyperledger Fabric", NULL,
	{PAIR(ec_pair, fabric_public, fabric_private), READ,
	    ON("the public half's name", set, PUBLIC, fabric_name),
	    ON("the private half's", set, PRIVATE, fabric_name),
	    ON("C_FindObjects", find_it, PRIVATE, fabric_find),
	    ON("of both", find_it, PUBLIC, fabric_find_public), SIGN(ecdsa),
	    {.what = "Immutable: C_CopyObject",
		.run = copy,
		.on = PRIVATE,
		T(fabric_fixed),
		.want = CKR_ACTION_PROHIBITED},
	    AWAY(PRIVATE)}},
    {"Parsec, EC", "generate = yes",
	{PAIR(ec_pair, parsec_ec_public, parsec_ec_private), READ, SIGN(ecdsa),
	    AWAY(PUBLIC), AWAY(PRIVATE)}},
    {"Parsec, RSA", "generate = yes",
	{PAIR(rsa_pair, parsec_rsa_public, parsec_rsa_private), READ,
	    ON("C_FindObjects", find_it, PRIVATE, parsec_find), SIGN(rsa_pss),
	    AWAY(PUBLIC), AWAY(PRIVATE)}},
    {"thin-edge", NULL,
	{PAIR(ec_pair, thin_edge_public, thin_edge_private),
	    ON("C_FindObjects", find_it, PRIVATE, thin_edge_find), READ,
	    SIGN(ecdsa), AWAY(PRIVATE)}},
    {"boulder", NULL,
	{PAIR(rsa_pair, boulder_public, boulder_private), READ,
	    ON("C_FindObjects", find_it, PRIVATE, boulder_find),
	    SIGN(rsa_sha256), AWAY(PRIVATE)}},
    {"cosign", NULL,
	{PAIR(rsa_pair, crypto11_public, crypto11_private),
	    ON("C_FindObjects", find_it, PRIVATE, crypto11_find), READ,
	    SIGN(rsa_pss), AWAY(PRIVATE), AWAY(PUBLIC)}},
    {"step", NULL,
	{PAIR(ec_pair, crypto11_ec_public, crypto11_ec_private), READ,
	    SIGN(ecdsa), AWAY(PRIVATE), AWAY(PUBLIC)}},
    {"OpenBao, AES", NULL,
	{KEY(aes_key, bao_aes), ON("C_FindObjects", find_it, PRIVATE, bao_find),
	    SEAL(aes_gcm), AWAY(PRIVATE)}},
    {"OpenBao, HMAC", NULL,
	{KEY(generic_key, bao_hmac), SIGN(hmac), AWAY(PRIVATE)}},
    {"OpenBao, RSA", NULL,
	{PAIR(rsa_pair, bao_rsa_public, bao_rsa_private), SEAL(rsa_oaep),
	    AWAY(PRIVATE), AWAY(PUBLIC)}},
};

int
main(void)
{
	const struct call *c;
	CK_RV rv;

	testenv_start();
	for (size_t i = 0; i < ELEMS(programs); i++) {
		testenv_config(NULL, programs[i].options, NULL);
		p11_start();
		for (c = programs[i].calls; c->what != NULL; c++) {
			rv = c->run(c);
			rv_is(rv, c->want, "as listed", __FILE__, __LINE__,
			    "%s: %s", programs[i].name, c->what);
		}
		p11_stop();
	}
	testenv_stop();
	return (tap_done());
}
