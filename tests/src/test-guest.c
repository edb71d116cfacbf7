/* The client as a guest: TLS with the certificates that were asked for, and
 * nothing of the host's process changed by it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "client-env.h"
#include "files.h"
#include "tap.h"
#include "tls-cert.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static const struct http_step steps[] = {{.status = 200, .body = "{}"}};
static struct test_clock clk;
static struct outcome o;

static void
test_tls(void)
{
	const char *path;
	SSL_CTX *tls = tls_context("IP:127.0.0.1", &path);
	struct http_server *s = http_server_start(steps, ELEMS(steps), tls);
	struct client *c;

	test_env(http_server_url(s));
	setenv("AWS_CA_BUNDLE", path, 1);
	c = test_client(&clk.clock);
	for (int i = 0; i < 3; i++)
		test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(o.err == ERR_OK && http_server_connections(s) == 1,
	    "three requests on one TLS connection: %s", o.error.message);
	test_post(c, &clk.clock, "CreateKey", 20000, &o);
	OK(o.err == ERR_OK && http_server_connections(s) == 2,
	    "CreateKey on a new one");
	client_close(c);

	unsetenv("AWS_CA_BUNDLE");
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(o.err == ERR_TLS && http_server_requests(s) == 4,
	    "a certificate that no one vouches for: %s", o.error.message);
	client_close(c);

	setenv("AWS_CA_BUNDLE", "/nonexistent/ca.pem", 1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(o.err == ERR_CONFIG && http_server_requests(s) == 4, "no bundle: %s",
	    o.error.message);
	client_close(c);
	http_server_stop(s);
	SSL_CTX_free(tls);

	tls = tls_context("DNS:kms.example", &path);
	s = http_server_start(steps, ELEMS(steps), tls);
	test_env(http_server_url(s));
	setenv("AWS_CA_BUNDLE", path, 1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(o.err == ERR_TLS && http_server_requests(s) == 0,
	    "a certificate for another name: %s", o.error.message);
	client_close(c);
	http_server_stop(s);
	SSL_CTX_free(tls);
}

/* The connection ends in the handshake: nothing was sent for certain. */
static void
test_handshake(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	struct http_server *s = http_server_start(steps, ELEMS(steps), tls);
	struct client *c;

	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "CreateKey", 20000, &o);
	OK(o.err == ERR_NETWORK && http_server_connections(s) == 3,
	    "CreateKey is tried again when TLS fails: %s", o.error.message);
	client_close(c);
	http_server_stop(s);
	SSL_CTX_free(tls);
}

static void
test_openssl_state(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	struct http_server *s = http_server_start(steps, ELEMS(steps), tls);
	const char *data;
	struct client *c;
	int flags;

	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	ERR_clear_error();
	test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(o.err != ERR_OK && ERR_peek_error() == 0,
	    "no error of ours is left in OpenSSL's queue");
	ERR_raise_data(ERR_LIB_USER, 42, "the host's %s", "first");
	ERR_raise(ERR_LIB_USER, 43);
	test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(ERR_GET_REASON(ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) ==
		    42 &&
		(flags & ERR_TXT_STRING) != 0 &&
		strcmp(data, "the host's first") == 0,
	    "the host's errors are: the first,");
	OK(ERR_GET_REASON(ERR_get_error()) == 43 && ERR_get_error() == 0,
	    "the second, and no more");
	OK(OSSL_LIB_CTX_set0_default(NULL) ==
		OSSL_LIB_CTX_get0_global_default(),
	    "the thread's library context is the host's");
	client_close(c);
	OK(ERR_peek_error() == 0, "closing leaves no error");
	http_server_stop(s);
	SSL_CTX_free(tls);
}

static void
test_fork(void)
{
	const char *path;
	SSL_CTX *tls = tls_context("IP:127.0.0.1", &path);
	struct http_server *s = http_server_start(steps, ELEMS(steps), tls);
	struct client *c, *other;
	struct test_sockets n;
	size_t before;
	pid_t pid;

	test_env(http_server_url(s));
	setenv("AWS_CA_BUNDLE", path, 1);
	c = test_client(NULL);
	test_post(c, NULL, "Encrypt", 20000, &o);
	n = test_sockets(http_server_url(s));
	OK(n.open == 1 && n.inherited == 0, "sockets are close-on-exec");
	before = http_server_bytes(s);
	if ((pid = fork()) == 0) {
		client_abandon(c);
		_exit(test_sockets(http_server_url(s)).open);
	}
	OK(test_child(pid), "a child lets go of the connection");
	OK(http_server_bytes(s) == before &&
		test_sockets(http_server_url(s)).open == 1,
	    "and sends nothing on it");
	test_post(c, NULL, "Encrypt", 20000, &o);
	OK(o.err == ERR_OK && http_server_connections(s) == 1,
	    "the parent goes on with it");
	if ((pid = fork()) == 0) {
		client_abandon(c);
		other = test_client(NULL);
		test_post(other, NULL, "Encrypt", 20000, &o);
		client_close(other);
		_exit(o.err != ERR_OK);
	}
	OK(test_child(pid) && http_server_connections(s) == 2,
	    "a child works with a client of its own");
	test_post(c, NULL, "Encrypt", 20000, &o);
	OK(o.err == ERR_OK && http_server_connections(s) == 2,
	    "and the parent still with its own connection");
	client_close(c);
	http_server_stop(s);
	SSL_CTX_free(tls);
}

/* A name that no resolver takes shows who was asked: curl words it otherwise. */
static void
test_no_threads(void)
{
	static const char label[] =
	    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg";
	struct client_conf conf = {
	    .crypto = &test_crypto, .clock = &clk.clock, .no_threads = true};
	struct client *c = NULL;
	struct error_info error;
	char url[128];

	(void)snprintf(url, sizeof(url), "https://%s.invalid:8443", label);
	test_env(url);
	NEED(client_open(&conf, &c, &error) == ERR_OK, "a client");
	test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(o.err == ERR_NETWORK &&
		strncmp(o.error.message, label, sizeof(label) - 1) == 0,
	    "the calling thread resolves: %s", o.error.message);
	client_close(c);
}

int
main(void)
{
	test_crypto_open();
	test_clock_init(&clk);
	test_tls();
	test_handshake();
	test_openssl_state();
	test_fork();
	test_no_threads();
	files_remove();
	return (tap_done());
}
