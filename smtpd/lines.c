#include <string.h>

#include "smtpd/lines.h"

static void end_line(struct smtpd_lines *l, text *out)
{
  text_add_bytes(out, "\r\n", 2);
  l->after_cr = false;
}

static size_t plain_run(const char *bytes, size_t length)
{
  const char *newline = memchr(bytes, '\n', length);
  size_t run = newline ? (size_t)(newline - bytes) : length;
  const char *cr = memchr(bytes, '\r', run);

  return cr ? (size_t)(cr - bytes) : run;
}

void smtpd_lines_add(struct smtpd_lines *l, const char *bytes, size_t length, text *out)
{
  for (size_t at = 0; at < length;) {
    size_t run = plain_run(bytes + at, length - at);
    if (run) {
      if (l->after_cr) end_line(l, out);
      text_add_bytes(out, bytes + at, run);
      at += run;
    } else if (bytes[at++] == '\n')
      end_line(l, out);
    else
      l->after_cr = true;
  }
}

void smtpd_lines_end(struct smtpd_lines *l, text *out)
{
  if (l->after_cr) end_line(l, out);
}
