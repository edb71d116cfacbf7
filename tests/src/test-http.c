/* What libcurl and OpenSSL would do by themselves, and must not: start before
 * the first request, read the environment, write TLS secrets to a file. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <curl/curl.h>
#include <openssl/ssl.h>
#include "client-env.h"
#include "files.h"
#include "http.h"
#include "tap.h"
#include "tls-cert.h"

static int starts, ends;
static bool set_user_id;

/* libcurl's own, counted. */
CURLcode
curl_global_init_mem(long flags, curl_malloc_callback m, curl_free_callback f,
    curl_realloc_callback r, curl_strdup_callback s, curl_calloc_callback c)
{
	CURLcode (*real)(long, curl_malloc_callback, curl_free_callback,
	    curl_realloc_callback, curl_strdup_callback, curl_calloc_callback);

	*(void **)&real = dlsym(RTLD_NEXT, "curl_global_init_mem");
	starts++;
	return (real(flags, m, f, r, s, c));
}

void
curl_global_cleanup(void)
{
	ends++;
}

static int others[2] = {-1, -1};
static bool other_opens;

/* As when another thread opens something a moment before. */
CURLM *
curl_multi_init(void)
{
	CURLM *(*real)(void);

	*(void **)&real = dlsym(RTLD_NEXT, "curl_multi_init");
	if (other_opens &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, others) != 0)
		tap_bail();
	other_opens = false;
	return (real());
}

/* As in a set-user-id program, where it gives nothing. */
char *
secure_getenv(const char *name)
{
	return (set_user_id ? NULL : getenv(name));
}

static const struct http_step steps[] = {{.status = 200, .body = "{}"}};
static struct crypto crypto;

static enum err
post_in(struct http *h, const char *url, int64_t ms, struct error_info *error)
{
	struct buf body = BUF_INIT(4096);
	struct http_reply reply = {.body = &body};
	const struct http_request r = {
	    .url = url, .headers = VIEW_STR(""), .body = VIEW_STR("{}")};
	struct deadline d = deadline_in(&clock_system, ms);
	enum err e;

	memset(error, 0, sizeof(*error));
	e = http_post(h, &r, &d, &reply, error);
	buf_free(&body);
	return (e);
}

static enum err
post(struct http *h, const char *url, struct error_info *error)
{
	return (post_in(h, url, 8000, error));
}

static struct http *
open_http(const char *bundle)
{
	const struct http_conf conf = {.crypto = &crypto, .ca_bundle = bundle};
	struct http *h = NULL;

	NEED(http_open(&conf, &h) == ERR_OK, "open");
	return (h);
}

static void
test_start(void)
{
	struct http_server *s = http_server_start(steps, 1, NULL);
	struct http *h = open_http(NULL);
	struct error_info error;

	OK(starts == 0, "opening does not start curl");
	OK(post(h, http_server_url(s), &error) == ERR_OK && starts == 1,
	    "the first request does: %s", error.message);
	OK(post(h, http_server_url(s), &error) == ERR_OK && starts == 1,
	    "and no other");
	http_close(h);
	OK(ends == 0, "nobody's reference is given back");
	http_server_stop(s);
}

static void
test_proxy(void)
{
	static const char *const names[] = {
	    "http_proxy", "all_proxy", "ALL_PROXY"};
	struct http_server *s = http_server_start(steps, 1, NULL);
	struct http *h = open_http(NULL);
	struct error_info error;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv(names[i], "http://127.0.0.1:1", 1);
		OK(post(h, http_server_url(s), &error) == ERR_NETWORK,
		    "%s is heeded: %s", names[i], error.message);
		setenv("no_proxy", "127.0.0.1", 1);
		OK(post(h, http_server_url(s), &error) == ERR_OK,
		    "no_proxy is: %s", error.message);
		unsetenv("no_proxy");
		set_user_id = true;
		OK(post(h, http_server_url(s), &error) == ERR_OK,
		    "%s is not heeded in a set-user-id program: %s", names[i],
		    error.message);
		set_user_id = false;
		unsetenv(names[i]);
	}
	setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
	OK(post(h, http_server_url(s), &error) == ERR_OK,
	    "HTTP_PROXY may come from a web server's client: %s",
	    error.message);
	unsetenv("HTTP_PROXY");
	http_close(h);
	http_server_stop(s);
}

/* curl looks for it once, when it starts. */
static char key_log[] = "/tmp/keyferry-keylog-XXXXXX";

static void
set_key_log(void)
{
	int fd = mkstemp(key_log);

	NEED(fd != -1, "a file");
	close(fd);
	setenv("SSLKEYLOGFILE", key_log, 1);
}

static void
test_key_log(void)
{
	const char *bundle;
	SSL_CTX *tls = tls_context("IP:127.0.0.1", &bundle);
	struct http_server *s = http_server_start(steps, 1, tls);
	struct http *h = open_http(bundle);
	struct error_info error;
	struct stat st;

	OK(post(h, http_server_url(s), &error) == ERR_OK, "a request: %s",
	    error.message);
	OK(stat(key_log, &st) == 0 && st.st_size == 0,
	    "no TLS secret is in SSLKEYLOGFILE's file");
	http_close(h);
	unlink(key_log);
	http_server_stop(s);
	SSL_CTX_free(tls);
}

/* curl itself would make the file of SSLKEYLOGFILE. */
static void
test_key_log_file(void)
{
	struct http_server *s = http_server_start(steps, 1, NULL);
	struct http *h = open_http(NULL);
	struct error_info error;

	setenv("SSLKEYLOGFILE", "/nonexistent/keys", 1);
	set_user_id = true;
	OK(post(h, http_server_url(s), &error) == ERR_OK &&
		getenv("SSLKEYLOGFILE") == NULL,
	    "a set-user-id program hides SSLKEYLOGFILE from curl");
	set_user_id = false;
	http_close(h);
	http_server_stop(s);
}

static void
test_trailers(void)
{
	static char raw[300000];
	const struct http_step endless[] = {{.raw = raw}};
	struct http_server *s;
	struct http *h = open_http(NULL);
	struct error_info error;
	int n = snprintf(raw, sizeof(raw),
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\n{}\r\n0\r\n");

	while (n < 200000)
		n += snprintf(raw + n, sizeof(raw) - (size_t)n,
		    "X-Trailer: %0100d\r\n", 0);
	snprintf(raw + n, sizeof(raw) - (size_t)n, "\r\n");
	s = http_server_start(endless, 1, NULL);
	OK(post(h, http_server_url(s), &error) == ERR_REPLY,
	    "trailers without end are no reply: %s", error.message);
	http_close(h);
	http_server_stop(s);
}

/* A port whose queue is full: who connects to it waits. */
static int
full_listener(char url[40], int *waiting)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	NEED(bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 0) == 0 &&
		 getsockname(fd, (struct sockaddr *)&a, &len) == 0,
	    "a port");
	for (size_t i = 0; i < 2; i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (struct sockaddr *)&a, len);
	}
	(void)snprintf(url, 40, "http://127.0.0.1:%d", ntohs(a.sin_port));
	return (fd);
}

/* curl closes without a word what it was still connecting. */
static void
test_number_used_again(void)
{
	struct http_server *s = http_server_start(steps, 1, NULL);
	struct http *h = open_http(NULL);
	struct error_info error;
	int taken[8], waiting[2], full;
	char url[40];

	full = full_listener(url, waiting);
	OK(post(h, http_server_url(s), &error) == ERR_OK, "a connection: %s",
	    error.message);
	OK(post_in(h, url, 300, &error) == ERR_DEADLINE,
	    "one that is given up while it is made: %s", error.message);
	for (size_t i = 0; i < 8; i++)
		taken[i] = open("/dev/null", O_RDONLY);
	OK(post(h, http_server_url(s), &error) == ERR_OK &&
		http_server_connections(s) == 1,
	    "the program may have its number: %d connections",
	    http_server_connections(s));
	http_close(h);
	for (size_t i = 0; i < 8; i++)
		close(taken[i]);
	close(waiting[0]);
	close(waiting[1]);
	close(full);
	http_server_stop(s);
}

static void
test_other_descriptors(void)
{
	struct http_server *s = http_server_start(steps, 1, NULL);
	struct http *h = open_http(NULL);
	struct error_info error;

	other_opens = true;
	OK(post(h, http_server_url(s), &error) == ERR_OK && others[0] != -1,
	    "another thread opens descriptors: %s", error.message);
	OK(fcntl(others[0], F_GETFD) == 0 && fcntl(others[1], F_GETFD) == 0,
	    "they are not taken for curl's");
	close(others[0]);
	close(others[1]);
	for (size_t i = 0; i < 2; i++)
		others[i] = open("/dev/null", O_RDONLY);
	OK(post(h, http_server_url(s), &error) == ERR_OK &&
		http_server_connections(s) == 1,
	    "nor missed: %d connections", http_server_connections(s));
	http_close(h);
	close(others[0]);
	close(others[1]);
	http_server_stop(s);
}

int
main(void)
{
	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK,
	    "OpenSSL");
	set_key_log();
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("no_proxy");
	test_start();
	test_key_log();
	test_proxy();
	test_key_log_file();
	test_trailers();
	test_number_used_again();
	test_other_descriptors();
	crypto_close(&crypto);
	return (tap_done());
}
