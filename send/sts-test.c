/* sts-test: shows what postroom knows and finds out about the MTA-STS of a domain (RFC 8461).

   Asks sts-fetch, which does the work. Answers on fd 1. Run by root; writes nothing. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/idna.h"

#define USAGE "sts-test DOMAIN"

enum { ANSWER_SECONDS = 600 };

/* The first word of a line is its title, said once. */
static void add_line(text *out, const char *line, const char *before)
{
  size_t title = strcspn(line, " "), title_before = strcspn(before, " ");
  bool is_same = title == title_before && !memcmp(line, before, title);

  text_add_format(out, "%-8.*s %s\n", is_same ? 0 : (int)title, line, line + title + (line[title] == ' '));
}

static void tell(const text *answer)
{
  text out = TEXT_ZERO;
  const char *before = "";
  size_t at = 0;

  text_add_format(&out, "%s\n", record_get(answer, "answer"));
  for (const char *line; (line = record_next(answer, "line", &at)); before = line) add_line(&out, line, before);
  for (size_t i = 0; i < out.len; i++) /* sts-fetch reads strangers' words: none reaches a terminal as it is */
    if (!ascii_is_printable(out.s[i]) && out.s[i] != '\n') out.s[i] = '?';
  if (allwrite(1, out.s, out.len) != out.len) die_unable("write to fd 1");
  text_free(&out);
}

int main(int argc, const char *const *argv)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, domain = TEXT_ZERO;

  PROG = "sts-test";
  if (argc != 2 || !*argv[1] || argv[1][0] == '-') die_usage(USAGE);
  if (getuid()) die_permanent("sts-test is for root");
  if (!idna_to_ascii(argv[1], strlen(argv[1]), &domain)) die_permanent("not a domain: ", argv[1]);
  home_enter();
  record_add(&request, "what", "test");
  record_add(&request, "domain", text_string(&domain));
  if (call_ask("sts-fetch", &request, 0, 0, &answer, 0, ANSWER_SECONDS) != CALL_DONE) die_unable("ask sts-fetch (is it running?)");
  tell(&answer);
  if (record_is(&answer, "answer", "later")) return END_TEMPORARY;
  return record_find(&answer, "error") ? END_NO : END_DONE;
}
