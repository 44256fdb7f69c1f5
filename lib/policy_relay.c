#include "lib/policy_relay.h"

#include <string.h>

static enum lookup_result find(struct tables *tables, const char *type, const char *subject, text *record)
{
  text key = TEXT_ZERO;

  text_add(&key, type);
  text_add_char(&key, ':');
  text_add(&key, subject);
  enum lookup_result result = tables_find(tables, "relay", text_string(&key), record);
  text_free(&key);
  return result;
}

enum lookup_result policy_relay_find(struct tables *tables, const char *type, const struct address *a, text *record)
{
  if (!a) return tables_find(tables, "relay", strcmp(type, "sender") ? type : "sender:<>", record);
  enum lookup_result result = find(tables, type, a->folded.s, record);
  if (result == LOOKUP_ABSENT && *a->domain) result = find(tables, type, a->domain, record);
  for (const char *dot = strchr(a->domain, '.'); dot && result == LOOKUP_ABSENT; dot = strchr(dot + 1, '.'))
    result = find(tables, type, dot, record);
  return result;
}

bool policy_relay_is_for(const char *subject, const struct address *a)
{
  size_t length = strlen(subject), domain = strlen(a->domain);

  if (!*subject || !strcmp(subject, "*")) return true;
  if (*subject == '.') return domain > length && string_is_nocase(a->domain + domain - length, subject);
  return string_is_nocase(subject, strchr(subject, '@') ? a->folded.s : a->domain);
}
