/* A DNS answer: never more records than the list has, and names that are names. */

#include <stdlib.h>
#include <string.h>

#include "lib/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static struct dns_list list;
  static struct dns_tlsa_list tlsa = DNS_TLSA_LIST_ZERO;

  for (enum dns_kind kind = DNS_A; kind <= DNS_TXT; kind++) {
    enum dns_result result = dns_answer_parse(bytes, length, kind, &list);
    if (list.count > DNS_RECORDS_MAX || (*list.owner && !dns_name_check(list.owner))) abort();
    if (result == DNS_FOUND && !list.count && !list.is_null_mx) abort();
    for (unsigned int i = 0; i < list.count; i++)
      if (kind == DNS_TXT ? strlen(list.records[i].name) > 255
          : kind >= DNS_MX ? !dns_name_check(list.records[i].name) : !*list.records[i].address) abort();
    if (kind <= DNS_AAAA) dns_hosts_parse((const char *)bytes, length, "relay", kind, &list);
  }
  dns_answer_parse_tlsa(bytes, length, &tlsa);
  if (tlsa.count > DNS_RECORDS_MAX || tlsa.data.len > DNS_TLSA_BYTES) abort();
  for (unsigned int i = 0; i < tlsa.count; i++)
    if (tlsa.records[i].start + tlsa.records[i].length > tlsa.data.len) abort();
  return 0;
}
