#ifndef STATE_H
#define STATE_H
#include "call.h"

/*
 * The token's state directory: small files that outlive a process, because
 * wrapping happens offline and every pkcs11-tool is a process of its own.
 * Directories have mode 0700, files 0600 and appear whole or not at all.
 * A name is a file name without '/'. All return ERR_FILE for the disk's sake,
 * with the reason in the call's error.
 */

/* ERR_NOT_FOUND when there is no such file. */
enum err state_read(struct call *, const char *name, struct buf *out);
/* On the disk before it returns. */
enum err state_write(struct call *, const char *name, struct view);
/* The same, for tokens of one of token->regions with the same profile. */
enum err state_write_in_region(
    struct call *, size_t region, const char *name, struct view);
/* No such file is fine. */
enum err state_remove(struct call *, const char *name);

/* Appends the names of the files that begin with one of the prefixes (NULL ends
 * them), each ended by a NUL. Without a state directory there are none. */
enum err state_list(
    struct call *, const char *const prefixes[], struct buf *names);

/* Removes the files prefix + name; everywhere: also those of tokens of the
 * replicas' Regions with the same profile, where what cannot be removed stays.
 * NULL ends the prefixes. */
enum err state_forget(struct call *, const char *const prefixes[],
    const char *name, bool everywhere);

/*
 * A lock that other threads and processes respect and that a killed process
 * lets go of. Waits inside the call's deadline: ERR_DEADLINE.
 */
enum err state_lock(struct call *, const char *name, int *fd);
/* Lets go of it and tidies up. fd -1 is fine. */
void state_unlock(struct call *, const char *name, int fd);
#endif
