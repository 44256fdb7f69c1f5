/* smtpd/data and smtpd/header: any bytes as the content of DATA, whole and in pieces, give the same; the end is where
   CRLF.CRLF first stands. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/data.h"
#include "smtpd/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

/* How many bytes it took, fed in pieces of this size. */
static size_t read_in_pieces(struct smtpd_data *d, const char *bytes, size_t length, size_t piece, text *out)
{
  size_t used = 0;

  *d = (struct smtpd_data){ .state = DATA_LINE_START };
  text_clear(out);
  while (used < length && d->state != DATA_ENDED)
    used += smtpd_data_feed(d, bytes + used, length - used < piece ? length - used : piece, out);
  return used;
}

/* Where the data ends by the letter of RFC 5321 4.1.1.4: behind the first CRLF.CRLF, the CRLF of DATA counted. */
static size_t expected_end(const char *bytes, size_t length, bool *has_end)
{
  *has_end = true;
  if (length >= 3 && !memcmp(bytes, ".\r\n", 3)) return 3;
  for (size_t i = 0; i + 5 <= length; i++)
    if (!memcmp(bytes + i, "\r\n.\r\n", 5)) return i + 5;
  *has_end = false;
  return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static text whole = TEXT_ZERO, pieces = TEXT_ZERO;
  static struct smtpd_header header;
  struct smtpd_data one, other;
  bool has_end;
  const char *data = (const char *)bytes;
  size_t end = expected_end(data, length, &has_end);

  if (read_in_pieces(&one, data, length, length + 1, &whole) != end || (one.state == DATA_ENDED) != has_end) abort();
  if (read_in_pieces(&other, data, length, length % 7 + 1, &pieces) != end || other.state != one.state) abort();
  if (one.has_bare != other.has_bare || whole.len != pieces.len || (whole.len && memcmp(whole.s, pieces.s, whole.len))) abort();
  if (!one.has_bare && one.state == DATA_ENDED && whole.len && whole.s[whole.len - 1] != '\n') abort();
  smtpd_header_begin(&header, 0, false);
  if (whole.len) smtpd_header_feed(&header, whole.s, whole.len);
  if (header.message_id.len > HEADER_ID_MAX) abort();
  return 0;
}
