#ifndef IMPORT_SET_H
#define IMPORT_SET_H
#include "keydata/import-set-file.h"
#include "token/call.h"

/*
 * A set of import parameters that travels: one file, or one subdirectory, of
 * the directory that the option import-sets names, or of import-sets in the
 * state directory, which holds those that programs gave. Its name is the key
 * id; with renew- before that it is of a renewal pair, beside a key in use.
 * keyferry.conf(5) has the forms. Only root and this user can have written
 * there; what is in it is read within bounds all the same.
 */
/* The set of that key, or of its renewal pair. ERR_NOT_FOUND: there is none, or
 * none that can be used: it is damaged, past its end by AWS's clock, of another
 * Region or used already; the log says which. */
enum err import_set_read(
    struct call *, const char *key_id, bool renewal, struct import_set *);
/* Why the set cannot be used for that key, in words that go on from a colon;
 * NULL: it can. Sets its wrapping_spec. */
const char *import_set_why_useless(
    struct call *, const char *key_id, bool renewal, struct import_set *);
/* The ids of the keys that have such sets there, each ended by a NUL. */
enum err import_set_list(struct call *, bool renewal, struct buf *key_ids);
/* Writes it as one file. Nothing without the option. */
enum err import_set_write(
    struct call *, const char *key_id, bool renewal, const struct import_set *);
/* The same, also without the option: into the state directory then. */
enum err import_set_keep(
    struct call *, const char *key_id, bool renewal, const struct import_set *);
/* It must not be used again: it is removed, or, where it cannot be, the state
 * directory remembers that it is used. */
enum err import_set_spend(struct call *, const char *key_id, bool renewal);
/* Removes its one file; a subdirectory is the user's. False: it is there. */
bool import_set_drop(struct call *, const char *key_id, bool renewal);
#endif
