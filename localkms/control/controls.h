#ifndef LOCALKMS_CONTROLS_H
#define LOCALKMS_CONTROLS_H
#include "control/faults.h"
#include "store/store.h"

/*
 * What tests ask of the server: faults, another time, quotas, denied keys,
 * counters. Set through the control address, looked at by every request.
 * Thread-safe.
 */
struct controls;

struct controls *controls_open(struct store *); /* NULL: out of memory */
void controls_close(struct controls *);

/* KMS's time, for key material, import tokens and deletions: milliseconds
 * since 1970. */
int64_t controls_now_ms(struct controls *);
/* The front end's time, for signatures. */
int64_t controls_wall_ms(struct controls *);
/* That of the Date header: it follows the time that was moved forward. */
int64_t controls_date_ms(struct controls *);

#define CONTROLS_COUNTERS 65
/* Counts a request by the number of its operation and says which fault it
 * meets. operation "": an unknown one. */
void controls_begin_request(struct controls *, size_t number,
    const char *operation, struct fault_plan *);
/* The next edit that a reply meets; *next begins with 0. False: no more. */
bool controls_next_edit(struct controls *, const char *operation,
    struct view reply, size_t *next, struct reply_edit *);
/* A request that controls_begin_request() has counted is answered. */
void controls_end_request(struct controls *);
/* Whether the caller may not use that key; NULL: may not call the operation,
 * whatever the key. */
bool controls_denied(struct controls *, const char *operation,
    const struct key *, const char *access_key);
/* Whether AWS's request quota is used up. */
bool controls_over_quota(struct controls *, const char *operation,
    const struct key *, const char *pair_spec, const char *region);
/* Whether all import parameters of a size have the same wrapping key. */
bool controls_shares_wrapping_keys(const struct controls *);

/* Whether a key that has its material gets no import parameters. */
bool controls_refuses_in_use(const struct controls *);
/* Whether other material came in with that import token, where each is taken
 * once. And notes that this did; false: out of memory. */
bool controls_token_is_spent(
    struct controls *, struct view token, struct view material);
bool controls_spend_token(
    struct controls *, struct view token, struct view material);

/* What follows is for the control address. */

unsigned long controls_counter(const struct controls *, size_t number);
/* The most requests that were under way at the same time. */
unsigned long controls_most_at_once(const struct controls *);
void controls_clear_counters(struct controls *);

/* From the parameters of a request. False: why says what is wrong. */
bool controls_add_fault(struct controls *, const struct web_request *, int *id,
    char *why, size_t size);
void controls_remove_fault(struct controls *, int id); /* 0: all */
/* Copies those in force; returns how many. */
size_t controls_list_faults(struct controls *, struct fault out[FAULTS_MAX]);

/* Which requests are answered with AccessDeniedException; "": any. */
struct denial {
	char key[KEY_ID_SIZE];
	char operation[64], access_key[160];
};
bool controls_add_denial(struct controls *, const struct denial *);
void controls_clear_denials(struct controls *);

/* Adds so many seconds to KMS's time and to the front end's time. */
void controls_move_clock(struct controls *, int64_t forward, int64_t skew);
void controls_enforce_quotas(struct controls *, bool);
void controls_share_wrapping_keys(struct controls *, bool);
void controls_refuse_in_use(struct controls *, bool);
void controls_take_tokens_once(struct controls *, bool);
/* For so long after a change, reads find what was before. */
void controls_delay_changes(struct controls *, int64_t ms);
/* All as at first, but for KMS's time. */
void controls_reset(struct controls *);
#endif
