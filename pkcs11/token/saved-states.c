#include <stdlib.h>
#include <string.h>
#include "saved-states.h"

void
saved_states_init(struct saved_states *ss)
{
	*ss = (struct saved_states){.rows = NULL};
	pthread_mutex_init(&ss->lock, NULL);
}

void
saved_states_free(struct saved_states *ss)
{
	if (ss->rows != NULL)
		for (size_t i = 0; i < SAVED_STATES_MAX; i++)
			op_end(&ss->rows[i].op);
	free(ss->rows);
	pthread_mutex_destroy(&ss->lock);
}

void
saved_states_in_child(struct saved_states *ss, bool whole)
{
	if (whole || ss->rows == NULL)
		return;
	for (size_t i = 0; i < SAVED_STATES_MAX; i++)
		ss->rows[i] = (struct saved_state){.where = {.token = NULL}};
}

enum err
saved_states_add(struct saved_states *ss, const struct saved_for *where,
    const uint8_t name[SAVED_STATE_BYTES], struct op *op)
{
	struct saved_state *s;

	if (ss->rows == NULL &&
	    (ss->rows = calloc(SAVED_STATES_MAX, sizeof(*ss->rows))) == NULL)
		return (ERR_MEMORY);
	s = &ss->rows[ss->next];
	ss->next = (ss->next + 1) % SAVED_STATES_MAX;
	op_end(&s->op);
	memcpy(s->name, name, SAVED_STATE_BYTES);
	s->where = *where;
	s->op = *op;
	*op = (struct op){.state = OP_INACTIVE};
	return (ERR_OK);
}

const struct op *
saved_states_find(const struct saved_states *ss, const struct saved_for *where,
    struct view name)
{
	if (ss->rows == NULL || name.len != SAVED_STATE_BYTES)
		return (NULL);
	for (size_t i = 0; i < SAVED_STATES_MAX; i++)
		if (ss->rows[i].where.token == where->token &&
		    ss->rows[i].where.state == where->state &&
		    memcmp(ss->rows[i].name, name.ptr, name.len) == 0)
			return (&ss->rows[i].op);
	return (NULL);
}
