#ifndef PIN_H
#define PIN_H
#include <p11-kit/uri.h>
#include <stdbool.h>
#include <stddef.h>

#define PIN_MAX 255

/* A PIN, in an arena of its own: locked, in no core file, wiped. */
struct pin {
	struct arena *arena;
	char *text; /* ends with a NUL, which is not counted */
	size_t len;
};
#define PIN_INIT  \
	{         \
		0 \
	}

/*
 * The PIN for the token: pin-value or pin-source of the URI, otherwise the
 * environment's PKCS11_PIN, otherwise typed at the terminal. On failure, says
 * why on standard error and returns false. The caller frees it either way.
 */
bool pin_get(P11KitUri *, const char *token, struct pin *);
/* A secret typed at the terminal, which does not show it: "Component 1" of
 * what. False: there is no terminal, or nothing was typed. The caller frees it.
 */
bool pin_ask(const char *name, const char *of, struct pin *);
/* A passphrase: a file's first line, or, for NULL, typed at the terminal. On
 * failure, false. */
bool passphrase_get(const char *file, const char *of, struct pin *);
void pin_free(struct pin *);

/* Overwrite the pin-value in a URI: in its text, as in argv; as parsed. */
void pin_wipe_text(char *uri);
void pin_wipe_uri(P11KitUri *);
#endif
