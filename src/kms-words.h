#ifndef KMS_WORDS_H
#define KMS_WORDS_H
#include <stdbool.h>

/*
 * The enumerations of KMS. A value of 0 is a word that this table does not
 * have, because a newer KMS sends it, or none at all.
 */
enum kms_key_state {
	KMS_STATE_UNKNOWN,
	KMS_STATE_CREATING,
	KMS_STATE_ENABLED,
	KMS_STATE_DISABLED,
	KMS_STATE_PENDING_DELETION,
	KMS_STATE_PENDING_IMPORT,
	KMS_STATE_PENDING_REPLICA_DELETION,
	KMS_STATE_UNAVAILABLE,
	KMS_STATE_UPDATING,
};

/* Bits, because a key can be wanted for any of several usages. */
enum key_usage {
	ENCRYPT_DECRYPT = 1 << 0,
	SIGN_VERIFY = 1 << 1,
	GENERATE_VERIFY_MAC = 1 << 2,
	KEY_AGREEMENT = 1 << 3,
	ENCAPSULATE_DECAPSULATE = 1 << 4,
};

enum kms_origin {
	KMS_ORIGIN_UNKNOWN,
	KMS_ORIGIN_AWS_KMS,
	KMS_ORIGIN_EXTERNAL,
	KMS_ORIGIN_AWS_CLOUDHSM,
	KMS_ORIGIN_EXTERNAL_KEY_STORE,
};

enum kms_expiration_model {
	KMS_EXPIRATION_UNKNOWN,
	KMS_MATERIAL_EXPIRES,
	KMS_MATERIAL_DOES_NOT_EXPIRE,
};

/* KeyMaterialState: what a symmetric key does with one of its materials. */
enum kms_material_state {
	KMS_MATERIAL_STATE_UNKNOWN,
	KMS_MATERIAL_CURRENT, /* encrypts and decrypts */
	KMS_MATERIAL_NON_CURRENT, /* decrypts */
	KMS_MATERIAL_PENDING_ROTATION, /* RotateKeyOnDemand makes it current */
	/* the same, once each Region of the key has it */
	KMS_MATERIAL_PENDING_REGIONS,
};

/* Who manages a key: an AWS service, or its owner. */
enum kms_manager {
	KMS_MANAGER_UNKNOWN,
	KMS_MANAGER_AWS,
	KMS_MANAGER_CUSTOMER,
};

enum kms_multi_region_type {
	KMS_REGION_TYPE_UNKNOWN,
	KMS_PRIMARY,
	KMS_REPLICA,
};

enum kms_key_state kms_key_state_find(const char *);
enum key_usage key_usage_find(const char *);
enum kms_origin kms_origin_find(const char *);
enum kms_expiration_model kms_expiration_model_find(const char *);
enum kms_manager kms_manager_find(const char *);
enum kms_multi_region_type kms_multi_region_type_find(const char *);
enum kms_material_state kms_material_state_find(const char *);

/* Whether KMS works with a key in that state: also while it moves the primary
 * of a multi-Region key (Updating). */
bool kms_state_is_usable(enum kms_key_state);
/* Whether such a key has material: it is usable, or disabled. */
bool kms_state_has_material(enum kms_key_state);

/* The word of a value; NULL for 0. */
const char *key_usage_name(enum key_usage);
const char *kms_origin_name(enum kms_origin);
const char *kms_expiration_model_name(enum kms_expiration_model);
const char *kms_material_state_name(enum kms_material_state);
#endif
