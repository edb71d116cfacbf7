#include <stdio.h>
#include "key-lock.h"
#include "token/state.h"

#define NAME_SIZE (KMS_ID_SIZE + 8)

static void
lock_name(const char *key_id, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "key-%s", key_id);
}

enum err
key_lock(struct call *c, const char *key_id, int *lock)
{
	char name[NAME_SIZE];

	*lock = -1;
	if (c->token->state == NULL)
		return (ERR_OK);
	lock_name(key_id, name);
	return (state_lock(c, name, lock));
}

void
key_unlock(struct call *c, const char *key_id, int lock)
{
	char name[NAME_SIZE];

	lock_name(key_id, name);
	state_unlock(c, name, lock);
}
