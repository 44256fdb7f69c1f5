#include <string.h>

#include "smtpd/input.h"

/* Without the end of a line: keep what may still be a line, or begin to skip. */
static enum smtpd_line without_end(struct smtpd_input *in, size_t max)
{
  if (in->end - in->start > max + 2) in->is_skipping = true;
  if (in->is_skipping) in->start = in->end;
  return LINE_INCOMPLETE;
}

enum smtpd_line smtpd_input_line(struct smtpd_input *in, size_t max, const char **line, size_t *length)
{
  const char *start = in->bytes + in->start;
  const char *newline = memchr(start, '\n', in->end - in->start);
  bool was_skipping = in->is_skipping;

  if (!newline) return without_end(in, max);
  size_t size = (size_t)(newline - start);
  in->start += size + 1;
  in->is_skipping = false;
  if (was_skipping || size > max + 1) return LINE_TOO_LONG;
  if (!size || start[size - 1] != '\r' || memchr(start, '\r', size - 1)) return LINE_BARE;
  *line = start;
  *length = size - 1;
  return LINE_TAKEN;
}

char *smtpd_input_room(struct smtpd_input *in, size_t *room)
{
  if (in->start) {
    memmove(in->bytes, in->bytes + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
  }
  *room = sizeof in->bytes - in->end;
  return in->bytes + in->end;
}

void smtpd_input_forget(struct smtpd_input *in)
{
  in->start = in->end = 0;
  in->is_skipping = false;
}
