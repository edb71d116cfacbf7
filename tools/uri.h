#ifndef URI_H
#define URI_H
#include <p11-kit/uri.h>
#include <stdbool.h>
#include "cryptoki/cryptoki.h"

/* Parses a PKCS#11 URI, and overwrites a PIN in the text. On failure, says why
 * on standard error, without the value of any attribute, and returns NULL. */
P11KitUri *uri_parse(char *text);
/* Overwrites and frees it. NULL does nothing. */
void uri_free(P11KitUri *);
/* Whether the URI of --to names no object. If it does, says so on standard
 * error. */
bool uri_names_token(P11KitUri *);
/* Whether it says which token is meant, in any way. */
bool uri_has_token(P11KitUri *);
/* Whether the URI names no class of objects, or this one. */
bool uri_allows_class(P11KitUri *, CK_OBJECT_CLASS);
#endif
