#ifndef EXPLAIN_IMPORT_H
#define EXPLAIN_IMPORT_H
#include "provision-state.h"

/* What the log says of material that KMS did not take. */

/*
 * After an import that failed with e. algorithm: of what was wrapped elsewhere;
 * NULL: it was wrapped here, in the right form. A key that never had material
 * has no other; then it is ERR_DATA, and the log says what the key takes.
 * Returns e or that.
 */
enum err explain_import(
    struct call *, const struct provision *, const char *algorithm, enum err e);

/* Sets the call's reason if the key's material has expired, as KMS or the state
 * directory says: when, and what to do. */
bool explain_expired(struct call *, const struct key *);
#endif
