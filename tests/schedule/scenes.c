#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake-kms.h"
#include "scene.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define A(type, value)                          \
	{                                       \
		(type), &(value), sizeof(value) \
	}
#define LONG_AGO_MS (3600 * 1000)

static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES;

/* What came of a caller's act. */
static struct result {
	bool made; /* a key with material, or one that KMS generated */
	CK_RV rv;
	char key[37];
	const char *name; /* an alias that leads to it then; NULL: any */
	int value; /* of its material; 0: of KMS's making */
} results[CALLERS_MAX];
static const struct scene *scene;
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

static CK_BYTE *
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
take(CK_RV rv, CK_OBJECT_HANDLE object, const char *name, int value)
{
	struct result *r = &results[actor()];
	char arn[256] = "";
	CK_ATTRIBUTE a = {CKA_UNIQUE_ID, arn, sizeof(arn) - 1};

	*r = (struct result){
	    .made = true, .rv = rv, .name = name, .value = value};
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
	take(rv, object, id != NULL ? "alias/keyferry/id/6964" : "alias/n",
	    value);
}

static void
create_n_1(int caller)
{
	(void)caller;
	create("n", NULL, 1, false);
}

static void
create_n_2(int caller)
{
	(void)caller;
	create("n", NULL, 2, false);
}

static void
create_id_n_1(int caller)
{
	(void)caller;
	create("n", "id", 1, false);
}

static void
rotate_n_2(int caller)
{
	(void)caller;
	create("n", NULL, 2, true);
}

static void
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
	take(rv, object, "alias/n", 0);
}

static void
rename_to(char *label)
{
	static const char *const names[] = {"alias/o", "alias/p"};
	CK_ATTRIBUTE t[] = {text(CKA_LABEL, label)};
	struct result *r = &results[actor()];

	*r = (struct result){.name = names[label[0] == 'p']};
	r->rv = C_SetAttributeValue(
	    machine_session(actor()), objects[actor()], t, 1);
}

static void
rename_o(int caller)
{
	(void)caller;
	rename_to("o");
}

static void
rename_p(int caller)
{
	(void)caller;
	rename_to("p");
}

static void
destroy(int caller)
{
	(void)caller;
	results[actor()] = (struct result){
	    .rv = C_DestroyObject(machine_session(actor()), objects[actor()])};
}

static void
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
	take(rv, object, NULL, 1);
}

/* A key of the attacker's, with the description of a key that is in the making,
 * and with the name that it is to have. */
static void
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
static void
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
static void
key_n(void)
{
	acting = 0;
	create_n_1(0);
	need(results[0].rv, "create");
	for (int i = 1; i < scene->callers; i++)
		objects[i] = find_one(i, CKO_SECRET_KEY);
}

/* And somebody another, without the module. */
static void
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
static void
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

static const char *
target_of(int name)
{
	int target = item_now(ITEM_NAME + name);

	return (target == 0 ? "nothing" : fake.keys[target - 1].id);
}

void
scene_tell(char text[SCENE_TEXT_MAX])
{
	size_t n = 0;

	for (int i = 0; i < scene->callers; i++)
		n += (size_t)snprintf(text + n, SCENE_TEXT_MAX - n,
		    "# %c: 0x%lx %.8s\n", 'a' + i, results[i].rv,
		    results[i].key);
	for (int i = 0; i < FAKE_KEYS_MAX; i++)
		if (item_now(ITEM_KEY + i) != 0)
			n += (size_t)snprintf(text + n, SCENE_TEXT_MAX - n,
			    "# key %.8s: state %d, has material %d\n",
			    fake.keys[i].id,
			    item_now(ITEM_KEY + i) & FAKE_STATE,
			    (item_now(ITEM_KEY + i) & FAKE_HAS_MATERIAL) != 0);
	for (int i = 0; i < fake.name_count; i++)
		if (item_now(ITEM_NAME + i) != 0)
			n += (size_t)snprintf(text + n, SCENE_TEXT_MAX - n,
			    "# %.60s leads to %.8s\n", fake.names[i].alias,
			    target_of(i));
}

/* The end */

static bool
is_doomed(int place)
{
	return ((item_now(ITEM_KEY + place) & FAKE_STATE) ==
		KMS_STATE_PENDING_DELETION);
}

static bool
has_name(int place)
{
	for (int i = 0; i < fake.name_count; i++)
		if (item_now(ITEM_NAME + i) == place + 1)
			return (true);
	return (false);
}

static bool
is_attackers(int place)
{
	int maker = fake.keys[place].maker;

	return (maker < scene->callers && scene->acts[maker] == plant_name);
}

static void
judge_key(int place)
{
	const struct fake_key *key = &fake.keys[place];
	int value = item_now(ITEM_KEY + place);

	if (value == 0 || is_doomed(place))
		return;
	if (is_attackers(place)) {
		if (key->material_count > 0)
			fake_kms_is_wrong("the attacker's key was filled");
		return;
	}
	if (machines_have_journal(key->id, key->description))
		return;
	if (!has_name(place))
		fake_kms_is_wrong("%.8s has no name", key->id);
	if ((value & FAKE_HAS_MATERIAL) == 0 && key->material_count == 0 &&
	    (scene->expectations & PAIR_MAY_WAIT) == 0)
		fake_kms_is_wrong("%.8s waits for ever", key->id);
}

static void
judge_result(const struct result *r)
{
	int place = fake_key_find(r->key);
	const struct fake_key *key;

	if (!r->made || r->rv != CKR_OK || place < 0 ||
	    (scene->expectations & MAY_END_ANYHOW) != 0)
		return;
	key = &fake.keys[place];
	if ((item_now(ITEM_KEY + place) & FAKE_STATE) != KMS_STATE_ENABLED)
		fake_kms_is_wrong("%.8s is not enabled", key->id);
	else if (r->value != 0 &&
		 !view_equal(VIEW(material(r->value), 32),
		     VIEW(key->materials[key->material_count - 1].bytes, 32)))
		fake_kms_is_wrong("%.8s has other material", key->id);
	else if (!has_name(place))
		fake_kms_is_wrong("%.8s has no name", key->id);
}

static void
judge_results(bool strict)
{
	unsigned ok = 0, all = scene->expectations;
	const char *key = "";

	for (int i = 0; i < scene->callers; i++) {
		struct result *r = &results[i];

		judge_result(r);
		ok += r->rv == CKR_OK;
		if (r->rv != CKR_OK || !r->made)
			continue;
		if (key[0] != '\0' && strcmp(key, r->key) != 0 &&
		    (all & MAY_END_ANYHOW) == 0)
			fake_kms_is_wrong("two keys were made");
		key = r->key;
	}
	if ((all & ONE_OK) != 0 && ok > 1)
		fake_kms_is_wrong("%u were told CKR_OK", ok);
	if (!strict)
		return;
	if ((all & ALL_OK) != 0 && ok < (unsigned)scene->callers)
		fake_kms_is_wrong(
		    "%u of %d were told CKR_OK", ok, scene->callers);
	if ((all & (ONE_OK | NOT_NONE)) != 0 && ok == 0)
		fake_kms_is_wrong("nobody was told CKR_OK");
}

void
scene_judge(bool strict)
{
	for (int i = 0; i < fake.name_count; i++) {
		int place = item_now(ITEM_NAME + i) - 1;

		if (place >= 0 && is_doomed(place) && !is_attackers(place) &&
		    !machines_have_journal(
			fake.keys[place].id, fake.keys[place].description))
			fake_kms_is_wrong("%s leads to %.8s, which is deleted",
			    fake.names[i].alias, fake.keys[place].id);
	}
	for (int i = 0; i < FAKE_KEYS_MAX; i++)
		judge_key(i);
	judge_results(strict);
}

#define SCHEDULES "destroy = schedule-deletion\n"

const struct scene scenes[] = {
    {"create-same", 2, {.all = ""}, NULL, {create_n_1, create_n_1}, ALL_OK, 0,
	0},
    {"create-same-directory", 2, {.share_state = true}, NULL,
	{create_n_1, create_n_1}, ALL_OK, 0, 0},
    {"create-two-values", 2, {.all = ""}, NULL, {create_n_1, create_n_2},
	ONE_OK, 0, 0},
    {"create-id-and-label", 2, {.all = ""}, NULL,
	{create_id_n_1, create_id_n_1}, ALL_OK, 0, 0},
    {"create-refused", 2, {.all = ""}, NULL, {create_n_1, create_n_1}, NOT_NONE,
	1, 0},
    {"create-refused-two-values", 2, {.all = ""}, NULL,
	{create_n_1, create_n_2}, NOT_NONE, 1, 0},
    {"create-attacked", 2, {.all = ""}, NULL, {create_n_1, plant_name}, 0, 0,
	0},
    {"destroy-and-create", 2, {.all = SCHEDULES}, key_n, {destroy, create_n_1},
	MAY_END_ANYHOW, 0, 1},
    {"destroy-pair-and-unwrap", 2, {.all = ""}, pair_n, {unwrap, destroy},
	PAIR_MAY_WAIT, 0, 0},
    {"destroy-pair-and-create", 2, {.all = ""}, pair_n, {destroy, create_n_1},
	PAIR_MAY_WAIT, 0, 0},
    {"rename-two", 2, {.all = ""}, key_n, {rename_o, rename_p}, NOT_NONE, 0, 0},
    {"rename-and-destroy", 2, {.all = SCHEDULES}, key_n, {rename_o, destroy},
	MAY_END_ANYHOW, 0, 2},
    {"rename-and-move", 2, {.all = ""}, key_n_and_another,
	{rename_o, move_name}, PAIR_MAY_WAIT | NAMES_MOVE, 0, 0},
    {"destroy-and-move", 2, {.all = SCHEDULES}, key_n_and_another,
	{destroy, move_name}, PAIR_MAY_WAIT | NAMES_MOVE | MAY_END_ANYHOW, 0,
	1},
    {"rename-and-create", 2, {.all = ""}, key_n, {rename_o, create_n_1},
	NOT_NONE, 0, 0},
    {"generate-two", 2, {.all = ""}, NULL, {generate_n, generate_n}, ONE_OK, 0,
	0},
    {"rotate-same", 2, {.share_state = true}, key_n, {rotate_n_2, rotate_n_2},
	ALL_OK, 0, 0},
    {"create-three", 3, {.all = ""}, NULL, {create_n_1, create_n_1, create_n_1},
	ALL_OK, 0, 0},
    {"create-three-values", 3, {.all = ""}, NULL,
	{create_n_1, create_n_2, create_n_1}, NOT_NONE, 0, 0},
    {"unwrap-two-and-destroy", 3, {.all = ""}, pair_n,
	{unwrap, destroy, destroy}, PAIR_MAY_WAIT, 0, 0},
    {.name = NULL},
};
