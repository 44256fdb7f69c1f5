#include "tlsrpt/ask.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include "lib/call.h"
#include "lib/date.h"
#include "lib/die.h"
#include "lib/home.h"

enum { WAIT_SECONDS = 60 };

static void ask(const text *request, text *answer, struct call_fds *fds)
{
  home_enter();
  switch (call_ask("tls-report", request, 0, 0, answer, fds, WAIT_SECONDS)) {
  case CALL_DONE: break;
  case CALL_CLOSED:
    if (geteuid()) die_permanent("the service tls-report does not answer this user: it is for root");
    die_temporary("the service tls-report ended before it answered: look at its log, and try again");
    break;
  case CALL_BROKEN: die_unable("ask the service tls-report (is it running?)"); break;
  }
  if (record_is(answer, "answer", "no")) die_permanent("the service tls-report says: ", record_get(answer, "error"));
}

static void write_out(const text *words)
{
  if (allwrite(1, words->s, words->len) != words->len) die_unable("write");
}

static int show(const char *domain)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, words = TEXT_ZERO;
  struct call_fds fds;

  record_add(&request, "what", "show");
  if (domain) record_add(&request, "domain", domain);
  ask(&request, &answer, &fds);
  if (record_is(&answer, "answer", "unknown")) {
    strerr_warnw(domain, ": nothing was counted");
    return END_NO;
  }
  if (fds.count != 1 || lseek(fds.fd[0], 0, SEEK_SET) == -1 || !slurp(&words, fds.fd[0])) die_unable("read the answer");
  if (!words.len) text_add(&words, "Nothing was counted until now.\n");
  write_out(&words);
  return END_DONE;
}

/* YYYY-MM-DD: its first second. */
static bool parse_day(const char *day, uint64_t *begin)
{
  uint64_t year, month, number;
  int32_t days;

  if (strlen(day) != 10 || day[4] != '-' || day[7] != '-' || !number_scan_bytes(day, 4, 9999, &year) ||
      !number_scan_bytes(day + 5, 2, 12, &month) || !number_scan_bytes(day + 8, 2, 31, &number)) return false;
  if (!date_days((unsigned int)year, (unsigned int)month, (unsigned int)number, &days) || days < 0) return false;
  *begin = (uint64_t)days * 86400;
  return true;
}

static int send_now(const char *day)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, words = TEXT_ZERO;
  uint64_t begin = 0;

  record_add(&request, "what", "send");
  if (day && !parse_day(day, &begin)) die_permanent(day, " is not a day such as 2026-11-21");
  if (day) record_add_number(&request, "begin", begin);
  ask(&request, &answer, 0);
  text_add(&words, record_get(&answer, "count"));
  text_add(&words, " reports are due now: the log of tls-report says what becomes of them.\n");
  write_out(&words);
  return END_DONE;
}

int tlsrpt_ask(const char *const *words, const char *usage)
{
  if (!strcmp(words[0], "show") && (!words[1] || !words[2])) return show(words[1]);
  if (!strcmp(words[0], "send") && !words[1]) return send_now(0);
  if (!strcmp(words[0], "send") && !strcmp(words[1], "--day") && words[2] && !words[3]) return send_now(words[2]);
  die_usage(usage);
}
