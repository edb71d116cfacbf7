#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "cryptoki/constants.h"
#include "cryptoki/keyferry.h"
#include "config/tag-list.h"
#include "fingerprint.h"
#include "hex.h"
#include "restore-compare.h"
#include "rv-said.h"
#include "text.h"

#define DATE_SIZE 11 /* 2026-11-27 */
#define NUMBER_SIZE 32
#define IDS_MAX 4096 /* bytes of the KeyMaterialIds of a key */

bool
wanted_same_key(const struct wanted_key *a, const struct wanted_key *b)
{
	if (a->id.len != 0 || b->id.len != 0)
		return (view_equal(VIEW(a->id.bytes, a->id.len),
		    VIEW(b->id.bytes, b->id.len)));
	return (a->label != NULL && b->label != NULL &&
		strcmp(a->label, b->label) == 0);
}

CK_RV
restore_find(const struct token *t, const struct wanted_key *w,
    struct key_list *found, char said[TOKEN_ERROR_SIZE])
{
	CK_RV rv = CKR_OK;
	struct wanted_key copy = *w;
	const CK_ATTRIBUTE id = {CKA_ID, copy.id.bytes, copy.id.len};
	const CK_ATTRIBUTE label = {
	    CKA_LABEL, w->label, w->label == NULL ? 0 : strlen(w->label)};

	if (w->id.len != 0)
		rv = key_list_search(found, t, &id, 1, said);
	if (rv == CKR_OK && found->count == 0 && label.ulValueLen != 0)
		rv = key_list_search(found, t, &label, 1, said);
	return (rv);
}

/* What is compared, and what came of it. */
struct comparison {
	const struct token *token;
	const struct wanted_key *wanted;
	const struct listed_key *there;
	struct buf *out;
	bool done; /* false: out of memory */
};

static void
put(struct comparison *c, const char *text)
{
	c->done = c->done && buf_puts(c->out, text) == ERR_OK;
}

static void
say(struct comparison *c, const char *what, struct view there,
    const char *wanted)
{
	put(c, c->out->len == 0 ? "" : "; ");
	put(c, what);
	put(c, " is ");
	if (there.len == 0)
		put(c, "none");
	c->done = c->done && buf_append(c->out, there) == ERR_OK;
	put(c, ", not ");
	put(c, wanted);
}

/* What the manifest does not say is not compared. */
static void
compare_text(struct comparison *c, const char *what, struct view there,
    const char *wanted)
{
	if (wanted != NULL && !view_equal(there, view_str(wanted)))
		say(c, what, there, wanted);
}

static bool
has_name(const struct comparison *c, CK_ATTRIBUTE_TYPE type,
    const struct buf *shown, struct view name)
{
	return (
	    token_key_has_name(c->token, c->there->handle, type, shown, name));
}

static void
compare_names(struct comparison *c)
{
	char there[2 * KEY_ID_MAX + 1] = "", wanted[2 * KEY_ID_MAX + 1];
	const char *label = c->wanted->label;
	const struct key_id *id = &c->wanted->id;
	const struct buf *own = &c->there->id;

	if (label != NULL &&
	    !has_name(c, CKA_LABEL, &c->there->label, view_str(label)))
		say(c, "label", buf_view(&c->there->label), label);
	if (id->len == 0 || has_name(c, CKA_ID, own, VIEW(id->bytes, id->len)))
		return;
	hex_write(
	    own->ptr, own->len < KEY_ID_MAX ? own->len : KEY_ID_MAX, there);
	hex_write(id->bytes, id->len, wanted);
	say(c, "id", view_str(there), wanted);
}

static void
compare_kind(struct comparison *c)
{
	const struct key_wish *w = &c->wanted->wish;
	enum usage usage = key_usage_there(c->token, c->there->handle);
	char hmac[NUMBER_SIZE];

	compare_text(c, "origin", buf_view(&c->there->origin), "EXTERNAL");
	compare_text(c, "spec", buf_view(&c->there->spec), c->wanted->spec);
	if (w->usage != USAGE_ANY && usage != w->usage)
		say(c, "usage", view_str(usage_name(usage)),
		    usage_name(w->usage));
	snprintf(hmac, sizeof(hmac), "HMAC_%lu", w->hmac);
	if (w->hmac != 0 && c->wanted->spec == NULL)
		compare_text(c, "spec", buf_view(&c->there->spec), hmac);
}

/* "a=1,b=2" has "b=2": tags have no commas. */
static bool
has_tag(struct view list, struct view key, struct view value)
{
	for (size_t at = 0, len; at < list.len; at += len + 1) {
		struct view one = {list.ptr + at, list.len - at};
		const unsigned char *end = memchr(one.ptr, ',', one.len);

		len = end == NULL ? one.len : (size_t)(end - one.ptr);
		if (len == key.len + 1 + value.len &&
		    memcmp(one.ptr, key.ptr, key.len) == 0 &&
		    one.ptr[key.len] == '=' &&
		    (value.len == 0 || memcmp(one.ptr + key.len + 1, value.ptr,
					   value.len) == 0))
			return (true);
	}
	return (false);
}

/* Others than the manifest's may be there, the configuration's for instance. */
static void
compare_tags(struct comparison *c)
{
	const char *list = c->wanted->wish.tags;
	struct buf there = BUF_INIT(0);
	struct view key, value;
	bool all = true;
	CK_RV rv = CKR_OK;
	char name[RV_SAID_SIZE];

	if (list == NULL)
		return;
	rv = token_get_attribute(
	    c->token, c->there->handle, CKA_KEYFERRY_TAGS, &there);
	while (rv == CKR_OK && tag_list_next(&list, &key, &value))
		all = all && has_tag(buf_view(&there), key, value);
	if (rv != CKR_OK) {
		put(c, c->out->len == 0 ? "" : "; ");
		put(c, "reading its tags failed: ");
		put(c, rv_said(rv, name));
	} else if (!all)
		say(c, "tags", buf_view(&there), c->wanted->wish.tags);
	buf_free(&there);
}

static void
compare_multi_region(struct comparison *c)
{
	enum said wanted = c->wanted->wish.multi_region;
	bool is;

	if (wanted == NOT_SAID)
		return;
	is = token_get_bool(
	    c->token, c->there->handle, CKA_KEYFERRY_MULTI_REGION, false);
	if (is != (wanted == SAID_YES))
		say(c, "multi-region", view_str(is ? "yes" : "no"),
		    is ? "no" : "yes");
}

static void
compare_end(struct comparison *c)
{
	const struct key_wish *w = &c->wanted->wish;
	char there[TEXT_TIME_SIZE] = "", wanted[TEXT_TIME_SIZE];

	if (!w->expires)
		return;
	if (c->there->end != 0)
		text_time(c->there->end, there);
	text_time(w->end, wanted);
	there[DATE_SIZE - 1] = wanted[DATE_SIZE - 1] = '\0';
	compare_text(c, "end", view_str(there), wanted);
}

static void
compare_public_key(struct comparison *c)
{
	char there[FINGERPRINT_SIZE];

	if (c->wanted->public_key == NULL)
		return;
	listed_key_fingerprint(c->token, c->there, there);
	if (strcasecmp(there, c->wanted->public_key) != 0)
		say(c, "public-key", view_str(there), c->wanted->public_key);
}

/* The next of the words of a list with blanks between them. */
static bool
next_word(struct view *list, struct view *word)
{
	const unsigned char *end = list->len == 0
				       ? NULL
				       : memchr(list->ptr, ' ', list->len);

	*word = *list;
	if (end != NULL)
		word->len = (size_t)(end - list->ptr);
	*list = end == NULL ? VIEW("", 0)
			    : VIEW(end + 1, list->len - word->len - 1);
	return (word->len != 0);
}

/* Hexadecimal digits, and names of Regions, are the same in any case. */
static bool
has_word(struct view list, struct view wanted)
{
	struct view word;

	while (next_word(&list, &word))
		if (word.len == wanted.len &&
		    strncasecmp((const char *)word.ptr,
			(const char *)wanted.ptr, word.len) == 0)
			return (true);
	return (false);
}

/* Whether it is the key of which the manifest was made: others' materials and
 * Regions are others. */
static bool
is_the_key(const struct comparison *c, const struct wanted_key *w)
{
	return (w->arn != NULL &&
		view_equal(buf_view(&c->there->arn), view_str(w->arn)));
}

/* A replica that was deleted is missing where it was. */
static void
compare_regions(struct comparison *c)
{
	const char *regions = c->wanted->regions;
	struct view list = view_str(regions == NULL ? "" : regions), region;

	if (!is_the_key(c, c->wanted))
		return;
	while (next_word(&list, &region))
		if (!has_word(buf_view(&c->there->regions), region)) {
			put(c, c->out->len == 0 ? "" : "; ");
			put(c, "the key of ");
			c->done = c->done &&
				  buf_append(c->out, region) == ERR_OK;
			put(c, " is missing");
		}
}

static void
compare_material_ids(struct comparison *c, const struct wanted_materials *m)
{
	char ids[IDS_MAX];
	CK_ATTRIBUTE a = {CKA_KEYFERRY_MATERIAL_IDS, ids, sizeof(ids)};

	if (token_get_attributes(c->token, c->there->handle, &a, 1) != CKR_OK)
		return;
	for (size_t i = 0; i < m->line_count; i++) {
		const struct wanted_key *w = &m->all[i];

		if (w->material == NULL || !wanted_same_key(w, m->first) ||
		    !is_the_key(c, w) ||
		    has_word(VIEW(ids, a.ulValueLen), view_str(w->material)))
			continue;
		put(c, c->out->len == 0 ? "" : "; ");
		put(c, "material ");
		put(c, w->material);
		put(c, " is not there");
	}
}

static void
compare_materials(
    struct comparison *c, const struct wanted_materials *m, bool complete)
{
	char there[NUMBER_SIZE], wanted[NUMBER_SIZE];

	if (c->there->materials == CK_UNAVAILABLE_INFORMATION)
		return;
	snprintf(there, sizeof(there), "%lu", c->there->materials);
	snprintf(wanted, sizeof(wanted), "%zu", m->count);
	if (!c->there->waits && (complete || c->there->materials > m->count))
		compare_text(c, "number of materials", view_str(there), wanted);
	if (complete)
		compare_material_ids(c, m);
}

static void
compare_state(struct comparison *c, bool complete)
{
	if (!c->there->waits || complete)
		compare_text(c, "state", buf_view(&c->there->state), "Enabled");
}

/* What could not be read is not as it should be. */
static void
tell_failure(struct comparison *c)
{
	const struct read_failure *f = &c->there->failure;
	char name[RV_SAID_SIZE];

	if (f->rv == CKR_OK)
		return;
	put(c, c->out->len == 0 ? "" : "; ");
	put(c, "reading ");
	put(c, attribute_name(f->type).text);
	put(c, " failed: ");
	put(c, rv_said(f->rv, name));
}

bool
restore_compare(const struct token *t, const struct wanted_materials *m,
    const struct listed_key *there, bool complete, struct buf *out)
{
	struct comparison c = {t, m->first, there, out, true};

	/* GetPublicKey alone tells of a key, but not what it is */
	if (!listed_key_is_described(there)) {
		put(&c,
		    "KMS does not let it be described: allow kms:DescribeKey");
		return (c.done);
	}
	compare_names(&c);
	compare_kind(&c);
	compare_multi_region(&c);
	compare_regions(&c);
	compare_tags(&c);
	compare_state(&c, complete);
	if (!there->waits) {
		compare_end(&c);
		compare_public_key(&c);
	}
	compare_materials(&c, m, complete);
	tell_failure(&c);
	return (c.done);
}
