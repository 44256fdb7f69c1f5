/* send/rate: any bytes as the lines of control/destinationrate. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "send/rate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

/* Every rule that is accepted says how much, and is found by its own name. */
static void check(const struct send_rates *rates)
{
  text words = TEXT_ZERO;

  for (size_t i = 0; i < rates->count; i++) {
    const struct send_rate *found = send_rates_find(rates, rates->list[i].subject);
    if (found != &rates->list[i].rate || (!send_rate_has_limit(found) && !found->connections)) abort();
    text_clear(&words);
    send_rate_say(found, &words);
  }
  text_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  struct send_rates rates = SEND_RATES_ZERO;
  text lines = TEXT_ZERO, error = TEXT_ZERO;

  text_add_bytes(&lines, (const char *)bytes, length);
  text_add_char(&lines, 0);
  if (send_rates_parse(&rates, &lines, &error)) check(&rates);
  send_rates_free(&rates);
  text_free(&lines);
  text_free(&error);
  return 0;
}
