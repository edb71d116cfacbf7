#ifndef KEY_LOCK_H
#define KEY_LOCK_H
#include "token/call.h"

/*
 * Who unwraps into a key, renames or destroys it, or takes it back, has its
 * lock in the state directory: two processes of one machine do so one after the
 * other. Without a state directory there is no lock. Not recursive.
 */
enum err key_lock(struct call *, const char *key_id, int *lock);
void key_unlock(struct call *, const char *key_id, int lock);
#endif
