#ifndef JSON_LINE_H
#define JSON_LINE_H

enum json_value {
	JSON_VALUE_TEXT,
	JSON_VALUE_NUMBER, /* as it is written */
	JSON_VALUE_BOOLEAN, /* "true" or "false" */
	JSON_VALUE_NULL
};
struct json_member {
	char *name, *value;
	enum json_value kind;
};

/*
 * Reads the next line that is not empty of JSON Lines: an object (RFC 8259)
 * whose values are texts, numbers, booleans or null. Its members are in the
 * text, which is changed; there are at most max. *at moves behind the line,
 * and *line becomes its number. Returns how many members there are, or -1:
 * there is no further line, and *why is NULL, or says what is wrong with it.
 */
int json_line_next(
    char **at, unsigned *line, struct json_member *, int max, const char **why);
#endif
