#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "account.h"
#include "acts.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"

#define BLOB "blob"
#define RSA "rsa.pem"

unsigned walk_process;

static CK_RV
create(
    const char *label, int value, bool new_material, CK_OBJECT_HANDLE *object)
{
	struct key_template k;

	key_template(&k, material((unsigned)value), label);
	if (new_material)
		template_add(&k, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
	return (p11->C_CreateObject(rw, k.t, k.count, object));
}

static CK_RV
act_create(CK_OBJECT_HANDLE *object)
{
	return (create("n", 1, false, object));
}

static CK_RV
act_create_other(CK_OBJECT_HANDLE *object)
{
	return (create("n", 2, false, object));
}

static CK_RV
act_rotate(CK_OBJECT_HANDLE *object)
{
	return (create("n", 3, true, object));
}

static CK_RV
act_generate(CK_OBJECT_HANDLE *object)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A(CKA_VALUE_LEN, len),
	    A(CKA_ENCRYPT, yes), A_BYTES(CKA_LABEL, "n", 1)};

	return (p11->C_GenerateKey(rw, &m, t, ELEMS(t), object));
}

static CK_RV
act_generate_pair(CK_OBJECT_HANDLE *object)
{
	static CK_BYTE p256[] = {6, 8, 42, 134, 72, 206, 61, 3, 1, 7};
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {A(CKA_EC_PARAMS, p256)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_SIGN, yes), A_BYTES(CKA_LABEL, "n", 1)};
	CK_OBJECT_HANDLE public;

	return (
	    p11->C_GenerateKeyPair(rw, &m, pub, 1, priv, 3, &public, object));
}

/* The same label with an id of one's own. */
static CK_RV
act_own(CK_OBJECT_HANDLE *object)
{
	CK_BYTE id[] = {0xbb, (CK_BYTE)walk_process};
	struct key_template k;

	key_template(&k, material(WALK_OWN + walk_process), "n");
	template_add(&k, CKA_ID, id, sizeof(id));
	return (p11->C_CreateObject(rw, k.t, k.count, object));
}

/* Two usages, where the configuration has both. */
static CK_RV
create_rsa(const char *label, CK_OBJECT_HANDLE *object)
{
	FILE *f = fopen(testenv_path(RSA), "r");
	struct external_key k;
	CK_RV rv;

	if (f == NULL)
		return (CKR_GENERAL_ERROR);
	external_key_take(&k, &external_key_rsa_2048,
	    PEM_read_PrivateKey(f, NULL, NULL, NULL), label);
	fclose(f);
	template_add(&k.t, CKA_SIGN, &yes, sizeof(yes));
	template_add(&k.t, CKA_DECRYPT, &yes, sizeof(yes));
	rv = p11->C_CreateObject(rw, k.t.t, k.t.count, object);
	external_key_free(&k);
	return (rv);
}

static CK_RV
act_usages(CK_OBJECT_HANDLE *object)
{
	return (create_rsa("n", object));
}

void
walk_share(void)
{
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	FILE *f = fopen(testenv_path(RSA), "w");

	NEED(
	    pkey != NULL && f != NULL &&
		PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1 &&
		fclose(f) == 0,
	    "an RSA key");
	EVP_PKEY_free(pkey);
}

/* A person's `aws kms update-alias`: the label is another key's from then on. That
 * has a name of its own, too. */
static CK_RV
act_update_alias(CK_OBJECT_HANDLE *object)
{
	struct kms_create_key_in in = {
	    .spec = "SYMMETRIC_DEFAULT", .usage = "ENCRYPT_DECRYPT"};
	struct kms k = account_kms();
	struct kms_key key = KMS_KEY_INIT;
	char alias[64];
	enum err e = kms_create_key(&k, &in, &key);

	snprintf(alias, sizeof(alias), "alias/person-%u-%d", walk_process,
	    (int)getpid());
	if (e == ERR_OK)
		e = kms_create_alias(&k, alias, key.id);
	if (e == ERR_OK)
		e = kms_update_alias(&k, "alias/n", key.id);
	kms_key_free(&key);
	*object = CK_INVALID_HANDLE;
	return (e == ERR_OK	     ? CKR_OK
		: e == ERR_NOT_FOUND ? CKR_OBJECT_HANDLE_INVALID
				     : CKR_FUNCTION_FAILED);
}

static CK_RV
act_pair(CK_OBJECT_HANDLE *object)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes), A_BYTES(CKA_LABEL, "n", 1)};
	CK_OBJECT_HANDLE public;

	return (
	    p11->C_GenerateKeyPair(rw, &m, pub, 1, priv, 3, &public, object));
}

static CK_RV
act_unwrap(CK_OBJECT_HANDLE *object)
{
	CK_RSA_PKCS_OAEP_PARAMS p = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes)};
	CK_BYTE blob[256];
	FILE *f = fopen(testenv_path(BLOB), "r");
	size_t n = f == NULL ? 0 : fread(blob, 1, sizeof(blob), f);

	if (f != NULL)
		fclose(f);
	return (
	    p11->C_UnwrapKey(rw, &m, *object, blob, n, t, ELEMS(t), object));
}

static CK_RV
rename_to(CK_OBJECT_HANDLE object, char *label)
{
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_LABEL, label, 1)};

	return (p11->C_SetAttributeValue(rw, object, t, 1));
}

static CK_RV
act_rename_o(CK_OBJECT_HANDLE *object)
{
	return (rename_to(*object, "o"));
}

static CK_RV
act_rename_p(CK_OBJECT_HANDLE *object)
{
	return (rename_to(*object, "p"));
}

static CK_RV
act_rename_id(CK_OBJECT_HANDLE *object)
{
	static CK_BYTE id[] = {0xa1};
	CK_ATTRIBUTE t[] = {A(CKA_ID, id)};

	return (p11->C_SetAttributeValue(rw, *object, t, 1));
}

static CK_RV
act_destroy(CK_OBJECT_HANDLE *object)
{
	CK_RV rv = p11->C_DestroyObject(rw, *object);

	*object = CK_INVALID_HANDLE;
	return (rv);
}

/* List, find and use. */
static CK_RV
act_use(CK_OBJECT_HANDLE *object)
{
	CK_OBJECT_HANDLE all[64];
	CK_BYTE out[1024];
	CK_ULONG n = sizeof(out);
	CK_RV rv = CKR_OK;

	(void)find(rw, NULL, 0, all, ELEMS(all));
	for (int i = 0; i < 5 && rv == CKR_OK; i++) {
		n = sizeof(out);
		rv = encrypt(*object, &kms_mechanism, "text", 4, out, &n);
	}
	return (rv);
}

#define NOTHING (1 << BEFORE_NOTHING)
#define KEY (1 << BEFORE_KEY)
#define PAIR (1 << BEFORE_PAIR)
#define LOST (1 << BEFORE_LOST)
#define REFUSED                             \
	{                                   \
		CKR_ATTRIBUTE_VALUE_INVALID \
	}
#define GONE                                                     \
	{                                                        \
		CKR_OBJECT_HANDLE_INVALID, CKR_ACTION_PROHIBITED \
	}

/* clang-format off */
const struct walk_act walk_acts[] = {
    {"create", act_create, NOTHING | KEY | PAIR | LOST, false, 1, REFUSED, false, false, false},
    {"create-other", act_create_other, NOTHING | KEY | LOST, false, 2, REFUSED, false, false, false},
    {"generate", act_generate, NOTHING, false, 0, REFUSED, false, false, false},
    {"generate-pair", act_generate_pair, NOTHING, false, 0, REFUSED, false, false, false},
    {"pair", act_pair, PAIR, false, 0, REFUSED, false, false, false},
    {"own", act_own, NOTHING | KEY, false, WALK_OWN, REFUSED, false, false, true},
    {"usages", act_usages, NOTHING, false, WALK_RSA, REFUSED, false, false, true},
    {"rotate", act_rotate, KEY, false, 3, REFUSED, false, false, false},
    {"unwrap", act_unwrap, PAIR, true, 1, {CKR_WRAPPED_KEY_INVALID, CKR_UNWRAPPING_KEY_HANDLE_INVALID,
	CKR_KEY_FUNCTION_NOT_PERMITTED}, false, false, false},
    {"rename-o", act_rename_o, KEY, true, 0, GONE, true, false, true},
    {"rename-p", act_rename_p, KEY, true, 0, GONE, true, false, true},
    {"rename-id", act_rename_id, KEY, true, 0, GONE, true, false, false},
    {"update-alias", act_update_alias, KEY, false, 0, {CKR_OBJECT_HANDLE_INVALID}, false, false, true},
    {"destroy", act_destroy, KEY | PAIR | LOST, true, 0, GONE, false, true, false},
    {"use", act_use, KEY, true, 0, {CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED}, true, false, false},
};
/* clang-format on */
const size_t walk_act_count = ELEMS(walk_acts);

const struct walk_act *
walk_act_find(const char *name)
{
	for (size_t i = 0; i < walk_act_count; i++)
		if (strcmp(walk_acts[i].name, name) == 0)
			return (&walk_acts[i]);
	return (NULL);
}

/* What an HSM would have wrapped for the pair. */
static CK_RV
write_blob(CK_OBJECT_HANDLE public)
{
	CK_BYTE spki[512], blob[EXTERNAL_KEY_MATERIAL_MAX];
	CK_ATTRIBUTE a = A(CKA_PUBLIC_KEY_INFO, spki);
	size_t n = 0;
	CK_RV rv = p11->C_GetAttributeValue(rw, public, &a, 1);
	FILE *f;

	if (rv == CKR_OK)
		n = external_key_wrap("RSAES_OAEP_SHA_256", spki, a.ulValueLen,
		    material(1), 32, blob);
	if ((f = fopen(testenv_path(BLOB), "w")) == NULL ||
	    fwrite(blob, 1, n, f) != n || fclose(f) != 0 || n == 0)
		return (rv == CKR_OK ? CKR_GENERAL_ERROR : rv);
	return (CKR_OK);
}

/* Deleted as by a person, whatever the configuration says. */
static CK_RV
lose_material(CK_OBJECT_HANDLE object)
{
	char arn[KMS_ID_SIZE] = "";
	struct kms k = account_kms();

	if (attr(object, CKA_UNIQUE_ID, arn, sizeof(arn) - 1) ==
	    CK_UNAVAILABLE_INFORMATION)
		return (CKR_GENERAL_ERROR);
	return (kms_delete_imported_key_material(&k, arn) == ERR_OK
		    ? CKR_OK
		    : CKR_FUNCTION_FAILED);
}

CK_RV
walk_prepare(enum walk_before before, CK_OBJECT_HANDLE *object)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes), A_BYTES(CKA_LABEL, "n", 1)};
	CK_OBJECT_HANDLE public;
	CK_RV rv = CKR_OK;

	*object = CK_INVALID_HANDLE;
	if (before == BEFORE_KEY || before == BEFORE_LOST)
		rv = create("n", 1, false, object);
	if (before == BEFORE_LOST && rv == CKR_OK)
		rv = lose_material(*object);
	if (before == BEFORE_PAIR &&
	    (rv = p11->C_GenerateKeyPair(
		 rw, &m, pub, 1, priv, 3, &public, object)) == CKR_OK)
		rv = write_blob(public);
	return (rv);
}

CK_OBJECT_HANDLE
walk_object(enum walk_before before)
{
	CK_ATTRIBUTE key[] = {A(CKA_CLASS, secret_class)};
	CK_ATTRIBUTE pair[] = {A(CKA_CLASS, private_class)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	if (before != BEFORE_NOTHING)
		(void)find(rw, before == BEFORE_KEY ? key : pair, 1, &h, 1);
	return (h);
}

CK_RV
walk_import_again(const char *arn, int value)
{
	CK_OBJECT_HANDLE object;

	if (value == WALK_RSA)
		return (create_rsa(arn, &object));
	return (create(arn, value, false, &object));
}
