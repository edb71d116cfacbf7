#ifndef SIGNER_H
#define SIGNER_H
#include "creds.h"
#include "crypto.h"

/* Signs the requests to one service in one Region. Thread-safe. */
struct signer;

struct signer_conf {
	const struct crypto *crypto;
	struct arena *arena; /* the day's signing key is kept in it */
	const char *region, *service; /* outlive the signer */
};

/* A POST to "/". */
struct signer_request {
	const char *host; /* as the Host header has it */
	const char *content_type; /* NULL: AWS JSON 1.1 */
	const char *target; /* "TrentService.Encrypt"; "": not of AWS JSON */
	struct view body;
	const struct creds *creds;
	int64_t seconds; /* its date, since 1970 */
};

enum err signer_open(const struct signer_conf *, struct signer **out);
void signer_close(struct signer *);
/* Appends "Name: value" NUL ... of all headers but those that every HTTP
 * client sends by itself: Host, Content-Length. */
enum err signer_headers(
    struct signer *, const struct signer_request *, struct buf *lines);
#endif
