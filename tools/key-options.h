#ifndef KEY_OPTIONS_H
#define KEY_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Options that several subcommands have, for `read` of struct option_row. */

struct key_wish;
#define KEY_ID_MAX 119 /* bytes: an alias has two characters for each */
struct key_id {
	uint8_t bytes[KEY_ID_MAX];
	size_t len; /* 0: none was given */
};

/* --end-date: into a struct key_wish. */
bool key_option_end_date(char *, void *to);
/* The same of a day that may be over. */
bool key_option_any_end_date(char *, void *to);
/* --valid-days: into a struct key_wish, an end so many days from now. */
bool key_option_valid_days(char *, void *to);
/* Wishes for the day that is so many days, at most 365, from now. */
void key_wish_days(struct key_wish *, unsigned long days);
/* Why no key can be valid until then, or NULL. in_kms: its key is in KMS. */
const char *key_wish_why_not(const struct key_wish *, bool in_kms);
bool key_option_usage(char *, void *to); /* into an enum usage */
bool key_option_hmac(char *, void *to); /* into a CK_ULONG: the hash's bits */
bool key_option_wrapping_bits(char *, void *to); /* into a CK_ULONG */
/* --tags, --multi-region: into a struct key_wish. */
bool key_option_tags(char *, void *to);
bool key_option_multi_region(char *, void *to);
bool key_option_format(char *, void *to); /* into an enum key_format */
bool key_option_id(char *, void *to); /* into a struct key_id */
#endif
