/* What a local program gives to sendmail: in any pieces the same message comes of it, its lines end with CRLF, and the
   header is one; addresses and a command line of any bytes. */

#include <stdlib.h>
#include <string.h>

#include "sendmail/header.h"
#include "sendmail/input.h"
#include "sendmail/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static void read_in_pieces(struct sendmail_input *in, const char *bytes, size_t length, size_t piece)
{
  for (size_t at = 0; at < length && in->state != LINES_ENDED; at += piece)
    if (!sendmail_input_feed(in, bytes + at, length - at < piece ? length - at : piece)) abort();
  if (!sendmail_input_end(in)) abort();
}

static void check_lines(const text *t)
{
  for (size_t i = 0; i < t->len; i++)
    if (!t->s[i] || (t->s[i] == '\n' && (!i || t->s[i - 1] != '\r')) || (t->s[i] == '\r' && (i + 1 == t->len || t->s[i + 1] != '\n'))) abort();
  if (t->len && t->s[t->len - 1] != '\n') abort();
}

static void check_options(const char *bytes, size_t length)
{
  struct sendmail_options o;
  text line = TEXT_ZERO, error = TEXT_ZERO;
  char *words[9] = { "sendmail" };
  int count = 1;

  text_add_bytes(&line, bytes, length);
  text_string(&line);
  for (size_t at = 0; at < line.len && count < 8; at += strlen(line.s + at) + 1) words[count++] = line.s + at;
  if (!sendmail_options_parse(&o, "sendmail", count, words, &error) && !error.len) abort();
  text_free(&line);
  text_free(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  struct sendmail_input one = SENDMAIL_INPUT_ZERO, other = SENDMAIL_INPUT_ZERO;
  struct sendmail_recipients all = SENDMAIL_RECIPIENTS_ZERO;
  const struct sendmail_from from = { .address = "a@x.test", .name = "A" };
  text out = TEXT_ZERO, error = TEXT_ZERO;

  if (length > 100000) return 0;
  one.ignores_dots = other.ignores_dots = length & 1;
  read_in_pieces(&one, (const char *)bytes, length, length + 1);
  read_in_pieces(&other, (const char *)bytes, length, length % 5 + 1);
  if (!text_equal(&one.header, &other.header) || !text_equal(&one.body, &other.body) || one.has_8bit != other.has_8bit) abort();
  check_lines(&one.header);
  check_lines(&one.body);
  if (!sendmail_header_recipients(&one.header, &all, "x.test", &error) != (error.len > 0)) abort();
  sendmail_header_format(&one.header, &from, &out);
  check_lines(&out);
  check_options((const char *)bytes, length);
  text_free(&out), text_free(&error), text_free(&all.strings);
  sendmail_input_free(&one), sendmail_input_free(&other);
  return 0;
}
