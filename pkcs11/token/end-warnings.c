#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "end-warnings.h"

#define DAY 86400.0

void
end_warnings_init(struct end_warnings *w)
{
	*w = (struct end_warnings){.rows = NULL};
	pthread_mutex_init(&w->lock, NULL);
}

void
end_warnings_free(struct end_warnings *w)
{
	free(w->rows);
	pthread_mutex_destroy(&w->lock);
}

bool
end_warning_is_due(struct end_warnings *w, const char *key_id, double now)
{
	struct end_warning *rows;
	size_t i = 0;
	bool due;

	pthread_mutex_lock(&w->lock);
	while (i < w->count && strcmp(w->rows[i].key_id, key_id) != 0)
		i++;
	due = i == w->count || now - w->rows[i].at >= DAY;
	if (i == w->count) {
		rows = array_grow(w->rows, &w->cap, i + 1, sizeof(*rows));
		if (rows != NULL) {
			w->rows = rows;
			snprintf(rows[i].key_id, sizeof(rows[i].key_id), "%s",
			    key_id);
			w->count++;
		}
	}
	if (due && i < w->count)
		w->rows[i].at = now;
	pthread_mutex_unlock(&w->lock);
	return (due);
}
