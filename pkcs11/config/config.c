#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config.h"
#include "env.h"
#include "ini.h"

#define SYSTEM_FILE "/etc/keyferry/keyferry.conf"
#define DEFAULT_LABEL "keyferry"
#define TOKEN_PREFIX "token "
#define PATH_SIZE 4096

enum kind { KIND_STRING, KIND_PATH, KIND_BOOL, KIND_NUMBER, KIND_WORD };

/* One option is one row. */
struct option {
	const char *name;
	enum kind kind;
	size_t at; /* offset in struct config, or in struct config_token */
	long low,
	    high; /* KIND_NUMBER: the range; NUMBER, WORD: low is default */
	const char *const *words; /* KIND_WORD: those it can be */
};

static const char *const login_words[] = {"none", "required", NULL};
static const char *const show_words[] = {"usable", "all", NULL};
static const char *const destroy_words[] = {
    "delete-material", "schedule-deletion", NULL};
static const char *const two_usages_words[] = {
    "prefer", "both", "refuse", NULL};
static const char *const wrapping_words[] = {"RSAES_OAEP_SHA_256",
    "RSAES_OAEP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
    NULL};
static const char *const import_words[] = {"SYMMETRIC_DEFAULT", "HMAC_224",
    "HMAC_256", "HMAC_384", "HMAC_512", "RSA_2048", "RSA_3072", "RSA_4096",
    "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", NULL};
static const char *const wrapping_bits_words[] = {"2048", "3072", "4096", NULL};

/* clang-format off */
#define GLOBAL(name, kind, member) \
	{ name, KIND_##kind, offsetof(struct config, member), 0, 0, NULL }
static const struct option globals[] = {
	GLOBAL("log", STRING, log),
	GLOBAL("state", PATH, state),
	GLOBAL("digests", BOOL, digests),
	{ .name = NULL },
};

#define TOKEN(name, kind, member) \
	{ name, KIND_##kind, offsetof(struct config_token, member), 0, 0, NULL }
#define NUMBER(name, member, low, high) \
	{ name, KIND_NUMBER, offsetof(struct config_token, member), \
	    low, high, NULL }
#define WORD(name, member) \
	{ name, KIND_WORD, offsetof(struct config_token, member), \
	    0, 0, member##_words }
static const struct option tokens[] = {
	TOKEN("region", STRING, region),
	TOKEN("profile", STRING, profile),
	TOKEN("endpoint", STRING, endpoint),
	TOKEN("ca-bundle", PATH, ca_bundle),
	TOKEN("certificates", PATH, certificates),
	TOKEN("aes-cbc-pad", BOOL, aes_cbc_pad),
	WORD("login", login),
	WORD("show", show),
	WORD("wrapping", wrapping),
	WORD("wrapping-bits", wrapping_bits),
	WORD("import", import),
	WORD("two-usages", two_usages),
	TOKEN("multi-region", BOOL, multi_region),
	TOKEN("replicas", STRING, replicas),
	WORD("destroy", destroy),
	NUMBER("deletion-days", deletion_days, 7, 30),
	NUMBER("timeout", timeout, 1, 3600),
	NUMBER("import-timeout", import_timeout, 1, 86400),
	NUMBER("list-timeout", list_timeout, 1, 86400),
	NUMBER("refresh", refresh, 0, 86400),
	{ .name = NULL },
};

static const struct config_token defaults = {
	.label = DEFAULT_LABEL,
	.login = "none",
	.show = "usable",
	.destroy = "delete-material",
	.wrapping_bits = "4096",
	.import = "SYMMETRIC_DEFAULT",
	.two_usages = "prefer",
	.deletion_days = 30,
	.timeout = 20,
	.import_timeout = 300,
	.list_timeout = 300,
	.refresh = 10,
};
/* clang-format on */

static enum err
set_string(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
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

static bool
set_bool(bool *to, const char *value)
{
	*to = strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0;
	return (*to || strcasecmp(value, "no") == 0 ||
		strcasecmp(value, "false") == 0);
}

static bool
set_number(long *to, const struct option *o, const char *value)
{
	char *end = NULL;

	errno = 0;
	*to = strtol(value, &end, 10);
	return (errno == 0 && end != value && *end == '\0' && *to >= o->low &&
		*to <= o->high);
}

static bool
set_word(const char **to, const struct option *o, const char *value)
{
	const char *const *w = o->words;

	while (*w != NULL && strcmp(*w, value) != 0)
		w++;
	*to = *w;
	return (*w != NULL);
}

static enum err
set_option(const struct option *o, void *base, const char *value)
{
	void *to = (char *)base + o->at;
	bool fine = false;

	switch (o->kind) {
	case KIND_STRING:
		return (set_string(to, value));
	case KIND_PATH:
		return (set_path(to, value));
	case KIND_BOOL:
		fine = set_bool(to, value);
		break;
	case KIND_NUMBER:
		fine = set_number(to, o, value);
		break;
	case KIND_WORD:
		fine = set_word(to, o, value);
		break;
	}
	return (fine ? ERR_OK : ERR_CONFIG);
}

static struct config_token *
token_add(struct config *c, const char *label)
{
	struct config_token *t;

	t = realloc(c->tokens, (c->token_count + 1) * sizeof(*t));
	if (t == NULL)
		return (NULL);
	c->tokens = t;
	t += c->token_count++;
	*t = defaults;
	strncpy(t->label, label, TOKEN_LABEL_MAX);
	return (t);
}

static const char *
section_label(const char *section)
{
	if (strncmp(section, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0)
		return (NULL);
	section += strlen(TOKEN_PREFIX);
	return (section + strspn(section, " \t"));
}

static enum err
open_section(struct config *c, const struct ini_item *i, const char *file,
    struct error_info *error)
{
	const char *label = section_label(i->section);

	if (label == NULL || *label == '\0' || strlen(label) > TOKEN_LABEL_MAX)
		return (error_info_set(error, ERR_CONFIG,
		    "%s:%d: a section is [token NAME], NAME of 1 to %d bytes",
		    file, i->line, TOKEN_LABEL_MAX));
	for (size_t n = 0; n < c->token_count; n++)
		if (strcmp(c->tokens[n].label, label) == 0)
			return (error_info_set(error, ERR_CONFIG,
			    "%s:%d: token %s is there twice", file, i->line,
			    label));
	return (token_add(c, label) != NULL ? ERR_OK : ERR_MEMORY);
}

static enum err
take_item(struct config *c, const struct ini_item *i, const char *file,
    struct error_info *error)
{
	bool global = i->section == NULL || i->section[0] == '\0';
	const struct option *o = global ? globals : tokens;
	enum err e;

	if (i->key == NULL)
		return (open_section(c, i, file, error));
	while (o->name != NULL && strcmp(o->name, i->key) != 0)
		o++;
	if (o->name == NULL || i->parent[0] != '\0')
		return (error_info_set(error, ERR_CONFIG,
		    "%s:%d: there is no option %s here", file, i->line,
		    i->key));
	e = set_option(o,
	    global ? (void *)c : (void *)&c->tokens[c->token_count - 1],
	    i->value);
	return (e == ERR_OK ? e
			    : error_info_set(error, e, "%s:%d: %s cannot be %s",
				  file, i->line, i->key, i->value));
}

/* Whoever can write the file decides where keys go. */
static bool
is_safe(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
		(st.st_uid == 0 || st.st_uid == geteuid()));
}

static enum err
read_file(struct config *c, int fd, const char *file, struct error_info *error)
{
	struct ini ini = INI_INIT;
	enum err e;

	if (!is_safe(fd))
		return (error_info_set(error, ERR_CONFIG,
		    "%s: others than its user or root can write it", file));
	if ((e = ini_read(&ini, fd, file, error)) != ERR_OK)
		goto out;
	for (size_t i = 0; i < ini.count && e == ERR_OK; i++)
		e = take_item(c, &ini.items[i], file, error);
out:
	ini_free(&ini);
	return (e);
}

/* Opens the first of the places that is there; one that was named must be. */
static enum err
open_file(const char *named, char *path, int *fd, struct error_info *error)
{
	const char *xdg = env_get("XDG_CONFIG_HOME");
	struct buf home = BUF_INIT(PATH_SIZE);

	*fd = -1;
	if (named != NULL) {
		snprintf(path, PATH_SIZE, "%s", named);
		if ((*fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
			return (error_info_set(
			    error, ERR_FILE, "%s: %s", path, strerror(errno)));
		return (ERR_OK);
	}
	if (xdg != NULL)
		snprintf(path, PATH_SIZE, "%s/keyferry/keyferry.conf", xdg);
	else if (env_path("~/.config/keyferry/keyferry.conf", &home) == ERR_OK)
		snprintf(path, PATH_SIZE, "%s", (const char *)home.ptr);
	else
		path[0] = '\0';
	buf_free(&home);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd == -1) {
		snprintf(path, PATH_SIZE, "%s", SYSTEM_FILE);
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (*fd == -1 && errno != ENOENT && errno != ENOTDIR)
		return (error_info_set(
		    error, ERR_FILE, "%s: %s", path, strerror(errno)));
	return (ERR_OK);
}

/* XDG's place for what should outlive a restart but is no configuration. */
static enum err
default_state(struct config *c)
{
	const char *xdg = env_get("XDG_STATE_HOME");
	char path[PATH_SIZE];

	if (c->state != NULL)
		return (ERR_OK);
	if (xdg == NULL)
		return (set_path(&c->state, "~/.local/state/keyferry"));
	snprintf(path, sizeof(path), "%s/keyferry", xdg);
	return (set_string(&c->state, path));
}

enum err
config_load(const char *init_args, struct config *c, struct error_info *error)
{
	static const char prefix[] = "config=";
	const char *named = env_get("KEYFERRY_CONFIG");
	char path[PATH_SIZE];
	int fd = -1;
	enum err e;

	*c = (struct config){.log = NULL};
	if (named == NULL && init_args != NULL &&
	    strncmp(init_args, prefix, strlen(prefix)) == 0)
		named = init_args + strlen(prefix);
	if ((e = open_file(named, path, &fd, error)) != ERR_OK ||
	    (fd != -1 && (e = read_file(c, fd, path, error)) != ERR_OK))
		goto out;
	if (c->token_count == 0 && token_add(c, DEFAULT_LABEL) == NULL)
		e = ERR_MEMORY;
	/* without a home the token works, but cannot import */
	if (e == ERR_OK && default_state(c) == ERR_MEMORY)
		e = ERR_MEMORY;
out:
	if (fd != -1)
		(void)close(fd);
	if (e != ERR_OK)
		config_free(c);
	return (e);
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < c->token_count; i++) {
		free(c->tokens[i].region);
		free(c->tokens[i].profile);
		free(c->tokens[i].endpoint);
		free(c->tokens[i].ca_bundle);
		free(c->tokens[i].replicas);
		free(c->tokens[i].certificates);
	}
	free(c->tokens);
	free(c->log);
	free(c->state);
	*c = (struct config){.log = NULL};
}
