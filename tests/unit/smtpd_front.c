/* smtpd/rates, smtpd/greylist and smtpd/xclient: what they read, as tables. */

#include "smtpd/greylist.h"
#include "smtpd/rates.h"
#include "smtpd/xclient.h"
#include "tests/check.h"

const char *PROG = "smtpd_front";

static const struct {
  const char *line;
  bool is_good;
} lines[] = {
  { "client connections 100 per minute", true },
  { "LOGIN  bob@example.test\trecipients 1000 per day", true },
  { "login example.test messages 10 per hour", true },
  { "sender joe@far.example messages 10 per hour", true },
  { "trusted 10.0.0.0/8 messages 10 per hour", true },
  { "client 192.0.2.1 messages 0 per hour", true },
  { "sender connections 10 per hour", false },
  { "client 192.0.2.0/33 messages 10 per hour", false },
  { "client example.org messages 10 per hour", false },
  { "client messages ten per hour", false },
  { "client messages 10 every hour", false },
  { "client messages 10 per week", false },
  { "client messages 10 per hour please now", false },
  { "client bytes 10 per hour", false },
  { "host messages 10 per hour", false },
  { "client", false },
  { "", false },
};

static const struct {
  enum rates_kind kind;
  enum rates_thing thing;
  unsigned int window;
  const char *who;
  uint64_t max; /* 0: no limit */
} found[] = {
  { RATES_LOGIN, RATES_RECIPIENTS, 1, "joe@other.example", 100 },
  { RATES_LOGIN, RATES_RECIPIENTS, 1, "joe@example.test", 200 },
  { RATES_LOGIN, RATES_RECIPIENTS, 1, "bob@example.test", 300 },
  { RATES_LOGIN, RATES_RECIPIENTS, 1, "alice@example.test", 0 },
  { RATES_LOGIN, RATES_RECIPIENTS, 2, "bob@example.test", 1000 },
  { RATES_LOGIN, RATES_RECIPIENTS, 0, "bob@example.test", 0 },
  { RATES_LOGIN, RATES_MESSAGES, 1, "bob@example.test", 0 },
  { RATES_CLIENT, RATES_MESSAGES, 1, "192.0.2.77", 7 },
  { RATES_CLIENT, RATES_MESSAGES, 1, "192.0.2.1", 9 },
  { RATES_CLIENT, RATES_MESSAGES, 1, "198.51.100.1", 5 },
  { RATES_CLIENT, RATES_MESSAGES, 1, "2001:db8::1", 5 },
};

static void test_rates(void)
{
  static const char all[] = "login recipients 100 per hour\0login example.test recipients 200 per hour\0"
                            "login bob@example.test recipients 300 per hour\0login alice@example.test recipients 0 per hour\0"
                            "login recipients 1000 per day\0client messages 5 per hour\0client 192.0.2.0/24 messages 7 per hour\0"
                            "client 192.0.2.1 messages 9 per hour";
  struct rates rates = RATES_ZERO;
  text lines_text = TEXT_ZERO, error = TEXT_ZERO;

  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct rates one = RATES_ZERO;
    text_copy_bytes(&lines_text, lines[i].line, strlen(lines[i].line) + 1);
    check(rates_parse(&one, &lines_text, &error) == lines[i].is_good, lines[i].line);
  }
  text_copy_bytes(&lines_text, all, sizeof all);
  check(rates_parse(&rates, &lines_text, &error) && rates.count == 8, "rules");
  for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
    const struct rates_rule *rule = rates_find(&rates, found[i].kind, found[i].thing, found[i].window, found[i].who);
    check((rule ? rule->max : 0) == found[i].max, found[i].who);
  }
}

static const struct {
  const char *line;
  enum greylist_line result;
} whites[] = {
  { "client 192.0.2.0/24", GREYLIST_KNOWN },
  { "client 192.0.3.0/24", GREYLIST_OTHER },
  { "sender far.example", GREYLIST_KNOWN },
  { "sender Joe@Far.example", GREYLIST_KNOWN },
  { "sender .example", GREYLIST_KNOWN },
  { "sender .far.example", GREYLIST_OTHER },
  { "sender ar.example", GREYLIST_OTHER },
  { "recipient bob@example.test", GREYLIST_KNOWN },
  { "recipient example.test", GREYLIST_KNOWN },
  { "recipient alice@example.test", GREYLIST_OTHER },
  { "recipient  example.test", GREYLIST_KNOWN },
  { "client far.example", GREYLIST_BAD },
  { "client", GREYLIST_BAD },
  { "host 192.0.2.1", GREYLIST_BAD },
  { "sender a b", GREYLIST_BAD },
};

static const struct {
  const char *sender, *plain;
} senders[] = {
  { "joe@far.example", "joe@far.example" },
  { "list-123-bob=example.test@far.example", "list-#-bob=example.test@far.example" },
  { "news+9f8@far.example", "news@far.example" },
  { "+x@far.example", "+x@far.example" },
  { "4711@far4711.example", "#@far4711.example" },
  { "", "" },
};

static void test_greylist(void)
{
  struct greylist_facts facts = { "192.0.2.9", "joe@far.example", "bob@example.test" };
  text plain = TEXT_ZERO;

  for (size_t i = 0; i < sizeof whites / sizeof *whites; i++)
    check(greylist_line_check(whites[i].line, &facts) == whites[i].result, whites[i].line);
  for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
    greylist_sender(&plain, senders[i].sender);
    check_is(plain.s, senders[i].plain, "a sender as it is compared");
  }
}

static const struct {
  const char *argument;
  bool is_good;
  enum xclient_attribute which;
  const char *value;
} xclients[] = {
  { "ADDR=192.0.2.1", true, XCLIENT_ADDR, "192.0.2.1" },
  { "addr=IPV6:2001:db8::1 name=a.example", true, XCLIENT_ADDR, "IPV6:2001:db8::1" },
  { "NAME=[UNAVAILABLE]", true, XCLIENT_NAME, "" },
  { "NAME=[tempunavail] ADDR=192.0.2.1", true, XCLIENT_NAME, "" },
  { "HELO=a+2Bb+20c", true, XCLIENT_HELO, "a+b c" },
  { "LOGIN=bob@example.test PROTO=ESMTP PORT=65535 DESTADDR=::1 DESTPORT=25", true, XCLIENT_LOGIN, "bob@example.test" },
  { "", false, 0, 0 },
  { "ADDR", false, 0, 0 },
  { "ADDR=", false, 0, 0 },
  { "ADDR=example.org", false, 0, 0 },
  { "ADDR=IPV6:192.0.2.1", false, 0, 0 },
  { "ADDR=192.0.2.1 ADDR=192.0.2.2", false, 0, 0 },
  { "PORT=65536", false, 0, 0 },
  { "PROTO=HTTP", false, 0, 0 },
  { "HELO=a+2", false, 0, 0 },
  { "HELO=a+0Ab", false, 0, 0 },
  { "HELO=a+gg", false, 0, 0 },
  { "COLOUR=red", false, 0, 0 },
  { "=x", false, 0, 0 },
};

static void test_xclient(void)
{
  static struct xclient x;

  for (size_t i = 0; i < sizeof xclients / sizeof *xclients; i++) {
    bool is_good = xclient_parse(&x, xclients[i].argument, strlen(xclients[i].argument));
    if (check(is_good == xclients[i].is_good, xclients[i].argument) && is_good)
      check_is(x.value[xclients[i].which].s, xclients[i].value, "... and its value");
  }
}

int main(void)
{
  test_rates();
  test_greylist();
  test_xclient();
  return check_done();
}
