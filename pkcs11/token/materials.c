#include <stdlib.h>
#include <string.h>
#include "materials.h"

void
materials_free(struct materials *m)
{
	free(m->rows);
	*m = (struct materials)MATERIALS_INIT;
}

const struct material *
materials_find(const struct materials *m, const char *material_id)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->rows[i].id, material_id) == 0)
			return (&m->rows[i]);
	return (NULL);
}

/* The key is in use without material that waits for its rotation. */
static bool
is_needed(const struct material *m)
{
	return (m->state != KMS_MATERIAL_PENDING_ROTATION &&
		m->state != KMS_MATERIAL_PENDING_REGIONS);
}

size_t
materials_missing(const struct materials *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += is_needed(&m->rows[i]) && !m->rows[i].is_here;
	return (n);
}
