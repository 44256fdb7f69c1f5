/* expect: control/expect: what must hold whatever the directory says. tables-build asks it of each new generation before that is
   published, whatif of the present one. A line:

   from ADDRESS to ADDRESS [login USER] [ip IP] [port PORT] [helo NAME] [fingerprint HEX] [header ADDRESS] [tls] -> ANSWER

   ANSWER is one or more of a reply's code, its status (RFC 3463), the name of its rule, and "to ADDRESS": where it goes, too. */

#ifndef LIB_EXPECT_H
#define LIB_EXPECT_H

#include "lib/tables.h"

/* One line into a record; words that may come once: from, to, login, ip, port, helo, fingerprint, header, tls, code, status, rule;
   any number of times: goal. False with what is wrong. */
bool expect_parse(const char *line, size_t length, text *question, text *error);

/* Each line of the file. say is told "control/expect line N: LINE", whether it holds, and the answer as it is. */
typedef void expect_say(void *to, const char *line, bool holds, const char *answer);
struct expect_count {
  size_t lines, broken;
};

/* A file that is missing has no lines. What cannot be understood ends the program, and tables that cannot be read. */
struct expect_count expect_ask(struct tables *tables, expect_say *say, void *to);

#endif
