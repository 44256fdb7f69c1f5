/* What tls-client is told of TLSA records: any record gives at most so many, whose bytes are there. */

#include <stdlib.h>

#include "auth/dane_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct dane_request d;
  text request = TEXT_ZERO;
  unsigned int sum = 0;

  text_add_bytes(&request, (const char *)data, size);
  for (size_t i = 0; i < request.len; i++)
    if (request.s[i] == '\n') request.s[i] = 0; /* so that the corpus is text */
  if (record_check(&request)) auth_dane_parse(&d, &request);
  if (d.name_count > DANE_NAMES_MAX || d.count > DANE_RECORDS_MAX) abort();
  for (size_t i = 0; i < d.count; i++) {
    if (!d.records[i].length) abort();
    for (size_t at = 0; at < d.records[i].length; at++) sum += d.records[i].bytes[at];
  }
  for (size_t i = 0; i < d.name_count; i++)
    if (!*d.names[i]) abort();
  d.name_count = d.count = sum & 0;
  text_free(&request);
  return 0;
}
