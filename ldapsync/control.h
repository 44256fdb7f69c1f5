/* control: reading the control files that become records. What cannot be understood ends the program with file and line,
   so the tables stay as they were (conf.h). Names of files that stand for addresses and logins have odd bytes as %XX. */

#ifndef LDAPSYNC_CONTROL_H
#define LDAPSYNC_CONTROL_H

#include "lib/address.h"
#include "lib/record.h"

/* One file of a folder: its name as it is on disk. */
typedef void control_take(void *to, const char *path, const char *name);

/* Each file of control/FOLDER, sorted by name. A folder that is missing is an empty one. */
void control_folder(const char *folder, control_take *take, void *to);

/* "key: value" lines into a record, or dies. */
void control_fields(const char *path, const char *const *known, text *fields);

/* Dies: "PATH line N: WHAT", where N is the first line "key: value" of the file. */
_Noreturn void control_refuse(const char *path, const char *key, const char *value, const char *what);

/* The lines of a file become records of the policy; dies if one cannot be understood. A file that is missing has none. */
struct table;
typedef bool control_parse(struct table *policy, const char *path, const text *bytes, text *error);
void control_records(const char *path, control_parse *parse, struct table *policy);

/* "NAME line N: WHAT" into error. Always false, for "return control_wrong(...)". */
bool control_wrong(text *error, const char *name, size_t line, const char *what);

bool control_name(const char *file, text *name);     /* a file's name without its %XX; false if they are none */
bool control_address(const char *value, text *folded); /* local@domain as it is a key; false if it is none */
bool control_domain(const char *value, text *folded);  /* a domain as it is a key */
bool control_local(const char *value, text *folded);   /* a local part alone */

/* ADDRESS, DOMAIN or .DOMAIN as a key, and which it is: "address", "domain", "suffix"; 0: none of them. */
const char *control_subject(const char *value, text *folded);

/* The next word of a line, words being separated by white space; false at the end. */
bool control_word(const char **at, const char *end, text *word);

#endif
