#include <string.h>
#include "base/text.h"

void
text_uuid(const char *hex, char uuid[37])
{
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*uuid++ = '-';
		*uuid++ = hex[i];
	}
	*uuid = '\0';
}

size_t
text_length(struct view v)
{
	size_t n = 0;

	for (size_t i = 0; i < v.len; i++)
		n += (v.ptr[i] & 0xc0) != 0x80;
	return (n);
}

void
text_trim_utf8(char *s)
{
	size_t len = strlen(s), tail = 0, want;
	unsigned char lead;

	while (tail < len && tail < 3 && (s[len - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail == len)
		return;
	lead = (unsigned char)s[len - 1 - tail];
	want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	if (tail < want)
		s[len - 1 - tail] = '\0';
}

const char *
text_partition(const char *region)
{
	if (strncmp(region, "cn-", 3) == 0)
		return ("aws-cn");
	if (strncmp(region, "us-gov-", 7) == 0)
		return ("aws-us-gov");
	return ("aws");
}

bool
text_is_region(const char *s)
{
	size_t words = 0, n;

	while ((n = strspn(s, "abcdefghijklmnopqrstuvwxyz")) != 0) {
		s += n;
		if (*s++ != '-')
			return (false);
		words++;
	}
	n = strspn(s, "0123456789");
	return (words >= 2 && words <= 3 && n != 0 && s[n] == '\0');
}
