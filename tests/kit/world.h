#ifndef WORLD_H
#define WORLD_H
#include <stddef.h>

/*
 * What a test of the module needs around it: a folder of its own, a
 * keyferry-localkms with an empty store, and the environment that leads the
 * module there. All of it ends the program when it cannot be had.
 */

/* A folder, a clean environment, and no KMS. */
void world_open(void);
/* The same with a KMS. */
void world_start(void);
/* In a process that another with a world started: that world. */
void world_join(void);
/* Ends the KMS and removes the folder; when keep is not set in the
 * environment (KEYFERRY_TEST_KEEP=1). */
void world_stop(void);
/* The KMS alone: an end as by `kill`, and a new one on the same store and, if
 * it can be, on the same port. */
void world_kms_stop(void);
void world_kms_start(void);

/* The path of a file in the folder, in static memory: four at a time. */
const char *world_path(const char *name);
/* Where the built files are. */
const char *world_module(void);
/* "127.0.0.1:PORT" of the KMS, and of its control address. */
const char *world_address(void);

/*
 * Writes keyferry.conf and points $KEYFERRY_CONFIG at it. top: more lines
 * before the sections; token: more lines of [token test]; more: sections.
 * All may be NULL. Wrapping keys have 2048 bits, which take less time.
 */
void world_config(const char *top, const char *token, const char *more);
void world_write(const char *name, const char *text);
/* The whole file, in static memory, cut at 64 kB; "" when there is none. */
const char *world_read(const char *name);
size_t world_lines(const char *text);

/* What the KMS's control address does: METHOD, path and query. */
void control(const char *method, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* How often an operation was asked for since calls_clear(); NULL: all. */
unsigned long calls(const char *operation);
void calls_clear(void);
/* How many calls there were at once, at most, since then. */
unsigned long calls_at_once(void);
#endif
