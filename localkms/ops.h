#ifndef LOCALKMS_OPS_H
#define LOCALKMS_OPS_H
#include "call.h"

/* The handlers and reply tables that ops.c puts into its table, by theme. */

/* key.c's imitation of CreateKey and what changes a key as a whole */
bool op_create_key(struct call *);
bool op_describe_key(struct call *);
bool op_list_keys(struct call *);
bool op_get_key_last_usage(struct call *);
bool op_enable_key(struct call *);
bool op_disable_key(struct call *);
bool op_schedule_key_deletion(struct call *);
bool op_cancel_key_deletion(struct call *);
bool op_update_key_description(struct call *);
extern const struct json_field reply_metadata[], reply_metadata_regions[],
    reply_list_keys[], reply_schedule[], reply_last_usage[];

bool op_create_alias(struct call *);
bool op_update_alias(struct call *);
bool op_delete_alias(struct call *);
bool op_list_aliases(struct call *);
extern const struct json_field reply_list_aliases[];

bool op_tag_resource(struct call *);
bool op_untag_resource(struct call *);
bool op_list_resource_tags(struct call *);
extern const struct json_field reply_list_tags[];
/* Adds Tags of the request to those of k. */
bool tags_add(struct call *, struct key *k);
/* All of them as c->out.rows. */
bool tags_fill(struct call *, const struct key *k);

bool op_get_parameters_for_import(struct call *);
bool op_import_key_material(struct call *);
bool op_delete_imported_key_material(struct call *);
extern const struct json_field reply_parameters[], reply_material[];

bool op_encrypt(struct call *);
bool op_decrypt(struct call *);
bool op_generate_random(struct call *);
extern const struct json_field reply_encrypt[], reply_decrypt[], reply_random[];

bool op_sign(struct call *);
bool op_verify(struct call *);
bool op_generate_mac(struct call *);
bool op_verify_mac(struct call *);
bool op_get_public_key(struct call *);
extern const struct json_field reply_sign[], reply_mac[], reply_public_key[];

bool op_derive_shared_secret(struct call *);
bool op_encapsulate(struct call *);
bool op_decapsulate(struct call *);
extern const struct json_field reply_derive[], reply_encapsulate[];

bool op_generate_data_key(struct call *);
bool op_generate_data_key_without_plaintext(struct call *);
bool op_generate_data_key_pair(struct call *);
bool op_generate_data_key_pair_without_plaintext(struct call *);
bool op_re_encrypt(struct call *);
extern const struct json_field reply_data_key[], reply_data_pair[],
    reply_reencrypt[];

bool op_get_key_policy(struct call *);
bool op_put_key_policy(struct call *);
bool op_list_key_policies(struct call *);
bool op_unsupported(struct call *); /* grants and key stores */
extern const struct json_field reply_policy[], reply_policies[];
/* The key's, or the default one that AWS gives. */
const char *policy_text(struct call *, const struct key *);
/* Sets the policy of the request. */
bool policy_set(struct call *, struct key *);

bool op_rotate_key_on_demand(struct call *);
bool op_list_key_rotations(struct call *);
bool op_get_key_rotation_status(struct call *);
bool op_enable_key_rotation(struct call *);
bool op_disable_key_rotation(struct call *);
extern const struct json_field reply_rotations[], reply_rotation_status[],
    reply_key_id[];

bool op_replicate_key(struct call *);
bool op_update_primary_region(struct call *);
extern const struct json_field reply_replica[];

/* c->key and its relatives in other Regions: copies to be changed, up to
 * RELATED_KEYS_MAX, and stored all or none. */
bool related_keys_copy(struct call *, struct key **out, size_t *count);
bool related_keys_put(struct call *, struct key **, size_t count);
/* MultiRegionConfiguration of c->out.key. */
bool related_keys_fill(struct call *, const struct key *);
/* Associates m with another key of the family; with its bytes only where KMS
 * made them. */
bool material_add_copy(
    struct key *to, const struct material *m, enum material_state);

/* Fills c->out.key and chooses the reply table's form. */
bool metadata_fill(struct call *, const struct key *);
/* Encrypts or decrypts under a key, whatever its family; for ReEncrypt and
 * the data keys, too. */
struct crypt {
	const struct key *key;
	const struct json_node *context; /* NULL: none */
	struct view algorithm; /* name */
	struct view in;
	struct buf *out;
	const char *material_id; /* of the material that did it, or NULL */
};
bool crypt_encrypt(struct call *, struct crypt *);
/* DryRun with IGNORE_CIPHERTEXT. */
bool crypt_ignores_ciphertext(const struct call *);
/* Finds the key itself where key is NULL. */
bool crypt_decrypt(struct call *, struct crypt *);
#endif
