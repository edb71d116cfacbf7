#ifndef LOGIN_H
#define LOGIN_H
#include "session.h"
#include "token.h"

/*
 * Who is logged in, and what that shows: with login = required private objects
 * are not there before. AWS's credentials decide what may be done, so any PIN
 * of the right length will do.
 */

/*
 * CKA_PRIVATE: of an object kept here, its own attribute. Private and secret
 * keys in KMS are private even where no login is required, because programs
 * search for private keys that are; with login = none all see them.
 */
bool login_is_private(const struct object *);
bool login_has_user(struct sessions *, const struct token *); /* logged in */
/* Whether private objects cannot be seen now. */
bool login_hides_private(struct sessions *, const struct token *);
/* Ends the session's operations with keys that cannot be seen any more. */
void login_end_hidden_ops(struct sessions *, struct session *);

/* C_Login in that session. A PIN with ptr NULL is none. */
CK_RV login_begin(
    struct sessions *, struct session *, CK_USER_TYPE, struct view pin);
CK_RV login_end(struct sessions *, struct token *); /* C_Logout */
#endif
