#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "message.h"
#include "pin.h"
#include "arena.h"
#include "text.h"

#define CTRL_C 3
#define CTRL_D 4
#define CTRL_H 8
#define CTRL_U 21
#define DEL 127

static bool
allocate(struct pin *p)
{
	bool locked; /* a limit that forbids locking is no reason to fail */

	if (arena_open(PIN_MAX + 1, &p->arena, &locked) != ERR_OK)
		return (false);
	p->text = arena_alloc(p->arena, PIN_MAX + 1);
	p->len = 0;
	return (p->text != NULL);
}

void
pin_free(struct pin *p)
{
	if (p->arena != NULL)
		arena_close(p->arena);
	*p = (struct pin)PIN_INIT;
}

static bool
set_pin(struct pin *p, const char *text)
{
	p->len = strlen(text);
	if (p->len > PIN_MAX)
		return (false);
	memcpy(p->text, text, p->len + 1);
	return (true);
}

/* The first line of a file. */
static bool
read_file(struct pin *p, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd == -1)
		return (false);
	while (p->len < PIN_MAX &&
	       (n = read(fd, p->text + p->len, PIN_MAX - p->len)) > 0)
		p->len += (size_t)n;
	close(fd);
	p->text[p->len] = '\0';
	p->len = strcspn(p->text, "\r\n");
	p->text[p->len] = '\0';
	return (n >= 0);
}

/* Handles one key; false: the line is complete. */
static bool
handle_key(struct pin *p, unsigned char key, bool *cancelled)
{
	switch (key) {
	case '\n':
	case '\r':
		return (false);
	case CTRL_C:
	case CTRL_D:
		*cancelled = true;
		return (false);
	case CTRL_H:
	case DEL:
		p->len -= p->len > 0;
		break;
	case CTRL_U:
		p->len = 0;
		break;
	default:
		if (p->len < PIN_MAX)
			p->text[p->len++] = (char)key;
	}
	return (true);
}

/* Reads key by key: the signals that would leave the terminal without echo are
 * keys, too, while it is off. */
static bool
ask_at_terminal(struct pin *p, const char *what, const char *of)
{
	struct termios before, silent;
	bool cancelled = false;
	unsigned char key;
	ssize_t n;
	FILE *shown;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty == -1 || tcgetattr(tty, &before) != 0 ||
	    (shown = fdopen(tty, "r+")) == NULL) {
		if (tty != -1)
			close(tty);
		return (false);
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	tcsetattr(tty, TCSAFLUSH, &silent);
	text_printf(shown, "%s of %s: ", what, of);
	fflush(shown);
	do {
		n = read(tty, &key, 1);
	} while ((n == 1 && handle_key(p, key, &cancelled)) ||
		 (n == -1 && errno == EINTR));
	tcsetattr(tty, TCSAFLUSH, &before);
	putc('\n', shown);
	fclose(shown);
	p->text[p->len] = '\0';
	explicit_bzero(&key, sizeof(key));
	return (n == 1 && !cancelled);
}

/* From the file, the URI, the environment or the terminal, in that order. */
static bool
read_pin(P11KitUri *uri, const char *token, struct pin *p)
{
	const char *value = p11_kit_uri_get_pin_value(uri);
	const char *source = p11_kit_uri_get_pin_source(uri);

	if (value == NULL && source != NULL) {
		if (strncmp(source, "file:", 5) == 0)
			source += strncmp(source, "file://", 7) == 0 ? 7 : 5;
		if (read_file(p, source))
			return (true);
		message("pin-source %s: %s", source, strerror(errno));
		return (false);
	}
	if (value == NULL)
		value = getenv("PKCS11_PIN");
	if (value == NULL && ask_at_terminal(p, "PIN", token))
		return (true);
	if (value == NULL)
		message("token %s needs a PIN: give pin-source in its URI, or "
			"PKCS11_PIN in the environment",
		    token);
	else if (set_pin(p, value))
		return (true);
	else
		message("the PIN is too long");
	return (false);
}

bool
pin_get(P11KitUri *uri, const char *token, struct pin *p)
{
	if (!allocate(p)) {
		message("out of memory for a PIN");
		return (false);
	}
	if (!read_pin(uri, token, p))
		return (false);
	if (p->len == 0)
		message("token %s: the PIN is empty, and was not tried", token);
	return (p->len != 0);
}

bool
pin_ask(const char *name, const char *of, struct pin *p)
{
	if (allocate(p))
		return (ask_at_terminal(p, name, of) && p->len != 0);
	message("out of memory");
	return (false);
}

bool
passphrase_get(const char *file, const char *of, struct pin *p)
{
	if (file == NULL)
		return (pin_ask("Passphrase", of, p));
	if (!allocate(p)) {
		message("out of memory for a passphrase");
		return (false);
	}
	if (!read_file(p, file))
		message("%s: %s", file, strerror(errno));
	return (p->len != 0);
}

void
pin_wipe_text(char *uri)
{
	static const char name[] = "pin-value=";
	char *s = strstr(uri, name);

	if (s == NULL)
		return;
	for (s += sizeof(name) - 1; *s != '\0' && *s != '&' && *s != ';'; s++)
		*s = '*';
}

void
pin_wipe_uri(P11KitUri *uri)
{
	const char *value = p11_kit_uri_get_pin_value(uri);

	/* p11-kit frees its copy without wiping it */
	if (value != NULL)
		explicit_bzero((void *)(uintptr_t)value, strlen(value));
	p11_kit_uri_set_pin_value(uri, NULL);
}
