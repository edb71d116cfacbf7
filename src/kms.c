#include <string.h>
#include "kms-call.h"

/* A page of 1,000 aliases with ARNs and dates stays well below it. */
#define REPLY_MAX (2 * 1024 * 1024)
#define REQUEST_MAX (64 * 1024)

const struct json_field kms_nothing[] = {JSON_END};

enum err
kms_call(struct kms *k, const char *operation,
    const struct json_field *in_fields, const void *in,
    const struct json_field *out_fields, void *out)
{
	struct buf body = BUF_INIT(REQUEST_MAX);
	struct buf reply = BUF_INIT(REPLY_MAX);
	enum err e;

	memset(&k->fault, 0, sizeof(k->fault));
	if ((e = json_encode(in_fields, in, &body)) != ERR_OK ||
	    (e = k->transport->post(k->transport->ctx, operation,
		 buf_view(&body), &k->deadline, &reply, &k->fault)) != ERR_OK)
		goto out;
	e = json_decode(out_fields, buf_view(&reply), out);
out:
	/* too long an answer is nothing that the caller sent too much of */
	if (e == ERR_TOO_BIG && k->fault.status == 200)
		e = ERR_REPLY;
	buf_free(&reply);
	buf_free(&body);
	return (e);
}

enum err
kms_complete(enum err e, bool there)
{
	return (e == ERR_OK && !there ? ERR_REPLY : e);
}

enum err
kms_complete_key(enum err e, bool there)
{
	e = kms_complete(e, there);
	return (e == ERR_REPLY ? ERR_UNKNOWN : e);
}

static const struct json_field names_in[] = {
    JSON_FIELD(struct kms_names, key, "KeyId", STRING),
    JSON_FIELD(struct kms_names, alias, "AliasName", STRING),
    JSON_FIELD(struct kms_names, target, "TargetKeyId", STRING), JSON_END};

enum err
kms_call_names(struct kms *k, const char *operation, struct kms_names in)
{
	return (kms_call(k, operation, names_in, &in, kms_nothing, NULL));
}

static const struct json_field list_in[] = {
    JSON_FIELD(struct kms_list_in, key, "KeyId", STRING),
    JSON_FIELD(struct kms_list_in, include, "IncludeKeyMaterial", STRING),
    JSON_FIELD(struct kms_list_in, marker, "Marker", TEXT),
    JSON_FIELD(struct kms_list_in, limit, "Limit", NUMBER), JSON_END};

enum err
kms_call_list(struct kms *k, const char *operation, struct kms_list_in *in,
    const struct json_field *out_fields, struct kms_page *page)
{
	memcpy(in->marker, page->marker, sizeof(in->marker));
	page->marker[0] = '\0';
	page->rows = (struct json_rows){NULL, 0};
	return (kms_call(k, operation, list_in, in, out_fields, page));
}
