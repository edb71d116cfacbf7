#include <stdio.h>
#include <string.h>
#include "kms-call.h"

/* A page of 1,000 aliases with ARNs and dates stays well below it. */
#define REPLY_MAX (2 * 1024 * 1024)
#define REQUEST_MAX (64 * 1024)
#define MANY_REQUEST_MAX 1024 /* of many that are held at once */
#define MANY_REPLY_MAX (256 * 1024)

const struct json_field kms_no_fields[] = {JSON_END};

/* What a reply repeats of its request: the key that did the work, and the names
 * of algorithms. */
#define REPEATED_MAX 4
struct repeated {
	size_t count;
	char texts[REPEATED_MAX][KMS_ID_SIZE];
	struct json_field fields[REPEATED_MAX + 1];
	const char *asked[REPEATED_MAX]; /* NULL: what the request left open */
};

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), len = strlen(end);

	return (n >= len && strcmp(text + n - len, end) == 0);
}

/* The first is the key. */
static void
repeated_begin(struct repeated *r, const struct json_field *in_fields,
    const void *in, const char *key)
{
	static const struct json_field key_field = JSON_FIELD(
	    struct repeated, texts[0], "KeyId", TEXT);
	const char *value;

	memset(r, 0, sizeof(*r));
	r->fields[0] = key_field;
	r->asked[0] = key;
	r->count = 1;
	for (; in_fields->name != NULL && r->count < REPEATED_MAX;
	     in_fields++) {
		if (in_fields->kind != JSON_STRING ||
		    !ends_with(in_fields->name, "Algorithm"))
			continue;
		memcpy(&value, (const char *)in + in_fields->at, sizeof(value));
		if (value == NULL &&
		    strcmp(in_fields->name, "EncryptionAlgorithm") == 0)
			value = "SYMMETRIC_DEFAULT"; /* what KMS does then */
		r->fields[r->count] = key_field;
		r->fields[r->count].name = in_fields->name;
		r->fields[r->count].at += r->count * sizeof(r->texts[0]);
		r->asked[r->count++] = value;
	}
}

/* What the reply says of the key: where the operation's own table reads it, or
 * else beside it. */
static const char *
key_of_reply(
    const struct json_field *fields, const void *out, const struct repeated *r)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, r->fields[0].name) == 0)
			return ((const char *)out + fields->at);
	return (r->texts[0]);
}

/* "arn:aws:kms:REGION:ACCOUNT:key/ID" -> "ID" */
static const char *
id_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return (slash != NULL ? slash + 1 : key);
}

bool
kms_is_key(const char *asked, const char *answered)
{
	bool arns = strncmp(asked, "arn:", 4) == 0 &&
		    strncmp(answered, "arn:", 4) == 0;

	/* an alias does not say which key it leads to */
	if (strncmp(asked, "alias/", 6) == 0 ||
	    strstr(asked, ":alias/") != NULL)
		return (true);
	return (arns ? strcmp(asked, answered) == 0
		     : strcmp(id_of(asked), id_of(answered)) == 0);
}

/* Operations that KMS answers with an empty body, or did once. */
static bool
may_name_no_key(const char *operation)
{
	static const char *const operations[] = {"DeleteImportedKeyMaterial",
	    "DisableKey", "EnableKey", "ImportKeyMaterial",
	    "UpdateKeyDescription"};

	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (strcmp(operation, operations[i]) == 0)
			return (true);
	return (false);
}

/* A reply names the key that was asked for. */
static enum err
check_key(struct kms *k, const char *operation, const char *asked,
    const char *answered)
{
	if (answered[0] == '\0')
		return (may_name_no_key(operation)
			    ? ERR_OK
			    : error_info_set(&k->error, ERR_REPLY,
				  "the reply does not say which key it is "
				  "about"));
	if (kms_is_key(asked, answered))
		return (ERR_OK);
	return (error_info_set(&k->error, ERR_REPLY,
	    "the reply is about another key, %s", answered));
}

/* A reply that names an algorithm names that which was asked for. */
static enum err
check_algorithms(struct kms *k, const struct repeated *r)
{
	for (size_t i = 1; i < r->count; i++)
		if (r->asked[i] != NULL && r->texts[i][0] != '\0' &&
		    strcmp(r->asked[i], r->texts[i]) != 0)
			return (error_info_set(&k->error, ERR_REPLY,
			    "the reply's %s is %s and not %s",
			    r->fields[i].name, r->texts[i], r->asked[i]));
	return (ERR_OK);
}

/* Exceptions that say something of the one operation that has them. From
 * another, KMS does not say them: a ciphertext is not at fault in Sign. */
static enum err
check_exception(const char *operation, enum err e)
{
	static const struct {
		enum err err;
		const char *operations; /* with spaces around each */
	} rows[] = {{ERR_CIPHERTEXT, " Decrypt ImportKeyMaterial Decapsulate "},
	    {ERR_WRONG_KEY, " Decrypt Decapsulate "}, {ERR_BAD_SIG, " Verify "},
	    {ERR_BAD_MAC, " VerifyMac "},
	    {ERR_WRONG_MATERIAL, " ImportKeyMaterial "},
	    {ERR_TOKEN_EXPIRED, " ImportKeyMaterial "},
	    {ERR_TOKEN_INVALID, " ImportKeyMaterial "},
	    {ERR_EXISTS, " CreateKey CreateAlias ReplicateKey "}};
	char name[64];

	(void)snprintf(name, sizeof(name), " %s ", operation);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].err == e &&
		    strstr(rows[i].operations, name) == NULL)
			return (ERR_REPLY);
	return (e);
}

enum err
kms_unreadable(struct error_info *error, enum err e, const char *member)
{
	if (member != NULL)
		(void)error_info_set(error, e,
		    "the member %s of the reply cannot be read", member);
	else if (e == ERR_REPLY && error->message[0] == '\0')
		(void)error_info_set(
		    error, e, "the body is no JSON object, or is cut");
	/* too long an answer is nothing that the caller sent too much of */
	return (e == ERR_TOO_BIG ? ERR_REPLY : e);
}

enum err
kms_call(struct kms *k, const char *operation, const char *key,
    const struct json_field *in_fields, const void *in,
    const struct json_field *out_fields, void *out)
{
	struct buf body = BUF_INIT(REQUEST_MAX);
	struct buf reply = BUF_INIT(REPLY_MAX);
	struct repeated beside;
	const char *member;
	enum err e;

	memset(&k->error, 0, sizeof(k->error));
	repeated_begin(&beside, in_fields, in, key);
	if ((e = json_encode(in_fields, in, &body)) != ERR_OK)
		goto out;
	e = k->transport->post(k->transport->ctx, operation, buf_view(&body),
	    &k->deadline, &reply, &k->error);
	if (e == ERR_OK) {
		e = json_decode_beside(out_fields, buf_view(&reply), out,
		    beside.fields, &beside, &member);
		e = kms_unreadable(&k->error, e, member);
	} else if (k->error.status == 200) {
		e = kms_unreadable(&k->error, e, NULL);
	} else {
		e = check_exception(operation, e);
	}
	if (e == ERR_OK && key != NULL)
		e = check_key(
		    k, operation, key, key_of_reply(out_fields, out, &beside));
	if (e == ERR_OK)
		e = check_algorithms(k, &beside);
out:
	buf_free(&reply);
	buf_free(&body);
	return (e);
}

struct many {
	struct error_info *error;
	const struct kms_key_entry *keys;
	kms_reply_fn *on_reply;
	void *arg;
};

static const struct json_field entry_in[] = {
    JSON_FIELD(struct kms_key_entry, id, "KeyId", TEXT), JSON_END};

static enum err
encode_key(void *arg, size_t i, struct buf *body)
{
	const struct many *m = arg;

	return (json_encode(entry_in, &m->keys[i], body));
}

static enum err
reply_of_key(void *arg, size_t i, enum err e, struct view reply,
    const struct error_info *f)
{
	const struct many *m = arg;

	*m->error = *f;
	return (m->on_reply(m->arg, i, e, reply));
}

enum err
kms_call_keys(struct kms *k, const char *operation,
    const struct kms_key_entry *keys, size_t count, kms_reply_fn *on_reply,
    void *arg)
{
	struct many m = {&k->error, keys, on_reply, arg};
	const struct batch b = {operation, count, MANY_REQUEST_MAX,
	    MANY_REPLY_MAX, encode_key, reply_of_key, &m};
	enum err e;

	memset(&k->error, 0, sizeof(k->error));
	e = k->transport->post_many(
	    k->transport->ctx, &b, &k->deadline, &k->error);
	if (e == ERR_OK) /* what is left is of one of them */
		memset(&k->error, 0, sizeof(k->error));
	return (e);
}

/* Too long is the reply: the request holds no more than an id. */
enum err
kms_decode(enum err e, const struct json_field *out_fields, struct view reply,
    void *out, const char **member)
{
	*member = NULL;
	if (e == ERR_OK)
		e = json_decode_beside(
		    out_fields, reply, out, NULL, NULL, member);
	return (e == ERR_TOO_BIG ? ERR_REPLY : e);
}

enum err
kms_require(struct kms *k, enum err e, bool there, const char *member)
{
	return (e == ERR_OK && !there
		    ? error_info_set(&k->error, ERR_REPLY,
			  "the member %s of the reply is missing, or is not "
			  "what was asked for",
			  member)
		    : e);
}

enum err
kms_require_key(struct kms *k, enum err e, bool there, const char *member)
{
	e = kms_require(k, e, there, member);
	return (e == ERR_REPLY ? ERR_UNKNOWN : e);
}

static const struct json_field names_in[] = {
    JSON_FIELD(struct kms_names, key, "KeyId", STRING),
    JSON_FIELD(struct kms_names, alias, "AliasName", STRING),
    JSON_FIELD(struct kms_names, target, "TargetKeyId", STRING),
    JSON_FIELD(struct kms_names, material, "KeyMaterialId", STRING), JSON_END};

enum err
kms_call_names(struct kms *k, const char *operation, struct kms_names in)
{
	return (
	    kms_call(k, operation, in.key, names_in, &in, kms_no_fields, NULL));
}

static const struct json_field list_in[] = {
    JSON_FIELD(struct kms_list_in, key, "KeyId", STRING),
    JSON_FIELD(struct kms_list_in, include, "IncludeKeyMaterial", STRING),
    JSON_FIELD(struct kms_list_in, marker, "Marker", TEXT),
    JSON_FIELD(struct kms_list_in, limit, "Limit", NUMBER), JSON_END};

static const char *
list_name(const struct json_field *fields)
{
	while (fields->kind != JSON_ROWS)
		fields++;
	return (fields->name);
}

/* Markers that come again would lead round for ever. One of those so far is
 * kept, a later one each time that there are twice as many (Brent's way). */
static void
end_circle(struct kms *k, struct kms_page *page)
{
	if (page->marker[0] != '\0' && strcmp(page->marker, page->seen) == 0) {
		page->marker[0] = '\0';
		(void)error_info_set(&k->error, ERR_OK,
		    "its pages go round: a marker came again");
	}
	if ((page->pages & (page->pages + 1)) == 0)
		memcpy(page->seen, page->marker, sizeof(page->seen));
	page->pages++;
}

enum err
kms_call_list(struct kms *k, const char *operation, struct kms_list_in *in,
    const struct json_field *out_fields, struct kms_page *page)
{
	enum err e;

	memcpy(in->marker, page->marker, sizeof(in->marker));
	page->marker[0] = '\0';
	page->truncated = JSON_UNSET;
	page->rows = (struct json_rows){NULL, 0};
	e = kms_call(k, operation, NULL, list_in, in, out_fields, page);
	if (page->truncated == JSON_FALSE)
		page->marker[0] = '\0';
	end_circle(k, page);
	/* a load balancer's own page is no list without entries */
	return (
	    kms_require(k, e, page->rows.ptr != NULL, list_name(out_fields)));
}
