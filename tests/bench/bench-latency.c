/*
 * What the client adds to a request: kms_encrypt() against bare libcurl loops
 * on one connection, one that sends the same bytes again and again, signed
 * once, and one that has libcurl sign each request. All in turn, so that the
 * machine's moods meet all. By the AWS environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <curl/curl.h>
#include "client.h"
#include "creds.h"
#include "signer.h"

#define ROUNDS 60
#define EACH 50 /* requests of a kind in a round */
#define COUNT (ROUNDS * EACH)

struct bench {
	struct client *client;
	char key[KMS_ID_SIZE];
	struct loop {
		CURL *easy;
		struct curl_slist *headers;
	} same, signing;
	struct buf body;
	double client_us[COUNT], same_us[COUNT], signing_us[COUNT];
};

static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3);
}

static struct kms
kms_of(struct bench *b)
{
	return ((struct kms){.transport = client_transport(b->client),
	    .deadline = deadline_in(&clock_system, 30000)});
}

static enum err
key_make(struct bench *b)
{
	struct kms k = kms_of(b);
	struct kms_create_key_in in = {.description = "bench-latency"};
	struct kms_key key = KMS_KEY_INIT;
	char body[KMS_ID_SIZE + 128];
	enum err e = kms_create_key(&k, &in, &key);

	memcpy(b->key, key.id, sizeof(b->key));
	(void)snprintf(body, sizeof(body),
	    "{\"KeyId\":\"%s\",\"Plaintext\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}",
	    b->key);
	kms_key_free(&key);
	return (e == ERR_OK ? buf_puts(&b->body, body) : e);
}

static enum err
encrypt(struct bench *b)
{
	struct kms k = kms_of(b);
	struct kms_crypt_in in = {
	    .key = b->key, .data = VIEW_STR("0123456789abcdef")};
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	enum err e = kms_encrypt(&k, &in, &out);

	buf_free(&out);
	return (e);
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	return (buf_append(b, VIEW(p, size * n)) == ERR_OK ? size * n : 0);
}

/* The same request as kms_encrypt() sends, for both loops. */
static enum err
loop_make(struct bench *b, struct loop *l)
{
	if ((l->easy = curl_easy_init()) == NULL)
		return (ERR_MEMORY);
	curl_easy_setopt(l->easy, CURLOPT_URL, client_endpoint(b->client));
	curl_easy_setopt(l->easy, CURLOPT_CAINFO, getenv("AWS_CA_BUNDLE"));
	curl_easy_setopt(l->easy, CURLOPT_HTTPHEADER, l->headers);
	curl_easy_setopt(l->easy, CURLOPT_POSTFIELDS, b->body.ptr);
	curl_easy_setopt(l->easy, CURLOPT_POSTFIELDSIZE, (long)b->body.len);
	curl_easy_setopt(l->easy, CURLOPT_WRITEFUNCTION, on_body);
	return (ERR_OK);
}

/* Signed now, by our signer. */
static enum err
same_make(struct bench *b, const struct crypto *crypto, struct arena *arena)
{
	struct signer_conf sc = {
	    crypto, arena, client_region(b->client), "kms"};
	struct creds creds = {.secret = BUF_SECRET(256, arena),
	    .token = BUF_INIT(16384),
	    .serial = 1};
	struct buf lines = BUF_INIT(32768);
	struct signer *signer = NULL;
	char host[256];
	const char *s = strstr(client_endpoint(b->client), "://") + 3;
	struct signer_request sr = {.host = host,
	    .target = "TrentService.Encrypt",
	    .body = buf_view(&b->body),
	    .creds = &creds,
	    .seconds = time(NULL)};
	enum err e;

	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(s, "/"), s);
	if ((e = creds_env_load(NULL, NULL, &creds, NULL)) != ERR_OK ||
	    (e = signer_open(&sc, &signer)) != ERR_OK ||
	    (e = signer_headers(signer, &sr, &lines)) != ERR_OK)
		goto out;
	for (s = (const char *)lines.ptr;
	     s < (const char *)lines.ptr + lines.len; s += strlen(s) + 1)
		b->same.headers = curl_slist_append(b->same.headers, s);
	e = loop_make(b, &b->same);
out:
	signer_close(signer);
	buf_free(&creds.secret);
	buf_free(&lines);
	return (e);
}

static enum err
signing_make(struct bench *b)
{
	struct loop *l = &b->signing;
	char scope[128], keys[512];
	enum err e;

	l->headers = curl_slist_append(
	    l->headers, "content-type: application/x-amz-json-1.1");
	l->headers = curl_slist_append(
	    l->headers, "x-amz-target: TrentService.Encrypt");
	if ((e = loop_make(b, l)) != ERR_OK)
		return (e);
	(void)snprintf(
	    scope, sizeof(scope), "aws:amz:%s:kms", client_region(b->client));
	(void)snprintf(keys, sizeof(keys), "%s:%s", getenv("AWS_ACCESS_KEY_ID"),
	    getenv("AWS_SECRET_ACCESS_KEY"));
	curl_easy_setopt(l->easy, CURLOPT_AWS_SIGV4, scope);
	curl_easy_setopt(l->easy, CURLOPT_USERPWD, keys);
	return (ERR_OK);
}

static enum err
loop_send(struct loop *l)
{
	struct buf reply = BUF_INIT(65536);
	long status = 0;

	curl_easy_setopt(l->easy, CURLOPT_WRITEDATA, &reply);
	if (curl_easy_perform(l->easy) == CURLE_OK)
		curl_easy_getinfo(l->easy, CURLINFO_RESPONSE_CODE, &status);
	buf_free(&reply);
	return (status == 200 ? ERR_OK : ERR_NETWORK);
}

static enum err
same_send(struct bench *b)
{
	return (loop_send(&b->same));
}

static enum err
signing_send(struct bench *b)
{
	return (loop_send(&b->signing));
}

static void
loop_free(struct loop *l)
{
	curl_easy_cleanup(l->easy);
	curl_slist_free_all(l->headers);
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return ((*x > *y) - (*x < *y));
}

static enum err
measure(struct bench *b, enum err (*request)(struct bench *), double *us)
{
	enum err e = ERR_OK;
	double t;

	for (int i = 0; i < EACH && e == ERR_OK; i++) {
		t = now_us();
		e = request(b);
		us[i] = now_us() - t;
	}
	return (e);
}

static void
report(const char *what, double *us, double client_us)
{
	qsort(us, COUNT, sizeof(*us), by_value);
	printf("%-22s %8.1f %8.1f %8.1f", what, us[COUNT / 10], us[COUNT / 2],
	    us[COUNT / 10 * 9]);
	if (client_us != 0)
		printf("  kms_encrypt is %.2f times it",
		    client_us / us[COUNT / 2]);
	printf("\n");
}

static enum err
run(struct bench *b)
{
	enum err e = ERR_OK;

	for (int i = 0; i < COUNT && e == ERR_OK; i += EACH)
		if ((e = measure(b, same_send, b->same_us + i)) != ERR_OK ||
		    (e = measure(b, signing_send, b->signing_us + i)) !=
			ERR_OK ||
		    (e = measure(b, encrypt, b->client_us + i)) != ERR_OK)
			return (e);
	printf("%-22s %8s %8s %8s  microseconds, %d requests each\n", "", "p10",
	    "median", "p90", COUNT);
	report("kms_encrypt", b->client_us, 0);
	report("libcurl, signed once", b->same_us, b->client_us[COUNT / 2]);
	report("libcurl, its signer", b->signing_us, b->client_us[COUNT / 2]);
	return (ERR_OK);
}

int
main(void)
{
	static struct bench b = {.body = BUF_INIT(1024)};
	struct crypto crypto;
	struct client_conf conf = {.crypto = &crypto, .clock = &clock_system};
	struct arena *arena = NULL;
	struct error_info error;
	bool locked;
	enum err e;

	if ((e = crypto_open(&crypto, &(struct crypto_setup){0}, NULL)) !=
		ERR_OK ||
	    (e = arena_open(4096, &arena, &locked)) != ERR_OK ||
	    (e = client_open(&conf, &b.client, &error)) != ERR_OK ||
	    (e = key_make(&b)) != ERR_OK ||
	    (e = same_make(&b, &crypto, arena)) != ERR_OK ||
	    (e = signing_make(&b)) != ERR_OK || (e = run(&b)) != ERR_OK)
		fprintf(stderr, "bench-latency: %s\n", err_text(e));
	loop_free(&b.same);
	loop_free(&b.signing);
	buf_free(&b.body);
	client_close(b.client);
	arena_close(arena);
	return (e != ERR_OK);
}
