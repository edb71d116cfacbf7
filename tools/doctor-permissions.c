#include <stdio.h>
#include <string.h>
#include "base64.h"
#include "config/key-list.h"
#include "doctor-permissions.h"

#define NAMED_MAX 16 /* keys of the option keys that are tried */
#define LOOKED_AT_MAX 32 /* keys of the account that are described */
#define BODY_MAX 16384
#define REPLY_MAX 65536

/* clang-format off */
enum kind { ANY, SYMMETRIC };
/* The operations that KMS tries without doing them, of those that fit a key of
 * that usage. Members of the request: %a the algorithm, %p a public key. */
static const struct dry_run {
	const char *operation;
	enum key_usage usage;
	enum kind kind;
	const char *members;
} dry_runs[] = {
	{ "Encrypt", ENCRYPT_DECRYPT, ANY,
	    "\"Plaintext\":\"AA==\",\"EncryptionAlgorithm\":\"%a\"" },
	{ "Decrypt", ENCRYPT_DECRYPT, ANY,
	    "\"DryRunModifiers\":[\"IGNORE_CIPHERTEXT\"],"
	    "\"EncryptionAlgorithm\":\"%a\"" },
	{ "GenerateDataKey", ENCRYPT_DECRYPT, SYMMETRIC,
	    "\"NumberOfBytes\":32" },
	{ "Sign", SIGN_VERIFY, ANY,
	    "\"Message\":\"AA==\",\"SigningAlgorithm\":\"%a\"" },
	{ "Verify", SIGN_VERIFY, ANY,
	    "\"Message\":\"AA==\",\"Signature\":\"AA==\","
	    "\"SigningAlgorithm\":\"%a\"" },
	{ "GenerateMac", GENERATE_VERIFY_MAC, ANY,
	    "\"Message\":\"AA==\",\"MacAlgorithm\":\"%a\"" },
	{ "VerifyMac", GENERATE_VERIFY_MAC, ANY,
	    "\"Message\":\"AA==\",\"Mac\":\"AA==\",\"MacAlgorithm\":\"%a\"" },
	{ "DeriveSharedSecret", KEY_AGREEMENT, ANY,
	    "\"KeyAgreementAlgorithm\":\"ECDH\",\"PublicKey\":\"%p\"" },
};
/* clang-format on */

/* What else is wrong with a request shows only once it is allowed. */
static void
tell_permission(struct token_check *t, const char *operation, enum err e)
{
	if (e == ERR_DENIED)
		doctor_tell(t, operation, REPORT_NOTE, e, "denied: %s",
		    t->kms.error.message);
	else if (e == ERR_OK || e == ERR_DRY_RUN || e == ERR_BAD_SIG ||
		 e == ERR_BAD_MAC || e == ERR_CIPHERTEXT)
		doctor_tell(t, operation, REPORT_OK, ERR_OK, "allowed");
	else
		doctor_tell_failure(t, operation, e, &t->kms.error);
}

/* One that signs a message, not a digest of another kind. */
static const char *
usual_algorithm(const struct kms_key *k)
{
	const char *s = (const char *)k->algorithms.ptr;
	size_t n = k->algorithms.len, at = 0;

	while (at < n && strstr(s + at, "_PH_") != NULL)
		at += strlen(s + at) + 1;
	return (at < n ? s + at : "");
}

static enum err
write_members(const struct dry_run *d, const struct kms_key *k,
    struct view public_key, struct buf *body)
{
	const char *s = d->members, *percent;
	enum err e = ERR_OK;

	while (e == ERR_OK && (percent = strchr(s, '%')) != NULL) {
		e = buf_append(body, VIEW(s, (size_t)(percent - s)));
		if (e == ERR_OK && percent[1] == 'a')
			e = buf_puts(body, usual_algorithm(k));
		else if (e == ERR_OK)
			e = base64_write(public_key, body);
		s = percent + 2;
	}
	return (e == ERR_OK ? buf_puts(body, s) : e);
}

static void
dry_run(struct token_check *t, const struct dry_run *d, const struct kms_key *k,
    struct view public_key)
{
	const struct transport *tr = t->kms.transport;
	struct buf body = BUF_INIT(BODY_MAX), reply = BUF_INIT(REPLY_MAX);
	enum err e;

	if (strstr(d->members, "%p") != NULL && public_key.len == 0) {
		doctor_tell(t, d->operation, REPORT_NOT_PROBED, ERR_OK,
		    "it needs a public key, which GetPublicKey did not give");
		return;
	}
	t->kms.error = (struct error_info){.status = 0};
	t->kms.deadline = deadline_in(&clock_system, DOCTOR_DEADLINE_MS);
	if ((e = buf_puts(&body, "{\"KeyId\":\"")) == ERR_OK &&
	    (e = buf_puts(&body, k->arn)) == ERR_OK &&
	    (e = buf_puts(&body, "\",\"DryRun\":true,")) == ERR_OK &&
	    (e = write_members(d, k, public_key, &body)) == ERR_OK &&
	    (e = buf_puts(&body, "}")) == ERR_OK)
		e = tr->post(tr->ctx, d->operation, buf_view(&body),
		    &t->kms.deadline, &reply, &t->kms.error);
	tell_permission(t, d->operation, e);
	buf_free(&body);
	buf_free(&reply);
}

static bool
is_symmetric(const struct kms_key *k)
{
	return (strcmp(k->spec, "SYMMETRIC_DEFAULT") == 0);
}

static bool
has_public_key(const struct kms_key *k)
{
	return (!is_symmetric(k) && k->usage != GENERATE_VERIFY_MAC);
}

/* Calls that change nothing are made; the others have their dry runs. */
static void
try_operations(struct token_check *t, const struct kms_key *k)
{
	struct buf public_key = BUF_INIT(KMS_PUBLIC_KEY_MAX);
	struct kms_page page = {.marker = ""};

	doctor_tell(t, "probed with", REPORT_OK, ERR_OK, "%s, %s, %s, %s",
	    k->arn, k->spec, k->words.usage, k->words.state);
	if (has_public_key(k))
		tell_permission(t, "GetPublicKey",
		    kms_get_public_key(&t->kms, k->arn, &public_key));
	for (size_t i = 0; i < sizeof(dry_runs) / sizeof(dry_runs[0]); i++)
		if (dry_runs[i].usage == k->usage &&
		    (dry_runs[i].kind == ANY || is_symmetric(k)))
			dry_run(t, &dry_runs[i], k, buf_view(&public_key));
	if (k->usage == ENCAPSULATE_DECAPSULATE)
		doctor_tell(t, "ML-KEM", REPORT_NOT_PROBED, ERR_OK,
		    "Encapsulate, Decapsulate");
	t->kms.deadline = deadline_in(&clock_system, DOCTOR_DEADLINE_MS);
	tell_permission(t, "ListResourceTags",
	    kms_list_resource_tags(&t->kms, k->arn, &page));
	json_rows_free(&page.rows);
	page = (struct kms_page){.marker = ""};
	if (is_symmetric(k))
		tell_permission(t, "ListKeyRotations",
		    kms_list_key_rotations(
			&t->kms, k->arn, "ALL_KEY_MATERIAL", &page));
	json_rows_free(&page.rows);
	buf_free(&public_key);
}

/* A key that the configuration names: what is wrong with it is told. */
static void
try_named(struct token_check *t, const char *name)
{
	struct kms_key k = KMS_KEY_INIT;
	enum err e;

	t->kms.deadline = deadline_in(&clock_system, DOCTOR_DEADLINE_MS);
	e = kms_describe_key(&t->kms, name, &k);
	tell_permission(t, "DescribeKey", e);
	if (e == ERR_DENIED) {
		kms_key_free(&k);
		k = (struct kms_key)KMS_KEY_INIT;
		e = kms_describe_pair(&t->kms, name, &k);
		tell_permission(t, "GetPublicKey", e);
	}
	if (e == ERR_OK)
		try_operations(t, &k);
	kms_key_free(&k);
}

/* A key stands for those of its usage, and of symmetric ones apart. */
static unsigned
class_of(const struct kms_key *k)
{
	unsigned usage = (unsigned)k->usage;

	return (is_symmetric(k) ? usage << 8 : usage);
}

static void
try_listed(struct token_check *t, const struct json_rows *rows)
{
	const struct kms_key_entry *keys = rows->ptr;
	struct kms_key k;
	unsigned tried = 0;
	enum err e;

	for (size_t i = 0; i < rows->count && i < LOOKED_AT_MAX; i++) {
		k = (struct kms_key)KMS_KEY_INIT;
		t->kms.deadline = deadline_in(
		    &clock_system, DOCTOR_DEADLINE_MS);
		e = kms_describe_key(&t->kms, keys[i].id, &k);
		if (i == 0)
			tell_permission(t, "DescribeKey", e);
		if (e == ERR_OK && kms_key_is_usable(&k) &&
		    k.manager != KMS_MANAGER_AWS &&
		    (tried & class_of(&k)) == 0) {
			tried |= class_of(&k);
			try_operations(t, &k);
		}
		kms_key_free(&k);
	}
	if (tried == 0)
		doctor_tell(t, "keys", REPORT_NOTE, ERR_OK,
		    "there is no key to try operations with");
}

static size_t
try_all_named(struct token_check *t)
{
	const char *list = t->config->keys;
	struct selector s;
	size_t n = 0;

	while (n < NAMED_MAX && key_list_next(&list, &s)) {
		if (s.kind != SELECTOR_KEY && s.kind != SELECTOR_ALIAS)
			continue;
		n++;
		try_named(t, s.text);
	}
	return (n);
}

void
doctor_permissions(struct token_check *t)
{
	static const char rest[] =
	    "CreateKey, GetParametersForImport, ImportKeyMaterial, "
	    "DeleteImportedKeyMaterial, CreateAlias, UpdateAlias, DeleteAlias, "
	    "TagResource, UpdateKeyDescription, EnableKey, DisableKey, "
	    "ScheduleKeyDeletion, CancelKeyDeletion, RotateKeyOnDemand, "
	    "ReplicateKey";
	struct kms_page keys = {.marker = ""}, aliases = {.marker = ""};

	tell_permission(t, "ListKeys", kms_list_keys(&t->kms, &keys));
	tell_permission(
	    t, "ListAliases", kms_list_aliases(&t->kms, NULL, &aliases));
	if (try_all_named(t) == 0)
		try_listed(t, &keys.rows);
	json_rows_free(&keys.rows);
	json_rows_free(&aliases.rows);
	/* KMS has no dry run of these */
	doctor_tell(t, "changes", REPORT_NOT_PROBED, ERR_OK, "%s", rest);
}
