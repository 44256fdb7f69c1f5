/* listing: what the published tables have, sorted, a line each; or a JSON object a line (--json). */

#ifndef ADMIN_LISTING_H
#define ADMIN_LISTING_H

#include "lib/tables.h"

struct listing {
  struct tables tables;
  text lines;    /* each ended by a NUL */
  bool is_json;
};

/* One record of the wanted kind to a line; key is without the kind. An empty line is none. */
typedef void listing_line(struct listing *l, const char *key, const text *record, text *line);
void listing_run(const char *kind, bool is_json, listing_line *format);
const char *listing_public_name(const text *record); /* of a public mailbox, as its file is named */

void listing_addresses(const char *const *arguments, bool is_json);
void listing_aliases(const char *const *arguments, bool is_json); /* the addresses of control/addresses */
void listing_groups(const char *const *arguments, bool is_json);
void listing_domains(const char *const *arguments, bool is_json);
void listing_dns(const char *const *arguments, bool is_json); /* the MX of each domain, ours or relayed */
void listing_accounts(const char *const *arguments, bool is_json);

#endif
