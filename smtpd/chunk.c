#include <string.h>

#include "smtpd/chunk.h"

void smtpd_chunk_feed(struct smtpd_data *d, const char *bytes, size_t length, text *out)
{
  for (size_t at = 0; at < length;) {
    if (d->state == DATA_AFTER_CR) { /* only an LF may follow (check 1) */
      bool is_end = bytes[at] == '\n';
      if (!is_end) d->has_bare = true;
      d->state = is_end ? DATA_LINE_START : DATA_IN_LINE;
      if (is_end && ++at == length) break;
    }
    const char *cr = memchr(bytes + at, '\r', length - at);
    size_t run = cr ? (size_t)(cr - bytes) - at : length - at;
    if (memchr(bytes + at, '\n', run)) d->has_bare = true;
    if (run) d->state = DATA_IN_LINE;
    if (cr) d->state = DATA_AFTER_CR;
    at += run + (cr != 0);
  }
  if (length && bytes[length - 1] == '\n') d->state = DATA_LINE_START; /* a bare one too, where such lines are put right */
  text_add_bytes(out, bytes, length);
}

void smtpd_chunk_end(struct smtpd_data *d, text *out)
{
  if (d->state == DATA_AFTER_CR) {
    d->has_bare = true;
    text_add_char(out, '\n');
  } else if (d->state != DATA_LINE_START)
    text_add_bytes(out, "\r\n", 2);
  d->state = DATA_ENDED;
}
