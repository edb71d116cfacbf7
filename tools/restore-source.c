#include <stdio.h>
#include <string.h>
#include "message.h"
#include "restore-source.h"
#include "source-key.h"
#include "uri.h"

struct wanted_materials
restore_materials(const struct restore *r, const struct wanted_key *first)
{
	struct wanted_materials m = {first, r->wanted.rows, r->wanted.count, 0};

	for (size_t i = 0; i < m.line_count; i++)
		m.count += wanted_same_key(&m.all[i], first) ||
			   &m.all[i] == first;
	return (m);
}

static bool
complain(const struct restore *r, const struct wanted_key *w, const char *why)
{
	message("%s: line %u: %s", r->manifest, w->line, why);
	return (false);
}

/* The number, from 1, of the plan's key that has the material before this one;
 * 0: none has. */
static size_t
material_before(const struct restore *r, const struct wanted_key *w)
{
	for (size_t i = r->plan.count; i > 0; i--)
		if (r->plan.keys[i - 1].wanted != NULL &&
		    wanted_same_key(r->plan.keys[i - 1].wanted, w))
			return (i);
	return (0);
}

static void
describe_lost(
    const struct restore *r, const struct wanted_key *w, struct key *k)
{
	k->file = r->manifest;
	k->name = w->spec == NULL ? "key" : w->spec;
	k->class = w->public_key == NULL ? CKO_SECRET_KEY : CKO_PRIVATE_KEY;
}

static bool
add_without_source(
    struct restore *r, const struct wanted_key *w, const char *why)
{
	struct key *k = plan_new_key(&r->plan);

	if (k == NULL)
		return (complain(r, w, "out of memory"));
	describe_lost(r, w, k);
	if (!r->plan.options.check)
		key_refuse(k, "%s", why);
	return (true);
}

static bool
add_of_file(struct restore *r, const struct wanted_key *w)
{
	struct key *k = plan_new_key(&r->plan);

	if (k == NULL)
		return (complain(r, w, "out of memory"));
	return (import_read_key(&r->reader, w, k));
}

/* The one key that the URI selects or, where it selects none, that has the
 * line's id or label. */
static bool
add_of_token(struct restore *r, const struct wanted_key *w, P11KitUri *uri)
{
	struct wanted_key copy = *w;
	CK_ATTRIBUTE named = {CKA_ID, copy.id.bytes, copy.id.len};
	const CK_ATTRIBUTE *selection;
	enum source_key added;
	CK_ULONG count = 0;
	struct token *from;

	from = open_token(&r->to.tokens, uri, false);
	r->token_failed = from == NULL;
	if (from == NULL)
		return (false);
	if (from == r->plan.to)
		return (complain(r, w, "its source is the target token"));
	if (w->id.len == 0 && w->label != NULL)
		named = (CK_ATTRIBUTE){CKA_LABEL, w->label, strlen(w->label)};
	selection = p11_kit_uri_get_attributes(uri, &count);
	if (uri == r->from) {
		selection = &named;
		count = named.ulValueLen != 0;
	}
	if (count == 0)
		return (complain(r, w, "nothing says which key of the token"));
	added = source_key_select(&r->plan, from, selection, count);
	if (added == SOURCE_KEY_NONE)
		return (add_without_source(
		    r, w, "there is no such key on its source"));
	return (added == SOURCE_KEY_ADDED ||
		(added != SOURCE_KEY_NO_TOKEN &&
		    complain(r, w, source_key_problem(added))));
}

static bool
add_of_source(struct restore *r, const struct wanted_key *w)
{
	P11KitUri *uri = uri_parse(w->source);
	bool done = uri != NULL && add_of_token(r, w, uri);

	uri_free(uri);
	return (done);
}

static bool
add_from_anywhere(struct restore *r, const struct wanted_key *w)
{
	if (r->plan.options.check)
		return (add_without_source(r, w, ""));
	if (w->into != NULL)
		return (add_without_source(
		    r, w, "keyferry import fills the key of the column into"));
	if (w->file != NULL)
		return (add_of_file(r, w));
	if (w->source != NULL)
		return (add_of_source(r, w));
	if (r->from != NULL)
		return (add_of_token(r, w, r->from));
	return (add_without_source(r, w,
	    "the manifest names neither its file nor its source: give --from"));
}

/* The materials of one key must not be those of two. */
static bool
has_another_label(const struct wanted_key *before, const struct wanted_key *w)
{
	return (before->label != NULL && w->label != NULL &&
		strcmp(before->label, w->label) != 0);
}

bool
restore_add_key(struct restore *r, const struct wanted_key *w)
{
	size_t before = material_before(r, w);
	struct key *k;

	if (w->label == NULL && w->id.len == 0)
		return (complain(r, w, "it has neither label nor id"));
	if (before != 0 &&
	    has_another_label(r->plan.keys[before - 1].wanted, w))
		return (complain(r, w,
		    "a line before has its id and another "
		    "label"));
	/* one key is compared once, whatever materials it has */
	if (r->plan.options.check && before != 0)
		return (true);
	if (!add_from_anywhere(r, w))
		return (false);
	k = &r->plan.keys[r->plan.count - 1];
	k->wanted = w;
	/* a file's key has it, and what the file says of it */
	if (k->value.len == 0)
		k->wish = w->wish;
	if (!import_name_key(w, k))
		return (complain(r, w, "out of memory"));
	if ((k->before = before) != 0) {
		k->new_material = true;
		k->into = w->label == NULL ? "the line before" : w->label;
	}
	source_key_compare(k, w);
	return (true);
}
