#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "array.h"
#include "hex.h"
#include "listed-key.h"
#include "message.h"
#include "rv-said.h"

#define DAY 86400
#define HASH_SIZE 32 /* SHA-256 */
#define DEFAULT_ID_BYTES 16
#define REGIONS_SIZE 1024
#define SELECTION_MAX 6
#define NO_NAMES "alias/*" /* among CKA_KEYFERRY_LEFT_OUT */
#define RENEWAL "renew:" /* of the names of a pair beside its key */

static bool
is_text(const struct buf *b, const char *text)
{
	return (view_equal(buf_view(b), view_str(text)));
}

static bool
begins_with(const struct buf *b, const char *text)
{
	return (
	    b->len >= strlen(text) && memcmp(b->ptr, text, strlen(text)) == 0);
}

/* The id of a key that was given none is its UUID, which its ARN has in hex. */
static bool
has_own_id(const struct listed_key *k)
{
	const char *arn = (const char *)k->arn.ptr;
	const char *at = k->arn.len == 0 ? NULL : strrchr(arn, '/');
	size_t n = 0;
	char hex[3];

	if (at == NULL || k->id.len != DEFAULT_ID_BYTES)
		return (k->id.len != 0);
	at += strncmp(at, "/mrk-", 5) == 0 ? 5 : 1;
	for (; n < k->id.len; n++) {
		at += *at == '-';
		snprintf(hex, sizeof(hex), "%02x", k->id.ptr[n]);
		if (strncmp(at, hex, 2) != 0)
			return (true);
		at += 2;
	}
	return (false);
}

static void
read_text(struct listed_key *k, const struct token *t)
{
	const struct {
		CK_ATTRIBUTE_TYPE type;
		struct buf *to;
	} texts[] = {{CKA_LABEL, &k->label}, {CKA_ID, &k->id},
	    {CKA_KEYFERRY_KEY_SPEC, &k->spec},
	    {CKA_KEYFERRY_KEY_USAGE, &k->usage},
	    {CKA_KEYFERRY_ORIGIN, &k->origin},
	    {CKA_KEYFERRY_KEY_STATE, &k->state}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		(void)token_get_attribute(
		    t, k->handle, texts[i].type, texts[i].to);
}

/* What KMS is asked for is read in one call, which asks once. */
static void
read_from_kms(struct listed_key *k, const struct token *t)
{
	char regions[REGIONS_SIZE];
	CK_ATTRIBUTE rows[] = {
	    {CKA_KEYFERRY_REGIONS, regions, sizeof(regions)},
	    {CKA_KEYFERRY_MATERIALS, &k->materials, sizeof(k->materials)},
	    {CKA_KEYFERRY_MATERIALS_MISSING, &k->missing, sizeof(k->missing)},
	};

	k->materials = k->missing = CK_UNAVAILABLE_INFORMATION;
	if (token_get_attributes(t, k->handle, rows, 3) == CKR_OK &&
	    buf_append(&k->regions, VIEW(regions, rows[0].ulValueLen)) !=
		ERR_OK)
		k->failure = (struct read_failure){
		    .type = CKA_KEYFERRY_REGIONS, .rv = CKR_HOST_MEMORY};
}

static time_t
read_time(
    const struct listed_key *k, const struct token *t, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG at = token_get_ulong(t, k->handle, type);

	return (at == CK_UNAVAILABLE_INFORMATION ? 0 : (time_t)at);
}

static void
read_key(struct listed_key *k, const struct token *t)
{
	struct buf material = BUF_INIT(0);

	read_text(k, t);
	k->end = read_time(k, t, CKA_KEYFERRY_VALID_TO);
	k->deletion = read_time(k, t, CKA_KEYFERRY_DELETION_DATE);
	(void)token_get_attribute(
	    t, k->handle, CKA_KEYFERRY_KEY_MATERIAL_ID, &material);
	k->waits = is_text(&k->state, "PendingImport");
	k->had_material = material.len != 0 || k->end != 0;
	k->has_own_id = has_own_id(k);
	buf_free(&material);
	read_from_kms(k, t);
	if (k->failure.rv == CKR_OK)
		k->failure = *t->failure;
}

static void
listed_key_free(struct listed_key *k)
{
	buf_free(&k->label);
	buf_free(&k->id);
	buf_free(&k->arn);
	buf_free(&k->spec);
	buf_free(&k->usage);
	buf_free(&k->origin);
	buf_free(&k->state);
	buf_free(&k->regions);
}

static bool
has_arn(const struct key_list *l, const struct buf *arn)
{
	for (size_t i = 0; i < l->count; i++)
		if (view_equal(buf_view(&l->rows[i].arn), buf_view(arn)))
			return (true);
	return (false);
}

/* Of a pair the private half stands for the key. */
static bool
is_key(const struct token *t, CK_OBJECT_HANDLE h)
{
	CK_ULONG class = token_get_ulong(t, h, CKA_CLASS);

	return (class == CKO_SECRET_KEY || class == CKO_PRIVATE_KEY);
}

static bool
add_key(struct key_list *l, const struct token *t, CK_OBJECT_HANDLE h)
{
	struct listed_key k = {.handle = h, .regions = BUF_INIT(REGIONS_SIZE)};
	struct listed_key *rows;

	token_forget_failure(t);
	(void)token_get_attribute(t, h, CKA_UNIQUE_ID, &k.arn);
	if (begins_with(&k.arn, RENEWAL) || has_arn(l, &k.arn)) {
		listed_key_free(&k);
		return (true);
	}
	read_key(&k, t);
	rows = array_grow(l->rows, &l->cap, l->count + 1, sizeof(*rows));
	if (rows == NULL) {
		listed_key_free(&k);
		return (false);
	}
	l->rows = rows;
	rows[l->count++] = k;
	return (true);
}

CK_RV
key_list_search(struct key_list *l, const struct token *t,
    const CK_ATTRIBUTE *selection, CK_ULONG count, char said[TOKEN_ERROR_SIZE])
{
	CK_ATTRIBUTE template[SELECTION_MAX + 1];
	CK_OBJECT_HANDLE *handles;
	char name[RV_SAID_SIZE];
	CK_ULONG found;
	CK_RV rv;

	count = count > SELECTION_MAX ? SELECTION_MAX : count;
	memcpy(template, selection, count * sizeof(*selection));
	template[count] = (CK_ATTRIBUTE){CKA_KEYFERRY_KEY_STATE, NULL, 0};
	rv = token_find_objects(t, template, count + 1, &handles, &found);
	if (rv != CKR_OK)
		token_last_error(t, "C_FindObjectsInit", said);
	else
		said[0] = '\0';
	for (CK_ULONG i = 0; i < found && rv == CKR_OK; i++)
		if (is_key(t, handles[i]) && !add_key(l, t, handles[i]))
			rv = CKR_HOST_MEMORY;
	free(handles);
	if (said[0] == '\0')
		snprintf(said, TOKEN_ERROR_SIZE, "%s", rv_said(rv, name));
	return (rv);
}

bool
key_list_find(struct key_list *l, const struct token *t,
    const CK_ATTRIBUTE *selection, CK_ULONG count)
{
	char said[TOKEN_ERROR_SIZE];
	CK_RV rv = key_list_search(l, t, selection, count, said);

	if (rv != CKR_OK)
		message(
		    "token %s: looking for keys failed: %s", t->label, said);
	return (rv == CKR_OK);
}

size_t
key_list_tell_left_out(const struct token *t, struct buf *ids, bool *names)
{
	struct view rest;
	const char *id;
	size_t n = 0, kept = 0, len;

	*names = true;
	token_get_of_profile(t, CKA_KEYFERRY_LEFT_OUT, ids);
	for (size_t i = 0; i < ids->len; i++)
		if (ids->ptr[i] == ' ')
			ids->ptr[i] = '\0';
	/* token_get_attribute() has put a NUL behind the last */
	ids->len += ids->len != 0;
	rest = buf_view(ids);
	while ((id = view_take_string(&rest)) != NULL) {
		if (strcmp(id, NO_NAMES) == 0) {
			*names = false;
			continue;
		}
		n++;
		len = strlen(id) + 1;
		memmove(ids->ptr + kept, id, len);
		kept += len;
		message("token %s: key %s is left out, for KMS does not let it "
			"be seen: KEYFERRY_LOG=stderr tells why",
		    t->label, id);
	}
	ids->len = kept;
	return (n);
}

void
key_list_free(struct key_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		listed_key_free(&l->rows[i]);
	free(l->rows);
	*l = (struct key_list){NULL, 0, 0};
}

bool
listed_key_is_named(const struct listed_key *k, const char *name)
{
	size_t len = strlen(name);
	struct view arn = buf_view(&k->arn);

	return (view_equal(arn, view_str(name)) ||
		(arn.len > len && arn.ptr[arn.len - len - 1] == '/' &&
		    memcmp(arn.ptr + arn.len - len, name, len) == 0));
}

bool
listed_key_is_described(const struct listed_key *k)
{
	return (k->origin.len != 0);
}

CK_ULONG
listed_key_hmac(const struct listed_key *k)
{
	/* "HMAC_256" */
	return (k->spec.len == 8 && begins_with(&k->spec, "HMAC_")
		    ? strtoul((const char *)k->spec.ptr + 5, NULL, 10)
		    : 0);
}

void
listed_key_fingerprint(const struct token *t, const struct listed_key *k,
    char out[FINGERPRINT_SIZE])
{
	struct buf info = BUF_INIT(0);
	unsigned char hash[HASH_SIZE];

	out[0] = '\0';
	if (k->waits) /* what is there is the wrapping key's */
		return;
	if (token_get_attribute(t, k->handle, CKA_PUBLIC_KEY_INFO, &info) ==
		CKR_OK &&
	    info.len != 0 &&
	    EVP_Q_digest(
		NULL, "SHA256", NULL, info.ptr, info.len, hash, NULL) == 1)
		hex_write(hash, sizeof(hash), out);
	buf_free(&info);
}

/* Of a key that is no AES key KMS does not tell whether it ever had material:
 * one that waits is told of, lest an end go unseen. */
bool
listed_key_ends(const struct listed_key *k, time_t when)
{
	if (k->deletion != 0)
		return (false);
	if (k->waits)
		return (
		    k->had_material || !is_text(&k->spec, "SYMMETRIC_DEFAULT"));
	return (k->end != 0 && k->end <= when);
}

long
listed_key_days(const struct listed_key *k, time_t now)
{
	long left = (long)(k->end - now);

	return (left >= 0 ? left / DAY : -((DAY - 1 - left) / DAY));
}

bool
listed_key_is_leftover(const struct listed_key *k)
{
	bool has_name = k->label.len != 0 || k->has_own_id;

	return (k->waits &&
		(!has_name || (!k->had_material &&
				  is_text(&k->spec, "SYMMETRIC_DEFAULT"))));
}
