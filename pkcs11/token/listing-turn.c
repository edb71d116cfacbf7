#include "listing-turn.h"

#define LEFT_OUT_MAX (1 << 19) /* bytes: 14000 key ids */

void
listing_turn_init(struct listing_turn *t)
{
	*t = (struct listing_turn){.left_out = BUF_INIT(LEFT_OUT_MAX)};
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->ended, NULL);
}

void
listing_turn_free(struct listing_turn *t)
{
	pthread_cond_destroy(&t->ended);
	pthread_mutex_destroy(&t->lock);
	buf_free(&t->left_out);
}

static bool
is_fresh(
    const struct listing_turn *t, const struct clock *clock, int64_t fresh_ms)
{
	return (t->listed_ms != 0 &&
		clock->mono_ms(clock->ctx) - t->listed_ms < fresh_ms);
}

bool
listing_turn_is_fresh(
    struct listing_turn *t, const struct clock *clock, int64_t fresh_ms)
{
	bool fresh;

	pthread_mutex_lock(&t->lock);
	fresh = is_fresh(t, clock, fresh_ms);
	pthread_mutex_unlock(&t->lock);
	return (fresh);
}

/* Whether the last listing is one that who came then can take: it began later,
 * or began earlier, and failed, where earlier ones are good. */
static bool
has_outcome(
    const struct listing_turn *t, unsigned long came, bool earlier_is_good)
{
	return (t->last > came ||
		(t->last == came && earlier_is_good && t->err != ERR_OK));
}

enum err
listing_turn_begin(struct listing_turn *t, const struct deadline *deadline,
    int64_t fresh_ms, bool *ours, struct error_info *error)
{
	unsigned long came;
	bool waited = false;
	enum err e = ERR_OK;

	*ours = false;
	pthread_mutex_lock(&t->lock);
	came = t->began;
	for (;;) {
		if (is_fresh(t, deadline->clock, fresh_ms))
			break;
		if (waited && has_outcome(t, came, fresh_ms > 0)) {
			e = t->err;
			*error = t->error;
			break;
		}
		if (!t->under_way) {
			*ours = t->under_way = true;
			t->spoiled = false;
			t->began++;
			buf_reset(&t->left_out);
			break;
		}
		waited = true;
		if (!deadline_wait(deadline, &t->ended, &t->lock) &&
		    t->under_way) {
			e = ERR_DEADLINE;
			break;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return (e);
}

void
listing_turn_end(struct listing_turn *t, const struct clock *clock, enum err e,
    const struct error_info *error)
{
	pthread_mutex_lock(&t->lock);
	t->under_way = false;
	t->last = t->began;
	t->err = e;
	t->error = *error;
	if (e == ERR_OK && !t->spoiled)
		t->listed_ms = clock->mono_ms(clock->ctx);
	pthread_cond_broadcast(&t->ended);
	pthread_mutex_unlock(&t->lock);
}

void
listing_turn_invalidate(struct listing_turn *t)
{
	pthread_mutex_lock(&t->lock);
	t->spoiled = true;
	t->listed_ms = 0;
	pthread_mutex_unlock(&t->lock);
}

void
listing_turn_leave_out(struct listing_turn *t, const char *key)
{
	struct buf *b = &t->left_out;
	size_t before;

	pthread_mutex_lock(&t->lock);
	before = b->len;
	if ((before != 0 && buf_puts(b, " ") != ERR_OK) ||
	    buf_puts(b, key) != ERR_OK)
		buf_cut(b, before);
	pthread_mutex_unlock(&t->lock);
}

enum err
listing_turn_left_out(struct listing_turn *t, struct buf *out)
{
	enum err e;

	pthread_mutex_lock(&t->lock);
	e = buf_append(out, buf_view(&t->left_out));
	pthread_mutex_unlock(&t->lock);
	return (e);
}
