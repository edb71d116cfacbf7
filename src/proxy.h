#ifndef PROXY_H
#define PROXY_H
#include <stdbool.h>

/* The proxy that the environment names, as in curl(1). */
struct proxy {
	const char *variable; /* "HTTPS_PROXY"; NULL: no proxy */
	const char *url; /* its value */
	const char *except; /* the value of no_proxy, or NULL */
};

/* For requests to url. direct: they never go by a proxy. */
struct proxy proxy_find(const char *url, bool direct);
/* Whether that host is one of except: names with all below them, "*". curl
 * knows more forms: this is for people. */
bool proxy_excepts(const struct proxy *, const char *host);
#endif
