/* ldapsync/usn: places of Active Directory as they are stored, and what is asked for what came behind them. */
#include "ldapsync/usn.h"
#include "tests/check.h"

static void check_places(void)
{
  static const char *const wrong[] = { "", "ad 1", "ad 1 ", "ad 1 ab", "ad 1 ab ", "ad 1  7", "ad 1 xy 7", "ad 1 ab 7 ", "ad 1 ab -7", "ad 1 ab 9223372036854775808",
                                       "ad 2 ab 7", "rid=001,csn=20260101000000.000000Z#000000#001#000000", 0 };
  struct usn_place p = USN_PLACE_ZERO, q = USN_PLACE_ZERO;
  text bytes = TEXT_ZERO;

  text_copy(&p.controller, "00ffab");
  p.usn = 4711;
  usn_place_format(&p, &bytes);
  check_is(text_string(&bytes), "ad 1 00ffab 4711", "a place is the controller and a number");
  check(usn_place_parse(&q, &bytes) && q.usn == 4711 && text_is(&q.controller, "00ffab"), "... and is read as it was written");
  for (size_t i = 0; wrong[i]; i++) {
    text_copy(&bytes, wrong[i]);
    check(!usn_place_parse(&q, &bytes) && q.usn == 4711, wrong[i]);
  }
  text_free(&p.controller);
  text_free(&q.controller);
  text_free(&bytes);
}

static void check_filters(void)
{
  text filter = TEXT_ZERO;

  usn_filter(&filter, 41, 42);
  check_is(filter.s, "(|(uSNChanged=42))", "one number");
  usn_filter(&filter, 41, 44);
  check_is(filter.s, "(|(uSNChanged=42)(uSNChanged=43)(uSNChanged=44))", "three of them");
  usn_filter(&filter, 41, 41 + USN_SINGLE);
  check(strstr(filter.s, "(uSNChanged=141))") && !strstr(filter.s, ">="), "as many as are named");
  usn_filter(&filter, 41, 42 + USN_SINGLE);
  check_is(filter.s, "(uSNChanged>=42)", "more: a range");
  usn_id_filter(&filter, "0123456789abcde(\\)*\0\xff" "bcdefghijk", 2, "(a=b)");
  check_is(filter.s, "(&(|(objectGUID=\\30\\31\\32\\33\\34\\35\\36\\37\\38\\39\\61\\62\\63\\64\\65\\28)(objectGUID=\\5c\\29\\2a\\00\\ff\\62\\63\\64\\65\\66\\67\\68\\69\\6a\\6b\\00))(a=b))",
           "ids of any bytes, and the profile's filter");
  text_free(&filter);
}

static void check_contexts(void)
{
  static const struct { const char *dn, *context; } cases[] = {
    { "OU=People,DC=ad,DC=test", "DC=ad,DC=test" }, { "ou=people,dc=AD,dc=test", "DC=ad,DC=test" }, { "DC=ad,DC=test", "DC=ad,DC=test" },
    { "OU=x,DC=sub,DC=ad,DC=test", "DC=sub,DC=ad,DC=test" }, { "CN=x,CN=Configuration,DC=ad,DC=test", "CN=Configuration,DC=ad,DC=test" },
    { "DC=bad,DC=test", 0 }, { "xDC=ad,DC=test", 0 }, { "DC=test", 0 }, { "", 0 }
  };
  static const char contexts[] = "DC=ad,DC=test\0CN=Configuration,DC=ad,DC=test\0\0DC=sub,DC=ad,DC=test";
  text all = TEXT_ZERO;

  text_copy_bytes(&all, contexts, sizeof contexts);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *found = usn_context(&all, cases[i].dn);
    check(found ? cases[i].context && !strcmp(found, cases[i].context) : !cases[i].context, cases[i].dn);
  }
  text_free(&all);
}

int main(void)
{
  check_places();
  check_filters();
  check_contexts();
  return check_done();
}
