#include <string.h>

#include "ldapsync/control.h"
#include "ldapsync/networks.h"
#include "lib/cidr.h"
#include "lib/conf.h"

bool network_key(const char *string, text *key)
{
  struct cidr network;

  if (!cidr_parse(&network, string)) return false;
  text_clear(key);
  cidr_key_add(key, &network.ip, network.length);
  text_string(key);
  return true;
}

static void add_length(text *lengths, const char *key)
{
  size_t at = 0, size = strcspn(key, ":");

  for (const char *length; (length = record_next(lengths, "length", &at));)
    if (strlen(length) == size && !memcmp(length, key, size)) return;
  record_add_bytes(lengths, "length", key, size);
}

bool networks_add(struct networks *n, struct table *policy, const char *key, const text *record)
{
  text whole = TEXT_ZERO;

  text_add_format(&whole, "%s:%s", n->kind, key);
  bool is_new = table_add(policy, "network", text_string(&whole), record);
  if (is_new) add_length(&n->lengths, key);
  text_free(&whole);
  return is_new;
}

void networks_finish(struct networks *n, struct table *policy)
{
  if (n->lengths.len) table_add(policy, "networks", n->kind, &n->lengths);
  text_free(&n->lengths);
}

bool mynetworks_parse(struct table *policy, const char *path, const text *bytes, text *error)
{
  struct networks networks = { .kind = "mynetworks", .lengths = TEXT_ZERO };
  text word = TEXT_ZERO, key = TEXT_ZERO, record = TEXT_ZERO;
  size_t at = 0, number = 0, length;
  const char *line;
  bool good = true;

  while (good && conf_next_line(bytes, &at, &number, &line, &length))
    for (const char *end = line + length; good && control_word(&line, end, &word);) {
      good = strlen(word.s) == word.len && network_key(word.s, &key);
      if (!good) {
        text_add_format(error, "not a network like 192.0.2.0/24 or 2001:db8::/32: %s", word.s);
        control_wrong(error, path, number, text_string(error));
        break;
      }
      text_clear(&record);
      record_add(&record, "file", path);
      record_add_number(&record, "line", number);
      networks_add(&networks, policy, key.s, &record);
    }
  networks_finish(&networks, policy);
  text_free(&word);
  text_free(&key);
  text_free(&record);
  return good;
}

void mynetworks_read(struct table *policy) { control_records("control/mynetworks", mynetworks_parse, policy); }
