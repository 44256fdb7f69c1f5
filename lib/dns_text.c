/* The part of lib/dns_text that does no I/O. */

#include "lib/dns_text.h"

#include <arpa/nameser.h>

enum { ANSWER_MAX = 65535 };

/* False, and nothing is added: a string is longer than its record. */
static bool add_strings(text *records, const unsigned char *at, const unsigned char *end)
{
  size_t before = records->len;

  while (at < end) {
    size_t left = *at++;
    if (left > (size_t)(end - at)) {
      records->len = before;
      return false;
    }
    for (; left; left--, at++) text_add_char(records, *at ? (char)*at : '\x7f');
  }
  text_add_char(records, 0);
  return true;
}

enum dns_result dns_text_parse(const unsigned char *bytes, size_t length, text *records)
{
  unsigned int count = 0;
  ns_msg message;
  ns_rr rr;

  text_clear(records);
  if (length > ANSWER_MAX || ns_initparse(bytes, (int)length, &message) == -1) return DNS_LATER;
  if (ns_msg_getflag(message, ns_f_rcode) == ns_r_nxdomain) return DNS_ABSENT;
  if (ns_msg_getflag(message, ns_f_rcode) != ns_r_noerror || ns_msg_getflag(message, ns_f_tc)) return DNS_LATER;
  for (int i = 0; i < ns_msg_count(message, ns_s_an) && count < DNS_RECORDS_MAX; i++) {
    if (ns_parserr(&message, ns_s_an, i, &rr) == -1) {
      text_clear(records);
      return DNS_LATER;
    }
    if (ns_rr_class(rr) == ns_c_in && ns_rr_type(rr) == ns_t_txt)
      count += add_strings(records, ns_rr_rdata(rr), ns_rr_rdata(rr) + ns_rr_rdlen(rr));
  }
  return count ? DNS_FOUND : DNS_NOTHING;
}
