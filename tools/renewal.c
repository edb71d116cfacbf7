#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/constants.h"
#include "cryptoki/keyferry.h"
#include "array.h"
#include "message.h"
#include "move-plan.h"
#include "renewal.h"
#include "rv-said.h"

#define DAY 86400
#define WAITING_STATE "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"

/* What KMS tells of a key's materials. */
struct materials {
	struct buf ids, states, ends;
	size_t count;
};
#define MATERIALS_INIT                                                         \
	{                                                                      \
		.ids = BUF_INIT(0), .states = BUF_INIT(0), .ends = BUF_INIT(0) \
	}

static void
materials_free(struct materials *m)
{
	buf_free(&m->ids);
	buf_free(&m->states);
	buf_free(&m->ends);
}

/* False: it could not be read; the token remembers why. */
static bool
materials_read(
    struct materials *m, const struct token *t, const struct listed_key *k)
{
	token_forget_failure(t);
	(void)token_get_attribute(
	    t, k->handle, CKA_KEYFERRY_MATERIAL_IDS, &m->ids);
	(void)token_get_attribute(
	    t, k->handle, CKA_KEYFERRY_MATERIAL_STATES, &m->states);
	(void)token_get_attribute(
	    t, k->handle, CKA_KEYFERRY_MATERIAL_ENDS, &m->ends);
	m->count = m->ends.len / sizeof(CK_ULONG);
	return (t->failure->rv == CKR_OK && m->count != 0);
}

/* The n-th of the words of a list with blanks between them; "": it has fewer.
 */
static void
nth_word(const struct buf *list, size_t n, char out[MATERIAL_WORD_SIZE])
{
	const char *at = list->len == 0 ? "" : (const char *)list->ptr;
	size_t len;

	for (; n > 0 && *at != '\0'; n--) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	len = strcspn(at, " ");
	snprintf(out, MATERIAL_WORD_SIZE, "%.*s", (int)len, at);
}

/* The end of a material: 0 where it does not end. False: it is missing. */
static bool
nth_end(const struct materials *m, size_t n, time_t *end)
{
	CK_ULONG at;

	memcpy(&at, m->ends.ptr + n * sizeof(at), sizeof(at));
	*end = at == CK_UNAVAILABLE_INFORMATION ? 0 : (time_t)at;
	return (at != CK_UNAVAILABLE_INFORMATION);
}

static struct due_material *
add_due(struct renewal *r, size_t key)
{
	struct due_material *rows = array_grow(
	    r->due, &r->due_cap, r->due_count + 1, sizeof(*rows));

	if (rows == NULL) {
		message("out of memory");
		return (NULL);
	}
	r->due = rows;
	rows[r->due_count] = (struct due_material){
	    .key = key, .status = STATUS_PLANNED};
	return (&rows[r->due_count++]);
}

/* An end is a day's, or that of the time of day. */
static bool
is_as_wanted(const struct renewal *r, time_t end)
{
	return (end == 0 || end > r->wanted - DAY);
}

/* New material of a multi-Region key that comes to each Region has never been
 * there: rotate brings it. An end is never brought nearer. */
static bool
add_material(struct renewal *r, size_t key, const struct materials *m, size_t n)
{
	char state[MATERIAL_WORD_SIZE];
	struct due_material *due;
	time_t end;
	bool there = nth_end(m, n, &end);

	nth_word(&m->states, n, state);
	if (there ? end > r->limit || is_as_wanted(r, end)
		  : strcmp(state, WAITING_STATE) == 0)
		return (true);
	if ((due = add_due(r, key)) == NULL)
		return (false);
	due->end = end;
	nth_word(&m->ids, n, due->id);
	return (true);
}

static bool
add_unreadable(struct renewal *r, size_t key)
{
	const struct read_failure *f = r->plan.to->failure;
	struct due_material *due = add_due(r, key);
	char name[RV_SAID_SIZE];

	if (due == NULL)
		return (false);
	due->end = r->keys.rows[key].end;
	due->status = STATUS_FAILED;
	snprintf(due->reason, sizeof(due->reason), "reading its %s failed: %s",
	    attribute_name(f->type).text, rv_said(f->rv, name));
	return (true);
}

static bool
add_materials(struct renewal *r, size_t key)
{
	struct materials m = MATERIALS_INIT;
	bool done = true;

	if (!materials_read(&m, r->plan.to, &r->keys.rows[key]))
		done = add_unreadable(r, key);
	else
		for (size_t i = 0; i < m.count && done; i++)
			done = add_material(r, key, &m, i);
	materials_free(&m);
	return (done);
}

/* A key that could not be read may end. */
static void
tell_unread(struct renewal *r, const struct listed_key *k)
{
	char name[RV_SAID_SIZE];

	r->unread++;
	message("token %s: %.*s: %s: %s", r->plan.to->label, (int)k->arn.len,
	    k->arn.len == 0 ? "" : (const char *)k->arn.ptr,
	    attribute_name(k->failure.type).text, rv_said(k->failure.rv, name));
}

bool
renewal_find_due(struct renewal *r)
{
	struct buf left_out = BUF_INIT(0);
	bool names;

	r->unread += (unsigned)key_list_tell_left_out(
	    r->plan.to, &left_out, &names);
	buf_free(&left_out);
	for (size_t i = 0; i < r->keys.count; i++) {
		const struct listed_key *k = &r->keys.rows[i];

		if (k->failure.rv != CKR_OK)
			tell_unread(r, k);
		if (view_equal(buf_view(&k->origin), view_str("EXTERNAL")) &&
		    listed_key_ends(k, r->limit) && !add_materials(r, i))
			return (false);
	}
	return (true);
}

bool
renewal_is_due(const struct renewal *r, size_t key)
{
	for (size_t i = 0; i < r->due_count; i++)
		if (r->due[i].key == key)
			return (true);
	return (false);
}

bool
renewal_refresh(struct renewal *r, size_t key)
{
	struct listed_key *k = &r->keys.rows[key];
	const CK_ATTRIBUTE same = {CKA_UNIQUE_ID, k->arn.ptr, k->arn.len};
	struct key_list now = {NULL, 0, 0};
	struct listed_key old;
	bool found;

	r->plan.target_failed = !key_list_find(&now, r->plan.to, &same, 1);
	found = !r->plan.target_failed && now.count == 1;
	if (found) {
		/* a source's row borrows the ARN */
		old = *k;
		*k = now.rows[0];
		now.rows[0] = old;
		old.arn = k->arn;
		k->arn = now.rows[0].arn;
		now.rows[0].arn = old.arn;
	}
	key_list_free(&now);
	return (found);
}

static bool
is_renewed(const struct renewal *r, const struct due_material *due,
    const struct materials *m, time_t *end)
{
	char id[MATERIAL_WORD_SIZE];

	for (size_t i = 0; i < m->count; i++) {
		nth_word(&m->ids, i, id);
		if (strcmp(id, due->id) == 0)
			return (nth_end(m, i, end) &&
				(is_as_wanted(r, *end) || *end > due->end));
	}
	return (false);
}

size_t
renewal_find_renewed(struct renewal *r, size_t key, const struct key *source,
    enum key_status status)
{
	struct materials m = MATERIALS_INIT;
	size_t n = 0;
	time_t end;

	if (!materials_read(&m, r->plan.to, &r->keys.rows[key]))
		m.count = 0;
	for (size_t i = 0; i < r->due_count; i++) {
		struct due_material *due = &r->due[i];

		if (due->key != key || due->status != STATUS_PLANNED ||
		    !is_renewed(r, due, &m, &end))
			continue;
		due->new_end = end;
		due->source = source;
		due->status = status;
		n++;
	}
	materials_free(&m);
	return (n);
}

size_t
renewal_count(const struct renewal *r, enum key_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < r->due_count; i++)
		n += r->due[i].status == status;
	return (n);
}

void
renewal_free(struct renewal *r)
{
	plan_free(&r->plan);
	key_list_free(&r->keys);
	free(r->due);
	free(r->sources);
}
