#include <stddef.h>
#include <string.h>
#include "kms-words.h"

struct word {
	const char *text;
	unsigned value;
};

/* clang-format off */
static const struct word key_states[] = {
	{ "Creating",			KMS_STATE_CREATING },
	{ "Enabled",			KMS_STATE_ENABLED },
	{ "Disabled",			KMS_STATE_DISABLED },
	{ "PendingDeletion",		KMS_STATE_PENDING_DELETION },
	{ "PendingImport",		KMS_STATE_PENDING_IMPORT },
	{ "PendingReplicaDeletion",	KMS_STATE_PENDING_REPLICA_DELETION },
	{ "Unavailable",		KMS_STATE_UNAVAILABLE },
	{ "Updating",			KMS_STATE_UPDATING },
	{ NULL,				KMS_STATE_UNKNOWN },
};

static const struct word key_usages[] = {
	{ "ENCRYPT_DECRYPT",		ENCRYPT_DECRYPT },
	{ "SIGN_VERIFY",		SIGN_VERIFY },
	{ "GENERATE_VERIFY_MAC",	GENERATE_VERIFY_MAC },
	{ "KEY_AGREEMENT",		KEY_AGREEMENT },
	{ "ENCAPSULATE_DECAPSULATE",	ENCAPSULATE_DECAPSULATE },
	{ NULL,				0 },
};

static const struct word origins[] = {
	{ "AWS_KMS",			KMS_ORIGIN_AWS_KMS },
	{ "EXTERNAL",			KMS_ORIGIN_EXTERNAL },
	{ "AWS_CLOUDHSM",		KMS_ORIGIN_AWS_CLOUDHSM },
	{ "EXTERNAL_KEY_STORE",		KMS_ORIGIN_EXTERNAL_KEY_STORE },
	{ NULL,				KMS_ORIGIN_UNKNOWN },
};

static const struct word expiration_models[] = {
	{ "KEY_MATERIAL_EXPIRES",	KMS_MATERIAL_EXPIRES },
	{ "KEY_MATERIAL_DOES_NOT_EXPIRE", KMS_MATERIAL_DOES_NOT_EXPIRE },
	{ NULL,				KMS_EXPIRATION_UNKNOWN },
};

static const struct word managers[] = {
	{ "AWS",			KMS_MANAGER_AWS },
	{ "CUSTOMER",			KMS_MANAGER_CUSTOMER },
	{ NULL,				KMS_MANAGER_UNKNOWN },
};

static const struct word multi_region_types[] = {
	{ "PRIMARY",			KMS_PRIMARY },
	{ "REPLICA",			KMS_REPLICA },
	{ NULL,				KMS_REGION_TYPE_UNKNOWN },
};

static const struct word material_states[] = {
	{ "CURRENT",			KMS_MATERIAL_CURRENT },
	{ "NON_CURRENT",		KMS_MATERIAL_NON_CURRENT },
	{ "PENDING_ROTATION",		KMS_MATERIAL_PENDING_ROTATION },
	{ "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
	    KMS_MATERIAL_PENDING_REGIONS },
	{ NULL,				KMS_MATERIAL_STATE_UNKNOWN },
};
/* clang-format on */

static unsigned
value_of(const struct word *w, const char *text)
{
	while (w->text != NULL && strcmp(w->text, text) != 0)
		w++;
	return (w->value);
}

static const char *
text_of(const struct word *w, unsigned value)
{
	while (w->text != NULL && w->value != value)
		w++;
	return (w->text);
}

enum kms_key_state
kms_key_state_find(const char *text)
{
	return ((enum kms_key_state)value_of(key_states, text));
}

enum key_usage
key_usage_find(const char *text)
{
	return ((enum key_usage)value_of(key_usages, text));
}

enum kms_origin
kms_origin_find(const char *text)
{
	return ((enum kms_origin)value_of(origins, text));
}

enum kms_expiration_model
kms_expiration_model_find(const char *text)
{
	return ((enum kms_expiration_model)value_of(expiration_models, text));
}

enum kms_manager
kms_manager_find(const char *text)
{
	return ((enum kms_manager)value_of(managers, text));
}

enum kms_multi_region_type
kms_multi_region_type_find(const char *text)
{
	return ((enum kms_multi_region_type)value_of(multi_region_types, text));
}

enum kms_material_state
kms_material_state_find(const char *text)
{
	return ((enum kms_material_state)value_of(material_states, text));
}

bool
kms_state_is_usable(enum kms_key_state state)
{
	return (state == KMS_STATE_ENABLED || state == KMS_STATE_UPDATING);
}

bool
kms_state_has_material(enum kms_key_state state)
{
	return (kms_state_is_usable(state) || state == KMS_STATE_DISABLED);
}

const char *
key_usage_name(enum key_usage usage)
{
	return (text_of(key_usages, usage));
}

const char *
kms_origin_name(enum kms_origin origin)
{
	return (text_of(origins, origin));
}

const char *
kms_expiration_model_name(enum kms_expiration_model model)
{
	return (text_of(expiration_models, model));
}

const char *
kms_material_state_name(enum kms_material_state state)
{
	return (text_of(material_states, state));
}
