#include <string.h>
#include "store/sort-key.h"

int
key_compare(const void *row, const void *key)
{
	const struct key *k = row;
	const struct sort_key *at = key;
	int c = strcmp(k->region, at->region);

	return (c != 0 ? c : strcmp(k->id, at->first));
}

int
alias_compare(const void *row, const void *key)
{
	const struct alias *a = row;
	const struct sort_key *at = key;
	int c = strcmp(a->region, at->region);

	return (c != 0 ? c : strcmp(a->name, at->first));
}

int
alias_by_key_compare(const void *row, const void *key)
{
	const struct alias *a = row;
	const struct sort_key *at = key;
	int c = strcmp(a->region, at->region);

	if (c == 0)
		c = strcmp(a->key_id, at->first);
	return (c != 0 ? c : strcmp(a->name, at->second));
}

struct sort_key
key_sort_key(const struct key *k)
{
	return ((struct sort_key){k->region, k->id, ""});
}

struct sort_key
alias_sort_key(const struct alias *a)
{
	return ((struct sort_key){a->region, a->name, ""});
}

struct sort_key
alias_by_key_sort_key(const struct alias *a)
{
	return ((struct sort_key){a->region, a->key_id, a->name});
}
