#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake-kms.h"
#include "fake-operations.h"

static struct {
	unsigned rules, denied, may_delete;
	unsigned told; /* keys, as bits */
	/* the key that each caller was last told an alias leads to, + 1, and
	 * when it asked */
	int seen[CALLERS_MAX + 1][FAKE_NAMES_MAX];
	int64_t looked_ms[CALLERS_MAX + 1][FAKE_NAMES_MAX];
	bool names_move;
	char wrong[256];
} k;

void
fake_kms_is_wrong(const char *fmt, ...)
{
	va_list ap;

	if (k.wrong[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(k.wrong, sizeof(k.wrong), fmt, ap);
	va_end(ap);
}

const char *
fake_kms_wrong(void)
{
	return (k.wrong);
}

void
fake_operations_reset(unsigned rules)
{
	k.rules = rules;
	k.told = 0;
	k.wrong[0] = '\0';
	memset(k.seen, 0, sizeof(k.seen));
	memset(k.looked_ms, 0, sizeof(k.looked_ms));
	fake_kms_begin(0, 0, false);
}

void
fake_kms_begin(unsigned denied, unsigned may_delete, bool names_move)
{
	k.denied = denied;
	k.may_delete = may_delete;
	k.names_move = names_move;
	for (int i = 0; i < CALLERS_MAX; i++)
		memcpy(k.seen[i], k.seen[SETUP], sizeof(k.seen[i]));
}

void
fake_kms_tell(const char *key)
{
	int place = fake_key_find(key);

	if (place < 0)
		fake_kms_is_wrong("an object of no key, %s", key);
	else
		k.told |= 1U << place;
}

/* Replies */

static enum err
refuse(struct error_info *error, const char *exception, const char *message)
{
	error->status = 400;
	snprintf(error->exception, sizeof(error->exception), "%s", exception);
	snprintf(error->message, sizeof(error->message), "%.200s", message);
	caller_tell("%s", exception);
	return (err_from_reply(exception, 400));
}

static enum err
no_key(struct error_info *error)
{
	return (refuse(error, "NotFoundException", "no such key"));
}

static enum err
wrong_state(struct error_info *error)
{
	return (refuse(error, "KMSInvalidStateException", "not in this state"));
}

static const char *
state_word(int value)
{
	switch (value & FAKE_STATE) {
	case KMS_STATE_ENABLED:
		return ("Enabled");
	case KMS_STATE_DISABLED:
		return ("Disabled");
	case KMS_STATE_PENDING_DELETION:
		return ("PendingDeletion");
	}
	return ("PendingImport");
}

static const char *
algorithms(const struct fake_key *key)
{
	if (strcmp(key->usage, "GENERATE_VERIFY_MAC") == 0)
		return ("\"MacAlgorithms\":[\"HMAC_SHA_256\"]");
	if (strcmp(key->usage, "SIGN_VERIFY") == 0)
		return ("\"SigningAlgorithms\":[\"ECDSA_SHA_256\"]");
	if (strcmp(key->usage, "KEY_AGREEMENT") == 0)
		return ("\"KeyAgreementAlgorithms\":[\"ECDH\"]");
	return ("\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"]");
}

/* A key that has or had material shows it, if it is symmetric. */
static enum err
put_metadata(int place, int value, struct buf *reply)
{
	const struct fake_key *key = &fake.keys[place];
	char text[2048], material[128] = "";
	int materials = value / FAKE_MATERIALS;

	if (materials > 0 && !key->generated &&
	    strcmp(key->spec, "SYMMETRIC_DEFAULT") == 0)
		snprintf(material, sizeof(material),
		    "\"CurrentKeyMaterialId\":\"%02d%062d\",", materials,
		    place);
	snprintf(text, sizeof(text),
	    "{\"KeyMetadata\":{\"KeyId\":\"%s\",\"Arn\":\"%s\","
	    "\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\",\"KeyState\":\"%s\","
	    "\"Origin\":\"%s\",\"KeyManager\":\"CUSTOMER\",%s%s"
	    "\"CreationDate\":%.0f,\"Description\":\"%s\",%s,"
	    "\"MultiRegion\":false}}",
	    key->id, key->arn, key->spec, key->usage, state_word(value),
	    key->generated ? "AWS_KMS" : "EXTERNAL", material,
	    (value & FAKE_HAS_MATERIAL) != 0 && !key->generated
		? "\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\","
		: "",
	    key->created, key->description, algorithms(key));
	caller_tell(
	    "%.8s: %s, materials %d", key->id, state_word(value), materials);
	return (buf_puts(reply, text));
}

/* Which key a request means */

bool
is_alias(const char *name)
{
	return (strncmp(name, "alias/", 6) == 0);
}

/* A key that a request changes, or that it needs; *place is set. */
static enum err
find(const struct request *r, int *place, struct error_info *error)
{
	*place = fake_key_find(r->target[0] != '\0' ? r->target : r->key);
	if (*place < 0 || item_now(ITEM_KEY + *place) == 0 ||
	    item_may_be_missing(ITEM_KEY + *place))
		return (no_key(error));
	return (ERR_OK);
}

/* Operations */

static enum err
create_key(const struct request *r, struct buf *reply, struct error_info *error)
{
	int self = caller_self();
	unsigned n = fake.made[self]++;
	int place = self * FAKE_KEYS_EACH + (int)n;
	struct fake_key *key = &fake.keys[place];

	(void)error;
	if (n == FAKE_KEYS_EACH)
		abort();
	snprintf(key->id, sizeof(key->id), "%08x-0000-4000-8000-%012x",
	    (unsigned)place + 1, (unsigned)place + 1);
	snprintf(key->arn, sizeof(key->arn),
	    "arn:aws:kms:us-east-1:111122223333:key/"
	    "%08x-0000-4000-8000-%012x",
	    (unsigned)place + 1, (unsigned)place + 1);
	snprintf(key->spec, sizeof(key->spec), "%s", r->spec);
	snprintf(key->usage, sizeof(key->usage), "%s", r->usage);
	snprintf(
	    key->description, sizeof(key->description), "%s", r->description);
	key->generated = strcmp(r->origin, "EXTERNAL") != 0;
	key->maker = self;
	key->created = (double)virtual_clock.wall_ms(NULL) / 1000;
	item_set(ITEM_KEY + place, key->generated
				       ? KMS_STATE_ENABLED | FAKE_HAS_MATERIAL
				       : KMS_STATE_PENDING_IMPORT);
	return (put_metadata(place, item_now(ITEM_KEY + place), reply));
}

static enum err
describe_key(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	int place = fake_key_find(r->key), name, value;

	if (is_alias(r->key)) {
		name = fake_name_place(r->key);
		place = item_read(ITEM_NAME + name) - 1;
		k.seen[caller_self()][name] = place + 1;
		k.looked_ms[caller_self()][name] = virtual_clock.mono_ms(NULL);
	}
	if (place < 0 || (value = item_read(ITEM_KEY + place)) == 0)
		return (no_key(error));
	return (put_metadata(place, value, reply));
}

static enum err
list_keys(const struct request *r, struct buf *reply, struct error_info *error)
{
	const char *comma = "";
	char row[256];
	enum err e = buf_puts(reply, "{\"Keys\":[");

	(void)r, (void)error;
	for (int i = 0; i < FAKE_KEYS_MAX && e == ERR_OK; i++) {
		if (item_now(ITEM_KEY + i) == 0 ||
		    item_may_be_missing(ITEM_KEY + i))
			continue;
		snprintf(row, sizeof(row),
		    "%s{\"KeyId\":\"%s\",\"KeyArn\":\"%s\"}", comma,
		    fake.keys[i].id, fake.keys[i].arn);
		e = buf_puts(reply, row);
		comma = ",";
	}
	return (e == ERR_OK ? buf_puts(reply, "],\"Truncated\":false}") : e);
}

static enum err
list_aliases(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	int only = r->key[0] != '\0' ? fake_key_find(r->key) : -1, target;
	const char *comma = "";
	char row[512];
	enum err e = buf_puts(reply, "{\"Aliases\":[");

	if (r->key[0] != '\0' && (only < 0 || item_now(ITEM_KEY + only) == 0))
		return (no_key(error));
	for (int i = 0; i < fake.name_count && e == ERR_OK; i++) {
		target = item_read(ITEM_NAME + i) - 1;
		if (target < 0 || (only >= 0 && target != only))
			continue;
		k.seen[caller_self()][i] = target + 1;
		caller_tell(
		    "%s: %.8s", fake.names[i].alias, fake.keys[target].id);
		snprintf(row, sizeof(row),
		    "%s{\"AliasName\":\"%s\",\"TargetKeyId\":\"%s\","
		    "\"CreationDate\":%d}",
		    comma, fake.names[i].alias, fake.keys[target].id, i + 1);
		e = buf_puts(reply, row);
		comma = ",";
	}
	return (e == ERR_OK ? buf_puts(reply, "],\"Truncated\":false}") : e);
}

static enum err
list_resource_tags(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	int place;
	enum err e = find(r, &place, error);

	return (e == ERR_OK ? buf_puts(reply, "{\"Tags\":[]}") : e);
}

static enum err
set_alias(const struct request *r, bool update, struct error_info *error)
{
	int name = fake_name_place(r->alias), place;
	int before = item_now(ITEM_NAME + name);
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	if (update && before == 0)
		return (no_key(error));
	if (!update && before != 0 && (k.rules & FAKE_ALIASES_ARE_UNIQUE) != 0)
		return (refuse(error, "AlreadyExistsException", r->alias));
	if ((item_now(ITEM_KEY + place) & FAKE_STATE) ==
	    KMS_STATE_PENDING_DELETION)
		return (wrong_state(error));
	item_set(ITEM_NAME + name, place + 1);
	k.seen[caller_self()][name] = place + 1;
	return (ERR_OK);
}

static enum err
create_alias(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	(void)reply;
	return (set_alias(r, false, error));
}

static enum err
update_alias(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	(void)reply;
	return (set_alias(r, true, error));
}

/* Who deletes a name knows whose it is, and it is the module's. Where people
 * move names, nobody can know; but then there is no pause between the look and
 * this. */
static bool
may_delete_alias(int self, int name, int target)
{
	if (k.seen[self][name] != target)
		return (k.names_move &&
			k.looked_ms[self][name] == virtual_clock.mono_ms(NULL));
	return (!k.names_move || (k.told & 1U << (unsigned)(target - 1)) != 0);
}

static enum err
delete_alias(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	int name = fake_name_place(r->alias);
	int target = item_now(ITEM_NAME + name);

	(void)reply;
	if (target == 0)
		return (no_key(error));
	if (!may_delete_alias(caller_self(), name, target))
		fake_kms_is_wrong("%c deletes %s, which leads to %.8s",
		    'a' + caller_self(), r->alias, fake.keys[target - 1].id);
	item_set(ITEM_NAME + name, 0);
	return (ERR_OK);
}

static enum err
get_parameters(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	char text[2048];
	int place;
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	if ((item_now(ITEM_KEY + place) & FAKE_STATE) ==
	    KMS_STATE_PENDING_DELETION)
		return (wrong_state(error));
	snprintf(text, sizeof(text),
	    "{\"KeyId\":\"%s\",\"ImportToken\":\"dG9rZW4=\","
	    "\"PublicKey\":\"%s\",\"ParametersValidTo\":%.0f}",
	    fake.keys[place].arn, fake_kms_public_key(),
	    (double)virtual_clock.wall_ms(NULL) / 1000 + 86400);
	return (buf_puts(reply, text));
}

/* The material's place among those of the key, where it may go in. */
static bool
takes_material(struct fake_key *key, struct view clear, bool new_material)
{
	unsigned last = key->material_count;

	if (clear.len > FAKE_MATERIAL_MAX || last == FAKE_MATERIALS_MAX)
		abort();
	if (last > 0 && !new_material && (k.rules & FAKE_MATERIAL_STAYS) != 0)
		return ((k.rules & FAKE_REFUSES_MATERIAL) == 0 ||
			view_equal(clear, VIEW(key->materials[last - 1].bytes,
					      key->materials[last - 1].len)));
	memcpy(key->materials[last].bytes, clear.ptr, clear.len);
	key->materials[last].len = clear.len;
	key->material_count++;
	return (true);
}

static enum err
put_key_id(int place, struct buf *reply)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"KeyId\":\"%s\"}", fake.keys[place].id);
	return (buf_puts(reply, text));
}

static enum err
put_material_id(const struct fake_key *key, int place, struct buf *reply)
{
	char text[256];

	if (strcmp(key->spec, "SYMMETRIC_DEFAULT") != 0)
		return (put_key_id(place, reply));
	snprintf(text, sizeof(text),
	    "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%02d%062d\"}", key->id,
	    (int)key->material_count, place);
	return (buf_puts(reply, text));
}

static enum err
import_key_material(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	struct buf clear = BUF_INIT(FAKE_BLOB_LEN);
	bool new_material = strcmp(r->type, "NEW_KEY_MATERIAL") == 0;
	int place, value;
	enum err e = find(r, &place, error);

	(void)reply;
	if (e != ERR_OK)
		return (e);
	if ((k.denied & 1U << (unsigned)caller_self()) != 0)
		return (refuse(error, "AccessDeniedException", "denied"));
	value = item_now(ITEM_KEY + place) & FAKE_STATE;
	if (value == KMS_STATE_PENDING_DELETION)
		return (wrong_state(error));
	if (!fake_kms_unwrap(buf_view(&r->material), &clear)) {
		e = refuse(error, "InvalidCiphertextException", "wrapped how?");
	} else if (!takes_material(
		       &fake.keys[place], buf_view(&clear), new_material)) {
		e = refuse(error, "IncorrectKeyMaterialException", "another");
	} else {
		if (value == KMS_STATE_PENDING_IMPORT)
			value = KMS_STATE_ENABLED;
		item_set(ITEM_KEY + place,
		    value | FAKE_HAS_MATERIAL |
			(int)fake.keys[place].material_count * FAKE_MATERIALS);
	}
	buf_free(&clear);
	if (e != ERR_OK)
		return (e);
	return (put_material_id(&fake.keys[place], place, reply));
}

static enum err
delete_material(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	int place, value;
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	value = item_now(ITEM_KEY + place);
	if ((value & FAKE_STATE) == KMS_STATE_PENDING_DELETION)
		return (wrong_state(error));
	item_set(ITEM_KEY + place,
	    KMS_STATE_PENDING_IMPORT |
		(int)fake.keys[place].material_count * FAKE_MATERIALS);
	return (put_key_id(place, reply));
}

static enum err
rotate(const struct request *r, struct buf *reply, struct error_info *error)
{
	int place;
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	if ((item_now(ITEM_KEY + place) & FAKE_STATE) != KMS_STATE_ENABLED)
		return (wrong_state(error));
	return (put_key_id(place, reply));
}

static enum err
list_key_rotations(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	int place, value, count;
	char row[256];
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	value = item_read(ITEM_KEY + place);
	count = value / FAKE_MATERIALS;
	e = buf_puts(reply, "{\"Rotations\":[");
	for (int i = 1; i <= count && e == ERR_OK; i++) {
		snprintf(row, sizeof(row),
		    "%s{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%02d%062d\","
		    "\"KeyMaterialState\":\"%s\",\"ImportState\":\"%s\"}",
		    i == 1 ? "" : ",", fake.keys[place].arn, i, place,
		    i == count ? "CURRENT" : "NON_CURRENT",
		    (value & FAKE_HAS_MATERIAL) != 0 ? "IMPORTED"
						     : "PENDING_IMPORT");
		e = buf_puts(reply, row);
	}
	return (e == ERR_OK ? buf_puts(reply, "],\"Truncated\":false}") : e);
}

static enum err
schedule_deletion(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	int place, value, self = caller_self();
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	value = item_now(ITEM_KEY + place);
	if ((value & FAKE_STATE) == KMS_STATE_PENDING_DELETION)
		return (wrong_state(error));
	if ((k.told & 1U << (unsigned)place) != 0 &&
	    (k.may_delete & 1U << (unsigned)self) == 0)
		fake_kms_is_wrong("%c schedules the deletion of %.8s, which is "
				  "in use",
		    'a' + self, fake.keys[place].id);
	item_set(ITEM_KEY + place,
	    (value & ~FAKE_STATE) | KMS_STATE_PENDING_DELETION);
	return (put_key_id(place, reply));
}

/* From one state to another; *place's materials stay. */
static enum err
change_state(
    const struct request *r, int from, int to, struct error_info *error)
{
	int place, value;
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	value = item_now(ITEM_KEY + place);
	if ((value & FAKE_STATE) != from)
		return (wrong_state(error));
	if ((value & FAKE_HAS_MATERIAL) == 0)
		to = KMS_STATE_PENDING_IMPORT;
	item_set(ITEM_KEY + place, (value & ~FAKE_STATE) | to);
	return (ERR_OK);
}

static enum err
cancel_deletion(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	enum err e = change_state(
	    r, KMS_STATE_PENDING_DELETION, KMS_STATE_DISABLED, error);

	return (e == ERR_OK ? put_key_id(fake_key_find(r->key), reply) : e);
}

static enum err
get_public_key(
    const struct request *r, struct buf *reply, struct error_info *error)
{
	char text[2048];
	int place;
	enum err e = find(r, &place, error);

	if (e != ERR_OK)
		return (e);
	if ((item_now(ITEM_KEY + place) & FAKE_STATE) != KMS_STATE_ENABLED)
		return (wrong_state(error));
	snprintf(text, sizeof(text), "{\"KeyId\":\"%s\",\"PublicKey\":\"%s\"}",
	    fake.keys[place].arn, fake_kms_public_half(&fake.keys[place]));
	return (buf_puts(reply, text));
}

static enum err
enable_key(const struct request *r, struct buf *reply, struct error_info *error)
{
	(void)reply;
	return (change_state(r, KMS_STATE_DISABLED, KMS_STATE_ENABLED, error));
}

static const struct operation operations[] = {
    {"CreateKey", USES_NEW_KEY, create_key},
    {"DescribeKey", USES_KEY, describe_key},
    {"ListKeys", USES_KEYS, list_keys},
    {"ListAliases", USES_ALIASES, list_aliases},
    {"ListResourceTags", USES_KEY, list_resource_tags},
    {"GetPublicKey", USES_KEY, get_public_key},
    {"CreateAlias", CHANGES_ALIAS, create_alias},
    {"UpdateAlias", CHANGES_ALIAS, update_alias},
    {"DeleteAlias", CHANGES_ALIAS, delete_alias},
    {"GetParametersForImport", USES_KEY, get_parameters},
    {"ImportKeyMaterial", CHANGES_KEY, import_key_material},
    {"DeleteImportedKeyMaterial", CHANGES_KEY, delete_material},
    {"RotateKeyOnDemand", CHANGES_KEY, rotate},
    {"ListKeyRotations", USES_KEY, list_key_rotations},
    {"ScheduleKeyDeletion", CHANGES_KEY, schedule_deletion},
    {"CancelKeyDeletion", CHANGES_KEY, cancel_deletion},
    {"EnableKey", CHANGES_KEY, enable_key},
};

const struct operation *
fake_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, name) == 0)
			return (&operations[i]);
	fprintf(stderr, "the fake KMS does not know %s\n", name);
	abort();
}
