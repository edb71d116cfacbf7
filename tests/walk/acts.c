#include <stdio.h>
#include <string.h>
#include "acts.h"
#include "external-key.h"

#define BLOB "blob"

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

#define ANY (1 << BEFORE_NOTHING | 1 << BEFORE_KEY)
#define KEY (1 << BEFORE_KEY)
#define PAIR (1 << BEFORE_PAIR)

const struct walk_act walk_acts[] = {
    {"create", act_create, ANY | PAIR, false, 1, {CKR_ATTRIBUTE_VALUE_INVALID},
	false, false},
    {"create-other", act_create_other, ANY, false, 2,
	{CKR_ATTRIBUTE_VALUE_INVALID}, false, false},
    {"generate", act_generate, 1 << BEFORE_NOTHING, false, 0,
	{CKR_ATTRIBUTE_VALUE_INVALID}, false, false},
    {"pair", act_pair, PAIR, false, 0, {CKR_ATTRIBUTE_VALUE_INVALID}, false,
	false},
    {"rotate", act_rotate, KEY, false, 3, {CKR_ATTRIBUTE_VALUE_INVALID}, false,
	false},
    {"unwrap", act_unwrap, PAIR, true, 1,
	{CKR_WRAPPED_KEY_INVALID, CKR_UNWRAPPING_KEY_HANDLE_INVALID,
	    CKR_KEY_FUNCTION_NOT_PERMITTED},
	false, false},
    {"rename-o", act_rename_o, KEY, true, 0,
	{CKR_OBJECT_HANDLE_INVALID, CKR_ACTION_PROHIBITED}, true, false},
    {"rename-p", act_rename_p, KEY, true, 0,
	{CKR_OBJECT_HANDLE_INVALID, CKR_ACTION_PROHIBITED}, true, false},
    {"destroy", act_destroy, KEY | PAIR, true, 0,
	{CKR_OBJECT_HANDLE_INVALID, CKR_ACTION_PROHIBITED}, false, true},
    {"use", act_use, KEY, true, 0,
	{CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED}, true, false},
};
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

CK_RV
walk_prepare(enum walk_before before)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes), A_BYTES(CKA_LABEL, "n", 1)};
	CK_OBJECT_HANDLE public, private;
	CK_RV rv = CKR_OK;

	if (before == BEFORE_KEY)
		rv = create("n", 1, false, &private);
	if (before == BEFORE_PAIR &&
	    (rv = p11->C_GenerateKeyPair(
		 rw, &m, pub, 1, priv, 3, &public, &private)) == CKR_OK)
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

	return (create(arn, value, false, &object));
}
