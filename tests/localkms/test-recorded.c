/*
 * The answers of recorded.h against the server's own: no member more or less,
 * the same values, the same messages.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "localkms.h"
#include "recorded.h"
#include "tap.h"

#define TEXT_MAX 8192
#define NAMES_MAX 16
struct names {
	char names[NAMES_MAX][16], values[NAMES_MAX][TEXT_MAX];
	size_t count;
};

static struct names known;

/* Puts what is known in the place of {NAME}. */
static void
fill(const char *from, char *to)
{
	size_t n = 0, len, i;

	while (*from != '\0') {
		for (i = 0; i < known.count; i++) {
			len = strlen(known.names[i]);
			if (from[0] == '{' &&
			    strncmp(from + 1, known.names[i], len) == 0 &&
			    from[len + 1] == '}')
				break;
		}
		if (i == known.count) {
			to[n++] = *from++;
			continue;
		}
		n += (size_t)sprintf(to + n, "%s", known.values[i]);
		from += strlen(known.names[i]) + 2;
	}
	to[n] = '\0';
}

static void
save(const struct localkms *l, const char *what)
{
	const char *eq = strchr(what, '=');
	char name[16];
	size_t i;

	snprintf(name, sizeof(name), "%.*s", (int)(eq - what), what);
	for (i = 0; i < known.count; i++)
		if (strcmp(known.names[i], name) == 0)
			break;
	if (i == NAMES_MAX)
		tap_bail();
	if (i == known.count)
		known.count++;
	snprintf(known.names[i], sizeof(known.names[i]), "%s", name);
	snprintf(known.values[i], sizeof(known.values[i]), "%s",
	    localkms_text(l, eq + 1));
}

static bool
differs(const char *path, const char *why)
{
	printf("# %s: %s\n", path, why);
	return (false);
}

static bool
only(const char *text, size_t len, const char *set)
{
	return (len == 0 || (strlen(text) == len && strspn(text, set) == len));
}

/* Whether got is of the kind that a placeholder names. */
static bool
is_kind(const char *kind, const struct json_node *got, const char *path)
{
	const char *s = (const char *)got->text.ptr;
	const char hex[] = "0123456789abcdef";
	bool ok = false;

	if (strcmp(kind, "<date>") == 0)
		ok = got->kind == NODE_NUMBER && atof(s) > 1.6e9 &&
		     (strchr(s, '.') == NULL || strlen(strchr(s, '.')) <= 4);
	else if (got->kind != NODE_STRING)
		return (differs(path, "not a text"));
	else if (strcmp(kind, "<blob>") == 0)
		ok = got->text.len != 0 && got->text.len % 4 == 0 &&
		     s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
				 "tuvwxyz0123456789+/=")] == '\0';
	else if (strcmp(kind, "<hex>") == 0)
		ok = only(s, 64, hex);
	else if (strcmp(kind, "<uuid>") == 0)
		ok = only(s, 36, "0123456789abcdef-");
	else if (strcmp(kind, "<text>") == 0)
		ok = got->text.len != 0;
	return (ok || differs(path, s));
}

static bool same(const struct json_node *want, const struct json_node *got,
    const char *path);

static bool
same_members(
    const struct json_node *want, const struct json_node *got, const char *path)
{
	const struct json_node *w, *g;
	char below[512];
	bool ok = true;

	for (w = want->first; w != NULL; w = w->next) {
		snprintf(below, sizeof(below), "%s.%s", path,
		    (const char *)w->key.ptr);
		g = json_tree_member(got, (const char *)w->key.ptr);
		ok = (g != NULL ? same(w, g, below)
				: differs(below, "is missing")) &&
		     ok;
	}
	for (g = got->first; g != NULL; g = g->next)
		if (json_tree_member(want, (const char *)g->key.ptr) == NULL)
			ok = differs((const char *)g->key.ptr,
			    "was not in AWS's answer");
	return (ok);
}

static bool
same(
    const struct json_node *want, const struct json_node *got, const char *path)
{
	const struct json_node *w, *g;
	bool ok;

	if (want->kind == NODE_STRING && want->text.ptr[0] == '<')
		return (is_kind((const char *)want->text.ptr, got, path));
	if (want->kind != got->kind)
		return (differs(path, json_node_kind_name(got)));
	if (want->kind == NODE_OBJECT)
		return (same_members(want, got, path));
	if (want->kind == NODE_ARRAY) {
		ok = want->count == got->count || differs(path, "not as many");
		for (w = want->first, g = got->first; ok && w != NULL;
		     w = w->next, g = g->next)
			ok = same(w, g, path);
		return (ok);
	}
	return (view_equal(want->text, got->text) ||
		differs(path, (const char *)got->text.ptr));
}

/* answer "": AWS's was empty. */
static void
run_step(struct localkms *l, const struct child *s)
{
	static char body[2 * TEXT_MAX], answer[2 * TEXT_MAX];
	struct pool pool = POOL_INIT(1 << 20);
	const struct json_node *want;
	bool ok;

	l->region = s->region == NULL ? "us-east-1" : s->region;
	fill(s->body, body);
	localkms_send(l, s->operation, "%s", body);
	if (s->save != NULL)
		save(l, s->save);
	fill(s->answer, answer);
	if (answer[0] == '\0') {
		OK(l->status == 200 && l->body.len == 0, "%s: nothing",
		    s->operation);
		return;
	}
	want = json_tree_parse(view_str(answer), &pool);
	NEED(want != NULL, "%s %.60s", s->operation, s->body);
	ok = l->reply != NULL && same(want, l->reply, s->operation) &&
	     l->status ==
		 (json_tree_member(want, "__type") == NULL ? 200 : 400);
	OK(ok, "%s as recorded", s->operation);
	pool_free(&pool);
}

static void
run_steps(struct localkms *l, const struct child *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		run_step(l, &s[i]);
}
#define RUN(l, steps) run_steps(l, steps, sizeof(steps) / sizeof((steps)[0]))

static void
import(struct localkms *l, size_t len)
{
	static const uint8_t material[32] = {7};
	char id[64];

	fill("{K}", id);
	l->region = "us-east-1";
	NEED(localkms_import(l, id, VIEW(material, len), "RSAES_OAEP_SHA_256",
		 "RSA_2048",
		 ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""),
	    "an import");
}

/* Makes a key, or takes the one of that spec that was made last. */
static const char *
key_of(struct localkms *l, const char *spec, const char *usage)
{
	static char id[64], last[64];
	char members[128], what[128];
	char *key;

	snprintf(what, sizeof(what), "%s %s", spec, usage);
	if (strcmp(last, what) == 0)
		return (id);
	snprintf(members, sizeof(members),
	    "\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\"", spec, usage);
	key = localkms_key(l, members);
	snprintf(id, sizeof(id), "%s", key);
	snprintf(last, sizeof(last), "%.63s", what);
	free(key);
	return (id);
}

static void
know(const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < known.count; i++)
		if (strcmp(known.names[i], name) == 0)
			break;
	if (i == NAMES_MAX)
		tap_bail();
	known.count += i == known.count;
	snprintf(known.names[i], sizeof(known.names[i]), "%s", name);
	snprintf(known.values[i], sizeof(known.values[i]), "%s", value);
}

static void
test_signing(struct localkms *l)
{
	l->region = "us-east-1";
	for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
		know("S", key_of(l, signers[i].spec, "SIGN_VERIFY"));
		know("A", signers[i].algorithm);
		RUN(l, signing);
	}
}

static void
test_sizes(struct localkms *l)
{
	static const uint8_t zeros[4097];
	char *text, wanted[128];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		text = localkms_base64(VIEW(zeros, sizes[i].most + 1));
		snprintf(wanted, sizeof(wanted),
		    "Algorithm %s and key spec %s cannot encrypt data larger "
		    "than %u bytes.",
		    sizes[i].algorithm, sizes[i].spec, sizes[i].most);
		OK(localkms_refused(l, "ValidationException", "Encrypt",
		       "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\","
		       "\"EncryptionAlgorithm\":\"%s\"}",
		       key_of(l, sizes[i].spec, "ENCRYPT_DECRYPT"), text,
		       sizes[i].algorithm) &&
			strcmp(localkms_message(l), wanted) == 0,
		    "%s", wanted);
		free(text);
	}
	text = localkms_base64(VIEW(zeros, 4097));
	OK(localkms_refused(l, "ValidationException", "Encrypt",
	       "{\"KeyId\":\"x\",\"Plaintext\":\"%s\"}", text) &&
		strcmp(localkms_message(l),
		    VALUE("", "plaintext") "have length less than or equal to "
					   "4096") == 0,
	    "a text that is too long is not shown");
	free(text);
}

int
main(void)
{
	struct localkms l;

	localkms_open(&l);
	RUN(&l, keys);
	RUN(&l, uses);
	test_signing(&l);
	test_sizes(&l);
	RUN(&l, before_import);
	import(&l, 32);
	RUN(&l, after_import);
	RUN(&l, hmac_before);
	import(&l, 32);
	RUN(&l, hmac_after);
	RUN(&l, regions_before);
	NEED(localkms_control(&l, "POST", "/consistency", "ms=60000"), "late");
	RUN(&l, regions_between);
	NEED(localkms_control(&l, "POST", "/reset", ""), "as before");
	RUN(&l, regions_after);
	localkms_close(&l);
	return (tap_done());
}
