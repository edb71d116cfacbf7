#ifndef CHANGE_KEY_H
#define CHANGE_KEY_H
#include "find-key.h"
#include "key-options.h"

/* Subcommands that change keys in KMS: rows in keyferry.c. */
extern const char rename_usage[], enable_usage[], disable_usage[],
    cancel_deletion_usage[];
int rename_run(int argc, char **argv);
int enable_run(int argc, char **argv);
int disable_run(int argc, char **argv);
int cancel_deletion_run(int argc, char **argv);

/* What such a command was asked to do, and with which key. */
struct change {
	char *to, *label;
	struct key_id id;
	bool yes, json, quiet;
	struct found_key key;
};
enum change_result {
	CHANGE_DONE,
	CHANGE_FAILED, /* it said why on standard error */
	CHANGE_REFUSED, /* nothing was done: it said why, or was told no */
};

/*
 * Reads the options (--to, --json, --quiet, and --yes), and does it with each
 * key that is named. Returns the program's exit status.
 */
int change_keys(int argc, char **argv, const char *usage,
    enum change_result (*)(struct change *));
/* Says on standard error that a call of the token failed, and why. */
enum change_result change_failed(
    const struct change *, const char *function, CK_RV);
/* Says on standard error what is wrong with the key. */
enum change_result change_refused(const struct change *, const char *why);
/* Whether the key is in that state. */
bool change_is_in(const struct change *, const char *state);
#endif
