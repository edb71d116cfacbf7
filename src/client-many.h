#ifndef CLIENT_MANY_H
#define CLIENT_MANY_H
#include "kms.h"

/* struct transport's post_many, with a struct client for its ctx. */
enum err client_post_many(void *client, const struct batch *,
    const struct deadline *, struct error_info *);
#endif
