#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "creds-http.h"
#include "creds-json.h"
#include "endpoint.h"
#include "env.h"

#define HOST "http://169.254.170.2"
#define TRY_MS 2000
#define TOKEN_MAX 16384
#define URL_MAX 2048

/* Those of Amazon ECS, Amazon EKS and EKS by IPv6. */
static const char *const hosts[] = {
    "169.254.170.2", "169.254.170.23", "fd00:ec2::23"};

/* The token goes there, in clear: only to this machine and its link. */
static bool
is_allowed(const char *url)
{
	char host[256];

	if (strncasecmp(url, "https://", 8) == 0)
		return (true);
	if (strncasecmp(url, "http://", 7) != 0 ||
	    !endpoint_host(url + 7, host, sizeof(host)))
		return (false);
	if (endpoint_is_loopback(host))
		return (true);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strcasecmp(hosts[i], host) == 0)
			return (true);
	return (false);
}

/* What goes into the header, read anew each time. */
static enum err
token_get(struct buf *token, struct error_info *error)
{
	const char *path = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *value = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	enum err e = ERR_OK;
	int fd;

	if (path == NULL) {
		e = value != NULL ? buf_puts(token, value) : ERR_OK;
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		e = fd != -1 ? buf_read(token, fd) : ERR_FILE;
		if (e == ERR_FILE)
			e = error_info_set(error, ERR_CREDS,
			    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, %s: %s",
			    path, strerror(errno));
		if (fd != -1)
			(void)close(fd);
	}
	if (e != ERR_OK && e != ERR_TOO_BIG)
		return (e);
	for (size_t i = 0; i < token->len && e == ERR_OK; i++)
		if (token->ptr[i] < ' ' || token->ptr[i] == 0x7f)
			e = ERR_DATA;
	if (e != ERR_OK)
		return (error_info_set(error, ERR_CREDS,
		    "the token for the container's credentials is too long or "
		    "has a line's end in it"));
	return (buf_append(token, VIEW("", 1)));
}

static enum err
reply_take(struct creds_search *s, struct creds_http *h, struct creds *out,
    struct error_info *error)
{
	char why[CREDS_REASON_SIZE];
	struct creds_json *j;
	enum err e;

	if (h->status != 200)
		return (error_info_set(error,
		    h->status >= 500 || h->status == 429 ? ERR_CREDS_SERVICE
							 : ERR_CREDS,
		    "%s answered with HTTP status %d%s", h->what, h->status,
		    creds_http_reason(h, why)));
	if ((j = creds_json_new()) == NULL)
		return (ERR_MEMORY);
	e = json_decode(creds_json_of_machine, buf_view(&h->body), j);
	if (e == ERR_OK && j->token[0] != '\0' && j->expiration[0] != '\0')
		e = creds_json_take_new(s, j, h->what, out, error);
	else if (e != ERR_MEMORY)
		e = error_info_set(error, ERR_CREDS_SERVICE,
		    "%s gave no credentials, or without Token and Expiration",
		    h->what);
	creds_json_free(j);
	return (e);
}

static enum err
ask(struct creds_search *s, const char *url, struct creds *out,
    struct error_info *error)
{
	struct buf token = BUF_INIT(TOKEN_MAX),
		   headers = BUF_INIT(2 * TOKEN_MAX);
	struct creds_http h = CREDS_HTTP_INIT;
	enum err e;

	h.what = "the container's credentials endpoint";
	h.retry_any_status = true;
	if ((e = token_get(&token, error)) != ERR_OK ||
	    (e = header_put(&headers, "Accept", "application/json")) !=
		ERR_OK ||
	    (token.len > 1 && (e = header_put(&headers, "Authorization",
				   (const char *)token.ptr)) != ERR_OK))
		goto out;
	h.request = (struct http_request){.method = "GET",
	    .url = url,
	    .headers = buf_view(&headers),
	    .timeout_ms = TRY_MS,
	    .direct = true};
	if ((e = creds_http_send(s, &h, error)) == ERR_OK)
		e = reply_take(s, &h, out, error);
out:
	creds_http_free(&h);
	buf_free(&headers);
	buf_free(&token);
	return (e);
}

enum err
creds_container_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const char *path = env_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = env_get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	char url[URL_MAX];

	if (path == NULL && full == NULL)
		return (ERR_NO_CREDS);
	if ((size_t)snprintf(url, sizeof(url), "%s%s", path != NULL ? HOST : "",
		path != NULL ? path : full) >= sizeof(url) ||
	    (path != NULL && path[0] != '/') || !is_allowed(url))
		return (error_info_set(error, ERR_CONFIG,
		    "%s is not an address of this container's: https, or a "
		    "loopback address, or 169.254.170.2, 169.254.170.23 or "
		    "[fd00:ec2::23] by http",
		    path != NULL ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
				 : "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
	return (ask(s, url, out, error));
}
