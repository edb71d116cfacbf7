#ifndef CSV_H
#define CSV_H

/*
 * Reads the next line of comma-separated values (RFC 4180) that is not empty.
 * The fields are in the text, which is changed; there are at most max. *at
 * moves behind the line, and *line becomes its number. Returns how many fields
 * there are; 0: there is no further line; -1: *why says what is wrong with the
 * line.
 */
int csv_next(
    char **at, unsigned *line, char **fields, int max, const char **why);
#endif
