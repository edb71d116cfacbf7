#ifndef KEY_TAGS_H
#define KEY_TAGS_H
#include "token/call.h"

/* Whether the text, which has no NUL at its end, is a list of tags that KMS
 * takes; an empty one is. */
bool key_tags_are_valid(struct view list);
/* The tags of a new key: those of the configuration (NULL: none), and those of
 * the list, which replace others of the same keys. Rows of struct kms_tag,
 * which the caller frees with json_rows_free(). */
enum err key_tags_choose(
    const char *configured, struct view list, struct json_rows *tags);
/* CKA_KEYFERRY_TAGS: asks KMS. */
CK_RV key_tags_read(struct call *, const struct object *, struct buf *);
#endif
