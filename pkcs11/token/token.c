#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "hex.h"
#include "log.h"
#include "state-move.h"
#include "token.h"

#define SERIAL_TEXT_MAX 4096

void
token_pad(CK_UTF8CHAR *field, size_t size, const char *s)
{
	size_t len = strlen(s);

	memset(field, ' ', size);
	memcpy(field, s, len < size ? len : size);
}

/* Hex of the SHA-256 of the parts, as long as a serial number. */
static enum err
hash_parts(const char *const *parts, size_t count, const struct crypto *crypto,
    char out[SERIAL_LEN + 1])
{
	struct buf text = BUF_INIT(SERIAL_TEXT_MAX);
	unsigned char hash[32];
	size_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < count && e == ERR_OK; i++)
		if ((e = buf_puts(&text, parts[i] != NULL ? parts[i] : "")) ==
		    ERR_OK)
			e = buf_append(&text, VIEW("", 1));
	if (e == ERR_OK && EVP_Q_digest(crypto->lib, "SHA256", NULL, text.ptr,
			       text.len, hash, &n) != 1)
		e = ERR_INTERNAL;
	if (e == ERR_OK)
		hex_write(hash, SERIAL_LEN / 2, out);
	buf_free(&text);
	return (e);
}

/* Two tokens that differ in anything a user can name never share a number. */
static enum err
make_serial(struct token *t, const struct crypto *crypto)
{
	const char *const parts[] = {client_endpoint(t->client),
	    client_region(t->client), t->config->profile, t->config->label};

	return (hash_parts(parts, 4, crypto, t->serial));
}

static char *
state_path(const char *base, const char *name)
{
	size_t size = strlen(base) + 1 + strlen(name) + 1;
	char *path = malloc(size);

	if (path != NULL)
		snprintf(path, size, "%s/%s", base, name);
	return (path);
}

/* The state belongs to the keys: the section of the file that shows them may
 * be called what it likes. Older versions called it by the serial number. */
static enum err
make_state_path(const struct token *t, const struct client *client,
    const struct token_setup *s, char **path)
{
	const char *const parts[] = {
	    client_endpoint(client), client_region(client), t->config->profile};
	char name[SERIAL_LEN + 1];
	enum err e = hash_parts(parts, 3, s->crypto, name);

	if (e == ERR_OK && (*path = state_path(s->state, name)) == NULL)
		e = ERR_MEMORY;
	return (e);
}

static enum err
make_state(struct token *t, const struct token_setup *s)
{
	char *before;
	enum err e;

	if (s->state == NULL)
		return (ERR_OK);
	if ((e = make_state_path(t, t->client, s, &t->state)) != ERR_OK)
		return (e);
	for (size_t i = 0; i < t->regions.count && e == ERR_OK; i++)
		e = make_state_path(
		    t, t->regions.clients[i], s, &t->region_states[i]);
	if ((before = state_path(s->state, t->serial)) == NULL)
		e = ERR_MEMORY;
	else
		state_move(before, t->state, s->log);
	free(before);
	return (e);
}

static void
free_state(struct token *t)
{
	free(t->state);
	t->state = NULL;
	for (size_t i = 0; i < REGIONS_MAX; i++) {
		free(t->region_states[i]);
		t->region_states[i] = NULL;
	}
}

static enum err
add_profile(struct token *t, struct arena *arena, CK_ULONG id)
{
	struct attrset *b = attrset_new(
	    arena, CKO_PROFILE, CK_UNAVAILABLE_INFORMATION);
	char name[sizeof("profile-") + 20];
	enum err e;

	if (b == NULL)
		return (ERR_MEMORY);
	snprintf(name, sizeof(name), "profile-%lu", id);
	if ((e = attrset_set_ulong(b, CKA_CLASS, CKO_PROFILE)) != ERR_OK ||
	    (e = attrset_set_bool(b, CKA_TOKEN, true)) != ERR_OK ||
	    (e = attrset_set_bool(b, CKA_MODIFIABLE, false)) != ERR_OK ||
	    (e = attrset_set_bool(b, CKA_COPYABLE, false)) != ERR_OK ||
	    (e = attrset_set_bool(b, CKA_DESTROYABLE, false)) != ERR_OK ||
	    (e = attrset_set(b, CKA_UNIQUE_ID, view_str(name), false)) !=
		ERR_OK ||
	    (e = attrset_set_ulong(b, CKA_PROFILE_ID, id)) != ERR_OK) {
		attrset_unref(b);
		return (e);
	}
	return (
	    object_table_add(&t->objects, OWNER_TOKEN, b) != CK_INVALID_HANDLE
		? ERR_OK
		: ERR_MEMORY);
}

/* What the token is good for, as PKCS#11's profiles have it (Profiles 3.2,
 * section 5). Certificates and their keys must be seen without a login. */
static enum err
add_profiles(struct token *t, struct arena *arena)
{
	static const CK_ULONG ids[] = {CKP_BASELINE_PROVIDER,
	    CKP_EXTENDED_PROVIDER, CKP_AUTHENTICATION_TOKEN,
	    CKP_HKDF_TLS_TOKEN};
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]) && e == ERR_OK; i++)
		e = add_profile(t, arena, ids[i]);
	if (e == ERR_OK && t->config->certificates != NULL &&
	    t->config->login == LOGIN_NONE)
		e = add_profile(t, arena, CKP_PUBLIC_CERTIFICATES_TOKEN);
	return (e);
}

static void
certs_init(struct certs *cs)
{
	*cs = (struct certs){.stamp = 0};
	pthread_mutex_init(&cs->lock, NULL);
}

static void
certs_free(struct certs *cs)
{
	pthread_mutex_destroy(&cs->lock);
}

/* What asks AWS, and what is called after it. */
static enum err
open_client(struct token *t, const struct token_setup *s)
{
	struct client_conf conf = {
	    .profile = t->config->profile,
	    .region = t->config->region,
	    .endpoint = t->config->endpoint,
	    .ca_bundle = t->config->ca_bundle,
	    .crypto = s->crypto,
	    .clock = s->clock,
	    .log = s->log,
	    .no_threads = s->no_threads,
	};
	struct error_info error = {.status = 0};
	char name[512];
	enum err e;

	snprintf(name, sizeof(name), "token %s: configuration %s",
	    t->config->label, s->file != NULL ? s->file : "none");
	conf.name = name;
	e = client_open(&conf, &t->client, &error);
	conf.name = NULL;
	t->conf = conf;
	if (e == ERR_OK && (e = regions_open(&t->regions, t->config->replicas,
				&conf, &error)) != ERR_OK) {
		client_close(t->client);
		t->client = NULL;
	}
	if (e == ERR_OK && (e = make_serial(t, s->crypto)) == ERR_OK)
		e = make_state(t, s);
	if (e == ERR_MEMORY && error.message[0] != '\0')
		log_line(s->log, LOG_ERROR, "%s: token %s: %s", s->when,
		    t->config->label, error.message);
	if (e == ERR_OK || e == ERR_MEMORY)
		return (e);
	snprintf(t->why_absent, sizeof(t->why_absent), "%s%s%s", err_text(e),
	    error.message[0] != '\0' ? ": " : "", error.message);
	log_line(s->log, LOG_ERROR, "%s: token %s: %s", s->when,
	    t->config->label, t->why_absent);
	return (ERR_OK);
}

enum err
token_open(struct token *t, const struct token_setup *s)
{
	enum err e;

	t->slot = (CK_SLOT_ID)t->config->slot;
	if ((e = store_init(&t->store, s->last_object,
		 t->config->show == SHOW_ALL)) != ERR_OK)
		return (e);
	listing_turn_init(&t->listing);
	object_table_init(&t->objects, s->last_object);
	pubkey_cache_init(&t->pubkeys);
	end_warnings_init(&t->end_warnings);
	certs_init(&t->certs);
	if ((e = add_profiles(t, s->arena)) != ERR_OK)
		return (e);
	/* a misspelt option: what is meant is not known */
	if (t->config->fault != NULL) {
		snprintf(t->why_absent, sizeof(t->why_absent), "%s",
		    t->config->fault);
		return (ERR_OK);
	}
	return (open_client(t, s));
}

enum err
token_reopen(struct token *t, const struct token_setup *s)
{
	free_state(t);
	return (open_client(t, s));
}

enum err
token_open_region(const struct token *t, const char *region,
    struct client **out, struct error_info *error)
{
	struct client_conf conf = t->conf;

	conf.region = region;
	return (client_open(&conf, out, error));
}

void
token_close(struct token *t)
{
	if (t->client != NULL)
		client_close(t->client);
	regions_close(&t->regions);
	store_free(&t->store);
	listing_turn_free(&t->listing);
	object_table_free(&t->objects);
	pubkey_cache_free(&t->pubkeys);
	end_warnings_free(&t->end_warnings);
	certs_free(&t->certs);
	free_state(t);
}

bool
token_is_removable(const struct token *t)
{
	/* in a slot that is not, a token always is (PKCS#11 3.2, 3.2.2) */
	return (t->config->removable || t->client == NULL);
}

void
token_slot_info(const struct token *t, CK_SLOT_INFO *info)
{
	char text[64 + 1];

	memset(info, 0, sizeof(*info));
	snprintf(text, sizeof(text), "AWS KMS %s",
	    t->client != NULL ? client_region(t->client) : "");
	token_pad(info->slotDescription, sizeof(info->slotDescription), text);
	token_pad(
	    info->manufacturerID, sizeof(info->manufacturerID), "Keyferry");
	if (t->client != NULL)
		info->flags = CKF_TOKEN_PRESENT;
	if (token_is_removable(t))
		info->flags |= CKF_REMOVABLE_DEVICE;
	info->firmwareVersion = (CK_VERSION){0, 1};
}

bool
token_needs_code(const struct token *t)
{
	return (t->client != NULL && client_needs_code(t->client));
}

void
token_info(const struct token *t, CK_TOKEN_INFO *info)
{
	memset(info, 0, sizeof(*info));
	token_pad(info->label, sizeof(info->label), t->config->label);
	token_pad(
	    info->manufacturerID, sizeof(info->manufacturerID), "Keyferry");
	token_pad(info->model, sizeof(info->model), "AWS KMS");
	token_pad(info->serialNumber, sizeof(info->serialNumber), t->serial);
	/* NSS wants to set a PIN where it is not said that there is one */
	info->flags = CKF_RNG | CKF_TOKEN_INITIALIZED |
		      CKF_USER_PIN_INITIALIZED | CKF_DUAL_CRYPTO_OPERATIONS |
		      CKF_RESTORE_KEY_NOT_NEEDED;
	if (t->config->login == LOGIN_REQUIRED || token_needs_code(t)) {
		info->flags |= CKF_LOGIN_REQUIRED;
		info->ulMinPinLen = TOKEN_PIN_MIN;
	}
	info->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulMaxPinLen = TOKEN_PIN_MAX;
	info->ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->firmwareVersion = (CK_VERSION){0, 1};
	token_pad(info->utcTime, sizeof(info->utcTime), "");
}
