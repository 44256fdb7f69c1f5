/* control/rbllist: its lines, which answers count (RFC 5782 2.1), and the names that are asked. */

#include "lib/rbl.h"
#include "tests/check.h"

static const struct {
  const char *line; /* of control/rbllist */
  bool is_good;
  const char *answer;
  bool matches;
} lines[] = {
  { "bl.test reject any", true, "127.0.0.2", true },
  { "bl.test reject any", true, "127.255.254.1", true },
  { "bl.test reject any", true, "127.255.255.254", false },
  { "bl.test reject any", true, "192.0.2.1", false },
  { "bl.test reject any", true, "::1", false },
  { "bl.test reject any", true, "nonsense", false },
  { "bl.test\tdefer  127.0.0.2", true, "127.0.0.2", true },
  { "bl.test defer 127.0.0.2", true, "127.0.0.3", false },
  { "bl.test addheader 127.0.0.8/30", true, "127.0.0.11", true },
  { "bl.test addheader 127.0.0.8/30", true, "127.0.0.12", false },
  { "bl.test accept 10.0.0.0/8", true, "10.0.0.1", false },
  { "bl.test reject", false, 0, false },
  { "bl.test", false, 0, false },
  { "bl.test refuse any", false, 0, false },
  { "bl_.test reject ::1", false, 0, false },
  { "bl.test reject 127.0.0.2/33", false, 0, false },
  { "b..test reject any", false, 0, false },
  { "bl.test reject any caf\xc3\xa9", false, 0, false },
};

static void check_entries(void)
{
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    char entry[100];
    const char *error = 0;
    struct rbl r;
    snprintf(entry, sizeof entry, "%s", lines[i].line);
    bool good = rbl_parse(&r, entry, &error);
    check(good == lines[i].is_good && (good || error), lines[i].line);
    if (good) check(rbl_matches(&r, lines[i].answer) == lines[i].matches, lines[i].answer);
  }
  char entry[] = "Bl.Test defer any  your host, see us ";
  const char *error;
  struct rbl r;
  check(rbl_parse(&r, entry, &error) && r.action == RBL_DEFER, "an entry with a text");
  check_is(r.zone, "Bl.Test", "its zone");
  check_is(r.text, "your host, see us ", "its text");
}

static void check_names(void)
{
  text name = TEXT_ZERO;
  struct ip ip;

  ip_parse(&ip, "192.0.2.10");
  rbl_name_add(&name, &ip, "bl.test");
  check_is(text_string(&name), "10.2.0.192.bl.test", "IPv4");
  text_clear(&name);
  rbl_reverse_name_add(&name, &ip);
  check_is(text_string(&name), "10.2.0.192.in-addr.arpa", "its name's place");
  ip_parse(&ip, "2001:db8::f01");
  text_clear(&name);
  rbl_reverse_name_add(&name, &ip);
  check_is(text_string(&name), "1.0.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "IPv6, by nibbles (RFC 5782 2.4)");
  text_free(&name);
}

int main(void)
{
  check_entries();
  check_names();
  return check_done();
}
