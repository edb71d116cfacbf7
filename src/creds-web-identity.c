#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "creds-http.h"
#include "env.h"
#include "sts.h"

#define PATH_SIZE_MAX 4096
#define TOKEN_MAX 20480
#define FORM_MAX (3 * TOKEN_MAX)

/* The environment's and the profile's settings mix, one by one. */
static const char *
setting(const struct creds_search *s, const char *variable, const char *key)
{
	const char *value = s->profile_chosen ? NULL : env_get(variable);

	return (value != NULL ? value : profile_get(s->profile, key));
}

/* Read anew each time: whoever put it there replaces it before its end. */
static enum err
token_read(const char *path, struct buf *token, struct error_info *error)
{
	struct buf name = BUF_INIT(PATH_SIZE_MAX);
	enum err e;
	int fd = -1;

	if ((e = env_path(path, &name)) == ERR_OK &&
	    (fd = open((const char *)name.ptr,
		 O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) == -1)
		e = ERR_FILE;
	if (e == ERR_OK)
		e = buf_read(token, fd);
	if (e == ERR_FILE || e == ERR_TOO_BIG)
		e = error_info_set(error, ERR_CREDS,
		    "the web identity token file %s: %s", path,
		    e == ERR_FILE ? strerror(errno) : err_text(e));
	if (fd != -1)
		(void)close(fd);
	buf_free(&name);
	if (e != ERR_OK)
		return (e);
	while (token->len > 0 && strchr(" \t\r\n", token->ptr[token->len - 1]))
		buf_cut(token, token->len - 1);
	if (token->len == 0 || memchr(token->ptr, '\0', token->len) != NULL)
		return (error_info_set(error, ERR_CREDS,
		    "the web identity token file %s has no token", path));
	return (buf_append(token, VIEW("", 1)));
}

static enum err
form_make(struct creds_search *s, const char *role, const struct buf *token,
    struct buf *form, struct error_info *error)
{
	char name[65];
	enum err e;

	if ((e = sts_session_name(s,
		 setting(s, "AWS_ROLE_SESSION_NAME", "role_session_name"), name,
		 sizeof(name), error)) != ERR_OK ||
	    (e = form_put(form, "RoleArn", role)) != ERR_OK ||
	    (e = form_put(form, "RoleSessionName", name)) != ERR_OK)
		return (e);
	return (form_put(form, "WebIdentityToken", (const char *)token->ptr));
}

enum err
creds_web_identity_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const char *path = setting(
	    s, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
	const char *role = setting(s, "AWS_ROLE_ARN", "role_arn");
	struct buf token = BUF_INIT(TOKEN_MAX), form = BUF_INIT(FORM_MAX);
	struct sts_request r = {.action = "AssumeRoleWithWebIdentity"};
	enum err e;

	if (path == NULL)
		return (ERR_NO_CREDS);
	if (role == NULL)
		return (error_info_set(error, ERR_CONFIG,
		    "there is a web identity token file, %s, but no role: set "
		    "AWS_ROLE_ARN, or role_arn in profile \"%s\"",
		    path, s->profile->name));
	if ((e = token_read(path, &token, error)) == ERR_OK &&
	    (e = form_make(s, role, &token, &form, error)) == ERR_OK) {
		r.form = buf_view(&form);
		e = sts_get_credentials(s, &r, out, error);
	}
	buf_free(&form);
	buf_free(&token);
	return (e);
}
