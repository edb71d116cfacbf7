#ifndef LOCALKMS_HANDLERS_H
#define LOCALKMS_HANDLERS_H
#include "call/call.h"

/* The handlers and the tables of their replies, which the table of operations
 * names, by theme. */

bool op_create_key(struct call *);
bool op_describe_key(struct call *);
bool op_list_keys(struct call *);
bool op_get_key_last_usage(struct call *);
bool op_enable_key(struct call *);
bool op_disable_key(struct call *);
bool op_schedule_key_deletion(struct call *);
bool op_cancel_key_deletion(struct call *);
bool op_update_key_description(struct call *);
extern const struct json_field reply_list_keys[], reply_schedule[],
    reply_last_usage[];

bool op_create_alias(struct call *);
bool op_update_alias(struct call *);
bool op_delete_alias(struct call *);
bool op_list_aliases(struct call *);
extern const struct json_field reply_list_aliases[];

bool op_tag_resource(struct call *);
bool op_untag_resource(struct call *);
bool op_list_resource_tags(struct call *);
extern const struct json_field reply_list_tags[];

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

#endif
