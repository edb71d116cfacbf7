#ifndef TEST_P11_H
#define TEST_P11_H
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>
#include "cryptoki/keyferry.h"
#include "tap.h"
#include "testenv.h"

/*
 * The module as a program meets it: loaded with dlopen(), by nothing but its
 * file and the standard's header.
 */
extern CK_FUNCTION_LIST *p11;
/* What dlsym() finds in the module, or NULL. */
void *p11_symbol(const char *name);
void p11_load(void);
/* The functions of PKCS#11 3.2, of a module that is loaded. */
struct CK_FUNCTION_LIST_3_2 *p11_list_3_2(void);
/* Loaded, and initialised with OS locking. */
void p11_start(void);
/* The same without a word, for steps: they say what they got. */
CK_RV p11_open(void); /* loaded */
CK_RV p11_begin(void); /* initialised, with a session in rw */
void p11_stop(void); /* C_Finalize */
CK_SESSION_HANDLE p11_session(CK_FLAGS more); /* on the first slot */
extern CK_SESSION_HANDLE rw; /* p11_start()'s own, read-write */

/* A check of a CK_RV; says what was got and wanted when it fails. */
#define RV(got, want, ...) \
	rv_is((got), (want), #want, __FILE__, __LINE__, __VA_ARGS__)
bool rv_is(CK_RV got, CK_RV want, const char *name, const char *file, int line,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Two numbers are the same. */
#define COUNT(got, want, ...) \
	count_is((got), (want), __FILE__, __LINE__, __VA_ARGS__)
bool count_is(unsigned long got, unsigned long want, const char *file, int line,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Templates. */
#define A(type, value)                          \
	{                                       \
		(type), &(value), sizeof(value) \
	}
#define A_BYTES(type, ptr, len)      \
	{                            \
		(type), (ptr), (len) \
	}
#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
extern CK_BBOOL yes, no;
extern CK_OBJECT_CLASS secret_class, private_class, public_class;
extern CK_KEY_TYPE aes_type, rsa_type;

/* An AES-256 template with that material (32 bytes) and label (may be NULL). */
#define KEY_TEMPLATE_MAX 16
struct key_template {
	CK_ATTRIBUTE t[KEY_TEMPLATE_MAX];
	CK_ULONG count;
};
void key_template(
    struct key_template *, const void *material, const char *label);
void template_add(
    struct key_template *, CK_ATTRIBUTE_TYPE, const void *, size_t);

/* 32 bytes that differ by n; static memory, 8 at a time. */
CK_BYTE *material(unsigned n);
/* Imports, and ends the program when that fails. */
CK_OBJECT_HANDLE key_make(const void *material, const char *label);

/* A session key with CKA_DERIVE, to derive from: open, or sensitive and not
 * extractable. */
CK_OBJECT_HANDLE base_key(
    CK_KEY_TYPE, const void *value, size_t len, CK_BBOOL open);

/* A session key of the base, open and with CKA_DERIVE. len: CKA_VALUE_LEN, if
 * it is not 0. */
CK_RV derive_open(
    CK_MECHANISM *, CK_OBJECT_HANDLE base, CK_ULONG len, CK_OBJECT_HANDLE *);
/* The private key of a session pair that derives; params is CKA_EC_PARAMS. */
CK_OBJECT_HANDLE derive_pair(
    CK_MECHANISM_TYPE, const void *params, CK_ULONG len);
/* Bytes from hexadecimal digits; how many. */
CK_ULONG from_hex(const char *digits, CK_BYTE *);
/* Whether bytes are these: at most 512. */
bool is_hex(const CK_BYTE *, CK_ULONG len, const char *digits);

/* An import pair with 2048 bits, as key_make(). label may be NULL. */
struct pair_handles {
	CK_OBJECT_HANDLE public, private;
};
struct pair_handles pair_make(const char *label);
struct pair_handles pair_make_bits(const char *label, CK_ULONG bits);

/* A pair for P-256 that KMS generates, as key_make(). */
struct pair_handles pair_generate(const char *label);

/* Up to max handles of what the template finds; how many there are. */
CK_ULONG find(CK_SESSION_HANDLE, const CK_ATTRIBUTE *, CK_ULONG count,
    CK_OBJECT_HANDLE *, CK_ULONG max);
/* The first with that label and class, or CK_INVALID_HANDLE. */
CK_OBJECT_HANDLE find_label(const char *label, CK_OBJECT_CLASS);
/* An attribute's bytes; its length, or CK_UNAVAILABLE_INFORMATION. */
CK_ULONG attr(CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, void *, CK_ULONG room);
CK_ULONG attr_number(CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE);
bool attr_is(CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, const void *, size_t);
bool attr_is_text(CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, const char *);

/* KMS's encryption without context, in one part. */
extern CK_MECHANISM kms_mechanism;
CK_RV encrypt(CK_OBJECT_HANDLE, CK_MECHANISM *, const void *, size_t,
    CK_BYTE *out, CK_ULONG *out_len);
CK_RV decrypt(CK_OBJECT_HANDLE, CK_MECHANISM *, const void *, size_t,
    CK_BYTE *out, CK_ULONG *out_len);
/* Signs a short text; what comes of it is not looked at. */
CK_RV sign_text(CK_OBJECT_HANDLE, CK_MECHANISM *);
/* Has the key encrypt a short text, which is kept; asks the key for it; whether
 * it gives it back. */
void sealed_make(CK_OBJECT_HANDLE);
CK_RV sealed_decrypt(CK_OBJECT_HANDLE);
bool sealed_opens(CK_OBJECT_HANDLE);
/* Whether what one key encrypts the other decrypts. */
bool same_key(CK_OBJECT_HANDLE, CK_OBJECT_HANDLE);
#endif
