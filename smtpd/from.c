#include "smtpd/from.h"

#include <string.h>

#include "lib/header.h"
#include "lib/header_address.h"
#include "smtpd/facts.h"
#include "smtpd/inject.h"

/* What is no address is nobody's: a reader may still show it as one. */
static const char nobody[] = "unreadable@invalid";

static void read_address(const struct header_address *one, struct address *a)
{
  text path = TEXT_ZERO;

  header_address_path(one, "", &path);
  if (!one->local.len || address_parse(a, path.s, path.len) != ADDRESS_FULL) address_parse(a, nobody, sizeof nobody - 1);
  text_free(&path);
}

static void check(const struct session *s, struct policy_facts f, const struct address *from, struct policy_decision *d)
{
  if (s->role->policy == POLICY_INJECT) {
    f.enforce_sender = f.enforce_from;
    inject_facts((struct session *)s, from, &f);
    f.enforce_from = f.enforce_sender;
  }
  policy_from(s->tables, &f, from, d);
}

/* Behind "<...>" comes the next address or nothing; a reader may take what else is there for the sender. */
static bool has_rest(struct bytes value)
{
  for (size_t at = 0; (at = header_skip_space(value.s, value.len, at)) < value.len;) {
    const char *end = value.s[at] == '<' ? memchr(value.s + at, '>', value.len - at) : 0;
    if (end) {
      at = header_skip_space(value.s, value.len, (size_t)(end - value.s) + 1);
      if (at < value.len && value.s[at] != ',' && value.s[at] != ';') return true;
    } else
      at = value.s[at] == '"' ? header_take_quoted(value.s, value.len, at, 0) : at + 1;
  }
  return false;
}

static void check_nobody(const struct session *s, const struct policy_facts *f, struct policy_decision *d)
{
  struct address from = ADDRESS_ZERO;

  address_parse(&from, nobody, sizeof nobody - 1);
  check(s, *f, &from, d);
  address_free(&from);
}

static void check_field(const struct session *s, const struct policy_facts *f, struct bytes value, struct policy_decision *d)
{
  bool has_mailbox = false;
  struct header_address one = HEADER_ADDRESS_ZERO;
  struct address from = ADDRESS_ZERO;

  header_address_start(&one, value);
  while (policy_is_accepted(d) && header_address_next(&one)) {
    if (one.kind != HEADER_ADDRESS_MAILBOX) continue;
    has_mailbox = true;
    read_address(&one, &from);
    check(s, *f, &from, d);
  }
  if (policy_is_accepted(d) && (!has_mailbox || has_rest(value))) check_nobody(s, f, d);
  header_address_free(&one);
  address_free(&from);
}

bool smtpd_from_check(const struct session *s, const char *header, size_t length, struct policy_decision *d)
{
  struct policy_facts f = session_facts(s);
  struct header_field field;
  size_t at = 0;

  policy_decide(d, 250, "2.1.0", "from", "");
  if (!f.login) return true;
  f.enforce_from = policy_enforce_from();
  while (policy_is_accepted(d) && header_next(header, length, &at, &field))
    if (field.name.s && header_is(&field, "from")) check_field(s, &f, field.value, d);
  return policy_is_accepted(d);
}
