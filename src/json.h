#ifndef JSON_H
#define JSON_H
#include "buf.h"

/*
 * JSON objects to C structs and back, by tables: one row a member.
 * Members that no row names are skipped; null is as absent.
 */
enum json_kind {
	JSON_STRING, /* const char *: encoded only; NULL is left out */
	JSON_TEXT, /* char[size]: "" is absent */
	JSON_FULL_TEXT, /* the same; encoded also when it is "" */
	JSON_WORD, /* the same; what is decoded is cut to fit */
	/* a text that is only shown: view/buf, cut to fit when decoded */
	JSON_SHOWN,
	/* base64; encoded from a struct view (NULL ptr: absent), decoded into
	 * a struct buf */
	JSON_BYTES,
	JSON_NUMBER, /* double: 0 is absent; see JSON_NUMBER_MAX */
	JSON_BOOL, /* enum json_bool */
	/* array of strings: view/buf, each ended by a NUL; decoded as many as
	 * fit */
	JSON_NAMES,
	JSON_MAP, /* object of strings: view/buf, key NUL value NUL ... */
	JSON_OBJECT, /* an object whose members live in the same struct */
	JSON_ROWS, /* array of objects: struct json_rows */
};

enum json_bool { JSON_UNSET, JSON_FALSE, JSON_TRUE };

/* Up to here a double holds whole numbers exactly, and an int64_t any: a
 * number beyond it is no number. */
#define JSON_NUMBER_MAX 9007199254740992.0 /* 2^53 */

/* An array of structs; decoding allocates it, also when it is empty, and
 * json_rows_free() frees it. ptr is NULL when there was no array. */
struct json_rows {
	void *ptr;
	size_t count;
};

struct json_field {
	const char *name;
	enum json_kind kind;
	size_t at; /* offset in the struct */
	size_t size; /* TEXT: of the array; ROWS: of one row */
	const struct json_field *sub; /* OBJECT, ROWS: the members */
};

#define JSON_FIELD(type, member, name_, kind_)                 \
	{                                                      \
		(name_), JSON_##kind_, offsetof(type, member), \
		    sizeof(((type *)NULL)->member), NULL       \
	}
#define JSON_SUB(name_, fields)                      \
	{                                            \
		(name_), JSON_OBJECT, 0, 0, (fields) \
	}
#define JSON_ROW_FIELD(type, member, name_, row_type, fields)                 \
	{                                                                     \
		(name_), JSON_ROWS, offsetof(type, member), sizeof(row_type), \
		    (fields)                                                  \
	}
#define JSON_END                              \
	{                                     \
		NULL, JSON_STRING, 0, 0, NULL \
	}

/* Appends the object to *out, which is unchanged on error. ERR_MEMORY,
 * ERR_TOO_BIG, ERR_DATA (a number out of range). */
enum err json_encode(
    const struct json_field *, const void *in, struct buf *out);
/*
 * Fills in *out, which the caller has given its buf ceilings (rows are zeroed,
 * so they hold no bufs). An empty text is an empty object. ERR_REPLY when the
 * text is not JSON or nested deeper than 16 levels. A member that is too long
 * or of another type is ERR_REPLY or ERR_TOO_BIG, too; in a row of an array it
 * leaves out that row.
 */
enum err json_decode(const struct json_field *, struct view text, void *out);
/*
 * The same; *member is the name of a member that could not be read, with ERR_OK
 * as well, or NULL. beside (may be NULL) are more rows of the object, texts
 * that no other row names; their members are in *beside_out.
 */
enum err json_decode_beside(const struct json_field *, struct view text,
    void *out, const struct json_field *beside, void *beside_out,
    const char **member);
void json_rows_free(struct json_rows *);
#endif
