#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "message.h"
#include "move-plan.h"
#include "renewal-source.h"
#include "uri.h"

#define NO_ROW ((size_t)-1)
#define SELECTION_MAX 5 /* attributes of a URI: plan_add_keys() adds some */

static bool
out_of_memory(void)
{
	message("out of memory");
	return (false);
}

static struct renewal_source *
add_source(struct renewal *r, size_t key, size_t row)
{
	struct renewal_source *rows = array_grow(
	    r->sources, &r->source_cap, r->source_count + 1, sizeof(*rows));

	if (rows == NULL) {
		(void)out_of_memory();
		return (NULL);
	}
	r->sources = rows;
	rows[r->source_count] = (struct renewal_source){.key = key, .row = row};
	return (&rows[r->source_count++]);
}

static bool
has_source(const struct renewal *r, size_t key, size_t row)
{
	for (size_t i = 0; i < r->source_count; i++)
		if (r->sources[i].key == key && r->sources[i].row == row)
			return (true);
	return (false);
}

static bool
is_same_token(P11KitUri *a, P11KitUri *b)
{
	const CK_TOKEN_INFO *of_a = p11_kit_uri_get_token_info(a);
	const CK_TOKEN_INFO *of_b = p11_kit_uri_get_token_info(b);
	const char *path_a = p11_kit_uri_get_module_path(a);
	const char *path_b = p11_kit_uri_get_module_path(b);

	return (memcmp(of_a->label, of_b->label, sizeof(of_a->label)) == 0 &&
		memcmp(of_a->serialNumber, of_b->serialNumber,
		    sizeof(of_a->serialNumber)) == 0 &&
		memcmp(of_a->manufacturerID, of_b->manufacturerID,
		    sizeof(of_a->manufacturerID)) == 0 &&
		memcmp(of_a->model, of_b->model, sizeof(of_a->model)) == 0 &&
		strcmp(path_a == NULL ? "" : path_a,
		    path_b == NULL ? "" : path_b) == 0);
}

static bool
has_failed(const struct renewal_sources *s, P11KitUri *uri)
{
	for (size_t i = 0; i < s->uri_count; i++)
		if (s->uris[i].failed && is_same_token(s->uris[i].uri, uri))
			return (true);
	return (false);
}

/* The URI's token. NULL: it cannot be opened, and standard error says so
 * once. */
static struct token *
open_source(struct renewal_sources *s, char *text, P11KitUri **uri)
{
	struct source_uri *rows = array_grow(
	    s->uris, &s->uri_cap, s->uri_count + 1, sizeof(*rows));
	struct token *t = NULL;

	if (rows == NULL) {
		(void)out_of_memory();
		return (NULL);
	}
	s->uris = rows;
	if ((*uri = uri_parse(text)) == NULL)
		return (NULL);
	if (!has_failed(s, *uri))
		t = open_token(&s->tokens, *uri, false);
	rows[s->uri_count++] = (struct source_uri){*uri, t == NULL};
	return (t);
}

static bool
equal_and_not_empty(const struct buf *a, const struct buf *b)
{
	return (a->len != 0 && view_equal(buf_view(a), buf_view(b)));
}

/* How many names of the key the source's has; 0 where it is another key. */
static int
match_names(const struct renewal *r, const struct key *k, size_t key)
{
	const struct listed_key *t = &r->keys.rows[key];
	int names = equal_and_not_empty(&k->label, &t->label) +
		    equal_and_not_empty(&k->id, &t->id);

	if (names == 0 || t->waits)
		return (names);
	return (key_matches_spec(k, r->plan.to, t->handle) &&
			!key_public_differs(k, r->plan.to, t->handle)
		    ? names
		    : 0);
}

/* The label that a source's key has. False: it can have none. */
static bool
label_of_source(const struct renewal *r, size_t key, struct view *label)
{
	const char *given = r->plan.options.prefix;
	const char *prefix = given == NULL ? "" : given;
	size_t len = strlen(prefix);
	const struct buf *there = &r->keys.rows[key].label;

	if (there->len <= len || memcmp(there->ptr, prefix, len) != 0)
		return (false);
	*label = VIEW(there->ptr + len, there->len - len);
	return (true);
}

/* Adds to the plan what the token has under a name of the key. */
static bool
add_by_names(struct renewal *r, struct token *t, size_t key,
    const CK_ATTRIBUTE *selection, CK_ULONG count)
{
	const struct buf *id = &r->keys.rows[key].id;
	struct view label = {NULL, 0};
	CK_ATTRIBUTE with[SELECTION_MAX + 1];
	CK_ULONG found = 0;
	bool done = true;

	count = count > SELECTION_MAX ? SELECTION_MAX : count;
	for (CK_ULONG i = 0; i < count; i++)
		with[i] = selection[i];
	if (label_of_source(r, key, &label)) {
		with[count] = (CK_ATTRIBUTE){
		    CKA_LABEL, (void *)(uintptr_t)label.ptr, label.len};
		done = plan_add_keys(&r->plan, t, with, count + 1, &found);
	}
	with[count] = (CK_ATTRIBUTE){CKA_ID, id->ptr, id->len};
	return (done && (id->len == 0 || plan_add_keys(&r->plan, t, with,
					     count + 1, &found)));
}

/* What has both names comes first. */
static bool
match_rows(struct renewal *r, const struct token *t, size_t key)
{
	for (int names = 2; names > 0; names--)
		for (size_t i = 0; i < r->plan.count; i++) {
			const struct key *k = &r->plan.keys[i];

			if (k->from == t && !has_source(r, key, i) &&
			    match_names(r, k, key) == names &&
			    add_source(r, key, i) == NULL)
				return (false);
		}
	return (true);
}

bool
renewal_add_token(struct renewal *r, struct renewal_sources *s, char *text)
{
	P11KitUri *uri;
	struct token *t = open_source(s, text, &uri);
	const CK_ATTRIBUTE *selection;
	struct renewal_source *source;
	CK_ULONG count = 0;

	if (t != NULL)
		selection = p11_kit_uri_get_attributes(uri, &count);
	for (size_t i = 0; i < r->keys.count; i++) {
		if (!renewal_is_due(r, i))
			continue;
		if (t != NULL && add_by_names(r, t, i, selection, count)) {
			if (!match_rows(r, t, i))
				return (false);
			continue;
		}
		if ((source = add_source(r, i, NO_ROW)) == NULL)
			return (false);
		r->sources_failed = true;
		snprintf(source->why, sizeof(source->why),
		    "%.900s cannot be used", text);
	}
	return (true);
}

/* Whether the manifest's line is about that key. */
static bool
is_meant(const struct wanted_key *w, const struct listed_key *t)
{
	const char *name = w->into != NULL ? w->into : w->arn;
	struct view label = wanted_key_label(w);

	if (name != NULL)
		return (listed_key_is_named(t, name));
	return ((label.len != 0 || w->id.len != 0) &&
		(label.len == 0 || view_equal(label, buf_view(&t->label))) &&
		(w->id.len == 0 || view_equal(VIEW(w->id.bytes, w->id.len),
				       buf_view(&t->id))));
}

static bool
is_selected(const struct key *k, const CK_ATTRIBUTE *selection, CK_ULONG count)
{
	struct buf value = BUF_INIT(0);
	bool is = true;

	for (CK_ULONG i = 0; i < count && is; i++)
		is = token_get_attribute(k->from, k->handle, selection[i].type,
			 &value) == CKR_OK &&
		     view_equal(buf_view(&value),
			 VIEW(selection[i].pValue, selection[i].ulValueLen));
	buf_free(&value);
	return (is);
}

/* The rows of the plan that the URI selects. */
static bool
add_selected(struct renewal *r, struct renewal_sources *s, size_t key,
    const struct wanted_key *w)
{
	P11KitUri *uri;
	struct token *t = open_source(s, w->source, &uri);
	const CK_ATTRIBUTE *selection = NULL;
	struct renewal_source *source;
	CK_ULONG count = 0, found = 0;

	if (t != NULL)
		selection = p11_kit_uri_get_attributes(uri, &count);
	if (t != NULL && !plan_add_keys(&r->plan, t, selection, count, &found))
		t = NULL;
	for (size_t i = 0; i < r->plan.count && found != 0; i++) {
		if (r->plan.keys[i].from != t ||
		    !is_selected(&r->plan.keys[i], selection, count))
			continue;
		if ((source = add_source(r, key, i)) == NULL)
			return (false);
		source->material = w->material;
	}
	if (found != 0)
		return (true);
	if ((source = add_source(r, key, NO_ROW)) == NULL)
		return (false);
	r->sources_failed = r->sources_failed || t == NULL;
	source->material = w->material;
	snprintf(source->why, sizeof(source->why), "%.900s %s", w->source,
	    t == NULL ? "cannot be used" : "selects no key");
	return (true);
}

/* It is whatever kind of key the one in KMS is. */
static bool
add_file(struct renewal *r, struct renewal_sources *s, size_t key,
    const struct wanted_key *w)
{
	const struct listed_key *t = &r->keys.rows[key];
	struct wanted_key as_there = *w;
	struct key *k = plan_new_key(&r->plan);
	struct renewal_source *source;
	bool read;

	if (k == NULL)
		return (out_of_memory());
	as_there.wish = r->plan.options.wish;
	as_there.wish.hmac = listed_key_hmac(t);
	read = import_read_key(&s->reader, &as_there, k);
	source = add_source(r, key, read ? r->plan.count - 1 : NO_ROW);
	if (source == NULL)
		return (false);
	r->sources_failed = r->sources_failed || !read;
	source->material = w->material;
	if (!read)
		snprintf(source->why, sizeof(source->why),
		    "%.900s cannot be read", w->file);
	return (true);
}

bool
renewal_add_wanted(struct renewal *r, struct renewal_sources *s,
    const struct wanted_keys *wanted)
{
	for (size_t i = 0; i < r->keys.count; i++) {
		if (!renewal_is_due(r, i))
			continue;
		for (size_t j = 0; j < wanted->count; j++) {
			const struct wanted_key *w = &wanted->rows[j];

			/* with neither, a token of --from has it */
			if (w->source == NULL && w->file == NULL)
				continue;
			if (is_meant(w, &r->keys.rows[i]) &&
			    !(w->source != NULL ? add_selected(r, s, i, w)
						: add_file(r, s, i, w)))
				return (false);
		}
	}
	return (true);
}

void
renewal_aim(struct renewal *r, const struct renewal_source *s)
{
	struct key *k = &r->plan.keys[s->row];
	struct listed_key *t = &r->keys.rows[s->key];

	k->into = (const char *)t->arn.ptr;
	k->there = t->handle;
	/* what waits for its material is an import pair, which stays */
	k->has_import_pair = t->waits;
	k->status = t->waits ? STATUS_PLANNED : STATUS_SAME_NAME;
	k->reason[0] = '\0';
	k->wish.hmac = listed_key_hmac(t);
	k->uses = key_usage_there(r->plan.to, t->handle);
	/* the module has an end of its own only for what is in use and comes
	 * wrapped */
	if (!r->plan.options.wish.expires && (k->from == NULL || t->waits))
		key_wish_days(&k->wish, r->days);
	buf_free(&k->unique_id);
	k->unique_id.max = SIZE_MAX;
	(void)buf_append(&k->unique_id, buf_view(&t->arn));
}

static void
refuse_other_spec(struct key *k, const struct listed_key *there)
{
	if (k->from == NULL &&
	    !view_equal(buf_view(&there->spec), view_str(key_kms_spec(k))))
		key_refuse(k, "the key there is %.*s, and this is %s",
		    (int)there->spec.len, (const char *)there->spec.ptr,
		    k->name);
}

bool
renewal_source_fits(
    const struct renewal_source *s, const struct due_material *due)
{
	return (
	    s->key == due->key && (s->material == NULL || due->id[0] == '\0' ||
				      strcmp(s->material, due->id) == 0));
}

/* The first source that may have it, or why there is none. */
static void
plan_material(struct renewal *r, struct due_material *due)
{
	const char *why = "no source has a key of its label or its id";

	for (size_t i = 0; i < r->source_count && due->source == NULL; i++) {
		const struct renewal_source *s = &r->sources[i];

		if (!renewal_source_fits(s, due))
			continue;
		if (s->why[0] == '\0')
			due->source = &r->plan.keys[s->row];
		else
			why = s->why;
	}
	if (due->source != NULL || due->status != STATUS_PLANNED)
		return;
	due->status = STATUS_REFUSED;
	snprintf(due->reason, sizeof(due->reason), "%s", why);
}

void
renewal_check_sources(struct renewal *r)
{
	for (size_t i = 0; i < r->plan.count; i++)
		r->plan.keys[i].status = STATUS_REFUSED;
	for (size_t i = 0; i < r->source_count; i++)
		if (r->sources[i].row != NO_ROW)
			renewal_aim(r, &r->sources[i]);
	(void)plan_check(&r->plan);
	for (size_t i = 0; i < r->source_count; i++) {
		struct renewal_source *s = &r->sources[i];
		struct key *k;

		if (s->row == NO_ROW)
			continue;
		k = &r->plan.keys[s->row];
		refuse_other_spec(k, &r->keys.rows[s->key]);
		if (!key_is_open(k))
			snprintf(s->why, sizeof(s->why), "%s", k->reason);
	}
	for (size_t i = 0; i < r->due_count; i++)
		plan_material(r, &r->due[i]);
}

void
renewal_sources_close(struct renewal_sources *s)
{
	for (size_t i = 0; i < s->uri_count; i++)
		uri_free(s->uris[i].uri);
	free(s->uris);
	close_tokens(&s->tokens);
}
