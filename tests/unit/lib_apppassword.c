/* lib/apppassword: how an app password is written for people, and the line that is stored of it. */

#include <stdlib.h>

#include "lib/apppassword.h"
#include "tests/check.h"

#define LINE "0123456789abcdef imap,submit 1700000000 {SSHA256}aGFzaA== Ann's phone"

static void check_line(void)
{
  static const struct {
    const char *line, *what;
  } bad[] = {
    { "", "nothing" },
    { "0123456789abcde imap 1 {SSHA256}eA== x", "an id that is too short" },
    { "0123456789abcdef0 imap 1 {SSHA256}eA== x", "one that is too long" },
    { "../../etc/passwd imap 1 {SSHA256}eA== x", "one that is a path" },
    { "0123456789abcdef ftp 1 {SSHA256}eA== x", "an unknown service" },
    { "0123456789abcdef , 1 {SSHA256}eA== x", "no service" },
    { "0123456789abcdef imap x {SSHA256}eA== x", "a time that is none" },
    { "0123456789abcdef imap 1 {CRYPT}eA== x", "another scheme" },
    { "0123456789abcdef imap 1 {SSHA256}eA==", "no name" },
    { "0123456789abcdef imap 1 {SSHA256}eA== a\tb", "a control character in the name" },
    { "0123456789abcdef imap 1 {SSHA256}eA== a\xff", "bytes that are no UTF-8 in it" },
  };
  struct apppassword a = APPPASSWORD_ZERO;
  text line = TEXT_ZERO;

  check(apppassword_parse(&a, LINE) && a.made == 1700000000, "a line");
  check_is(a.name.s, "Ann's phone", "... with the name to its end");
  check(apppassword_serves(&a, "imap") && apppassword_serves(&a, "submit"), "... for these services");
  check(!apppassword_serves(&a, "sieve") && !apppassword_serves(&a, "ima") && !apppassword_serves(&a, "") && !apppassword_serves(&a, "imap,submit"), "... and no other");
  apppassword_format(&a, &line);
  check_is(text_string(&line), LINE, "... and written again");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check(!apppassword_parse(&a, bad[i].line), bad[i].what);
  apppassword_free(&a);
  text_free(&line);
}

static void check_services(void)
{
  text s = TEXT_ZERO;

  check(apppassword_services("submit,imap", &s) && !strcmp(s.s, "imap,submit,"), "services, in one order");
  check(apppassword_services("all", &s) && !strcmp(s.s, "imap,pop3,sieve,submit,"), "all of them");
  check(apppassword_services("pop3", &s) && !strcmp(s.s, "pop3,"), "one");
  check(!apppassword_services("imap,all", &s) && !apppassword_services("", &s) && !apppassword_services(",imap", &s) && !apppassword_services("imap,,submit", &s), "what is none");
  text_free(&s);
}

static void check_typed(void)
{
  text plain = TEXT_ZERO, shown = TEXT_ZERO, again = TEXT_ZERO;

  apppassword_make(&plain, &shown);
  check(plain.len == 28 && shown.len == 34 && shown.s[4] == '-', "a new one: 28 characters of 5 bits, in groups of four");
  check(apppassword_plain(shown.s, &again) && !strcmp(again.s, plain.s), "typed as it is shown");
  for (size_t i = 0; i < shown.len; i++)
    if (shown.s[i] == '-')
      shown.s[i] = ' ';
    else if (shown.s[i] >= 'a')
      shown.s[i] = (char)(shown.s[i] - 32);
  check(apppassword_plain(shown.s, &again) && !strcmp(again.s, plain.s), "with spaces and in capitals");
  shown.len--;
  check(!apppassword_plain(text_string(&shown), &again), "one character less");
  check(!apppassword_plain("abcd-abcd-abcd-abcd-abcd-abcd-abcda", &again), "one more");
  check(!apppassword_plain("abcd-abcd-abcd-abcd-abcd-abcd-abc0", &again) && !apppassword_plain("", &again) && !apppassword_plain("p\xc3\xa4ssword", &again), "anything else");
  text_free(&plain);
  text_free(&shown);
  text_free(&again);
}

int main(void)
{
  check_line();
  check_services();
  check_typed();
  return check_done();
}
