#ifndef REGIONS_H
#define REGIONS_H
#include "provision-state.h"

/*
 * Replicates the key, a primary that has its material, to each Region of the
 * token where it is not yet, names it there, and imports the request's material
 * (none: it was wrapped elsewhere, for the primary alone; the replicas then
 * wait for theirs). All Regions are tried; the first failure is returned, and
 * the log names each Region that lacks the key. May be called again: what is
 * there stays.
 */
CK_RV regions_import(struct call *, const struct provision *);
#endif
