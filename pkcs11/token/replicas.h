#ifndef REPLICAS_H
#define REPLICAS_H
#include "client.h"
#include "cryptoki/cryptoki.h"

/*
 * Multi-Region keys: the Regions that a token's configuration names as those of
 * replicas. Each has a client of its own; the key and its material go there
 * with the primary's.
 */
#define REGIONS_MAX 32
struct regions {
	struct client *clients[REGIONS_MAX];
	size_t count;
};

/* Opens a client for each Region in list (names with spaces or commas between;
 * NULL: none). conf is the token's. No network. */
enum err regions_open(struct regions *, const char *list,
    const struct client_conf *, struct error_info *);
void regions_close(struct regions *);
void regions_abandon(struct regions *); /* as client_abandon() */
#endif
