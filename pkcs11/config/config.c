#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "config.h"
#include "copy-text.h"
#include "env.h"
#include "key-list.h"
#include "log.h"
#include "tag-list.h"

#define PATH_SIZE 4096
/* KMS takes 8192 characters; what marks a key in the making comes behind */
#define DESCRIPTION_MAX 8000

/* The words of a choice stand in the order of its enum. */
static const char *const login_words[] = {"none", "required", NULL};
static const char *const show_words[] = {"usable", "all", NULL};
static const char *const destroy_words[] = {
    "delete-material", "schedule-deletion", NULL};
static const char *const destroy_generated_words[] = {
    "schedule-deletion", "refuse", NULL};
static const char *const two_usages_words[] = {
    "prefer", "both", "refuse", NULL};
static const char *const generate_words[] = {"no", "named", "yes", NULL};
static const char *const wrapping_words[] = {"RSAES_OAEP_SHA_256",
    "RSAES_OAEP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
    NULL};
static const char *const wrapping_bits_words[] = {"2048", "3072", "4096", NULL};
static const char *const import_words[] = {"SYMMETRIC_DEFAULT", "HMAC_224",
    "HMAC_256", "HMAC_384", "HMAC_512", "RSA_2048", "RSA_3072", "RSA_4096",
    "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", NULL};

/* clang-format off */
#define ROW(name, kind, member, standard) \
	{ name, OPTION_##kind, offsetof(struct OF, member), standard, \
	    NULL, 0, 0 }
#define WORDS(name, kind, member, standard) \
	{ name, OPTION_##kind, offsetof(struct OF, member), standard, \
	    member##_words, 0, 0 }
#define NUMBER(name, member, standard, low, high) \
	{ name, OPTION_NUMBER, offsetof(struct OF, member), standard, \
	    NULL, low, high }

#define TEXT(name, member, most) \
	{ name, OPTION_STRING, offsetof(struct OF, member), NULL, \
	    NULL, 0, most }

#define OF config
const struct option module_options[] = {
	ROW("log", LOG, log, NULL),
	ROW("state", PATH, state, NULL),
	ROW("digests", BOOL, digests, "no"),
	ROW("fips", BOOL, fips, "no"),
	ROW("fips-config", PATH, fips_config, NULL),
	{ .name = NULL },
};
#undef OF

#define OF config_token
const struct option token_options[] = {
	NUMBER("slot", slot, NULL, 0, SLOT_MAX),
	ROW("region", STRING, region, NULL),
	ROW("profile", STRING, profile, NULL),
	ROW("endpoint", STRING, endpoint, NULL),
	ROW("ca-bundle", PATH, ca_bundle, NULL),
	ROW("certificates", PATH, certificates, NULL),
	WORDS("login", CHOICE, login, "none"),
	ROW("removable", BOOL, removable, "no"),
	WORDS("show", CHOICE, show, "usable"),
	ROW("keys", KEYS, keys, NULL),
	ROW("adopt", BOOL, adopt, "no"),
	WORDS("generate", CHOICE, generate, "named"),
	ROW("aes-cbc-pad", BOOL, aes_cbc_pad, "no"),
	ROW("octet-string-points", BOOL, octet_string_points, "no"),
	WORDS("wrapping", NAME, wrapping, NULL),
	WORDS("wrapping-bits", SIZE, wrapping_bits, "4096"),
	WORDS("import", NAME, import, "SYMMETRIC_DEFAULT"),
	WORDS("two-usages", CHOICE, two_usages, "prefer"),
	ROW("multi-region", BOOL, multi_region, "no"),
	ROW("replicas", STRING, replicas, NULL),
	ROW("import-sets", PATH, import_sets, NULL),
	ROW("tags", TAGS, tags, NULL),
	TEXT("description", description, DESCRIPTION_MAX),
	ROW("policy", PATH, policy, NULL),
	WORDS("destroy", CHOICE, destroy, "delete-material"),
	WORDS("destroy-generated", CHOICE, destroy_generated,
	    "schedule-deletion"),
	NUMBER("deletion-days", deletion_days, "30", 7, 30),
	NUMBER("valid-days", valid_days, "0", 0, 365),
	NUMBER("renewal-days", renewal_days, "0", 0, 365),
	NUMBER("warn-days", warn_days, "30", 0, 365),
	NUMBER("timeout", timeout, "20", 1, 3600),
	NUMBER("import-timeout", import_timeout, "300", 1, 86400),
	NUMBER("list-timeout", list_timeout, "300", 1, 86400),
	NUMBER("refresh", refresh, "10", 0, 86400),
	NUMBER("settle", settle, "5", 0, 300),
	{ .name = NULL },
};
#undef OF
/* clang-format on */

static enum err
set_string(char **to, const char *value)
{
	free(*to);
	*to = copy_text(value);
	return (*to != NULL ? ERR_OK : ERR_MEMORY);
}

static enum err
set_path(char **to, const char *value)
{
	struct buf path = BUF_INIT(PATH_SIZE);
	enum err e;

	if ((e = env_path(value, &path)) == ERR_OK)
		e = set_string(to, (const char *)path.ptr);
	buf_free(&path);
	return (e);
}

static enum err
set_bool(bool *to, const char *value)
{
	*to = strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0;
	return (*to || strcasecmp(value, "no") == 0 ||
			strcasecmp(value, "false") == 0
		    ? ERR_OK
		    : ERR_CONFIG);
}

static enum err
set_number(long *to, const struct option *o, const char *value)
{
	char *end = NULL;

	errno = 0;
	*to = strtol(value, &end, 10);
	return (errno == 0 && end != value && *end == '\0' && *to >= o->low &&
			*to <= o->high
		    ? ERR_OK
		    : ERR_CONFIG);
}

_Static_assert(sizeof(enum config_login) == sizeof(unsigned) &&
		   sizeof(enum config_two_usages) == sizeof(unsigned),
    "set_word() writes enums as unsigned numbers");

static enum err
set_word(void *to, const struct option *o, const char *value)
{
	unsigned i = 0;

	while (o->words[i] != NULL && strcmp(o->words[i], value) != 0)
		i++;
	if (o->words[i] == NULL)
		return (ERR_CONFIG);
	if (o->kind == OPTION_CHOICE)
		memcpy(to, &i, sizeof(i)); /* any enum of config.h */
	else if (o->kind == OPTION_NAME)
		*(const char **)to = o->words[i];
	else
		*(long *)to = strtol(value, NULL, 10);
	return (ERR_OK);
}

enum err
option_set(const struct option *o, void *base, const char *value)
{
	void *to = (char *)base + o->at;

	switch (o->kind) {
	case OPTION_STRING:
		return (o->high == 0 || strlen(value) <= (size_t)o->high
			    ? set_string(to, value)
			    : ERR_CONFIG);
	case OPTION_LOG:
		return (log_spec_is_valid(value) ? set_string(to, value)
						 : ERR_CONFIG);
	case OPTION_PATH:
		return (set_path(to, value));
	case OPTION_KEYS:
		return (key_list_is_valid(value) ? set_string(to, value)
						 : ERR_CONFIG);
	case OPTION_TAGS:
		return (tag_list_is_valid(value) ? set_string(to, value)
						 : ERR_CONFIG);
	case OPTION_BOOL:
		return (set_bool(to, value));
	case OPTION_NUMBER:
		return (set_number(to, o, value));
	case OPTION_CHOICE:
	case OPTION_NAME:
	case OPTION_SIZE:
		return (set_word(to, o, value));
	}
	return (ERR_CONFIG);
}

const struct option *
option_find(const struct option *o, const char *name)
{
	while (o->name != NULL && strcmp(o->name, name) != 0)
		o++;
	return (o->name != NULL ? o : NULL);
}

#define NAME_MAX_LEN 32
#define NEAR 2 /* letters: more is another word */

/* Levenshtein's distance, row by row. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], diagonal, above, m = strlen(b);

	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return (row[m]);
}

const struct option *
option_near(const struct option *o, const char *name)
{
	if (strlen(name) > NAME_MAX_LEN)
		return (NULL);
	for (; o->name != NULL; o++)
		if (distance(name, o->name) <= NEAR)
			return (o);
	return (NULL);
}

void
option_say_values(const struct option *o, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	switch (o->kind) {
	case OPTION_BOOL:
		snprintf(text, size, "yes or no");
		break;
	case OPTION_NUMBER:
		snprintf(
		    text, size, "a number from %ld to %ld", o->low, o->high);
		break;
	case OPTION_CHOICE:
	case OPTION_NAME:
	case OPTION_SIZE:
		for (size_t i = 0; o->words[i] != NULL && n < size; i++)
			n += (size_t)snprintf(text + n, size - n, "%s%s",
			    i == 0 ? "one of " : ", ", o->words[i]);
		break;
	case OPTION_KEYS:
		snprintf(text, size,
		    "key ids, key ARNs, alias/NAME (with * and ?), ARNs of "
		    "aliases, tag:KEY=VALUE, origin:ORIGIN, spec:KEYSPEC");
		break;
	case OPTION_TAGS:
		snprintf(text, size, "KEY=VALUE, KEY=VALUE ...");
		break;
	case OPTION_LOG:
		snprintf(text, size, LOG_SPEC_VALUES);
		break;
	case OPTION_PATH:
		snprintf(text, size, "a path; ~/ needs a home directory");
		break;
	case OPTION_STRING:
		if (o->high != 0)
			snprintf(
			    text, size, "a text of %ld bytes at most", o->high);
		break;
	}
}

enum err
options_set_standard(const struct option *o, void *base)
{
	enum err e = ERR_OK;

	for (; o->name != NULL && e == ERR_OK; o++)
		if (o->standard != NULL)
			e = option_set(o, base, o->standard);
	return (e);
}

static void
options_free(const struct option *o, void *base)
{
	for (; o->name != NULL; o++)
		if (o->kind == OPTION_STRING || o->kind == OPTION_LOG ||
		    o->kind == OPTION_PATH || o->kind == OPTION_KEYS ||
		    o->kind == OPTION_TAGS)
			free(*(char **)(void *)((char *)base + o->at));
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < c->token_count; i++) {
		options_free(token_options, &c->tokens[i]);
		free(c->tokens[i].fault);
	}
	free(c->notes);
	free(c->file);
	free(c->tokens);
	options_free(module_options, c);
	*c = (struct config){.log = NULL};
}
