#ifndef SESSION_H
#define SESSION_H
#include <pthread.h>
#include "cryptoki/cryptoki.h"
#include "operation.h"

struct token;

/* A search: its result is complete when it begins. */
struct find {
	bool active;
	CK_OBJECT_HANDLE *handles;
	size_t count, cap, next;
};
void find_end(struct find *);

#define SESSION_ERROR_SIZE 2048

/* What one session is about. Its lock is held for the length of a call. */
struct session {
	unsigned refs; /* atomic: one for being open, one a call */
	CK_SESSION_HANDLE handle;
	struct token *token;
	CK_FLAGS flags; /* as C_OpenSession got them */
	pthread_mutex_t lock;
	CK_ULONG device_error; /* HTTP status of the last failure */
	char last_error[SESSION_ERROR_SIZE]; /* of the last call that failed */
	struct find find;
	struct op ops[OP_COUNT];
};

/* The open sessions, by handle. */
struct sessions {
	pthread_mutex_t lock;
	struct session **rows; /* ascending: handles are counters */
	size_t count, cap;
	CK_SESSION_HANDLE last;
};

void sessions_init(struct sessions *);
/* Ends all that are open. No call may use one any more. */
void sessions_free(struct sessions *);
/* C_OpenSession of a token that is present, with CKF_SERIAL_SESSION and perhaps
 * CKF_RW_SESSION. *handle becomes the session's; handles are not used again.
 * CKR_HOST_MEMORY. */
CK_RV session_open(
    struct sessions *, struct token *, CK_FLAGS, CK_SESSION_HANDLE *handle);
/* C_CloseSession and C_CloseAllSessions: the handle is invalid and the
 * session's objects are gone at once. A call that still uses the session goes
 * on; the operations end after it. CKR_SESSION_HANDLE_INVALID. */
CK_RV session_close(struct sessions *, CK_SESSION_HANDLE);
void session_close_all(struct sessions *, const struct token *);
/* Held and locked: waits for another thread's call in the session. NULL: there
 * is no such session. Give it back with session_put(). */
struct session *session_get(struct sessions *, CK_SESSION_HANDLE);
void session_put(struct session *);
bool session_is_rw(const struct session *);
/* By the login of the token. */
CK_STATE session_state(struct sessions *, const struct session *);
/* C_GetSessionInfo. */
void session_info(struct sessions *, const struct session *, CK_SESSION_INFO *);
/* How many sessions the token has; only those that write, if rw. */
CK_ULONG session_count(struct sessions *, const struct token *, bool rw);
#endif
