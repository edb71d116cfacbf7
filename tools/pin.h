#ifndef PIN_H
#define PIN_H
#include <p11-kit/uri.h>
#include <stdbool.h>
#include <stddef.h>

#define PIN_MAX 255

/* A PIN, in memory that is locked, in no core file, and wiped. */
struct pin {
	char *text; /* ends with a NUL, which is not counted */
	size_t len;
};
#define PIN_INIT  \
	{         \
		0 \
	}

/*
 * The PIN for the token: pin-value or pin-source of the URI, else the
 * environment's PKCS11_PIN, else asked for at the terminal. False, and said
 * why on standard error, when there is none. The caller frees it either way.
 */
bool pin_get(P11KitUri *, const char *token, struct pin *);
void pin_free(struct pin *);

/* Wipes the pin-value from an URI: its text, as in argv, and as parsed. */
void pin_wipe_text(char *uri);
void pin_wipe(P11KitUri *);
#endif
