/* conf: control files (requirements 2.3), read when they are needed. One value a file, or one entry a line; '#' starts
   a comment line; white space around a value does not count. A missing file is the default. What cannot be understood
   ends the program (END_PERMANENT) with a sentence that names file and line. Paths are relative to MAILHOME. */

#ifndef LIB_CONF_H
#define LIB_CONF_H

#include "lib/record.h"

/* For a server that reads its settings anew while it runs, and keeps the old ones: while faults is set, what cannot be understood ends
   nothing. The first such sentence is put into it, and the default is answered. 0: as before. */
void conf_note_faults(text *faults);
void conf_fault(const char *sentence); /* ends the program, or is noted */

/* control/NAME: its first entry. False and the default if the file is missing or empty. */
bool conf_value(const char *name, text *value, const char *otherwise);

/* The same, an address: what has no domain gets that of control/HOST, or of control/me. Nothing stays nothing. */
bool conf_address(const char *name, const char *host, text *address, const char *otherwise);

bool conf_is_yes(const char *name, bool otherwise); /* control/NAME: yes or no */

uint64_t conf_number(const char *name, uint64_t otherwise, uint64_t max);

/* A time in seconds: a number, or one with s, m, h or d behind it (T19: 120h). */
uint64_t conf_seconds(const char *name, uint64_t otherwise, uint64_t max);
bool conf_seconds_parse(const char *bytes, size_t length, uint64_t max, uint64_t *seconds);

/* A size in bytes: a number, or one with K, M or G behind it (of 1024). */
uint64_t conf_size(const char *name, uint64_t otherwise);
bool conf_size_parse(const char *bytes, size_t length, uint64_t *size);

/* control/NAME: all entries, each ended by a NUL. False if the file is missing. */
bool conf_lines(const char *name, text *lines);

/* "Key: value" lines of the file at PATH into a record; keys in lower case. known: the legal keys, ended by 0.
   False with a sentence in error (file, line, what is wrong), or with error empty and errno if it cannot be read. */
bool conf_fields(const char *path, const char *const *known, text *record, text *error);

/* The same on bytes, for tests and fuzzing: name is what the error calls the file. */
bool conf_fields_parse(const char *name, const char *bytes, size_t length, const char *const *known, text *record,
                       text *error);

/* The next line from *at without white space around it; comments and empty lines are passed over. *number is counted. */
bool conf_next_line(const text *bytes, size_t *at, size_t *number, const char **line, size_t *length);

void conf_me(text *me); /* control/me: this host's name; dies if it is missing */

#endif
