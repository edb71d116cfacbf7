#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "config/tag-list.h"
#include "hex.h"
#include "key-file.h"
#include "key-options.h"
#include "move-key.h"

#define DAY 86400
#define DAYS_MAX 365 /* that KMS keeps material */
#define DAYS_MAX_TEXT "365"

static bool
read_digits(const char *s, size_t n, int *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (false);
		*value = *value * 10 + (s[i] - '0');
	}
	return (true);
}

/* A day that exists. */
static bool
read_date(const char *s, CK_DATE *date, time_t *end)
{
	struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59}, asked;

	if (strlen(s) != strlen("YYYY-MM-DD") || s[4] != '-' || s[7] != '-' ||
	    !read_digits(s, 4, &tm.tm_year) ||
	    !read_digits(s + 5, 2, &tm.tm_mon) ||
	    !read_digits(s + 8, 2, &tm.tm_mday))
		return (false);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	asked = tm;
	/* timegm() accepts the 31st of February, and makes another day of it */
	if ((*end = timegm(&tm)) == -1 || tm.tm_mday != asked.tm_mday ||
	    tm.tm_mon != asked.tm_mon)
		return (false);
	memcpy(date->year, s, 4);
	memcpy(date->month, s + 5, 2);
	memcpy(date->day, s + 8, 2);
	return (true);
}

bool
key_option_any_end_date(char *s, void *to)
{
	struct key_wish *o = to;

	o->ends++;
	return (o->expires = read_date(s, &o->end_date, &o->end));
}

bool
key_option_end_date(char *s, void *to)
{
	struct key_wish *o = to;

	return (key_option_any_end_date(s, to) && o->end >= time(NULL));
}

void
key_wish_days(struct key_wish *w, unsigned long days)
{
	time_t at = time(NULL) + (time_t)days * DAY;
	char date[sizeof("YYYY-MM-DD")];
	struct tm tm;

	/* of a year with four digits */
	w->expires = gmtime_r(&at, &tm) != NULL &&
		     strftime(date, sizeof(date), "%Y-%m-%d", &tm) != 0 &&
		     read_date(date, &w->end_date, &w->end);
}

const char *
key_wish_why_not(const struct key_wish *w, bool in_kms)
{
	if (w->expires && w->end < time(NULL))
		return ("its end is over: choose another");
	/* the module takes the limit for the end of a day in which it lies */
	if (in_kms && w->expires &&
	    w->end - DAY >= time(NULL) + (time_t)DAYS_MAX * DAY)
		return ("KMS takes no end that is more than " DAYS_MAX_TEXT
			" days ahead");
	return (NULL);
}

bool
key_option_valid_days(char *s, void *to)
{
	struct key_wish *w = to;
	char *end;
	unsigned long days = strtoul(s, &end, 10);

	if (s[0] < '0' || s[0] > '9' || *end != '\0' || days == 0 ||
	    days > DAYS_MAX)
		return (false);
	w->ends++;
	key_wish_days(w, days);
	return (w->expires);
}

bool
key_option_hmac(char *s, void *to)
{
	return ((*(CK_ULONG *)to = hmac_from_name(s)) != 0);
}

bool
key_option_usage(char *s, void *to)
{
	return ((*(enum usage *)to = usage_from_name(s)) != USAGE_ANY);
}

bool
key_option_wrapping_bits(char *s, void *to)
{
	*(CK_ULONG *)to = strtoul(s, NULL, 10);
	return (strcmp(s, "2048") == 0 || strcmp(s, "3072") == 0 ||
		strcmp(s, "4096") == 0);
}

bool
key_option_format(char *s, void *to)
{
	enum key_format *format = to;

	*format = strcmp(s, "raw") == 0	     ? KEY_FORMAT_RAW
		  : strcmp(s, "hex") == 0    ? KEY_FORMAT_HEX
		  : strcmp(s, "base64") == 0 ? KEY_FORMAT_BASE64
					     : KEY_FORMAT_ANY;
	return (*format != KEY_FORMAT_ANY);
}

bool
key_option_id(char *s, void *to)
{
	struct key_id *id = to;

	id->len = strlen(s) / 2;
	return (id->len != 0 && id->len <= KEY_ID_MAX && strlen(s) % 2 == 0 &&
		hex_read(s, id->bytes, id->len));
}

bool
key_option_tags(char *s, void *to)
{
	((struct key_wish *)to)->tags = s;
	return (tag_list_is_valid(s));
}

bool
key_option_multi_region(char *s, void *to)
{
	struct key_wish *o = to;

	o->multi_region = strcmp(s, "yes") == 0	 ? SAID_YES
			  : strcmp(s, "no") == 0 ? SAID_NO
						 : NOT_SAID;
	return (o->multi_region != NOT_SAID);
}
