#ifndef LIST_REPORT_H
#define LIST_REPORT_H
#include "listed-key.h"

/* What `keyferry list` writes. */

/* Columns and colours on a terminal, else fields with a tab between two. False:
 * out of memory. */
bool list_print_table(FILE *, const struct key_list *, time_t now);
/* An array of objects. left_out: as key_list_tell_left_out() has them. */
void list_print_json(
    FILE *, const struct key_list *, struct view left_out, time_t now);
/* Of each key: why it is left over, and how to remove it. */
void list_print_leftovers(FILE *, const struct key_list *);
/* Replaces the file, for node_exporter's textfile collector: a reader finds the
 * old content or the new. False: errno says why. */
bool list_write_prometheus(const char *path, const struct key_list *,
    struct view left_out, time_t now);
#endif
