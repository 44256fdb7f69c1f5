#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/policy.h"

bool policy_is_accepted(const struct policy_decision *d) { return d->code / 100 == 2; }

void policy_decide(struct policy_decision *d, unsigned int code, const char *status, const char *rule, const char *from)
{
  d->code = code;
  d->status = status;
  d->rule = rule;
  text_clear(&d->text);
  text_string(&d->text);
  text_copy(&d->from, from);
  text_string(&d->from);
}

void policy_decision_free(struct policy_decision *d)
{
  text_free(&d->text);
  text_free(&d->from);
}

bool policy_enforce_sender(void) { return conf_is_yes("enforcesender", false); }

bool policy_directory_is_old(void)
{
  uint64_t age = conf_seconds("directorymaxage", 0, UINT32_MAX);
  struct stat status;

  if (!age) return false;
  return stat("state/metrics/mail-ldap/directory.prom", &status) == -1 || time(0) - status.st_mtime > (int64_t)age;
}

bool policy_enforce_from(void) { return conf_is_yes("enforcefrom", false); }

bool policy_spoof_mx(void) { return conf_is_yes("spoofmx", false); }

char policy_delimiter(void)
{
  text value = TEXT_ZERO;
  char delimiter = 0;

  conf_value("recipientdelimiter", &value, "+");
  if (value.len == 1 && ascii_is_printable(value.s[0]) && !ascii_is_alpha(value.s[0]) && !strchr("@.\"\\", value.s[0]))
    delimiter = value.s[0];
  else if (!text_is(&value, "no"))
    die_permanent("control/recipientdelimiter: not one character like \"+\", nor \"no\": ", text_string(&value));
  text_free(&value);
  return delimiter;
}

/* How often a word stands in the line; word 0: any. */
static unsigned int count_word(const char *line, const char *word)
{
  unsigned int count = 0;

  for (size_t length; *(line += strspn(line, " \t")); line += length) {
    length = strcspn(line, " \t");
    count += !word || (length == strlen(word) && !memcmp(line, word, length));
  }
  return count;
}

void policy_relay_order(text *order)
{
  conf_value("relayorder", order, "sender recipient default");
  text_string(order);
  if (count_word(order->s, 0) != 3 || count_word(order->s, "sender") != 1 || count_word(order->s, "recipient") != 1 ||
      count_word(order->s, "default") != 1)
    die_permanent("control/relayorder: not the words sender, recipient and default, each once: ", order->s);
}

void policy_always_bcc(text *address)
{
  struct address parsed = ADDRESS_ZERO;

  if (conf_value("alwaysbcc", address, "") && address->len && address_parse(&parsed, address->s, address->len) != ADDRESS_FULL)
    die_permanent("control/alwaysbcc: not an address: ", text_string(address));
  text_string(address);
  address_free(&parsed);
}

void policy_postmaster(text *address) { conf_address("doublebounceto", "doublebouncehost", address, ""); }

bool policy_is_full(void *to, const char *mailbox)
{
  text path = TEXT_ZERO;

  (void)to;
  text_add_format(&path, "state/full/%s", mailbox);
  bool full = access(text_string(&path), F_OK) == 0;
  text_free(&path);
  return full;
}
