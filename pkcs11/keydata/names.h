#ifndef NAMES_H
#define NAMES_H
#include "kms.h"

/*
 * Labels and ids are aliases. A label that an alias can hold is alias/LABEL;
 * any other is escaped below alias/keyferry/label/. An id is
 * alias/keyferry/id/HEX; without one it is the 16 bytes of the key's UUID.
 *
 * A label may belong to several keys. The first has the alias above; each other
 * has a number of its own, alias/keyferry/more/3/LABEL and so on, which never
 * moves. Number 2 is the marker, "there are more": it leads to any of the keys
 * and is no label.
 */
enum name_kind { NAME_LABEL, NAME_ID, NAME_MARKER };
#define NAME_FIRST_NUMBER 3
#define NAME_LAST_NUMBER 10 /* that is looked for, and so given */
#define NAME_LABEL_MAX 170 /* bytes: whatever they are, an alias holds them */

/* A key of the same material for another usage (key.h) has this alias, in which
 * key_id is that of the key beside which it is. */
void name_companion_alias(const char *key_id, char alias[KMS_ALIAS_SIZE]);
/* That key id, out of such an alias; NULL for any other. */
const char *name_companion_of(const char *alias);

/* ERR_DATA when empty, too long for an alias (256 characters in all), or the
 * name of a renewal pair. */
enum err name_to_alias(
    enum name_kind, struct view name, char alias[KMS_ALIAS_SIZE]);
/* The same for the number of a label. */
enum err name_to_numbered_alias(
    struct view label, unsigned number, char alias[KMS_ALIAS_SIZE]);
/* False when the alias is not of that kind (AWS's own are of none). *name
 * gets the bytes; give it a ceiling of KMS_ALIAS_SIZE or more. */
bool name_from_alias(enum name_kind, const char *alias, struct buf *name);
/* Whether the alias is of that kind: a check without the bytes. */
bool name_is(enum name_kind, const char *alias);
/* Whether it is the number of a label. */
bool name_is_numbered(const char *alias);

/* The marker of a label's alias; false: it is no such alias, or has none. */
bool name_marker(const char *alias, char marker[KMS_ALIAS_SIZE]);

/*
 * The label, id or unique id of a renewal pair is that of its key behind this
 * prefix. No key is given a name that begins so.
 */
#define NAME_RENEWAL "renew:"
/* The key's own name; false: it is no name of a renewal pair. */
bool name_of_renewed(struct view name, struct view *own);
/* The unique id of a public half in KMS is its key's behind this prefix: no
 * two objects have one. */
#define NAME_PUBLIC "public:"
bool name_of_public(struct view name, struct view *own);

/* A UUID, or mrk- and 32 digits. */
bool name_is_key_id(struct view name);
/* Whether a label or id is one of KMS's own names, which means what it means to
 * KMS: a key id or key ARN; an alias's name or ARN. */
bool name_means_key(struct view name);
bool name_means_alias(struct view name);
/* That alias, without what an ARN has before it; false: it means none. */
bool name_meant_alias(struct view name, char alias[KMS_ALIAS_SIZE]);

/* The default id: the 16 bytes of a key id, "UUID" or "mrk-HEX". */
bool name_default_id(const char *key_id, uint8_t id[16]);
/* The key id in UUID form whose default id these bytes are; false if they are
 * not 16 bytes of a UUID of version 4, as KMS makes them. */
bool name_key_of_id(struct view id, char key_id[37]);
/* The same of a multi-Region key: "mrk-" and the 16 bytes in hex. */
bool name_multi_region_key_of_id(struct view id, char key_id[37]);
#endif
