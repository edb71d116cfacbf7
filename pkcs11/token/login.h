#ifndef LOGIN_H
#define LOGIN_H
#include "call.h"

/*
 * Who is logged in, and what that is for: with login = required private
 * objects are not there before. AWS's credentials decide what may be done, so
 * any PIN of the right length will do.
 */
#define LOGIN_PIN_MIN 4 /* bytes, with login = required */
#define LOGIN_PIN_MAX 255

bool login_is_required(const struct token *);
/* CKA_PRIVATE of a key in KMS; of what is kept here, its own. */
bool login_is_private(const struct token *, const struct object *);
/* Whether the object, or any that is private, is not to be seen now. */
bool login_hides(struct call *, const struct object *);
bool login_hides_private(struct call *);
/* CKR_USER_NOT_LOGGED_IN: a private object cannot be made now. */
CK_RV call_require_login(struct call *);
/* Ends operations with keys that are not to be seen any more. */
void login_end_hidden_ops(struct call *);

/* C_Login, C_Logout. A PIN without bytes (ptr NULL) is none. */
CK_RV login_begin(struct call *, CK_USER_TYPE, struct view pin);
CK_RV login_end(struct call *);
#endif
