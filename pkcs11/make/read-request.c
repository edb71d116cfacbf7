#include <string.h>
#include <time.h>
#include "kms/describe.h"
#include "kms/key-kinds.h"
#include "kms/key-tags.h"
#include "cryptoki/constants.h"
#include "cryptoki/keyferry.h"
#include "keydata/names.h"
#include "material.h"
#include "object/attr.h"
#include "read-request.h"
#include "token/login.h"
#include "token/mechanism.h"

#define DAY 86400

CK_RV
read_place(struct call *c, struct template t)
{
	if (!template_bool(t, CKA_TOKEN, false))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a key in KMS is a token object: set CKA_TOKEN"));
	return (call_check_place(c, t));
}

unsigned read_usages(struct template t)
{
	static const struct {
		CK_ATTRIBUTE_TYPE flag;
		unsigned usages;
	} rows[] = {{CKA_ENCRYPT, ENCRYPT_DECRYPT},
	    {CKA_DECRYPT, ENCRYPT_DECRYPT}, {CKA_WRAP, ENCRYPT_DECRYPT},
	    {CKA_UNWRAP, ENCRYPT_DECRYPT},
	    {CKA_SIGN, SIGN_VERIFY | GENERATE_VERIFY_MAC},
	    {CKA_VERIFY, SIGN_VERIFY | GENERATE_VERIFY_MAC},
	    {CKA_SIGN_RECOVER, SIGN_VERIFY}, {CKA_VERIFY_RECOVER, SIGN_VERIFY},
	    {CKA_DERIVE, KEY_AGREEMENT},
	    {CKA_ENCAPSULATE, ENCAPSULATE_DECAPSULATE},
	    {CKA_DECAPSULATE, ENCAPSULATE_DECAPSULATE}};
	unsigned usages = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (template_bool(t, rows[i].flag, false))
			usages |= rows[i].usages;
	return (usages);
}

/* Whether the key is to have each usage that the template asks for, by a key in
 * KMS each: its material must be here. */
static bool
gets_each_usage(const struct call *c, const struct key_request *r)
{
	return (c->token->config->two_usages == TWO_USAGES_BOTH &&
		r->material.ptr != NULL && r->class == CKO_PRIVATE_KEY);
}

CK_RV
choose_usage(struct call *c, struct key_request *r, unsigned wanted)
{
	static const enum key_usage order[] = {SIGN_VERIFY, GENERATE_VERIFY_MAC,
	    ENCRYPT_DECRYPT, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE};
	enum config_two_usages two_usages = c->token->config->two_usages;
	unsigned fit;

	if (wanted == 0 && gets_each_usage(c, r))
		wanted = r->spec->usages;
	fit = wanted & r->spec->usages;
	r->accepted_usages = wanted;
	if (wanted != 0 && fit == 0)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "no %s key of KMS has the usage that the template asks for",
		    r->spec->kms));
	if ((fit & (fit - 1)) != 0 && two_usages == TWO_USAGES_REFUSE)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "the template asks for two usages, a key in KMS has one, "
		    "and two-usages = refuse"));
	if (fit == 0)
		fit = r->spec->usages;
	for (size_t i = r->usage == 0 ? sizeof(order) / sizeof(order[0]) : 0;
	     i > 0; i--)
		if ((fit & order[i - 1]) != 0)
			r->usage = order[i - 1];
	if ((wanted & ~(unsigned)r->usage & r->spec->usages) != 0 &&
	    !gets_each_usage(c, r))
		call_note(c,
		    "of the usages that the template asks for, the key has "
		    "only %s%s",
		    key_usage_name(r->usage),
		    two_usages == TWO_USAGES_BOTH
			? ": two-usages = both is for pairs imported by value "
			  "or generated as RSA or EC keys"
			: "");
	return (CKR_OK);
}

CK_RV
check_allowed(struct call *c, struct template t, const struct key_request *r)
{
	struct view allowed = template_view(t, CKA_ALLOWED_MECHANISMS);
	unsigned usages = r->usage;
	CK_MECHANISM_TYPE type;

	if (gets_each_usage(c, r))
		usages |= r->accepted_usages & r->spec->usages;
	for (size_t i = 0; i + sizeof(type) <= allowed.len; i += sizeof(type)) {
		memcpy(&type, allowed.ptr + i, sizeof(type));
		if (!mech_fits_spec(c, type, r->spec, usages))
			continue;
		call_note(c,
		    "KMS keeps no CKA_ALLOWED_MECHANISMS: the key does all "
		    "that KMS has for %s keys with %s",
		    r->spec->kms, key_usage_name(r->usage));
		return (CKR_OK);
	}
	if (allowed.len == 0)
		return (CKR_OK);
	return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
	    "CKA_ALLOWED_MECHANISMS has no mechanism that KMS has for %s keys "
	    "with %s",
	    r->spec->kms, key_usage_name(r->usage)));
}

/* A name that either half of a pair may give. Both are one key of KMS: where
 * they differ, the private half's counts. */
static void
read_name(struct call *c, struct template public_t, struct template private_t,
    CK_ATTRIBUTE_TYPE type, struct view *name)
{
	struct view a = template_view(private_t, type);
	struct view b = template_view(public_t, type);

	if (a.len != 0 && b.len != 0 && !view_equal(a, b))
		call_note(c,
		    "the halves of the pair are given a different %s, but are "
		    "one key in KMS: both have the private half's",
		    type == CKA_ID ? "CKA_ID" : "CKA_LABEL");
	*name = a.len != 0 ? a : b.len != 0 ? b : VIEW(NULL, 0);
}

CK_RV
read_names(struct call *c, struct template public_t, struct template private_t,
    struct key_request *r)
{
	char alias[KMS_ALIAS_SIZE];

	read_name(c, public_t, private_t, CKA_LABEL, &r->label);
	read_name(c, public_t, private_t, CKA_ID, &r->id);
	if ((r->label.len != 0 && !name_means_alias(r->label) &&
		name_to_alias(NAME_LABEL, r->label, alias) != ERR_OK) ||
	    (r->id.len != 0 && name_to_alias(NAME_ID, r->id, alias) != ERR_OK))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the label or id is too long for a KMS alias, or begins "
		    "with " NAME_RENEWAL));
	return (CKR_OK);
}

/* CKA_END_DATE is the last day, in UTC, that the material is good. */
static CK_RV
read_date(struct call *c, struct view v, double *valid_to)
{
	time_t last;

	if (!template_read_date(v, &last) || last <= 0)
		return (call_error(
		    c, CKR_ATTRIBUTE_VALUE_INVALID, "CKA_END_DATE is no date"));
	*valid_to = (double)last;
	return (CKR_OK);
}

/* KMS takes ends of at most 365 days from now. The last second of a day that
 * it reaches into means that limit. */
static CK_RV
check_end(struct call *c, bool is_day, double *valid_to)
{
	double now = service_time(c), limit = now + 365.0 * DAY;

	if (*valid_to <= now)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the expiration date in the template has passed"));
	if (is_day && *valid_to > limit && *valid_to - DAY < limit)
		*valid_to = (double)(int64_t)limit;
	if (*valid_to > limit)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS keeps imported material for at most 365 days"));
	return (CKR_OK);
}

/* An end may be taken away only by saying so. */
static CK_RV
read_expiration_model(
    struct call *c, struct template t, bool has_end, struct key_request *r)
{
	struct view model = template_view(t, CKA_KEYFERRY_EXPIRATION_MODEL);
	bool never = view_equal(
	    model, view_str("KEY_MATERIAL_DOES_NOT_EXPIRE"));

	if (model.len == 0)
		return (CKR_OK);
	if (!never && !view_equal(model, view_str("KEY_MATERIAL_EXPIRES")))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_KEYFERRY_EXPIRATION_MODEL is KEY_MATERIAL_EXPIRES or "
		    "KEY_MATERIAL_DOES_NOT_EXPIRE"));
	if (never == has_end)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    never ? "CKA_KEYFERRY_EXPIRATION_MODEL says that there is "
			    "no end, and the template has one"
			  : "CKA_KEYFERRY_EXPIRATION_MODEL says that there is "
			    "an end: give it as CKA_END_DATE"));
	r->end_is_said = true;
	return (CKR_OK);
}

/* The day, or to the second by the vendor attribute. */
static CK_RV
read_expiry(struct call *c, struct template t, struct key_request *r)
{
	struct view date = template_view(t, CKA_END_DATE);
	CK_ULONG second = template_ulong(t, CKA_KEYFERRY_VALID_TO, 0);
	CK_RV rv;

	if (date.len != 0 && (rv = read_date(c, date, &r->valid_to)) != CKR_OK)
		return (rv);
	if (date.len != 0 && second != 0 &&
	    (CK_ULONG)r->valid_to / DAY != second / DAY)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKA_END_DATE and CKA_KEYFERRY_VALID_TO name different "
		    "days"));
	if (second != 0)
		r->valid_to = (double)second;
	r->end_is_said = r->valid_to != 0;
	if (r->end_is_said &&
	    (rv = check_end(c, second == 0, &r->valid_to)) != CKR_OK)
		return (rv);
	return (read_expiration_model(c, t, r->end_is_said, r));
}

static CK_RV
read_rotation(struct call *c, struct template t, struct key_request *r)
{
	r->new_material = template_bool(t, CKA_KEYFERRY_NEW_MATERIAL, false);
	if (r->new_material && r->spec->type != CKK_AES)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "KMS rotates the imported material of AES keys only"));
	return (CKR_OK);
}

CK_RV
read_new_key(struct call *c, struct template t, struct key_request *r)
{
	const struct config_token *config = c->token->config;

	r->tags = template_view(t, CKA_KEYFERRY_TAGS);
	if (!key_tags_are_valid(r->tags))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_KEYFERRY_TAGS is no list of tags that KMS takes: "
		    "KEY=VALUE, with commas between"));
	r->multi_region_is_said = template_has(t, CKA_KEYFERRY_MULTI_REGION);
	r->multi_region = template_bool(t, CKA_KEYFERRY_MULTI_REGION, false);
	if (r->multi_region_is_said && !r->multi_region &&
	    config->replicas != NULL)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKA_KEYFERRY_MULTI_REGION is false, and the configuration "
		    "has replicas"));
	return (CKR_OK);
}

CK_RV
check_kept(struct call *c, struct template t)
{
	static const CK_ATTRIBUTE_TYPE none[] = {CKA_START_DATE,
	    CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE,
	    CKA_ENCAPSULATE_TEMPLATE, CKA_DECAPSULATE_TEMPLATE};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (template_view(t, none[i]).len != 0)
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "KMS keeps no %s: leave it out",
			    attribute_name(none[i]).text));
	return (CKR_OK);
}

/* What is left to read when the KeySpec is known. */
static CK_RV
read_rest(struct call *c, struct template t, struct key_request *r)
{
	static const struct template none = {NULL, 0};
	CK_RV rv;

	if ((rv = check_kept(c, t)) == CKR_OK &&
	    (rv = read_place(c, t)) == CKR_OK &&
	    (rv = choose_usage(c, r, read_usages(t))) == CKR_OK &&
	    (rv = check_allowed(c, t, r)) == CKR_OK &&
	    (rv = read_names(c, none, t, r)) == CKR_OK &&
	    (rv = read_new_key(c, t, r)) == CKR_OK &&
	    (rv = read_rotation(c, t, r)) == CKR_OK)
		rv = read_expiry(c, t, r);
	return (rv);
}

/* The class and the key type, without which no other attribute can be read. */
static CK_RV
read_target(struct call *c, struct template t, struct attr_target *target)
{
	CK_RV rv;

	target->class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	target->type = template_ulong(
	    t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	if (target->class == CKO_DATA &&
	    (rv = attr_check(c, t, *target)) != CKR_OK)
		return (rv);
	if (template_has(t, CKA_CLASS) && target->class != CKO_SECRET_KEY &&
	    target->class != CKO_PRIVATE_KEY && target->class != CKO_PUBLIC_KEY)
		return (key_kind_refuse_class(c, target->class));
	if (!template_has(t, CKA_CLASS) || !template_has(t, CKA_KEY_TYPE))
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "CKA_CLASS or CKA_KEY_TYPE is missing"));
	return (CKR_OK);
}

CK_RV
read_create(struct call *c, struct template t, struct key_request *r)
{
	struct attr_target target = {.purpose = ATTR_CREATE, .token = true};
	CK_RV rv;

	*r = (struct key_request)KEY_REQUEST_INIT(c->module->arena);
	if ((rv = read_place(c, t)) != CKR_OK ||
	    (rv = read_target(c, t, &target)) != CKR_OK ||
	    (rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	r->class = target.class;
	if (target.class == CKO_PUBLIC_KEY)
		return (check_kept(c, t));
	if ((rv = read_material(c, t, target.type, r)) == CKR_OK)
		rv = read_rest(c, t, r);
	return (rv);
}

/* Whether the template describes what the key takes. */
static bool
describes(struct template t, const struct attr_target *target,
    const struct key_spec *spec)
{
	CK_ULONG len = template_ulong(t, CKA_VALUE_LEN, 0);

	/* pkcs11-tool says 0 for a length that it was not told */
	return (target->class == spec->class &&
		key_spec_has_type(spec, target->type) &&
		(len == 0 || (len >= spec->min_len && len <= spec->max_len)));
}

CK_RV
read_unwrap(struct call *c, struct template t, const struct key *k,
    struct key_request *r)
{
	struct attr_target target = {.purpose = ATTR_UNWRAP, .token = true};
	CK_RV rv;

	*r = (struct key_request)KEY_REQUEST_INIT(c->module->arena);
	if ((rv = read_target(c, t, &target)) != CKR_OK)
		return (rv);
	r->class = target.class;
	r->spec = k->spec;
	r->usage = k->meta.usage;
	if ((rv = attr_check(c, t, target)) != CKR_OK ||
	    (rv = key_kind_check(c, t, 0)) != CKR_OK)
		return (rv);
	if (!describes(t, &target, k->spec))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "key %s takes %s material", k->meta.id, k->spec->kms));
	if ((rv = read_rest(c, t, r)) == CKR_OK && r->accepted_usages != 0 &&
	    (r->accepted_usages & k->meta.usage) == 0)
		rv = call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "key %s was made for %s", k->meta.id, k->meta.words.usage);
	return (rv);
}

void
key_request_free(struct key_request *r)
{
	buf_free(&r->encoded);
}
