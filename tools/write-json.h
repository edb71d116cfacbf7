#ifndef WRITE_JSON_H
#define WRITE_JSON_H
#include <stdbool.h>
#include <stdio.h>
#include "buf.h"

/* One JSON object, member by member. */
struct json_writer {
	FILE *f;
	bool has_members;
};

void write_json_begin(struct json_writer *, FILE *);
void write_json_text(struct json_writer *, const char *name, struct view);
/* Lower-case hexadecimal digits. */
void write_json_hex(struct json_writer *, const char *name, struct view);
void write_json_number(
    struct json_writer *, const char *name, long long number);
void write_json_bool(struct json_writer *, const char *name, bool);
void write_json_end(struct json_writer *);
#endif
