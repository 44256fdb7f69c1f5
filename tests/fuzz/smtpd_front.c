/* smtpd/xclient, smtpd/rates and smtpd/greylist: any bytes as an argument of XCLIENT, as lines of rules, as a sender. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/greylist.h"
#include "smtpd/rates.h"
#include "smtpd/xclient.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static void try_rates(const text *lines)
{
  struct rates rates = RATES_ZERO;
  text error = TEXT_ZERO;

  if (rates_parse(&rates, lines, &error)) rates_find(&rates, RATES_CLIENT, RATES_MESSAGES, 0, "192.0.2.1");
  for (size_t i = 0; i < rates.count; i++) text_free(&rates.list[i].who);
  free(rates.list);
  text_free(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static struct xclient x;
  static text line = TEXT_ZERO, plain = TEXT_ZERO;
  struct greylist_facts facts = { "192.0.2.9", "joe@far.example", "bob@example.test" };

  if (xclient_parse(&x, (const char *)bytes, length))
    for (size_t i = 0; i < XCLIENT_ATTRIBUTES; i++)
      if (strpbrk(x.value[i].s, "\r\n\t")) abort();
  text_copy_bytes(&line, (const char *)bytes, length);
  text_add_char(&line, 0);
  try_rates(&line);
  greylist_line_check(line.s, &facts);
  greylist_sender(&plain, line.s);
  if (plain.len > strlen(line.s)) abort();
  return 0;
}
