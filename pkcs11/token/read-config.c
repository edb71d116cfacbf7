#include <string.h>
#include "config/config-file.h"
#include "env.h"
#include "read-config.h"

/* What is wrong with the file is told where it says, else to the system's log.
 */
static void
tell(struct log *log, enum log_level level, const char *text)
{
	struct log *l = log;

	if (l == NULL && log_open("syslog", &l) != ERR_OK)
		return;
	log_line(l, level, "C_Initialize: %s", text);
	if (l != log)
		log_close(l);
}

static void
tell_notes(const struct config *c, struct log *log)
{
	char *notes = c->notes, *end;

	for (; notes != NULL && (end = strchr(notes, '\n')) != NULL;
	     notes = end + 1) {
		*end = '\0';
		tell(log, LOG_INFO, notes);
	}
	for (size_t i = 0; i < c->token_count; i++)
		if (c->tokens[i].fault != NULL)
			tell(log, LOG_ERROR, c->tokens[i].fault);
}

/* The environment decides about the log before the file does. */
CK_RV
read_config(const char *init_args, struct config *c, struct log **log)
{
	struct error_info error = {.status = 0};
	const char *spec = env_get("KEYFERRY_LOG");
	struct log *now;
	enum err e, opened;

	e = config_load(init_args, c, &error);
	if (spec == NULL)
		spec = c->log;
	/* without the log that was asked for: no call fails for that */
	if ((opened = log_open(spec, log)) == ERR_MEMORY)
		return (CKR_HOST_MEMORY);
	now = opened == ERR_OK ? *log : NULL;
	if (e == ERR_OK) {
		tell_notes(c, now);
		return (CKR_OK);
	}
	tell(now, LOG_ERROR,
	    error.message[0] != '\0' ? error.message : err_text(e));
	return (e == ERR_MEMORY ? CKR_HOST_MEMORY : CKR_GENERAL_ERROR);
}
