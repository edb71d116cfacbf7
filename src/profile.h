#ifndef PROFILE_H
#define PROFILE_H
#include "error-info.h"
#include "ini.h"

/*
 * One profile of ~/.aws/config and ~/.aws/credentials, or of the files that
 * AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
struct profile {
	char name[256];
	struct ini config, credentials; /* empty when there is no such file */
	const char *section; /* config's for this profile, or NULL */
};
#define PROFILE_INIT                                        \
	{                                                   \
		.config = INI_INIT, .credentials = INI_INIT \
	}

/* chosen: NULL or "": AWS_PROFILE, AWS_DEFAULT_PROFILE, else "default".
 * ERR_CONFIG when a profile that was named is in neither file. */
enum err profile_open(
    const char *chosen, struct profile *, struct error_info *);
void profile_close(struct profile *);
/* Another profile of the same files, which are still those of from: only that
 * one is closed. ERR_CONFIG when it is in neither file. */
enum err profile_other(const struct profile *from, const char *name,
    struct profile *out, struct error_info *);
/* What to tell whoever wrote a profile of that name with the header of the
 * other file's form, "[NAME]" or "[profile NAME]": begins with ": ". "": nobody
 * did. */
const char *profile_misplaced(const struct profile *, const char *name);
/* A setting, the credentials file's before config's; NULL when neither has
 * it. */
const char *profile_get(const struct profile *, const char *key);
/* A setting in the [services X] section that the profile names; *out is NULL
 * when it is not there. ERR_CONFIG: there is no such section. */
enum err profile_service(const struct profile *, const char *service,
    const char *key, const char **out, struct error_info *);
/* Whether there is a section [sso-session X], and a setting of it, else of the
 * profile. No session (NULL): of the profile alone. */
bool profile_has_session(const struct profile *, const char *session);
const char *profile_session(
    const struct profile *, const char *session, const char *key);

/* What shows that one of the two files has been written: to be compared, byte
 * by byte, with one from before. */
#define PROFILE_FILES 2
struct profile_stamp {
	struct {
		uint64_t inode;
		int64_t size, seconds, nanoseconds;
	} of[PROFILE_FILES];
};
void profile_stamp(struct profile_stamp *);
#endif
