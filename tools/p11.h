#ifndef P11_H
#define P11_H
#include <stdbool.h>
#include <stddef.h>
#include "cryptoki/cryptoki.h"

/* PKCS#11 as these tools use it: a token with a session, its objects'
 * attributes, its mechanisms. */

/* clang-format off */
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP		0x0000210bUL
#endif
#ifndef CKG_MGF1_SHA256
#define CKG_MGF1_SHA256			0x00000002UL
#endif
#ifndef CKZ_DATA_SPECIFIED
#define CKZ_DATA_SPECIFIED		0x00000001UL
#endif
#ifndef CKK_SHA224_HMAC
#define CKK_SHA224_HMAC			0x0000002eUL
#endif
/* clang-format on */

/* Owned bytes. */
struct blob {
	CK_BYTE *ptr;
	CK_ULONG len;
};
#define BLOB_INIT \
	{         \
		0 \
	}
void blob_free(struct blob *);
bool blob_equal(const struct blob *, const struct blob *);

/* A token with a session that lasts as long as the token is open. */
struct token {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	char label[33]; /* without the padding */
	CK_SESSION_HANDLE session;
	CK_MECHANISM_TYPE *mechanisms;
	CK_ULONG mechanism_count;
};

/* Whether it is ours: its keys are in KMS. */
bool token_is_keyferry(const struct token *);
/* Whether it has the mechanism with one of the flags. */
bool token_has(const struct token *, CK_MECHANISM_TYPE, CK_FLAGS);

/* One attribute; CKR_OK with a blob of no length where it is empty. */
CK_RV p11_read(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, struct blob *);
bool p11_bool(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, bool absent);
/* CK_UNAVAILABLE_INFORMATION where it cannot be read. */
CK_ULONG p11_ulong(const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE);

/* All objects that the template finds. The caller frees *handles. */
CK_RV p11_find(const struct token *, const CK_ATTRIBUTE *, CK_ULONG count,
    CK_OBJECT_HANDLE **handles, CK_ULONG *found);

/* "CKR_KEY_UNEXTRACTABLE", or its number in static memory of the caller. */
#define P11_NAME_SIZE 48
const char *p11_rv_name(CK_RV, char room[P11_NAME_SIZE]);
#endif
