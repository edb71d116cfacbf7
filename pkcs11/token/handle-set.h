#ifndef HANDLE_SET_H
#define HANDLE_SET_H
#include <stdbool.h>
#include <stddef.h>
#include "cryptoki/cryptoki.h"
#include "err.h"

/* A few handles, in no order. Zeros are an empty set. */
struct handle_set {
	CK_OBJECT_HANDLE *handles;
	size_t count, cap;
};
enum err handle_set_add(struct handle_set *, CK_OBJECT_HANDLE); /* ERR_MEMORY */
/* False: it was not there. */
bool handle_set_remove(struct handle_set *, CK_OBJECT_HANDLE);
void handle_set_free(struct handle_set *);
#endif
