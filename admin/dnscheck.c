/* dnscheck: does the DNS say what this host and its domains need (N-90)?

   Reads control/ and tables/current, asks the resolvers of /etc/resolv.conf. Answers on fd 1, a line a finding. Writes nothing. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <skalibs/buffer.h>

#include "admin/dkim_records.h"
#include "admin/mxhosts.h"
#include "lib/cidr.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/dns.h"
#include "lib/dns_text.h"
#include "lib/home.h"
#include "lib/idna.h"
#include "lib/json.h"
#include "lib/options.h"
#include "lib/rbl.h"
#include "lib/tables.h"

#define USAGE "dnscheck [ --json ] [ DOMAIN... ]"

enum finding { FINDING_OK, FINDING_NOTE, FINDING_LATER, FINDING_WRONG };
static const char *const finding_words[] = { "ok", "note", "later", "wrong" };

struct check {
  text hosts; /* who takes our mail, each ended by a NUL */
  bool is_json;
  enum finding worst;
};

static void say(struct check *c, enum finding finding, const char *subject, const char *type, const char *sentence, const char *more)
{
  text line = TEXT_ZERO, whole = TEXT_ZERO;

  if (finding > c->worst) c->worst = finding;
  text_add_format(&whole, "%s%s", sentence, more);
  for (size_t i = 0; i < whole.len; i++)
    if ((unsigned char)whole.s[i] < ' ' || whole.s[i] == 0x7f) whole.s[i] = '?'; /* a record may hold any byte */
  if (c->is_json) {
    text_add_char(&line, '{');
    json_pair(&line, "finding", finding_words[finding]);
    json_pair(&line, "subject", subject);
    json_pair(&line, "type", type);
    json_pair(&line, "text", text_string(&whole));
    text_add(&line, "}\n");
  } else
    text_add_format(&line, "%-5s %s %s: %s\n", finding_words[finding], subject, type, text_string(&whole));
  if (buffer_put(buffer_1, line.s, line.len) == -1 || !buffer_flush(buffer_1)) die_unable("write to fd 1");
  text_free(&line);
  text_free(&whole);
}

static void say_later(struct check *c, const char *subject, const char *type)
{
  say(c, FINDING_LATER, subject, type, "no answer from the DNS: ask again later", "");
}

static void add_name(text *names, const char *name)
{
  if (names->len) text_add(names, ", ");
  text_add(names, name);
}

/* The name that an address leads to must be the one that we call ourselves, or large receivers refuse what comes from it. */
static void check_reverse(struct check *c, const char *address, const char *host)
{
  struct dns_list list;
  struct ip ip;
  text name = TEXT_ZERO, names = TEXT_ZERO;
  bool is_ours = false;

  if (!ip_parse(&ip, address)) return;
  rbl_reverse_name_add(&name, &ip);
  enum dns_result result = dns_find(text_string(&name), DNS_PTR, &list);
  for (unsigned int i = 0; result == DNS_FOUND && i < list.count; i++) {
    is_ours = is_ours || string_is_nocase(list.records[i].name, host);
    add_name(&names, list.records[i].name);
  }
  if (result == DNS_LATER)
    say_later(c, address, "PTR");
  else if (!names.len)
    say(c, FINDING_WRONG, address, "PTR", "the address has no name; whoever it belongs to has to give it the name ", host);
  else if (is_ours)
    say(c, FINDING_OK, address, "PTR", text_string(&names), "");
  else {
    text_add_format(&names, ", not %s, as we call ourselves", host);
    say(c, FINDING_WRONG, address, "PTR", text_string(&names), "");
  }
  text_free(&name);
  text_free(&names);
}

/* is_sender: its addresses are those that our mail comes from. */
static void check_host(struct check *c, const char *host, bool is_sender)
{
  static const struct { enum dns_kind kind; const char *type; } kinds[] = { { DNS_A, "A" }, { DNS_AAAA, "AAAA" } };
  struct dns_list list;
  unsigned int count = 0;
  bool is_later = false;

  for (unsigned int k = 0; k < 2; k++) {
    enum dns_result result = dns_find(host, kinds[k].kind, &list);
    if (result == DNS_LATER) {
      say_later(c, host, kinds[k].type);
      is_later = true;
    }
    for (unsigned int i = 0; result == DNS_FOUND && i < list.count; i++, count++) {
      say(c, FINDING_OK, host, kinds[k].type, list.records[i].address, "");
      if (is_sender) check_reverse(c, list.records[i].address, host);
    }
  }
  if (!count && !is_later)
    say(c, FINDING_WRONG, host, "A", is_sender ? "the name that we call ourselves by has no address (control/helohost, control/me)" : "it is to take our mail, and has no address", "");
}

static bool is_host_of_ours(const struct check *c, const char *name)
{
  for (size_t at = 0; at < c->hosts.len; at += strlen(c->hosts.s + at) + 1)
    if (string_is_nocase(c->hosts.s + at, name)) return true;
  return false;
}

static void check_mx(struct check *c, const char *domain)
{
  struct dns_list list;
  text names = TEXT_ZERO;
  unsigned int ours = 0;

  enum dns_result result = dns_find(domain, DNS_MX, &list);
  for (unsigned int i = 0; result == DNS_FOUND && i < list.count; i++) {
    ours += is_host_of_ours(c, list.records[i].name);
    add_name(&names, list.records[i].name);
  }
  if (result == DNS_LATER)
    say_later(c, domain, "MX");
  else if (result == DNS_ABSENT)
    say(c, FINDING_WRONG, domain, "MX", "there is no such name in the DNS", "");
  else if (result == DNS_FOUND && list.is_null_mx)
    say(c, FINDING_WRONG, domain, "MX", "a null MX: it says that the domain takes no mail", "");
  else if (!names.len)
    say(c, FINDING_WRONG, domain, "MX", "there is none; `mailadm list dns` tells what is to be set", "");
  else if (!ours)
    say(c, FINDING_WRONG, domain, "MX", text_string(&names), ": none of them is this host, or in control/mxhosts; `mailadm list dns` tells what is to be set");
  else
    say(c, ours == list.count ? FINDING_OK : FINDING_NOTE, domain, "MX", text_string(&names), ours == list.count ? "" : ": not all of them are this host, or in control/mxhosts");
  text_free(&names);
}

/* Does a record begin with this version, as a word of its own? */
static bool has_version(const char *record, const char *version)
{
  size_t length = strlen(version);
  return !strncasecmp(record, version, length) && (!record[length] || strchr(" \t;", record[length]));
}

/* A record of which there must not be two, because then none counts (RFC 7208 4.5, RFC 7489 6.6.3). */
static void check_text(struct check *c, const char *domain, const char *prefix, const char *type, const char *version, const char *missing)
{
  text name = TEXT_ZERO, records = TEXT_ZERO;
  const char *first = 0;
  unsigned int count = 0;

  text_add_format(&name, "%s%s", prefix, domain);
  enum dns_result result = dns_find_text(text_string(&name), &records);
  for (size_t at = 0; result == DNS_FOUND && at < records.len; at += strlen(records.s + at) + 1)
    if (has_version(records.s + at, version) && !count++) first = records.s + at;
  if (result == DNS_LATER)
    say_later(c, domain, type);
  else if (count > 1)
    say(c, FINDING_WRONG, domain, type, "there are several such records at ", text_string(&name));
  else if (count)
    say(c, FINDING_OK, domain, type, first, "");
  else
    say(c, FINDING_NOTE, domain, type, missing, text_string(&name));
  text_free(&name);
  text_free(&records);
}

/* The key that signs must be the one that the DNS has, or what is sent is not believed. */
static void check_key(struct check *c, const char *domain, const char *name, const char *wanted)
{
  text found = TEXT_ZERO;
  bool is_there = false;

  enum dns_result result = dns_find_text(name, &found);
  for (size_t at = 0; result == DNS_FOUND && at < found.len; at += strlen(found.s + at) + 1)
    is_there = is_there || dkim_records_agree(found.s + at, wanted);
  if (result == DNS_LATER)
    say_later(c, domain, "DKIM");
  else if (!*wanted)
    say(c, FINDING_NOTE, domain, "DKIM", "state/dkim/ does not say which key is the right one at ", name);
  else if (is_there)
    say(c, FINDING_OK, domain, "DKIM", name, "");
  else
    say(c, FINDING_WRONG, domain, "DKIM", "the key that signs is not there; `mailadm list dns` tells what is to be set at ", name);
  text_free(&found);
}

static void check_keys(struct check *c, const char *domain)
{
  text records = TEXT_ZERO;
  size_t at = 0;

  dkim_records_read(domain, &records);
  for (const char *name; (name = record_next(&records, "name", &at));) check_key(c, domain, name, record_next(&records, "text", &at));
  text_free(&records);
}

static void check_domain(struct check *c, const char *domain)
{
  check_mx(c, domain);
  check_text(c, domain, "", "SPF", "v=spf1", "nothing says which hosts send for it: there is no TXT record v=spf1 at ");
  check_text(c, domain, "_dmarc.", "DMARC", "v=DMARC1", "nothing says what becomes of mail that only pretends to be of it: there is no TXT record v=DMARC1 at ");
  check_keys(c, domain);
}

static void check_hosts(struct check *c)
{
  text own = TEXT_ZERO, lines = TEXT_ZERO;
  struct mx_host host = { .name = TEXT_ZERO };
  size_t at = 0;

  if (!conf_value("helohost", &own, "")) conf_me(&own);
  check_host(c, text_string(&own), true);
  mxhosts_read(&lines);
  while (mxhosts_next(&lines, &at, &host)) {
    text_add_bytes(&c->hosts, host.name.s, host.name.len + 1);
    if (!string_is_nocase(host.name.s, own.s)) check_host(c, host.name.s, false);
  }
  text_free(&own);
  text_free(&lines);
  text_free(&host.name);
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* All of the tables, sorted. */
static void check_domains(struct check *c)
{
  struct tables tables = TABLES_ZERO;
  text key = TEXT_ZERO, record = TEXT_ZERO, names = TEXT_ZERO;
  size_t count = 0;
  uint64_t at = 0;
  enum lookup_result result;

  if (!tables_open(&tables, "policy")) die_unable("open tables/current/policy.cdb");
  while ((result = tables_walk(&tables, &at, &key, &record)) == LOOKUP_FOUND)
    if (key.len > 7 && !memcmp(key.s, "domain:", 7)) {
      text_add_bytes(&names, text_string(&key) + 7, key.len - 7 + 1);
      count++;
    }
  if (result == LOOKUP_BROKEN) die_unable("read tables/current/policy.cdb");
  const char **sorted = calloc(count + 1, sizeof *sorted);
  if (!sorted) die_nomem();
  for (size_t i = 0, from = 0; i < count; i++, from += strlen(names.s + from) + 1) sorted[i] = names.s + from;
  qsort(sorted, count, sizeof *sorted, compare);
  for (size_t i = 0; i < count; i++) check_domain(c, sorted[i]);
  free(sorted);
  text_free(&key);
  text_free(&record);
  text_free(&names);
  tables_close(&tables);
}

int main(int argc, const char **argv)
{
  struct check c = { .hosts = TEXT_ZERO };
  const struct option_word words[] = { { "--json", &c.is_json }, { 0, 0 } };
  text domain = TEXT_ZERO;
  (void)argc;

  PROG = "dnscheck";
  int count = options_read(argv + 1, words, USAGE);
  for (int i = 1; i <= count; i++)
    if (!idna_to_ascii(argv[i], strlen(argv[i]), &domain) || !dns_name_check(text_string(&domain))) die_permanent("not a domain: ", argv[i]);
  home_enter();
  check_hosts(&c);
  for (int i = 1; i <= count; i++) {
    idna_to_ascii(argv[i], strlen(argv[i]), &domain);
    check_domain(&c, text_string(&domain));
  }
  if (!count) check_domains(&c);
  text_free(&domain);
  text_free(&c.hosts);
  return c.worst == FINDING_WRONG ? END_NO : c.worst == FINDING_LATER ? END_TEMPORARY : END_DONE;
}
