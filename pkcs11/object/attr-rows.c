#include <string.h>
#include <time.h>
#include "attr-rows.h"
#include "certificate-names.h"
#include "cryptoki/keyferry.h"
#include "token/mechanism.h"
#include "key-name.h"
#include "kms/given-set.h"
#include "kms/import-params.h"
#include "kms/key-tags.h"
#include "kms/last-use.h"
#include "kms/list-materials.h"
#include "kms/region-list.h"
#include "token/pubkey.h"

/* In a template that makes a key. */
#define MAY_BE_OF_NEW (MAY(CREATE) | MAY(UNWRAP) | MAY(COPY) | MAY(GENERATE))
#define EXPIRY_MAX 253402300799.0 /* the end of the year 9999, in seconds */

static CK_RV
read_empty(struct call *c, const struct object *o, struct buf *out)
{
	(void)c, (void)o, (void)out;
	return (CKR_OK);
}

/* No module of KMS's that is validated tells of its certificates here. */
static CK_RV
read_no_flags(struct call *c, const struct object *o, struct buf *out)
{
	(void)o;
	return (attr_put_ulong(c, out, 0));
}

static CK_RV
read_class(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put_ulong(c, out, o->class));
}

static CK_RV
read_key_type(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put_ulong(c, out, object_type(o)));
}

static CK_RV
read_value_len(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put_ulong(c, out, o->key->spec->bits / 8));
}

/* The name of a renewal pair is that of its key behind a prefix. */
static CK_RV
put_prefix(struct call *c, const struct object *o, struct buf *out)
{
	return (
	    o->is_renewal ? attr_put(c, out, view_str(NAME_RENEWAL)) : CKR_OK);
}

static CK_RV
read_unique_id(struct call *c, const struct object *o, struct buf *out)
{
	CK_RV rv = o->class == CKO_PUBLIC_KEY
		       ? attr_put(c, out, view_str(NAME_PUBLIC))
		       : CKR_OK;

	if (rv == CKR_OK)
		rv = put_prefix(c, o, out);
	return (
	    rv == CKR_OK ? attr_put(c, out, view_str(o->key->meta.arn)) : rv);
}

/* The key for which an import pair is. */
static CK_RV
read_pair_of(struct call *c, const struct object *o, struct buf *out)
{
	return (
	    o->is_pair ? attr_put(c, out, view_str(o->key->meta.arn)) : CKR_OK);
}

static CK_RV
read_name(struct call *c, const struct object *o, enum name_kind kind,
    struct buf *out)
{
	struct buf name = BUF_INIT(KMS_ALIAS_SIZE);
	CK_RV rv = key_name_read(c, o->key, kind, &name);

	if (rv == CKR_OK && name.len != 0 &&
	    (rv = put_prefix(c, o, out)) == CKR_OK)
		rv = attr_put(c, out, buf_view(&name));
	buf_free(&name);
	return (rv);
}

static CK_RV
read_label(struct call *c, const struct object *o, struct buf *out)
{
	return (read_name(c, o, NAME_LABEL, out));
}

static CK_RV
read_id(struct call *c, const struct object *o, struct buf *out)
{
	return (read_name(c, o, NAME_ID, out));
}

/* ValidTo in seconds; 0: there is none. False: it is no time, and a conversion
 * would be undefined. CK_DATE ends with the year 9999, too. */
static bool
expiry_of(const struct key *k, int64_t *seconds)
{
	double at = k->meta.valid_to;

	if (!(at >= 0 && at <= EXPIRY_MAX))
		return (false);
	*seconds = (int64_t)at;
	return (true);
}

/* ValidTo as CK_DATE: the day, in UTC, on which the material expires. */
static CK_RV
read_end_date(struct call *c, const struct object *o, struct buf *out)
{
	int64_t seconds;
	time_t t;
	struct tm tm;
	char text[sizeof("YYYYMMDD")];

	if (!expiry_of(o->key, &seconds))
		return (call_fail(c, ERR_REPLY));
	t = (time_t)seconds;
	if (t == 0 || o->is_pair)
		return (CKR_OK);
	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y%m%d", &tm) != sizeof(CK_DATE))
		return (call_fail(c, ERR_REPLY));
	return (attr_put(c, out, VIEW(text, sizeof(CK_DATE))));
}

static CK_RV
read_gen_mechanism(struct call *c, const struct object *o, struct buf *out)
{
	if (o->is_pair)
		return (attr_put_ulong(c, out, CKM_RSA_PKCS_KEY_PAIR_GEN));
	if (!key_is_made_by_kms(o->key))
		return (attr_put_ulong(c, out, CK_UNAVAILABLE_INFORMATION));
	return (attr_put_ulong(c, out, key_spec_generator(o->key->spec)));
}

static bool
has_ulong(const struct buf *b, CK_ULONG wanted)
{
	CK_ULONG v;

	for (size_t at = 0; at + sizeof(v) <= b->len; at += sizeof(v)) {
		memcpy(&v, b->ptr + at, sizeof(v));
		if (v == wanted)
			return (true);
	}
	return (false);
}

/* A mechanism may have more rows than one. */
static CK_RV
read_allowed(struct call *c, const struct object *o, struct buf *out)
{
	CK_RV rv = CKR_OK;

	if (o->is_pair)
		return (import_params_read_allowed(c, o, out));
	for (size_t i = 0; i < mech_count && rv == CKR_OK; i++)
		if (mech_fits_key(c, &mechs[i], o) &&
		    !has_ulong(out, mechs[i].type))
			rv = attr_put_ulong(c, out, mechs[i].type);
	return (rv);
}

static CK_RV
read_state(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put(c, out, view_str(o->key->meta.words.state)));
}

static CK_RV
read_spec(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put(c, out, view_str(o->key->meta.spec)));
}

static CK_RV
read_usage(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put(c, out, view_str(o->key->meta.words.usage)));
}

static CK_RV
read_origin(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put(c, out, view_str(o->key->meta.words.origin)));
}

static CK_RV
read_expiration_model(struct call *c, const struct object *o, struct buf *out)
{
	return (
	    attr_put(c, out, view_str(o->key->meta.words.expiration_model)));
}

static CK_RV
read_material_id(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put(c, out, view_str(o->key->meta.material_id)));
}

static CK_RV
read_description(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put(c, out, buf_view(&o->key->meta.description)));
}

static CK_RV
read_last_error(struct call *c, const struct object *o, struct buf *out)
{
	(void)o;
	return (c->session == NULL
		    ? CKR_OK
		    : attr_put(c, out, view_str(c->session->last_error)));
}

static CK_RV
read_destroy(struct call *c, const struct object *o, struct buf *out)
{
	(void)o;
	return (attr_put(c, out,
	    view_str(c->token->config->destroy == DESTROY_SCHEDULE_DELETION
			 ? "schedule-deletion"
			 : "delete-material")));
}

static CK_RV
read_deletion_days(struct call *c, const struct object *o, struct buf *out)
{
	(void)o;
	return (
	    attr_put_ulong(c, out, (CK_ULONG)c->token->config->deletion_days));
}

static CK_RV
read_region(struct call *c, const struct object *o, struct buf *out)
{
	(void)o;
	return (attr_put(c, out, view_str(client_region(c->token->client))));
}

static CK_RV
read_renewal_days(struct call *c, const struct object *o, struct buf *out)
{
	(void)o;
	return (
	    attr_put_ulong(c, out, (CK_ULONG)c->token->config->renewal_days));
}

static CK_RV
read_left_out(struct call *c, const struct object *o, struct buf *out)
{
	enum err e = listing_turn_left_out(&c->token->listing, out);

	(void)o;
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* A time in whole seconds; empty: there is none. */
static CK_RV
read_deletion(struct call *c, const struct object *o, struct buf *out)
{
	double at = o->key->meta.deletion;

	if (!(at >= 0 && at <= EXPIRY_MAX))
		return (call_fail(c, ERR_REPLY));
	return (at < 1 ? CKR_OK : attr_put_ulong(c, out, (CK_ULONG)at));
}

static CK_RV
read_valid_to(struct call *c, const struct object *o, struct buf *out)
{
	int64_t seconds;

	if (!expiry_of(o->key, &seconds))
		return (call_fail(c, ERR_REPLY));
	if (seconds == 0)
		return (CKR_OK);
	return (attr_put_ulong(c, out, (CK_ULONG)seconds));
}

/* PKCS#1 v1.5 hides nothing of what it signs. */
static CK_RV
read_recovers(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put_bool(c, out,
	    !o->is_pair && o->key->spec->type == CKK_RSA &&
		key_for_usage(o->key, SIGN_VERIFY) != NULL));
}

/* Of an import pair the wrapping key, of another the key itself. */
#define EITHER(name)                                                      \
	static CK_RV read_##name(                                         \
	    struct call *c, const struct object *o, struct buf *out)      \
	{                                                                 \
		return (o->is_pair ? import_params_read_##name(c, o, out) \
				   : pubkey_read_##name(c, o, out));      \
	}
EITHER(modulus)
EITHER(exponent)
EITHER(bits)
EITHER(info)

/* clang-format off */
const struct attr attrs[] = {
	/* type, form, on, templates; in KMS: fact or reader */
	{ CKA_CLASS, FORM_ULONG, ON_ALL, MAY_MAKE, FACT_FALSE, read_class },
	{ CKA_TOKEN, FORM_BOOL, ON_ALL, MAY_MAKE | MAY(COPY), FACT_TRUE, NULL },
	{ CKA_PRIVATE, FORM_BOOL, ON_ALL, MAY_MAKE | MAY(COPY), FACT_PRIVATE, NULL },
	{ CKA_MODIFIABLE, FORM_BOOL, ON_ALL, MAY_MAKE | MAY(COPY) | DEFAULT_TRUE, FACT_MODIFIABLE, NULL },
	{ CKA_COPYABLE, FORM_BOOL, ON_STORED, MAY_ALL | DEFAULT_TRUE | STICKY_FALSE, FACT_FALSE, NULL },
	{ CKA_DESTROYABLE, FORM_BOOL, ON_STORED, MAY_MAKE | MAY(COPY) | DEFAULT_TRUE, FACT_DESTROYABLE, NULL },
	{ CKA_LABEL, FORM_BYTES, ON_ALL & ~ON_CERTIFICATE, MAY_ALL | SETTABLE_IN_KMS | MAY_CALL_KMS, FACT_FALSE, read_label },
	{ CKA_LABEL, FORM_BYTES, ON_CERTIFICATE, MAY_ALL | SETTABLE_IN_KMS, FACT_FALSE, certificate_read_label },
	{ CKA_UNIQUE_ID, FORM_BYTES, ON_ALL, 0, FACT_FALSE, read_unique_id },
	{ CKA_KEY_TYPE, FORM_ULONG, ON_KEYS | ON_PARAMETERS, MAY_MAKE, FACT_FALSE, read_key_type },
	{ CKA_ID, FORM_BYTES, ON_KEYS, MAY_ALL | SETTABLE_IN_KMS | MAY_CALL_KMS, FACT_FALSE, read_id },
	{ CKA_ID, FORM_BYTES, ON_CERTIFICATE, MAY_ALL | SETTABLE_IN_KMS, FACT_FALSE, certificate_read_id },
	{ CKA_START_DATE, FORM_DATE, ON_KEYS, MAY_ALL, FACT_FALSE, read_empty },
	{ CKA_START_DATE, FORM_DATE, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_END_DATE, FORM_DATE, ON_KEYS, MAY_ALL, FACT_FALSE, read_end_date },
	{ CKA_END_DATE, FORM_DATE, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_OBJECT_VALIDATION_FLAGS, FORM_ULONG, ON_KEYS, DEFAULT_ZERO, FACT_FALSE, read_no_flags },
	{ CKA_LOCAL, FORM_BOOL, ON_KEYS | ON_PARAMETERS, 0, FACT_LOCAL, NULL },
	{ CKA_KEY_GEN_MECHANISM, FORM_ULONG, ON_KEYS, 0, FACT_FALSE, read_gen_mechanism },
	{ CKA_ALLOWED_MECHANISMS, FORM_MECHANISMS, ON_KEYS, MAY_MAKE, FACT_FALSE, read_allowed },

	{ CKA_ENCRYPT, FORM_BOOL, ON_SECRET_OR_PUBLIC, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_ENCRYPTS, NULL },
	{ CKA_DECRYPT, FORM_BOOL, ON_SECRET_OR_PRIVATE, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_ENCRYPTS, NULL },
	{ CKA_SIGN, FORM_BOOL, ON_SECRET_OR_PRIVATE, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_SIGNS, NULL },
	{ CKA_SIGN_RECOVER, FORM_BOOL, ON_PRIVATE, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_FALSE, read_recovers },
	{ CKA_VERIFY, FORM_BOOL, ON_SECRET_OR_PUBLIC, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_SIGNS, NULL },
	{ CKA_VERIFY_RECOVER, FORM_BOOL, ON_PUBLIC, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_FALSE, read_recovers },
	{ CKA_WRAP, FORM_BOOL, ON_SECRET_OR_PUBLIC, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_WRAPS, NULL },
	{ CKA_UNWRAP, FORM_BOOL, ON_SECRET_OR_PRIVATE, MAY_ALL | DEFAULT_TRUE | USAGE, FACT_WRAPS, NULL },
	{ CKA_DERIVE, FORM_BOOL, ON_KEYS, MAY_ALL | USAGE, FACT_DERIVES, NULL },
	{ CKA_ENCAPSULATE, FORM_BOOL, ON_PUBLIC, MAY_ALL | USAGE, FACT_ENCAPSULATES, NULL },
	{ CKA_DECAPSULATE, FORM_BOOL, ON_PRIVATE, MAY_ALL | USAGE, FACT_ENCAPSULATES, NULL },
	{ CKA_TRUSTED, FORM_BOOL, ON_SECRET_OR_PUBLIC | ON_CERTIFICATE, MAY_MAKE | OFFICER, FACT_FALSE, NULL },
	{ CKA_ALWAYS_AUTHENTICATE, FORM_BOOL, ON_PRIVATE, MAY_MAKE | FALSE_IN_KMS, FACT_FALSE, NULL },

	{ CKA_SENSITIVE, FORM_BOOL, ON_SECRET_OR_PRIVATE, MAY_ALL | DEFAULT_TRUE | STICKY_TRUE, FACT_TRUE, NULL },
	{ CKA_EXTRACTABLE, FORM_BOOL, ON_SECRET_OR_PRIVATE, MAY_ALL | FALSE_IN_KMS | STICKY_FALSE, FACT_FALSE, NULL },
	{ CKA_ALWAYS_SENSITIVE, FORM_BOOL, ON_SECRET_OR_PRIVATE, 0, FACT_LOCAL, NULL },
	{ CKA_NEVER_EXTRACTABLE, FORM_BOOL, ON_SECRET_OR_PRIVATE, 0, FACT_LOCAL, NULL },
	{ CKA_WRAP_WITH_TRUSTED, FORM_BOOL, ON_SECRET_OR_PRIVATE, MAY_ALL | FALSE_IN_KMS | STICKY_TRUE, FACT_FALSE, NULL },
	{ CKA_WRAP_TEMPLATE, FORM_TEMPLATE, ON_SECRET_OR_PUBLIC, MAY_MAKE, FACT_FALSE, read_empty },
	{ CKA_UNWRAP_TEMPLATE, FORM_TEMPLATE, ON_SECRET_OR_PRIVATE, MAY_MAKE, FACT_FALSE, read_empty },
	{ CKA_DERIVE_TEMPLATE, FORM_TEMPLATE, ON_SECRET_OR_PRIVATE, MAY_MAKE, FACT_FALSE, read_empty },
	{ CKA_ENCAPSULATE_TEMPLATE, FORM_TEMPLATE, ON_PQ_PUBLIC, MAY_MAKE, FACT_FALSE, read_empty },
	{ CKA_DECAPSULATE_TEMPLATE, FORM_TEMPLATE, ON_PQ_PRIVATE, MAY_MAKE, FACT_FALSE, read_empty },

	{ CKA_VALUE, FORM_BYTES, ON_SECRET, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_CHECK_VALUE, FORM_BYTES, ON_SECRET, MAY_ALL | TO_NONE, FACT_FALSE, NULL },
	{ CKA_VALUE_LEN, FORM_ULONG, ON_SECRET, MAY_MAKE & ~MAY(CREATE), FACT_FALSE, read_value_len },

	{ CKA_SUBJECT, FORM_BYTES, ON_PAIR, MAY_ALL | SETTABLE_IN_KMS, FACT_FALSE, read_empty },
	{ CKA_PUBLIC_KEY_INFO, FORM_BYTES, ON_PUBLIC, MAY_MAKE | MAY_CALL_KMS, FACT_FALSE, read_info },
	{ CKA_PUBLIC_KEY_INFO, FORM_BYTES, ON_PRIVATE, MAY_ALL | ITS_OWN | SETTABLE_IN_KMS | MAY_CALL_KMS, FACT_FALSE, read_info },
	{ CKA_MODULUS, FORM_BYTES, ON_RSA, MAY(CREATE) | MAY_CALL_KMS, FACT_FALSE, read_modulus },
	{ CKA_MODULUS_BITS, FORM_ULONG, ON_RSA_PUBLIC, MAY(GENERATE), FACT_FALSE, read_bits },
	{ CKA_PUBLIC_EXPONENT, FORM_BYTES, ON_RSA_PUBLIC, MAY(CREATE) | MAY(GENERATE) | MAY_CALL_KMS, FACT_FALSE, read_exponent },
	{ CKA_PUBLIC_EXPONENT, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | MAY_CALL_KMS, FACT_FALSE, read_exponent },
	{ CKA_PRIVATE_EXPONENT, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_PRIME_1, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_PRIME_2, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_EXPONENT_1, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_EXPONENT_2, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_COEFFICIENT, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },

	{ CKA_EC_PARAMS, FORM_BYTES, ON_EC_PUBLIC, MAY(CREATE) | MAY(GENERATE), FACT_FALSE, pubkey_read_params },
	{ CKA_EC_PARAMS, FORM_BYTES, ON_EC_PRIVATE, MAY(CREATE), FACT_FALSE, pubkey_read_params },
	{ CKA_EC_POINT, FORM_BYTES, ON_EC, MAY(CREATE) | MAY_CALL_KMS, FACT_FALSE, pubkey_read_point },
	{ CKA_VALUE, FORM_BYTES, ON_EC_PRIVATE | ON_PQ_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_SEED, FORM_BYTES, ON_PQ_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_PARAMETER_SET, FORM_ULONG, ON_PQ_PUBLIC, MAY(CREATE) | MAY(GENERATE), FACT_FALSE, pubkey_read_set },
	{ CKA_PARAMETER_SET, FORM_ULONG, ON_PQ_PRIVATE, MAY(CREATE), FACT_FALSE, pubkey_read_set },
	{ CKA_VALUE, FORM_BYTES, ON_PQ_PUBLIC, MAY(CREATE) | MAY_CALL_KMS, FACT_FALSE, pubkey_read_value },

	{ CKA_PRIME, FORM_BYTES, ON_FFC_PUBLIC, MAY(CREATE) | MAY(GENERATE), FACT_FALSE, NULL },
	{ CKA_PRIME, FORM_BYTES, ON_FFC_PRIVATE | ON_PARAMETERS, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_SUBPRIME, FORM_BYTES, ON_DSA_PUBLIC, MAY(CREATE) | MAY(GENERATE), FACT_FALSE, NULL },
	{ CKA_SUBPRIME, FORM_BYTES, ON_DSA_PRIVATE | ON_DSA_PARAMETERS, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_BASE, FORM_BYTES, ON_FFC_PUBLIC, MAY(CREATE) | MAY(GENERATE), FACT_FALSE, NULL },
	{ CKA_BASE, FORM_BYTES, ON_FFC_PRIVATE | ON_PARAMETERS, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_VALUE, FORM_BYTES, ON_FFC_PUBLIC, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_VALUE, FORM_BYTES, ON_FFC_PRIVATE, MAY(CREATE) | SENSITIVE, FACT_FALSE, NULL },
	{ CKA_PRIME_BITS, FORM_ULONG, ON_PARAMETERS, MAY(GENERATE), FACT_FALSE, NULL },
	{ CKA_SUBPRIME_BITS, FORM_ULONG, ON_DSA_PARAMETERS, MAY(GENERATE), FACT_FALSE, NULL },
	{ CKA_VALUE_BITS, FORM_ULONG, ON_DH_PRIVATE, MAY(GENERATE) | MAY(UNWRAP), FACT_FALSE, NULL },

	{ CKA_APPLICATION, FORM_BYTES, ON_DATA, MAY(CREATE) | MAY_CHANGE, FACT_FALSE, NULL },
	{ CKA_OBJECT_ID, FORM_BYTES, ON_DATA, MAY(CREATE) | MAY_CHANGE, FACT_FALSE, NULL },
	{ CKA_VALUE, FORM_BYTES, ON_DATA, MAY(CREATE) | MAY_CHANGE, FACT_FALSE, NULL },

	{ CKA_PROFILE_ID, FORM_ULONG, ON_PROFILE, 0, FACT_FALSE, NULL },

	{ CKA_CERTIFICATE_TYPE, FORM_ULONG, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_CERTIFICATE_CATEGORY, FORM_ULONG, ON_CERTIFICATE, MAY(CREATE) | DEFAULT_ZERO, FACT_FALSE, NULL },
	{ CKA_SUBJECT, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_ISSUER, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE) | MAY_CHANGE, FACT_FALSE, NULL },
	{ CKA_SERIAL_NUMBER, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE) | MAY_CHANGE, FACT_FALSE, NULL },
	{ CKA_VALUE, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_NAME_HASH_ALGORITHM, FORM_ULONG, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_CHECK_VALUE, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_URL, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, FORM_ULONG, ON_CERTIFICATE, MAY(CREATE) | DEFAULT_ZERO, FACT_FALSE, NULL },
	{ CKA_PUBLIC_KEY_INFO, FORM_BYTES, ON_CERTIFICATE, MAY(CREATE), FACT_FALSE, NULL },

	{ CKA_KEYFERRY_KEY_STATE, FORM_BYTES, ON_SECRET_OR_PRIVATE, MAY(SET) | SETTABLE_IN_KMS | KMS_ONLY, FACT_FALSE, read_state },
	{ CKA_KEYFERRY_KEY_STATE, FORM_BYTES, ON_PUBLIC, KMS_ONLY, FACT_FALSE, read_state },
	{ CKA_KEYFERRY_KEY_SPEC, FORM_BYTES, ON_KEYS, KMS_ONLY, FACT_FALSE, read_spec },
	{ CKA_KEYFERRY_KEY_USAGE, FORM_BYTES, ON_KEYS, KMS_ONLY, FACT_FALSE, read_usage },
	{ CKA_KEYFERRY_REGIONS, FORM_BYTES, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, region_list_read },
	{ CKA_KEYFERRY_TAGS, FORM_BYTES, ON_KEYS, MAY_BE_OF_NEW | KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, key_tags_read },
	{ CKA_KEYFERRY_LAST_USE_DATE, FORM_ULONG, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, last_use_read_date },
	{ CKA_KEYFERRY_LAST_USE_OPERATION, FORM_BYTES, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, last_use_read_operation },
	{ CKA_KEYFERRY_DELETION_DATE, FORM_ULONG, ON_KEYS, KMS_ONLY, FACT_FALSE, read_deletion },
	{ CKA_KEYFERRY_ORIGIN, FORM_BYTES, ON_KEYS, KMS_ONLY, FACT_FALSE, read_origin },
	{ CKA_KEYFERRY_EXPIRATION_MODEL, FORM_BYTES, ON_KEYS, MAY(CREATE) | MAY(UNWRAP) | MAY(COPY) | KMS_ONLY, FACT_FALSE, read_expiration_model },
	{ CKA_KEYFERRY_VALID_TO, FORM_ULONG, ON_KEYS, MAY(CREATE) | MAY(UNWRAP) | MAY(COPY) | KMS_ONLY, FACT_FALSE, read_valid_to },
	{ CKA_KEYFERRY_NEW_MATERIAL, FORM_BOOL, ON_KEYS, MAY(CREATE) | MAY(UNWRAP) | MAY(COPY) | KMS_ONLY, FACT_FALSE, NULL },
	{ CKA_KEYFERRY_KEY_MATERIAL_ID, FORM_BYTES, ON_KEYS, KMS_ONLY, FACT_FALSE, read_material_id },
	{ CKA_KEYFERRY_PAIR_OF, FORM_BYTES, ON_KEYS, KMS_ONLY, FACT_FALSE, read_pair_of },
	{ CKA_KEYFERRY_MATERIALS, FORM_ULONG, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, materials_read_count },
	{ CKA_KEYFERRY_MATERIALS_MISSING, FORM_ULONG, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, materials_read_missing },
	{ CKA_KEYFERRY_MATERIAL_IDS, FORM_BYTES, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, materials_read_ids },
	{ CKA_KEYFERRY_MATERIAL_STATES, FORM_BYTES, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, materials_read_states },
	{ CKA_KEYFERRY_MATERIAL_ENDS, FORM_BYTES, ON_KEYS, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, materials_read_ends },
	{ CKA_KEYFERRY_MULTI_REGION, FORM_BOOL, ON_KEYS, MAY_BE_OF_NEW | KMS_ONLY, FACT_MULTI_REGION, NULL },
	{ CKA_KEYFERRY_WRAPPING_KEY_FINGERPRINT, FORM_BYTES, ON_RSA_PUBLIC, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, import_params_read_fingerprint },
	{ CKA_KEYFERRY_IMPORT_SET, FORM_BYTES, ON_RSA_PRIVATE, MAY(CREATE) | KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, given_set_read },
	{ CKA_KEYFERRY_IMPORT_SET, FORM_BYTES, ON_RSA_PUBLIC, KMS_ONLY | MAY_CALL_KMS, FACT_FALSE, given_set_read },
	{ CKA_KEYFERRY_WRAPPING_KEY, FORM_BYTES, ON_SECRET, MAY(GENERATE), FACT_FALSE, NULL },
	{ CKA_KEYFERRY_CONTEXT, FORM_BYTES, ON_SECRET, MAY(GENERATE), FACT_FALSE, NULL },
	{ CKA_KEYFERRY_CIPHERTEXT, FORM_BYTES, ON_SECRET, 0, FACT_FALSE, NULL },
	{ CKA_KEYFERRY_LAST_ERROR, FORM_BYTES, ON_PROFILE, 0, FACT_FALSE, read_last_error },
	{ CKA_KEYFERRY_DESTROY, FORM_BYTES, ON_PROFILE, 0, FACT_FALSE, read_destroy },
	{ CKA_KEYFERRY_DELETION_DAYS, FORM_ULONG, ON_PROFILE, 0, FACT_FALSE, read_deletion_days },
	{ CKA_KEYFERRY_REGION, FORM_BYTES, ON_PROFILE, 0, FACT_FALSE, read_region },
	{ CKA_KEYFERRY_RENEWAL_DAYS, FORM_ULONG, ON_PROFILE, 0, FACT_FALSE, read_renewal_days },
	{ CKA_KEYFERRY_LEFT_OUT, FORM_BYTES, ON_PROFILE, 0, FACT_FALSE, read_left_out },
	{ CKA_KEYFERRY_DESCRIPTION, FORM_BYTES, ON_KEYS, KMS_ONLY, FACT_FALSE, read_description },
};
/* clang-format on */
const size_t attr_count = sizeof(attrs) / sizeof(attrs[0]);
