/* An entry of control/rbllist, and an answer to match it with. */

#include <stdlib.h>
#include <string.h>

#include "lib/dns.h"
#include "lib/rbl.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  text entry = TEXT_ZERO, name = TEXT_ZERO;
  const char *error = 0, *answer;
  struct ip ip;
  struct rbl r;

  text_add_bytes(&entry, (const char *)bytes, length);
  text_string(&entry);
  answer = strlen(entry.s) < length ? entry.s + strlen(entry.s) + 1 : "127.0.0.2";
  if (rbl_parse(&r, entry.s, &error)) {
    if (!dns_name_check(r.zone)) abort();
    rbl_matches(&r, answer);
    if (!ip_parse(&ip, answer)) ip_parse(&ip, "2001:db8::1");
    rbl_name_add(&name, &ip, r.zone);
    if (!dns_name_check(text_string(&name))) abort();
  } else if (!error)
    abort();
  text_free(&entry), text_free(&name);
  return 0;
}
