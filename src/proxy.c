#include <string.h>
#include <strings.h>
#include "env.h"
#include "proxy.h"

/*
 * The variables that curl would read for itself, but never in a set-user-id
 * program. As curl does it: http_proxy only in lower case, because a web server
 * hands a request's header Proxy to its programs as HTTP_PROXY.
 */
struct proxy
proxy_find(const char *url, bool direct)
{
	bool tls = strncmp(url, "https:", 6) == 0;
	const char *const names[] = {tls ? "https_proxy" : "http_proxy",
	    tls ? "HTTPS_PROXY" : NULL, "all_proxy", "ALL_PROXY"};
	struct proxy p = {NULL, NULL, NULL};

	for (size_t i = 0; !direct && p.url == NULL && i < 4; i++)
		if (names[i] != NULL && (p.url = env_get(names[i])) != NULL)
			p.variable = names[i];
	if (p.url != NULL && (p.except = env_get("no_proxy")) == NULL)
		p.except = env_get("NO_PROXY");
	return (p);
}

bool
proxy_excepts(const struct proxy *p, const char *host)
{
	size_t n, len = strlen(host);

	for (const char *s = p->except; s != NULL && *s != '\0'; s += n) {
		s += strspn(s, ", \t.");
		n = strcspn(s, ", \t");
		if (n == 1 && s[0] == '*')
			return (true);
		if (n != 0 && n <= len &&
		    strncasecmp(host + len - n, s, n) == 0 &&
		    (n == len || host[len - n - 1] == '.'))
			return (true);
	}
	return (false);
}
