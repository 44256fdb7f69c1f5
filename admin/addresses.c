#include <string.h>

#include "admin/addresses.h"
#include "admin/entry.h"
#include "admin/rebuild.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/rights.h"

/* "local@domain", or "local": generic, in every domain of ours. key: as the tables have it. file: its name in control/addresses. */
struct name {
  text key, file;
  bool is_generic;
};
#define NAME_ZERO { TEXT_ZERO, TEXT_ZERO, false }

static bool parse_name(struct name *n, const char *argument)
{
  struct address a = ADDRESS_ZERO;
  text whole = TEXT_ZERO;

  n->is_generic = !strchr(argument, '@');
  text_add(&whole, argument);
  if (n->is_generic) text_add(&whole, "@generic.test");
  bool good = address_parse(&a, whole.s, whole.len) == ADDRESS_FULL && !a.is_literal;
  if (good) {
    size_t local = (size_t)(strrchr(a.folded.s, '@') - a.folded.s);
    file_name_add(&n->file, a.folded.s, local);
    text_add_bytes(&n->key, a.folded.s, local + 1);
    text_add(&n->key, n->is_generic ? "*" : a.domain);
    if (!n->is_generic) text_add_char(&n->file, '@');
    if (!n->is_generic) file_name_add(&n->file, a.domain, strlen(a.domain));
    text_string(&n->key);
    text_string(&n->file);
  }
  address_free(&a);
  text_free(&whole);
  return good;
}

static void free_name(struct name *n)
{
  text_free(&n->key);
  text_free(&n->file);
}

static void parse_local(struct name *n, const char *argument)
{
  if (!parse_name(n, argument) || !n->is_generic) die_permanent(argument, " is no name: it is the local part of an address, without a domain");
}

/* A destination as tables-build reads it: ADDRESS, LOGIN, group:NAME, public:NAME. */
bool addresses_is_destination(const char *value)
{
  struct name n = NAME_ZERO;
  const char *name = !strncmp(value, "group:", 6) ? value + 6 : !strncmp(value, "public:", 7) ? value + 7 : value;
  bool good = parse_name(&n, name) && (name == value || n.is_generic);

  free_name(&n);
  return good;
}

bool addresses_create(const char *address, const text *bytes)
{
  struct name n = NAME_ZERO;

  if (!parse_name(&n, address)) die_permanent(address, " is no address");
  bool is_new = rebuild_try("addresses", n.file.s, bytes);
  free_name(&n);
  return is_new;
}

static void check_destination(const char *value)
{
  if (!addresses_is_destination(value)) die_permanent(value, " is no destination: it is ADDRESS, LOGIN, group:NAME or public:NAME");
}

static void format_lines(text *bytes, const char *key, const char *const *values)
{
  for (; *values; values++) {
    check_destination(*values);
    text_add_format(bytes, "%s: %s\n", key, *values);
  }
}

static void check_domain(const struct name *n)
{
  text record = TEXT_ZERO;
  const char *domain = strrchr(n->key.s, '@') + 1;

  if (!n->is_generic && !rebuild_have("domain", domain, &record)) die_permanent("the domain ", domain, " is not ours: mailadm add domain ", domain);
  text_free(&record);
}

/* tables-build has said what was wrong with the destinations. */
static void check_published(const struct name *n)
{
  text record = TEXT_ZERO;

  if (!rebuild_have("address", n->key.s, &record))
    die_permanent("control/addresses/", n->file.s, " is written, but leads nowhere: none of its destinations is there");
  text_free(&record);
}

void addresses_add(const char *const *arguments, bool is_json)
{
  struct name n = NAME_ZERO;
  text bytes = TEXT_ZERO, record = TEXT_ZERO;

  (void)is_json;
  if (!parse_name(&n, arguments[0])) die_permanent(arguments[0], " is no address like info@example.org, and no local part like info");
  format_lines(&bytes, "to", arguments + 1);
  check_domain(&n);
  bool is_taken = rebuild_have("address", n.key.s, &record);
  if (is_taken) entry_refuse_served(record_get(&record, "from"), n.key.s);
  is_taken = is_taken && record_is(&record, "kind", "address");
  if (is_taken && strncmp(record_get(&record, "from"), "control/mailboxes/", 18)) /* a public mailbox's may lead elsewhere */
    die_permanent("the address ", n.key.s, " exists already: ", record_get(&record, "from"));
  rebuild_create("addresses", n.file.s, &bytes, "the address");
  rebuild_tables("the address");
  check_published(&n);
  free_name(&n);
  text_free(&bytes);
  text_free(&record);
}

void addresses_delete(const char *const *arguments, bool is_json)
{
  struct name n = NAME_ZERO;
  text record = TEXT_ZERO;

  (void)is_json;
  if (!parse_name(&n, arguments[0])) die_permanent(arguments[0], " is no address like info@example.org, and no local part like info");
  if (text_is(&n.key, "postmaster@*")) /* N-42, RFC 5321 4.5.1 */
    die_permanent("address_removal_forbidden: somebody must get mail to postmaster; edit control/addresses/postmaster to change who");
  if (!rebuild_remove("addresses", n.file.s)) {
    bool is_there = rebuild_have("address", n.key.s, &record);
    if (is_there) entry_refuse_served(record_get(&record, "from"), n.key.s);
    if (is_there) die_permanent("the address ", n.key.s, " is not of control/addresses, but of ", record_get(&record, "from"));
    die_permanent("there is no address ", n.key.s);
  }
  rebuild_tables("the removal");
  free_name(&n);
  text_free(&record);
}

static void refuse_served_group(const char *name)
{
  text record = TEXT_ZERO, what = TEXT_ZERO;

  text_add_format(&what, "the group %s", name);
  if (rebuild_have_group(name, &record)) entry_refuse_served(record_get(&record, "from"), text_string(&what));
  text_free(&record);
  text_free(&what);
}

void addresses_add_group(const char *const *arguments, bool is_json)
{
  struct name n = NAME_ZERO;
  text bytes = TEXT_ZERO;

  (void)is_json;
  parse_local(&n, arguments[0]);
  refuse_served_group(arguments[0]);
  format_lines(&bytes, "member", arguments + 1);
  rebuild_create("groups", n.file.s, &bytes, "the group");
  rebuild_tables("the group");
  free_name(&n);
  text_free(&bytes);
}

void addresses_delete_group(const char *const *arguments, bool is_json)
{
  struct name n = NAME_ZERO;

  (void)is_json;
  parse_local(&n, arguments[0]);
  if (!rebuild_remove("groups", n.file.s)) {
    refuse_served_group(arguments[0]);
    die_permanent("there is no group ", arguments[0], " in control/groups");
  }
  rebuild_tables("the removal");
  free_name(&n);
}

/* "WHO=RIGHTS" or "WHO": who may read it by IMAP (N-32). */
static void format_owners(text *bytes, const char *const *owners)
{
  unsigned int rights;

  for (; *owners; owners++) {
    const char *sign = strrchr(*owners, '=');
    if (sign == *owners || (sign && !rights_parse(sign + 1, &rights)) || strpbrk(*owners, " \n"))
      die_permanent(*owners, " is no owner: it is LOGIN, ADDRESS, group:NAME or anyone, and =ro, =rw, =full or =letters of " RIGHTS_LETTERS);
    text_add(bytes, "owner: ");
    text_add_bytes(bytes, *owners, sign ? (size_t)(sign - *owners) : strlen(*owners));
    text_add_format(bytes, " %s\n", sign ? sign + 1 : "rw");
  }
}

void addresses_add_public(const char *const *arguments, bool is_json)
{
  struct name n = NAME_ZERO;
  text bytes = TEXT_ZERO;

  (void)is_json;
  parse_local(&n, arguments[0]);
  format_owners(&bytes, arguments + 1);
  refuse_served_group(arguments[0]); /* its address would be the mailbox's */
  rebuild_create("mailboxes", n.file.s, &bytes, "the public mailbox");
  rebuild_tables("the public mailbox");
  free_name(&n);
  text_free(&bytes);
}
