#ifndef TESTENV_H
#define TESTENV_H
#include <stddef.h>

/*
 * What a test of the module needs around it: a folder of its own, a
 * keyferry-localkms with an empty store, and the environment that leads the
 * module there. All of it ends the program when it cannot be had.
 */

/* A folder, a clean environment, and no KMS. */
void testenv_open(void);
/* The same with a KMS. */
void testenv_start(void);
void testenv_start_tls(void); /* which is spoken to by TLS */
/* In a process started by a test that has these: uses the same. */
void testenv_join(void);
/* Ends the KMS and removes the folder; when keep is not set in the
 * environment (KEYFERRY_TEST_KEEP=1). */
void testenv_stop(void);
/* The KMS alone: an end as by `kill`, and a new one on the same store and, if
 * it can be, on the same port. */
void testenv_kms_stop(void);
void testenv_kms_start(void);

/* The path of a file in the folder, in static memory: four at a time. */
const char *testenv_path(const char *name);
/* Where the built files are. */
const char *testenv_module(void);
/* "127.0.0.1:PORT" of the KMS, and of its control address. */
const char *testenv_address(void);

/*
 * Writes keyferry.conf and points $KEYFERRY_CONFIG at it. top: more lines
 * before the sections; token: more lines of [token test]; more: sections.
 * All may be NULL. Wrapping keys have 2048 bits, which take less time, one look at an
 * alias is enough, and the slot is 0.
 */
void testenv_config(const char *top, const char *token, const char *more);
void testenv_write(const char *name, const char *text);
/* The whole file, until the fourth call after this one; "" when there is none. */
const char *testenv_read(const char *name);
size_t testenv_lines(const char *text);
/* How many files of the key the state directories have, of any token. */
size_t testenv_state_files(const char *key_id);
/* The module, as initialised from now on, logs into the file "log", at a level
 * of the option log. */
void testenv_log(const char *level);
/* Whether the text is in that file; else prints the file. */
int testenv_logged(const char *text);
/* Whether the text is in the last line of that file. */
int testenv_logged_last(const char *text);

/* What the KMS's control address does: METHOD, path and query. */
void control(const char *method, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* From now on a JSON merge patch edits the replies of an operation: all of
 * them, or those in which that key id occurs (in a list, its rows). */
void edit_replies(const char *operation, const char *key, const char *patch);
/* From now on the replies of an operation have that status and body. */
void replace_replies(const char *operation, int status, const char *body);
/* Ends both, and all other faults. */
void faults_clear(void);
/* Whether a fault waits for its request; one that is at it does not. */
bool faults_are_left(void);
/* How often an operation was asked for since calls_clear(); NULL: all. */
unsigned long calls(const char *operation);
void calls_clear(void);
/* How many calls there were at once, at most, since then. */
unsigned long calls_at_once(void);
#endif
