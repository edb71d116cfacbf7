#include "cryptoki/derive-params.h"
#include "order-ways.h"

static CK_BYTE iv[12] = {1}, tag[16],
	       p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       p224[] = {6, 5, 0x2b, 0x81, 4, 0, 0x21};
static CK_ULONG n16 = 16, n32 = 32, bits_1024 = 1024, bits_2048 = 2048;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET, hkdf = CKK_HKDF;
static CK_OBJECT_CLASS data_class = CKO_DATA;
static struct gcm_message_params gcm_message = {iv, sizeof(iv), 0, 0, tag, 128};
static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_KEY_DERIVATION_STRING_DATA string = {bytes, 32};
static CK_ECDH1_DERIVE_PARAMS ecdh = {CKD_NULL, 0, NULL, sizeof(peer), peer};
static struct hkdf_params hkdf_extract = {.bExtract = CK_TRUE,
    .prfHashMechanism = CKM_SHA256,
    .ulSaltType = CKF_HKDF_SALT_NULL};
static struct ck_aes_cbc_encrypt_data_params cbc_data = {{0}, bytes, 32};
static struct ck_pbkd2 password = {.saltSource = 1, /* CKZ_SALT_SPECIFIED */
    .pSaltSourceData = bytes,
    .ulSaltSourceDataLen = 8,
    .iterations = 1,
    .prf = 4, /* of SHA-256 */
    .pPassword = bytes,
    .ulPasswordLen = 8};
struct order_here here;
struct order_kms kms;
CK_FUNCTION_LIST_3_2 *list;
CK_BYTE bytes[2048], wrapped[2048], peer[65];
CK_ULONG wrapped_len;
CK_OBJECT_HANDLE made[2];
CK_GCM_PARAMS gcm_params = {iv, sizeof(iv), 96, NULL, 0, 128};

void
set_row(struct rows *r, CK_ATTRIBUTE a)
{
	CK_ULONG i = 0;

	while (i < r->n && r->t[i].type != a.type)
		i++;
	r->t[i] = a;
	if (i == r->n)
		r->n++;
}

/* clang-format off */
#define MECHANISM_IS(t, type, parameter)				\
	(t)->m = (CK_MECHANISM){(type), &(parameter), sizeof(parameter)}
/* clang-format on */

/* Makes of keys that are right, of another type and without the use. */
static void
set_keys(struct trial *t, CK_OBJECT_HANDLE good, CK_OBJECT_HANDLE other_type,
    CK_OBJECT_HANDLE other_use)
{
	t->key = good;
	t->other_type = other_type;
	t->other_use = other_use;
}

/* A template of a secret key. */
static void
set_secret(struct trial *t, CK_KEY_TYPE *type)
{
	ROW(&t->rows, CKA_CLASS, secret_class);
	ROW(&t->rows, CKA_KEY_TYPE, *type);
	t->unheld = (CK_ATTRIBUTE)A(CKA_KEY_TYPE, hkdf);
}

static void
create(struct trial *t, enum place place)
{
	(void)place;
	set_secret(t, &aes_type);
	set_row(&t->rows, (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, bytes, 32));
	t->unheld = (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, bytes, 16);
}

static void
create_data(struct trial *t, enum place place)
{
	(void)place;
	ROW(&t->rows, CKA_CLASS, data_class);
	t->unheld = (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, bytes, 16);
}

static void
copy(struct trial *t, enum place place)
{
	(void)place;
	set_keys(t, here.aes, 0, here.stays);
	t->unheld_key = here.aes128;
}

static void
generate(struct trial *t, enum place place)
{
	(void)place;
	t->m.mechanism = CKM_AES_KEY_GEN;
	ROW(&t->rows, CKA_VALUE_LEN, n32);
	t->unheld = (CK_ATTRIBUTE)A(CKA_VALUE_LEN, n16);
}

static void
generate_from_password(struct trial *t, enum place place)
{
	generate(t, place);
	MECHANISM_IS(t, CKM_PKCS5_PBKD2, password);
}

static void
generate_ec(struct trial *t, enum place place)
{
	(void)place;
	t->m.mechanism = CKM_EC_KEY_PAIR_GEN;
	ROW(&t->public, CKA_EC_PARAMS, p256);
	t->unheld = (CK_ATTRIBUTE)A(CKA_EC_PARAMS, p224);
}

static void
generate_rsa(struct trial *t, enum place place)
{
	(void)place;
	t->m.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
	ROW(&t->public, CKA_MODULUS_BITS, bits_2048);
	t->unheld = (CK_ATTRIBUTE)A(CKA_MODULUS_BITS, bits_1024);
}

static void
generate_import(struct trial *t, enum place place)
{
	generate_rsa(t, place);
	ROW(&t->rows, CKA_UNWRAP, yes);
}

static void
unwrap(struct trial *t, enum place place)
{
	(void)place;
	t->m.mechanism = CKM_AES_KEY_WRAP_KWP;
	set_keys(t, here.aes, here.no_rsa.private, here.no_aes);
	set_secret(t, &aes_type);
}

static void
unwrap_by_kms(struct trial *t, enum place place)
{
	unwrap(t, place);
	MECHANISM_IS(t, CKM_AES_GCM, gcm_params);
	t->key = kms.aes;
}

static void
unwrap_into_pair(struct trial *t, enum place place)
{
	(void)place;
	t->m.mechanism = CKM_RSA_PKCS_OAEP;
	set_keys(t, kms.import.private, here.no_aes, here.no_rsa.private);
	set_secret(t, &aes_type);
}

static void
unwrap_with_data(struct trial *t, enum place place)
{
	unwrap(t, place);
	MECHANISM_IS(t, CKM_AES_GCM, gcm_message);
}

static void
derive(struct trial *t, enum place place)
{
	(void)place;
	MECHANISM_IS(t, CKM_CONCATENATE_BASE_AND_DATA, string);
	set_keys(t, here.base, here.no_rsa.private, here.no_base);
	set_secret(t, &generic);
	ROW(&t->rows, CKA_VALUE_LEN, n32);
}

static void
derive_cbc(struct trial *t, enum place place)
{
	derive(t, place);
	MECHANISM_IS(t, CKM_AES_CBC_ENCRYPT_DATA, cbc_data);
	set_keys(t, here.aes, here.no_base, here.no_aes);
}

static void
derive_hkdf(struct trial *t, enum place place)
{
	derive(t, place);
	MECHANISM_IS(t, CKM_HKDF_DERIVE, hkdf_extract);
}

static void
derive_ecdh(struct trial *t, enum place place)
{
	derive(t, place);
	MECHANISM_IS(t, CKM_ECDH1_DERIVE, ecdh);
	set_keys(t, place == TOKEN ? kms.agrees.private : here.ec.private,
	    here.no_rsa.private, here.no_ec.private);
}

static void
encapsulate(struct trial *t, enum place place)
{
	(void)place;
	t->m.mechanism = CKM_ML_KEM;
	set_keys(t, kms.kem.public, here.no_rsa.public, 0);
	set_secret(t, &generic);
}

static void
decapsulate(struct trial *t, enum place place)
{
	encapsulate(t, place);
	set_keys(t, kms.kem.private, here.no_rsa.private, 0);
}

static void
wrap(struct trial *t, enum place place)
{
	MECHANISM_IS(t, CKM_AES_GCM, gcm_params);
	set_keys(t, place == TOKEN ? kms.aes : here.aes, here.no_rsa.public,
	    here.no_aes);
	t->wrapped = here.base;
}

static void
object(struct trial *t, enum place place)
{
	set_keys(t, place == TOKEN ? kms.aes : here.aes, 0, here.stays);
	set_row(&t->rows, (CK_ATTRIBUTE)A_BYTES(CKA_LABEL, "one", 3));
	/* no alias of KMS is as long */
	t->unheld = (CK_ATTRIBUTE)A_BYTES(CKA_LABEL, bytes, 1000);
}

static void
destroy(struct trial *t, enum place place)
{
	object(t, place);
	if (place == TOKEN)
		t->other_use = kms.agrees.private;
}

static void
digest(struct trial *t, enum place place)
{
	(void)place;
	t->m.mechanism = CKM_SHA256;
}

static void
crypt(struct trial *t, enum place place)
{
	MECHANISM_IS(t, CKM_AES_GCM, gcm_params);
	set_keys(t, place == TOKEN ? kms.aes : here.aes,
	    place == TOKEN ? kms.hmac : here.no_rsa.private, here.no_aes);
}

static void
message_crypt(struct trial *t, enum place place)
{
	crypt(t, place);
	t->m.pParameter = NULL;
	t->m.ulParameterLen = 0;
}

static void
sign(struct trial *t, enum place place)
{
	MECHANISM_IS(t, CKM_RSA_PKCS_PSS, pss);
	if (place == TOKEN)
		set_keys(t, kms.signs.private, kms.agrees.private,
		    kms.decrypts.private);
	else
		set_keys(t, here.rsa.private, here.no_ec.private,
		    here.no_rsa.private);
}

static void
verify(struct trial *t, enum place place)
{
	MECHANISM_IS(t, CKM_RSA_PKCS_PSS, pss);
	if (place == TOKEN)
		set_keys(t, kms.signs.public, kms.agrees.public,
		    kms.decrypts.public);
	else
		set_keys(
		    t, here.rsa.public, here.no_ec.public, here.no_rsa.public);
}

static void
recover(struct trial *t, enum place place)
{
	sign(t, place);
	t->m = (CK_MECHANISM){CKM_RSA_PKCS, NULL, 0};
}

static void
verify_recover(struct trial *t, enum place place)
{
	verify(t, place);
	t->m = (CK_MECHANISM){CKM_RSA_PKCS, NULL, 0};
}

static void
search(struct trial *t, enum place place)
{
	(void)place;
	/* which is none of the token's: KMS is not asked */
	ROW(&t->rows, CKA_CLASS, data_class);
}

/* clang-format off */
#define FUNCTION(name, args)						\
	static CK_RV call_##name(const struct trial *t)			\
	{ return (list->name args); }
#define ROWS t->t, t->rows.n
#define IN t->in, wrapped_len
FUNCTION(C_CreateObject, (t->session, ROWS, t->handle))
FUNCTION(C_CopyObject, (t->session, t->key, ROWS, t->handle))
FUNCTION(C_GenerateKey, (t->session, t->mechanism, ROWS, t->handle))
FUNCTION(C_GenerateKeyPair, (t->session, t->mechanism,
    t->public_t, t->public.n, ROWS, &made[1], t->handle))
FUNCTION(C_UnwrapKey, (t->session, t->mechanism, t->key, IN, ROWS,
    t->handle))
FUNCTION(C_UnwrapKeyAuthenticated, (t->session, t->mechanism, t->key, IN,
    ROWS, bytes, 4, t->handle))
FUNCTION(C_DeriveKey, (t->session, t->mechanism, t->key, ROWS, t->handle))
FUNCTION(C_EncapsulateKey, (t->session, t->mechanism, t->key, ROWS, bytes,
    t->len, t->handle))
FUNCTION(C_DecapsulateKey, (t->session, t->mechanism, t->key, ROWS, bytes,
    768, t->handle))
FUNCTION(C_WrapKey, (t->session, t->mechanism, t->key, t->wrapped, bytes,
    t->len))
FUNCTION(C_SetAttributeValue, (t->session, t->key, ROWS))
FUNCTION(C_DestroyObject, (t->session, t->key))
FUNCTION(C_GetAttributeValue, (t->session, t->key, ROWS))
FUNCTION(C_FindObjectsInit, (t->session, ROWS))
FUNCTION(C_DigestInit, (t->session, t->mechanism))
FUNCTION(C_VerifySignatureInit, (t->session, t->mechanism, t->key,
    t->in, 256))
#define KEY_INIT(name) FUNCTION(name, (t->session, t->mechanism, t->key))
KEY_INIT(C_EncryptInit) KEY_INIT(C_DecryptInit)
KEY_INIT(C_SignInit) KEY_INIT(C_VerifyInit)
KEY_INIT(C_SignRecoverInit) KEY_INIT(C_VerifyRecoverInit)
KEY_INIT(C_MessageEncryptInit) KEY_INIT(C_MessageDecryptInit)
KEY_INIT(C_MessageSignInit) KEY_INIT(C_MessageVerifyInit)

/* Each function, by what it is called with. */
const struct way ways[] = {
#define WAY(f, set, places) { #f, call_##f, #set, set, places, 0 }
#define WAY_IS(f, set, places, is)					\
	{ #f, call_##f, #set, set, places, is }
#define INIT(f, set, places)						\
	WAY_IS(f, set, places, IS_INIT | IS_OF_OBJECT)
	WAY(C_CreateObject, create, BOTH), WAY(C_CreateObject, create_data, BOTH),
	WAY(C_CopyObject, copy, BOTH),
	WAY(C_GenerateKey, generate, BOTH),
	WAY_IS(C_GenerateKey, generate_from_password, BOTH, IS_OF_SESSION),
	WAY_IS(C_GenerateKeyPair, generate_ec, BOTH, IS_EC),
	WAY(C_GenerateKeyPair, generate_rsa, BOTH),
	WAY(C_GenerateKeyPair, generate_import, TOKEN),
	WAY(C_UnwrapKey, unwrap, BOTH), WAY(C_UnwrapKey, unwrap_by_kms, BOTH),
	WAY_IS(C_UnwrapKey, unwrap_into_pair, TOKEN, IS_IMPORT),
	WAY(C_UnwrapKeyAuthenticated, unwrap_with_data, BOTH),
	WAY(C_DeriveKey, derive, BOTH), WAY(C_DeriveKey, derive_cbc, BOTH),
	WAY(C_DeriveKey, derive_hkdf, BOTH), WAY(C_DeriveKey, derive_ecdh, BOTH),
	WAY(C_EncapsulateKey, encapsulate, BOTH),
	WAY(C_DecapsulateKey, decapsulate, BOTH),
	WAY(C_WrapKey, wrap, BOTH),
	WAY_IS(C_SetAttributeValue, object, BOTH, IS_OF_OBJECT),
	WAY(C_DestroyObject, destroy, BOTH),
	WAY(C_GetAttributeValue, object, BOTH),
	WAY_IS(C_FindObjectsInit, search, SESSION, IS_OF_OBJECT),
	INIT(C_DigestInit, digest, SESSION),
	INIT(C_EncryptInit, crypt, BOTH), INIT(C_DecryptInit, crypt, BOTH),
	INIT(C_SignInit, sign, BOTH), INIT(C_VerifyInit, verify, BOTH),
	INIT(C_SignRecoverInit, recover, BOTH),
	INIT(C_VerifyRecoverInit, verify_recover, BOTH),
	WAY_IS(C_VerifySignatureInit, verify, BOTH, IS_OF_OBJECT),
	INIT(C_MessageEncryptInit, message_crypt, SESSION),
	INIT(C_MessageDecryptInit, message_crypt, SESSION),
	INIT(C_MessageSignInit, sign, BOTH), INIT(C_MessageVerifyInit, verify, BOTH),
};
/* clang-format on */

const size_t way_count = ELEMS(ways);
