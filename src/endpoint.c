#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "endpoint.h"
#include "env.h"

/* clang-format off */
/* Partitions by what their Regions' names begin with; the last is all others. */
static const struct {
	const char *prefix, *suffix, *dualstack_suffix;
} partitions[] = {
	{ "cn-",	"amazonaws.com.cn",	"api.amazonwebservices.com.cn" },
	{ "eusc-",	"amazonaws.eu",		"api.amazonwebservices.eu" },
	{ "us-iso-",	"c2s.ic.gov",		"api.aws.ic.gov" },
	{ "us-isob-",	"sc2s.sgov.gov",	"api.aws.scloud" },
	{ "eu-isoe-",	"cloud.adc-e.uk",	"api.cloud-aws.adc-e.uk" },
	{ "us-isof-",	"csp.hci.ic.gov",	"api.aws.hci.ic.gov" },
	{ "",		"amazonaws.com",	"api.aws" },
};
/* clang-format on */

static const char *
suffix_of(const char *region, bool dualstack)
{
	size_t i = 0;

	while (strncmp(region, partitions[i].prefix,
		   strlen(partitions[i].prefix)) != 0)
		i++;
	return (
	    dualstack ? partitions[i].dualstack_suffix : partitions[i].suffix);
}

/* It becomes part of a host's name. */
static bool
region_ok(const char *s)
{
	size_t n = strlen(s);

	return (n > 0 && n < 64 && s[0] != '-' &&
		strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n);
}

bool
endpoint_is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six, one = IN6ADDR_LOOPBACK_INIT;

	if (strcasecmp(host, "localhost") == 0)
		return (true);
	if (inet_pton(AF_INET, host, &four) == 1)
		return (ntohl(four.s_addr) >> 24 == 127);
	return (inet_pton(AF_INET6, host, &six) == 1 &&
		memcmp(&six, &one, sizeof(one)) == 0);
}

/* An authority cut into its parts; a bracketed IPv6 address without them. */
struct authority {
	char host[256];
	unsigned long port; /* 0: none is named */
};

static bool
authority_parse(const char *s, size_t n, struct authority *a)
{
	const char *end = s + n, *colon;
	char *rest;
	size_t len;

	if (n > 0 && *s == '[') {
		if ((colon = memchr(s, ']', n)) == NULL)
			return (false);
		s++;
		len = (size_t)(colon++ - s);
	} else {
		if ((colon = memchr(s, ':', n)) == NULL)
			colon = end;
		len = (size_t)(colon - s);
	}
	if (len == 0 || len >= sizeof(a->host))
		return (false);
	memcpy(a->host, s, len);
	a->host[len] = '\0';
	if (strspn(a->host, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") != len)
		return (false);
	a->port = 0;
	if (colon == end)
		return (true);
	if (*colon != ':' || !isdigit((unsigned char)colon[1]))
		return (false);
	a->port = strtoul(colon + 1, &rest, 10);
	return (rest == end && a->port > 0 && a->port <= 65535);
}

bool
endpoint_host(const char *s, char *out, size_t size)
{
	struct authority a;

	return (authority_parse(s, strcspn(s, "/?#"), &a) &&
		(size_t)snprintf(out, size, "%s", a.host) < size);
}

/* Only "scheme://host[:port][/]": a path of its own would have to be signed. */
static enum err
custom(const char *url, const char *origin, struct endpoint *out,
    struct error_info *error)
{
	bool tls = strncasecmp(url, "https://", 8) == 0;
	struct authority a;
	const char *s;
	size_t n;

	if (!tls && strncasecmp(url, "http://", 7) != 0)
		return (error_info_set(error, ERR_CONFIG,
		    "%s: an endpoint begins with https:// or http://", origin));
	s = url + (tls ? 8 : 7);
	n = strcspn(s, "/?#");
	if ((s[n] != '\0' && strcmp(s + n, "/") != 0) ||
	    !authority_parse(s, n, &a))
		return (error_info_set(error, ERR_CONFIG,
		    "%s: an endpoint is https://HOST[:PORT] and no more",
		    origin));
	out->loopback = endpoint_is_loopback(a.host);
	if (!tls && !out->loopback)
		return (error_info_set(error, ERR_CONFIG,
		    "%s: http:// is for this machine only; use https://",
		    origin));
	/* a client leaves the scheme's own port out of the Host header */
	if (a.port == (tls ? 443 : 80))
		a.port = 0;
	n = (size_t)snprintf(out->host, sizeof(out->host),
	    strchr(a.host, ':') != NULL ? "[%s]" : "%s", a.host);
	if (n < sizeof(out->host) && a.port != 0)
		n += (size_t)snprintf(
		    out->host + n, sizeof(out->host) - n, ":%lu", a.port);
	if (n >= sizeof(out->host))
		return (error_info_set(
		    error, ERR_CONFIG, "%s: the host is too long", origin));
	(void)snprintf(out->url, sizeof(out->url), "%s://%s/",
	    tls ? "https" : "http", out->host);
	return (ERR_OK);
}

/* What was configured, in the order of AWS's SDKs; *url NULL: nothing. */
static enum err
configured(const struct endpoint_conf *c, const char **url, const char **origin,
    struct error_info *error)
{
	const char *s;
	enum err e;

	*url = c->url;
	*origin = "endpoint";
	if (*url != NULL && **url != '\0')
		return (ERR_OK);
	*url = NULL;
	if ((s = env_get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) == NULL)
		s = profile_get(c->profile, "ignore_configured_endpoint_urls");
	if (env_is_true(s))
		return (ERR_OK);
	if ((*url = env_get(*origin = c->variable)) != NULL ||
	    (*url = env_get(*origin = "AWS_ENDPOINT_URL")) != NULL)
		return (ERR_OK);
	*origin = "endpoint_url";
	e = profile_service(c->profile, c->service, "endpoint_url", url, error);
	if (e == ERR_OK && *url == NULL)
		*url = profile_get(c->profile, "endpoint_url");
	return (e);
}

static bool
wanted(const struct profile *p, const char *variable, const char *key)
{
	const char *s = env_get(variable);

	return (env_is_true(s != NULL ? s : profile_get(p, key)));
}

enum err
endpoint_find(const struct endpoint_conf *c, struct endpoint *out,
    struct error_info *error)
{
	bool fips = wanted(
	    c->profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	bool dualstack = wanted(
	    c->profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
	const char *host = c->host != NULL ? c->host : c->service;
	const char *url, *origin;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (!region_ok(c->region))
		return (error_info_set(error, ERR_CONFIG,
		    "\"%s\" is not the name of an AWS Region", c->region));
	if ((e = configured(c, &url, &origin, error)) != ERR_OK)
		return (e);
	if (url != NULL) {
		if (fips || dualstack)
			return (error_info_set(error, ERR_CONFIG,
			    "%s: cannot be combined with a FIPS or dual-stack "
			    "endpoint",
			    origin));
		out->custom = true;
		out->source = origin;
		return (custom(url, origin, out, error));
	}
	(void)snprintf(out->host, sizeof(out->host), "%s%s.%s.%s", host,
	    fips ? "-fips" : "", c->region, suffix_of(c->region, dualstack));
	(void)snprintf(out->url, sizeof(out->url), "https://%s/", out->host);
	return (ERR_OK);
}
