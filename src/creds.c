#include <ctype.h>
#include <string.h>
#include <time.h>
#include <openssl/crypto.h>
#include "creds.h"

#define SECRET_MAX 256
#define TOKEN_MAX 16384

struct creds
creds_empty(struct arena *arena)
{
	return ((struct creds){.secret = BUF_SECRET(SECRET_MAX, arena),
	    .token = BUF_INIT(TOKEN_MAX)});
}

void
creds_wipe(struct creds *c)
{
	buf_free(&c->secret);
	buf_free(&c->token);
	OPENSSL_cleanse(c->access_key, sizeof(c->access_key));
}

/* An access key goes into a header and so does a token: nothing there may end
 * the line. */
static bool
plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return (false);
	return (true);
}

bool
creds_is_plain(const char *s)
{
	return (s[0] != '\0' && plain(s));
}

enum err
creds_set(struct creds *c, const char *access_key, const char *secret,
    const char *token, struct error_info *error)
{
	enum err e;

	/* no AWS key begins so */
	if (access_key[0] == '"' || access_key[0] == '\'' || secret[0] == '"' ||
	    secret[0] == '\'')
		return (error_info_set(error, ERR_CONFIG,
		    "the AWS access key id or secret access key is in quotes: "
		    "take them away"));
	if (strlen(access_key) >= sizeof(c->access_key) || !plain(access_key) ||
	    (token != NULL && !plain(token)))
		return (error_info_set(error, ERR_CONFIG,
		    "the AWS access key id or session token is not valid"));
	strcpy(c->access_key, access_key);
	buf_reset(&c->secret);
	buf_reset(&c->token);
	if ((e = buf_puts(&c->secret, secret)) != ERR_OK ||
	    (token != NULL && (e = buf_puts(&c->token, token)) != ERR_OK))
		return (
		    e == ERR_TOO_BIG
			? error_info_set(error, ERR_CONFIG,
			      "the AWS secret key or session token is too long")
			: e);
	return (ERR_OK);
}

/* So many digits, and the character behind them. */
static bool
digits(const char **s, size_t count, char behind, int *out)
{
	*out = 0;
	for (; count > 0; count--, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return (false);
		*out = *out * 10 + (**s - '0');
	}
	if (behind == '\0')
		return (true);
	return (*(*s)++ == behind);
}

/* "Z", "UTC", "+01:00": minutes to the east. */
static bool
zone(const char *s, int *minutes)
{
	int h, m;
	bool west = *s == '-';

	*minutes = 0;
	if (strcmp(s, "Z") == 0 || strcmp(s, "UTC") == 0)
		return (true);
	if (*s != '+' && *s != '-')
		return (false);
	s++;
	if (!digits(&s, 2, '\0', &h))
		return (false);
	s += *s == ':';
	if (!digits(&s, 2, '\0', &m) || *s != '\0')
		return (false);
	*minutes = west ? -(h * 60 + m) : h * 60 + m;
	return (true);
}

bool
creds_read_date(const char *s, int64_t *ms)
{
	struct tm tm = {0};
	int east;

	if (!digits(&s, 4, '-', &tm.tm_year) ||
	    !digits(&s, 2, '-', &tm.tm_mon) ||
	    !digits(&s, 2, 'T', &tm.tm_mday) ||
	    !digits(&s, 2, ':', &tm.tm_hour) ||
	    !digits(&s, 2, ':', &tm.tm_min) || !digits(&s, 2, '\0', &tm.tm_sec))
		return (false);
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s);)
			s++;
	if (!zone(s, &east) || tm.tm_mon < 1 || tm.tm_mon > 12)
		return (false);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	tm.tm_min -= east;
	*ms = (int64_t)timegm(&tm) * 1000;
	return (true);
}

void
creds_write_date(int64_t ms, char out[CREDS_DATE_SIZE])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm = {0};

	(void)gmtime_r(&t, &tm);
	if (strftime(out, CREDS_DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

bool
creds_is_past(const struct creds_search *s, int64_t ms)
{
	const struct clock *clk = s->conf->clock;

	return (ms <= clk->wall_ms(clk->ctx));
}
