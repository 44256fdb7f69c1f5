/* tlsrpt_record: any TXT records; what comes out can go into an envelope, a header and a request. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/address.h"
#include "tlsrpt/record.h"
#include "tlsrpt/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

const char *PROG = "fuzz";

static void check_endpoints(const text *endpoints)
{
  struct address address = ADDRESS_ZERO;
  text host = TEXT_ZERO;
  unsigned int port;
  size_t at = 0;

  assert(record_check(endpoints) && endpoints->len);
  for (const char *mail; (mail = record_next(endpoints, "mail", &at));) assert(address_parse(&address, mail, strlen(mail)) == ADDRESS_FULL);
  at = 0;
  for (const char *post; (post = record_next(endpoints, "post", &at));) assert(tlsrpt_uri_parse(post, strlen(post), &host, &port) && port);
  address_free(&address);
  text_free(&host);
}

/* The same bytes as what smtp-send tells. */
static void check_session(const text *packet)
{
  static struct tlsrpt_session s = TLSRPT_SESSION_ZERO;
  const char *error = 0;

  if (!record_check(packet)) return;
  if (!tlsrpt_session_parse(&s, packet, &error)) {
    assert(error);
    return;
  }
  assert(domain_check(s.domain.s, s.domain.len) && s.lines.len <= TLSRPT_LINES_MAX && s.patterns.len <= TLSRPT_LINES_MAX);
  assert(strlen(s.reason.s) <= TLSRPT_WORDS_MAX && s.source.s && s.ip.s && s.host.s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
  text records = TEXT_ZERO, endpoints = TEXT_ZERO;
  const char *error = 0;

  text_add_bytes(&records, (const char *)data, length);
  text_add_char(&records, 0);
  if (tlsrpt_record_parse(&records, &endpoints, &error))
    check_endpoints(&endpoints);
  else
    assert(error && !endpoints.len);
  check_session(&records);
  text_free(&records), text_free(&endpoints);
  return 0;
}
