#include "hex.h"

void
hex_write(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1);
}

bool
hex_read(const char *hex, uint8_t *out, size_t len)
{
	int high, low;

	for (size_t i = 0; i < len; i++) {
		if ((high = hex_value(hex[2 * i])) < 0 ||
		    (low = hex_value(hex[2 * i + 1])) < 0)
			return (false);
		out[i] = (uint8_t)(high << 4 | low);
	}
	return (true);
}

bool
hex_is_lower(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (hex_value(s[i]) < 0 || (s[i] >= 'A' && s[i] <= 'F'))
			return (false);
	return (true);
}
