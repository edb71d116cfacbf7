#ifndef REGIONS_H
#define REGIONS_H
#include "buf.h"
#include "cryptoki/cryptoki.h"

struct call;
struct provision;

/*
 * Replicates the key of f, a primary whose material is there, to each Region
 * where it is not yet, names it there, and imports the material (no bytes:
 * wrapped elsewhere, for the primary alone; the replicas then wait for theirs).
 * All Regions are tried; the first failure is returned, and the log names each
 * Region that lacks the key. To be called again: what is there stays.
 */
CK_RV regions_import(
    struct call *, const struct provision *, struct view material);
#endif
