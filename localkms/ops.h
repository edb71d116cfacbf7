#ifndef LOCALKMS_OPS_H
#define LOCALKMS_OPS_H
#include "call.h"

/* The handlers and reply tables that ops.c puts into its table, by theme. */

/* key.c's imitation of CreateKey and what changes a key as a whole */
bool op_create_key(struct call *);
bool op_describe_key(struct call *);
bool op_list_keys(struct call *);
bool op_enable_key(struct call *);
bool op_disable_key(struct call *);
bool op_schedule_key_deletion(struct call *);
bool op_cancel_key_deletion(struct call *);
bool op_update_key_description(struct call *);
extern const struct json_field reply_metadata[], reply_list_keys[],
    reply_schedule[];

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

bool op_get_parameters_for_import(struct call *);
bool op_import_key_material(struct call *);
bool op_delete_imported_key_material(struct call *);
extern const struct json_field reply_parameters[], reply_material[];

bool op_encrypt(struct call *);
bool op_decrypt(struct call *);
bool op_generate_random(struct call *);
extern const struct json_field reply_encrypt[], reply_decrypt[], reply_random[];

/* Fills c->out.key and chooses the reply table's form. */
bool metadata_fill(struct call *, const struct key *);
/* Encrypts or decrypts under a key, whatever its family; for ReEncrypt and
 * the data keys, too. */
struct crypt {
	const struct key *key;
	const struct doc *context; /* NULL: none */
	struct view algorithm; /* name */
	struct view in;
	struct buf *out;
	const char *material_id; /* of the material that did it, or NULL */
};
bool crypt_encrypt(struct call *, struct crypt *);
/* Finds the key itself where key is NULL. */
bool crypt_decrypt(struct call *, struct crypt *);
#endif
