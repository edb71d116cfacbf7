/* Reads the lines of sigv4-cases.py and signs each request: 0 when all
 * signatures are the same, and there were some. */
#include <stdio.h>
#include <string.h>
#include "sigv4.h"

#define FIELDS_MAX 64

enum { SIGNATURE, SECRET, DATE, REGION, SERVICE, BODY, HEADERS };

static struct crypto crypto;

static bool
check(const struct sigv4 *v4, char **f, size_t n)
{
	char hash[SIGV4_HEX_SIZE], hex[SIGV4_HEX_SIZE];
	struct sigv4_header headers[FIELDS_MAX / 2];
	uint8_t key[SIGV4_KEY_SIZE];
	struct sigv4_request r = {.method = VIEW_STR("POST"),
	    .path = VIEW_STR("/"),
	    .headers = headers,
	    .payload_hash = VIEW(hash, sizeof(hash) - 1),
	    .date = view_str(f[DATE]),
	    .region = view_str(f[REGION]),
	    .service = view_str(f[SERVICE])};

	for (size_t i = HEADERS; i + 1 < n; i += 2)
		headers[r.header_count++] = (struct sigv4_header){
		    view_str(f[i]), view_str(f[i + 1])};
	return (sigv4_hash(v4, view_str(f[BODY]), hash) == ERR_OK &&
		sigv4_key(v4, view_str(f[SECRET]), VIEW(f[DATE], 8), r.region,
		    r.service, key) == ERR_OK &&
		sigv4_sign(v4, &r, key, hex) == ERR_OK &&
		strcmp(hex, f[SIGNATURE]) == 0);
}

int
main(void)
{
	static char line[65536];
	struct sigv4 *v4 = NULL;
	char *f[FIELDS_MAX], *rest;
	int good = 0, bad = 0;
	size_t n;

	if (crypto_open(&crypto, &(struct crypto_setup){0}, NULL) != ERR_OK ||
	    sigv4_open(&crypto, &v4) != ERR_OK)
		return (2);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		rest = line;
		for (n = 0; n < FIELDS_MAX && rest != NULL; n++)
			f[n] = strsep(&rest, "\t");
		if (n > HEADERS && check(v4, f, n))
			good++;
		else if (bad++ == 0)
			printf("not the same: %s\n", f[SIGNATURE]);
	}
	sigv4_close(v4);
	printf("%d the same, %d not\n", good, bad);
	return (good == 0 || bad != 0);
}
