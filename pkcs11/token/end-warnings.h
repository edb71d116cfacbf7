#ifndef END_WARNINGS_H
#define END_WARNINGS_H
#include <pthread.h>
#include <stdbool.h>
#include "kms.h"

/* The keys whose end the log has told of, and when: once a day is enough. */
struct end_warnings {
	pthread_mutex_t lock; /* never held long */
	struct end_warning {
		char key_id[KMS_ID_SIZE];
		double at; /* seconds since 1970 */
	} * rows;
	size_t count, cap;
};
void end_warnings_init(struct end_warnings *);
void end_warnings_free(struct end_warnings *);

/* Whether it is time to tell of that key; then it is told now, in seconds since
 * 1970. */
bool end_warning_is_due(struct end_warnings *, const char *key_id, double now);
#endif
