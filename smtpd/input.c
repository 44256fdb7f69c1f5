#include <string.h>

#include "smtpd/input.h"

static void note_begin(struct smtpd_input *in) { memcpy(in->began, in->bytes + in->start, sizeof in->began); }

/* Without the end of a line: keep what may still be a line, or begin to skip. */
static enum smtpd_line without_end(struct smtpd_input *in, size_t max)
{
  if (!in->is_skipping && in->end - in->start > max + 2) {
    in->is_skipping = true;
    note_begin(in);
  }
  if (in->is_skipping) in->start = in->end - (in->start < in->end && in->bytes[in->end - 1] == '\r'); /* half of CRLF */
  return LINE_INCOMPLETE;
}

/* Pass over what is left of a line behind its bare LF. A CR at the end may be half of its CRLF. */
static void skip_broken(struct smtpd_input *in)
{
  while (in->is_broken && in->end - in->start > 1) {
    in->is_broken = in->bytes[in->start] != '\r' || in->bytes[in->start + 1] != '\n';
    in->start += in->is_broken ? 1 : 2;
  }
  if (in->is_broken && in->start < in->end && in->bytes[in->start] != '\r') in->start++;
}

enum smtpd_line smtpd_input_line(struct smtpd_input *in, size_t max, const char **line, size_t *length)
{
  if (in->is_broken) skip_broken(in);
  if (in->is_broken) return LINE_INCOMPLETE;
  const char *start = in->bytes + in->start;
  const char *newline = memchr(start, '\n', in->end - in->start);
  bool was_skipping = in->is_skipping;

  if (!newline) return without_end(in, max);
  size_t size = (size_t)(newline - start);
  bool is_too_long = was_skipping || size > max + 1;
  if (is_too_long && !was_skipping) note_begin(in);
  in->start += size + 1;
  in->is_skipping = false;
  in->is_broken = !size || start[size - 1] != '\r';
  if (is_too_long) {
    *line = in->began;
    *length = sizeof in->began;
    return LINE_TOO_LONG;
  }
  if (in->is_broken || memchr(start, '\r', size - 1)) return LINE_BARE;
  *line = start;
  *length = size - 1;
  return LINE_TAKEN;
}

char *smtpd_input_room(struct smtpd_input *in, size_t *room)
{
  if (in->end > in->reach) in->reach = in->end;
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
  in->is_skipping = in->is_broken = false;
}

void smtpd_input_wipe(struct smtpd_input *in)
{
  explicit_bzero(in->bytes, in->start);
  if (in->reach > in->end) explicit_bzero(in->bytes + in->end, in->reach - in->end);
  explicit_bzero(in->began, sizeof in->began);
}
