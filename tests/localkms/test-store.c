/*
 * Stores of other versions: those that older servers made open, with all that
 * is in them; a newer one's, and what is no store, is refused with a reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sqlite3.h>
#include "localkms.h"
#include "service/service.h"
#include "tap.h"

#define HELLO "aGVsbG8="
#define AES "d0c734b4-b72b-4f43-a5ba-86808fd4c8d7"
#define HMAC "e037fa17-27b1-410d-abca-a693ccefbafc"
#define EC "mrk-798dc9e116ca4b049d89240d722b3758"
#define IMPORTED "2a777adb-8a30-46f9-b0d6-de29394c0e9d"
#define ACCESS_KEY "AKIAWRZDRSX543MREQU4"

/* clang-format off */
/* What was answered by the server that made the store. */
static const char
    by_aes[] =
	"AWQwYzczNGI0LWI3MmItNGY0My1hNWJhLTg2ODA4ZmQ0YzhkNwCAQ4FaFRBm"
	"7TOXWZW+XCc0RevF1Z4odiJ1m4DzRvKsPPjMwBW0gbGVn/xlA2sAPTRTk59m"
	"rgdgdFj4xshTG6l/RQJz+SLU8PZz2+h2TOiyXDls8PZ0a6/6ZTgsMpxQTyvl",
    by_imported[] =
	"ATJhNzc3YWRiLThhMzAtNDZmOS1iMGQ2LWRlMjkzOTRjMGU5ZABAsLSQAa3u"
	"dttvECEVOe2UvvXyAFrD7X6dHxPeEn6738XTPeD9uHsvAjc9G7tFoFbOZ/OU"
	"Gbh0ZSc53TnBCh6GxefzslnHt9ZTkraNg0qUeQj2EGtZ8jdGc9809BxPcJcI",
    mac[] =
	"nSsZyIU1LmqHroEnC/oRqlYULjMju6pehOq7BytVNUY=",
    signature[] =
	"MEQCIAbfhdIYAzrMYpbRtSsYctXyFGlX1J6pH/hCXrZ7kTx/AiATCNmtYPUR"
	"X31CLOoKgbhuj+3dbAjl51l9PuersjZ5fw==";
/* clang-format on */

/* Runs SQL on the store's file in dir, which may be new. */
static void
run_sql(const char *dir, const char *sql)
{
	char path[128], *why = NULL;
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/keys.sqlite", dir);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
		printf("# %s\n", why == NULL ? path : why);
		tap_bail();
	}
	sqlite3_close(db);
}

/* A store in a new folder, as that file says. */
static void
make_store(char dir[], const char *file)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	struct stat st;
	char *sql;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/localkms/%s",
	    srcdir == NULL ? "." : srcdir, file);
	if (mkdtemp(dir) == NULL || stat(path, &st) == -1 ||
	    (f = fopen(path, "r")) == NULL ||
	    (sql = calloc(1, (size_t)st.st_size + 1)) == NULL ||
	    fread(sql, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		tap_bail();
	fclose(f);
	run_sql(dir, sql);
	free(sql);
}

static bool
decrypts(struct localkms *l, const char *blob, const char *context)
{
	return (localkms_call(l, "Decrypt",
		    "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":{%s}}",
		    blob, context) &&
		strcmp(localkms_text(l, "Plaintext"), HELLO) == 0);
}

static void
check_keys(struct localkms *l)
{
	OK(strcmp(auth_access_key(l->service.auth), ACCESS_KEY) == 0,
	    "the credentials are the same");
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"alias/old\"}") &&
		strcmp(localkms_text(l, "KeyMetadata.KeyId"), AES) == 0 &&
		strcmp(localkms_text(l, "KeyMetadata.Description"),
		    "made in 2026") == 0,
	    "a key by its alias");
	OK(localkms_call(l, "ListResourceTags", "{\"KeyId\":\"" AES "\"}") &&
		strcmp(localkms_text(l, "Tags.0.TagValue"), "b") == 0,
	    "its tag");
	OK(decrypts(l, by_aes, "\"who\":\"me\""), "what it encrypted");
	OK(localkms_call(l, "VerifyMac",
	       "{\"KeyId\":\"" HMAC "\",\"Message\":\"" HELLO
	       "\",\"MacAlgorithm\":\"HMAC_SHA_256\",\"Mac\":\"%s\"}",
	       mac),
	    "a MAC that was made");
	for (int i = 0; i < 2; i++) {
		l->region = i == 0 ? "us-east-1" : "eu-west-1";
		OK(localkms_call(l, "Verify",
		       "{\"KeyId\":\"" EC "\",\"Message\":\"" HELLO
		       "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\","
		       "\"Signature\":\"%s\"}",
		       signature),
		    "a signature, in %s", l->region);
	}
	l->region = "us-east-1";
}

static void
check_imported(struct localkms *l)
{
	static const uint8_t material[] = "01234567890123456789012345678901";

	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"" IMPORTED "\"}") &&
		strcmp(localkms_text(l, "KeyMetadata.KeyState"), "Disabled") ==
		    0 &&
		strcmp(localkms_text(l, "KeyMetadata.Origin"), "EXTERNAL") == 0,
	    "an imported key is disabled");
	OK(localkms_call(l, "GetKeyPolicy", "{\"KeyId\":\"" IMPORTED "\"}") &&
		strcmp(localkms_text(l, "Policy"),
		    "{\"Version\":\"2012-10-17\"}") == 0,
	    "its policy");
	OK(localkms_call(l, "EnableKey", "{\"KeyId\":\"" IMPORTED "\"}") &&
		decrypts(l, by_imported, ""),
	    "what it encrypted");
	OK(localkms_call(l, "DeleteImportedKeyMaterial",
	       "{\"KeyId\":\"" IMPORTED "\"}") &&
		localkms_import(l, IMPORTED, VIEW(material, 32),
		    "RSAES_OAEP_SHA_256", "RSA_2048",
		    ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE"
		    "\"") &&
		decrypts(l, by_imported, ""),
	    "the same material is known again");
}

/* The store is refused, for that reason. */
static void
check_refused(const char *dir, const char *reason)
{
	struct service s;
	char why[256] = "";
	bool ok = service_open(&s, dir, "111122223333", why, sizeof(why));

	OK(!ok && strstr(why, reason) != NULL, "%s", why);
}

int
main(void)
{
	char dir[] = "/tmp/localkms-XXXXXX", command[64];
	struct localkms l;

	make_store(dir, "store-1.sql");
	localkms_open_at(&l, dir);
	check_keys(&l);
	check_imported(&l);
	localkms_reopen(&l);
	OK(decrypts(&l, by_imported, ""), "and after a restart");
	localkms_leave(&l);
	run_sql(dir, "PRAGMA user_version = 1000");
	check_refused(dir, "version 1000");
	run_sql(dir, "PRAGMA user_version = 1; DROP TABLE materials");
	check_refused(dir, "materials");
	run_sql(dir, "PRAGMA user_version = 0");
	check_refused(dir, "not a store");
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	OK(system(command) == 0, "cleaned up");
	return (tap_done());
}
