#ifndef IMPORT_KEY_H
#define IMPORT_KEY_H
#include "import-manifest.h"
#include "move-key.h"

/* Reads a file's key into an empty row: its value, and what it is. On failure,
 * says why on standard error. */
bool import_read_key(
    const struct key_reader *, const struct wanted_key *, struct key *);
/* The same of a secret key that custodians have in parts: asks for each at the
 * terminal, shows its check value, and takes their exclusive or. */
bool import_read_components(const struct key_reader *,
    const struct wanted_key *, unsigned count, struct key *);
/* Gives it the names that are wanted, or else its file's. False: out of memory.
 */
bool import_name_key(const struct wanted_key *, struct key *);
#endif
