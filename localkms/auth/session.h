#ifndef LOCALKMS_SESSION_H
#define LOCALKMS_SESSION_H
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

/*
 * Sessions of STS. They are not stored: the token holds the ARN, the expiry and
 * a MAC under the store's secret, and the secret key is derived from the access
 * key. So they survive a restart.
 */
#define SESSION_SECRET_SIZE 32
#define SESSION_ACCESS_SIZE 21 /* "ASIA" and 16 more */
#define SESSION_KEY_SIZE 41
#define SESSION_TOKEN_SIZE 1024
#define SESSION_ARN_SIZE 512

struct session {
	char access_key[SESSION_ACCESS_SIZE];
	char secret_key[SESSION_KEY_SIZE];
	char token[SESSION_TOKEN_SIZE];
	char arn[SESSION_ARN_SIZE]; /* arn:aws:sts::...:assumed-role/... */
	int64_t expires; /* seconds since 1970 */
};

/* arn and expires are set; the rest is filled in. False: no memory, or the
 * ARN is too long. */
bool session_make(const uint8_t secret[SESSION_SECRET_SIZE], struct session *);
/* Verifies token and access_key, and fills in the rest. False: forged. */
bool session_read(const uint8_t secret[SESSION_SECRET_SIZE], struct session *);
/* Turns random bytes into letters of an alphabet, with a NUL behind them. */
void session_random_text(
    const uint8_t *random, size_t len, const char *letters, char *out);
extern const char session_letters[], session_key_letters[];
#endif
