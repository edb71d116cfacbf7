#include <stdio.h>
#include <string.h>
#include "config/key-list.h"
#include "keydata/names.h"
#include "import-set.h"
#include "token/state.h"
#include "key-trust.h"

#define RECORD_SIZE (KMS_ID_SIZE + 8)

static void
record_name(const char *key_id, char name[RECORD_SIZE])
{
	snprintf(name, RECORD_SIZE, "made-%s", key_id);
}

static void
companion_name(const char *key_id, char name[RECORD_SIZE])
{
	snprintf(name, RECORD_SIZE, "also-%s", key_id);
}

enum err
key_trust_record(struct call *c, const struct key *k, const char *companion_of)
{
	char name[RECORD_SIZE];
	enum err e;

	record_name(k->meta.id, name);
	e = state_write(c, name, view_str(k->meta.arn));
	if (e != ERR_OK || companion_of == NULL)
		return (e);
	companion_name(companion_of, name);
	return (state_write(c, name, view_str(k->meta.id)));
}

void
key_trust_record_replica(
    struct call *c, size_t region, const char *key_id, const char *arn)
{
	struct kms before = c->kms;
	char name[RECORD_SIZE];

	record_name(key_id, name);
	(void)state_write_in_region(c, region, name, view_str(arn));
	c->kms = before;
}

enum err
key_trust_companion(
    struct call *c, const char *key_id, char companion_id[KMS_ID_SIZE])
{
	struct buf id = BUF_INIT(KMS_ID_SIZE - 1);
	char name[RECORD_SIZE];
	enum err e;

	companion_name(key_id, name);
	if ((e = state_read(c, name, &id)) == ERR_OK)
		snprintf(companion_id, KMS_ID_SIZE, "%.*s", (int)id.len,
		    (const char *)id.ptr);
	buf_free(&id);
	return (e);
}

bool
key_trust_is_recorded(struct call *c, const struct key *k)
{
	struct kms before = c->kms;
	struct buf arn = BUF_INIT(KMS_ID_SIZE);
	char name[RECORD_SIZE];
	bool yes;

	record_name(k->meta.id, name);
	yes = strchr(k->meta.id, '/') == NULL &&
	      state_read(c, name, &arn) == ERR_OK &&
	      view_equal(buf_view(&arn), view_str(k->meta.arn));
	buf_free(&arn);
	c->kms = before;
	return (yes);
}

bool
key_trust_is_named(struct view name, const struct key *k)
{
	uint8_t id[16];

	return (view_equal(name, view_str(k->meta.arn)) ||
		view_equal(name, view_str(k->meta.id)) ||
		(name_default_id(k->meta.id, id) &&
		    view_equal(name, VIEW(id, sizeof(id)))));
}

/* Whoever put the set there named the key by its ARN. */
static bool
has_set(struct call *c, const struct key *k, bool renewal)
{
	struct import_set s = IMPORT_SET_INIT;
	bool yes = import_set_read(c, k->meta.id, renewal, &s) == ERR_OK &&
		   strcmp(s.arn, k->meta.arn) == 0;

	import_set_free(&s);
	return (yes);
}

static bool
is_configured(struct call *c, const struct key *k)
{
	const struct config_token *config = c->token->config;

	return (config->adopt ||
		key_list_has(config->keys, k->meta.id, k->meta.arn) ||
		has_set(c, k, false) || has_set(c, k, true));
}

bool
key_trust_for_any_request(struct call *c, const struct key *k)
{
	return (k->meta.material_id[0] != '\0' || is_configured(c, k) ||
		key_trust_is_recorded(c, k));
}

/* A key that has material takes the same or nothing, unless it is rotated. */
bool
key_trust_for_request(
    struct call *c, const struct key_request *r, const struct key *k)
{
	if (key_trust_is_named(r->id, k) || key_trust_is_named(r->label, k))
		return (true);
	if (!r->new_material)
		return (!key_is_pending_import(k) ||
			key_trust_for_any_request(c, k));
	return (is_configured(c, k) || key_trust_is_recorded(c, k));
}

CK_RV
key_trust_refuse(struct call *c, const struct key *k, CK_RV rv)
{
	return (call_error(c, rv,
	    "%s was not made from here, and its name alone does not "
	    "show whose it is: if it is yours, give this ARN as the label, "
	    "list it in keys, "
	    "or set adopt = yes",
	    k->meta.arn));
}
