#include "send/rule.h"

#include <string.h>

#include "lib/tables.h"
#include "send/hosts.h"

const char *send_rule_name(const struct hop *hop)
{
  static text name = TEXT_ZERO;

  text_copy(&name, "relay rule ");
  text_add_text(&name, &hop->rule);
  return hop->rule.len ? text_string(&name) : "what was given";
}

bool send_rule_leads_to(const struct hop *hop, const char *host, unsigned int port)
{
  text other = TEXT_ZERO;
  uint64_t first = 0;
  size_t at = 0, key_length;
  bool leads = !record_find(&hop->facts, "host"); /* without a login, or of older tables */

  leads = leads || (string_is_nocase(record_get(&hop->facts, "host"), host) && record_number(&hop->facts, "port", 65535, &first) && first == port);
  for (const char *pair; !leads && (pair = record_walk(&hop->facts, &at, &key_length));) {
    unsigned int other_port;
    if (strncmp(pair, "next=", 5) && strncmp(pair, "equal=", 6)) continue;
    leads = send_hosts_split(pair + key_length + 1, &other, &other_port) && string_is_nocase(text_string(&other), host) && other_port == port;
  }
  text_free(&other);
  return leads;
}

bool send_rule_source(const struct hop *hop, const char *address, const char **source)
{
  bool is_v6 = strchr(address, ':');
  size_t at = 0;

  for (const char *one; (one = record_next(&hop->facts, "source", &at));)
    if (!strchr(one, ':') == !is_v6) {
      *source = one;
      return true;
    }
  *source = "";
  return !record_find(&hop->facts, "source");
}

bool send_rule_read(struct hop *hop, struct outcome *why)
{
  struct tables tables = TABLES_ZERO;
  text rule = TEXT_ZERO;
  enum lookup_result found;

  if (!hop->rule.len) {
    text_add_text(&hop->facts, &hop->pins); /* what relay-test has given stays */
    return true;
  }
  text_add_text(&rule, &hop->rule);
  text_clear(&hop->facts);
  found = tables_open(&tables, "relay") ? tables_find(&tables, "rule", text_string(&rule), &hop->facts) : LOOKUP_BROKEN;
  if (found == LOOKUP_BROKEN)
    send_outcome_say(why, OUTCOME_LATER, "4.3.0", "tables/current/relay.cdb cannot be read, for ", send_rule_name(hop), (char *)0);
  if (found == LOOKUP_ABSENT) text_clear(&hop->facts);
  tables_close(&tables);
  text_free(&rule);
  return found != LOOKUP_BROKEN;
}
