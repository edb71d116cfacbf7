#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "array.h"
#include "config-file.h"
#include "copy-text.h"
#include "env.h"
#include "ini.h"
#include "trusted-path.h"

#define SYSTEM_FILE "/etc/keyferry/keyferry.conf"
#define DEFAULT_LABEL "keyferry"
#define TOKEN_PREFIX "token "
#define PATH_SIZE 4096
#define NO_SLOT (-1)

static struct config_token *
token_add(struct config *c, const char *label)
{
	struct config_token *t;

	t = array_grow(
	    c->tokens, &c->token_cap, c->token_count + 1, sizeof(*t));
	if (t == NULL)
		return (NULL);
	c->tokens = t;
	t += c->token_count++;
	memset(t, 0, sizeof(*t));
	t->slot = NO_SLOT;
	strncpy(t->label, label, TOKEN_LABEL_MAX);
	return (options_set_standard(token_options, t) == ERR_OK ? t : NULL);
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
			    "%s:%d: token %s appears twice", file, i->line,
			    label));
	return (token_add(c, label) != NULL ? ERR_OK : ERR_MEMORY);
}

/* One more line for the log. */
static enum err
add_note(struct config *c, const char *text)
{
	size_t before = c->notes != NULL ? strlen(c->notes) : 0;
	size_t size = before + strlen(text) + 2;
	char *notes = realloc(c->notes, size);

	if (notes == NULL)
		return (ERR_MEMORY);
	snprintf(notes + before, size - before, "%s\n", text);
	c->notes = notes;
	return (ERR_OK);
}

/*
 * A newer version's file may have options that this one does not know. But one
 * that is misspelt must not count for nothing: what the token would show or do
 * without it, nobody has asked for.
 */
static enum err
take_unknown(struct config *c, const struct ini_item *i, bool global,
    const char *file, struct error_info *error)
{
	struct config_token *t = global ? NULL : &c->tokens[c->token_count - 1];
	const struct option *near = option_near(
	    global ? module_options : token_options, i->key);
	bool elsewhere = option_find(global ? token_options : module_options,
			     i->key) != NULL;
	char text[PATH_MAX + 256];

	if (elsewhere)
		snprintf(text, sizeof(text),
		    "%s:%d: the option %.64s belongs %s", file, i->line, i->key,
		    global ? "into a section [token NAME]"
			   : "before the first section");
	else if (near != NULL)
		snprintf(text, sizeof(text),
		    "%s:%d: there is no option %.64s: is %s meant?", file,
		    i->line, i->key, near->name);
	else
		snprintf(text, sizeof(text),
		    "%s:%d: the option %.64s is not known, and has no effect",
		    file, i->line, i->key);
	if (near == NULL && !elsewhere)
		return (add_note(c, text));
	if (global)
		return (error_info_set(error, ERR_CONFIG, "%s", text));
	if (t->fault == NULL && (t->fault = copy_text(text)) == NULL)
		return (ERR_MEMORY);
	return (ERR_OK);
}

static enum err
take_item(struct config *c, const struct ini_item *i, const char *file,
    struct error_info *error)
{
	bool global = i->section == NULL || i->section[0] == '\0';
	char values[512];
	const struct option *o;
	enum err e;

	if (i->key == NULL)
		return (open_section(c, i, file, error));
	if (i->parent[0] != '\0')
		return (error_info_set(error, ERR_CONFIG,
		    "%s:%d: the line is indented: an option begins its line",
		    file, i->line));
	o = option_find(global ? module_options : token_options, i->key);
	if (o == NULL)
		return (take_unknown(c, i, global, file, error));
	e = option_set(o,
	    global ? (void *)c : (void *)&c->tokens[c->token_count - 1],
	    i->value);
	if (e != ERR_CONFIG)
		return (e);
	option_say_values(o, values, sizeof(values));
	return (error_info_set(error, e, "%s:%d: %s cannot be %.60s%s%s", file,
	    i->line, i->key, i->value, values[0] != '\0' ? ", but " : "",
	    values));
}

/* Of two values of an option the later counts, as in AWS's files; nobody who
 * meant both is to believe it. */
static enum err
note_repeated(
    struct config *c, const struct ini *ini, size_t at, const char *file)
{
	const struct ini_item *i = &ini->items[at], *other;
	char text[PATH_MAX + 256];

	for (size_t n = at; i->key != NULL && n-- > 0;) {
		other = &ini->items[n];
		if (other->key == NULL || strcmp(other->key, i->key) != 0 ||
		    strcmp(other->section, i->section) != 0)
			continue;
		if (strcmp(other->value, i->value) == 0)
			return (ERR_OK);
		snprintf(text, sizeof(text),
		    "%s:%d: %.64s has another value in line %d, which has no "
		    "effect",
		    file, i->line, i->key, other->line);
		return (add_note(c, text));
	}
	return (ERR_OK);
}

static enum err
read_file(struct config *c, int fd, const char *file, struct error_info *error)
{
	struct ini ini = INI_INIT;
	const char *log;
	enum err e;

	e = ini_read(&ini, fd, file, error);
	for (size_t i = 0; i < ini.count && e == ERR_OK; i++)
		if ((e = take_item(c, &ini.items[i], file, error)) == ERR_OK)
			e = note_repeated(c, &ini, i, file);
	/* what is wrong is told where this file says */
	if (e != ERR_OK && (log = ini_get(&ini, "", "", "log")) != NULL)
		(void)option_set(option_find(module_options, "log"), c, log);
	ini_free(&ini);
	return (e);
}

/* 31 bits that are the name's own (FNV-1a): a slot keeps its id when sections
 * come, go or move. */
static long
slot_of_label(const char *label)
{
	uint32_t hash = 2166136261U;

	for (; *label != '\0'; label++)
		hash = (hash ^ (uint8_t)*label) * 16777619U;
	return ((long)(hash & SLOT_MAX));
}

/* Another token, among the first count, that has the slot; NULL: none. */
static const struct config_token *
token_in_slot(const struct config *c, size_t count, long slot)
{
	for (size_t i = 0; i < count; i++)
		if (c->tokens[i].slot == slot)
			return (&c->tokens[i]);
	return (NULL);
}

/* First the slots that the file fixes, then the others in its order: one whose
 * place is taken gets the next. */
static enum err
give_slots(struct config *c, const char *file, struct error_info *error)
{
	const struct config_token *other;
	struct config_token *t;

	for (size_t i = 0; i < c->token_count; i++) {
		t = &c->tokens[i];
		if (t->slot != NO_SLOT &&
		    (other = token_in_slot(c, i, t->slot)) != NULL)
			return (error_info_set(error, ERR_CONFIG,
			    "%s: tokens %s and %s have the same slot", file,
			    other->label, t->label));
	}
	for (size_t i = 0; i < c->token_count; i++) {
		long slot = slot_of_label(c->tokens[i].label);

		if (c->tokens[i].slot != NO_SLOT)
			continue;
		while (token_in_slot(c, c->token_count, slot) != NULL)
			slot = slot == SLOT_MAX ? 0 : slot + 1;
		c->tokens[i].slot = slot;
	}
	return (ERR_OK);
}

/* The only token, where no file names one. */
static enum err
add_default_token(struct config *c)
{
	struct config_token *t = token_add(c, DEFAULT_LABEL);

	if (t == NULL)
		return (ERR_MEMORY);
	t->slot = 0;
	return (ERR_OK);
}

/* Whoever can write the file decides where keys go. ERR_NOT_FOUND: there is
 * none. */
static enum err
open_at(const char *path, int *fd, struct error_info *error)
{
	enum err e = trusted_open(path, TRUSTED_FILE, O_RDONLY, fd, error);

	if (e == ERR_UNTRUSTED)
		return (ERR_CONFIG);
	if (e != ERR_FILE)
		return (e);
	(void)error_info_set(error, e, "%s: %s", path, strerror(errno));
	return (errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : e);
}

/* Opens the first of the places that is there; one that was named must be. */
static enum err
open_file(const char *named, char *path, int *fd, struct error_info *error)
{
	const char *xdg = env_get("XDG_CONFIG_HOME");
	struct buf home = BUF_INIT(PATH_SIZE);
	enum err e = ERR_NOT_FOUND;

	*fd = -1;
	if (named != NULL) {
		snprintf(path, PATH_SIZE, "%s", named);
		e = open_at(path, fd, error);
		return (e == ERR_NOT_FOUND ? ERR_FILE : e);
	}
	path[0] = '\0';
	if (xdg != NULL)
		snprintf(path, PATH_SIZE, "%s/keyferry/keyferry.conf", xdg);
	else if (env_path("~/.config/keyferry/keyferry.conf", &home) == ERR_OK)
		snprintf(path, PATH_SIZE, "%s", (const char *)home.ptr);
	buf_free(&home);
	if (path[0] != '\0')
		e = open_at(path, fd, error);
	/* a home that this process cannot enter is none of its own */
	if (e == ERR_NOT_FOUND || e == ERR_FILE) {
		snprintf(path, PATH_SIZE, "%s", SYSTEM_FILE);
		e = open_at(path, fd, error);
	}
	return (e == ERR_NOT_FOUND ? ERR_OK : e);
}

/* XDG's place for what should outlive a restart but is no configuration. */
static enum err
default_state(struct config *c)
{
	const char *xdg = env_get("XDG_STATE_HOME");
	char path[PATH_SIZE];

	if (c->state != NULL)
		return (ERR_OK);
	snprintf(path, sizeof(path), "%s/keyferry",
	    xdg != NULL ? xdg : "~/.local/state");
	return (option_set(option_find(module_options, "state"), c, path));
}

enum err
config_load(const char *init_args, struct config *c, struct error_info *error)
{
	static const char prefix[] = "config=";
	const char *named = env_get("KEYFERRY_CONFIG");
	char path[PATH_SIZE], *log;
	int fd = -1;
	enum err e;

	*c = (struct config){.log = NULL};
	if ((e = options_set_standard(module_options, c)) != ERR_OK)
		goto out;
	if (named == NULL && init_args != NULL &&
	    strncmp(init_args, prefix, strlen(prefix)) == 0)
		named = init_args + strlen(prefix);
	if ((e = open_file(named, path, &fd, error)) != ERR_OK ||
	    (fd != -1 && (e = read_file(c, fd, path, error)) != ERR_OK))
		goto out;
	if (fd != -1 && (c->file = copy_text(path)) == NULL) {
		e = ERR_MEMORY;
		goto out;
	}
	e = c->token_count == 0 ? add_default_token(c)
				: give_slots(c, path, error);
	/* without a home the token works, but cannot import */
	if (e == ERR_OK && default_state(c) == ERR_MEMORY)
		e = ERR_MEMORY;
out:
	if (fd != -1)
		(void)close(fd);
	if (e != ERR_OK) {
		log = c->log;
		c->log = NULL;
		config_free(c);
		c->log = log;
	}
	return (e);
}
