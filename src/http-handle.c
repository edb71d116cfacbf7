#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include "env.h"
#include "copy-text.h"
#include "http-handle.h"
#include "proxy.h"

#define CONNECT_MS 5000
#define HEADERS_MAX (64 * 1024) /* of a reply, trailers included */
#define LIFETIME_S 300L /* of a connection: an endpoint's address may move */
#define KEEPALIVE_S 30L /* load balancers forget idle ones after 350 s */
#define PROBES_S 3L /* from one unanswered probe to the next */
#define NAMES_S 60L /* curl remembers addresses for so long */
#define RESOLVED_MS 50000 /* less: curl must not ask for what we resolved */

static CURLcode
on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg)
{
	struct handle *h = arg;

	(void)easy;
	pthread_mutex_lock(&h->http->lock);
	SSL_CTX_set1_cert_store(ssl_ctx, h->http->ca.certificates);
	pthread_mutex_unlock(&h->http->lock);
	SSL_CTX_set_options(ssl_ctx, SSL_OP_CLEANSE_PLAINTEXT);
	/* whatever SSLKEYLOGFILE says: these secrets are nobody else's */
	SSL_CTX_set_keylog_callback(ssl_ctx, NULL);
	if (h->http->certificates != NULL)
		certificate_list_watch(ssl_ctx, h->http->certificates);
	return (CURLE_OK);
}

static int64_t
now_ms(const struct deadline *d)
{
	return (d->clock->mono_ms(d->clock->ctx));
}

/* What is older than now may lead nowhere: where an address has moved or a
 * firewall has forgotten connections, one that fails speaks for all. */
static void
note_failure(const struct handle *h, const struct deadline *d)
{
	__atomic_store_n(&h->http->failed_ms, now_ms(d), __ATOMIC_RELAXED);
}

/* A request that opens a connection late has waited in vain on one that was
 * kept: curl sends it once more by itself. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct handle *h = arg;

	(void)purpose;
	if (h->deadline != NULL &&
	    now_ms(h->deadline) - h->begun_ms >= SILENT_MS / 2)
		note_failure(h, h->deadline);
	return (conns_open(h->conns, a, h));
}

/* Plaintexts pass through here: curl's copy is wiped when we have ours. */
static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct handle *h = arg;
	size_t n = size * count;

	h->body_err = buf_append(h->body, VIEW(bytes, n));
	OPENSSL_cleanse(bytes, n);
	return (h->body_err == ERR_OK ? n : CURL_WRITEFUNC_ERROR);
}

static size_t
on_head(char *bytes, size_t size, size_t count, void *arg)
{
	struct handle *h = arg;

	h->header_len += size * count;
	if (h->header_len > HEADERS_MAX) {
		h->body_err = ERR_REPLY;
		return (CURL_WRITEFUNC_ERROR);
	}
	if (bytes[0] == '\r' || bytes[0] == '\n')
		h->headers_complete = true;
	else if (size * count >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		h->headers_complete = false; /* one after "100 Continue" */
	return (size * count);
}

#define SET(easy, option, value) \
	(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* What is the same for all requests. */
static bool
handle_set(CURL *c, struct handle *h)
{
	return (SET(c, CURLOPT_NOSIGNAL, 1L) &&
		SET(c, CURLOPT_PROTOCOLS_STR, "https,http") &&
		SET(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
		SET(c, CURLOPT_USERAGENT, h->http->user_agent) &&
		SET(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
		SET(c, CURLOPT_CAINFO, NULL) && SET(c, CURLOPT_CAPATH, NULL) &&
		SET(c, CURLOPT_CA_CACHE_TIMEOUT, 0L) && /* it has ours */
		SET(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) &&
		SET(c, CURLOPT_SSL_CTX_DATA, h) &&
		SET(c, CURLOPT_OPENSOCKETFUNCTION, on_socket) &&
		SET(c, CURLOPT_OPENSOCKETDATA, h) &&
		SET(c, CURLOPT_CLOSESOCKETFUNCTION, conns_close) &&
		SET(c, CURLOPT_CLOSESOCKETDATA, h->conns) &&
		SET(c, CURLOPT_TCP_KEEPALIVE, 1L) &&
		SET(c, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S) &&
		SET(c, CURLOPT_TCP_KEEPINTVL, PROBES_S) &&
		SET(c, CURLOPT_MAXCONNECTS, 2L) &&
		SET(c, CURLOPT_HEADERFUNCTION, on_head) &&
		SET(c, CURLOPT_HEADERDATA, h) &&
		SET(c, CURLOPT_WRITEFUNCTION, on_body) &&
		SET(c, CURLOPT_WRITEDATA, h) &&
		SET(c, CURLOPT_ERRORBUFFER, h->text));
}

void
handle_free(struct handle *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	(void)curl_multi_cleanup(h->alone);
	conns_free(&h->own);
	free(h);
}

struct handle *
handle_new(struct http *http, struct conns *conns)
{
	struct handle *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return (NULL);
	h->http = http;
	conns_init(&h->own);
	h->conns = conns != NULL ? conns : &h->own;
	if ((h->easy = curl_easy_init()) == NULL || !handle_set(h->easy, h)) {
		handle_free(h);
		return (NULL);
	}
	return (h);
}

enum err
http_start_curl(struct http *h)
{
	enum err e = ERR_OK;

	pthread_mutex_lock(&h->lock);
	if (!h->curl_started) {
		env_drop("SSLKEYLOGFILE"); /* curl creates that file */
		/* counts where the host has not started curl before */
		if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free,
			realloc, copy_text, calloc) == CURLE_OK)
			h->curl_started = true;
		else
			e = ERR_INTERNAL;
	}
	pthread_mutex_unlock(&h->lock);
	return (e);
}

/* The certificates are read once for all connections: curl would read the
 * whole bundle for each, and that costs more than the handshake. */
enum err
http_load_ca_store(
    struct http *h, const struct http_request *r, struct error_info *error)
{
	enum err e = ERR_OK;

	if (strncmp(r->url, "https:", 6) != 0)
		return (ERR_OK);
	pthread_mutex_lock(&h->lock);
	e = ca_store_refresh(&h->ca, h->crypto, h->ca_bundle, error);
	pthread_mutex_unlock(&h->lock);
	return (e);
}

/* Connections live for a while, and not if they are older than that failure;
 * the same of addresses. curl counts in whole seconds: a connection that was
 * made a second before the failure may be used once more. */
static bool
set_lifetimes(const struct handle *h, const struct deadline *d)
{
	int64_t failed = __atomic_load_n(&h->http->failed_ms, __ATOMIC_RELAXED);
	long connection = LIFETIME_S, name = NAMES_S, since;

	if (failed != 0 && now_ms(d) - failed < LIFETIME_S * 1000) {
		since = (long)((now_ms(d) - failed) / 1000);
		connection = since + 1;
		name = since < NAMES_S ? since : NAMES_S;
	}
	/* what we resolved for curl is not its own */
	if (h->http->no_threads)
		name = NAMES_S;
	return (SET(h->easy, CURLOPT_MAXLIFETIME_CONN, connection) &&
		SET(h->easy, CURLOPT_DNS_CACHE_TIMEOUT, name));
}

/* Appends ",ADDRESS" for each address of host. */
static enum err
addresses(const char *host, const char *port, struct buf *out,
    struct error_info *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *a;
	char text[64], item[80];
	enum err e = ERR_OK;
	int rc;

	if ((rc = getaddrinfo(host, port, &hints, &list)) != 0)
		return (error_info_set(
		    error, ERR_NETWORK, "%s: %s", host, gai_strerror(rc)));
	for (a = list; a != NULL && e == ERR_OK; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text),
			NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		(void)snprintf(item, sizeof(item),
		    a->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
		    a == list ? "" : ",", text);
		e = buf_puts(out, item);
	}
	freeaddrinfo(list);
	return (e);
}

/* curl would start a thread to resolve a name; one for a proxy's name it still
 * starts. */
static enum err
resolve(struct handle *h, const char *url, const struct deadline *d,
    struct error_info *error)
{
	struct conns *c = h->conns;
	struct buf line = BUF_INIT(8192);
	struct curl_slist *list = NULL;
	char *host = NULL, *port = NULL;
	int64_t now = now_ms(d);
	CURLU *u = NULL;
	enum err e = ERR_MEMORY;

	if ((u = curl_url()) == NULL ||
	    curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
		CURLUE_OK)
		goto out;
	if (host[0] == '[') {
		e = ERR_OK; /* an address already */
		goto out;
	}
	if (c->resolve != NULL && strcmp(c->resolved_host, host) == 0 &&
	    now - c->resolved_ms < RESOLVED_MS &&
	    c->resolved_ms >
		__atomic_load_n(&h->http->failed_ms, __ATOMIC_RELAXED)) {
		e = ERR_OK;
		goto out;
	}
	if ((e = buf_puts(&line, "+")) != ERR_OK ||
	    (e = buf_puts(&line, host)) != ERR_OK ||
	    (e = buf_puts(&line, ":")) != ERR_OK ||
	    (e = buf_puts(&line, port)) != ERR_OK ||
	    (e = buf_puts(&line, ":")) != ERR_OK ||
	    (e = addresses(host, port, &line, error)) != ERR_OK ||
	    (e = buf_append(&line, VIEW("", 1))) != ERR_OK)
		goto out;
	e = ERR_MEMORY;
	if ((list = curl_slist_append(NULL, (const char *)line.ptr)) == NULL ||
	    !SET(h->easy, CURLOPT_RESOLVE, list))
		goto out;
	curl_slist_free_all(c->resolve);
	c->resolve = list;
	list = NULL;
	c->resolved_ms = now;
	(void)snprintf(c->resolved_host, sizeof(c->resolved_host), "%s", host);
	e = ERR_OK;
out:
	curl_slist_free_all(list);
	curl_free(port);
	curl_free(host);
	curl_url_cleanup(u);
	buf_free(&line);
	return (e);
}

static enum err
headers_set(struct handle *h, struct view lines)
{
	const char *line;
	struct curl_slist *more;

	while ((line = view_take_string(&lines)) != NULL) {
		if ((more = curl_slist_append(h->headers, line)) == NULL)
			return (ERR_MEMORY);
		h->headers = more;
	}
	return (
	    SET(h->easy, CURLOPT_HTTPHEADER, h->headers) ? ERR_OK : ERR_MEMORY);
}

static enum err
timeout_set(
    struct handle *h, const struct http_request *r, const struct deadline *d)
{
	int64_t left = deadline_left(d);

	if (left == 0)
		return (ERR_DEADLINE);
	if (r->timeout_ms != 0 && r->timeout_ms < left)
		left = r->timeout_ms;
	return (SET(h->easy, CURLOPT_TIMEOUT_MS, (long)left) &&
			SET(h->easy, CURLOPT_CONNECTTIMEOUT_MS,
			    (long)(left < CONNECT_MS ? left : CONNECT_MS))
		    ? ERR_OK
		    : ERR_MEMORY);
}

static bool
set_proxy(CURL *easy, const struct http_request *r)
{
	struct proxy p = proxy_find(r->url, r->direct);

	/* "" keeps curl from looking for itself */
	return (SET(easy, CURLOPT_PROXY, p.url != NULL ? p.url : "") &&
		SET(easy, CURLOPT_NOPROXY, p.except != NULL ? p.except : ""));
}

static bool
set_method(CURL *easy, const struct http_request *r)
{
	bool get = r->method != NULL && strcmp(r->method, "GET") == 0;

	/* without a body, curl would read one from standard input */
	return (
	    SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len) &&
	    SET(easy, CURLOPT_POSTFIELDS,
		r->body.len != 0 ? (const char *)r->body.ptr : "") &&
	    (!get || SET(easy, CURLOPT_HTTPGET, 1L)) &&
	    SET(easy, CURLOPT_CUSTOMREQUEST, get ? NULL : r->method));
}

/* All that one request sets; handle_end() takes it back. */
enum err
handle_begin(struct handle *h, const struct http_request *r,
    const struct deadline *d, struct buf *body, struct error_info *error)
{
	enum err e;

	h->body = body;
	h->deadline = d;
	h->begun_ms = now_ms(d);
	h->body_err = ERR_OK;
	h->headers_complete = false;
	h->header_len = 0;
	h->text[0] = '\0';
	buf_reset(body);
	if (h->http->no_threads && !r->direct &&
	    (e = resolve(h, r->url, d, error)) != ERR_OK)
		return (e);
	if ((e = headers_set(h, r->headers)) != ERR_OK)
		return (e);
	if (!SET(h->easy, CURLOPT_URL, r->url) || !set_proxy(h->easy, r) ||
	    !SET(h->easy, CURLOPT_FRESH_CONNECT, r->not_idempotent ? 1L : 0L) ||
	    !set_lifetimes(h, d) || !set_method(h->easy, r))
		return (ERR_MEMORY);
	return (timeout_set(h, r, d));
}

/* clang-format off */
/* Whatever else goes wrong is the network. */
static const struct {
	CURLcode code;
	enum err err;
} codes[] = {
	{ CURLE_OK,			ERR_OK },
	{ CURLE_OUT_OF_MEMORY,		ERR_MEMORY },
	{ CURLE_URL_MALFORMAT,		ERR_INTERNAL },
	{ CURLE_FAILED_INIT,		ERR_INTERNAL },
	{ CURLE_PEER_FAILED_VERIFICATION, ERR_TLS },
	{ CURLE_SSL_CERTPROBLEM,	ERR_TLS },
	{ CURLE_SSL_CACERT_BADFILE,	ERR_TLS },
	{ CURLE_SSL_ISSUER_ERROR,	ERR_TLS },
	{ CURLE_UNSUPPORTED_PROTOCOL,	ERR_REPLY },	/* not HTTP/1 */
	{ CURLE_WEIRD_SERVER_REPLY,	ERR_REPLY },
	{ CURLE_BAD_CONTENT_ENCODING,	ERR_REPLY },
};
/* clang-format on */

/* curl takes a head that was cut for a whole one without a body. */
static bool
was_cut(const struct handle *h)
{
	struct curl_header *got;

	return (!h->headers_complete ||
		(h->body->len == 0 &&
		    curl_easy_header(h->easy, "Content-Length", 0, CURLH_HEADER,
			-1, &got) != CURLHE_OK &&
		    curl_easy_header(h->easy, "Transfer-Encoding", 0,
			CURLH_HEADER, -1, &got) != CURLHE_OK));
}

static enum err
code_err(const struct handle *h, CURLcode rc, const struct deadline *d)
{
	if (rc == CURLE_OK && was_cut(h))
		rc = CURLE_PARTIAL_FILE;
	if (rc == CURLE_WRITE_ERROR && h->body_err != ERR_OK)
		return (h->body_err);
	/* curl's clock is not ours: it may be a little early */
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return (deadline_left(d) <= 50 ? ERR_DEADLINE : ERR_NETWORK);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == rc)
			return (codes[i].err);
	return (ERR_NETWORK);
}

static bool
is_reused(const struct handle *h)
{
	long fresh = 1;

	return (curl_easy_getinfo(h->easy, CURLINFO_NUM_CONNECTS, &fresh) ==
		    CURLE_OK &&
		fresh == 0);
}

/* No connection came about, or one that was kept stayed silent. One that the
 * server has closed fails at once, and says nothing of others. */
static bool
is_network_failure(const struct handle *h, CURLcode rc)
{
	curl_off_t replied = 0, took = 0;

	if (rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST ||
	    rc == CURLE_COULDNT_RESOLVE_PROXY)
		return (true);
	return (rc != CURLE_OK && is_reused(h) &&
		curl_easy_getinfo(h->easy, CURLINFO_STARTTRANSFER_TIME_T,
		    &replied) == CURLE_OK &&
		curl_easy_getinfo(h->easy, CURLINFO_TOTAL_TIME_T, &took) ==
		    CURLE_OK &&
		replied == 0 && took >= SILENT_MS * 500);
}

void
handle_done(struct handle *h)
{
	curl_socket_t kept = CURL_SOCKET_BAD;

	(void)curl_easy_getinfo(h->easy, CURLINFO_ACTIVESOCKET, &kept);
	conns_settle(h->conns, h, kept);
}

bool
handle_stale(const struct handle *h, const struct http_request *r,
    const struct deadline *d, CURLcode rc)
{
	bool stale = !r->not_idempotent && is_reused(h) &&
		     (rc == CURLE_GOT_NOTHING || rc == CURLE_SEND_ERROR ||
			 rc == CURLE_RECV_ERROR);

	if (stale && is_network_failure(h, rc))
		note_failure(h, d);
	return (stale);
}

/* Certain only before the connection stands, TLS included. */
static bool
may_be_sent(const struct handle *h, const struct http_request *r)
{
	bool tls = strncmp(r->url, "https:", 6) == 0;
	curl_off_t stood = 0;
	long fresh = 0;

	if (curl_easy_getinfo(h->easy, CURLINFO_NUM_CONNECTS, &fresh) !=
		CURLE_OK ||
	    curl_easy_getinfo(h->easy,
		tls ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T,
		&stood) != CURLE_OK)
		return (true);
	return (stood != 0 || (fresh == 0 && !r->not_idempotent));
}

/* Reading one costs as much as signing: once for each second. 0: no date. */
static time_t
date_read(struct handle *h, const char *text)
{
	if (strcmp(h->date_text, text) != 0) {
		(void)snprintf(h->date_text, sizeof(h->date_text), "%s", text);
		h->date = curl_getdate(text, NULL);
	}
	return (h->date > 0 ? h->date : 0);
}

static void
fields_get(struct handle *h, struct http_reply *reply)
{
	struct curl_header *got;
	const struct http_field *f;
	long status = 0;

	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	reply->status = (int)status;
	reply->date = 0;
	if (curl_easy_header(h->easy, "Date", 0, CURLH_HEADER, -1, &got) ==
	    CURLHE_OK)
		reply->date = date_read(h, got->value);
	for (f = reply->fields; f < reply->fields + reply->field_count; f++) {
		f->value[0] = '\0';
		if (curl_easy_header(h->easy, f->name, 0, CURLH_HEADER, -1,
			&got) == CURLHE_OK)
			(void)snprintf(f->value, f->size, "%s", got->value);
	}
}

enum err
handle_restart(
    struct handle *h, const struct http_request *r, const struct deadline *d)
{
	buf_reset(h->body);
	h->body_err = ERR_OK;
	h->headers_complete = false;
	h->header_len = 0;
	h->text[0] = '\0';
	if (!set_lifetimes(h, d))
		return (ERR_MEMORY);
	return (timeout_set(h, r, d));
}

/* Refused by the proxy, and not for a while only: as it answered CONNECT. */
static bool
is_proxys_refusal(struct handle *h, struct error_info *error)
{
	struct curl_header *to = NULL;
	long status = 0;

	(void)curl_easy_getinfo(h->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status < 300 || status > 499 || status == 429)
		return (false);
	if (curl_easy_header(h->easy, "Location", 0, CURLH_CONNECT, -1, &to) !=
	    CURLHE_OK)
		to = NULL;
	(void)error_info_set(error, ERR_PROXY,
	    "HTTP status %ld of the proxy%s%s%.160s", status,
	    status == 407 ? ": it wants a name and a password" : "",
	    to != NULL ? ", Location " : "", to != NULL ? to->value : "");
	return (true);
}

enum err
handle_result(struct handle *h, const struct http_request *r,
    const struct deadline *d, CURLcode rc, struct http_reply *reply,
    struct error_info *error)
{
	enum err e;

	if (is_network_failure(h, rc))
		note_failure(h, d);
	fields_get(h, reply);
	reply->sent = rc == CURLE_OK || may_be_sent(h, r);
	if ((e = code_err(h, rc, d)) != ERR_OK) {
		buf_reset(reply->body);
		if (is_proxys_refusal(h, error))
			return (ERR_PROXY);
		(void)error_info_set(error, e, "%s",
		    e == ERR_TOO_BIG	 ? "the reply is too long"
		    : h->text[0] != '\0' ? h->text
					 : curl_easy_strerror(rc));
	}
	return (e);
}

void
handle_end(struct handle *h)
{
	struct curl_slist *l;

	(void)SET(h->easy, CURLOPT_HTTPHEADER, NULL);
	(void)SET(h->easy, CURLOPT_POSTFIELDS, NULL);
	for (l = h->headers; l != NULL; l = l->next)
		OPENSSL_cleanse(l->data, strlen(l->data));
	curl_slist_free_all(h->headers);
	h->headers = NULL;
	h->body = NULL;
	h->deadline = NULL;
	conns_settle(h->conns, h, CURL_SOCKET_BAD);
}
