/* The part of lib/dns that does no I/O. */

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

#include "lib/dns.h"

static bool is_name_char(char c)
{
  return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_';
}

bool dns_name_check(const char *name)
{
  size_t label = 0, length = 0;

  for (; *name; name++, length++) {
    if (*name == '.' ? !label : !is_name_char(*name)) return false;
    label = *name == '.' ? 0 : label + 1;
    if (label > 63) return false;
  }
  return length && length < 254;
}

static void start(struct dns_list *list)
{
  list->count = 0;
  list->is_null_mx = list->is_cut = list->is_secure = false;
  *list->owner = 0;
}

static void add_address(struct dns_list *list, enum dns_kind kind, const void *address)
{
  struct dns_record *r = &list->records[list->count];

  if (list->count == DNS_RECORDS_MAX) return;
  *r = (struct dns_record){ .kind = kind };
  if (inet_ntop(kind == DNS_A ? AF_INET : AF_INET6, address, r->address, sizeof r->address)) list->count++;
}

/* A host whose name is none is left out; the root is the null MX. */
static void add_mx(struct dns_list *list, ns_msg *message, ns_rr *rr)
{
  struct dns_record *r = &list->records[list->count];

  if (list->count == DNS_RECORDS_MAX || ns_rr_rdlen(*rr) < 3) return;
  *r = (struct dns_record){ .kind = DNS_MX, .preference = ns_get16(ns_rr_rdata(*rr)) };
  if (dn_expand(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(*rr) + 2, r->name, sizeof r->name) == -1)
    return;
  if (!*r->name || !strcmp(r->name, ".")) {
    list->is_null_mx = true;
    return;
  }
  if (!dns_name_check(r->name)) return;
  for (char *c = r->name; *c; c++) *c = ascii_lower(*c);
  list->count++;
}

/* PTR, CNAME */
static void add_name(struct dns_list *list, enum dns_kind kind, ns_msg *message, ns_rr *rr)
{
  struct dns_record *r = &list->records[list->count];

  if (list->count == DNS_RECORDS_MAX) return;
  *r = (struct dns_record){ .kind = kind };
  if (dn_expand(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(*rr), r->name, sizeof r->name) == -1) return;
  if (!dns_name_check(r->name)) return;
  for (char *c = r->name; *c; c++) *c = ascii_lower(*c);
  list->count++;
}

/* Its strings, one behind the other (RFC 1035 3.3.14). */
static void add_txt(struct dns_list *list, ns_rr *rr)
{
  struct dns_record *r = &list->records[list->count];
  const unsigned char *at = ns_rr_rdata(*rr), *end = at + ns_rr_rdlen(*rr);
  size_t length = 0;

  if (list->count == DNS_RECORDS_MAX) return;
  *r = (struct dns_record){ .kind = DNS_TXT };
  while (at < end) {
    size_t left = *at++;
    if (left > (size_t)(end - at)) return;
    for (; left; left--, at++)
      if (length < sizeof r->name - 1) r->name[length++] = ascii_is_printable((char)*at) ? (char)*at : '?';
  }
  list->count++;
}

static void take_owner(struct dns_list *list, const char *name)
{
  size_t length = strlen(name);

  if (!dns_name_check(name)) return; /* it is shorter than 256 then */
  for (size_t i = 0; i <= length; i++) list->owner[i] = ascii_lower(name[i]);
}

static void add(struct dns_list *list, enum dns_kind kind, ns_msg *message, ns_rr *rr)
{
  unsigned int before = list->count;

  if (ns_rr_class(*rr) != ns_c_in) return;
  if (kind == DNS_MX && ns_rr_type(*rr) == ns_t_mx) add_mx(list, message, rr);
  if (kind == DNS_PTR && ns_rr_type(*rr) == ns_t_ptr) add_name(list, kind, message, rr);
  if (kind == DNS_CNAME && ns_rr_type(*rr) == ns_t_cname) add_name(list, kind, message, rr);
  if (kind == DNS_TXT && ns_rr_type(*rr) == ns_t_txt) add_txt(list, rr);
  if (kind == DNS_A && ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == 4) add_address(list, kind, ns_rr_rdata(*rr));
  if (kind == DNS_AAAA && ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == 16)
    add_address(list, kind, ns_rr_rdata(*rr));
  if (!before && list->count) take_owner(list, ns_rr_name(*rr));
}

/* DNS_FOUND: its records may be looked at. */
static enum dns_result begin(const unsigned char *bytes, size_t length, ns_msg *message, bool *is_secure)
{
  if (length > 65535 || ns_initparse(bytes, (int)length, message) == -1) return DNS_LATER;
  *is_secure = ns_msg_getflag(*message, ns_f_ad);
  if (ns_msg_getflag(*message, ns_f_rcode) == ns_r_nxdomain) return DNS_ABSENT;
  return ns_msg_getflag(*message, ns_f_rcode) == ns_r_noerror ? DNS_FOUND : DNS_LATER;
}

enum dns_result dns_answer_parse(const unsigned char *bytes, size_t length, enum dns_kind kind, struct dns_list *list)
{
  ns_msg message;
  ns_rr rr;

  start(list);
  enum dns_result result = begin(bytes, length, &message, &list->is_secure);
  if (result != DNS_LATER) list->is_cut = ns_msg_getflag(message, ns_f_tc);
  if (result != DNS_FOUND) return result;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
    if (ns_parserr(&message, ns_s_an, i, &rr) == -1) return DNS_LATER;
    add(list, kind, &message, &rr);
  }
  if (list->count) list->is_null_mx = false; /* RFC 7505 3: a null MX stands alone */
  return list->count || list->is_null_mx ? DNS_FOUND : DNS_NOTHING;
}

/* What is shorter than its three numbers is left out, and what a packet to tls-client could not carry. */
static void add_tlsa(struct dns_tlsa_list *list, ns_rr *rr)
{
  const unsigned char *bytes = ns_rr_rdata(*rr);

  if (list->count == DNS_RECORDS_MAX || ns_rr_rdlen(*rr) < 3 || list->data.len + ns_rr_rdlen(*rr) > DNS_TLSA_BYTES) return;
  list->records[list->count++] =
      (struct dns_tlsa){ bytes[0], bytes[1], bytes[2], list->data.len, (size_t)ns_rr_rdlen(*rr) - 3 };
  text_add_bytes(&list->data, (const char *)bytes + 3, (size_t)ns_rr_rdlen(*rr) - 3);
}

enum dns_result dns_answer_parse_tlsa(const unsigned char *bytes, size_t length, struct dns_tlsa_list *list)
{
  ns_msg message;
  ns_rr rr;

  list->count = 0;
  list->is_secure = false;
  text_clear(&list->data);
  enum dns_result result = begin(bytes, length, &message, &list->is_secure);
  if (result != DNS_FOUND) return result;
  result = DNS_NOTHING;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
    if (ns_parserr(&message, ns_s_an, i, &rr) == -1) return DNS_LATER;
    if (ns_rr_class(rr) != ns_c_in || ns_rr_type(rr) != ns_t_tlsa) continue;
    add_tlsa(list, &rr);
    result = DNS_FOUND;
  }
  return result;
}

/* Is the name among the words behind the address of this line? */
static bool line_names(const char *at, const char *end, const char *name)
{
  size_t length = strlen(name);

  while (at < end) {
    const char *word;
    while (at < end && ascii_is_space(*at)) at++;
    for (word = at; at < end && !ascii_is_space(*at);) at++;
    if ((size_t)(at - word) == length && bytes_are_nocase(word, name, length)) return true;
  }
  return false;
}

/* "ADDRESS NAME NAME ...": adds the address if it is one of this kind and the name is there. */
static void add_line(struct dns_list *list, enum dns_kind kind, const char *at, const char *end, const char *name)
{
  unsigned char address[16];
  char word[46];
  size_t length = 0;

  while (at < end && ascii_is_space(*at)) at++;
  while (at + length < end && !ascii_is_space(at[length])) length++;
  if (length >= sizeof word) return;
  memcpy(word, at, length);
  word[length] = 0;
  if (inet_pton(kind == DNS_A ? AF_INET : AF_INET6, word, address) != 1) return;
  if (line_names(at + length, end, name)) add_address(list, kind, address);
}

enum dns_result dns_hosts_parse(const char *bytes, size_t length, const char *name, enum dns_kind kind,
                                struct dns_list *list)
{
  const char *end = bytes + length;

  start(list);
  while (bytes < end) {
    const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
    const char *line_end = newline ? newline : end;
    const char *comment = memchr(bytes, '#', (size_t)(line_end - bytes));
    add_line(list, kind, bytes, comment ? comment : line_end, name);
    bytes = newline ? newline + 1 : end;
  }
  if (!list->count) return DNS_ABSENT;
  list->is_secure = true; /* the operator wrote it */
  take_owner(list, name);
  return DNS_FOUND;
}
