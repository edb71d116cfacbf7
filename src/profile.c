#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "env.h"
#include "profile.h"

#define PATH_SIZE_MAX 4096

/* Whether a header "[kind name]" is meant; the name may be in quotes. */
static bool
section_is(const char *section, const char *kind, const char *name)
{
	size_t n = strlen(kind), len;

	if (strncmp(section, kind, n) != 0 ||
	    (section[n] != ' ' && section[n] != '\t'))
		return (false);
	section += n + strspn(section + n, " \t");
	len = strlen(section);
	if (len >= 2 && (section[0] == '"' || section[0] == '\'') &&
	    section[len - 1] == section[0]) {
		section++;
		len -= 2;
	}
	return (strlen(name) == len && memcmp(section, name, len) == 0);
}

static const char *
section_find(const struct ini *ini, const char *kind, const char *name)
{
	size_t i;

	for (i = 0; i < ini->count; i++)
		if (section_is(ini->items[i].section, kind, name))
			return (ini->items[i].section);
	return (NULL);
}

static const struct {
	const char *variable, *usual;
} files[PROFILE_FILES] = {
    {"AWS_CONFIG_FILE", "~/.aws/config"},
    {"AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"},
};

void
profile_stamp(struct profile_stamp *out)
{
	struct buf path = BUF_INIT(PATH_SIZE_MAX);
	const char *named;
	struct stat st;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < PROFILE_FILES; i++) {
		named = env_get(files[i].variable);
		if (env_path(named != NULL ? named : files[i].usual, &path) !=
			ERR_OK ||
		    stat((const char *)path.ptr, &st) == -1)
			continue;
		out->of[i].inode = (uint64_t)st.st_ino;
		out->of[i].size = (int64_t)st.st_size;
		out->of[i].seconds = (int64_t)st.st_mtim.tv_sec;
		out->of[i].nanoseconds = (int64_t)st.st_mtim.tv_nsec;
	}
	buf_free(&path);
}

/* The file may be fine: the process has no descriptor left. */
static bool
is_short_of_means(void)
{
	return (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
}

/* No such file is as an empty one. So is a home that is not this user's (a
 * server keeps the HOME of the root that started it), unless it was named. */
static enum err
file_read(size_t which, struct ini *out, struct error_info *error)
{
	const char *named = env_get(files[which].variable);
	const char *usual = files[which].usual;
	struct buf path = BUF_INIT(PATH_SIZE_MAX);
	enum err e;
	int fd = -1;

	if ((e = env_path(named != NULL ? named : usual, &path)) != ERR_OK) {
		if (e == ERR_FILE && named == NULL)
			e = ERR_OK;
		goto out;
	}
	fd = open((const char *)path.ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1) {
		if (is_short_of_means())
			e = error_info_set(error, ERR_MEMORY, "%s: %s",
			    (const char *)path.ptr, strerror(errno));
		else if (errno != ENOENT && errno != ENOTDIR &&
			 (errno != EACCES || named != NULL))
			e = error_info_set(error, ERR_FILE, "%s: %s",
			    (const char *)path.ptr, strerror(errno));
		goto out;
	}
	e = ini_read(out, fd, (const char *)path.ptr, error);
out:
	if (fd != -1)
		(void)close(fd);
	buf_free(&path);
	return (e);
}

const char *
profile_misplaced(const struct profile *p, const char *name)
{
	if (ini_has_section(&p->config, name))
		return (": in the config file a profile's section is "
			"[profile NAME]");
	if (section_find(&p->credentials, "profile", name) != NULL)
		return (": in the credentials file a profile's section is "
			"[NAME]");
	return ("");
}

static enum err
profile_find(struct profile *p, const char *named, struct error_info *error)
{
	const char *name = named != NULL ? named : "default";

	if (strlen(name) >= sizeof(p->name))
		return (error_info_set(
		    error, ERR_CONFIG, "the AWS profile's name is too long"));
	strcpy(p->name, name);
	p->section = section_find(&p->config, "profile", name);
	if (p->section == NULL && strcmp(name, "default") == 0 &&
	    ini_has_section(&p->config, "default"))
		p->section = "default";
	if (named != NULL && p->section == NULL &&
	    !ini_has_section(&p->credentials, name) &&
	    strcmp(name, "default") != 0)
		return (error_info_set(error, ERR_CONFIG,
		    "AWS profile \"%s\" is in neither the config nor the "
		    "credentials file%s",
		    name, profile_misplaced(p, name)));
	return (ERR_OK);
}

enum err
profile_open(const char *chosen, struct profile *p, struct error_info *error)
{
	enum err e;

	if (chosen == NULL || chosen[0] == '\0')
		chosen = env_get("AWS_PROFILE");
	if (chosen == NULL)
		chosen = env_get("AWS_DEFAULT_PROFILE");
	if ((e = file_read(0, &p->config, error)) != ERR_OK ||
	    (e = file_read(1, &p->credentials, error)) != ERR_OK)
		return (e);
	return (profile_find(p, chosen, error));
}

enum err
profile_other(const struct profile *from, const char *name, struct profile *out,
    struct error_info *error)
{
	*out = *from;
	return (profile_find(out, name, error));
}

void
profile_close(struct profile *p)
{
	ini_free(&p->config);
	ini_free(&p->credentials);
	p->section = NULL;
}

static const char *
some(const char *s)
{
	return (s != NULL && s[0] != '\0' ? s : NULL);
}

const char *
profile_get(const struct profile *p, const char *key)
{
	const char *s = some(ini_get(&p->credentials, p->name, "", key));

	if (s == NULL && p->section != NULL)
		s = some(ini_get(&p->config, p->section, "", key));
	return (s);
}

enum err
profile_service(const struct profile *p, const char *service, const char *key,
    const char **out, struct error_info *error)
{
	const char *name = profile_get(p, "services"), *section;

	*out = NULL;
	if (name == NULL)
		return (ERR_OK);
	if ((section = section_find(&p->config, "services", name)) == NULL)
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": there is no section [services %s]",
		    p->name, name));
	*out = some(ini_get(&p->config, section, service, key));
	return (ERR_OK);
}

bool
profile_has_session(const struct profile *p, const char *session)
{
	return (section_find(&p->config, "sso-session", session) != NULL);
}

const char *
profile_session(const struct profile *p, const char *session, const char *key)
{
	const char *section = session == NULL ? NULL
					      : section_find(&p->config,
						    "sso-session", session);
	const char *s = NULL;

	if (section != NULL)
		s = some(ini_get(&p->config, section, "", key));
	return (s != NULL ? s : profile_get(p, key));
}
