#ifndef MESSAGE_H
#define MESSAGE_H

/* A struct buf as the two arguments of %.*s. */
#define SHOWN(b) (int)(b).len, (b).len == 0 ? "" : (const char *)(b).ptr

/*
 * Says something on standard error: "keyferry: ", the text, and the end of the
 * line. Names in it are others': whatever a terminal would act on, a control
 * character or one that turns the direction of text, is shown as \xNN.
 */
void message(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A further line of the message before: without "keyferry: ". */
void message_more(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "keyferry: FILE: No such file or directory", by errno. */
void message_errno(const char *file);
#endif
