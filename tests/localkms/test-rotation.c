/* Rotation on demand: of material that KMS makes and of imported material, in
 * one Region and in several, to its limit; the lists of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "localkms.h"
#include "tap.h"

#define HELLO "aGVsbG8="
#define ARN "arn:aws:kms:us-east-1:111122223333:key/"
#define FOREVER ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""
#define NEW FOREVER ",\"ImportType\":\"NEW_KEY_MATERIAL\""
#define ALL ",\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\""
#define LIMIT 25

static const uint8_t first[32] = {1}, second[32] = {2}, third[32] = {3};

static bool
import(struct localkms *l, const char *key, const uint8_t *m, const char *more)
{
	return (localkms_import(
	    l, key, VIEW(m, 32), "RSAES_OAEP_SHA_256", "RSA_2048", more));
}

static bool
is(const struct localkms *l, const char *path, const char *wanted)
{
	const char *got = localkms_text(l, path);

	if (strcmp(got, wanted) == 0)
		return (true);
	printf("# %s is %s\n", path, got);
	return (false);
}

/* The last import's material. */
static void
material_id(const struct localkms *l, char id[80])
{
	snprintf(id, 80, "%s", localkms_text(l, "KeyMaterialId"));
}

static bool
refuses(struct localkms *l, const char *key, const uint8_t *m, const char *more,
    const char *exception, const char *message)
{
	if (import(l, key, m, more) || !is(l, "__type", exception))
		return (false);
	return (message == NULL || is(l, "message", message));
}

static bool
list(struct localkms *l, const char *key, const char *more)
{
	return (localkms_call(
	    l, "ListKeyRotations", "{\"KeyId\":\"%s\"%s}", key, more));
}

static void
test_imported(struct localkms *l)
{
	char *key = localkms_key(l, "\"Origin\":\"EXTERNAL\"");
	char one[80], two[80], message[512], more[256];

	NEED(import(l, key, first, FOREVER), "the first material");
	material_id(l, one);
	NEED(import(l, key, second,
		 NEW ",\"KeyMaterialDescription\":\"next: a/b.c_d-e\""),
	    "new material");
	material_id(l, two);
	/* its id is of key and material, whatever the import says */
	OK(import(l, key, second, FOREVER) && is(l, "KeyMaterialId", two),
	    "imported again it is the same");
	OK(refuses(
	       l, key, third, FOREVER, "IncorrectKeyMaterialException", NULL),
	    "other material is not what was there");
	OK(refuses(l, key, third, NEW, "KMSInvalidStateException", NULL),
	    "nor is a second one new");
	snprintf(message, sizeof(message),
	    "cannot be imported into KMS key " ARN
	    "%s, because another key material (id: %s) is pending rotation.",
	    key, two);
	OK(strncmp(localkms_message(l), "New key material (id: ", 22) == 0 &&
		strstr(localkms_message(l), message) != NULL,
	    "in AWS's words");
	OK(refuses(l, key, first, NEW, "IncorrectKeyMaterialException", NULL),
	    "the first is not new");
	snprintf(more, sizeof(more), FOREVER ",\"KeyMaterialId\":\"%s\"", one);
	OK(refuses(l, key, second, more, "IncorrectKeyMaterialException", NULL),
	    "an id of other material");
	OK(import(l, key, first, more), "an id that is right");
	snprintf(more, sizeof(more), NEW ",\"KeyMaterialId\":\"%s\"", one);
	OK(refuses(l, key, third, more, "ValidationException", NULL),
	    "an id of what is new");
	OK(list(l, key, ALL) && is(l, "Rotations.0.KeyMaterialId", one) &&
		is(l, "Rotations.0.KeyMaterialState", "CURRENT") &&
		is(l, "Rotations.0.RotationType", "") &&
		is(l, "Rotations.1.KeyMaterialId", two) &&
		is(l, "Rotations.1.KeyMaterialState", "PENDING_ROTATION") &&
		is(l, "Rotations.1.ImportState", "IMPORTED") &&
		is(l, "Rotations.1.KeyMaterialDescription", "next: a/b.c_d-e"),
	    "the list shows both");
	OK(list(l, key, "") &&
		json_tree_member(l->reply, "Rotations")->count == 0 &&
		is(l, "Truncated", "false"),
	    "and no rotation yet");
	OK(localkms_call(l, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key) &&
		list(l, key, "") && is(l, "Rotations.0.KeyMaterialId", two) &&
		is(l, "Rotations.0.RotationType", "ON_DEMAND") &&
		is(l, "Rotations.1.KeyMaterialId", ""),
	    "then one");
	free(key);
}

/* The earliest end of any material is the key's. */
static void
test_expiry(struct localkms *l)
{
	char *key = localkms_key(l, "\"Origin\":\"EXTERNAL\"");
	char more[128], day[32];
	long now;

	NEED(localkms_control(l, "GET", "/clock", ""), "the time");
	now = atol(localkms_text(l, "now"));
	snprintf(more, sizeof(more), ",\"ValidTo\":%ld", now + 2 * 86400);
	NEED(import(l, key, first, more), "material for two days");
	snprintf(more, sizeof(more),
	    ",\"ImportType\":\"NEW_KEY_MATERIAL\",\"ValidTo\":%ld",
	    now + 86400);
	NEED(import(l, key, second, more), "the next one, for a day");
	NEED(localkms_call(l, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key),
	    "rotated");
	snprintf(day, sizeof(day), "%ld", now + 86400);
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key) &&
		is(l, "KeyMetadata.ValidTo", day),
	    "the earliest date is the key's");
	NEED(
	    localkms_control(l, "POST", "/clock", "forward=90000"), "a day on");
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key) &&
		is(l, "KeyMetadata.KeyState", "PendingImport"),
	    "one is gone, the key waits");
	OK(list(l, key, ALL) && is(l, "Rotations.0.ImportState", "IMPORTED") &&
		is(l, "Rotations.0.KeyMaterialState", "NON_CURRENT") &&
		is(l, "Rotations.1.ImportState", "PENDING_IMPORT") &&
		is(l, "Rotations.1.ExpirationModel", ""),
	    "and says for which");
	OK(import(l, key, second, FOREVER) &&
		localkms_call(l, "Encrypt",
		    "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", key),
	    "which brings it back");
	free(key);
}

static bool
describes(struct localkms *l, const char *key, const char *state,
    const char *model, const char *valid_to)
{
	return (localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key) &&
		is(l, "KeyMetadata.KeyState", state) &&
		is(l, "KeyMetadata.ExpirationModel", model) &&
		is(l, "KeyMetadata.ValidTo", valid_to));
}

/* Nothing waits for rotation any more: other material may be the next. */
static void
test_nothing_pending(
    struct localkms *l, const char *key, const uint8_t *next, const char *how)
{
	OK(list(l, key, ALL) && is(l, "Rotations.0.ImportState", "IMPORTED") &&
		is(l, "Rotations.1.KeyMaterialId", ""),
	    "%s: the list has the first alone", how);
	OK(localkms_refused(l, "KMSInvalidStateException", "RotateKeyOnDemand",
	       "{\"KeyId\":\"%s\"}", key) &&
		strncmp(localkms_message(l),
		    "No available key material pending rotation for the "
		    "key: " ARN,
		    56 + sizeof(ARN) - 1) == 0,
	    "%s: nothing can be rotated to", how);
	OK(describes(l, key, "Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE", ""),
	    "%s: the key is in use", how);
	OK(import(l, key, next, NEW), "%s: other material is new", how);
}

/* What waits for rotation is not the key's for good. */
static void
test_pending_goes(struct localkms *l)
{
	char *key = localkms_key(l, "\"Origin\":\"EXTERNAL\"");
	char id[80], more[128];
	long now;

	NEED(localkms_control(l, "GET", "/clock", ""), "the time");
	now = atol(localkms_text(l, "now"));
	NEED(import(l, key, first, FOREVER) && import(l, key, second, NEW),
	    "material, and the next");
	material_id(l, id);
	NEED(localkms_call(l, "DeleteImportedKeyMaterial",
		 "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", key, id) &&
		 is(l, "KeyMaterialId", id),
	    "the next is deleted");
	test_nothing_pending(l, key, third, "deleted");
	material_id(l, id);
	NEED(localkms_call(l, "DeleteImportedKeyMaterial",
		 "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", key, id),
	    "that, too");
	snprintf(more, sizeof(more),
	    ",\"ImportType\":\"NEW_KEY_MATERIAL\",\"ValidTo\":%ld",
	    now + 86400);
	NEED(import(l, key, second, more), "the next for a day");
	OK(describes(l, key, "Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE", ""),
	    "whose end is not the key's");
	NEED(
	    localkms_control(l, "POST", "/clock", "forward=90000"), "a day on");
	test_nothing_pending(l, key, second, "expired");
	OK(localkms_call(l, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key),
	    "and can be rotated to");
	free(key);
}

/* An automatic rotation that was missed comes when the key is enabled. */
static void
test_missed(struct localkms *l)
{
	char *key = localkms_key(l, "");

	NEED(localkms_call(l, "EnableKeyRotation",
		 "{\"KeyId\":\"%s\",\"RotationPeriodInDays\":90}", key) &&
		 localkms_call(l, "DisableKey", "{\"KeyId\":\"%s\"}", key),
	    "a disabled key that rotates");
	NEED(localkms_control(l, "POST", "/clock", "forward=8640000"),
	    "100 days on");
	OK(list(l, key, "") && is(l, "Rotations.0.KeyMaterialId", ""),
	    "it is not rotated while it is disabled");
	OK(localkms_call(l, "EnableKey", "{\"KeyId\":\"%s\"}", key) &&
		list(l, key, "") &&
		is(l, "Rotations.0.RotationType", "AUTOMATIC") &&
		is(l, "Rotations.1.KeyMaterialId", ""),
	    "once when it is enabled");
	NEED(localkms_control(l, "POST", "/clock", "forward=6912000"),
	    "80 days on");
	OK(list(l, key, "") && is(l, "Rotations.1.KeyMaterialId", ""),
	    "the next comes a period later");
	NEED(localkms_control(l, "POST", "/clock", "forward=1728000"),
	    "20 days on");
	OK(list(l, key, "") && is(l, "Rotations.1.RotationType", "AUTOMATIC"),
	    "which is now");
	free(key);
}

static bool
delete_material(struct localkms *l, const char *key, const char *id)
{
	return (localkms_call(l, "DeleteImportedKeyMaterial",
	    "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", key, id));
}

/* Of what waits for rotation, the primary's deletion takes the replica's copy,
 * and not the other way round; of any other material each has its own. */
static void
test_pending_in_regions(struct localkms *l, const char *key)
{
	char two[80], three[80];

	NEED(list(l, key, ""), "the rotation");
	snprintf(two, sizeof(two), "%s",
	    localkms_text(l, "Rotations.0.KeyMaterialId"));
	NEED(import(l, key, third, NEW), "new material again");
	material_id(l, three);
	l->region = "eu-west-1";
	NEED(import(l, key, third, FOREVER) && delete_material(l, key, three),
	    "in the replica it comes and goes");
	OK(list(l, key, ALL) &&
		is(l, "Rotations.2.ImportState", "PENDING_IMPORT"),
	    "the replica waits for it again");
	NEED(import(l, key, third, FOREVER), "and gets it");
	l->region = "us-east-1";
	OK(list(l, key, ALL) && is(l, "Rotations.2.ImportState", "IMPORTED"),
	    "the primary has kept it");
	NEED(delete_material(l, key, three), "until it is deleted there");
	l->region = "eu-west-1";
	OK(list(l, key, ALL) && is(l, "Rotations.2.KeyMaterialId", ""),
	    "with the replica's copy");
	l->region = "us-east-1";
	NEED(delete_material(l, key, two), "the primary's current material");
	l->region = "eu-west-1";
	OK(list(l, key, ALL) && is(l, "Rotations.1.ImportState", "IMPORTED"),
	    "leaves the replica's");
	l->region = "us-east-1";
}

static void
test_regions(struct localkms *l)
{
	char *key = localkms_key(
	    l, "\"Origin\":\"EXTERNAL\",\"MultiRegion\":true");

	NEED(import(l, key, first, FOREVER) &&
		 localkms_call(l, "ReplicateKey",
		     "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"eu-west-1\"}", key),
	    "a key in two Regions");
	l->region = "eu-west-1";
	NEED(import(l, key, first, FOREVER), "its material in the second");
	OK(refuses(l, key, second, NEW, "UnsupportedOperationException", NULL),
	    "new material is the primary's");
	l->region = "us-east-1";
	NEED(import(l, key, second, NEW), "which gets it");
	OK(list(l, key, ALL) && is(l, "Rotations.1.KeyMaterialState",
				    "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"),
	    "it waits for the replica");
	OK(localkms_refused(l, "KMSInvalidStateException", "RotateKeyOnDemand",
	       "{\"KeyId\":\"%s\"}", key),
	    "and cannot be rotated to");
	l->region = "eu-west-1";
	OK(list(l, key, ALL) &&
		is(l, "Rotations.1.ImportState", "PENDING_IMPORT"),
	    "the replica waits for it");
	OK(import(l, key, second, FOREVER) && list(l, key, ALL) &&
		is(l, "Rotations.1.KeyMaterialState", "PENDING_ROTATION"),
	    "and gets it");
	OK(localkms_refused(l, "UnsupportedOperationException",
	       "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key),
	    "a replica is not rotated by itself");
	l->region = "us-east-1";
	OK(localkms_call(l, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key),
	    "the primary is");
	test_pending_in_regions(l, key);
	free(key);
}

static void
test_limit(struct localkms *l)
{
	char *key = localkms_key(l, ""), wanted[512], marker[128] = "";
	size_t done = 0, listed = 0;

	while (done < LIMIT &&
	       localkms_call(l, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key))
		done++;
	OK(done == LIMIT, "%d rotations", LIMIT);
	snprintf(wanted, sizeof(wanted),
	    "The on-demand rotations limit has been reached for the given "
	    "keyId. No more on-demand rotations can be performed for this "
	    "key: " ARN "%s",
	    key);
	OK(localkms_refused(l, "LimitExceededException", "RotateKeyOnDemand",
	       "{\"KeyId\":\"%s\"}", key) &&
		is(l, "message", wanted),
	    "and no more");
	do {
		char more[256];

		snprintf(more, sizeof(more), ",\"Limit\":5%s%s%s",
		    marker[0] != '\0' ? ",\"Marker\":\"" : "", marker,
		    marker[0] != '\0' ? "\"" : "");
		if (!list(l, key, more))
			break;
		listed += json_tree_member(l->reply, "Rotations")->count;
		snprintf(marker, sizeof(marker), "%s",
		    localkms_text(l, "NextMarker"));
	} while (marker[0] != '\0');
	OK(listed == LIMIT, "pages show each once");
	free(key);
}

int
main(void)
{
	struct localkms l;

	localkms_open(&l);
	test_imported(&l);
	test_expiry(&l);
	test_pending_goes(&l);
	test_missed(&l);
	test_regions(&l);
	test_limit(&l);
	localkms_close(&l);
	return (tap_done());
}
