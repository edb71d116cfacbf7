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
	test_regions(&l);
	test_limit(&l);
	localkms_close(&l);
	return (tap_done());
}
