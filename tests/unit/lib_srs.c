/* lib/srs: senders there and back; what is forged, old or too long is told. */

#include "lib/srs.h"
#include "tests/check.h"

const char *PROG = "lib_srs";

static text keys = TEXT_ZERO, other = TEXT_ZERO;

enum { TODAY = 20000 };

static void add_key(text *to, const char *key) { text_add_bytes(to, key, strlen(key) + 1); }

static const struct { const char *sender, *domain, *kind; } there[] = {
  { "joe@far.example", "ours.example", "SRS0=" },
  { "Joe.Smith+x@Far.Example", "ours.example", "SRS0=" },
  { "a=b@far.example", "ours.example", "SRS0=" },
  { "SRS0=abcd=ef=far.example=joe@other.example", "ours.example", "SRS1=" },
  { "srs0+abcd=ef=far.example=joe@other.example", "ours.example", "SRS1=" },
  { "j\xc3\xb6rg@far.example", "ours.example", "SRS0=" },
};

static void check_there_and_back(void)
{
  text one = TEXT_ZERO, two = TEXT_ZERO;

  for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
    const char *sender = there[i].sender;
    bool good = srs_forward(&one, sender, there[i].domain, &keys, TODAY) == SRS_DONE && srs_is(one.s) && !strncmp(one.s, there[i].kind, 5);
    good = good && srs_reverse(&two, one.s, &keys, TODAY) == SRS_DONE && (string_is_nocase(two.s, sender));
    if (!check(good, sender)) printf("# %s, %s\n", text_string(&one), text_string(&two));
    text_lower(&one);
    check(srs_reverse(&two, text_string(&one), &keys, TODAY) == SRS_DONE && string_is_nocase(two.s, sender), "... in lower case too");
  }
  text_free(&one);
  text_free(&two);
}

static void check_nested(void)
{
  text one = TEXT_ZERO, two = TEXT_ZERO, back = TEXT_ZERO;

  srs_forward(&one, "SRS1=hash=first.example==abcd=ef=far.example=joe@second.example", "third.example", &keys, TODAY);
  check(!strncmp(one.s, "SRS1=", 5) && strstr(one.s, "=first.example==abcd=ef=far.example=joe@third.example"),
        "SRS1 leads back to the first one who rewrote, not to all of them");
  check(srs_reverse(&back, one.s, &keys, TODAY + 500) == SRS_DONE && text_is(&back, "SRS0=abcd=ef=far.example=joe@first.example"),
        "... at any time: that one knows its age");
  srs_forward(&one, "joe@far.example", "first.example", &keys, TODAY);
  srs_forward(&two, one.s, "second.example", &other, TODAY);
  check(srs_reverse(&back, two.s, &other, TODAY) == SRS_DONE && text_is(&back, one.s), "two hosts of ours after each other");
  text_free(&one), text_free(&two), text_free(&back);
}

static void check_age(void)
{
  text one = TEXT_ZERO, back = TEXT_ZERO;

  for (uint64_t day = TODAY; day < TODAY + 1100; day += 130) {
    srs_forward(&one, "joe@far.example", "ours.example", &keys, day);
    check(srs_reverse(&back, one.s, &keys, day + SRS_DAYS_MAX) == SRS_DONE, "21 days old is good");
    check(srs_reverse(&back, one.s, &keys, day + SRS_DAYS_MAX + 1) == SRS_EXPIRED, "22 is not");
    check(srs_reverse(&back, one.s, &keys, day - 1) == SRS_EXPIRED, "nor is tomorrow's");
  }
  text_free(&one), text_free(&back);
}

static void check_keys(void)
{
  text one = TEXT_ZERO, back = TEXT_ZERO, both = TEXT_ZERO;

  srs_forward(&one, "joe@far.example", "ours.example", &keys, TODAY);
  check(srs_reverse(&back, one.s, &other, TODAY) == SRS_FORGED, "another key");
  text_add_text(&both, &other);
  text_add_text(&both, &keys);
  check(srs_reverse(&back, one.s, &both, TODAY) == SRS_DONE, "every key is believed");
  srs_forward(&one, "joe@far.example", "ours.example", &both, TODAY);
  check(srs_reverse(&back, one.s, &other, TODAY) == SRS_DONE, "the first one signs");
  text_free(&one), text_free(&back), text_free(&both);
}

/* Each byte of the local part changed: none is good, but for another case. */
static void check_forged(void)
{
  text one = TEXT_ZERO, back = TEXT_ZERO;
  bool good = true;

  srs_forward(&one, "joe@far.example", "ours.example", &keys, TODAY);
  for (size_t i = 5; one.s[i] != '@'; i++) {
    char was = one.s[i];
    one.s[i] = was == '=' ? '-' : was == 'A' ? 'B' : was == 'a' ? 'b' : 'a';
    if (ascii_lower(was) != one.s[i]) good = good && srs_reverse(&back, one.s, &keys, TODAY) < SRS_EXPIRED;
    one.s[i] = was;
  }
  check(good, "check 13: an address that was changed anywhere is forged");
  text_free(&one), text_free(&back);
}

static void check_odd(void)
{
  static const char *const odd[] = { "joe@far.example", "SRS0@ours.example", "SRS0=@ours.example", "SRS0=AAAAAAAA@ours.example",
                                     "SRS0=AAAAAAAA=@ours.example", "SRS0=AAAAAAAA=AA@ours.example", "SRS2=AAAAAAAA=AA=x=y@ours.example",
                                     "SRS0", "", "@", "SRS1=AAAAAAAA=x@ours.example", "\"SRS0=x\"@ours.example", "SRS0=AAAAAAAA=AA=x=y" };
  text out = TEXT_ZERO, sender = TEXT_ZERO;

  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    check(srs_reverse(&out, odd[i], &keys, TODAY) < SRS_EXPIRED, odd[i]);
  check(srs_forward(&out, "\"a b\"@far.example", "ours.example", &keys, TODAY) == SRS_NOT, "a quoted local part stays");
  check(srs_forward(&out, "postmaster", "ours.example", &keys, TODAY) == SRS_NOT, "so does one without a domain");
  check(srs_forward(&out, "SRS1=x@far.example", "ours.example", &keys, TODAY) == SRS_NOT, "and an SRS1 that is none");
  while (sender.len < 230) text_add(&sender, "x");
  text_add(&sender, "@far.example");
  check(srs_forward(&out, text_string(&sender), "ours.example", &keys, TODAY) == SRS_LONG, "and what would be too long");
  text_free(&out), text_free(&sender);
}

int main(void)
{
  add_key(&keys, "a key of enough characters");
  add_key(&other, "another key of enough characters, and of some more than a block of the hash has, to be sure");
  check_there_and_back();
  check_nested();
  check_age();
  check_keys();
  check_forged();
  check_odd();
  return check_done();
}
