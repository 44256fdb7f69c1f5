/* send/rate: control/destinationrate: what a line says, and which one holds for a destination (L-10). */

#include <string.h>

#include "send/rate.h"
#include "tests/check.h"

const char *PROG = "send_rate";

static const char good[] = "example.org 100/minute 5000/day\0.big.test 10/hour connections 2\0mail.big.test connections 1\0"
                           "* 1000/hour\0.very.big.test 7/minute\0B\xc3\xbc" "cher.example 3/day\0" "192.0.2.7 4/hour\0002001:db8::1\t5/hour\0";

static const struct { const char *destination; uint32_t minute, hour, day; unsigned int connections; } finds[] = {
  { "example.org", 100, 0, 5000, 0 }, { "EXAMPLE.org", 100, 0, 5000, 0 }, { "a.example.org", 0, 1000, 0, 0 }, { "other.test", 0, 1000, 0, 0 },
  { "a.big.test", 0, 10, 0, 2 }, { "big.test", 0, 1000, 0, 0 }, { "mail.big.test", 0, 0, 0, 1 }, { "a.very.big.test", 7, 0, 0, 0 },
  { "very.big.test", 0, 10, 0, 2 }, { "notbig.test", 0, 1000, 0, 0 }, { "xn--bcher-kva.example", 0, 0, 3, 0 }, { "192.0.2.7", 0, 4, 0, 0 },
  { "2001:db8::1", 0, 5, 0, 0 },
};

static const struct { const char *line, *error; } wrong[] = {
  { "a.test", "say how much: N/minute|hour|day, or connections N: a.test" },
  { "a.test 100", "say: DESTINATION N/minute|hour|day [connections N]: a.test 100" },
  { "a.test 100/week", "/minute, /hour or /day: a.test 100/week" },
  { "a.test 100/", "/minute, /hour or /day: a.test 100/" },
  { "a.test x/hour", "say: DESTINATION N/minute|hour|day [connections N]: a.test x/hour" },
  { "a.test -1/hour", "say: DESTINATION N/minute|hour|day [connections N]: a.test -1/hour" },
  { "a.test 4294967296/hour", "say: DESTINATION N/minute|hour|day [connections N]: a.test 4294967296/hour" },
  { "a.test 0/hour", "0 lets nothing go: hold the mail (qctl hold --destination): a.test 0/hour" },
  { "a.test 1/hour 2/hour", "the same window twice: a.test 1/hour 2/hour" },
  { "a.test connections", "connections: a number from 1 to 1000: a.test connections" },
  { "a.test connections 0", "connections: a number from 1 to 1000: a.test connections 0" },
  { "a.test connections 1001", "connections: a number from 1 to 1000: a.test connections 1001" },
  { "a.test connections 1 connections 2", "connections twice: a.test connections 1 connections 2" },
  { "a..test 1/hour", "neither a domain, nor a host, nor *: a..test 1/hour" },
  { ". 1/hour", "neither a domain, nor a host, nor *: . 1/hour" },
};

int main(void)
{
  struct send_rates rates = SEND_RATES_ZERO;
  text lines = TEXT_ZERO, error = TEXT_ZERO, words = TEXT_ZERO;

  text_add_bytes(&lines, good, sizeof good - 1);
  check(send_rates_parse(&rates, &lines, &error) && rates.count == 8, "eight lines");
  for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
    const struct send_rate *r = send_rates_find(&rates, finds[i].destination);
    check(r && r->most[SEND_RATE_MINUTE] == finds[i].minute && r->most[SEND_RATE_HOUR] == finds[i].hour && r->most[SEND_RATE_DAY] == finds[i].day &&
            r->connections == finds[i].connections, finds[i].destination);
  }
  send_rate_say(send_rates_find(&rates, "example.org"), &words);
  check_is(words.s, "100/minute, 5000/day", "for people");
  check(!send_rate_has_limit(send_rates_find(&rates, "mail.big.test")), "connections alone are no rate");
  send_rates_free(&rates);
  check(!send_rates_find(&rates, "example.org"), "without a rule there is none");
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    text_copy(&lines, wrong[i].line);
    text_add_char(&lines, 0);
    check(!send_rates_parse(&rates, &lines, &error), "refused:");
    check_is(error.s, wrong[i].error, wrong[i].line);
    send_rates_free(&rates);
  }
  text_clear(&lines);
  text_add_bytes(&lines, "a.test 1/hour\0A.test 2/hour", 28);
  check(!send_rates_parse(&rates, &lines, &error) && !strcmp(error.s, "this destination is there twice: A.test 2/hour"), "a destination twice");
  send_rates_free(&rates);
  text_free(&lines);
  text_free(&error);
  text_free(&words);
  return check_done();
}
