#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake-kms.h"
#include "scene-acts.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define A(type, value)                          \
	{                                       \
		(type), &(value), sizeof(value) \
	}
#define LONG_AGO_MS (3600 * 1000)

static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES;

struct result results[CALLERS_MAX];
const struct scene *scene;
static int acting; /* while SETUP acts for a caller; or -1 */
/* What was there before. */
static CK_OBJECT_HANDLE objects[CALLERS_MAX];
static struct buf blob = BUF_INIT(512);
static char persons_key[37];

static int
actor(void)
{
	return (caller_self() == SETUP ? acting : caller_self());
}

static void
need(CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "%s: %s: 0x%lx\n", scene->name, what, rv);
	abort();
}

CK_BYTE *
material(int value)
{
	static CK_BYTE bytes[4][32];

	memset(bytes[value], value, sizeof(bytes[value]));
	return (bytes[value]);
}

static CK_ATTRIBUTE
text(CK_ATTRIBUTE_TYPE type, char *s)
{
	return ((CK_ATTRIBUTE){type, s, strlen(s)});
}

/* The caller holds an object, whose key's material it may rely on. */
static void
take(CK_RV rv, CK_OBJECT_HANDLE object, int value)
{
	struct result *r = &results[actor()];
	char arn[256] = "";
	CK_ATTRIBUTE a = {CKA_UNIQUE_ID, arn, sizeof(arn) - 1};

	*r = (struct result){.made = true, .rv = rv, .value = value};
	if (rv != CKR_OK || caller_is_dead())
		return;
	if (C_GetAttributeValue(machine_session(actor()), object, &a, 1) !=
	    CKR_OK) {
		fake_kms_is_wrong(
		    "%c was given a handle of no object", 'a' + actor());
		return;
	}
	memcpy(r->key, strrchr(arn, '/') + 1, sizeof(r->key) - 1);
	objects[actor()] = object;
	fake_kms_tell(r->key);
}

static void
create(char *label, char *id, int value, bool new_material)
{
	CK_ATTRIBUTE t[7] = {A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes),
	    A(CKA_TOKEN, yes), {CKA_VALUE, material(value), 32}};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	CK_ULONG n = 4;
	CK_RV rv;

	if (label != NULL)
		t[n++] = text(CKA_LABEL, label);
	if (id != NULL)
		t[n++] = text(CKA_ID, id);
	if (new_material)
		t[n++] = (CK_ATTRIBUTE)A(CKA_KEYFERRY_NEW_MATERIAL, yes);
	rv = C_CreateObject(machine_session(actor()), t, n, &object);
	take(rv, object, value);
}

void
create_n_1(int caller)
{
	(void)caller;
	create("n", NULL, 1, false);
}

void
create_n_2(int caller)
{
	(void)caller;
	create("n", NULL, 2, false);
}

void
create_id_n_1(int caller)
{
	(void)caller;
	create("n", "id", 1, false);
}

void
create_x_n_1(int caller)
{
	(void)caller;
	create("n", "x", 1, false);
}

void
create_y_n_2(int caller)
{
	(void)caller;
	create("n", "y", 2, false);
}

void
create_z_n_3(int caller)
{
	(void)caller;
	create("n", "z", 3, false);
}

void
create_two_usages(int caller)
{
	static CK_OBJECT_CLASS private = CKO_PRIVATE_KEY;
	static CK_KEY_TYPE ec = CKK_EC;
	static CK_BYTE p256[] = {
	    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private), A(CKA_KEY_TYPE, ec),
	    A(CKA_TOKEN, yes), A(CKA_SIGN, yes), A(CKA_DERIVE, yes),
	    text(CKA_LABEL, "n"), A(CKA_EC_PARAMS, p256),
	    {CKA_VALUE, material(1), 32}};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	CK_RV rv = C_CreateObject(
	    machine_session(actor()), t, ELEMS(t), &object);

	(void)caller;
	take(rv, object, 0);
}

void
rotate_n_2(int caller)
{
	(void)caller;
	create("n", NULL, 2, true);
}

void
generate_n(int caller)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A(CKA_VALUE_LEN, len),
	    A(CKA_ENCRYPT, yes), text(CKA_LABEL, "n")};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	CK_RV rv = C_GenerateKey(
	    machine_session(actor()), &m, t, ELEMS(t), &object);

	(void)caller;
	take(rv, object, 0);
}

static void
rename_to(char *label)
{
	CK_ATTRIBUTE t[] = {text(CKA_LABEL, label)};
	struct result *r = &results[actor()];

	*r = (struct result){.made = false};
	r->rv = C_SetAttributeValue(
	    machine_session(actor()), objects[actor()], t, 1);
}

void
rename_o(int caller)
{
	(void)caller;
	rename_to("o");
}

void
rename_p(int caller)
{
	(void)caller;
	rename_to("p");
}

void
destroy(int caller)
{
	(void)caller;
	results[actor()] = (struct result){
	    .rv = C_DestroyObject(machine_session(actor()), objects[actor()])};
}

void
unwrap(int caller)
{
	CK_MECHANISM_TYPE hash = CKM_SHA256;
	CK_RSA_PKCS_OAEP_PARAMS p = {
	    hash, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	CK_RV rv = C_UnwrapKey(machine_session(actor()), &m, objects[actor()],
	    blob.ptr, blob.len, t, ELEMS(t), &object);

	(void)caller;
	take(rv, object, 1);
}

/* A key of the attacker's, with the description of a key that is in the making,
 * and with the name that it is to have. */
void
plant_name(int caller)
{
	char id[37];

	results[caller] = (struct result){.rv = CKR_CANCEL};
	if (!fake_kms_ask("CreateKey", NULL, NULL, NULL))
		return;
	snprintf(id, sizeof(id), "%s", fake.keys[caller * FAKE_KEYS_EACH].id);
	for (int i = 0; i < caller * FAKE_KEYS_EACH; i++)
		if (fake.keys[i].description[0] != '\0')
			memcpy(fake.keys[caller * FAKE_KEYS_EACH].description,
			    fake.keys[i].description,
			    sizeof(fake.keys[i].description));
	(void)fake_kms_ask("CreateAlias", NULL, "alias/n", id);
}

/* As `aws kms update-alias`: how people rotate by hand. */
void
move_name(int caller)
{
	results[caller] = (struct result){.rv = CKR_CANCEL};
	(void)fake_kms_ask("UpdateAlias", NULL, "alias/n", persons_key);
}

/* What was before */

static CK_OBJECT_HANDLE
find_one(int caller, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class)};
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	CK_ULONG n = 0;

	need(C_FindObjectsInit(machine_session(caller), t, ELEMS(t)), "find");
	need(C_FindObjects(machine_session(caller), &object, 1, &n), "find");
	need(C_FindObjectsFinal(machine_session(caller)), "find");
	return (object);
}

/* The first caller made a key that all have found. */
void
key_n(void)
{
	acting = 0;
	create_n_1(0);
	need(results[0].rv, "create");
	for (int i = 1; i < scene->callers; i++)
		objects[i] = find_one(i, CKO_SECRET_KEY);
}

/* They share the label: the second has a number of it. */
void
two_share_n(void)
{
	acting = 0;
	create_x_n_1(0);
	need(results[0].rv, "create");
	acting = 1;
	create_y_n_2(1);
	need(results[1].rv, "create");
}

void
two_usages(void)
{
	acting = 0;
	create_two_usages(0);
	need(results[0].rv, "create");
	for (int i = 1; i < scene->callers; i++)
		objects[i] = find_one(i, CKO_PRIVATE_KEY);
}

/* And somebody another, without the module. */
void
key_n_and_another(void)
{
	key_n();
	(void)fake_kms_ask("CreateKey", NULL, NULL, NULL);
	memcpy(persons_key,
	    fake.keys[SETUP * FAKE_KEYS_EACH + fake.made[SETUP] - 1].id,
	    sizeof(persons_key));
	(void)fake_kms_ask("CreateAlias", NULL, "alias/own", persons_key);
}

/* The first caller made an import pair, which all have found. */
void
pair_n(void)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes), text(CKA_LABEL, "n")};
	CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
	CK_BYTE modulus[256];
	CK_ATTRIBUTE read = {CKA_MODULUS, modulus, sizeof(modulus)};

	need(C_GenerateKeyPair(
		 machine_session(0), &m, pub, 1, priv, 3, &public, &objects[0]),
	    "pair");
	need(C_GetAttributeValue(machine_session(0), public, &read, 1),
	    "modulus");
	buf_reset(&blob);
	fake_kms_wrap(VIEW(material(1), 32), &blob);
	for (int i = 1; i < scene->callers; i++)
		if ((objects[i] = find_one(i, CKO_PRIVATE_KEY)) ==
		    CK_INVALID_HANDLE)
			need(CKR_OBJECT_HANDLE_INVALID, "find the pair");
}

void
scene_begin(const struct scene *s)
{
	static const struct result none = {.rv = CKR_CANCEL};

	scene = s;
	time_begins();
	machines_start(&s->conf);
	if (s->before != NULL)
		s->before();
	time_passes(LONG_AGO_MS);
	for (int i = 0; i < CALLERS_MAX; i++)
		results[i] = none;
	acting = -1;
	fake_kms_begin(
	    s->denied, s->may_delete, (s->expectations & NAMES_MOVE) != 0);
}

void
scene_act(int caller)
{
	scene->acts[caller](caller);
}

void
scene_again(unsigned callers)
{
	time_passes(LONG_AGO_MS);
	fake_kms_begin(scene->denied,
	    (scene->may_delete & callers) != 0 ? 1U << SETUP : 0,
	    (scene->expectations & NAMES_MOVE) != 0);
	for (acting = 0; acting < scene->callers; acting++)
		if ((callers & 1U << acting) != 0 &&
		    scene->acts[acting] != plant_name &&
		    scene->acts[acting] != move_name)
			scene->acts[acting](acting);
	acting = -1;
}
