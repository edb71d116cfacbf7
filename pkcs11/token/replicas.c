#include <stdio.h>
#include <string.h>
#include "replicas.h"

#define SEPARATORS " \t,"
#define REGION_SIZE 64

enum err
regions_open(struct regions *rs, const char *list,
    const struct client_conf *token, struct error_info *error)
{
	struct client_conf conf = *token;
	char region[REGION_SIZE];
	size_t len;
	enum err e;

	for (; list != NULL && *list != '\0'; list += len) {
		list += strspn(list, SEPARATORS);
		if ((len = strcspn(list, SEPARATORS)) == 0)
			continue;
		if (rs->count == REGIONS_MAX || len >= sizeof(region))
			return (error_info_set(
			    error, ERR_CONFIG, "replicas: %s", list));
		(void)snprintf(region, sizeof(region), "%.*s", (int)len, list);
		conf.region = region;
		e = client_open(&conf, &rs->clients[rs->count], error);
		if (e != ERR_OK)
			return (e);
		rs->count++;
	}
	return (ERR_OK);
}

void
regions_close(struct regions *rs)
{
	for (size_t i = 0; i < rs->count; i++)
		client_close(rs->clients[i]);
	rs->count = 0;
}

void
regions_abandon(struct regions *rs)
{
	for (size_t i = 0; i < rs->count; i++)
		client_abandon(rs->clients[i]);
}
