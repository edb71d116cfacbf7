#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "key-list.h"
#include "keydata/names.h"

#define SEPARATORS " \t,"
#define KEY_RESOURCE ":key/"
#define ALIAS_RESOURCE ":alias/"
#define ALIAS_CHARACTERS                           \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN" \
	"OPQRSTUVWXYZ0123456789/_-"
#define SPEC_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*?"

bool
key_list_matches(const char *pattern, const char *text)
{
	return (fnmatch(pattern, text, FNM_NOESCAPE) == 0);
}

static bool
is_key(const char *s)
{
	const char *resource = strstr(s, KEY_RESOURCE);

	if (strncmp(s, "arn:", 4) == 0 && resource != NULL)
		s = resource + strlen(KEY_RESOURCE);
	else if (strchr(s, ':') != NULL)
		return (false);
	return (name_is_key_id(view_str(s)));
}

/* With or without * and ?. */
static bool
is_alias(const char *s, const char *more)
{
	const char *resource = strstr(s, ALIAS_RESOURCE);
	size_t n;

	if (strncmp(s, "arn:", 4) == 0 && resource != NULL)
		s = resource + 1;
	if (strncmp(s, "alias/", 6) != 0 || s[6] == '\0')
		return (false);
	for (; (n = strspn(s, ALIAS_CHARACTERS)), s[n] != '\0'; s += n + 1)
		if (strchr(more, s[n]) == NULL)
			return (false);
	return (true);
}

/* What stands behind the word, or NULL. */
static const char *
after(const char *s, const char *word)
{
	size_t len = strlen(word);

	return (strncmp(s, word, len) == 0 && s[len] != '\0' ? s + len : NULL);
}

static bool
read_tag(struct selector *out, const char *tag)
{
	size_t key = strcspn(tag, "=");

	out->kind = SELECTOR_TAG;
	out->any_value = tag[key] == '\0';
	snprintf(out->text, sizeof(out->text), "%.*s", (int)key, tag);
	snprintf(out->value, sizeof(out->value), "%s",
	    out->any_value ? "" : tag + key + 1);
	return (key != 0);
}

static bool
read_selector(struct selector *out, const char *s)
{
	const char *rest;

	if ((rest = after(s, "tag:")) != NULL)
		return (read_tag(out, rest));
	if ((rest = after(s, "origin:")) != NULL) {
		out->kind = SELECTOR_ORIGIN;
		snprintf(out->text, sizeof(out->text), "%s", rest);
		return (kms_origin_find(rest) != KMS_ORIGIN_UNKNOWN);
	}
	if ((rest = after(s, "spec:")) != NULL) {
		out->kind = SELECTOR_SPEC;
		snprintf(out->text, sizeof(out->text), "%s", rest);
		return (rest[strspn(rest, SPEC_CHARACTERS)] == '\0');
	}
	snprintf(out->text, sizeof(out->text), "%s", s);
	out->kind = is_key(s)	      ? SELECTOR_KEY
		    : is_alias(s, "") ? SELECTOR_ALIAS
				      : SELECTOR_GLOB;
	return (out->kind != SELECTOR_GLOB ||
		(strncmp(s, "arn:", 4) != 0 && is_alias(s, "*?")));
}

bool
key_list_next(const char **list, struct selector *out)
{
	char text[sizeof(out->text)];
	const char *start;
	size_t len;

	*out = (struct selector){.kind = SELECTOR_KEY};
	if (*list == NULL)
		return (false);
	start = *list + strspn(*list, SEPARATORS);
	len = strcspn(start, SEPARATORS);
	if (len == 0 || len >= sizeof(out->text))
		return (false);
	snprintf(text, sizeof(text), "%.*s", (int)len, start);
	if (!read_selector(out, text))
		return (false);
	*list = start + len;
	return (true);
}

bool
key_list_is_valid(const char *list)
{
	struct selector s;
	size_t count = 0;

	while (key_list_next(&list, &s))
		count++;
	return (count != 0 && list[strspn(list, SEPARATORS)] == '\0');
}

unsigned
key_list_kinds(const char *list)
{
	struct selector s;
	unsigned kinds = 0;

	while (key_list_next(&list, &s))
		kinds |= s.kind;
	return (kinds);
}

bool
key_list_has(const char *list, const char *key_id, const char *arn)
{
	struct selector s;

	while (key_list_next(&list, &s))
		if (s.kind == SELECTOR_KEY &&
		    (strcmp(s.text, key_id) == 0 || strcmp(s.text, arn) == 0))
			return (true);
	return (false);
}
