/* listing: what the published tables have, sorted, a line each; or a JSON object a line (--json). */

#ifndef ADMIN_LISTING_H
#define ADMIN_LISTING_H

#include <stdbool.h>

void listing_addresses(const char *const *arguments, bool is_json);
void listing_aliases(const char *const *arguments, bool is_json); /* the addresses of control/addresses */
void listing_groups(const char *const *arguments, bool is_json);
void listing_domains(const char *const *arguments, bool is_json);
void listing_dns(const char *const *arguments, bool is_json); /* the MX of each domain, ours or relayed */
void listing_accounts(const char *const *arguments, bool is_json);

#endif
