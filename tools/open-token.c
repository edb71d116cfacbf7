#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "message.h"
#include "open-token.h"
#include "pin.h"
#include "rv-said.h"

/* A token that the URI may describe. */
struct candidate {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
};
#define CANDIDATES_MAX 32
#define SLOTS_MAX 256

struct candidates {
	struct candidate rows[CANDIDATES_MAX];
	size_t count;
};

static void
token_label(const CK_TOKEN_INFO *info, char out[33])
{
	size_t n = sizeof(info->label);

	while (n > 0 && info->label[n - 1] == ' ')
		n--;
	memcpy(out, info->label, n);
	out[n] = '\0';
}

static const char *
reason(CK_RV rv, char name[RV_SAID_SIZE])
{
	const char *said = p11_kit_message();

	return (said != NULL ? said : rv_said(rv, name));
}

/* The module at that path, loaded once. */
static CK_FUNCTION_LIST *
load_module(struct open_tokens *o, const char *path)
{
	struct loaded_module *rows, *m;
	char name[RV_SAID_SIZE];
	CK_RV rv;

	for (size_t i = 0; i < o->module_count; i++)
		if (strcmp(o->modules[i].path, path) == 0)
			return (o->modules[i].p11);
	rows = array_grow(
	    o->modules, &o->module_cap, o->module_count + 1, sizeof(*rows));
	if (rows == NULL)
		return (NULL);
	o->modules = rows;
	m = &rows[o->module_count];
	m->p11 = p11_kit_module_load(path, P11_KIT_MODULE_CRITICAL);
	if (m->p11 == NULL) {
		message("%s: %s", path, reason(CKR_GENERAL_ERROR, name));
		return (NULL);
	}
	if ((rv = p11_kit_module_initialize(m->p11)) != CKR_OK ||
	    (m->path = strdup(path)) == NULL) {
		message("%s: C_Initialize: %s", path, rv_said(rv, name));
		p11_kit_module_release(m->p11);
		return (NULL);
	}
	o->module_count++;
	return (m->p11);
}

static void
add_tokens(CK_FUNCTION_LIST *m, P11KitUri *uri, struct candidates *cs)
{
	CK_SLOT_ID slots[SLOTS_MAX], wanted = p11_kit_uri_get_slot_id(uri);
	CK_ULONG count = SLOTS_MAX;
	CK_INFO info;
	CK_SLOT_INFO slot;
	struct candidate c = {.p11 = m};

	if (m->C_GetInfo(&info) != CKR_OK ||
	    !p11_kit_uri_match_module_info(uri, &info) ||
	    m->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK ||
	    count > SLOTS_MAX)
		return;
	for (CK_ULONG i = 0; i < count && cs->count < CANDIDATES_MAX; i++) {
		c.slot = slots[i];
		if ((wanted != (CK_SLOT_ID)-1 && wanted != c.slot) ||
		    m->C_GetSlotInfo(c.slot, &slot) != CKR_OK ||
		    !p11_kit_uri_match_slot_info(uri, &slot) ||
		    m->C_GetTokenInfo(c.slot, &c.info) != CKR_OK ||
		    (c.info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
		    !p11_kit_uri_match_token_info(uri, &c.info))
			continue;
		cs->rows[cs->count++] = c;
	}
}

static bool
find_candidates(struct open_tokens *o, P11KitUri *uri, struct candidates *cs)
{
	const char *path = p11_kit_uri_get_module_path(uri);
	const char *name = p11_kit_uri_get_module_name(uri);
	CK_FUNCTION_LIST *m;

	cs->count = 0;
	/* errors of other registered modules are of no interest here */
	p11_kit_be_quiet();
	if (path != NULL) {
		if ((m = load_module(o, path)) == NULL)
			return (false);
		add_tokens(m, uri, cs);
		return (true);
	}
	if (o->registered == NULL)
		o->registered = p11_kit_modules_load_and_initialize(0);
	if (o->registered == NULL) {
		message("no module is registered with p11-kit: name one with "
			"module-path");
		return (false);
	}
	if (name != NULL) {
		m = p11_kit_module_for_name(o->registered, name);
		if (m != NULL)
			add_tokens(m, uri, cs);
		return (true);
	}
	for (size_t i = 0; o->registered[i] != NULL; i++)
		add_tokens(o->registered[i], uri, cs);
	return (true);
}

static bool
only_one_candidate(const struct candidates *cs, const char *uri)
{
	char label[33];

	if (cs->count == 1)
		return (true);
	message("%s: %s", uri,
	    cs->count == 0 ? "there is no such token"
			   : "more than one token matches:");
	for (size_t i = 0; i < cs->count; i++) {
		token_label(&cs->rows[i].info, label);
		message_more("  token=%s;serial=%.16s", label,
		    (const char *)cs->rows[i].info.serialNumber);
	}
	return (false);
}

static bool
login(struct token *t, P11KitUri *uri)
{
	struct pin pin = PIN_INIT;
	char name[RV_SAID_SIZE];
	CK_RV rv;

	if ((t->info.flags & CKF_LOGIN_REQUIRED) == 0)
		return (true);
	if ((t->info.flags & CKF_USER_PIN_LOCKED) != 0) {
		message("token %s: its PIN is locked (CKF_USER_PIN_LOCKED)",
		    t->label);
		return (false);
	}
	if ((t->info.flags & CKF_USER_PIN_FINAL_TRY) != 0)
		message("token %s: this is the last try: a wrong PIN locks it "
			"(CKF_USER_PIN_FINAL_TRY)",
		    t->label);
	if ((t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0 &&
	    !pin_get(uri, t->label, &pin)) {
		pin_free(&pin);
		return (false);
	}
	rv = t->p11->C_Login(
	    t->session, CKU_USER, (CK_UTF8CHAR *)pin.text, pin.len);
	pin_free(&pin);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return (true);
	message("token %s: C_Login: %s", t->label, rv_said(rv, name));
	return (false);
}

static void
token_end(struct token *t)
{
	if (t->session != CK_INVALID_HANDLE)
		(void)t->p11->C_CloseSession(t->session);
	free(t->mechanisms);
	free(t->failure);
	free(t);
}

static CK_RV
read_mechanisms(struct token *t)
{
	CK_ULONG n = 0, room;
	CK_RV rv = t->p11->C_GetMechanismList(t->slot, NULL, &n);

	if (rv != CKR_OK)
		return (rv);
	room = n;
	if ((t->mechanisms = calloc(n + 1, sizeof(*t->mechanisms))) == NULL)
		return (CKR_HOST_MEMORY);
	rv = t->p11->C_GetMechanismList(t->slot, t->mechanisms, &n);
	/* a token that fills more than it was given is not believed */
	if (rv == CKR_OK && n > room)
		rv = CKR_GENERAL_ERROR;
	t->mechanism_count = rv == CKR_OK ? n : 0;
	return (rv);
}

static bool
is_good(const struct token *t, const char *function, CK_RV rv)
{
	char name[RV_SAID_SIZE];

	if (rv != CKR_OK)
		message(
		    "token %s: %s: %s", t->label, function, rv_said(rv, name));
	return (rv == CKR_OK);
}

static bool
token_open_session(struct token *t, P11KitUri *uri, bool rw)
{
	t->writable = rw;
	return (is_good(t, "C_OpenSession",
		    t->p11->C_OpenSession(t->slot,
			CKF_SERIAL_SESSION | (rw ? CKF_RW_SESSION : 0), NULL,
			NULL, &t->session)) &&
		login(t, uri) &&
		is_good(t, "C_GetMechanismList", read_mechanisms(t)));
}

static struct token *
token_start(const struct candidate *c, P11KitUri *uri, bool rw)
{
	struct token *t = calloc(1, sizeof(*t));

	if (t == NULL ||
	    (t->failure = calloc(1, sizeof(*t->failure))) == NULL) {
		free(t);
		message("out of memory");
		return (NULL);
	}
	t->p11 = c->p11;
	t->slot = c->slot;
	t->info = c->info;
	token_label(&t->info, t->label);
	if (token_open_session(t, uri, rw))
		return (t);
	token_end(t);
	return (NULL);
}

static bool
has_failed(const struct open_tokens *o, const struct candidate *c)
{
	for (size_t i = 0; i < o->failed_count; i++)
		if (o->failed[i].p11 == c->p11 && o->failed[i].slot == c->slot)
			return (true);
	return (false);
}

static void
remember_failure(struct open_tokens *o, const struct candidate *c)
{
	struct failed_token *rows = array_grow(
	    o->failed, &o->failed_cap, o->failed_count + 1, sizeof(*rows));

	if (rows == NULL)
		return;
	o->failed = rows;
	rows[o->failed_count++] = (struct failed_token){c->p11, c->slot};
}

struct token *
open_token(struct open_tokens *o, P11KitUri *uri, bool rw)
{
	struct candidates *cs = calloc(1, sizeof(*cs));
	struct token **rows, *t = NULL;
	char *text = NULL;

	if (cs == NULL || p11_kit_uri_format(uri, P11_KIT_URI_FOR_ANY, &text) !=
			      P11_KIT_URI_OK)
		goto out;
	pin_wipe_text(text);
	if (!find_candidates(o, uri, cs) || !only_one_candidate(cs, text))
		goto out;
	for (size_t i = 0; i < o->token_count && t == NULL; i++)
		if (o->tokens[i]->p11 == cs->rows[0].p11 &&
		    o->tokens[i]->slot == cs->rows[0].slot)
			t = o->tokens[i];
	if (t != NULL || has_failed(o, &cs->rows[0]))
		goto out;
	rows = array_grow(
	    o->tokens, &o->token_cap, o->token_count + 1, sizeof(*rows));
	if (rows == NULL)
		goto out;
	o->tokens = rows;
	if ((t = token_start(&cs->rows[0], uri, rw)) != NULL)
		rows[o->token_count++] = t;
	else
		remember_failure(o, &cs->rows[0]);
out:
	free(text);
	free(cs);
	return (t);
}

void
close_tokens(struct open_tokens *o)
{
	for (size_t i = 0; i < o->token_count; i++)
		token_end(o->tokens[i]);
	for (size_t i = 0; i < o->module_count; i++) {
		(void)p11_kit_module_finalize(o->modules[i].p11);
		p11_kit_module_release(o->modules[i].p11);
		free(o->modules[i].path);
	}
	if (o->registered != NULL)
		p11_kit_modules_finalize_and_release(o->registered);
	free(o->tokens);
	free(o->failed);
	free(o->modules);
	memset(o, 0, sizeof(*o));
}
