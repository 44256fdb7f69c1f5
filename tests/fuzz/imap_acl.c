/* What a dovecot-acl may hold, and what another IMAP process may answer. The first byte says which. */

#include <stdlib.h>

#include "imap/acl.h"
#include "imap/follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool fact)
{
  if (!fact) abort();
}

/* Written and read again it is the same. */
static void read_acl(const char *bytes, size_t length)
{
  struct imap_acl once = IMAP_ACL_ZERO, twice = IMAP_ACL_ZERO;
  text first = TEXT_ZERO, second = TEXT_ZERO;

  imap_acl_parse(&once, bytes, length);
  must(once.count <= IMAP_ACL_ENTRIES_MAX);
  imap_acl_format(&once, &first);
  imap_acl_parse(&twice, first.s, first.len);
  imap_acl_format(&twice, &second);
  must(text_equal(&first, &second));
  imap_acl_free(&once);
  imap_acl_free(&twice);
  text_free(&first);
  text_free(&second);
}

/* All that is passed on, and what ended it, when the bytes come in pieces of that size. */
static void follow(const char *bytes, size_t length, size_t piece, text *seen)
{
  struct imap_follow f = IMAP_FOLLOW_ZERO;
  enum imap_follow_result result = IMAP_FOLLOW_MORE;

  for (size_t at = 0, used; at < length && result == IMAP_FOLLOW_MORE; at += used) {
    struct bytes pass;
    size_t room = length - at < piece ? length - at : piece;
    result = imap_follow_add(&f, bytes + at, room, &used, &pass);
    must(used <= room && (used || result == IMAP_FOLLOW_BROKEN));
    text_add_bytes(seen, pass.s, pass.len);
  }
  text_add_format(seen, "[%d]", result);
  text_add_text(seen, &f.line);
  imap_follow_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  text whole = TEXT_ZERO, pieces = TEXT_ZERO;

  if (!size) return 0;
  if (*data % 2) {
    follow((const char *)data + 1, size - 1, size, &whole);
    follow((const char *)data + 1, size - 1, (size_t)*data / 2 + 1, &pieces);
    must(text_equal(&whole, &pieces));
  } else read_acl((const char *)data + 1, size - 1);
  text_free(&whole);
  text_free(&pieces);
  return 0;
}
