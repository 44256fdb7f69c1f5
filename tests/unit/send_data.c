/* What goes over the wire after DATA (check 31): CRLF only, dots doubled, lines of at most 998 bytes; however the
   message is cut into parts, the same comes out. */

#include <stdlib.h>

#include "send/data.h"
#include "tests/check.h"

static const struct {
  const char *in, *out, *what;
} cases[] = {
  { "", ".\r\n", "an empty message" },
  { "a\r\nb\r\n", "a\r\nb\r\n.\r\n", "lines stay as they are" },
  { ".\r\n", "..\r\n.\r\n", "a line with a dot" },
  { "a\r\n.b\r\n", "a\r\n..b\r\n.\r\n", "a line that begins with a dot" },
  { "a.\r\nb.c\r\n", "a.\r\nb.c\r\n.\r\n", "a dot elsewhere" },
  { "..\r\n", "...\r\n.\r\n", "two dots become three" },
  { "a", "a\r\n.\r\n", "the last line gets its end" },
  { "a\nb\n", "a\r\nb\r\n.\r\n", "a bare LF becomes CRLF" },
  { "a\n.\nb\n", "a\r\n..\r\nb\r\n.\r\n", "no end of data by bare LFs" },
  { "a\r.\rb", "a\r\n..\r\nb\r\n.\r\n", "no end of data by bare CRs" },
  { "a\r\n.\rMAIL\r\n", "a\r\n..\r\nMAIL\r\n.\r\n", "nor by a dot and a bare CR" },
  { "a\n\r\n.\n\rb\r\n", "a\r\n\r\n..\r\n\r\nb\r\n.\r\n", "nor by a mixture" },
  { "a\r", "a\r\n.\r\n", "a CR at the very end" },
  { "a\r\r\nb\r\n", "a\r\n\r\nb\r\n.\r\n", "two CRs are two ends of line" },
  { "\r\n\r\n", "\r\n\r\n.\r\n", "empty lines" },
};

static void check_case(size_t i)
{
  size_t length = strlen(cases[i].in);
  bool same = true;

  for (size_t cut = 0; cut <= length; cut++) {
    struct data d = DATA_ZERO;
    text out = TEXT_ZERO;
    send_data_add(&d, cases[i].in, cut, &out);
    send_data_add(&d, cases[i].in + cut, length - cut, &out);
    send_data_end(&d, &out);
    same = same && text_is(&out, cases[i].out);
    text_free(&out);
  }
  check(same, cases[i].what);
}

/* What is called clean must come out of the writer as it went in. */
static void check_clean(size_t i)
{
  text same = TEXT_ZERO;

  text_add(&same, cases[i].in);
  text_add(&same, DATA_END);
  check(send_data_is_clean(cases[i].in, strlen(cases[i].in)) == text_is(&same, cases[i].out), "clean or not");
  text_free(&same);
}

static void check_long(size_t length, size_t lines, const char *what)
{
  char *line = malloc(length + 2);
  struct data d = DATA_ZERO;
  text out = TEXT_ZERO;
  size_t longest = 0, seen = 0, bytes = 0;

  memset(line, 'x', length);
  memcpy(line + length, "\r\n", 2);
  send_data_add(&d, line, length + 2, &out);
  for (size_t at = 0; at < out.len; seen++) {
    size_t end = (size_t)((char *)memchr(out.s + at, '\r', out.len - at) - out.s);
    if (end - at > longest) longest = end - at;
    for (size_t i = at; i < end; i++) bytes += out.s[i] == 'x';
    at = end + 2;
  }
  check(longest <= DATA_LINE_MAX && seen == lines && bytes == length, what);
  check(send_data_is_clean(line, length + 2) == (lines == 1), "and is clean only if it was not broken");
  free(line);
  text_free(&out);
}

int main(void)
{
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(i);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_clean(i);
  check_long(998, 1, "998 bytes are a line");
  check_long(999, 2, "999 bytes are two");
  check_long(100000, 101, "100,000 bytes are broken into lines of 998, each after the first beginning with a space");
  check(!send_data_has_8bit("abc\x7f", 4), "7-bit");
  check(send_data_has_8bit("abc\x80", 4), "8-bit");
  return check_done();
}
