/* records: what the tables say about one name or one account (doc/tables.md). Each clears the record first. */

#ifndef LDAPSYNC_RECORDS_H
#define LDAPSYNC_RECORDS_H

#include "ldapsync/build.h"

/* The names are sorted, so equal ones stand together: takes those that begin at i and answers where the next one begins. A
   login that is nobody's alone gets no record: it stays empty. */
size_t records_login(const struct build *b, size_t i, text *record);

void records_uid(const struct account *a, text *record);
void records_mailbox(const struct account *a, text *record);
/* What is stored of its password, or that the server is asked; empty: nothing. How many values there are that cannot be stored. */
size_t records_secrets(const struct account *a, const struct build_limits *limits, text *record);
void records_password(const struct account *a, const struct build_limits *limits, text *record); /* the same, reported */

#endif
