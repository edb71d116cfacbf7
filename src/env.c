#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "env.h"

const char *
env_get(const char *name)
{
	const char *s = secure_getenv(name);

	return (s != NULL && s[0] != '\0' ? s : NULL);
}

bool
env_is_untrusted(void)
{
	return (getauxval(AT_SECURE) != 0);
}

void
env_drop(const char *name)
{
	if (getenv(name) != NULL && secure_getenv(name) == NULL)
		(void)unsetenv(name);
}

bool
env_is_true(const char *value)
{
	return (value != NULL && strcasecmp(value, "true") == 0);
}

static enum err
home_append(struct buf *out)
{
	const char *home = env_get("HOME");
	struct passwd pw, *found = NULL;
	char text[4096];

	if (home == NULL &&
	    getpwuid_r(geteuid(), &pw, text, sizeof(text), &found) == 0 &&
	    found != NULL)
		home = found->pw_dir;
	return (home == NULL ? ERR_FILE : buf_puts(out, home));
}

enum err
env_path(const char *path, struct buf *out)
{
	static const char *const homes[] = {"~", "$HOME", "${HOME}"};
	enum err e;

	buf_reset(out);
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		if (strncmp(path, homes[i], strlen(homes[i])) != 0 ||
		    path[strlen(homes[i])] != '/')
			continue;
		if ((e = home_append(out)) != ERR_OK)
			return (e);
		path += strlen(homes[i]);
		break;
	}
	return (buf_append(out, VIEW(path, strlen(path) + 1)));
}
