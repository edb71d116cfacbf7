#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "hex.h"
#include "base64.h"
#include "call/call.h"

#define BUF_MOST (16 * 1024)
#define MARKER "after:" /* what a marker says, before base64 */
#define MARKER_LEN (sizeof(MARKER) - 1)

void
call_lock(struct call *c)
{
	if (!c->locked)
		store_lock(c->service->store);
	c->locked = true;
}

struct buf *
call_buf(struct call *c)
{
	struct buf *b = &c->bufs[c->buf_count];

	/* an operation that needs more is a bug */
	if (c->buf_count == CALL_BUFS)
		abort();
	c->buf_count++;
	b->max = BUF_MOST;
	return (b);
}

const char *
call_text(const struct call *c, enum input_member m, const char *other)
{
	return (c->in[m].set ? (const char *)c->in[m].bytes.ptr : other);
}

bool
call_out_of_memory(struct call *c)
{
	return (REFUSE(c, INTERNAL, "out of memory"));
}

bool
call_store_failed(struct call *c)
{
	return (REFUSE(c, INTERNAL, "The store cannot be written."));
}

bool
call_check_no_recipient(struct call *c)
{
	return (!call_has(c, IN_RECIPIENT) ||
		REFUSE(c, UNSUPPORTED, "Recipient is not supported."));
}

const char *
call_key_arn(struct call *c, const char *region, const char *id)
{
	const char *s = pool_printf(&c->pool, "arn:%s:kms:%s:%s:key/%s",
	    text_partition(region), region, c->service->account, id);

	return (s != NULL ? s : "");
}

const char *
call_arn(struct call *c, const struct key *k)
{
	return (call_key_arn(c, k->region, k->id));
}

const char *
call_alias_arn(struct call *c, const char *name)
{
	const char *s = pool_printf(&c->pool, "arn:%s:kms:%s:%s:%s",
	    text_partition(c->caller.region), c->caller.region,
	    c->service->account, name);

	return (s != NULL ? s : "");
}

bool
call_check_allowed(struct call *c, const struct key *k)
{
	if (!controls_denied(
		c->service->controls, c->operation, k, c->caller.access_key))
		return (true);
	return (REFUSE(c, ACCESS_DENIED,
	    "User: %s is not authorized to perform: kms:%s on resource: %s "
	    "because no identity-based policy allows the kms:%s action",
	    c->caller.arn, c->operation, k != NULL ? call_arn(c, k) : "*",
	    c->operation));
}

static bool
take_key(struct call *c, struct key *k, const struct key **out)
{
	if (c->key_count == CALL_KEYS)
		abort(); /* as in call_buf() */
	c->keys[c->key_count++] = k;
	*out = k;
	return (call_check_allowed(c, k));
}

/* A UUID, or "mrk-" and 32 digits. */
static bool
is_key_id(const char *s)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strncmp(s, "mrk-", 4) == 0)
		return (strlen(s) == 36 && hex_is_lower(s + 4, 32));
	if (strlen(s) != sizeof(form) - 1)
		return (false);
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == '-' ? s[i] != '-' : hex_value(s[i]) < 0)
			return (false);
	return (true);
}

static bool
find_by_id(struct call *c, const char *id, const struct key **out)
{
	struct store *s = c->service->store;
	struct key *k;

	if (!is_key_id(id))
		return (REFUSE(c, NOT_FOUND, "Invalid keyId '%s'", id));
	k = c->locked ? store_current_key(s, c->caller.region, id)
		      : store_key(s, c->caller.region, id);
	if (k == NULL)
		return (REFUSE(c, NOT_FOUND, "Key '%s' does not exist",
		    call_key_arn(c, c->caller.region, id)));
	return (take_key(c, k, out));
}

static bool
find_by_alias(struct call *c, const char *name, const struct key **out)
{
	struct alias a;

	if (!store_alias(c->service->store, c->caller.region, name, &a))
		return (REFUSE(c, NOT_FOUND, "Alias %s is not found.",
		    call_alias_arn(c, name)));
	return (find_by_id(c, a.key_id, out));
}

/* "arn:aws:kms:REGION:ACCOUNT:REST": sets *rest. */
static bool
take_arn(struct call *c, const char *arn, const char **rest)
{
	const char *part[6];
	size_t n = 0, region_len, account_len;
	const char *s = arn;

	for (; n < 6 && s != NULL; n++) {
		part[n] = s;
		if ((s = strchr(s, ':')) != NULL)
			s++;
	}
	if (n < 6 || strncmp(part[2], "kms:", 4) != 0)
		return (REFUSE(c, INVALID_ARN, "Invalid arn %s", arn));
	if (!view_equal(VIEW(part[1], (size_t)(part[2] - part[1]) - 1),
		view_str(text_partition(c->caller.region))))
		return (REFUSE(c, INVALID_ARN, "Invalid arn %s", arn));
	region_len = (size_t)(part[4] - part[3]) - 1;
	account_len = (size_t)(part[5] - part[4]) - 1;
	if (!view_equal(VIEW(part[3], region_len), view_str(c->caller.region)))
		return (REFUSE(c, NOT_FOUND, "Invalid arn %.*s",
		    (int)region_len, part[3]));
	if (!view_equal(
		VIEW(part[4], account_len), view_str(c->service->account)))
		return (REFUSE(c, ACCESS_DENIED,
		    "User: %s is not authorized to perform: kms:%s on "
		    "resource: %s because no resource-based policy allows the "
		    "kms:%s action",
		    c->caller.arn, c->operation, arn, c->operation));
	*rest = part[5];
	return (true);
}

bool
call_find_key(
    struct call *c, struct view id, bool alias_ok, const struct key **out)
{
	const char *s = (const char *)id.ptr;

	if (strlen(s) != id.len)
		return (REFUSE(c, NOT_FOUND, "Invalid keyId '%s'", s));
	if (strncmp(s, "arn:", 4) == 0) {
		if (!take_arn(c, s, &s))
			return (false);
		if (strncmp(s, "key/", 4) == 0)
			return (find_by_id(c, s + 4, out));
		if (strncmp(s, "alias/", 6) != 0 || !alias_ok)
			return (REFUSE(c, INVALID_ARN, "Invalid arn %s",
			    (const char *)id.ptr));
	}
	if (strncmp(s, "alias/", 6) == 0 && alias_ok)
		return (find_by_alias(c, s, out));
	return (find_by_id(c, s, out));
}

bool
call_store_key(struct call *c, struct key *k)
{
	if (k == NULL)
		return (call_out_of_memory(c));
	if (store_put_key(c->service->store, k))
		return (true);
	return (call_store_failed(c));
}

bool
call_check_usage(struct call *c, const struct key *k, enum usage usage)
{
	if (usage == 0 || k->usage == usage)
		return (true);
	return (REFUSE(c, INVALID_KEY_USAGE,
	    "%s key usage is %s which is not valid for %s.", call_arn(c, k),
	    usage_name(k->usage), c->operation));
}

bool
call_algorithm(struct call *c, const struct key *k, struct view name,
    const struct algorithm **out)
{
	*out = algorithm_find(name);
	if (*out != NULL && spec_does(k->spec, *out) &&
	    (*out)->usage == k->usage)
		return (true);
	return (REFUSE(c, INVALID_KEY_USAGE,
	    "Algorithm %.*s is incompatible with key spec %s.", (int)name.len,
	    (const char *)name.ptr, k->spec->name));
}

bool
call_page(struct call *c, size_t most, size_t usual, size_t *limit,
    const char **after)
{
	struct view text;

	*limit = usual;
	if (call_has(c, IN_LIMIT))
		*limit = (size_t)c->in[IN_LIMIT].number;
	if (*limit > most)
		*limit = most;
	*after = "";
	if (!call_has(c, IN_MARKER))
		return (true);
	text = input_base64(c->in[IN_MARKER].bytes, &c->pool);
	if (text.len <= MARKER_LEN ||
	    memcmp(text.ptr, MARKER, MARKER_LEN) != 0 ||
	    memchr(text.ptr, '\0', text.len) != NULL)
		return (REFUSE(c, INVALID_MARKER, "Invalid marker"));
	*after = pool_copy(&c->pool, text);
	if (*after == NULL)
		return (call_out_of_memory(c));
	*after += MARKER_LEN;
	return (true);
}

void
call_free(struct call *c)
{
	if (c->locked)
		store_unlock(c->service->store);
	for (size_t i = 0; i < c->key_count; i++)
		key_unref(c->keys[i]);
	for (size_t i = 0; i < c->buf_count; i++)
		buf_free(&c->bufs[i]);
	pool_free(&c->pool);
}

void
call_page_end(struct call *c, bool more, const char *last)
{
	const char *marker = pool_printf(&c->pool, MARKER "%s", last);
	struct buf text = BUF_INIT(SIZE_MAX);

	c->out.truncated = more ? JSON_TRUE : JSON_FALSE;
	if (more && marker != NULL &&
	    base64_write(view_str(marker), &text) == ERR_OK)
		c->out.next_marker = pool_copy(&c->pool, buf_view(&text));
	buf_free(&text);
}
