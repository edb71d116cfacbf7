#include <string.h>
#include "order.h"

int
key_compare(const void *row, const void *key)
{
	const struct key *k = row;
	const struct at *at = key;
	int c = strcmp(k->region, at->region);

	return (c != 0 ? c : strcmp(k->id, at->first));
}

int
alias_compare(const void *row, const void *key)
{
	const struct alias *a = row;
	const struct at *at = key;
	int c = strcmp(a->region, at->region);

	return (c != 0 ? c : strcmp(a->name, at->first));
}

int
owner_compare(const void *row, const void *key)
{
	const struct alias *a = row;
	const struct at *at = key;
	int c = strcmp(a->region, at->region);

	if (c == 0)
		c = strcmp(a->key_id, at->first);
	return (c != 0 ? c : strcmp(a->name, at->second));
}

struct at
key_at(const struct key *k)
{
	return ((struct at){k->region, k->id, ""});
}

struct at
alias_at(const struct alias *a)
{
	return ((struct at){a->region, a->name, ""});
}

struct at
owner_at(const struct alias *a)
{
	return ((struct at){a->region, a->key_id, a->name});
}
