#ifndef ENV_H
#define ENV_H
#include <stdbool.h>
#include "buf.h"

/* The value, or NULL when unset, empty, or the process is set-uid. */
const char *env_get(const char *name);
/* The process has more rights than the user who started it: its environment is
 * not to be trusted. */
bool env_is_untrusted(void);
/* Takes the variable out of the environment of a set-uid process, for libraries
 * that would heed it all the same; does nothing in others. */
void env_drop(const char *name);
/* "true" in any case; NULL is false. */
bool env_is_true(const char *value);
/* Sets *out to path, NUL included, with a leading "~/", "$HOME/" or "${HOME}/"
 * replaced by the user's home, as AWS's tools do. ERR_FILE when there is no
 * home. */
enum err env_path(const char *path, struct buf *out);
#endif
