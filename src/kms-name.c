#include "kms-call.h"

/* Aliases, tags and lists. */

#define PAGE_ALIASES 100 /* KMS gives no more in a call */
#define PAGE_KEYS 1000
#define PAGE_TAGS 50

enum err
kms_create_alias(struct kms *k, const char *alias, const char *key)
{
	return (kms_call_names(k, "CreateAlias",
	    (struct kms_names){.alias = alias, .target = key}));
}

enum err
kms_update_alias(struct kms *k, const char *alias, const char *key)
{
	return (kms_call_names(k, "UpdateAlias",
	    (struct kms_names){.alias = alias, .target = key}));
}

enum err
kms_delete_alias(struct kms *k, const char *alias)
{
	return (kms_call_names(
	    k, "DeleteAlias", (struct kms_names){.alias = alias}));
}

/* Lists, a page at a time */
static const struct json_field key_entry[] = {
    JSON_FIELD(struct kms_key_entry, id, "KeyId", TEXT), JSON_END};
static const struct json_field list_keys_out[] = {
    KMS_LIST_OUT("Keys", struct kms_key_entry, key_entry)};

enum err
kms_list_keys(struct kms *k, struct kms_page *page)
{
	struct kms_list_in in = {.limit = PAGE_KEYS};
	enum err e = kms_call_list(k, "ListKeys", &in, list_keys_out, page);
	const struct kms_key_entry *keys = page->rows.ptr;

	/* a key that is left out looks like one that is not there */
	for (size_t i = 0; i < page->rows.count; i++)
		e = kms_require(k, e, keys[i].id[0] != '\0', "KeyId");
	return (e);
}

static const struct json_field alias_entry[] = {
    JSON_FIELD(struct kms_alias_entry, name, "AliasName", TEXT),
    JSON_FIELD(struct kms_alias_entry, key_id, "TargetKeyId", TEXT),
    JSON_FIELD(struct kms_alias_entry, created, "CreationDate", NUMBER),
    JSON_END};
static const struct json_field list_aliases_out[] = {
    KMS_LIST_OUT("Aliases", struct kms_alias_entry, alias_entry)};

enum err
kms_list_aliases(struct kms *k, const char *key, struct kms_page *page)
{
	struct kms_list_in in = {.key = key, .limit = PAGE_ALIASES};
	enum err e = kms_call_list(
	    k, "ListAliases", &in, list_aliases_out, page);
	const struct kms_alias_entry *a = page->rows.ptr;

	for (size_t i = 0; key != NULL && i < page->rows.count; i++)
		if (!kms_is_key(key, a[i].key_id))
			e = kms_require(k, e, false, "TargetKeyId");
	return (e);
}

const struct json_field kms_tag_fields[] = {
    JSON_FIELD(struct kms_tag, key, "TagKey", TEXT),
    JSON_FIELD(struct kms_tag, value, "TagValue", FULL_TEXT), JSON_END};
static const struct json_field list_resource_tags_out[] = {
    KMS_LIST_OUT("Tags", struct kms_tag, kms_tag_fields)};

enum err
kms_list_resource_tags(struct kms *k, const char *key, struct kms_page *page)
{
	struct kms_list_in in = {.key = key, .limit = PAGE_TAGS};

	return (kms_call_list(
	    k, "ListResourceTags", &in, list_resource_tags_out, page));
}

struct listing_tags {
	kms_tags_fn *on_tags;
	void *arg;
};

static enum err
take_tags(void *arg, size_t i, enum err e, struct view reply)
{
	const struct listing_tags *l = arg;
	struct kms_page page = {.marker = ""};
	const char *unreadable;

	e = kms_decode(e, list_resource_tags_out, reply, &page, &unreadable);
	e = l->on_tags(l->arg, i, e, &page.rows);
	json_rows_free(&page.rows);
	return (e);
}

enum err
kms_list_tags_of_keys(struct kms *k, const struct kms_key_entry *keys,
    size_t count, kms_tags_fn *on_tags, void *arg)
{
	struct listing_tags l = {on_tags, arg};

	return (
	    kms_call_keys(k, "ListResourceTags", keys, count, take_tags, &l));
}

/* Tags: set by rows, taken away by their keys */
struct tag_in {
	const char *key;
	struct json_rows tags;
	struct view names;
};
static const struct json_field tag_in[] = {
    JSON_FIELD(struct tag_in, key, "KeyId", STRING),
    JSON_ROW_FIELD(struct tag_in, tags, "Tags", struct kms_tag, kms_tag_fields),
    JSON_FIELD(struct tag_in, names, "TagKeys", NAMES), JSON_END};

enum err
kms_tag_resource(struct kms *k, const char *key, const struct json_rows *tags)
{
	struct tag_in in = {.key = key, .tags = *tags};

	return (
	    kms_call(k, "TagResource", NULL, tag_in, &in, kms_no_fields, NULL));
}

enum err
kms_untag_resource(struct kms *k, const char *key, struct view tag_keys)
{
	struct tag_in in = {.key = key, .names = tag_keys};

	return (kms_call(
	    k, "UntagResource", NULL, tag_in, &in, kms_no_fields, NULL));
}
