/* smtpd/chunk and smtpd/hold: any bytes as the content of BDAT, whole and in pieces, give the same: the bytes as they are, then
   the end of the last line; without a CR or LF alone it is what DATA would carry. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/chunk.h"
#include "smtpd/hold.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static void read_in_pieces(struct smtpd_data *d, const char *bytes, size_t length, size_t piece, text *out)
{
  *d = (struct smtpd_data){ .state = DATA_LINE_START };
  text_clear(out);
  for (size_t at = 0; at < length; at += piece) smtpd_chunk_feed(d, bytes + at, length - at < piece ? length - at : piece, out);
  smtpd_chunk_end(d, out);
}

static bool is_bare(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == '\r' && (i + 1 == length || bytes[i + 1] != '\n')) return true;
    if (bytes[i] == '\n' && (!i || bytes[i - 1] != '\r')) return true;
  }
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  static text whole = TEXT_ZERO, pieces = TEXT_ZERO;
  const char *data = (const char *)bytes;
  struct smtpd_data one, other;
  uint64_t seconds;

  read_in_pieces(&one, data, length, length + 1, &whole);
  read_in_pieces(&other, data, length, length % 7 + 1, &pieces);
  if (one.has_bare != other.has_bare || one.has_bare != is_bare(data, length)) abort();
  if (whole.len != pieces.len || (whole.len && memcmp(whole.s, pieces.s, whole.len))) abort();
  if (whole.len < length || whole.len > length + 2 || (length && memcmp(whole.s, data, length))) abort();
  if (whole.len && whole.s[whole.len - 1] != '\n') abort();
  hold_date_parse(data, length, &seconds);
  return 0;
}
