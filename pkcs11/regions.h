#ifndef REGIONS_H
#define REGIONS_H
#include "client.h"
#include "cryptoki.h"

struct call;
struct fresh;

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
    const struct client_conf *, struct fault *);
void regions_close(struct regions *);
void regions_abandon(struct regions *); /* as client_abandon() */

/*
 * Replicates the key of f, a primary whose material is there, to each Region
 * where it is not yet, names it there, and imports the material (no bytes:
 * wrapped elsewhere, for the primary alone; the replicas then wait for theirs).
 * All Regions are tried; the first failure is returned, and the log names each
 * Region that lacks the key. To be called again: what is there stays.
 */
CK_RV regions_import(struct call *, const struct fresh *, struct view material);
#endif
