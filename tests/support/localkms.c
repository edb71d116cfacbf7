#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include "localkms.h"
#include "service/control-address.h"
#include "service/service.h"
#include "sigv4.h"
#include "tap.h"
#include "key/wrap.h"

#define MEM_MAX (64u * 1024 * 1024)

static void
open_service(struct localkms *l)
{
	char why[256];

	if (!service_open(
		&l->service, l->dir, "111122223333", why, sizeof(why))) {
		printf("# %s\n", why);
		tap_bail();
	}
}

void
localkms_open_at(struct localkms *l, const char *dir)
{
	const struct crypto crypto = {.lib = NULL};

	memset(l, 0, sizeof(*l));
	snprintf(l->dir, sizeof(l->dir), "%s", dir);
	l->region = "us-east-1";
	if (sigv4_open(&crypto, &l->sigv4) != ERR_OK)
		tap_bail();
	open_service(l);
}

void
localkms_open(struct localkms *l)
{
	char dir[] = "/tmp/localkms-XXXXXX";

	if (mkdtemp(dir) == NULL)
		tap_bail();
	localkms_open_at(l, dir);
}

void
localkms_reopen(struct localkms *l)
{
	service_close(&l->service);
	open_service(l);
}

void
localkms_leave(struct localkms *l)
{
	service_close(&l->service);
	sigv4_close(l->sigv4);
	pool_free(&l->pool);
	buf_free(&l->body);
}

void
localkms_close(struct localkms *l)
{
	static const char *const names[] = {
	    "lock", "keys.sqlite", "keys.sqlite-wal", "keys.sqlite-shm"};
	char path[128];

	localkms_leave(l);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", l->dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(l->dir);
}

/* Adds the header Authorization, whose value goes to out. */
static void
sign(struct localkms *l, struct web_request *q, struct buf *out)
{
	struct sigv4_header headers[8];
	struct sigv4_request r = {.method = view_str(q->method),
	    .path = view_str(q->path),
	    .headers = headers,
	    .header_count = q->header_count,
	    .region = view_str(l->region),
	    .service = VIEW_STR("kms")};
	char body[SIGV4_HEX_SIZE], hex[SIGV4_HEX_SIZE];
	uint8_t key[SIGV4_KEY_SIZE];

	for (size_t i = 0; i < q->header_count; i++)
		headers[i] = (struct sigv4_header){view_str(q->headers[i].name),
		    view_str(q->headers[i].value)};
	r.date = view_str(web_header(q, "x-amz-date"));
	if (sigv4_hash(l->sigv4, q->body, body) != ERR_OK)
		tap_bail();
	r.payload_hash = view_str(body);
	if (sigv4_key(l->sigv4, view_str(auth_secret_key(l->service.auth)),
		VIEW(r.date.ptr, 8), r.region, r.service, key) != ERR_OK ||
	    sigv4_sign(l->sigv4, &r, key, hex) != ERR_OK ||
	    sigv4_authorization(&r, view_str(auth_access_key(l->service.auth)),
		hex, out) != ERR_OK ||
	    buf_append(out, VIEW("", 1)) != ERR_OK)
		tap_bail();
	q->headers[q->header_count++] = (struct web_header){
	    "authorization", (const char *)out->ptr};
}

static void
send_body(struct localkms *l, const char *operation, struct view body)
{
	struct web_request q = {
	    .method = "POST", .path = "/", .query = "", .body = body};
	struct web_reply r = {.body = BUF_INIT(WEB_BODY_MAX)};
	struct buf authorization = BUF_INIT(2048);
	char target[128], date[SIGV4_DATE_SIZE];

	snprintf(target, sizeof(target), "TrentService.%s", operation);
	sigv4_date(controls_wall_ms(l->service.controls) / 1000, date);
	q.headers[0] = (struct web_header){"host", "localhost"};
	q.headers[1] = (struct web_header){"x-amz-date", date};
	q.headers[2] = (struct web_header){"x-amz-target", target};
	q.header_count = 3;
	sign(l, &q, &authorization);
	service_answer(&l->service, &q, &r);
	buf_free(&authorization);
	buf_free(&l->body);
	pool_free(&l->pool);
	l->pool = (struct pool)POOL_INIT(MEM_MAX);
	l->status = r.status;
	l->body = r.body;
	l->reply = json_tree_parse(buf_view(&l->body), &l->pool);
}

static bool
call_v(struct localkms *l, const char *operation, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || (text = malloc((size_t)n + 1)) == NULL)
		tap_bail();
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	send_body(l, operation, VIEW(text, (size_t)n));
	free(text);
	return (l->status == 200);
}

bool
localkms_call(struct localkms *l, const char *operation, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = call_v(l, operation, fmt, ap);
	va_end(ap);
	if (!ok)
		printf("# %s: %s: %s\n", operation, localkms_text(l, "__type"),
		    localkms_message(l));
	return (ok);
}

void
localkms_send(struct localkms *l, const char *operation, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)call_v(l, operation, fmt, ap);
	va_end(ap);
}

bool
localkms_refused(struct localkms *l, const char *exception,
    const char *operation, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)call_v(l, operation, fmt, ap);
	va_end(ap);
	if (l->status != 200 &&
	    strcmp(localkms_text(l, "__type"), exception) == 0)
		return (true);
	printf("# %s: %d %s: %s\n", operation, l->status,
	    localkms_text(l, "__type"), localkms_message(l));
	return (false);
}

const char *
localkms_text(const struct localkms *l, const char *path)
{
	const struct json_node *d = l->reply;
	char name[64];
	size_t n;

	while (d != NULL && *path != '\0') {
		n = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		path += n + (path[n] == '.');
		if (d->kind == NODE_ARRAY) {
			d = d->first;
			for (int i = atoi(name); d != NULL && i > 0; i--)
				d = d->next;
		} else
			d = d->kind == NODE_OBJECT ? json_tree_member(d, name)
						   : NULL;
	}
	if (d == NULL)
		return ("");
	if (d->kind == NODE_TRUE || d->kind == NODE_FALSE)
		return (d->kind == NODE_TRUE ? "true" : "false");
	return (d->text.ptr == NULL ? "" : (const char *)d->text.ptr);
}

const char *
localkms_message(const struct localkms *l)
{
	return (localkms_text(l, "message"));
}

static bool
ask_control(struct localkms *l, const struct web_request *q)
{
	struct web_reply r = {.body = BUF_INIT(WEB_BODY_MAX)};

	control_address_answer(l->service.controls, q, &r);
	buf_free(&l->body);
	pool_free(&l->pool);
	l->pool = (struct pool)POOL_INIT(MEM_MAX);
	l->status = r.status;
	l->body = r.body;
	l->reply = json_tree_parse(buf_view(&l->body), &l->pool);
	return (l->status == 200);
}

bool
localkms_control(
    struct localkms *l, const char *method, const char *path, const char *query)
{
	const struct web_request q = {
	    .method = method, .path = path, .query = query};

	return (ask_control(l, &q));
}

bool
localkms_fault(struct localkms *l, const char *query, struct view body)
{
	const struct web_request q = {
	    .method = "POST", .path = "/faults", .query = query, .body = body};

	return (ask_control(l, &q));
}

char *
localkms_key(struct localkms *l, const char *members)
{
	char *id;

	if (!localkms_call(l, "CreateKey", "{%s}", members) ||
	    (id = strdup(localkms_text(l, "KeyMetadata.KeyId"))) == NULL)
		tap_bail();
	return (id);
}

char *
localkms_base64(struct view v)
{
	unsigned char *text = malloc(v.len / 3 * 4 + 5);

	if (text == NULL)
		tap_bail();
	EVP_EncodeBlock(text, v.ptr, (int)v.len);
	return ((char *)text);
}

void
localkms_bytes(const struct localkms *l, const char *path, struct buf *out)
{
	struct pool pool = POOL_INIT(MEM_MAX);
	struct view v = input_base64(view_str(localkms_text(l, path)), &pool);

	if (v.ptr == NULL || buf_append(out, v) != ERR_OK)
		tap_bail();
	pool_free(&pool);
}

/* AES-KWP by OpenSSL, the other way round from the server. */
static void
kwp(struct view kek, struct view clear, struct buf *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t at = out->len;
	int n = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (buf_reserve(out, at + clear.len + 32) != ERR_OK ||
	    EVP_EncryptInit_ex2(ctx, cipher, kek.ptr, NULL, NULL) != 1 ||
	    EVP_EncryptUpdate(
		ctx, out->ptr + at, &n, clear.ptr, (int)clear.len) != 1)
		tap_bail();
	out->len = at + (size_t)n;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
}

/* ... wrapped under the public key of the last reply. */
static bool
wrap(struct localkms *l, struct view clear, const char *algorithm,
    struct buf *out)
{
	const struct wrapping *w = wrapping_find(view_str(algorithm));
	struct buf spki = BUF_INIT(4096);
	const unsigned char *p;
	uint8_t kek[32];
	EVP_PKEY *pkey;
	bool ok;

	localkms_bytes(l, "PublicKey", &spki);
	p = spki.ptr;
	pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
	buf_free(&spki);
	if (pkey == NULL || w == NULL || RAND_bytes(kek, sizeof(kek)) != 1)
		tap_bail();
	ok = rsa_oaep(pkey, true, w->digest,
	    w->two_steps ? VIEW(kek, sizeof(kek)) : clear, out);
	if (ok && w->two_steps)
		kwp(VIEW(kek, sizeof(kek)), clear, out);
	EVP_PKEY_free(pkey);
	return (ok);
}

bool
localkms_import(struct localkms *l, const char *key, struct view clear,
    const char *algorithm, const char *wrapping_key, const char *more)
{
	struct buf wrapped = BUF_INIT(8192);
	char *token, *blob;
	bool ok;

	if (!localkms_call(l, "GetParametersForImport",
		"{\"KeyId\":\"%s\",\"WrappingAlgorithm\":\"%s\","
		"\"WrappingKeySpec\":\"%s\"}",
		key, algorithm, wrapping_key))
		return (false);
	if ((token = strdup(localkms_text(l, "ImportToken"))) == NULL)
		tap_bail();
	if (!wrap(l, clear, algorithm, &wrapped))
		tap_bail();
	blob = localkms_base64(buf_view(&wrapped));
	ok = localkms_call(l, "ImportKeyMaterial",
	    "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\","
	    "\"EncryptedKeyMaterial\":\"%s\"%s}",
	    key, token, blob, more);
	free(blob);
	free(token);
	buf_free(&wrapped);
	return (ok);
}
